// The four messages on the wire, WireGuard paper section 5.4, and what is none: silence, and
// nothing has changed.
#include "core/proto/protocol.h"
#include "tests/apps/tunnel_rig.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MAC = 16, KINDS = 4, LONGER = 20 };

static struct rig rig;
static struct peer peer, answering;
static uint8_t message[2048], plaintext[2048], before[32];
static struct ip_packet got;

// One message of each type, right as it is, and none of them heard yet.
static struct {
	uint8_t bytes[256];
	size_t len;
	size_t macs_at; // where they are; 0 = none
} kinds[KINDS];

static void take_kind(unsigned i, size_t len, size_t macs_at)
{
	memcpy(kinds[i].bytes, message, len);
	kinds[i].len = len;
	kinds[i].macs_at = macs_at;
}

static int enter(void **state)
{
	uint8_t cookie[16] = {1};
	const struct rig_message *m;

	(void)state;
	rig_open_one(&rig, &peer, true);
	rig_connect(&rig, &peer);
	rig_wait_s(&rig, 6);
	rig_set_counter(&rig, 0, UINT64_MAX);
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 100); // waits for a new session
	m = rig_expect_initiation(&rig, &peer);
	answering = peer;
	peer_give_cookie(&answering, m->bytes, m->len, cookie, message);
	take_kind(2, PEER_COOKIE, 0);
	peer_respond(&answering, message);
	take_kind(1, PEER_RESPONSE, PEER_RESPONSE - 2 * MAC);
	peer_initiate(&peer, message);
	take_kind(0, PEER_INITIATION, PEER_INITIATION - 2 * MAC);
	ip_build(&got, "10.2.0.1", "10.1.0.1", SL_PROTO_UDP, NULL, 100 - 20);
	take_kind(3, peer_seal(&peer, got.bytes, 100, message), 0);
	rig_state(&rig, 0, before);
	return 0;
}

static int leave(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

// Nothing is sent, given on or remembered because of these bytes, and they are accounted for.
static void expect_nothing(const void *bytes, size_t len)
{
	uint64_t drops = rig_drops(&rig);
	uint8_t after[32];

	rig_hear(&rig, peer.at, bytes, len);
	rig_expect_silence(&rig);
	assert_false(rig_receive(&rig, &got));
	rig_state(&rig, 0, after);
	assert_memory_equal(before, after, sizeof(after));
	assert_int_equal(rig_drops(&rig), drops + 1);
}

// All four messages are still what they were.
static void expect_all_accepted(void)
{
	rig_hear(&rig, peer.at, kinds[3].bytes, kinds[3].len);
	assert_true(rig_receive(&rig, &got));
	rig_hear(&rig, peer.at, kinds[2].bytes, kinds[2].len);
	assert_int_equal(sl_harness_metric(rig.shake, "cookies_taken"), 1);
	rig_hear(&rig, peer.at, kinds[1].bytes, kinds[1].len);
	rig_expect_data(&rig, &answering, plaintext);
	rig_hear(&rig, peer.at, kinds[0].bytes, kinds[0].len);
	rig_expect(&rig, 2);
}

static void every_other_length_is_silence(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KINDS; i++)
		for (size_t len = 0; len < kinds[i].len + LONGER; len++)
			if (len != kinds[i].len)
				expect_nothing(kinds[i].bytes, len);
	expect_all_accepted();
}

// The second MAC is not looked at while nothing presses.
static size_t looked_at(unsigned i)
{
	return kinds[i].macs_at ? kinds[i].macs_at + MAC : kinds[i].len;
}

static void every_flipped_bit_is_silence(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KINDS; i++)
		for (size_t bit = 0; bit < 8 * looked_at(i); bit++) {
			memcpy(message, kinds[i].bytes, kinds[i].len);
			message[bit / 8] ^= (uint8_t)(1 << bit % 8);
			expect_nothing(message, kinds[i].len);
		}
	expect_all_accepted();
}

// By one who knows the tunnel's public key, as everybody may. The sender index alone is not
// authenticated, and a wrong one only leads the answer astray.
static void every_flipped_bit_under_a_right_mac1_is_silence(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++)
		for (size_t bit = 0; bit < 8 * kinds[i].macs_at; bit++) {
			if (bit / 32 == 1)
				continue;
			memcpy(message, kinds[i].bytes, kinds[i].len);
			message[bit / 8] ^= (uint8_t)(1 << bit % 8);
			peer_put_macs(&peer, message, kinds[i].len);
			expect_nothing(message, kinds[i].len);
		}
	expect_all_accepted();
}

static void every_other_type_is_silence(void **state)
{
	static const size_t lens[] = {1, 4, 32, PEER_COOKIE, PEER_RESPONSE, PEER_INITIATION};

	(void)state;
	for (unsigned type = 0; type < 256; type++)
		for (size_t i = 0; i < RTE_DIM(lens); i++) {
			memset(message, 0, sizeof(message));
			message[0] = (uint8_t)type;
			if (lens[i] >= PEER_COOKIE)
				peer_put_macs(&peer, message, lens[i]);
			expect_nothing(message, lens[i]);
		}
	expect_all_accepted();
}

