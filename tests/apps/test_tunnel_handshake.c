// How a tunnel agrees on sessions: WireGuard paper sections 5.4.1 to 5.4.5, 5.1 and 6.2, against a
// peer that is the paper written out.
#include "apps/tunnel_handshake.h"
#include "core/proto/protocol.h"
#include "core/tunnel/record.h"
#include "tests/apps/tunnel_rig.h"

#include <setjmp.h>
#include <sluice/key.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct rig rig;
static struct peer peer, other;
static uint8_t message[2048], plaintext[2048];
static struct ip_packet got;

static int enter(void **state)
{
	(void)state;
	rig_open_one(&rig, &peer, true);
	return 0;
}

static int leave(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

static void hear_initiation(struct peer *p)
{
	peer_initiate(p, message);
	rig_hear(&rig, p->at, message, PEER_INITIATION);
}

static bool is_answered(struct peer *p)
{
	const struct rig_message *m = rig_take(&rig);

	return m && m->bytes[0] == 2 && peer_read_response(p, m->bytes, m->len);
}

// Data passes in both directions under the peer's latest session.
static void expect_session(void)
{
	rig_hear_inner(&rig, &peer, "10.2.0.1", "10.1.0.1", 100);
	assert_true(rig_receive(&rig, &got));
	assert_int_equal(got.len, 100);
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
	assert_int_equal(rig_expect_data(&rig, &peer, plaintext), 112);
}

static void keys_are_those_of_the_kdf_chain_with_and_without_psk(void **state)
{
	(void)state;
	for (unsigned psk = 0; psk < 2; psk++) {
		rig_open_one(&rig, &peer, psk);
		rig_connect(&rig, &peer); // the tunnel is the responder
		expect_session();
		rig_close(&rig);

		rig_open_one(&rig, &peer, psk);
		rig_connect_out(&rig, &peer, "10.2.0.1"); // the initiator
		expect_session();
		rig_close(&rig);
	}
}

static void another_psk_makes_no_session(void **state)
{
	(void)state;
	peer.psk[31] ^= 1;
	hear_initiation(&peer); // in which there is no psk yet
	assert_false(is_answered(&peer));
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
	rig_wait_s(&rig, 5); // since the response
	rig_expect_initiation(&rig, &peer);
	rig_answer(&rig, &peer);
	rig_expect_silence(&rig);
	assert_int_equal(sl_harness_drop(rig.shake, "not_authentic"), 1);
}

static void strangers_are_not_answered(void **state)
{
	(void)state;
	other = (struct peer){.at = "192.0.2.3:3"};
	peer_init(&other);
	memcpy(other.tunnel_key, rig.public_key, 32);
	hear_initiation(&other);
	rig_expect_silence(&rig);
	assert_int_equal(sl_harness_drop(rig.shake, "unknown_peer"), 1);
	// One who does not know whom it talks to is not even looked at.
	memcpy(peer.tunnel_key, other.public_key, 32);
	hear_initiation(&peer);
	rig_expect_silence(&rig);
	assert_int_equal(sl_harness_drop(rig.shake, "bad_mac"), 1);
}

// The points of small order on the curve and on its twist, with values that are not reduced.
static const uint8_t low_order[][32] = {
	{0},
	{1},
	{0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
	 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
	 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8},
	{0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
	 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
	 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
	{0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
	{0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

static void an_ephemeral_key_of_low_order_is_silence(void **state)
{
	uint8_t before[32], after[32];

	(void)state;
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
	rig_expect_initiation(&rig, &peer);
	rig_state(&rig, 0, before);
	for (size_t i = 0; i < RTE_DIM(low_order); i++) {
		other = peer;
		peer_respond(&other, message);
		memcpy(message + 12, low_order[i], 32);
		peer_put_macs(&other, message, PEER_RESPONSE);
		rig_hear(&rig, peer.at, message, PEER_RESPONSE);
		peer_initiate(&other, message);
		memcpy(message + 8, low_order[i], 32);
		peer_put_macs(&other, message, PEER_INITIATION);
		rig_hear(&rig, peer.at, message, PEER_INITIATION);
	}
	rig_expect_silence(&rig);
	rig_state(&rig, 0, after);
	assert_memory_equal(before, after, 32);
	rig_answer(&rig, &peer);
	assert_int_equal(rig_expect_data(&rig, &peer, plaintext), 112);
}

static void a_peer_whose_key_is_of_low_order_never_causes_a_packet(void **state)
{
	char line[256], text[SL_KEY_TEXT];
	struct sl_error err = {0};
	struct sl_harness *h;
	struct sl_tunnel_record wanted = {.kind = SL_TUNNEL_WANTED, .restart = true};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(low_order); i++) {
		sl_key_format(low_order[i], text);
		snprintf(line, sizeof(line),
			 "tunnel-handshake key=%s/key peers='%s endpoint=192.0.2.9:9 keepalive=1'",
			 rig.folder, text);
		h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);
		assert_non_null(h);
		sl_harness_breathe(h);
		assert_true(sl_harness_feed(h, 1, &wanted, sizeof(wanted)));
		sl_harness_breathe(h);
		for (unsigned tries = 0; tries < 20; tries++) {
			sl_harness_advance(h, 6 * RIG_SECOND_NS);
			sl_harness_tick(h);
		}
		assert_int_equal(sl_harness_waiting_out(h, 0), 0);
		assert_string_equal(sl_harness_destroy(h), "");
	}
}

static void an_initiation_counts_once_and_an_older_one_not_at_all(void **state)
{
	uint8_t older[PEER_INITIATION], newer[PEER_INITIATION];

	(void)state;
	peer_initiate(&peer, older);
	peer_initiate(&peer, newer);
	rig_hear(&rig, peer.at, newer, sizeof(newer));
	assert_true(is_answered(&peer));
	rig_wait_s(&rig, 1);
	rig_hear(&rig, peer.at, newer, sizeof(newer));
	rig_hear(&rig, peer.at, older, sizeof(older));
	rig_expect_silence(&rig);
	assert_int_equal(sl_harness_drop(rig.shake, "old_stamp"), 2);
}

static void a_stamp_is_stored_only_when_all_is_right(void **state)
{
	(void)state;
	other = peer;
	other.stamp_s += 1000;
	peer_initiate(&other, message);
	message[115] ^= 1; // the last byte of the stamp's tag
	peer_put_macs(&other, message, PEER_INITIATION);
	rig_hear(&rig, peer.at, message, PEER_INITIATION);
	rig_expect_silence(&rig);
	hear_initiation(&peer);
	assert_true(is_answered(&peer));
}

static void a_peer_may_initiate_fifty_times_a_second(void **state)
{
	(void)state;
	hear_initiation(&peer);
	assert_true(is_answered(&peer));
	rig_wait(&rig, 19 * 1000000);
	hear_initiation(&peer);
	assert_int_equal(sl_harness_drop(rig.shake, "too_fast"), 1);
	rig_expect_silence(&rig);
	rig_wait(&rig, 1000000);
	hear_initiation(&peer);
	assert_true(is_answered(&peer));
}

static void stamps_are_coarse_and_only_grow_whatever_the_clock_does(void **state)
{
	uint8_t last[PEER_STAMP] = {0};
	const uint64_t wall_s[] = {1700000000, 1700000006, 1000, 1200, 1800000000, 1};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(wall_s); i++) {
		rig_set_wall(&rig, wall_s[i] * RIG_SECOND_NS + 123456789);
		rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
		rig_expect_initiation(&rig, &peer);
		assert_true(memcmp(last, peer.stamp, PEER_STAMP) < 0);
		assert_int_equal(load_be32(peer.stamp + 8) % (1 << 24), 0);
		memcpy(last, peer.stamp, PEER_STAMP);
		rig_wait_s(&rig, 95); // given up, with the tries between
		while (rig_take(&rig))
			;
	}
}

static void a_jump_of_our_clock_takes_no_peer_away(void **state)
{
	(void)state;
	rig_connect(&rig, &peer);
	rig_set_wall(&rig, 1);
	expect_session();
	rig_hear_keepalive(&rig, &peer);
	rig_wait_s(&rig, 6);
	rig_set_wall(&rig, UINT64_MAX / 2);
	rig_connect(&rig, &peer);
	expect_session();
}

static void each_try_has_a_new_index_key_and_stamp(void **state)
{
	uint8_t first[PEER_INITIATION], stamp[PEER_STAMP];
	const struct rig_message *m;

	(void)state;
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
	memcpy(first, rig_expect_initiation(&rig, &peer)->bytes, sizeof(first));
	memcpy(stamp, peer.stamp, sizeof(stamp));
	rig_wait_s(&rig, 6);
	m = rig_expect_initiation(&rig, &peer);
	assert_memory_not_equal(first + 4, m->bytes + 4, 4);
	assert_memory_not_equal(first + 8, m->bytes + 8, 32);
	assert_true(memcmp(stamp, peer.stamp, PEER_STAMP) < 0);
}

static void indices_are_random(void **state)
{
	uint32_t last = 0, close = 0;

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		rig_wait(&rig, 20000000);
		hear_initiation(&peer);
		assert_true(is_answered(&peer));
		close += peer.their_index - last < 1 << 20;
		last = peer.their_index;
	}
	assert_true(close < 5);
}

static void a_response_counts_once(void **state)
{
	uint8_t response[PEER_RESPONSE];

	(void)state;
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
	rig_expect_initiation(&rig, &peer);
	peer_respond(&peer, response);
	rig_hear(&rig, peer.at, response, sizeof(response));
	rig_expect_data(&rig, &peer, plaintext);
	rig_hear(&rig, peer.at, response, sizeof(response));
	rig_expect_silence(&rig);
	assert_int_equal(sl_harness_metric(rig.shake, "responses_taken"), 1);
	expect_session();
}

static void a_response_to_an_earlier_try_is_refused(void **state)
{
	(void)state;
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
	rig_expect_initiation(&rig, &peer);
	other = peer;
	rig_wait_s(&rig, 6);
	rig_expect_initiation(&rig, &peer);
	rig_answer(&rig, &other);
	rig_expect_silence(&rig);
	rig_answer(&rig, &peer);
	assert_int_equal(rig_expect_data(&rig, &peer, plaintext), 112);
}

static void a_response_to_nothing_is_refused(void **state)
{
	(void)state;
	rig_connect(&rig, &peer);
	other = peer; // whose indices are known
	peer_respond(&other, message);
	rig_hear(&rig, peer.at, message, PEER_RESPONSE);
	rig_expect_silence(&rig);
	expect_session();
}

static void the_session_has_the_index_of_its_handshake(void **state)
{
	(void)state;
	rig_connect_out(&rig, &peer, "10.2.0.1");
	expect_session(); // whose packets bear their_index, from the initiation
	rig_connect(&rig, &peer);
	expect_session(); // from the response
}

static void a_response_is_followed_by_what_waits_or_by_a_keepalive(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		rig_send(&rig, "10.1.0.1", "10.2.0.1", 100 + i * 16);
	rig_expect_initiation(&rig, &peer);
	rig_answer(&rig, &peer);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(rig_expect_data(&rig, &peer, plaintext), 112 + i * 16);
	rig_expect_silence(&rig);
	rig_wait_s(&rig, 16); // the peer does not answer
	rig_expect_initiation(&rig, &peer);
	rig_answer(&rig, &peer);
	rig_expect_keepalive(&rig, &peer);
}

static void both_messages_say_where_the_peer_is(void **state)
{
	(void)state;
	assert_string_equal(rig_endpoint(&rig, 0), "192.0.2.2:2");
	peer.at = "192.0.2.7:7";
	rig_connect(&rig, &peer);
	assert_string_equal(rig_endpoint(&rig, 0), "192.0.2.7:7");
	rig_wait_s(&rig, 181);
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
	rig_expect_initiation(&rig, &peer);
	peer.at = "[2001:db8::8]:8";
	rig_answer(&rig, &peer);
	assert_string_equal(rig_endpoint(&rig, 0), "[2001:db8::8]:8");
	assert_int_equal(rig_expect_data(&rig, &peer, plaintext), 112);
}

static void a_message_that_is_refused_moves_nobody(void **state)
{
	(void)state;
	hear_initiation(&peer);
	assert_true(is_answered(&peer));
	rig_wait_s(&rig, 1);
	rig_hear(&rig, "192.0.2.66:6", message, PEER_INITIATION); // replayed from elsewhere
	rig_expect_silence(&rig);
	assert_string_equal(rig_endpoint(&rig, 0), "192.0.2.2:2");
}

// Each side's initiation is overtaken by the other's, so nobody is left to confirm.
static void initiations_that_cross_are_tried_again(void **state)
{
	(void)state;
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
	rig_expect_initiation(&rig, &peer);
	other = peer;
	peer_initiate(&other, message);
	rig_hear(&rig, peer.at, message, PEER_INITIATION);
	rig_expect(&rig, 2);
	rig_answer(&rig, &peer);
	rig_expect_silence(&rig);
	rig_wait(&rig, 4900000000);
	rig_expect_silence(&rig);
	rig_wait(&rig, 500000000);
	rig_expect_initiation(&rig, &peer);
	rig_answer(&rig, &peer);
	assert_int_equal(rig_expect_data(&rig, &peer, plaintext), 112);
}

static void a_confirmed_session_ends_a_try_of_our_own(void **state)
{
	(void)state;
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
	rig_expect_initiation(&rig, &peer);
	rig_connect(&rig, &peer); // and the answer to ours is lost
	assert_int_equal(rig_expect_data(&rig, &peer, plaintext), 112);
	rig_wait_s(&rig, 14);
	rig_expect_silence(&rig);
	rig_hear_keepalive(&rig, &peer);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)

// Say that sessions with n peers are wanted, in one packet.
static void want(uint32_t first, unsigned n)
{
	struct sl_shake *shake = (struct sl_shake *)sl_harness_app(rig.shake);
	struct sl_tunnel_record r[8] = {{0}};

	for (unsigned i = 0; i < n; i++)
		r[i] = (struct sl_tunnel_record){
			.kind = SL_TUNNEL_WANTED,
			.peer = first + i,
			.generation = sl_roster_peer(shake->roster, first + i)->generation};
	assert_true(sl_harness_feed(rig.shake, SL_SHAKE_IN_EVENTS, r, (uint16_t)(n * sizeof(*r))));
}

static void a_breath_begins_few_handshakes(void **state)
{
	enum { SOME = 8 };
	struct peer many[RIG_PEERS];
	char lines[RIG_PEERS][64];
	unsigned n = 0;

	(void)state;
	leave(NULL);
	for (unsigned i = 0; i < RIG_PEERS; i++) {
		snprintf(lines[i], sizeof(lines[i]), "endpoint=192.0.2.2:%u", i + 2);
		many[i] = (struct peer){.at = "192.0.2.2:2", .line = lines[i]};
	}
	rig_open(&rig, many, RIG_PEERS);
	for (unsigned i = 0; i < RIG_PEERS; i += SOME)
		want(i, SOME);
	sl_harness_breathe(rig.shake);
	assert_in_range(sl_harness_waiting_out(rig.shake, SL_SHAKE_OUT_OUTER4), 1, SOME);
	for (rig_breathe(&rig); rig_take(&rig);)
		n++;
	assert_int_equal(n, RIG_PEERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_those_of_the_kdf_chain_with_and_without_psk),
		TEST(another_psk_makes_no_session),
		TEST(a_breath_begins_few_handshakes),
		TEST(strangers_are_not_answered),
		TEST(an_ephemeral_key_of_low_order_is_silence),
		TEST(a_peer_whose_key_is_of_low_order_never_causes_a_packet),
		TEST(an_initiation_counts_once_and_an_older_one_not_at_all),
		TEST(a_stamp_is_stored_only_when_all_is_right),
		TEST(a_peer_may_initiate_fifty_times_a_second),
		TEST(stamps_are_coarse_and_only_grow_whatever_the_clock_does),
		TEST(a_jump_of_our_clock_takes_no_peer_away),
		TEST(each_try_has_a_new_index_key_and_stamp),
		TEST(indices_are_random),
		TEST(a_response_counts_once),
		TEST(a_response_to_an_earlier_try_is_refused),
		TEST(a_response_to_nothing_is_refused),
		TEST(the_session_has_the_index_of_its_handshake),
		TEST(a_response_is_followed_by_what_waits_or_by_a_keepalive),
		TEST(both_messages_say_where_the_peer_is),
		TEST(a_message_that_is_refused_moves_nobody),
		TEST(initiations_that_cross_are_tried_again),
		TEST(a_confirmed_session_ends_a_try_of_our_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
