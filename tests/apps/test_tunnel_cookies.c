// What a tunnel asks of strangers while it is under load, and what it does where it is asked the
// same: WireGuard paper sections 5.3 and 5.4.7.
#include "tests/apps/tunnel_rig.h"

#include "core/proto/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS_NS 1000000ull

enum { FLOOD = 200, MAC = 16 };

static struct rig rig;
static struct peer peer;
static uint8_t message[2048], plaintext[2048];
static const uint8_t cookie[16] = {1, 2, 3}, second_cookie[16] = {4, 5, 6};

static int enter(void **state)
{
	(void)state;
	rig_open_one(&rig, &peer, false);
	return 0;
}

static int leave(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

// Many messages at once, none of them right.
static void flood(void)
{
	uint8_t garbage[PEER_INITIATION] = {1};

	for (unsigned i = 0; i < FLOOD; i++)
		rig_feed(&rig, "192.0.2.50:5", garbage, sizeof(garbage));
	rig_breathe(&rig);
	rig_expect_silence(&rig);
}

static void hear_from(const char *from, size_t len)
{
	rig_hear(&rig, from, message, len);
}

static void initiate_from(const char *from)
{
	peer_initiate(&peer, message);
	hear_from(from, PEER_INITIATION);
}

static void expect_response(void)
{
	const struct rig_message *m = rig_expect(&rig, 2);

	assert_true(peer_read_response(&peer, m->bytes, m->len));
}

// The tunnel wants a cookie, and the peer takes it.
static void expect_cookie(const char *at)
{
	const struct rig_message *m = rig_expect(&rig, 3);

	assert_string_equal(m->to, at);
	assert_true(peer_take_cookie(&peer, m->bytes, m->len));
	rig_expect_silence(&rig);
}

static void without_load_mac2_is_not_looked_at_and_nothing_is_limited(void **state)
{
	(void)state;
	peer.has_cookie = true; // an invented one
	for (unsigned i = 0; i < 30; i++) {
		rig_wait(&rig, 20 * MS_NS);
		initiate_from(peer.at);
		expect_response();
	}
}

static void under_load_a_sender_without_cookie_gets_one_and_nothing_else(void **state)
{
	uint8_t before[32], after[32];
	const struct rig_message *m;

	(void)state;
	rig_state(&rig, 0, before);
	flood();
	initiate_from(peer.at);
	m = rig_expect(&rig, 3);
	assert_int_equal(m->len, PEER_COOKIE); // smaller than what it answers
	assert_int_equal(m->tos, 0);
	assert_string_equal(m->from, "192.0.2.1:1");
	assert_int_equal(load_le32(m->bytes + 4), peer.index);
	assert_true(peer_take_cookie(&peer, m->bytes, m->len));
	rig_expect_silence(&rig);
	rig_state(&rig, 0, after);
	assert_memory_equal(before, after, sizeof(after)); // no byte is counted either
	initiate_from(peer.at);
	expect_response();
}

static void under_load_a_wrong_mac1_is_silence(void **state)
{
	(void)state;
	flood();
	peer_initiate(&peer, message);
	message[PEER_INITIATION - 2 * MAC] ^= 1;
	hear_from(peer.at, PEER_INITIATION);
	rig_expect_silence(&rig);
}

static void under_load_a_wrong_length_or_type_is_silence(void **state)
{
	(void)state;
	rig_connect(&rig, &peer); // so that there is an index to name
	flood();
	for (unsigned type = 0; type < 8; type++)
		for (size_t len = 44; len < 160; len++) {
			if ((type == 1 && len == PEER_INITIATION) ||
			    (type == 2 && len == PEER_RESPONSE))
				continue;
			memset(message, 0, len);
			store_le32(message, type);
			store_le32(message + 4, 77);
			store_le32(message + 8, peer.their_index);
			peer_put_macs(&peer, message, len);
			hear_from(peer.at, len);
			rig_expect_silence(&rig);
		}
}

static void load_lasts_for_a_second_after_the_queue(void **state)
{
	(void)state;
	flood();
	rig_wait(&rig, 990 * MS_NS);
	initiate_from(peer.at);
	expect_cookie(peer.at);
	peer.has_cookie = false;
	rig_wait(&rig, 20 * MS_NS);
	initiate_from(peer.at);
	expect_response();
}

static void a_cookie_is_good_for_its_address_and_port_alone(void **state)
{
	static const char *const others[] = {"192.0.2.2:3", "192.0.2.3:2", "[2001:db8::2]:2"};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(others); i++) {
		flood();
		peer.has_cookie = false;
		initiate_from(peer.at);
		expect_cookie(peer.at);
		initiate_from(others[i]);
		expect_cookie(others[i]);
		initiate_from(others[i]);
		expect_response();
		rig_wait(&rig, 20 * MS_NS);
	}
}

