// What a tunnel does when, by a clock that the test owns: WireGuard paper sections 6.1 to 6.5. A
// timer is late by a hundredth of a second at most here, beside the jitter it has on purpose.
#include "apps/tunnel_handshake.h"
#include "core/tunnel/timers.h"
#include "tests/apps/tunnel_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS_NS 1000000ull

enum { LATE_MS = 30 };

static struct rig rig;
static struct peer peer;
static uint8_t plaintext[2048];
static struct ip_packet got;

static void open_with(const char *line)
{
	peer = (struct peer){.at = "192.0.2.2:2", .line = line};
	rig_open(&rig, &peer, 1);
}

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

static void hear_packet(void)
{
	rig_hear_inner(&rig, &peer, "10.2.0.1", "10.1.0.1", 100);
	assert_true(rig_receive(&rig, &got));
}

static void expect_data(void)
{
	assert_int_equal(rig_expect_data(&rig, &peer, plaintext), 112);
}

// Milliseconds from one time to another.
static unsigned since(uint64_t from_ns, uint64_t to_ns)
{
	return (unsigned)((to_ns - from_ns) / MS_NS);
}

// Let time pass as long as the tunnel keeps its session alive by itself: the peer answers with
// keepalives now and then.
static void pass_quietly(unsigned seconds)
{
	for (unsigned i = 0; i < seconds / 5; i++) {
		rig_wait_s(&rig, 5);
		rig_hear_keepalive(&rig, &peer);
	}
	rig_wait_s(&rig, seconds % 5);
	rig_expect_silence(&rig);
}

// ---- trying

static void an_initiation_is_tried_again_every_5_s_with_jitter_for_90_s(void **state)
{
	uint64_t start_ns, last_ns;
	const struct rig_message *m;
	unsigned tries = 1, jitter = 0;

	(void)state;
	send_packet();
	start_ns = last_ns = rig_expect_initiation(&rig, &peer)->at_ns;
	rig_wait_s(&rig, 200);
	while ((m = rig_take(&rig))) {
		unsigned gap = since(last_ns, m->at_ns);

		assert_int_equal(m->bytes[0], 1);
		assert_in_range(gap, 5000, 5000 + SL_JITTER_MS + LATE_MS);
		jitter |= gap > 5000 + LATE_MS;
		last_ns = m->at_ns;
		tries++;
	}
	assert_true(jitter);
	assert_in_range(tries, 16, 20);
	assert_in_range(since(start_ns, last_ns), 84000, 90000);
	assert_int_equal(sl_harness_metric(rig.shake, "given_up"), 1);
}

static void who_has_no_way_out_asks_nobody_and_asks_at_once_when_there_is_one(void **state)
{
	struct sl_link **out = &sl_harness_app(rig.shake)->out[SL_SHAKE_OUT_OUTER4], *way = *out;

	(void)state;
	*out = NULL;
	send_packet();
	rig_wait_s(&rig, 1);
	*out = way;
	assert_null(rig_take(&rig));
	send_packet();
	rig_breathe(&rig);
	rig_expect_initiation(&rig, &peer);
}

static void giving_up_drops_what_waits(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 7; i++)
		send_packet();
	rig_wait_s(&rig, 89);
	assert_int_equal(sl_harness_app(rig.data)->held, 7);
	rig_wait_s(&rig, 7);
	assert_int_equal(sl_harness_app(rig.data)->held, 0);
	assert_int_equal(sl_harness_drop(rig.data, "no_session"), 7);
	while (rig_take(&rig))
		;
}

static void a_new_packet_begins_the_90_s_anew(void **state)
{
	const struct rig_message *m;
	uint64_t last_ns = 0;

	(void)state;
	send_packet();
	rig_wait_s(&rig, 80);
	send_packet();
	rig_wait_s(&rig, 120);
	while ((m = rig_take(&rig)))
		last_ns = m->at_ns;
	assert_in_range(since(0, last_ns), 80000 + 84000, 80000 + 90000);
	assert_int_equal(sl_harness_metric(rig.shake, "given_up"), 1);
	send_packet();
	rig_expect_initiation(&rig, &peer);
}

