// Runs beside a table that has every entry.

#include "core/ip/runs.h"

#include <rte_common.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SIZE = 1 << 16 };

static uint32_t table[SIZE];

// A draft whose n runs end at random places, and what it says in the table.
static struct sl_runs_draft random_draft(unsigned n)
{
	struct sl_runs_draft d = {.n = 0};
	unsigned index = 0;

	for (unsigned run = 0; run < n; run++) {
		unsigned most = (SIZE - index) / (n - run), len = 1 + (unsigned)rand() % most;
		unsigned last = run == n - 1 ? SIZE - 1 : index + len - 1;
		uint32_t entry = (uint32_t)rand();

		sl_runs_push(&d, (uint16_t)last, entry, false);
		for (; index <= last; index++)
			table[index] = entry;
	}
	return d;
}

static void every_index_has_the_entry_of_its_run(void **state)
{
	struct sl_runs r;

	(void)state;
	for (unsigned n = 1; n <= SL_RUNS_MAX; n++) {
		struct sl_runs_draft d = random_draft(n);

		sl_runs_store(&r, &d, 0, 0);
		assert_int_equal(sl_runs_count(&r), n);
		for (unsigned i = 0; i < SIZE; i++)
			assert_int_equal(sl_runs_get(&r, (uint16_t)i), table[i]);
		for (unsigned run = 0; run < n; run++)
			assert_int_equal(sl_runs_last(&r, run), d.lasts[run]);
	}
}

static void runs_of_one_index_are_found(void **state)
{
	struct sl_runs_draft d = {.n = 0};
	struct sl_runs r;

	(void)state;
	for (unsigned i = 0; i < SL_RUNS_MAX - 1; i++)
		sl_runs_push(&d, (uint16_t)i, 100 + i, false);
	sl_runs_push(&d, UINT16_MAX, 7, false);
	sl_runs_store(&r, &d, 0, 0);
	for (unsigned i = 0; i < SL_RUNS_MAX - 1; i++)
		assert_int_equal(sl_runs_get(&r, (uint16_t)i), 100 + i);
	assert_int_equal(sl_runs_get(&r, SL_RUNS_MAX - 1), 7);
	assert_int_equal(sl_runs_get(&r, UINT16_MAX), 7);
}

// Parts fit as soon as each has few enough runs, and then hold what the whole says of them.
static void parts_have_what_the_whole_says(void **state)
{
	unsigned fitted = 0;

	(void)state;
	for (unsigned n = 1; n <= SL_RUNS_DRAFT_MAX; n++) {
		struct sl_runs_draft d = random_draft(n);

		for (unsigned bits = 0; bits <= 3; bits++) {
			unsigned size = SIZE >> bits, most = 0;
			struct sl_runs r;

			for (unsigned part = 0; part < 1u << bits; part++) {
				unsigned runs = 1;

				for (unsigned i = part * size + 1; i < (part + 1) * size; i++)
					runs += table[i] != table[i - 1];
				most = RTE_MAX(most, runs);
			}
			assert_int_equal(sl_runs_fit(&d, bits), most <= SL_RUNS_MAX);
			for (unsigned i = 0; most <= SL_RUNS_MAX && i < SIZE; i++) {
				if (i % size == 0)
					sl_runs_store(&r, &d, i / size, bits);
				if (sl_runs_get(&r, (uint16_t)i) != table[i])
					fail_msg("%u runs, %u bits: entry %u", n, bits, i);
			}
			fitted += n > SL_RUNS_MAX && most <= SL_RUNS_MAX;
		}
	}
	assert_true(fitted > 0);
}

static void what_joins_makes_the_last_run_longer(void **state)
{
	struct sl_runs_draft d = {.n = 0};

	(void)state;
	sl_runs_push(&d, 9, 1, false);
	sl_runs_push(&d, 19, 1, true);
	sl_runs_push(&d, UINT16_MAX, 2, false);
	assert_int_equal(d.n, 2);
	assert_int_equal(d.lasts[0], 19);
	assert_int_equal(d.entries[0], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_index_has_the_entry_of_its_run),
		cmocka_unit_test(runs_of_one_index_are_found),
		cmocka_unit_test(parts_have_what_the_whole_says),
		cmocka_unit_test(what_joins_makes_the_last_run_longer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
