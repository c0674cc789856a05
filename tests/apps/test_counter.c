#include "tests/harness/app_harness.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct sl_harness *make(const char *line)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static void counts_packets_and_bytes(void **state)
{
	struct sl_harness *h = make("counter");
	uint8_t frame[1514] = {1, 2, 3};

	(void)state;
	for (uint16_t len = 0; len < 300; len++)
		assert_true(sl_harness_feed(h, 0, frame, len));
	assert_true(sl_harness_feed(h, 0, frame, 1514));
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_metric(h, "packets"), 301);
	assert_int_equal(sl_harness_metric(h, "bytes"), 300 * 299 / 2 + 1514);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void packets_pass_unchanged_in_order(void **state)
{
	struct sl_harness *h = make("counter");
	uint8_t frame[64], got[64];

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		memset(frame, (int)i, sizeof(frame));
		assert_true(sl_harness_feed(h, 0, frame, 64));
	}
	sl_harness_breathe(h);
	for (unsigned i = 0; i < 200; i++) {
		memset(frame, (int)i, sizeof(frame));
		assert_int_equal(sl_harness_take(h, 0, got, sizeof(got)), 64);
		assert_memory_equal(got, frame, sizeof(got));
	}
	assert_int_equal(sl_harness_take(h, 0, got, sizeof(got)), -1);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void packets_for_a_full_link_are_counted_too(void **state)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(
		&(struct sl_harness_options){.line = "counter", .link_size = 64}, &err);

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 64; i++)
			assert_true(sl_harness_feed(h, 0, "abc", 3));
		sl_harness_breathe(h);
	}
	assert_int_equal(sl_harness_metric(h, "packets"), 128);
	assert_int_equal(sl_harness_metric(h, "bytes"), 3 * 128);
	assert_int_equal(sl_harness_waiting_out(h, 0), 64);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void without_an_output_packets_are_unconnected(void **state)
{
	struct sl_harness *h = make("counter");

	(void)state;
	sl_harness_disconnect(h, 0);
	assert_true(sl_harness_feed(h, 0, "abc", 3));
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_app(h)->unconnected, 1);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void has_no_keys(void **state)
{
	struct sl_error err;

	(void)state;
	assert_null(sl_harness_create(&(struct sl_harness_options){.line = "counter 5"}, &err));
	assert_string_not_equal(err.text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_packets_and_bytes),
		cmocka_unit_test(packets_pass_unchanged_in_order),
		cmocka_unit_test(packets_for_a_full_link_are_counted_too),
		cmocka_unit_test(without_an_output_packets_are_unconnected),
		cmocka_unit_test(has_no_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
