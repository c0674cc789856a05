#include "core/config.h"

#include "tests/core/zoo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

// Read the knobs of app "k" of a graph. The caller frees them.
static struct knobs read_knobs(const char *yaml)
{
	struct sl_graph *g = zoo_graph(yaml);
	struct knobs k = {0};
	struct sl_error err = {0};

	if (sl_config_read(&zoo_knobs, g, sl_graph_find(g, "k"), &k, &err))
		fail_msg("%s", err.text);
	sl_graph_destroy(g);
	return k;
}

static void presets_fill_what_is_not_set(void **state)
{
	struct knobs k = read_knobs("apps: {k: knobs}");

	(void)state;
	assert_string_equal(k.title, "none");
	assert_true(k.loud);
	assert_int_equal(k.count, 5);
	assert_int_equal(k.size, 0);
	assert_null(k.file);
	assert_int_equal(k.tags.count, 1);
	assert_string_equal(k.tags.items[0], "blue");
	assert_int_equal(k.inputs.count, 0);
	assert_int_equal(k.mode, 1);
	assert_true(k.rate.per_second == 0);
	sl_config_fini(&zoo_knobs, &k);
	assert_null(k.title);
	assert_null(k.tags.items);
	sl_config_fini(&zoo_knobs, &k);
}

static void every_type_is_read(void **state)
{
	struct knobs k = read_knobs("apps:\n"
				    "  k:\n"
				    "    knobs:\n"
				    "      title: a b\n"
				    "      loud: no\n"
				    "      count: 0x10\n"
				    "      size: 2KiB\n"
				    "      pause: 1.5ms\n"
				    "      share: 25%\n"
				    "      file: x.pcap\n"
				    "      tags: [red, 'green, too']\n"
				    "      inputs: [a, /b, ../c]\n"
				    "      mode: fast\n"
				    "      rate: 2Gbps\n");

	(void)state;
	assert_string_equal(k.title, "a b");
	assert_false(k.loud);
	assert_int_equal(k.count, 16);
	assert_int_equal(k.size, 2048);
	assert_int_equal(k.pause, 1500000);
	assert_true(k.share == 0.25);
	assert_string_equal(k.file, "dir/x.pcap");
	assert_int_equal(k.tags.count, 2);
	assert_string_equal(k.tags.items[1], "green, too");
	assert_int_equal(k.inputs.count, 3);
	assert_string_equal(k.inputs.items[0], "dir/a");
	assert_string_equal(k.inputs.items[1], "/b");
	assert_string_equal(k.inputs.items[2], "dir/../c");
	assert_int_equal(k.mode, 2);
	assert_true(k.rate.is_bits && k.rate.per_second == 2e9);
	sl_config_fini(&zoo_knobs, &k);
}

static void first_key_needs_no_name_and_one_text_is_a_list(void **state)
{
	struct knobs k = read_knobs("apps: {k: {knobs: [hello]}}");

	(void)state;
	sl_config_fini(&zoo_knobs, &k);
	k = read_knobs("apps: {k: {knobs: hello}}");
	assert_string_equal(k.title, "hello");
	sl_config_fini(&zoo_knobs, &k);
	k = read_knobs("apps: {k: {knobs: {tags: red, inputs: []}}}");
	assert_int_equal(k.tags.count, 1);
	assert_string_equal(k.tags.items[0], "red");
	assert_int_equal(k.inputs.count, 0);
	sl_config_fini(&zoo_knobs, &k);
}

static void paths_from_a_line_or_a_program_are_the_process_s_own(void **state)
{
	struct sl_graph *g = sl_graph_create();
	struct knobs k = {0};

	(void)state;
	assert_int_equal(
		sl_graph_pipeline(g, "k=knobs file=a/b inputs=c inputs=d", NULL, NULL, NULL), 0);
	assert_int_equal(sl_graph_add(g, "c", "knobs", NULL), 0);
	assert_int_equal(sl_graph_set(g, "c", "file", "x", false, NULL), 0);
	assert_int_equal(sl_config_read(&zoo_knobs, g, sl_graph_find(g, "k"), &k, NULL), 0);
	assert_string_equal(k.file, "a/b");
	assert_int_equal(k.inputs.count, 2);
	assert_string_equal(k.inputs.items[1], "d");
	sl_config_fini(&zoo_knobs, &k);
	assert_int_equal(sl_config_read(&zoo_knobs, g, sl_graph_find(g, "c"), &k, NULL), 0);
	assert_string_equal(k.file, "x");
	sl_config_fini(&zoo_knobs, &k);
	sl_graph_destroy(g);
}

