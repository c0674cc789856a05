#include "drivers/pace.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t second = 1000000000;

static struct sl_pace pace(const char *text)
{
	struct sl_pace p;

	assert_int_equal(sl_pace_parse(&p, text, NULL), 0);
	return p;
}

static void rates_are_parsed(void **state)
{
	static const struct {
		const char *text;
		enum sl_pace_mode mode;
		double ns_per_unit;
	} good[] = {
		{"max", SL_PACE_MAX, 0},       {"original", SL_PACE_ORIGINAL, 1},
		{"x1", SL_PACE_ORIGINAL, 1},   {"x2", SL_PACE_ORIGINAL, 0.5},
		{"x0.5", SL_PACE_ORIGINAL, 2}, {"5Mpps", SL_PACE_PACKETS, 200},
		{"2Gbps", SL_PACE_BITS, 0.5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct sl_pace p = pace(good[i].text);

		assert_int_equal(p.mode, good[i].mode);
		assert_true(p.ns_per_unit == good[i].ns_per_unit);
	}
}

static void nonsense_is_named(void **state)
{
	static const char *const bad[] = {
		"",      "fast", "x",     "x0",    "x-1", "xnan", "xinf", "x2x",
		"0Mpps", "5",    "-1pps", "5Mips", "Max", "nan",  "X2",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct sl_error err = {0};
		struct sl_pace p;

		assert_int_equal(sl_pace_parse(&p, bad[i], &err), -EINVAL);
		assert_int_equal(err.text[0], '\'');
		assert_int_equal(strncmp(err.text + 1, bad[i], strlen(bad[i])), 0);
	}
}

static void max_is_always_due(void **state)
{
	struct sl_pace p = pace("max");

	(void)state;
	assert_int_equal(sl_pace_next(&p, true, 5 * second, 60), 0);
	assert_int_equal(sl_pace_next(&p, false, 9 * second, 60), 0);
}

static void original_timing_is_that_of_the_capture(void **state)
{
	struct sl_pace p = pace("original"), fast = pace("x2"), slow = pace("x0.25");
	static const uint64_t stamps[] = {100, 100, 107, 1000000107, 86400000000107};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		uint64_t stamp = 1700000000 * second + stamps[i], since = stamps[i] - stamps[0];

		assert_int_equal(sl_pace_next(&p, i == 0, stamp, 60), since);
		assert_int_equal(sl_pace_next(&fast, i == 0, stamp, 60), since / 2);
		assert_int_equal(sl_pace_next(&slow, i == 0, stamp, 60), since * 4);
	}
}

static void backward_stamps_are_due_with_the_latest_before(void **state)
{
	struct sl_pace p = pace("original");

	(void)state;
	assert_int_equal(sl_pace_next(&p, true, 1000, 60), 0);
	assert_int_equal(sl_pace_next(&p, false, 3000, 60), 2000);
	assert_int_equal(sl_pace_next(&p, false, 2000, 60), 2000);
	assert_int_equal(sl_pace_next(&p, false, 500, 60), 2000);
	assert_int_equal(sl_pace_next(&p, false, 0, 60), 2000);
	assert_int_equal(sl_pace_next(&p, false, 3001, 60), 2001);
}

// Three packets over 20 ns, so a loop begins 10 ns after the last packet of the one before.
static void a_loop_goes_on_after_the_mean_gap(void **state)
{
	struct sl_pace p = pace("original");

	(void)state;
	for (uint64_t loop = 0; loop < 1000; loop++) {
		assert_int_equal(sl_pace_next(&p, true, second, 60), loop * 30);
		assert_int_equal(sl_pace_next(&p, false, second + 1, 60), loop * 30 + 1);
		assert_int_equal(sl_pace_next(&p, false, second + 20, 60), loop * 30 + 20);
	}
}

static void another_capture_goes_on_after_the_mean_gap(void **state)
{
	struct sl_pace p = pace("original");

	(void)state;
	assert_int_equal(sl_pace_next(&p, true, 500 * second, 60), 0);
	assert_int_equal(sl_pace_next(&p, false, 501 * second, 60), second);
	assert_int_equal(sl_pace_next(&p, true, 7, 60), 2 * second);
	assert_int_equal(sl_pace_next(&p, true, 99 * second, 60), 2 * second);
	assert_int_equal(sl_pace_next(&p, false, 100 * second, 60), 3 * second);
}

static void packet_rates_do_not_drift(void **state)
{
	struct sl_pace p = pace("3Mpps");

	(void)state;
	p.units = 3000000ULL * 3600 * 100; // 100 hours later
	for (uint64_t i = 0; i < 3000000; i++) {
		double exact = 360000e9 + (double)i * 1e3 / 3;
		double due = (double)sl_pace_next(&p, false, 0, 60);

		assert_true(due <= exact + 0.1 && due >= exact - 1.1);
	}
}

static void bit_rates_count_the_bytes_of_frames(void **state)
{
	struct sl_pace p = pace("8Gbps");

	(void)state;
	assert_int_equal(sl_pace_next(&p, true, 0, 100), 0);
	assert_int_equal(sl_pace_next(&p, false, 0, 50), 100);
	assert_int_equal(sl_pace_next(&p, false, 0, 1500), 150);
	assert_int_equal(sl_pace_next(&p, false, 0, 60), 1650);
}

static void absurd_stamps_do_not_wrap(void **state)
{
	struct sl_pace p = pace("x0.001");
	uint64_t last = 0;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		uint64_t due = sl_pace_next(&p, i % 2 == 0, i % 2 ? UINT64_MAX : 0, 60);

		assert_true(due >= last);
		last = due;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_parsed),
		cmocka_unit_test(nonsense_is_named),
		cmocka_unit_test(max_is_always_due),
		cmocka_unit_test(original_timing_is_that_of_the_capture),
		cmocka_unit_test(backward_stamps_are_due_with_the_latest_before),
		cmocka_unit_test(a_loop_goes_on_after_the_mean_gap),
		cmocka_unit_test(another_capture_goes_on_after_the_mean_gap),
		cmocka_unit_test(packet_rates_do_not_drift),
		cmocka_unit_test(bit_rates_count_the_bytes_of_frames),
		cmocka_unit_test(absurd_stamps_do_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
