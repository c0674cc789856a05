// The states of a neighbour, each way from one to another.

#include "tests/core/ip/neighbour_rig.h"

static void an_empty_table_knows_nobody(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 1000; n++)
		assert_null(sl_neighbours_find(rig.t, ip_of(n).bytes));
	advertise(1, 1, true, true);
	hear(1, 1, false);
	assert_int_equal(rig.t->count, 0);
}

static void the_first_packet_waits_and_asks(void **state)
{
	(void)state;
	assert_false(use(7, 1));
	expect(ASK_ALL, 7, 0);
	assert_false(use(7, 2));
	expect_nothing();
	assert_int_equal(state_of(7), SL_NEIGHBOUR_INCOMPLETE);
	assert_int_equal(rig.t->held, 2);
	advertise(7, 9, true, true);
	expect(SEND, 7, 1);
	expect(SEND, 7, 2);
	expect_nothing();
	assert_int_equal(state_of(7), SL_NEIGHBOUR_REACHABLE);
	assert_true(use(7, 3));
}

// RFC 4861 7.2.2: three solicitations, a second apart, then the packets are unreachable.
static void silence_after_three_questions_refuses_what_waits(void **state)
{
	(void)state;
	use(7, 1);
	use(7, 2);
	expect(ASK_ALL, 7, 0);
	pass(SECOND - 1);
	expect_nothing();
	pass(1);
	expect(ASK_ALL, 7, 0);
	pass(SECOND);
	expect(ASK_ALL, 7, 0);
	pass(SECOND - 1);
	expect_nothing();
	pass(1);
	expect(REFUSE, 0, 1);
	expect(REFUSE, 0, 2);
	expect_nothing();
	assert_int_equal(rig.refused[SL_NEIGHBOUR_UNREACHABLE], 2);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_FREE);
	assert_int_equal(rig.t->count, 0);
	use(7, 3); // and again
	expect(ASK_ALL, 7, 0);
	advertise(7, 9, true, true);
	expect(SEND, 7, 3);
}

// RFC 4861 7.3.3, all the way round and to the end.
static void reachable_stale_delay_probe_gone(void **state)
{
	(void)state;
	reach(7, 9);
	pass(30 * SECOND - 1);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_REACHABLE);
	pass(1);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_STALE);
	pass(300 * SECOND);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_STALE);
	assert_true(use(7, 1));
	assert_int_equal(state_of(7), SL_NEIGHBOUR_DELAY);
	pass(5 * SECOND - 1);
	expect_nothing();
	pass(1);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_PROBE);
	expect(ASK_ONE, 7, 0);
	for (unsigned i = 1; i < SL_NEIGHBOUR_TRIES; i++) {
		assert_true(use(7, 1)); // goes out all the while
		pass(SECOND);
		expect(ASK_ONE, 7, 0);
	}
	pass(SECOND);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_FREE);
	expect_nothing();
}

static void an_answer_to_a_probe_makes_it_reachable_again(void **state)
{
	(void)state;
	reach(7, 9);
	pass(30 * SECOND);
	use(7, 1);
	pass(5 * SECOND);
	expect(ASK_ONE, 7, 0);
	advertise(7, 9, true, false);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_REACHABLE);
	pass(10 * SECOND);
	expect_nothing();
}

static void a_confirmation_starts_the_time_anew(void **state)
{
	(void)state;
	reach(7, 9);
	pass(20 * SECOND);
	advertise(7, 9, true, false);
	pass(20 * SECOND);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_REACHABLE);
	pass(10 * SECOND);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_STALE);
}

static void unused_neighbours_are_forgotten(void **state)
{
	(void)state;
	reach(7, 9);
	hear(8, 10, true);
	pass(30 * SECOND);
	pass(570 * SECOND);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_STALE);
	assert_int_equal(state_of(8), SL_NEIGHBOUR_FREE);
	pass(30 * SECOND);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_FREE);
	assert_int_equal(rig.t->count, 0);
}

// RFC 4861 7.2.3.
static void who_asks_us_is_stale_and_usable(void **state)
{
	(void)state;
	hear(7, 9, true);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_STALE);
	assert_true(use(7, 1));
	assert_int_equal(state_of(7), SL_NEIGHBOUR_DELAY);
	pass(5 * SECOND);
	expect(ASK_ONE, 7, 0);
	advertise(7, 9, true, true);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_REACHABLE);
}

