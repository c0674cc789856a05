#include "core/sleeper.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
// after the three above
#include <cmocka.h>

#define HOUR UINT64_C(3600000000000)

// A source with one output, and a pipe that it watches. A sleep of an hour ends early, or the test
// program is ended.
static struct sl_app source;
static struct sl_app *const sources[] = {&source};
static struct sl_sleeper sleeper;
static int ends[2];

static int setup(void **state)
{
	static struct sl_link *links[] = {(struct sl_link *)&ends}; // never looked into

	(void)state;
	memset(&source, 0, sizeof(source));
	source.out = links;
	source.n_out = 1;
	if (pipe(ends) < 0)
		return -1;
	sl_app_watch(&source, ends[0]);
	return sl_sleeper_init(&sleeper);
}

static int teardown(void **state)
{
	(void)state;
	sl_sleeper_fini(&sleeper);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static void *write_later(void *arg)
{
	usleep(1000);
	assert_int_equal(write(ends[1], "x", 1), 1);
	return arg;
}

static void *wake_later(void *arg)
{
	usleep(1000);
	sl_sleeper_wake(&sleeper);
	return arg;
}

static void sleep_for(uint64_t ns, void *(*meanwhile)(void *))
{
	pthread_t thread;

	sl_sleeper_watch(&sleeper, sources, 1);
	assert_int_equal(pthread_create(&thread, NULL, meanwhile, NULL), 0);
	sl_sleeper_sleep(&sleeper, ns);
	pthread_join(thread, NULL);
}

static void a_source_that_has_something_ends_a_sleep(void **state)
{
	(void)state;
	sleep_for(HOUR, write_later);
	assert_true(sleeper.woken);
	sl_sleeper_moved(&sleeper);
	sl_sleeper_watch(&sleeper, sources, 1);
	sl_sleeper_sleep(&sleeper, HOUR); // it still has
	assert_true(sleeper.woken);
}

static void a_word_ends_a_sleep_before_it_begins(void **state)
{
	(void)state;
	sleep_for(HOUR, wake_later);
	assert_false(sleeper.woken);
	sl_sleeper_wake(&sleeper);
	sl_sleeper_wake(&sleeper);
	sl_sleeper_sleep(&sleeper, HOUR);
	sl_sleeper_sleep(&sleeper, 1); // two words were one
	assert_false(sleeper.woken);
}

static void whoever_wakes_for_nothing_is_not_watched_once(void **state)
{
	(void)state;
	assert_int_equal(write(ends[1], "x", 1), 1);
	sl_sleeper_watch(&sleeper, sources, 1);
	assert_int_equal(sleeper.n, 2);
	sl_sleeper_sleep(&sleeper, HOUR);
	sl_sleeper_watch(&sleeper, sources, 1);
	assert_int_equal(sleeper.n, 1);
	sl_sleeper_sleep(&sleeper, 1);
	assert_false(sleeper.woken);
	sl_sleeper_watch(&sleeper, sources, 1);
	assert_int_equal(sleeper.n, 2);
}

static void a_source_that_brings_in_nothing_is_not_watched(void **state)
{
	(void)state;
	source.out[0] = NULL;
	sl_sleeper_watch(&sleeper, sources, 1);
	assert_int_equal(sleeper.n, 1);
	source.out[0] = (struct sl_link *)&ends;
	sl_app_finish(&source);
	sl_sleeper_watch(&sleeper, sources, 1);
	assert_int_equal(sleeper.n, 1);
}

static void there_may_be_more_sources_than_are_watched(void **state)
{
	struct sl_app *many[SL_SLEEPER_FDS + 3];

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(many); i++)
		many[i] = &source;
	sl_sleeper_watch(&sleeper, many, RTE_DIM(many));
	assert_int_equal(sleeper.n, 1 + SL_SLEEPER_FDS);
	sl_sleeper_sleep(&sleeper, 1);
	assert_false(sleeper.woken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_source_that_has_something_ends_a_sleep, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_word_ends_a_sleep_before_it_begins, setup,
						teardown),
		cmocka_unit_test_setup_teardown(whoever_wakes_for_nothing_is_not_watched_once,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_source_that_brings_in_nothing_is_not_watched,
						setup, teardown),
		cmocka_unit_test_setup_teardown(there_may_be_more_sources_than_are_watched, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
