#include "cli/args.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
// after the four above
#include <cmocka.h>

enum { TO, JSON };

static const struct args_option options[] = {
	[TO] = {"to", 'o', "FILE", ""},
	[JSON] = {"json", 0, NULL, ""},
	{0},
};

static char store[4][32], *argv[5];
static struct args args;
static struct sl_error err;

// Parse up to four words.
static int parse(const char *a, const char *b, const char *c, const char *d)
{
	const char *const words[] = {a, b, c, d};
	int argc = 0;

	memset(argv, 0, sizeof(argv));
	memset(&err, 0, sizeof(err));
	while (argc < 4 && words[argc]) {
		argv[argc] = strcpy(store[argc], words[argc]);
		argc++;
	}
	return args_parse(&args, options, argc, argv, &err);
}

static void words_and_options_mix(void **state)
{
	(void)state;
	assert_int_equal(parse("a", "--to", "x", "b"), 0);
	assert_int_equal(args.n_words, 2);
	assert_string_equal(args.words[0], "a");
	assert_string_equal(args.words[1], "b");
	assert_string_equal(args.values[TO], "x");
	assert_null(args.values[JSON]);
}

static void values_are_attached_or_follow(void **state)
{
	(void)state;
	assert_int_equal(parse("--to=x=y", NULL, NULL, NULL), 0);
	assert_string_equal(args.values[TO], "x=y");
	assert_int_equal(parse("-ox", NULL, NULL, NULL), 0);
	assert_string_equal(args.values[TO], "x");
	assert_int_equal(parse("-o", "-", NULL, NULL), 0);
	assert_string_equal(args.values[TO], "-");
	assert_int_equal(parse("--to=", NULL, NULL, NULL), 0);
	assert_string_equal(args.values[TO], "");
}

static void two_dashes_end_the_options(void **state)
{
	(void)state;
	assert_int_equal(parse("--json", "--", "--to", "-"), 0);
	assert_int_equal(args.n_words, 2);
	assert_string_equal(args.words[0], "--to");
	assert_string_equal(args.words[1], "-");
	assert_string_equal(args.values[JSON], "");
}

static void help_is_known_everywhere(void **state)
{
	(void)state;
	assert_int_equal(parse("a", "-h", NULL, NULL), 0);
	assert_true(args.help);
	assert_int_equal(parse("--help", NULL, NULL, NULL), 0);
	assert_true(args.help);
	assert_int_equal(parse("--", "--help", NULL, NULL), 0);
	assert_false(args.help);
}

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *words[3];
		const char *text;
	} wrong[] = {
		{{"--jsno"}, "unknown option '--jsno'; did you mean '--json'?"},
		{{"--zzzzzz=1"}, "unknown option '--zzzzzz'"},
		{{"-z"}, "unknown option '-z'"},
		{{"--to"}, "--to needs a value: FILE"},
		{{"-o"}, "--to needs a value: FILE"},
		{{"--to", "a", "-ob"}, "--to is given twice"},
		{{"--json", "--json"}, "--json is given twice"},
		{{"--json=1"}, "--json takes no value"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(
			parse(wrong[i].words[0], wrong[i].words[1], wrong[i].words[2], NULL),
			-EINVAL);
		assert_string_equal(err.text, wrong[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_options_mix),
		cmocka_unit_test(values_are_attached_or_follow),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(help_is_known_everywhere),
		cmocka_unit_test(mistakes_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
