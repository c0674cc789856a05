#include "tests/harness/app_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { A, B };

static struct sl_harness *make(const char *line)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static void check(struct sl_harness *h, uint64_t matched, uint64_t differing, uint64_t missing,
		  uint64_t extra)
{
	assert_int_equal(sl_harness_metric(h, "matched"), matched);
	assert_int_equal(sl_harness_metric(h, "differing"), differing);
	assert_int_equal(sl_harness_metric(h, "missing"), missing);
	assert_int_equal(sl_harness_metric(h, "extra"), extra);
}

static void feed_number(struct sl_harness *h, unsigned side, unsigned number)
{
	uint8_t frame[100];

	memset(frame, (int)number, sizeof(frame));
	assert_true(sl_harness_feed(h, side, frame, (uint16_t)(number * 37 % 101)));
}

static void equal_streams_match_whatever_their_pace(void **state)
{
	struct sl_harness *h = make("match");
	unsigned sent[2] = {0};

	(void)state;
	srand(1);
	while (sent[A] < 3000 || sent[B] < 3000) {
		unsigned side = (unsigned)rand() & 1;

		for (int n = rand() % 200; n > 0 && sent[side] < 3000; n--) {
			if (sent[side] > sent[!side] + 1000)
				break;
			feed_number(h, side, sent[side]++);
		}
		sl_harness_breathe(h);
	}
	check(h, 3000, 0, 0, 0);
	assert_int_equal(sl_harness_app(h)->held, 0);
	assert_null(sl_harness_app(h)->failure);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void the_first_difference_is_told(void **state)
{
	struct sl_harness *h = make("match");

	(void)state;
	feed_number(h, A, 1);
	feed_number(h, B, 1);
	assert_true(sl_harness_feed(h, A, "abcdef", 6));
	assert_true(sl_harness_feed(h, B, "abcxef", 6));
	assert_true(sl_harness_feed(h, A, "abc", 3));
	assert_true(sl_harness_feed(h, B, "xbc", 3));
	sl_harness_breathe(h);
	check(h, 1, 2, 0, 0);
	assert_string_equal(sl_harness_app(h)->failure,
			    "packet 2 differs at byte 3: 6 bytes expected, 6 bytes got");
	assert_string_equal(sl_harness_destroy(h), "");
}

static void lengths_differ_where_the_shorter_ends(void **state)
{
	struct sl_harness *h = make("match");

	(void)state;
	assert_true(sl_harness_feed(h, A, "abcdef", 6));
	assert_true(sl_harness_feed(h, B, "abc", 3));
	assert_true(sl_harness_feed(h, A, "", 0));
	assert_true(sl_harness_feed(h, B, "", 0));
	sl_harness_breathe(h);
	check(h, 1, 1, 0, 0);
	assert_string_equal(sl_harness_app(h)->failure,
			    "packet 1 differs at byte 3: 6 bytes expected, 3 bytes got");
	assert_string_equal(sl_harness_destroy(h), "");
}

static void quiet(struct sl_harness *h, unsigned ticks)
{
	for (unsigned i = 0; i < ticks; i++) {
		sl_harness_breathe(h);
		sl_harness_tick(h);
	}
}

static void what_never_comes_is_missing_after_the_wait(void **state)
{
	struct sl_harness *h = make("match wait=50ms");

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		feed_number(h, A, i);
	for (unsigned i = 0; i < 7; i++)
		feed_number(h, B, i);
	quiet(h, 49);
	check(h, 7, 0, 0, 0);
	assert_int_equal(sl_harness_app(h)->held, 3);
	assert_null(sl_harness_app(h)->failure);
	quiet(h, 2);
	check(h, 7, 0, 3, 0);
	assert_int_equal(sl_harness_app(h)->held, 0);
	assert_string_equal(sl_harness_app(h)->failure, "3 packets missing after packet 7");
	assert_string_equal(sl_harness_destroy(h), "");
}

static void what_comes_too_much_is_extra(void **state)
{
	struct sl_harness *h = make("match wait=1ms");

	(void)state;
	feed_number(h, B, 1);
	quiet(h, 3);
	check(h, 0, 0, 0, 1);
	assert_string_equal(sl_harness_app(h)->failure, "1 packets too many after packet 0");
	assert_string_equal(sl_harness_destroy(h), "");
}

static void packets_that_keep_coming_renew_the_wait(void **state)
{
	struct sl_harness *h = make("match wait=5ms");

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		feed_number(h, A, i);
		quiet(h, 3);
	}
	check(h, 0, 0, 0, 0);
	assert_int_equal(sl_harness_app(h)->held, 50);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void one_side_is_held_up_to_a_bound(void **state)
{
	struct sl_harness *h = make("match hold=10");

	(void)state;
	for (unsigned i = 0; i < 30; i++)
		feed_number(h, A, i);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_app(h)->held, 10);
	assert_int_equal(sl_harness_waiting_in(h, A), 20);
	for (unsigned i = 0; i < 30; i++)
		feed_number(h, B, i);
	sl_harness_breathe(h);
	sl_harness_breathe(h);
	check(h, 30, 0, 0, 0);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void what_is_held_at_the_end_goes_back_to_the_pool(void **state)
{
	struct sl_harness *h = make("match");

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		feed_number(h, B, i);
	sl_harness_breathe(h);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void bad_values_are_refused(void **state)
{
	static const char *const lines[] = {"match hold=0", "match hold=9M", "match wait=x",
					    "match 1 2"};

	(void)state;
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct sl_harness_options o = {.line = lines[i]};
		struct sl_error err = {0};

		if (sl_harness_create(&o, &err))
			fail_msg("'%s' was accepted", lines[i]);
		assert_string_not_equal(err.text, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_streams_match_whatever_their_pace),
		cmocka_unit_test(the_first_difference_is_told),
		cmocka_unit_test(lengths_differ_where_the_shorter_ends),
		cmocka_unit_test(what_never_comes_is_missing_after_the_wait),
		cmocka_unit_test(what_comes_too_much_is_extra),
		cmocka_unit_test(packets_that_keep_coming_renew_the_wait),
		cmocka_unit_test(one_side_is_held_up_to_a_bound),
		cmocka_unit_test(what_is_held_at_the_end_goes_back_to_the_pool),
		cmocka_unit_test(bad_values_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