static void who_asks_us_with_another_address_becomes_stale(void **state)
{
	(void)state;
	reach(7, 9);
	hear(7, 9, true); // the same: nothing new
	assert_int_equal(state_of(7), SL_NEIGHBOUR_REACHABLE);
	hear(7, 10, true);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_STALE);
	assert_int_equal(mac_known(7), 10);
}

static void packets_go_to_who_asks_us_while_we_ask(void **state)
{
	(void)state;
	use(7, 1);
	expect(ASK_ALL, 7, 0);
	hear(7, 9, true);
	expect(SEND, 7, 1);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_DELAY);
}

// RFC 4861 7.2.5, for INCOMPLETE.
static void an_advertisement_completes_as_its_flags_say(void **state)
{
	(void)state;
	use(1, 1);
	expect(ASK_ALL, 1, 0);
	advertise(1, 0, true, true); // without an address
	assert_int_equal(state_of(1), SL_NEIGHBOUR_INCOMPLETE);
	expect_nothing();
	advertise(1, 9, false, false);
	expect(SEND, 1, 1);
	assert_int_equal(state_of(1), SL_NEIGHBOUR_DELAY); // stale, and used
	use(2, 2);
	expect(ASK_ALL, 2, 0);
	advertise(2, 9, true, false);
	expect(SEND, 2, 2);
	assert_int_equal(state_of(2), SL_NEIGHBOUR_REACHABLE);
}

// RFC 4861 7.2.5, for all other states: {solicited, override, other address} -> state, address.
static void an_advertisement_changes_what_its_flags_say(void **state)
{
	static const struct {
		bool solicited, override;
		uint8_t mac; // 0: not said
		enum sl_neighbour_state from, to;
		uint8_t result;
	} cases[] = {
		{false, false, 9, SL_NEIGHBOUR_REACHABLE, SL_NEIGHBOUR_REACHABLE, 9},
		{false, true, 9, SL_NEIGHBOUR_REACHABLE, SL_NEIGHBOUR_REACHABLE, 9},
		{false, false, 10, SL_NEIGHBOUR_REACHABLE, SL_NEIGHBOUR_STALE, 9},
		{true, false, 10, SL_NEIGHBOUR_REACHABLE, SL_NEIGHBOUR_STALE, 9},
		{false, true, 10, SL_NEIGHBOUR_REACHABLE, SL_NEIGHBOUR_STALE, 10},
		{true, true, 10, SL_NEIGHBOUR_REACHABLE, SL_NEIGHBOUR_REACHABLE, 10},
		{true, false, 0, SL_NEIGHBOUR_REACHABLE, SL_NEIGHBOUR_REACHABLE, 9},
		{false, false, 9, SL_NEIGHBOUR_STALE, SL_NEIGHBOUR_STALE, 9},
		{true, false, 9, SL_NEIGHBOUR_STALE, SL_NEIGHBOUR_REACHABLE, 9},
		{true, false, 10, SL_NEIGHBOUR_STALE, SL_NEIGHBOUR_STALE, 9},
		{false, true, 10, SL_NEIGHBOUR_STALE, SL_NEIGHBOUR_STALE, 10},
		{true, true, 10, SL_NEIGHBOUR_STALE, SL_NEIGHBOUR_REACHABLE, 10},
		{true, false, 0, SL_NEIGHBOUR_STALE, SL_NEIGHBOUR_REACHABLE, 9},
		{false, true, 0, SL_NEIGHBOUR_STALE, SL_NEIGHBOUR_STALE, 9},
		{true, false, 10, SL_NEIGHBOUR_DELAY, SL_NEIGHBOUR_DELAY, 9},
		{true, true, 9, SL_NEIGHBOUR_DELAY, SL_NEIGHBOUR_REACHABLE, 9},
		{false, true, 10, SL_NEIGHBOUR_DELAY, SL_NEIGHBOUR_STALE, 10},
		{false, false, 9, SL_NEIGHBOUR_PROBE, SL_NEIGHBOUR_PROBE, 9},
		{true, false, 9, SL_NEIGHBOUR_PROBE, SL_NEIGHBOUR_REACHABLE, 9},
		{true, false, 10, SL_NEIGHBOUR_PROBE, SL_NEIGHBOUR_PROBE, 9},
		{false, true, 10, SL_NEIGHBOUR_PROBE, SL_NEIGHBOUR_STALE, 10},
		{true, true, 10, SL_NEIGHBOUR_PROBE, SL_NEIGHBOUR_REACHABLE, 10},
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		reach(i, 9);
		if (cases[i].from != SL_NEIGHBOUR_REACHABLE)
			pass(30 * SECOND);
		if (cases[i].from > SL_NEIGHBOUR_STALE && cases[i].from < SL_NEIGHBOUR_REACHABLE)
			use(i, 1);
		if (cases[i].from == SL_NEIGHBOUR_PROBE)
			pass(5 * SECOND);
		assert_int_equal(state_of(i), cases[i].from);
		advertise(i, cases[i].mac, cases[i].solicited, cases[i].override);
		assert_int_equal(state_of(i), cases[i].to);
		assert_int_equal(mac_known(i), cases[i].result);
	}
}