static void a_cookie_is_accepted_for_120_s(void **state)
{
	(void)state;
	flood();
	initiate_from(peer.at);
	expect_cookie(peer.at);
	rig_wait_s(&rig, 119);
	flood();
	initiate_from(peer.at);
	expect_response();
	rig_wait_s(&rig, 1);
	flood();
	initiate_from(peer.at);
	expect_cookie(peer.at);
}

// How many of n messages, each with a right cookie, pass the limit.
static unsigned pass(const char *from, unsigned n)
{
	uint64_t before = sl_harness_drop(rig.shake, "limited");

	for (unsigned i = 0; i < n; i++)
		hear_from(from, PEER_INITIATION);
	while (rig_take(&rig))
		;
	return n - (unsigned)(sl_harness_drop(rig.shake, "limited") - before);
}

// The message with a cookie of that place.
static void prepare(const char *from)
{
	peer.has_cookie = false;
	initiate_from(from);
	expect_cookie(from);
	peer_initiate(&peer, message);
}

static void under_load_a_source_may_send_20_a_second_and_5_at_once(void **state)
{
	(void)state;
	flood();
	prepare(peer.at);
	assert_int_equal(pass(peer.at, 6), 5);
	rig_wait(&rig, 50 * MS_NS);
	assert_int_equal(pass(peer.at, 2), 1);
	rig_wait(&rig, 100 * MS_NS);
	assert_int_equal(pass(peer.at, 3), 2);
	prepare("192.0.2.9:9"); // another address has its own
	assert_int_equal(pass("192.0.2.9:9", 6), 5);
	prepare("192.0.2.9:8"); // another port has not
	assert_int_equal(pass("192.0.2.9:8", 6), 0);
}

static void a_network_of_64_bits_counts_as_one_source(void **state)
{
	(void)state;
	flood();
	prepare("[2001:db8:0:1::1]:1");
	assert_int_equal(pass("[2001:db8:0:1::1]:1", 3), 3);
	prepare("[2001:db8:0:1:ffff::2]:1");
	assert_int_equal(pass("[2001:db8:0:1:ffff::2]:1", 6), 2);
	prepare("[2001:db8:0:2::1]:1");
	assert_int_equal(pass("[2001:db8:0:2::1]:1", 6), 5);
}

static void responses_pass_the_same_gate(void **state)
{
	const struct rig_message *m;

	(void)state;
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
	rig_expect_initiation(&rig, &peer);
	flood();
	peer_respond(&peer, message);
	hear_from(peer.at, PEER_RESPONSE);
	m = rig_expect(&rig, 3);
	assert_true(peer_take_cookie(&peer, m->bytes, m->len));
	rig_expect_silence(&rig);
	peer_put_macs(&peer, message, PEER_RESPONSE); // the same, with mac2
	hear_from(peer.at, PEER_RESPONSE);
	assert_int_equal(rig_expect_data(&rig, &peer, plaintext), 112);
}

static void data_does_not_care_for_load(void **state)
{
	struct ip_packet got;

	(void)state;
	rig_connect(&rig, &peer);
	flood();
	rig_hear_inner(&rig, &peer, "10.2.0.1", "10.1.0.1", 100);
	assert_true(rig_receive(&rig, &got));
}

// ---- the tunnel as the one who is asked

// Give the tunnel a cookie for a message of its own.
static void give(const struct rig_message *m, const uint8_t value[16])
{
	peer_give_cookie(&peer, m->bytes, m->len, value, message);
	hear_from(peer.at, PEER_COOKIE);
}