static void never_more_than_one_initiation_in_5_s_whatever_asks(void **state)
{
	const struct rig_message *m;
	uint64_t last_ns;

	(void)state;
	send_packet();
	last_ns = rig_expect_initiation(&rig, &peer)->at_ns;
	for (unsigned i = 0; i < 300; i++) {
		if (i == 70) // a session, and it is gone at once
			rig_answer(&rig, &peer);
		if (i == 75)
			rig_set_counter(&rig, 0, UINT64_MAX);
		send_packet();
		rig_wait(&rig, 100 * MS_NS);
	}
	while ((m = rig_take(&rig))) {
		if (m->bytes[0] != 1)
			continue;
		assert_true(since(last_ns, m->at_ns) >= 5000);
		last_ns = m->at_ns;
	}
}

static void a_response_counts_as_an_initiation_for_the_5_s(void **state)
{
	uint8_t message[PEER_INITIATION];
	uint64_t answered_ns;
	const struct rig_message *m;

	(void)state;
	peer_initiate(&peer, message);
	rig_hear(&rig, peer.at, message, sizeof(message));
	answered_ns = rig_expect(&rig, 2)->at_ns;
	rig_wait_s(&rig, 1);
	send_packet(); // there is no session that may send
	rig_wait_s(&rig, 5);
	m = rig_expect_initiation(&rig, &peer);
	assert_in_range(since(answered_ns, m->at_ns), 5000, 5000 + SL_JITTER_MS + LATE_MS);
}

// ---- new sessions

static void an_initiator_begins_anew_when_it_sends_after_120_s(void **state)
{
	(void)state;
	rig_connect_out(&rig, &peer, "10.2.0.1");
	pass_quietly(119);
	send_packet();
	expect_data();
	rig_expect_silence(&rig);
	rig_hear_keepalive(&rig, &peer);
	rig_wait_s(&rig, 1);
	send_packet();
	expect_data(); // under the old session
	rig_expect_initiation(&rig, &peer);
	rig_answer(&rig, &peer);
	rig_expect_keepalive(&rig, &peer);
}

static void a_responder_does_not_begin_anew_because_of_age(void **state)
{
	(void)state;
	rig_connect(&rig, &peer);
	pass_quietly(170);
	hear_packet();
	send_packet();
	expect_data();
	rig_expect_silence(&rig);
	rig_hear_keepalive(&rig, &peer);
}

static void an_initiator_begins_anew_when_it_receives_after_165_s_once(void **state)
{
	(void)state;
	rig_connect_out(&rig, &peer, "10.2.0.1");
	pass_quietly(164);
	rig_hear_keepalive(&rig, &peer);
	rig_expect_silence(&rig);
	rig_wait_s(&rig, 1);
	rig_hear_keepalive(&rig, &peer);
	rig_expect_initiation(&rig, &peer);
	rig_hear_keepalive(&rig, &peer);
	rig_expect_silence(&rig);
	rig_answer(&rig, &peer);
	rig_expect_keepalive(&rig, &peer);
}

static void a_late_packet_of_an_older_session_asks_for_none(void **state)
{
	struct peer older;

	(void)state;
	rig_connect_out(&rig, &peer, "10.2.0.1");
	pass_quietly(120);
	older = peer;
	send_packet();
	expect_data();
	rig_expect_initiation(&rig, &peer);
	rig_answer(&rig, &peer);
	rig_expect_keepalive(&rig, &peer);
	pass_quietly(50);
	rig_hear_keepalive(&rig, &older); // it is 170 s old, and replaced
	rig_expect_silence(&rig);
}

