// The sessions that a tunnel has with a peer, and what each of them takes: WireGuard paper sections
// 6.1 to 6.3 and 5.4.6, RFC 6479.
#include "core/tunnel/replay.h"
#include "tests/apps/tunnel_rig.h"

#include "core/proto/bytes.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS_NS 1000000ull

static struct rig rig;
static struct peer peer;
static uint8_t message[2048], plaintext[2048];
static struct ip_packet got;

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

static void send_packet(void)
{
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 100);
}

// Whether a packet sealed as by p comes out.
static bool passes(struct peer *p)
{
	rig_hear_inner(&rig, p, "10.2.0.1", "10.1.0.1", 100);
	return rig_receive(&rig, &got);
}

// The peer initiates and does not show that it has the session.
static void initiate(void)
{
	const struct rig_message *m;

	rig_wait(&rig, 20 * MS_NS);
	peer_initiate(&peer, message);
	rig_hear(&rig, peer.at, message, PEER_INITIATION);
	m = rig_expect(&rig, 2);
	assert_true(peer_read_response(&peer, m->bytes, m->len));
}

static void expect_data_for(struct peer *p)
{
	assert_int_equal(rig_expect_data(&rig, p, plaintext), 112);
}

// ---- slots

static void a_responder_goes_on_with_the_old_session_until_the_new_one_is_used(void **state)
{
	struct peer old;

	(void)state;
	rig_connect(&rig, &peer);
	old = peer;
	initiate();
	send_packet();
	expect_data_for(&old);
	rig_hear_keepalive(&rig, &peer);
	send_packet();
	expect_data_for(&peer);
}

static void a_responder_without_a_session_keeps_packets_until_it_is_confirmed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		initiate();
		for (unsigned n = 0; n < 3; n++)
			rig_send(&rig, "10.1.0.1", "10.2.0.1", 100 + 16 * n);
		rig_expect_silence(&rig);
		if (i == 0) // a keepalive will do, and so will data
			rig_hear_keepalive(&rig, &peer);
		else
			assert_true(passes(&peer));
		for (unsigned n = 0; n < 3; n++)
			assert_int_equal(rig_expect_data(&rig, &peer, plaintext), 112 + 16 * n);
		rig_expect_silence(&rig);
		leave(NULL);
		enter(NULL);
	}
}

static void current_previous_and_next_all_receive(void **state)
{
	struct peer previous, current;

	(void)state;
	rig_connect(&rig, &peer);
	previous = peer;
	rig_wait_s(&rig, 6);
	send_packet();
	expect_data_for(&peer);
	rig_wait_s(&rig, 16); // no answer, so that the tunnel initiates
	rig_expect_initiation(&rig, &peer);
	rig_answer(&rig, &peer);
	rig_expect_keepalive(&rig, &peer);
	current = peer;
	assert_true(passes(&previous));
	assert_true(passes(&current));
	initiate(); // the new one takes the place of the previous
	assert_true(passes(&current));
	assert_false(passes(&previous));
	assert_true(passes(&peer));
	assert_true(passes(&current)); // previous now
}

static void a_newer_unconfirmed_session_replaces_an_older_one(void **state)
{
	struct peer first;

	(void)state;
	initiate();
	first = peer;
	initiate();
	assert_false(passes(&first));
	assert_true(passes(&peer));
	assert_int_equal(sl_harness_drop(rig.data, "unknown_index"), 1);
}

static void an_initiator_keeps_an_unconfirmed_session_as_the_previous_one(void **state)
{
	struct peer old, unconfirmed;

	(void)state;
	rig_connect(&rig, &peer);
	old = peer;
	send_packet();
	expect_data_for(&peer);
	rig_wait_s(&rig, 16);
	rig_expect_initiation(&rig, &peer);
	unconfirmed = peer;
	rig_wait(&rig, 20 * MS_NS);
	peer_initiate(&unconfirmed, message);
	rig_hear(&rig, peer.at, message, PEER_INITIATION);
	assert_true(peer_read_response(&unconfirmed, rig_expect(&rig, 2)->bytes, PEER_RESPONSE));
	rig_wait_s(&rig, 6); // so ours is tried again
	rig_expect_initiation(&rig, &peer);
	rig_answer(&rig, &peer);
	rig_expect_keepalive(&rig, &peer);
	assert_true(passes(&peer));
	assert_true(passes(&unconfirmed));
	assert_false(passes(&old));
}

// ---- the end of a session

static void after_180_s_a_session_neither_receives_nor_sends(void **state)
{
	(void)state;
	rig_connect(&rig, &peer);
	rig_wait(&rig, 179900 * MS_NS);
	assert_true(passes(&peer));
	send_packet();
	expect_data_for(&peer);
	rig_wait(&rig, 100 * MS_NS);
	assert_false(passes(&peer));
	assert_int_equal(sl_harness_drop(rig.data, "expired"), 1);
	send_packet();
	rig_expect_initiation(&rig, &peer);
	rig_expect_silence(&rig);
	assert_int_equal(sl_harness_app(rig.data)->held, 1);
	rig_answer(&rig, &peer);
	expect_data_for(&peer);
}

static void after_the_last_number_a_session_sends_no_more(void **state)
{
	const uint64_t limit = UINT64_MAX - (1 << 13);

	(void)state;
	rig_connect(&rig, &peer);
	rig_wait_s(&rig, 6);
	rig_set_counter(&rig, 0, limit - 1);
	send_packet();
	expect_data_for(&peer);
	assert_int_equal(peer.counter, limit - 1);
	rig_expect_initiation(&rig, &peer); // far beyond 2^60, too
	send_packet();
	rig_expect_silence(&rig);
	assert_int_equal(sl_harness_app(rig.data)->held, 1);
	rig_answer(&rig, &peer);
	expect_data_for(&peer);
	assert_int_equal(peer.counter, 0);
}

