// The neighbour table under floods of every kind, and its neighbours in another table.

#include "tests/core/ip/neighbour_rig.h"

// Twenty neighbours that have answered, in each state that such can be in.
static void make_friends(void)
{
	for (uint32_t n = 0; n < 20; n++)
		reach(n, (uint8_t)(n + 1));
	pass(30 * SECOND); // stale
	for (uint32_t n = 5; n < 15; n++)
		use(n, 1);
	pass(5 * SECOND); // ten are asked
	for (uint32_t n = 10; n < 15; n++)
		advertise(n, (uint8_t)(n + 1), true, true);
	for (uint32_t n = 15; n < 20; n++)
		use(n, 1); // used
	rig.read = rig.n;
}

static void check_friends(void)
{
	for (uint32_t n = 0; n < 20; n++) {
		assert_int_equal(mac_known(n), n + 1);
		assert_true(use(n, 1));
	}
}

static void check_parts(void)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < SL_NEIGHBOUR_PARTS; i++) {
		sum += rig.t->parts[i].count;
		assert_true(rig.t->parts[i].count <= rig.t->parts[i].share);
	}
	assert_int_equal(sum, rig.t->count);
	assert_true(rig.t->count <= ENTRIES);
}

// A scan of addresses that nobody has.
static void a_flood_of_silent_addresses_displaces_only_its_like(void **state)
{
	(void)state;
	make_friends();
	for (uint32_t n = 1000; n < 101000; n++) {
		assert_false(use(n, n));
		assert_true(rig.t->held <= HOLDS);
		if (n % 1000 == 0)
			check_parts();
	}
	check_friends();
	assert_int_equal(rig.t->parts[SL_NEIGHBOUR_INCOMPLETE].count, ENTRIES / 4);
	for (unsigned i = 0; i < 3100; i++)
		pass(SECOND / 1000);
	assert_int_equal(rig.t->parts[SL_NEIGHBOUR_INCOMPLETE].count, 0);
	assert_int_equal(rig.t->held, 0);
	assert_int_equal(rig.counts[SEND] + rig.counts[REFUSE], 100000 + 20);
}

// Requests from senders that are made up.
static void a_flood_of_claims_displaces_only_its_like(void **state)
{
	(void)state;
	make_friends();
	for (uint32_t n = 1000; n < 101000; n++) {
		hear(n, (uint8_t)n, true);
		if (n % 1000 == 0)
			check_parts();
	}
	check_friends();
	assert_int_equal(rig.t->parts[SL_NEIGHBOUR_STALE].count, ENTRIES / 4);
}

// The same, each made to be answered, and advertised as if we had asked.
static void a_flood_of_claims_that_are_used_displaces_only_its_like(void **state)
{
	(void)state;
	make_friends();
	for (uint32_t n = 1000; n < 101000; n++) {
		hear(n, (uint8_t)n, true);
		assert_true(use(n, 1));
		if (n % 2)
			advertise(n, (uint8_t)n, true, true);
		if (n % 1000 == 0)
			check_parts();
	}
	check_friends();
	assert_true(rig.t->count <= ENTRIES / 2 + ENTRIES / 8);
}

static void who_answers_during_a_flood_gets_in(void **state)
{
	(void)state;
	make_friends();
	for (uint32_t n = 1000; n < 101000; n++) {
		use(n, n);
		hear(n + 1000000, 3, true);
		if (n % 100 == 0)
			use(n + 2000000, 1); // answers ten solicitations later
		if (n % 100 == 10) {
			advertise(n + 2000000 - 10, 77, true, true);
			assert_true(use(n + 2000000 - 10, 2));
			rig.now += SECOND / 1000;
			sl_neighbours_tick(rig.t, rig.now, 64);
		}
		if ((n - 1000) / 100 == 600)
			break; // as many as the table still has room for
	}
	check_friends();
	for (uint32_t n = 1000; n < 61000; n += 100)
		assert_int_equal(state_of(n + 2000000), SL_NEIGHBOUR_REACHABLE);
	for (unsigned i = 0; i < 8; i++)
		pass(SECOND);
}

// Neighbours that are there fill the table: strangers have no place, those stay.
static void a_table_full_of_confirmed_neighbours_refuses_strangers(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < ENTRIES; n++)
		reach(n, 9);
	assert_false(use(5000, 1));
	expect(REFUSE, 0, 1);
	assert_int_equal(rig.refused[SL_NEIGHBOUR_TABLE_FULL], 1);
	hear(5001, 1, true);
	expect_nothing();
	assert_int_equal(rig.t->count, ENTRIES);
	for (uint32_t n = 0; n < ENTRIES; n++)
		assert_true(use(n, 1));
	assert_true(sl_neighbours_fix(rig.t, ip_of(5000).bytes, mac_of(1).bytes, false));
	assert_int_equal(rig.t->count, ENTRIES);
}

