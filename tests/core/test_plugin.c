#include "core/plugin.h"

#include "tests/core/zoo.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <sluice/version.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

// The tests run in the folder of the plugins.
static int enter_plugins(void **state)
{
	const char *folder = getenv("SLUICE_TEST_PLUGINS");

	(void)state;
	return folder && chdir(folder) == 0 ? 0 : -1;
}

static size_t count_classes(void)
{
	size_t n = 0;

	while (sl_class_at(n))
		n++;
	return n;
}

static void classes_are_listed_by_name(void **state)
{
	size_t n = count_classes();

	(void)state;
	assert_true(n > 2);
	for (size_t i = 1; i < n; i++)
		assert_true(strcmp(sl_class_at(i - 1)->name, sl_class_at(i)->name) < 0);
	assert_ptr_equal(sl_class_find("sink"), sl_class_find("sink"));
	assert_string_equal(sl_class_find("sink")->name, "sink");
	assert_null(sl_class_find("nonesuch"));
	assert_null(sl_class_at(n + 1));
}

static void every_class_of_the_library_makes_sense(void **state)
{
	const struct sl_app_class *c;

	(void)state;
	for (size_t i = 0; (c = sl_class_at(i)); i++) {
		const char *mistake = sl_class_mistake(c);

		if (mistake)
			fail_msg("class '%s': %s", c->name, mistake);
		assert_non_null(c->help);
	}
}

static void a_class_is_registered_once(void **state)
{
	(void)state;
	assert_int_equal(sl_class_register(&zoo_knobs), 0);
	assert_ptr_equal(sl_class_find("knobs"), &zoo_knobs);
	assert_int_equal(sl_class_register(&zoo_knobs), -EEXIST);
}

static void tables_that_make_no_sense_are_refused(void **state)
{
	static const struct sl_key outside[] = {{.name = "a", .type = SL_UINT, .offset = 4}, {0}};
	static const struct sl_key no_choice[] = {{.name = "a", .type = SL_CHOICE}, {0}};
	static const struct sl_key bad_type[] = {{.name = "a", .type = (enum sl_type)99}, {0}};
	static const struct sl_key bad_name[] = {{.name = "a b", .type = SL_BOOL}, {0}};
	static const struct sl_key bad_preset[] = {
		{.name = "a", .type = SL_UINT, .preset = "5x"},
		{0},
	};
	static const struct sl_key out_of_range[] = {
		{.name = "a", .type = SL_UINT, .preset = "5", .min = 6},
		{0},
	};
	static const struct {
		const char *name, *input, *second;
		size_t size;
		const struct sl_key *keys;
		const char *mistake;
	} cases[] = {
		{NULL, "in", NULL, sizeof(struct sl_app), NULL, "its name is not a name"},
		{"a.b", "in", NULL, sizeof(struct sl_app), NULL, "its name is not a name"},
		{"a", "in", NULL, 8, NULL, "size is less than a struct sl_app"},
		{"a", "i n", NULL, sizeof(struct sl_app), NULL, "a port's name is not a name"},
		{"a", "*", "in", sizeof(struct sl_app), NULL, "a port's name is not a name"},
		{"a", "*", NULL, sizeof(struct sl_app), NULL, NULL},
		{"a", "in", "*", sizeof(struct sl_app), NULL, NULL},
		{"a", "in", NULL, sizeof(struct sl_app), outside,
		 "a key lies outside of config_size"},
		{"a", "in", NULL, sizeof(struct sl_app), no_choice, "a choice has no choices"},
		{"a", "in", NULL, sizeof(struct sl_app), bad_type, "a key has an unknown type"},
		{"a", "in", NULL, sizeof(struct sl_app), bad_name, "a key's name is not a name"},
		{"a", "in", NULL, sizeof(struct sl_app), bad_preset,
		 "a key's preset is none of its values"},
		{"a", "in", NULL, sizeof(struct sl_app), out_of_range,
		 "a key's preset is none of its values"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_app_class c = {
			.name = cases[i].name,
			.inputs = {cases[i].input, cases[i].second},
			.keys = cases[i].keys,
			.config_size = 8,
			.size = cases[i].size,
			.push = zoo_knobs.push,
		};

		if (!cases[i].mistake) {
			assert_null(sl_class_mistake(&c));
			continue;
		}
		assert_string_equal(sl_class_mistake(&c), cases[i].mistake);
		assert_int_equal(sl_class_register(&c), -EINVAL);
		c.push = NULL;
		assert_non_null(sl_class_mistake(&c));
	}
}

static void bad_plugins_are_refused_whole(void **state)
{
	static const struct {
		const char *path;
		int code;
		const char *error;
	} cases[] = {
		{"absent.so", -ENOENT, "plugin 'absent.so': No such file or directory"},
		{".", -EINVAL, "plugin '.': cannot read file data: Is a directory"},
		{"/dev/null", -EINVAL, "plugin '/dev/null': file too short"},
		{"empty.so", -EINVAL,
		 "'empty.so' is not a plugin of Sluice: it exports no 'sl_plugin'"},
		{"old.so", -ENOEXEC,
		 "plugin 'old.so' was built against ABI version 999 of Sluice and this is version "
		 "5: build it again"},
		{"newer.so", -ENOEXEC,
		 "plugin 'newer.so' was built against ABI version 999 of Sluice and this is "
		 "version 5: build it again"},
		{"clash.so", -EEXIST, "plugin 'clash.so': there is a class 'sink' already"},
		{"malformed.so", -EINVAL,
		 "plugin 'malformed.so': class 2, 'sink': size is less than a struct sl_app"},
		{"twins.so", -EINVAL, "plugin 'twins.so' has two classes 'other'"},
	};
	size_t before = count_classes();

	(void)state;
	assert_int_equal(SL_ABI_VERSION, 5);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_error err = {0};

		zoo_assert_error(sl_plugin_load(cases[i].path, &err), cases[i].code, &err,
				 cases[i].error);
		assert_int_equal(count_classes(), before);
	}
	assert_null(sl_class_find("other"));
}

