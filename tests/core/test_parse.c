#include "core/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef int parse_whole(const char *text, uint64_t *out, struct sl_error *err);

struct good {
	const char *text;
	uint64_t value;
};

static void check_good(parse_whole *parse, const struct good *cases)
{
	for (; cases->text; cases++) {
		struct sl_error err = {0};
		uint64_t n = 0;

		if (parse(cases->text, &n, &err))
			fail_msg("%s: %s", cases->text, err.text);
		assert_int_equal(n, cases->value);
	}
}

static void check_bad(parse_whole *parse, const char *const *cases, const char *what)
{
	for (; *cases; cases++) {
		struct sl_error err = {0};
		char wanted[200];
		uint64_t n;

		snprintf(wanted, sizeof(wanted), "'%s' is not %s", *cases, what);
		assert_int_equal(parse(*cases, &n, &err), -EINVAL);
		assert_string_equal(err.text, wanted);
		assert_int_equal(parse(*cases, &n, NULL), -EINVAL);
	}
}

static void whole_numbers(void **state)
{
	static const struct good good[] = {
		{"0", 0},
		{"1000", 1000},
		{"0x3e8", 1000},
		{"0XFFFFFFFFFFFFFFFF", UINT64_MAX},
		{"1k", 1000},
		{"1.5M", 1500000},
		{"2G", 2000000000},
		{"0.000000001G", 1},
		{"18446744073709551615", UINT64_MAX},
		{"007", 7},
		{NULL, 0},
	};
	static const char *const bad[] = {"",
					  " 1",
					  "1 ",
					  "-1",
					  "+1",
					  "x",
					  "1.5",
					  "1.0001k",
					  "0x",
					  "0xg",
					  "1e3",
					  "1kk",
					  "k",
					  "1.",
					  ".5k",
					  "18446744073709551616",
					  "99999999999999999999k",
					  "0x10000000000000000",
					  "0.0000000001G",
					  NULL};

	(void)state;
	check_good(sl_parse_uint, good);
	check_bad(sl_parse_uint, bad, "a whole number such as 1000, 0x3e8 or 1k");
}

static void sizes(void **state)
{
	static const struct good good[] = {
		{"1500", 1500},     {"1500B", 1500},   {"64k", 64000},  {"64kB", 64000},
		{"64Ki", 65536},    {"2MiB", 2 << 20}, {"0.5KiB", 512}, {"1GiB", 1 << 30},
		{"1G", 1000000000}, {"64K", 64000},    {NULL, 0},
	};
	static const char *const bad[] = {"", "64kb/s", "0.3Ki", "1.5", "MiB", "0x10", NULL};

	(void)state;
	check_good(sl_parse_bytes, good);
	check_bad(sl_parse_bytes, bad, "a size such as 1500, 64k or 2MiB");
}

static void durations(void **state)
{
	static const struct good good[] = {
		{"0", 0},
		{"10ns", 10},
		{"5us", 5000},
		{"1.5ms", 1500000},
		{"2s", 2000000000},
		{"1min", 60000000000},
		{"1h", 3600000000000},
		{"0.1s", 100000000},
		{NULL, 0},
	};
	static const char *const bad[] = {"",   "5",  "0.5ns",      "-1s", "1 s",
					  "ms", "1m", "600000000h", NULL};

	(void)state;
	check_good(sl_parse_duration, good);
	check_bad(sl_parse_duration, bad, "a duration such as 10us, 1.5ms or 2s");
}

static void yes_and_no(void **state)
{
	static const char *const yes[] = {"yes", "true", "on", "Yes", "ON", NULL};
	static const char *const no[] = {"no", "false", "off", "False", NULL};
	struct sl_error err;
	bool out;

	(void)state;
	for (unsigned i = 0; yes[i]; i++) {
		out = false;
		assert_int_equal(sl_parse_bool(yes[i], &out, NULL), 0);
		assert_true(out);
	}
	for (unsigned i = 0; no[i]; i++) {
		out = true;
		assert_int_equal(sl_parse_bool(no[i], &out, NULL), 0);
		assert_false(out);
	}
	assert_int_equal(sl_parse_bool("1", &out, &err), -EINVAL);
	assert_string_equal(err.text, "'1' is not yes or no");
}

static void real_numbers(void **state)
{
	static const struct {
		const char *text;
		double value;
	} good[] = {{"0", 0},       {"0.25", 0.25}, {"25%", 0.25},   {"0.1", 0.1},
		    {"-1.5", -1.5}, {"100%", 1},    {"0.01%", 1e-4}, {"123456.789", 123456.789}};
	static const char *const bad[] = {"",
					  "nan",
					  "inf",
					  "0x1",
					  "1e3",
					  "1.",
					  ".5",
					  "--1",
					  "5%%",
					  "1,5",
					  "9999999999999999999"};
	struct sl_error err;
	double out;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(sl_parse_real(good[i].text, &out, NULL), 0);
		assert_true(out == good[i].value);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sl_parse_real(bad[i], &out, &err), -EINVAL);
	assert_string_equal(err.text, "'9999999999999999999' is not a number such as 0.25 or 25%");
}

static void rates(void **state)
{
	static const struct {
		const char *text;
		double value;
		bool is_bits;
	} good[] = {{"5Mpps", 5e6, false}, {"2.5Gbps", 2.5e9, true}, {"100kpps", 1e5, false},
		    {"1pps", 1, false},    {"0.5pps", 0.5, false},   {"1Tbps", 1e12, true},
		    {"10mbps", 1e7, true}, {"64bps", 64, true},      {"1GBPS", 1e9, true}};
	static const char *const bad[] = {"", "5", "5M", "0pps", "-1pps", "Mpps", "5 Mpps", "5x"};
	struct sl_error err;
	struct sl_rate out;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(sl_parse_rate(good[i].text, &out, NULL), 0);
		assert_true(out.per_second == good[i].value);
		assert_int_equal(out.is_bits, good[i].is_bits);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sl_parse_rate(bad[i], &out, &err), -EINVAL);
	assert_string_equal(err.text, "'5x' is not a rate such as 5Mpps or 2Gbps");
}

static void long_texts_are_cut_in_messages(void **state)
{
	char text[2000];
	struct sl_error err;
	uint64_t n;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(sl_parse_uint(text, &n, &err), -EINVAL);
	assert_true(strlen(err.text) < 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers),
		cmocka_unit_test(sizes),
		cmocka_unit_test(durations),
		cmocka_unit_test(yes_and_no),
		cmocka_unit_test(real_numbers),
		cmocka_unit_test(rates),
		cmocka_unit_test(long_texts_are_cut_in_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