static void both_ends_begin_anew_after_2_to_the_60_packets(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		if (i == 0)
			rig_connect(&rig, &peer);
		else
			rig_connect_out(&rig, &peer, "10.2.0.1");
		rig_set_counter(&rig, 0, (1ull << 60) - 1);
		send_packet();
		expect_data();
		rig_wait_s(&rig, 6);
		rig_expect_silence(&rig);
		send_packet();
		expect_data();
		rig_expect_initiation(&rig, &peer);
		rig_answer(&rig, &peer);
		rig_expect_keepalive(&rig, &peer);
		leave(NULL);
		enter(NULL);
	}
}

// ---- keepalives

static void data_without_an_answer_is_followed_by_a_keepalive_after_10_s(void **state)
{
	uint64_t heard_ns;

	(void)state;
	rig_connect(&rig, &peer);
	rig_wait_s(&rig, 1);
	rig_expect_silence(&rig);
	heard_ns = rig_now_ns(&rig);
	hear_packet();
	rig_wait_s(&rig, 60);
	assert_in_range(since(heard_ns, rig.sent[0].at_ns), 10000, 10000 + LATE_MS);
	rig_expect_keepalive(&rig, &peer);
	rig_expect_silence(&rig);
}

static void more_data_meanwhile_is_followed_by_a_second_keepalive(void **state)
{
	uint64_t heard_ns;

	(void)state;
	rig_connect(&rig, &peer);
	heard_ns = rig_now_ns(&rig);
	hear_packet();
	rig_wait_s(&rig, 4);
	hear_packet();
	rig_wait_s(&rig, 60);
	assert_in_range(since(heard_ns, rig.sent[1].at_ns), 10000, 10000 + LATE_MS);
	assert_in_range(since(heard_ns, rig.sent[2].at_ns), 20000, 20000 + 2 * LATE_MS);
	assert_non_null(rig_take(&rig)); // the response was taken before
	rig_expect_keepalive(&rig, &peer);
	rig_expect_silence(&rig);
}

static void a_keepalive_is_not_followed_by_one(void **state)
{
	(void)state;
	rig_connect(&rig, &peer);
	rig_hear_keepalive(&rig, &peer);
	rig_wait_s(&rig, 60);
	rig_expect_silence(&rig);
}

static void a_packet_sent_in_time_makes_the_keepalive_needless(void **state)
{
	(void)state;
	rig_connect(&rig, &peer);
	hear_packet();
	rig_wait_s(&rig, 9);
	send_packet();
	expect_data();
	rig_hear_keepalive(&rig, &peer);
	rig_wait_s(&rig, 60);
	rig_expect_silence(&rig);
}

static void a_handshake_message_sent_in_time_does_so_too(void **state)
{
	uint8_t message[PEER_INITIATION];

	(void)state;
	rig_connect(&rig, &peer);
	hear_packet();
	rig_wait_s(&rig, 9);
	peer_initiate(&peer, message);
	rig_hear(&rig, peer.at, message, sizeof(message));
	rig_expect(&rig, 2);
	rig_wait_s(&rig, 60);
	rig_expect_silence(&rig);
}

// ---- a peer that is away

static void a_peer_silent_for_15_s_after_data_is_shaken(void **state)
{
	uint64_t sent_ns;

	(void)state;
	rig_connect(&rig, &peer);
	send_packet();
	sent_ns = rig_now_ns(&rig);
	expect_data();
	for (unsigned i = 0; i < 10; i++) { // which does not restart the timer
		rig_wait_s(&rig, 1);
		send_packet();
		expect_data();
	}
	rig_wait_s(&rig, 6);
	assert_in_range(since(sent_ns, rig_expect_initiation(&rig, &peer)->at_ns), 15000,
			15000 + SL_JITTER_MS + LATE_MS);
	rig_answer(&rig, &peer);
	rig_expect_keepalive(&rig, &peer);
}