static void a_plugin_is_loaded_once_under_whatever_path(void **state)
{
	char folder[] = "/tmp/sluice-test-XXXXXX", alias[100], target[PATH_MAX];
	const struct sl_app_class *cut;
	struct sl_error err = {0};
	size_t before = count_classes();

	(void)state;
	assert_null(sl_class_find("cut"));
	assert_int_equal(sl_plugin_load("good.so", &err), 0);
	cut = sl_class_find("cut");
	assert_non_null(cut);
	assert_int_equal(sl_plugin_load("./good.so", &err), 0);
	assert_non_null(realpath("good.so", target));
	assert_non_null(mkdtemp(folder));
	snprintf(alias, sizeof(alias), "%s/alias.so", folder);
	assert_int_equal(symlink(target, alias), 0);
	assert_int_equal(sl_plugin_load(alias, &err), 0);
	unlink(alias);
	rmdir(folder);
	assert_ptr_equal(sl_class_find("cut"), cut);
	assert_int_equal(count_classes(), before + 1);
}

static void a_graph_names_its_plugins(void **state)
{
	char folder[1000], name[1100];
	struct sl_graph *g = sl_graph_create();
	struct sl_error err = {0};

	(void)state;
	assert_non_null(getcwd(folder, sizeof(folder)));
	snprintf(name, sizeof(name), "%s/f.yaml", folder);
	assert_int_equal(chdir("/"), 0); // the path is relative to the file, not to the process
	assert_int_equal(sl_graph_parse(g,
					"plugins: good.so\n"
					"apps: {a: source, c: cut, b: sink}\n"
					"links: a -> c -> b\n",
					name, &err),
			 0);
	if (sl_graph_check(g, &err))
		fail_msg("%s", err.text);
	sl_graph_destroy(g);
	g = sl_graph_create();
	assert_int_equal(sl_graph_parse(g, "apps: {}\nplugins: [good.so, old.so]", name, &err), 0);
	assert_int_equal(sl_graph_check(g, &err), -ENOEXEC);
	assert_int_equal(err.line, 2);
	assert_int_equal(err.column, 20);
	sl_graph_destroy(g);
	assert_int_equal(chdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_are_listed_by_name),
		cmocka_unit_test(every_class_of_the_library_makes_sense),
		cmocka_unit_test(a_class_is_registered_once),
		cmocka_unit_test(tables_that_make_no_sense_are_refused),
		cmocka_unit_test(bad_plugins_are_refused_whole),
		cmocka_unit_test(a_plugin_is_loaded_once_under_whatever_path),
		cmocka_unit_test(a_graph_names_its_plugins),
	};

	return cmocka_run_group_tests(tests, enter_plugins, NULL);
}