// Against a model: a hash table that forgets must find all that is left, and nothing else.
static void whoever_is_in_is_found_and_nobody_else(void **state)
{
	static bool in[4096];
	uint32_t count = 0;

	(void)state;
	memset(in, 0, sizeof(in));
	srand(5);
	for (unsigned i = 0; i < 200000; i++) {
		uint32_t n = (uint32_t)rand() % 4096;

		if (in[n]) {
			sl_neighbours_unfix(rig.t, ip_of(n).bytes);
			count--;
		} else if (count < ENTRIES) {
			assert_true(
				sl_neighbours_fix(rig.t, ip_of(n).bytes, mac_of(1).bytes, false));
			count++;
		} else {
			continue;
		}
		in[n] = !in[n];
		if (i % 5000 == 0)
			for (n = 0; n < 4096; n++)
				assert_int_equal(state_of(n) == SL_NEIGHBOUR_PERMANENT, in[n]);
	}
	assert_int_equal(rig.t->count, count);
}

static void a_tick_does_a_bounded_amount_of_work(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 200; n++)
		use(n, n);
	rig.counts[ASK_ALL] = 0;
	rig.now += SECOND;
	sl_neighbours_tick(rig.t, rig.now, 64);
	assert_int_equal(rig.counts[ASK_ALL], 64);
	sl_neighbours_tick(rig.t, rig.now, 64);
	assert_int_equal(rig.counts[ASK_ALL], 128);
	for (unsigned i = 0; i < 20; i++)
		pass(SECOND);
	assert_int_equal(rig.t->count, 0);
}

// ---- a change of the configuration

// Put the neighbours of rig.t into a table of so many entries.
static void change(uint32_t entries)
{
	struct sl_neighbour_config config = rig_config(entries);
	struct sl_neighbours *next = sl_neighbours_create(&config, &rig_acts);

	assert_non_null(next);
	assert_true(sl_neighbours_fix(next, ip_of(99).bytes, mac_of(99).bytes, false));
	sl_neighbours_adopt(next, rig.t, rig.now);
	assert_int_equal(rig.t->held, 0);
	sl_neighbours_destroy(rig.t);
	rig.t = next;
}

static void neighbours_and_packets_outlive_a_change(void **state)
{
	(void)state;
	make_friends();
	use(50, 50);
	use(50, 51);
	use(99, 52);
	hear(60, 6, true);
	sl_neighbours_fix(rig.t, ip_of(70).bytes, mac_of(7).bytes, false);
	sl_neighbours_fix(rig.t, ip_of(71).bytes, mac_of(7).bytes, true);
	rig.read = rig.n;
	change(ENTRIES / 2);
	expect(SEND, 99, 52); // which the new configuration fixes
	check_friends();
	assert_int_equal(state_of(70), SL_NEIGHBOUR_FREE);
	assert_int_equal(state_of(71), SL_NEIGHBOUR_PERMANENT);
	assert_int_equal(state_of(60), SL_NEIGHBOUR_STALE);
	advertise(50, 5, true, true);
	expect(SEND, 50, 50);
	expect(SEND, 50, 51);
	assert_true(sl_neighbours_find(rig.t, ip_of(50).bytes)->known);
	pass(30 * SECOND);
	assert_int_equal(state_of(50), SL_NEIGHBOUR_STALE);
}

static void a_smaller_table_keeps_the_best_known(void **state)
{
	(void)state;
	make_friends();
	for (uint32_t n = 1000; n < 1200; n++)
		use(n, n);
	rig.read = rig.n;
	change(32);
	for (uint32_t n = 0; n < 20; n++)
		assert_int_equal(mac_known(n), n + 1);
	assert_int_equal(rig.t->count, 21 + 8); // a quarter for the silent
	for (unsigned i = 0; i < 4; i++)
		pass(SECOND);
	assert_int_equal(rig.counts[SEND] + rig.counts[REFUSE], 20 + 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_flood_of_silent_addresses_displaces_only_its_like,
						rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_flood_of_claims_displaces_only_its_like,
						rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(
			a_flood_of_claims_that_are_used_displaces_only_its_like, rig_setup,
			rig_teardown),
		cmocka_unit_test_setup_teardown(who_answers_during_a_flood_gets_in, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(
			a_table_full_of_confirmed_neighbours_refuses_strangers, rig_setup,
			rig_teardown),
		cmocka_unit_test_setup_teardown(whoever_is_in_is_found_and_nobody_else, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(a_tick_does_a_bounded_amount_of_work, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(neighbours_and_packets_outlive_a_change, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(a_smaller_table_keeps_the_best_known, rig_setup,
						rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
