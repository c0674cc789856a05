#include "tests/harness/app_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SECOND_NS = 1000000000 };

static struct sl_harness *make(const char *line)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

// Keep the input full of frames of len bytes, and the output empty.
static void refill(struct sl_harness *h, uint16_t len)
{
	static const uint8_t frame[2000];

	while (sl_harness_waiting_in(h, 0) < 1000)
		assert_true(sl_harness_feed(h, 0, frame, len));
}

static unsigned drain(struct sl_harness *h)
{
	unsigned n = 0;
	uint8_t got;

	while (sl_harness_take(h, 0, &got, 1) >= 0)
		n++;
	return n;
}

// Every so often a breath, with as many packets waiting as there can be.
static uint64_t run(struct sl_harness *h, uint64_t ns, uint64_t step_ns, uint16_t len)
{
	uint64_t passed = 0;

	for (uint64_t t = 0; t < ns; t += step_ns) {
		refill(h, len);
		sl_harness_advance(h, step_ns);
		sl_harness_breathe(h);
		passed += drain(h);
	}
	return passed;
}

static void the_bucket_starts_full(void **state)
{
	struct sl_harness *h = make("rate 1kpps burst=20");

	(void)state;
	refill(h, 60);
	sl_harness_breathe(h);
	assert_int_equal(drain(h), 20);
	sl_harness_breathe(h);
	assert_int_equal(drain(h), 0);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void packets_pass_one_by_one_as_tokens_come(void **state)
{
	struct sl_harness *h = make("rate 1kpps burst=1");

	(void)state;
	refill(h, 60);
	sl_harness_breathe(h);
	assert_int_equal(drain(h), 1);
	for (unsigned i = 0; i < 50; i++) {
		sl_harness_advance(h, 999999);
		sl_harness_breathe(h);
		assert_int_equal(drain(h), 0);
		sl_harness_advance(h, 1);
		sl_harness_breathe(h);
		assert_int_equal(drain(h), 1);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

// A day at odd steps: not one packet more or less than the rate.
static void nothing_drifts_in_packets(void **state)
{
	struct sl_harness *h = make("rate 7pps burst=3");
	uint64_t passed;

	(void)state;
	sl_harness_breathe(h);
	passed = run(h, 86400ULL * SECOND_NS, 123456789, 60);
	assert_in_range(passed, 7 * 86400 - 1, 7 * 86400 + 4);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void nothing_drifts_at_a_rate_that_no_clock_divides(void **state)
{
	struct sl_harness *h = make("rate 333333.3pps");
	uint64_t passed, burst = 1667;

	(void)state;
	sl_harness_breathe(h);
	passed = run(h, 3ULL * SECOND_NS, 777, 60);
	assert_in_range(passed, 999999, 1000000 + burst);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void nothing_drifts_in_bits(void **state)
{
	struct sl_harness *h = make("rate 10Mbps burst=3000");
	uint64_t bytes;

	(void)state;
	sl_harness_breathe(h);
	bytes = run(h, 100ULL * SECOND_NS, 499979, 125) * 125;
	assert_in_range(bytes, 125000000 - 125, 125000000 + 3000 + 125);
	assert_string_equal(sl_harness_destroy(h), "");
}

// Against the definition: over any time, at most rate x time + burst, and one frame with bytes.
static void no_stretch_of_time_passes_more_than_it_may(void **state)
{
	enum { STEPS = 400, BURST = 5000 };
	struct sl_harness *h = make("rate 8Mbps burst=5000"); // one byte a microsecond
	uint64_t at_us[STEPS], bytes[STEPS], now = 0, sum = 0;
	static const uint8_t frame[1514];
	uint8_t got[1514];
	int len;

	(void)state;
	srand(1);
	sl_harness_breathe(h);
	for (unsigned i = 0; i < STEPS; i++) {
		uint64_t us = (uint64_t)rand() % 3000;

		for (int k = rand() % 4; k > 0; k--)
			assert_true(sl_harness_feed(h, 0, frame, (uint16_t)(rand() % 1515)));
		now += us;
		sl_harness_advance(h, us * 1000);
		sl_harness_breathe(h);
		while ((len = sl_harness_take(h, 0, got, sizeof(got))) >= 0)
			sum += (uint64_t)len;
		at_us[i] = now;
		bytes[i] = sum;
	}
	for (unsigned from = 0; from < STEPS; from++)
		for (unsigned to = from + 1; to < STEPS; to++)
			assert_true(bytes[to] - bytes[from] <=
				    at_us[to] - at_us[from] + BURST + 1514);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void a_pause_saves_up_no_more_than_the_burst(void **state)
{
	struct sl_harness *h = make("rate 1kpps burst=10");

	(void)state;
	refill(h, 60);
	sl_harness_breathe(h);
	drain(h);
	sl_harness_advance(h, 1000ULL * SECOND_NS);
	refill(h, 60);
	sl_harness_breathe(h);
	assert_int_equal(drain(h), 10);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void frames_longer_than_the_bucket_pass_and_are_paid_for(void **state)
{
	struct sl_harness *h = make("rate 8kbps burst=100"); // 1000 bytes a second
	uint64_t passed;

	(void)state;
	sl_harness_breathe(h);
	passed = run(h, 1500ULL * SECOND_NS, 10000000, 1500);
	assert_in_range(passed, 999, 1001);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void packets_wait_in_the_link_in_order(void **state)
{
	struct sl_harness *h = make("rate 1kpps burst=5");
	unsigned got, next = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		assert_true(sl_harness_feed(h, 0, &i, sizeof(i)));
	while (next < 100) {
		sl_harness_breathe(h);
		assert_int_equal(sl_harness_app(h)->held, 0);
		assert_int_equal(sl_harness_waiting_in(h, 0) + sl_harness_waiting_out(h, 0),
				 100 - next);
		while (sl_harness_take(h, 0, &got, sizeof(got)) >= 0)
			assert_int_equal(got, next++);
		sl_harness_advance(h, 1000000);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void asks_to_be_woken_when_the_next_packet_may_go(void **state)
{
	static const char *const lines[] = {"rate 1kpps burst=1", "rate 480kbps burst=60"};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct sl_harness *h = make(lines[i]);
		struct sl_app *app = sl_harness_app(h);

		refill(h, 60);
		sl_harness_breathe(h);
		drain(h);
		for (unsigned k = 0; k < 10; k++) {
			assert_in_range(app->wake_ns, app->now_ns + 1, app->now_ns + 1000000);
			sl_harness_advance(h, app->wake_ns - app->now_ns);
			sl_harness_breathe(h);
			assert_int_equal(drain(h), 1);
		}
		assert_string_equal(sl_harness_destroy(h), "");
	}
}

static void empty_frames_cost_nothing_in_bits(void **state)
{
	struct sl_harness *h = make("rate 1bps burst=1");

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		assert_true(sl_harness_feed(h, 0, "", 0));
	sl_harness_breathe(h);
	assert_int_equal(drain(h), 100);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void a_new_rate_does_not_refill_the_bucket(void **state)
{
	struct sl_harness *h = make("rate 1kpps burst=100");
	struct sl_error err;

	(void)state;
	refill(h, 60);
	sl_harness_breathe(h);
	assert_int_equal(drain(h), 100);
	assert_int_equal(sl_harness_replace(h, "rate 2kpps burst=100", &err), 0);
	sl_harness_breathe(h);
	assert_int_equal(drain(h), 0);
	sl_harness_advance(h, 10000000);
	sl_harness_breathe(h);
	assert_int_equal(drain(h), 20);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void bad_values_are_refused(void **state)
{
	static const char *const lines[] = {
		"rate",     "rate fast", "rate 0pps",          "rate -1Mpps",
		"rate 5Mx", "rate 0bps", "rate 1pps burst=-1", "rate 1pps burst=x"};

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
		cmocka_unit_test(the_bucket_starts_full),
		cmocka_unit_test(packets_pass_one_by_one_as_tokens_come),
		cmocka_unit_test(nothing_drifts_in_packets),
		cmocka_unit_test(nothing_drifts_at_a_rate_that_no_clock_divides),
		cmocka_unit_test(nothing_drifts_in_bits),
		cmocka_unit_test(no_stretch_of_time_passes_more_than_it_may),
		cmocka_unit_test(a_pause_saves_up_no_more_than_the_burst),
		cmocka_unit_test(frames_longer_than_the_bucket_pass_and_are_paid_for),
		cmocka_unit_test(packets_wait_in_the_link_in_order),
		cmocka_unit_test(asks_to_be_woken_when_the_next_packet_may_go),
		cmocka_unit_test(empty_frames_cost_nothing_in_bits),
		cmocka_unit_test(a_new_rate_does_not_refill_the_bucket),
		cmocka_unit_test(bad_values_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