static void mistakes_are_named_at_their_place(void **state)
{
	static const struct {
		const char *config, *error;
	} cases[] = {
		{"{cuont: 1}", "1:20: class 'knobs' has no key 'cuont'; did you mean 'count'?"},
		{"{zzz: 1}", "1:20: class 'knobs' has no key 'zzz'"},
		{"{count: 0}", "1:27: 'count' of app 'k' must be between 1 and 100"},
		{"{count: 101}", "1:27: 'count' of app 'k' must be between 1 and 100"},
		{"{count: many}",
		 "1:27: 'count' of app 'k': 'many' is not a whole number such as 1000, 0x3e8 or "
		 "1k"},
		{"{size: 63}", "1:26: 'size' of app 'k' must be at least 64"},
		{"{size: 1x}",
		 "1:26: 'size' of app 'k': '1x' is not a size such as 1500, 64k or 2MiB"},
		{"{pause: 1ns}", "1:27: 'pause' of app 'k' must be between 1us and 5s"},
		{"{pause: 5}",
		 "1:27: 'pause' of app 'k': '5' is not a duration such as 10us, 1.5ms or 2s"},
		{"{share: 101%}", "1:27: 'share' of app 'k' must be between 0 and 1"},
		{"{share: -1}", "1:27: 'share' of app 'k' must be between 0 and 1"},
		{"{loud: 1}", "1:26: 'loud' of app 'k': '1' is not yes or no"},
		{"{mode: quick}",
		 "1:26: 'mode' of app 'k' must be one of slow, steady, fast, not 'quick'"},
		{"{rate: 5}", "1:26: 'rate' of app 'k': '5' is not a rate such as 5Mpps or 2Gbps"},
		{"{file: ''}", "1:27: 'file' of app 'k' is an empty path"},
		{"{inputs: [a, '']}", "1:33: 'inputs' of app 'k' is an empty path"},
		{"{mode: [slow, fast]}",
		 "1:26: 'mode' of app 'k' wants one value, not 2: put quotes around what has "
		 "blanks"},
		{"{mode: []}", "1:26: 'mode' of app 'k' wants one value, not an empty list"},
		{"{title: hey!}", "1:27: 'title' of app 'k': 'hey!' is loud"},
		{"{tags: [red, 'green!']}", "1:33: 'tags' of app 'k': 'green!' is loud"},
		{"[a, b]",
		 "1:20: 'title' of app 'k' wants one value, not 2: put quotes around what has "
		 "blanks"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char yaml[200], wanted[300];
		struct sl_error err = {0};
		struct knobs k = {0};
		struct sl_graph *g;

		snprintf(yaml, sizeof(yaml), "apps: {k: {knobs: %s}}", cases[i].config);
		snprintf(wanted, sizeof(wanted), "dir/test.yaml:%s", cases[i].error);
		g = zoo_graph(yaml);
		zoo_assert_error(sl_config_read(&zoo_knobs, g, sl_graph_find(g, "k"), &k, &err),
				 -EINVAL, &err, wanted);
		assert_int_equal(sl_config_read(&zoo_knobs, g, sl_graph_find(g, "k"), NULL, NULL),
				 -EINVAL);
		sl_graph_destroy(g);
	}
}

static void a_key_set_by_name_and_as_the_first_is_set_twice(void **state)
{
	struct sl_graph *g = sl_graph_create();
	struct sl_error err = {0};

	(void)state;
	assert_int_equal(sl_graph_pipeline(g, "k=knobs one title=two", NULL, NULL, NULL), 0);
	zoo_assert_error(sl_config_read(&zoo_knobs, g, sl_graph_find(g, "k"), NULL, &err), -EINVAL,
			 &err, "pipeline:1:13: 'title' of app 'k' is set twice");
	sl_graph_destroy(g);
}

static void required_keys_and_classes_without_keys(void **state)
{
	struct sl_graph *g = zoo_graph("apps:\n  n: needy\n  p: {pass: 5}\n  q: {pass: {a: 1}}\n");
	const struct sl_app_class *needy = sl_class_find("needy"), *pass = sl_class_find("pass");
	struct sl_error err = {0};

	(void)state;
	zoo_assert_error(sl_config_read(needy, g, sl_graph_find(g, "n"), NULL, &err), -EINVAL, &err,
			 "dir/test.yaml:2:6: app 'n' (needy) needs 'file': what to read");
	zoo_assert_error(sl_config_read(pass, g, sl_graph_find(g, "p"), NULL, &err), -EINVAL, &err,
			 "dir/test.yaml:3:13: class 'pass' has nothing to set");
	zoo_assert_error(sl_config_read(pass, g, sl_graph_find(g, "q"), NULL, &err), -EINVAL, &err,
			 "dir/test.yaml:4:14: class 'pass' has nothing to set");
	sl_graph_destroy(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(presets_fill_what_is_not_set),
		cmocka_unit_test(every_type_is_read),
		cmocka_unit_test(first_key_needs_no_name_and_one_text_is_a_list),
		cmocka_unit_test(paths_from_a_line_or_a_program_are_the_process_s_own),
		cmocka_unit_test(mistakes_are_named_at_their_place),
		cmocka_unit_test(a_key_set_by_name_and_as_the_first_is_set_twice),
		cmocka_unit_test(required_keys_and_classes_without_keys),
	};

	return cmocka_run_group_tests(tests, zoo_open, NULL);
}
