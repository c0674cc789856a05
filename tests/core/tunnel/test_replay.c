#include "core/tunnel/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void numbers_far_behind_are_refused(void **state)
{
	const uint64_t newest = 100000;
	struct sl_replay r = {0};

	(void)state;
	assert_true(sl_replay_accept(&r, newest));
	assert_false(sl_replay_accept(&r, newest));
	assert_true(sl_replay_accept(&r, newest - SL_REPLAY_WINDOW));
	assert_false(sl_replay_accept(&r, newest - SL_REPLAY_WINDOW));
	assert_false(sl_replay_accept(&r, newest - SL_REPLAY_WINDOW - 1));
	assert_false(sl_replay_accept(&r, 0));
	// One step on, and the last one falls out.
	assert_true(sl_replay_accept(&r, newest + 1));
	assert_false(sl_replay_accept(&r, newest - SL_REPLAY_WINDOW));
	assert_true(sl_replay_accept(&r, newest - SL_REPLAY_WINDOW + 1));
}

static void a_leap_forgets_all_that_was_seen(void **state)
{
	struct sl_replay r = {0};

	(void)state;
	for (uint64_t n = 0; n < 500; n++)
		assert_true(sl_replay_accept(&r, n));
	// The same place in the ring, ages later.
	for (uint64_t n = 64 * SL_REPLAY_WORDS * 1000 + 499; n >= 64 * SL_REPLAY_WORDS * 1000; n--)
		assert_true(sl_replay_accept(&r, n));
}

static void no_number_from_the_limit_on_is_accepted(void **state)
{
	struct sl_replay r = {0};

	(void)state;
	assert_false(sl_replay_accept(&r, UINT64_MAX));
	assert_false(sl_replay_accept(&r, SL_REPLAY_LIMIT));
	assert_true(sl_replay_accept(&r, 5)); // and it moved nothing
	assert_true(sl_replay_accept(&r, SL_REPLAY_LIMIT - 1));
	assert_false(sl_replay_accept(&r, SL_REPLAY_LIMIT));
	assert_true(sl_replay_accept(&r, SL_REPLAY_LIMIT - 2));
	assert_false(sl_replay_accept(&r, 5));
}

static void every_number_passes_once_forwards(void **state)
{
	struct sl_replay r = {0};

	(void)state;
	for (uint64_t n = 0; n < 3 * SL_REPLAY_WINDOW; n++) {
		assert_true(sl_replay_accept(&r, n));
		assert_false(sl_replay_accept(&r, n));
	}
}

static void every_number_of_the_window_passes_once_backwards(void **state)
{
	struct sl_replay r = {0};

	(void)state;
	for (uint64_t n = SL_REPLAY_WINDOW + 1; n-- > 0;)
		assert_true(sl_replay_accept(&r, n));
	for (uint64_t n = SL_REPLAY_WINDOW + 1; n-- > 0;)
		assert_false(sl_replay_accept(&r, n));
}

// A window that remembers every number.
enum { MODEL = 1 << 16 };

static bool model_accept(bool *seen, uint64_t *next, uint64_t n)
{
	if (*next > n && *next - 1 - n > SL_REPLAY_WINDOW)
		return false;
	if (seen[n])
		return false;
	seen[n] = true;
	if (n >= *next)
		*next = n + 1;
	return true;
}

static void random_holes_are_as_in_a_window_that_forgets_nothing(void **state)
{
	static bool seen[MODEL];
	struct sl_replay r = {0};
	uint64_t next = 0, base = 0;

	(void)state;
	srand(1);
	while (base < MODEL - 12000) {
		uint64_t n = base + (uint64_t)rand() % 12000;

		assert_int_equal(sl_replay_accept(&r, n), model_accept(seen, &next, n));
		base += (uint64_t)rand() % 4;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_far_behind_are_refused),
		cmocka_unit_test(a_leap_forgets_all_that_was_seen),
		cmocka_unit_test(no_number_from_the_limit_on_is_accepted),
		cmocka_unit_test(every_number_passes_once_forwards),
		cmocka_unit_test(every_number_of_the_window_passes_once_backwards),
		cmocka_unit_test(random_holes_are_as_in_a_window_that_forgets_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
