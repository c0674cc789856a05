#include "cli/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
// after the four above
#include <cmocka.h>

static void counts_are_grouped_by_thousands(void **state)
{
	char out[TEXT_NUMBER];

	(void)state;
	assert_string_equal(text_count(out, 0), "0");
	assert_string_equal(text_count(out, 999), "999");
	assert_string_equal(text_count(out, 1000), "1,000");
	assert_string_equal(text_count(out, UINT64_MAX), "18,446,744,073,709,551,615");
}

static void reals_show_three_digits(void **state)
{
	char out[TEXT_NUMBER];

	(void)state;
	assert_string_equal(text_real(out, 0), "0");
	assert_string_equal(text_real(out, 0.003712), "0.00371");
	assert_string_equal(text_real(out, 1.0), "1.00");
	assert_string_equal(text_real(out, 12.345), "12.3");
	assert_string_equal(text_real(out, 1234.5), "1234");
}

static void durations_choose_their_unit(void **state)
{
	char out[TEXT_NUMBER];

	(void)state;
	assert_string_equal(text_duration(out, 0), "0 ns");
	assert_string_equal(text_duration(out, 999), "999 ns");
	assert_string_equal(text_duration(out, 12345), "12.3 us");
	assert_string_equal(text_duration(out, 1200000), "1.20 ms");
	assert_string_equal(text_duration(out, 90000000000), "90.0 s");
}

static void durations_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} right[] = {{"2", 2000000000},    {"1.5s", 1500000000}, {"250ms", 250000000},
		     {"10us", 10000},      {"5ns", 5},           {"2min", 120000000000},
		     {"1h", 3600000000000}};
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		assert_int_equal(text_parse_duration(right[i].text, &ns, NULL), 0);
		assert_int_equal(ns, right[i].ns);
	}
}

static void wrong_durations_are_refused(void **state)
{
	static const char *const wrong[] = {"",   "s",   "0",   "0s",   "-1s", "1.2.3",
					    "5x", "nan", "inf", "1e99", "."};
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct sl_error err = {0};

		assert_int_equal(text_parse_duration(wrong[i], &ns, &err), -EINVAL);
		assert_true(err.text[0]);
	}
}

static void expect_wrapped(const char *prose, unsigned indent, const char *wanted)
{
	size_t len;
	char *text;
	FILE *out = open_memstream(&text, &len);

	text_wrap(out, prose, indent);
	fclose(out);
	assert_string_equal(text, wanted);
	free(text);
}

static void prose_is_wrapped_and_paragraphs_kept(void **state)
{
	(void)state;
	expect_wrapped("", 2, "");
	expect_wrapped("one\ntwo", 2, "  one two\n");
	expect_wrapped("one\n\ntwo\n", 0, "one\n\ntwo\n");
	expect_wrapped("see:\n  x -> y\nend", 2, "  see:\n    x -> y\n  end\n");
	expect_wrapped(
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
		"b",
		0,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
		"b\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_grouped_by_thousands),
		cmocka_unit_test(reals_show_three_digits),
		cmocka_unit_test(durations_choose_their_unit),
		cmocka_unit_test(durations_are_read),
		cmocka_unit_test(wrong_durations_are_refused),
		cmocka_unit_test(prose_is_wrapped_and_paragraphs_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