static void a_full_queue_refuses_its_oldest(void **state)
{
	(void)state;
	for (uintptr_t p = 1; p <= HOLD + 2; p++)
		use(7, p);
	expect(ASK_ALL, 7, 0);
	expect(REFUSE, 0, 1);
	expect(REFUSE, 0, 2);
	assert_int_equal(rig.refused[SL_NEIGHBOUR_QUEUE_FULL], 2);
	assert_int_equal(rig.t->held, HOLD);
	advertise(7, 9, true, true);
	for (uintptr_t p = 3; p <= HOLD + 2; p++)
		expect(SEND, 7, p);
}

static void what_waits_for_all_is_bounded_and_the_oldest_goes(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= HOLDS + 10; n++) {
		use(n, n);
		if (n > HOLDS)
			expect(REFUSE, 0, n - HOLDS);
		expect(ASK_ALL, n, 0);
	}
	assert_int_equal(rig.t->held, HOLDS);
	advertise(5, 9, true, true); // its packet has gone
	expect_nothing();
	for (uint32_t n = 11; n <= HOLDS + 10; n++) {
		advertise(n, 9, true, true);
		expect(SEND, n, n);
	}
	assert_int_equal(rig.t->held, 0);
}

static void fixed_neighbours_do_not_change(void **state)
{
	(void)state;
	use(7, 1);
	assert_true(sl_neighbours_fix(rig.t, ip_of(7).bytes, mac_of(9).bytes, false));
	expect(ASK_ALL, 7, 0);
	expect(SEND, 7, 1);
	advertise(7, 10, true, true);
	hear(7, 11, true);
	assert_int_equal(mac_known(7), 9);
	pass(10000 * SECOND);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_PERMANENT);
	assert_true(use(7, 2));
	expect_nothing();
	sl_neighbours_unfix(rig.t, ip_of(7).bytes);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_FREE);
	reach(8, 9);
	sl_neighbours_unfix(rig.t, ip_of(8).bytes); // is not
	assert_int_equal(state_of(8), SL_NEIGHBOUR_REACHABLE);
}

static void headers_are_ready_to_be_sent(void **state)
{
	static const uint8_t header[14] = {2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 8, 0},
			     mac[6] = {2, 0, 0, 0, 0, 0x55};

	(void)state;
	reach(7, 9);
	assert_memory_equal(sl_neighbours_find(rig.t, ip_of(7).bytes)->header, header, 14);
	sl_neighbours_set_mac(rig.t, mac);
	assert_memory_equal(sl_neighbours_find(rig.t, ip_of(7).bytes)->header + 6, mac, 6);
	reach(8, 9);
	assert_memory_equal(sl_neighbours_find(rig.t, ip_of(8).bytes)->header + 6, mac, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_empty_table_knows_nobody, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(the_first_packet_waits_and_asks, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(silence_after_three_questions_refuses_what_waits,
						rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(reachable_stale_delay_probe_gone, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(an_answer_to_a_probe_makes_it_reachable_again,
						rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_confirmation_starts_the_time_anew, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(unused_neighbours_are_forgotten, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(who_asks_us_is_stale_and_usable, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(who_asks_us_with_another_address_becomes_stale,
						rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(packets_go_to_who_asks_us_while_we_ask, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(an_advertisement_completes_as_its_flags_say,
						rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(an_advertisement_changes_what_its_flags_say,
						rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_full_queue_refuses_its_oldest, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(what_waits_for_all_is_bounded_and_the_oldest_goes,
						rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(fixed_neighbours_do_not_change, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(headers_are_ready_to_be_sent, rig_setup,
						rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