static void without_a_private_key_everything_is_silence(void **state)
{
	(void)state;
	rig_take_key(&rig);
	rig_state(&rig, 0, before);
	for (unsigned i = 0; i < KINDS; i++)
		expect_nothing(kinds[i].bytes, kinds[i].len);
	for (unsigned i = 0; i < 4; i++) { // nor does it begin by itself
		rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
		rig_wait_s(&rig, 30);
	}
	rig_expect_silence(&rig);
	assert_false(rig_has_keys(&rig, 0));
}

static void noise_is_silence(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		size_t len = randombytes_uniform(200);

		randombytes_buf(message, len);
		if (len >= 4) // so that it is looked at
			store_le32(message, i % 6);
		expect_nothing(message, len);
	}
	expect_all_accepted();
}

static void data_under_an_unknown_index_is_silence(void **state)
{
	(void)state;
	memcpy(message, kinds[3].bytes, kinds[3].len);
	for (unsigned i = 0; i < 1000; i++) {
		randombytes_buf(message + 4, 4);
		expect_nothing(message, kinds[3].len);
	}
	expect_all_accepted();
}

static void a_wrong_udp_checksum_is_silence(void **state)
{
	struct ip_packet outer;

	(void)state;
	for (unsigned i = 0; i < KINDS; i++) {
		ip_build(&outer, "192.0.2.2", "192.0.2.1", SL_PROTO_UDP, NULL,
			 (unsigned)(8 + kinds[i].len));
		store_be16(outer.bytes + 20, 2);
		store_be16(outer.bytes + 22, 1);
		store_be16(outer.bytes + 24, (uint16_t)(8 + kinds[i].len));
		memcpy(outer.bytes + 28, kinds[i].bytes, kinds[i].len);
		store_be16(outer.bytes + 26, 0);
		store_be16(outer.bytes + 26,
			   ip_checksum(outer.bytes + 20, 8 + kinds[i].len, outer.bytes) ^ 0x100);
		assert_true(ip_feed(rig.data, 1, &outer));
		rig_breathe(&rig);
	}
	rig_expect_silence(&rig);
	assert_int_equal(sl_harness_drop(rig.data, "bad_checksum"), KINDS);
	expect_all_accepted();
}

static void what_the_handshake_is_given_is_checked_there_too(void **state)
{
	(void)state;
	for (unsigned len = 0; len < 60; len++) {
		memset(&got, 0, sizeof(got));
		ip_build(&got, "192.0.2.2", "192.0.2.1", SL_PROTO_UDP, NULL, len);
		if (len >= 8)
			store_be32(got.bytes + 24, len << 16);
		if (len > 8)
			got.bytes[28] = (uint8_t)(len % 7);
		assert_true(ip_feed(rig.shake, 0, &got));
		rig_breathe(&rig);
	}
	rig_expect_silence(&rig);
	assert_int_equal(sl_harness_drop(rig.shake, "malformed"), 60);
	expect_all_accepted();
}

// Over both families: lengths, marks, and that the peer, which is the paper, can read them.
static void messages_are_as_the_paper_draws_them(void **state)
{
	static const char *const at[] = {"192.0.2.2:2", "[2001:db8::2]:2"};
	const struct rig_message *m;

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(at); i++) {
		peer.at = at[i];
		rig_wait(&rig, 20000000);
		peer_initiate(&peer, message);
		rig_hear(&rig, peer.at, message, PEER_INITIATION);
		m = rig_expect(&rig, 2);
		assert_int_equal(m->len, PEER_RESPONSE);
		assert_int_equal(m->tos, 0x88); // AF41
		assert_string_equal(m->from, i ? "[2001:db8::1]:1" : "192.0.2.1:1");
		assert_true(peer_macs_good(&peer, m->bytes, m->len, NULL));
		assert_true(peer_read_response(&peer, m->bytes, m->len));
		rig_hear_keepalive(&rig, &peer);
		if (i == 0)
			rig_expect_data(&rig, &peer, plaintext); // what waited
		rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
		m = &rig.sent[rig.n_seen];
		assert_int_equal(m->len, 16 + 112 + 16);
		assert_int_equal(m->tos, 0);
		assert_false(m->dont_fragment);
		assert_int_equal(load_le64(m->bytes + 8), i == 0); // behind what waited
		rig_expect_data(&rig, &peer, plaintext);
		rig_wait_s(&rig, 16);
		m = rig_expect_initiation(&rig, &peer);
		assert_int_equal(m->len, PEER_INITIATION);
		assert_int_equal(m->tos, 0x88);
		rig_answer(&rig, &peer);
		m = &rig.sent[rig.n_seen];
		assert_int_equal(m->len, PEER_KEEPALIVE);
		assert_int_equal(m->tos, 0);
		rig_expect_keepalive(&rig, &peer);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_other_length_is_silence),
		TEST(every_flipped_bit_is_silence),
		TEST(every_flipped_bit_under_a_right_mac1_is_silence),
		TEST(every_other_type_is_silence),
		TEST(without_a_private_key_everything_is_silence),
		TEST(noise_is_silence),
		TEST(data_under_an_unknown_index_is_silence),
		TEST(a_wrong_udp_checksum_is_silence),
		TEST(what_the_handshake_is_given_is_checked_there_too),
		TEST(messages_are_as_the_paper_draws_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
