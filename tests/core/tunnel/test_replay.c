#include "core/tunnel/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct window {
	struct sl_replay recent;
	struct sl_replay_past past;
};

static bool accept(struct window *w, uint64_t n)
{
	return sl_replay_accept(&w->recent, &w->past, n);
}

static void numbers_far_behind_are_refused(void **state)
{
	const uint64_t newest = 100000;
	struct window w = {0};

	(void)state;
	assert_true(accept(&w, newest));
	assert_false(accept(&w, newest));
	assert_true(accept(&w, newest - SL_REPLAY_WINDOW));
	assert_false(accept(&w, newest - SL_REPLAY_WINDOW));
	assert_false(accept(&w, newest - SL_REPLAY_WINDOW - 1));
	assert_false(accept(&w, 0));
	// One step on, and the last one falls out.
	assert_true(accept(&w, newest + 1));
	assert_false(accept(&w, newest - SL_REPLAY_WINDOW));
	assert_true(accept(&w, newest - SL_REPLAY_WINDOW + 1));
}

static void a_leap_forgets_all_that_was_seen(void **state)
{
	struct window w = {0};

	(void)state;
	for (uint64_t n = 0; n < 500; n++)
		assert_true(accept(&w, n));
	// The same place in the ring, ages later.
	for (uint64_t n = 64 * SL_REPLAY_WORDS * 1000 + 499; n >= 64 * SL_REPLAY_WORDS * 1000; n--)
		assert_true(accept(&w, n));
}

static void memory_of_a_window_before_does_not_matter(void **state)
{
	const uint64_t newest = 63 * 400;
	struct window w = {0};

	(void)state;
	memset(&w.past, 0xff, sizeof(w.past));
	assert_true(accept(&w, newest));
	for (uint64_t n = newest - 63; n > 0; n -= 63)
		assert_int_equal(accept(&w, n), newest - n <= SL_REPLAY_WINDOW);
	w.recent = (struct sl_replay){0};
	for (uint64_t n = 1; n < newest; n += 63) {
		assert_true(accept(&w, n));
		assert_true(accept(&w, n - 1));
	}
}

static void no_number_from_the_limit_on_is_accepted(void **state)
{
	struct window w = {0};

	(void)state;
	assert_false(accept(&w, UINT64_MAX));
	assert_false(accept(&w, SL_REPLAY_LIMIT));
	assert_true(accept(&w, 5)); // and it moved nothing
	assert_true(accept(&w, SL_REPLAY_LIMIT - 1));
	assert_false(accept(&w, SL_REPLAY_LIMIT));
	assert_true(accept(&w, SL_REPLAY_LIMIT - 2));
	assert_false(accept(&w, 5));
}

static void every_number_passes_once_forwards(void **state)
{
	struct window w = {0};

	(void)state;
	for (uint64_t n = 0; n < 3 * SL_REPLAY_WINDOW; n++) {
		assert_true(accept(&w, n));
		assert_false(accept(&w, n));
	}
}

static void every_number_of_the_window_passes_once_backwards(void **state)
{
	struct window w = {0};

	(void)state;
	for (uint64_t n = SL_REPLAY_WINDOW + 1; n-- > 0;)
		assert_true(accept(&w, n));
	for (uint64_t n = SL_REPLAY_WINDOW + 1; n-- > 0;)
		assert_false(accept(&w, n));
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
	struct window w = {0};
	uint64_t next = 0, base = 0;

	(void)state;
	srand(1);
	while (base < MODEL - 12000) {
		uint64_t n = base + (uint64_t)rand() % 12000;

		assert_int_equal(accept(&w, n), model_accept(seen, &next, n));
		base += (uint64_t)rand() % 4;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_far_behind_are_refused),
		cmocka_unit_test(a_leap_forgets_all_that_was_seen),
		cmocka_unit_test(memory_of_a_window_before_does_not_matter),
		cmocka_unit_test(no_number_from_the_limit_on_is_accepted),
		cmocka_unit_test(every_number_passes_once_forwards),
		cmocka_unit_test(every_number_of_the_window_passes_once_backwards),
		cmocka_unit_test(random_holes_are_as_in_a_window_that_forgets_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
