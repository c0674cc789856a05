#include "core/tunnel/indices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void an_index_finds_its_value_until_it_is_given_back(void **state)
{
	struct sl_indices *t = sl_indices_create(2);
	uint32_t a, b, c;

	(void)state;
	assert_true(sl_indices_take(t, 7, &a));
	assert_true(sl_indices_take(t, 8, &b));
	assert_false(sl_indices_take(t, 9, &c));
	assert_int_equal(sl_indices_find(t, a), 7);
	assert_int_equal(sl_indices_find(t, b), 8);
	assert_true(sl_indices_set(t, a, 70));
	assert_int_equal(sl_indices_find(t, a), 70);
	assert_true(sl_indices_give(t, a));
	assert_false(sl_indices_give(t, a));
	assert_false(sl_indices_set(t, a, 1));
	assert_int_equal(sl_indices_find(t, a), SL_INDEX_FREE);
	assert_int_equal(sl_indices_count(t), 1);
	sl_indices_destroy(t);
}

static void indices_of_one_slot_do_not_lose_one_another(void **state)
{
	enum { N = 6 };
	struct sl_indices *t = sl_indices_create(N); // 16 slots

	(void)state;
	// All but one have the last slot as their home, and go round the end.
	for (uint32_t gone = 0; gone < N; gone++) {
		for (uint32_t i = 0; i < N; i++)
			assert_true(sl_indices_put(t, i == 3 ? 0 : i * 16 + 15, i));
		assert_false(sl_indices_put(t, 15, 1));
		assert_true(sl_indices_give(t, gone == 3 ? 0 : gone * 16 + 15));
		for (uint32_t i = 0; i < N; i++)
			assert_int_equal(sl_indices_find(t, i == 3 ? 0 : i * 16 + 15),
					 i == gone ? SL_INDEX_FREE : i);
		for (uint32_t i = 0; i < N; i++)
			sl_indices_give(t, i == 3 ? 0 : i * 16 + 15);
		assert_int_equal(sl_indices_count(t), 0);
	}
	sl_indices_destroy(t);
}

static void random_changes_are_as_in_a_list(void **state)
{
	enum { N = 500, STEPS = 100000 };
	static uint32_t held[N];
	struct sl_indices *t = sl_indices_create(N);
	uint32_t n = 0;

	(void)state;
	srand(3);
	for (unsigned step = 0; step < STEPS; step++) {
		if (n < N && rand() % 2) {
			assert_true(sl_indices_take(t, n, &held[n]));
			n++;
		} else if (n > 0) {
			uint32_t i = (uint32_t)rand() % n;

			assert_int_equal(sl_indices_find(t, held[i]), i);
			assert_true(sl_indices_give(t, held[i]));
			held[i] = held[--n];
			if (i < n)
				assert_true(sl_indices_set(t, held[i], i));
		}
		assert_int_equal(sl_indices_count(t), n);
	}
	sl_indices_destroy(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_finds_its_value_until_it_is_given_back),
		cmocka_unit_test(indices_of_one_slot_do_not_lose_one_another),
		cmocka_unit_test(random_changes_are_as_in_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
