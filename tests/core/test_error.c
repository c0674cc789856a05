#include "core/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_format(const struct sl_error *err, const char *wanted)
{
	char out[1200];

	sl_error_format(err, out, sizeof(out));
	assert_string_equal(out, wanted);
}

static void set_returns_its_code_and_forgets_the_place(void **state)
{
	struct sl_error err;

	(void)state;
	assert_int_equal(sl_error_set(&err, -EINVAL, "first"), -EINVAL);
	sl_error_place(&err, "a.yaml", 3, 2, "abc", 3);
	assert_int_equal(sl_error_set(&err, -ENOENT, "no %s", "such thing"), -ENOENT);
	assert_format(&err, "no such thing");
	assert_int_equal(sl_error_set(NULL, -EIO, "nobody listens"), -EIO);
	assert_int_equal(sl_error_prefix(NULL, -EIO, "nobody listens"), -EIO);
}

static void prefix_keeps_the_place(void **state)
{
	struct sl_error err;

	(void)state;
	sl_error_set(&err, -EINVAL, "it is bad");
	sl_error_place(&err, "a.yaml", 3, 2, "abc", 3);
	assert_int_equal(sl_error_prefix(&err, -EINVAL, "app '%s'", "x"), -EINVAL);
	assert_format(&err, "a.yaml:3:2: app 'x': it is bad\nabc\n ^");
}

static void format_shows_as_much_place_as_there_is(void **state)
{
	struct sl_error err;

	(void)state;
	sl_error_set(&err, -EINVAL, "bad");
	assert_format(&err, "bad");
	sl_error_place(&err, "f", 0, 0, NULL, 0);
	assert_format(&err, "f: bad");
	sl_error_place(&err, "f", 7, 0, "line", 4);
	assert_format(&err, "f:7: bad\nline");
	sl_error_place(&err, "f", 7, 5, "line", 4);
	assert_format(&err, "f:7:5: bad\nline\n    ^");
}

static void caret_stands_under_its_character(void **state)
{
	struct sl_error err;

	(void)state;
	sl_error_set(&err, -EINVAL, "bad");
	sl_error_place(&err, "f", 1, 4, "\tx\tyz", 5);
	assert_format(&err, "f:1:4: bad\n\tx\tyz\n\t \t^");
	sl_error_place(&err, "f", 1, 3, "\xc3\xa9\xe2\x82\xacx", 6);
	assert_format(&err, "f:1:3: bad\n\xc3\xa9\xe2\x82\xacx\n  ^");
}

static void long_lines_are_not_shown_without_their_place(void **state)
{
	char line[600];
	struct sl_error err;

	(void)state;
	memset(line, 'x', sizeof(line));
	sl_error_set(&err, -EINVAL, "bad");
	sl_error_place(&err, "f", 1, 400, line, sizeof(line));
	assert_format(&err, "f:1:400: bad");
	sl_error_place(&err, "f", 1, 10, line, sizeof(line));
	assert_int_equal(strlen(err.source), sizeof(err.source) - 1);
}

static void terminals_get_no_control_characters(void **state)
{
	struct sl_error err;

	(void)state;
	sl_error_set(&err, -EINVAL, "a\nb\x1b[1m\xff\tc");
	sl_error_place(&err, "f\n", 1, 1, "\x1b]0;\xc3(", 6);
	assert_format(&err, "f?:1:1: a?b?[1m? c\n?]0;?(\n^");
}

static void long_texts_end_at_a_character(void **state)
{
	char text[700];
	struct sl_error err;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	text[sizeof(text) - 2] = '\0';
	sl_error_set(&err, -EINVAL, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 2);
	assert_int_equal(sl_text_utf8(err.text), sizeof(err.text) - 2);
	sl_error_prefix(&err, -EINVAL, "%s", text);
	assert_int_equal(sl_text_utf8(err.text), strlen(err.text));
}

static void small_buffers_are_terminated(void **state)
{
	char out[8] = "1234567";
	struct sl_error err;

	(void)state;
	sl_error_set(&err, -EINVAL, "a long text");
	sl_error_place(&err, "f", 1, 90, "source", 6);
	for (size_t size = 1; size <= sizeof(out); size++) {
		sl_error_format(&err, out, size);
		assert_true(strlen(out) < size);
	}
	sl_error_format(&err, NULL, 0);
}

static void utf8_is_told_from_other_bytes(void **state)
{
	static const struct {
		const char *text;
		size_t good;
	} cases[] = {
		{"", 0},
		{"abc", 3},
		{"\xc3\xa9", 2},
		{"\xf0\x9f\x98\x80!", 5},
		{"a\x80", 1},            // a continuation without a start
		{"a\xc3", 1},            // a start without a continuation
		{"\xc0\xaf", 0},         // overlong
		{"\xe0\x80\xaf", 0},     // overlong
		{"\xed\xa0\x80", 0},     // a surrogate
		{"\xf4\x90\x80\x80", 0}, // beyond U+10FFFF
		{"\xf0\x80\x80\x80", 0}, // overlong
		{"\xff", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(sl_text_utf8(cases[i].text), cases[i].good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_returns_its_code_and_forgets_the_place),
		cmocka_unit_test(prefix_keeps_the_place),
		cmocka_unit_test(format_shows_as_much_place_as_there_is),
		cmocka_unit_test(caret_stands_under_its_character),
		cmocka_unit_test(long_lines_are_not_shown_without_their_place),
		cmocka_unit_test(terminals_get_no_control_characters),
		cmocka_unit_test(long_texts_end_at_a_character),
		cmocka_unit_test(small_buffers_are_terminated),
		cmocka_unit_test(utf8_is_told_from_other_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