static void from_the_last_number_on_a_session_receives_no_more(void **state)
{
	const uint64_t limit = UINT64_MAX - (1 << 13);

	(void)state;
	rig_connect(&rig, &peer);
	peer.sent = limit;
	assert_false(passes(&peer));
	peer.sent = UINT64_MAX;
	assert_false(passes(&peer));
	peer.sent = limit - 1;
	assert_true(passes(&peer));
}

// ---- replay

static bool passes_as(uint64_t number)
{
	peer.sent = number;
	return passes(&peer);
}

static void a_number_passes_once_and_8128_behind_the_newest_at_most(void **state)
{
	static const struct {
		uint64_t number;
		bool passes;
	} steps[] = {
		{1, true},
		{1, false},
		{0, false}, // the keepalive's
		{9, true},
		{8, true},
		{7, true},
		{7, false},
		{8128 + 2, true},
		{2, true},
		{2, false},
		{1, false},
		{8128 + 4, true},
		{3, false}, // seen or not: too old
		{4, true},
		{8128 + 3, true},
		{8128 + 4, false},
		{100000, true},
		{100000 - 8128, true},
		{100000 - 8129, false},
		{99999, true},
		{1ull << 40, true},
		{100001, false},
		{(1ull << 40) - 8128, true},
		{(1ull << 40) - 8128, false},
	};

	(void)state;
	rig_connect(&rig, &peer);
	for (size_t i = 0; i < RTE_DIM(steps); i++)
		if (passes_as(steps[i].number) != steps[i].passes)
			fail_msg("step %zu, number %llu", i, (unsigned long long)steps[i].number);
}

static void a_forged_number_does_not_move_the_window(void **state)
{
	size_t len;

	(void)state;
	rig_connect(&rig, &peer);
	assert_true(passes(&peer));
	len = peer_seal(&peer, NULL, 0, message);
	store_le64(message + 8, 1ull << 50);
	rig_hear(&rig, peer.at, message, len);
	assert_int_equal(sl_harness_drop(rig.data, "bad_tag"), 1);
	assert_true(passes_as(2));
}

// Each packet comes at most once, and those that are lost are all that is missing.
static void loss_duplication_and_disorder_cost_only_what_is_lost(void **state)
{
	enum { PACKETS = 3000, LATE = 64 };
	static uint8_t sealed[PACKETS][160], seen[PACKETS];
	unsigned lost = 0, twice = 0;

	(void)state;
	memset(seen, 0, sizeof(seen));
	rig_connect(&rig, &peer);
	for (uint32_t i = 0; i < PACKETS; i++) {
		ip_build(&got, "10.2.0.1", "10.1.0.1", 17, &i, sizeof(i));
		peer_seal(&peer, got.bytes, got.len, sealed[i]);
	}
	for (unsigned i = 0; i < PACKETS; i++) { // somewhere among the next ones
		unsigned other = RTE_MIN(i + randombytes_uniform(LATE), PACKETS - 1u);
		uint8_t swap[160];

		memcpy(swap, sealed[i], sizeof(swap));
		memcpy(sealed[i], sealed[other], sizeof(swap));
		memcpy(sealed[other], swap, sizeof(swap));
	}
	for (unsigned i = 0; i < PACKETS; i++) {
		unsigned copies = i % 10 == 3 ? 0 : 1 + (i % 7 == 0);

		lost += copies == 0;
		twice += copies == 2;
		while (copies-- > 0)
			rig_hear(&rig, peer.at, sealed[i], 32 + got.len);
		while (rig_receive(&rig, &got))
			assert_int_equal(seen[load_le32(got.bytes + 20)]++, 0);
	}
	for (unsigned i = 0; i < PACKETS; i++)
		lost -= seen[i] == 0;
	assert_int_equal(lost, 0);
	assert_int_equal(sl_harness_drop(rig.data, "replay"), twice);
}

static void numbers_on_the_wire_have_no_gap_and_are_in_the_packets_order(void **state)
{
	(void)state;
	rig_connect(&rig, &peer);
	for (uint32_t i = 0; i < 200; i++) {
		ip_build(&got, "10.1.0.1", "10.2.0.1", 17, &i, sizeof(i));
		assert_true(ip_feed(rig.data, 0, &got));
	}
	rig_breathe(&rig);
	for (uint32_t i = 0; i < 200; i++) {
		rig_expect_data(&rig, &peer, plaintext);
		assert_int_equal(peer.counter, i);
		assert_int_equal(load_le32(plaintext + 20), i);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_responder_goes_on_with_the_old_session_until_the_new_one_is_used),
		TEST(a_responder_without_a_session_keeps_packets_until_it_is_confirmed),
		TEST(current_previous_and_next_all_receive),
		TEST(a_newer_unconfirmed_session_replaces_an_older_one),
		TEST(an_initiator_keeps_an_unconfirmed_session_as_the_previous_one),
		TEST(after_180_s_a_session_neither_receives_nor_sends),
		TEST(after_the_last_number_a_session_sends_no_more),
		TEST(from_the_last_number_on_a_session_receives_no_more),
		TEST(a_number_passes_once_and_8128_behind_the_newest_at_most),
		TEST(a_forged_number_does_not_move_the_window),
		TEST(loss_duplication_and_disorder_cost_only_what_is_lost),
		TEST(numbers_on_the_wire_have_no_gap_and_are_in_the_packets_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
