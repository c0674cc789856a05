#include "cli/loop.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>
// after the four above
#include <cmocka.h>

static struct loop loop;
static int ends[2]; // of a pipe
static unsigned calls;

static int setup(void **state)
{
	(void)state;
	calls = 0;
	return loop_init(&loop, NULL) < 0 || pipe(ends) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	loop_fini(&loop);
	return 0;
}

static int wait_ms(unsigned ms)
{
	return loop_wait(&loop, loop_now_ns() + ms * UINT64_C(1000000));
}

static void take(void *context)
{
	char byte;

	assert_ptr_equal(context, &calls);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	calls++;
}

static void watch(void (*ready)(void *))
{
	struct loop_watch w = {.fd = ends[0], .events = POLLIN, .ready = ready, .context = &calls};

	assert_int_equal(loop_watch(&loop, &w), 0);
}

static void signals_and_deadlines_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(wait_ms(0), 0);
	raise(SIGHUP);
	assert_int_equal(wait_ms(60000), SIGHUP);
	assert_int_equal(wait_ms(1), 0);
}

static void what_is_ready_is_called(void **state)
{
	(void)state;
	watch(take);
	assert_int_equal(write(ends[1], "ab", 2), 2);
	assert_int_equal(wait_ms(20), 0);
	assert_int_equal(calls, 2);
	loop_unwatch(&loop, ends[0]);
	loop_unwatch(&loop, ends[0]);
	assert_int_equal(write(ends[1], "c", 1), 1);
	assert_int_equal(wait_ms(1), 0);
	assert_int_equal(calls, 2);
}

static void take_and_end(void *context)
{
	take(context);
	loop_end(&loop);
}

static void what_is_called_may_end_it(void **state)
{
	(void)state;
	watch(take);
	watch(take_and_end); // instead
	assert_int_equal(write(ends[1], "ab", 2), 2);
	assert_int_equal(wait_ms(60000), SIGTERM);
	assert_int_equal(calls, 1);
	assert_int_equal(wait_ms(60000), SIGTERM);
}

static void take_and_leave(void *context)
{
	take(context);
	loop_unwatch(&loop, ends[0]);
}

static void what_is_called_may_leave(void **state)
{
	(void)state;
	watch(take_and_leave);
	assert_int_equal(write(ends[1], "ab", 2), 2);
	assert_int_equal(wait_ms(1), 0);
	assert_int_equal(calls, 1);
}

static void there_is_room_for_so_many(void **state)
{
	struct loop_watch w = {.events = POLLIN, .ready = take, .context = &calls};

	(void)state;
	for (int i = 0; i < LOOP_WATCHES; i++) {
		w.fd = 1000 + i;
		assert_int_equal(loop_watch(&loop, &w), 0);
	}
	w.fd = 2000;
	assert_int_equal(loop_watch(&loop, &w), -ENOSPC);
	loop_unwatch(&loop, 1000);
	assert_int_equal(loop_watch(&loop, &w), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(signals_and_deadlines_are_told_apart, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_ready_is_called, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_called_may_end_it, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_called_may_leave, setup, teardown),
		cmocka_unit_test_setup_teardown(there_is_room_for_so_many, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
