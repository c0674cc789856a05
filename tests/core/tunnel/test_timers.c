#include "core/tunnel/timers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND_NS SL_TIMER_SECOND_NS
#define NOW_NS    (1000 * SECOND_NS)

static void data_received_and_nothing_sent_for_10_s_sends_a_keepalive(void **state)
{
	struct sl_timers t = {0};

	(void)state;
	sl_timers_received(&t, NOW_NS, true);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 10 * SECOND_NS - 1), 0);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 10 * SECOND_NS), SL_DUE_KEEPALIVE);
	sl_timers_sent(&t, NOW_NS + 10 * SECOND_NS, false, 0);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 100 * SECOND_NS), 0);
}

static void a_keepalive_received_asks_for_none(void **state)
{
	struct sl_timers t = {0};

	(void)state;
	sl_timers_received(&t, NOW_NS, false);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 100 * SECOND_NS), 0);
}

static void anything_sent_makes_the_keepalive_needless(void **state)
{
	struct sl_timers t = {0};

	(void)state;
	sl_timers_received(&t, NOW_NS, true);
	sl_timers_sent(&t, NOW_NS + SECOND_NS, false, 0);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 100 * SECOND_NS), 0);
}

static void more_data_meanwhile_arms_the_keepalive_once_more(void **state)
{
	struct sl_timers t = {0};

	(void)state;
	sl_timers_received(&t, NOW_NS, true);
	sl_timers_received(&t, NOW_NS + 5 * SECOND_NS, true);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 10 * SECOND_NS), SL_DUE_KEEPALIVE);
	sl_timers_sent(&t, NOW_NS + 10 * SECOND_NS, false, 0);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 20 * SECOND_NS - 1), 0);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 20 * SECOND_NS), SL_DUE_KEEPALIVE);
	sl_timers_sent(&t, NOW_NS + 20 * SECOND_NS, false, 0);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 100 * SECOND_NS), 0);
}

static void data_before_something_was_sent_does_not_arm_it_once_more(void **state)
{
	struct sl_timers t = {0};

	(void)state;
	sl_timers_received(&t, NOW_NS, true);
	sl_timers_received(&t, NOW_NS, true);
	sl_timers_sent(&t, NOW_NS, false, 0);
	sl_timers_received(&t, NOW_NS, true);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 10 * SECOND_NS), SL_DUE_KEEPALIVE);
	sl_timers_sent(&t, NOW_NS + 10 * SECOND_NS, false, 0);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 100 * SECOND_NS), 0);
}

static void data_sent_and_nothing_received_for_15_s_begins_a_handshake(void **state)
{
	struct sl_timers t = {0};

	(void)state;
	sl_timers_sent(&t, NOW_NS, true, 5);
	sl_timers_sent(&t, NOW_NS + 8 * SECOND_NS, true, 7); // does not start it again
	assert_int_equal(sl_timers_due(&t, NOW_NS + 15 * SECOND_NS + 4), 0);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 15 * SECOND_NS + 5), SL_DUE_HANDSHAKE);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 100 * SECOND_NS), 0);
}

static void a_keepalive_sent_waits_for_no_answer(void **state)
{
	struct sl_timers t = {0};

	(void)state;
	sl_timers_sent(&t, NOW_NS, false, 0);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 100 * SECOND_NS), 0);
}

static void whatever_is_received_shows_that_the_peer_lives(void **state)
{
	struct sl_timers t = {0};

	(void)state;
	sl_timers_sent(&t, NOW_NS, true, 0);
	sl_timers_received(&t, NOW_NS + 14 * SECOND_NS, false);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 100 * SECOND_NS), 0);
}

static void a_persistent_keepalive_comes_when_nothing_passed_either_way(void **state)
{
	struct sl_timers t = {0};

	(void)state;
	assert_true(sl_timers_persist(&t, NOW_NS, 25));
	assert_false(sl_timers_persist(&t, NOW_NS, 25));
	sl_timers_received(&t, NOW_NS + 20 * SECOND_NS, false);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 45 * SECOND_NS - 1), 0);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 45 * SECOND_NS), SL_DUE_KEEPALIVE);
	sl_timers_sent(&t, NOW_NS + 45 * SECOND_NS, false, 0);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 70 * SECOND_NS), SL_DUE_KEEPALIVE);
	assert_false(sl_timers_persist(&t, NOW_NS + 70 * SECOND_NS, 0));
	assert_int_equal(sl_timers_due(&t, NOW_NS + 1000 * SECOND_NS), 0);
}

static void a_persistent_keepalive_comes_again_though_none_could_be_sent(void **state)
{
	struct sl_timers t = {0};

	(void)state;
	sl_timers_persist(&t, NOW_NS, 25);
	for (unsigned i = 1; i < 10; i++)
		assert_int_equal(sl_timers_due(&t, NOW_NS + i * 25 * SECOND_NS), SL_DUE_KEEPALIVE);
}

static void a_session_that_is_not_found_does_not_keep_the_keys_any_longer(void **state)
{
	struct sl_timers t = {0};

	(void)state;
	sl_timers_derived(&t, NOW_NS);
	sl_timers_given_up(&t, NOW_NS + 500 * SECOND_NS);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 540 * SECOND_NS), SL_DUE_WIPE);
	sl_timers_given_up(&t, NOW_NS + 600 * SECOND_NS);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 1140 * SECOND_NS), SL_DUE_WIPE);
}

static void keys_are_wiped_540_s_after_the_last_session(void **state)
{
	struct sl_timers t = {0};

	(void)state;
	sl_timers_derived(&t, NOW_NS);
	sl_timers_derived(&t, NOW_NS + 100 * SECOND_NS);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 640 * SECOND_NS - 1), 0);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 640 * SECOND_NS), SL_DUE_WIPE);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 10000 * SECOND_NS), 0);
}

static void stopping_leaves_only_the_persistent_keepalive(void **state)
{
	struct sl_timers t = {0};

	(void)state;
	sl_timers_persist(&t, NOW_NS, 20);
	sl_timers_received(&t, NOW_NS, true);
	sl_timers_sent(&t, NOW_NS, true, 0);
	sl_timers_derived(&t, NOW_NS);
	sl_timers_stop(&t);
	assert_int_equal(sl_timers_due(&t, NOW_NS + 1000 * SECOND_NS), SL_DUE_KEEPALIVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_received_and_nothing_sent_for_10_s_sends_a_keepalive),
		cmocka_unit_test(a_keepalive_received_asks_for_none),
		cmocka_unit_test(anything_sent_makes_the_keepalive_needless),
		cmocka_unit_test(more_data_meanwhile_arms_the_keepalive_once_more),
		cmocka_unit_test(data_before_something_was_sent_does_not_arm_it_once_more),
		cmocka_unit_test(data_sent_and_nothing_received_for_15_s_begins_a_handshake),
		cmocka_unit_test(a_keepalive_sent_waits_for_no_answer),
		cmocka_unit_test(whatever_is_received_shows_that_the_peer_lives),
		cmocka_unit_test(a_persistent_keepalive_comes_when_nothing_passed_either_way),
		cmocka_unit_test(a_persistent_keepalive_comes_again_though_none_could_be_sent),
		cmocka_unit_test(a_session_that_is_not_found_does_not_keep_the_keys_any_longer),
		cmocka_unit_test(keys_are_wiped_540_s_after_the_last_session),
		cmocka_unit_test(stopping_leaves_only_the_persistent_keepalive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