static void any_authentic_packet_shows_that_the_peer_lives(void **state)
{
	(void)state;
	rig_connect(&rig, &peer);
	send_packet();
	expect_data();
	rig_wait_s(&rig, 14);
	rig_hear_keepalive(&rig, &peer);
	rig_wait_s(&rig, 60);
	rig_expect_silence(&rig);
	send_packet();
	expect_data();
	rig_wait_s(&rig, 14);
	rig_connect(&rig, &peer); // a handshake does, too
	rig_wait_s(&rig, 60);
	rig_expect_silence(&rig);
}

static void a_keepalive_of_ours_waits_for_no_answer(void **state)
{
	(void)state;
	rig_connect(&rig, &peer);
	hear_packet();
	rig_wait_s(&rig, 10);
	rig_wait(&rig, LATE_MS * MS_NS);
	rig_expect_keepalive(&rig, &peer);
	rig_wait_s(&rig, 100);
	rig_expect_silence(&rig);
}

static void our_address_towards_a_silent_peer_is_forgotten(void **state)
{
	(void)state;
	rig_connect(&rig, &peer);
	send_packet();
	assert_string_equal(rig.sent[rig.n_seen].from, "192.0.2.1:1");
	expect_data();
	rig_wait_s(&rig, 16);
	assert_string_equal(rig_expect_initiation(&rig, &peer)->from, "0.0.0.0:1");
	send_packet();
	assert_string_equal(rig.sent[rig.n_seen].from, "0.0.0.0:1");
	expect_data();
	rig_hear_keepalive(&rig, &peer);
	send_packet();
	assert_string_equal(rig.sent[rig.n_seen].from, "192.0.2.1:1");
	expect_data();
	rig_wait_s(&rig, 6); // the next try
	assert_string_equal(rig_expect_initiation(&rig, &peer)->from, "0.0.0.0:1");
	send_packet();
	assert_string_equal(rig.sent[rig.n_seen].from, "0.0.0.0:1");
	expect_data();
}

// ---- persistent keepalives

static void a_persistent_keepalive_begins_at_once_and_comes_when_nothing_passes(void **state)
{
	uint64_t last_ns;

	(void)state;
	leave(NULL);
	open_with("endpoint=192.0.2.2:2 allowed=10.2.0.0/16 keepalive=25");
	rig_expect_initiation(&rig, &peer);
	rig_answer(&rig, &peer);
	rig_expect_keepalive(&rig, &peer);
	last_ns = rig_now_ns(&rig);
	for (unsigned i = 0; i < 4; i++) {
		rig_wait(&rig, 25 * RIG_SECOND_NS + LATE_MS * MS_NS);
		assert_in_range(since(last_ns, rig.sent[rig.n_seen].at_ns), 25000, 25000 + LATE_MS);
		last_ns = rig.sent[rig.n_seen].at_ns;
		rig_expect_keepalive(&rig, &peer);
		rig_expect_silence(&rig);
	}
}

static void any_authentic_packet_postpones_the_persistent_keepalive(void **state)
{
	(void)state;
	leave(NULL);
	open_with("endpoint=192.0.2.2:2 allowed=10.2.0.0/16 keepalive=25");
	rig_expect_initiation(&rig, &peer);
	rig_answer(&rig, &peer);
	rig_expect_keepalive(&rig, &peer);
	rig_wait_s(&rig, 24);
	rig_hear_keepalive(&rig, &peer); // received
	rig_wait_s(&rig, 24);
	rig_expect_silence(&rig);
	send_packet(); // sent
	expect_data();
	rig_hear_keepalive(&rig, &peer);
	rig_wait_s(&rig, 24);
	rig_expect_silence(&rig);
	rig_connect(&rig, &peer); // a handshake
	rig_wait_s(&rig, 24);
	rig_expect_silence(&rig);
}

static void without_the_setting_there_is_no_persistent_keepalive(void **state)
{
	(void)state;
	rig_expect_silence(&rig);
	rig_connect(&rig, &peer);
	rig_wait_s(&rig, 500);
	rig_expect_silence(&rig);
}

