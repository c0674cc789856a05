#include "cli/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
// after the four above
#include <cmocka.h>

static char *text;
static size_t len;

static struct json begin(void)
{
	struct json j;

	json_init(&j, open_memstream(&text, &len));
	return j;
}

static void expect(struct json *j, const char *wanted)
{
	fclose(j->out);
	assert_string_equal(text, wanted);
	free(text);
}

static void expect_text(const char *value, const char *wanted)
{
	struct json j = begin();

	json_string(&j, NULL, value);
	expect(&j, wanted);
}

static void members_and_items_are_separated_by_commas(void **state)
{
	struct json j = begin();

	(void)state;
	json_object(&j, NULL);
	json_uint(&j, "a", 1);
	json_array(&j, "b");
	json_bool(&j, NULL, true);
	json_bool(&j, NULL, false);
	json_end(&j);
	json_object(&j, "c");
	json_end(&j);
	json_end(&j);
	expect(&j, "{\n  \"a\": 1,\n  \"b\": [\n    true,\n    false\n  ],\n  \"c\": {}\n}\n");
}

static void strings_are_escaped(void **state)
{
	(void)state;
	expect_text("", "\"\"");
	expect_text("a\"b\\c", "\"a\\\"b\\\\c\"");
	expect_text("\t\n\x01\x7f", "\"\\u0009\\u000a\\u0001\\u007f\"");
	expect_text(NULL, "null");
}

static void utf8_passes_and_other_bytes_are_replaced(void **state)
{
	(void)state;
	expect_text("\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8a",
		    "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8a\"");
	expect_text("a\xff", "\"a\\ufffd\"");
	expect_text("\xc3", "\"\\ufffd\"");                       // cut short
	expect_text("\xc0\x80", "\"\\ufffd\\ufffd\"");            // longer than needed
	expect_text("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""); // a surrogate
	expect_text("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

static void numbers_keep_their_digits(void **state)
{
	struct json j = begin();

	(void)state;
	json_array(&j, NULL);
	json_uint(&j, NULL, UINT64_MAX);
	json_real(&j, NULL, 0.25);
	json_real(&j, NULL, NAN);
	json_real(&j, NULL, INFINITY);
	json_end(&j);
	expect(&j, "[\n  18446744073709551615,\n  0.25,\n  null,\n  null\n]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_and_items_are_separated_by_commas),
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(utf8_passes_and_other_bytes_are_replaced),
		cmocka_unit_test(numbers_keep_their_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