static void a_cookie_is_used_for_115_s_from_the_next_message_on(void **state)
{
	const struct rig_message *m;

	(void)state;
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
	m = rig_expect_initiation(&rig, &peer);
	give(m, cookie);
	peer.given = cookie;
	rig_expect_silence(&rig); // not at once: the retry is soon enough
	rig_wait_s(&rig, 6);
	rig_expect_initiation(&rig, &peer);
	rig_answer(&rig, &peer);
	rig_expect_data(&rig, &peer, plaintext);
	rig_hear_keepalive(&rig, &peer);
	rig_wait_s(&rig, 108); // 114
	peer_initiate(&peer, message);
	hear_from(peer.at, PEER_INITIATION);
	m = rig_expect(&rig, 2);
	assert_true(peer_macs_good(&peer, m->bytes, m->len, cookie));
	rig_wait_s(&rig, 2);
	peer_initiate(&peer, message);
	hear_from(peer.at, PEER_INITIATION);
	m = rig_expect(&rig, 2);
	assert_true(peer_macs_good(&peer, m->bytes, m->len, NULL));
}

static void one_message_takes_one_cookie(void **state)
{
	const struct rig_message *m;

	(void)state;
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
	m = rig_expect_initiation(&rig, &peer);
	give(m, cookie);
	give(m, second_cookie);
	assert_int_equal(sl_harness_metric(rig.shake, "cookies_taken"), 1);
	peer.given = cookie;
	rig_wait_s(&rig, 6);
	m = rig_expect_initiation(&rig, &peer);
	give(m, second_cookie);
	peer.given = second_cookie;
	rig_wait_s(&rig, 6);
	rig_expect_initiation(&rig, &peer);
	assert_int_equal(sl_harness_metric(rig.shake, "cookies_taken"), 2);
}

static void a_cookie_for_another_message_is_refused(void **state)
{
	struct rig_message first;

	(void)state;
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
	first = *rig_expect_initiation(&rig, &peer);
	rig_wait_s(&rig, 6);
	rig_expect_initiation(&rig, &peer);
	give(&first, cookie);
	first.bytes[4] ^= 1; // an index that nobody has
	give(&first, cookie);
	assert_int_equal(sl_harness_metric(rig.shake, "cookies_taken"), 0);
	assert_int_equal(rig_drops(&rig), 2);
}

static void a_cookie_moves_nobody_and_shows_no_life(void **state)
{
	uint64_t rx_bytes;

	(void)state;
	rig_connect(&rig, &peer);
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
	rig_expect_data(&rig, &peer, plaintext);
	rx_bytes = rig_rx_bytes(&rig, 0);
	rig_wait_s(&rig, 10);
	peer_give_cookie(&peer, rig.sent[0].bytes, PEER_RESPONSE, cookie, message);
	hear_from("192.0.2.66:6", PEER_COOKIE);
	assert_int_equal(sl_harness_metric(rig.shake, "cookies_taken"), 1);
	assert_string_equal(rig_endpoint(&rig, 0), peer.at);
	assert_int_equal(rig_rx_bytes(&rig, 0), rx_bytes);
	peer.given = cookie;
	rig_wait_s(&rig, 6); // 15 s since data was sent in vain
	rig_expect_initiation(&rig, &peer);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_load_mac2_is_not_looked_at_and_nothing_is_limited),
		TEST(under_load_a_sender_without_cookie_gets_one_and_nothing_else),
		TEST(under_load_a_wrong_mac1_is_silence),
		TEST(under_load_a_wrong_length_or_type_is_silence),
		TEST(load_lasts_for_a_second_after_the_queue),
		TEST(a_cookie_is_good_for_its_address_and_port_alone),
		TEST(a_cookie_is_accepted_for_120_s),
		TEST(under_load_a_source_may_send_20_a_second_and_5_at_once),
		TEST(a_network_of_64_bits_counts_as_one_source),
		TEST(responses_pass_the_same_gate),
		TEST(data_does_not_care_for_load),
		TEST(a_cookie_is_used_for_115_s_from_the_next_message_on),
		TEST(one_message_takes_one_cookie),
		TEST(a_cookie_for_another_message_is_refused),
		TEST(a_cookie_moves_nobody_and_shows_no_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