static void a_persistent_keepalive_never_stops_asking_for_a_peer_that_is_away(void **state)
{
	(void)state;
	leave(NULL);
	open_with("endpoint=192.0.2.2:2 allowed=10.2.0.0/16 keepalive=25");
	for (unsigned i = 0; i < 10; i++) {
		rig_wait_s(&rig, 120); // more than one attempt and the interval
		assert_int_equal(rig_expect(&rig, 1)->len, PEER_INITIATION);
		while (rig_take(&rig))
			;
	}
	rig_connect(&rig, &peer);
	rig_wait_s(&rig, 26);
	rig_expect_keepalive(&rig, &peer);
}

// ---- the end of keys

static void keys_are_wiped_540_s_after_the_last_session(void **state)
{
	(void)state;
	rig_connect(&rig, &peer);
	rig_wait_s(&rig, 300);
	rig_connect(&rig, &peer);
	rig_wait_s(&rig, 539);
	assert_true(rig_has_keys(&rig, 0));
	rig_wait_s(&rig, 1);
	rig_wait(&rig, LATE_MS * MS_NS);
	assert_false(rig_has_keys(&rig, 0));
	assert_int_equal(sl_harness_metric(rig.data, "sessions"), 0);
}

static void asking_in_vain_does_not_keep_keys_alive(void **state)
{
	(void)state;
	rig_connect(&rig, &peer);
	for (unsigned i = 0; i < 54; i++) {
		send_packet();
		rig_wait_s(&rig, 10);
		while (rig_take(&rig))
			;
	}
	rig_wait(&rig, LATE_MS * MS_NS);
	assert_int_equal(sl_harness_metric(rig.data, "sessions"), 0);
	rig_wait_s(&rig, 100); // and the last attempt is given up
	assert_false(rig_has_keys(&rig, 0));
	while (rig_take(&rig))
		;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_initiation_is_tried_again_every_5_s_with_jitter_for_90_s),
		TEST(who_has_no_way_out_asks_nobody_and_asks_at_once_when_there_is_one),
		TEST(giving_up_drops_what_waits),
		TEST(a_new_packet_begins_the_90_s_anew),
		TEST(never_more_than_one_initiation_in_5_s_whatever_asks),
		TEST(a_response_counts_as_an_initiation_for_the_5_s),
		TEST(an_initiator_begins_anew_when_it_sends_after_120_s),
		TEST(a_responder_does_not_begin_anew_because_of_age),
		TEST(an_initiator_begins_anew_when_it_receives_after_165_s_once),
		TEST(a_late_packet_of_an_older_session_asks_for_none),
		TEST(both_ends_begin_anew_after_2_to_the_60_packets),
		TEST(data_without_an_answer_is_followed_by_a_keepalive_after_10_s),
		TEST(more_data_meanwhile_is_followed_by_a_second_keepalive),
		TEST(a_keepalive_is_not_followed_by_one),
		TEST(a_packet_sent_in_time_makes_the_keepalive_needless),
		TEST(a_handshake_message_sent_in_time_does_so_too),
		TEST(a_peer_silent_for_15_s_after_data_is_shaken),
		TEST(any_authentic_packet_shows_that_the_peer_lives),
		TEST(a_keepalive_of_ours_waits_for_no_answer),
		TEST(our_address_towards_a_silent_peer_is_forgotten),
		TEST(a_persistent_keepalive_begins_at_once_and_comes_when_nothing_passes),
		TEST(any_authentic_packet_postpones_the_persistent_keepalive),
		TEST(without_the_setting_there_is_no_persistent_keepalive),
		TEST(a_persistent_keepalive_never_stops_asking_for_a_peer_that_is_away),
		TEST(keys_are_wiped_540_s_after_the_last_session),
		TEST(asking_in_vain_does_not_keep_keys_alive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
