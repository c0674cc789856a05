#include "core/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct sl_histogram h;

static int empty(void **state)
{
	(void)state;
	h = (struct sl_histogram){0};
	return 0;
}

static void empty_histogram_has_quantile_zero(void **state)
{
	(void)state;
	assert_int_equal(sl_histogram_quantile(&h, 0.5), 0);
}

static void small_values_are_exact(void **state)
{
	(void)state;
	for (uint64_t v = 0; v < 128; v++) {
		h = (struct sl_histogram){0};
		sl_histogram_add(&h, v);
		sl_histogram_add(&h, UINT64_MAX);
		assert_int_equal(sl_histogram_quantile(&h, 0.5), v);
	}
}

static void cells_are_in_order_without_holes(void **state)
{
	(void)state;
	for (uint64_t v = 1; v < 1000000; v++) {
		unsigned before = sl_histogram_cell(v - 1), cell = sl_histogram_cell(v);

		assert_true(cell == before || cell == before + 1);
	}
	assert_int_equal(sl_histogram_cell((1ULL << 44) - 1), SL_HISTOGRAM_CELLS - 1);
	assert_int_equal(sl_histogram_cell(UINT64_MAX), SL_HISTOGRAM_CELLS - 1);
}

static void quantiles_are_at_most_two_percent_high(void **state)
{
	(void)state;
	for (uint64_t v = 1; v < 1ULL << 43; v += v / 7 + 1) {
		uint64_t q;

		h = (struct sl_histogram){0};
		sl_histogram_add(&h, v);
		sl_histogram_add(&h, UINT64_MAX);
		q = sl_histogram_quantile(&h, 0.5);
		assert_true(q >= v);
		assert_true((double)q <= (double)v * 1.02);
	}
}

static void quantiles_are_those_of_a_sorted_list(void **state)
{
	(void)state;
	for (uint64_t v = 1; v <= 100; v++)
		sl_histogram_add(&h, v);
	assert_int_equal(sl_histogram_quantile(&h, 0.0), 1);
	assert_int_equal(sl_histogram_quantile(&h, 0.5), 50);
	assert_int_equal(sl_histogram_quantile(&h, 0.99), 99);
	assert_int_equal(sl_histogram_quantile(&h, 1.0), 100);
	assert_int_equal(h.count, 100);
}

static void no_quantile_exceeds_the_largest_value(void **state)
{
	(void)state;
	sl_histogram_add(&h, 1000001);
	assert_int_equal(sl_histogram_quantile(&h, 0.99), 1000001);
	sl_histogram_add(&h, 1ULL << 50);
	assert_int_equal(sl_histogram_quantile(&h, 0.99), 1ULL << 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(empty_histogram_has_quantile_zero, empty),
		cmocka_unit_test_setup(small_values_are_exact, empty),
		cmocka_unit_test_setup(cells_are_in_order_without_holes, empty),
		cmocka_unit_test_setup(quantiles_are_at_most_two_percent_high, empty),
		cmocka_unit_test_setup(quantiles_are_those_of_a_sorted_list, empty),
		cmocka_unit_test_setup(no_quantile_exceeds_the_largest_value, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
