#include "cli/unseal_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// Segment `number` of a capture: its id is made of both.
static struct unseal_segment segment(uint8_t capture, uint8_t number)
{
	struct unseal_segment s = {.info = {.number = number}};

	memset(s.info.id, capture * 16 + number + 1, SL_UNSEAL_ID);
	if (number > 0)
		memset(s.info.previous, capture * 16 + number, SL_UNSEAL_ID);
	return s;
}

static unsigned what(const struct unseal_segment *s)
{
	return s->info.id[0] - 1U;
}

static void any_order_becomes_the_right_one(void **state)
{
	(void)state;
	srand(1);
	for (unsigned turn = 0; turn < 200; turn++) {
		struct unseal_segment s[8];

		for (uint8_t i = 0; i < 8; i++)
			s[i] = segment(1, i);
		for (unsigned i = 0; i < 8; i++) {
			unsigned j = (unsigned)rand() % 8;
			struct unseal_segment swapped = s[i];

			s[i] = s[j];
			s[j] = swapped;
		}
		assert_int_equal(unseal_order(s, 8), 0);
		for (unsigned i = 0; i < 8; i++) {
			assert_int_equal(what(&s[i]), 16 + i);
			assert_int_equal(s[i].has_before, i > 0);
			assert_int_equal(s[i].has_after, i < 7);
			assert_false(s[i].is_again);
		}
	}
}

static void captures_stand_by_their_first_segment_given(void **state)
{
	struct unseal_segment s[] = {segment(2, 1), segment(1, 0), segment(2, 0), segment(1, 1)};
	static const unsigned wanted[] = {32, 33, 16, 17};

	(void)state;
	assert_int_equal(unseal_order(s, 4), 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(what(&s[i]), wanted[i]);
	assert_false(s[2].has_before);
	assert_false(s[1].has_after);
}

static void a_gap_is_seen_on_both_sides(void **state)
{
	struct unseal_segment s[] = {segment(1, 3), segment(1, 0), segment(1, 4)};

	(void)state;
	assert_int_equal(unseal_order(s, 3), 0);
	assert_int_equal(what(&s[0]), 16 + 3);
	assert_false(s[0].has_before);
	assert_true(s[0].has_after && s[1].has_before);
	assert_int_equal(what(&s[2]), 16);
	assert_false(s[2].has_after);
}

static void the_same_segment_again_is_marked(void **state)
{
	struct unseal_segment s[] = {segment(1, 1), segment(1, 0), segment(1, 1), segment(1, 0)};

	(void)state;
	assert_int_equal(unseal_order(s, 4), 0);
	assert_int_equal(what(&s[0]), 16);
	assert_int_equal(what(&s[1]), 16);
	assert_int_equal(what(&s[2]), 17);
	assert_int_equal(what(&s[3]), 17);
	assert_true(!s[0].is_again && s[1].is_again && !s[2].is_again && s[3].is_again);
	assert_true(s[0].has_after && s[2].has_before);
}

static void nothing_and_one_are_in_order(void **state)
{
	struct unseal_segment s[] = {segment(1, 0)};

	(void)state;
	assert_int_equal(unseal_order(s, 0), 0);
	assert_int_equal(unseal_order(s, 1), 0);
	assert_true(!s[0].has_before && !s[0].has_after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_becomes_the_right_one),
		cmocka_unit_test(captures_stand_by_their_first_segment_given),
		cmocka_unit_test(a_gap_is_seen_on_both_sides),
		cmocka_unit_test(the_same_segment_again_is_marked),
		cmocka_unit_test(nothing_and_one_are_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
