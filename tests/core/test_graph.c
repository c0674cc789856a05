#include "core/graph.h"

#include "tests/core/zoo.h"

#include <errno.h>
#include <setjmp.h>
#include <sluice/engine.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void add(struct sl_graph *g, const char *name)
{
	assert_int_equal(sl_graph_add(g, name, "pass", NULL), 0);
}

static void names_are_checked(void **state)
{
	static const char *const good[] = {"a", "A-b_c", "0", "10g0", "_x"};
	static const char *const bad[] = {"", "a.b", "a b", "-a", "a-", "a->b", "\xc3\xa9", "a\n"};
	char longest[SL_NAME_SIZE + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(sl_name_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(sl_name_valid(bad[i]));
	memset(longest, 'a', SL_NAME_SIZE);
	longest[SL_NAME_SIZE] = '\0';
	assert_false(sl_name_valid(longest));
	longest[SL_NAME_SIZE - 1] = '\0';
	assert_true(sl_name_valid(longest));
}

static void apps_are_added_once_and_by_a_name(void **state)
{
	struct sl_graph *g = sl_graph_create();
	struct sl_error err = {0};
	char name[100];

	(void)state;
	assert_int_equal(sl_graph_add(g, "in", "gen", &err), 0);
	assert_true(sl_graph_has(g, "in"));
	assert_false(sl_graph_has(g, "out"));
	zoo_assert_error(sl_graph_add(g, "in", "eat", &err), -EEXIST, &err,
			 "there is an app 'in' already");
	zoo_assert_error(sl_graph_add(g, "a.b", "eat", &err), -EINVAL, &err,
			 "'a.b' is not a name: use letters, digits, '-' and '_'");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	zoo_assert_error(sl_graph_add(g, name, "eat", &err), -EINVAL, &err,
			 "'xxxxxxxxxxxxxxxxxxxx...' is too long for a name: at most 63 characters");
	assert_int_equal(g->n_apps, 1);
	sl_graph_destroy(g);
}

static void apps_have_a_limit(void **state)
{
	struct sl_graph *g = sl_graph_create();
	struct sl_error err = {0};
	char name[20];

	(void)state;
	for (unsigned i = 0; i < SL_APPS_MAX; i++) {
		snprintf(name, sizeof(name), "a%u", i);
		add(g, name);
	}
	zoo_assert_error(sl_graph_add(g, "one-more", "pass", &err), -EINVAL, &err,
			 "more than 4096 apps");
	sl_graph_destroy(g);
}

static void settings_are_set_once_or_appended(void **state)
{
	struct sl_graph *g = sl_graph_create();
	const struct sl_graph_app *a;
	struct sl_error err = {0};

	(void)state;
	add(g, "a");
	assert_int_equal(sl_graph_set(g, "a", "k", "v", false, &err), 0);
	zoo_assert_error(sl_graph_set(g, "a", "k", "w", false, &err), -EEXIST, &err,
			 "'k' of app 'a' is set twice");
	assert_int_equal(sl_graph_set(g, "a", NULL, "v", false, &err), 0);
	zoo_assert_error(sl_graph_set(g, "a", NULL, "w", false, &err), -EEXIST, &err,
			 "app 'a' is given a second value");
	zoo_assert_error(sl_graph_set(g, "bb", "k", "w", false, &err), -ENOENT, &err,
			 "no app is named 'bb'");
	assert_int_equal(sl_graph_set(g, "a", "k", "w", true, &err), 0);
	assert_int_equal(sl_graph_set(g, "a", "k", "x", true, &err), 0);
	a = sl_graph_find(g, "a");
	assert_int_equal(a->n_settings, 2);
	assert_null(a->settings[0].value.text);
	assert_int_equal(a->settings[0].value.n_items, 3);
	assert_string_equal(a->settings[0].value.items[0].text, "v");
	assert_string_equal(a->settings[0].value.items[2].text, "x");
	sl_graph_destroy(g);
}

static void removing_an_app_removes_its_links(void **state)
{
	struct sl_graph *g = sl_graph_create();

	(void)state;
	for (const char *name = "a\0b\0c\0"; *name; name += 2)
		add(g, name);
	assert_int_equal(sl_graph_link(g, "a -> b -> c", NULL), 0);
	assert_int_equal(sl_graph_link(g, "a -> c", NULL), 0);
	assert_int_equal(sl_graph_remove(g, "b"), 0);
	assert_int_equal(sl_graph_remove(g, "b"), -ENOENT);
	assert_int_equal(g->n_apps, 2);
	assert_int_equal(g->n_links, 1);
	assert_string_equal(g->links[0].to, "c");
	assert_string_equal(g->apps[1].name, "c");
	add(g, "b");
	add(g, "d");
	assert_int_equal(sl_graph_link(g, "c -> d -> b", NULL), 0);
	assert_int_equal(sl_graph_remove(g, "d"), 0);
	assert_int_equal(sl_graph_remove(g, "a"), 0);
	assert_int_equal(g->n_links, 0);
	sl_graph_destroy(g);
}

static void a_copy_is_equal_and_independent(void **state)
{
	struct sl_graph *g = zoo_graph("apps:\n"
				       "  a: {gen: {k: [1, 2]}, worker: 1}\n"
				       "  b: {pass: x}\n"
				       "  c: eat\n"
				       "links: [a -> b.in -> c]\n"
				       "workers: 2\n"
				       "cpus: [1, 0]\n"
				       "idle: off\n"
				       "mtu: 9000\n"
				       "link-size: 128\n"
				       "packets: 1000\n"
				       "plugins: [p.so]\n"
				       "eal: [--a, --b]\n");
	struct sl_graph *copy = sl_graph_copy(g);
	struct sl_engine_options options = {0};

	(void)state;
	assert_int_equal(sl_graph_remove(g, "b"), 0);
	sl_graph_destroy(g);
	assert_non_null(copy);
	assert_int_equal(copy->n_apps, 3);
	assert_int_equal(copy->apps[0].worker, 1);
	assert_string_equal(copy->apps[0].settings[0].value.items[1].text, "2");
	assert_string_equal(copy->links[0].to_port, "in");
	assert_null(copy->links[0].from_port);
	assert_int_equal(copy->workers, 2);
	assert_int_equal(copy->idle_ns, 0);
	assert_int_equal(copy->mtu, 9000);
	assert_int_equal(copy->link_size, 128);
	assert_int_equal(copy->packets, 1000);
	assert_string_equal(copy->plugins[0].value.text, "p.so");
	assert_string_equal(copy->texts[0].name, "dir/test.yaml");
	sl_graph_options(copy, &options);
	assert_int_equal(options.n_cpus, 2);
	assert_int_equal(options.cpus[0], 1);
	assert_string_equal(options.eal_args[1], "--b");
	assert_null(options.eal_args[2]);
	add(copy, "d"); // the room for more came along
	sl_graph_destroy(copy);
	sl_graph_destroy(NULL);
}

static void the_everyday_default(void **state)
{
	struct sl_engine_options options = {.n_cpus = 3};
	struct sl_graph *g = sl_graph_create();

	(void)state;
	assert_int_equal(g->workers, 1);
	assert_int_equal(g->mtu, 1500);
	assert_int_equal(g->idle_ns, 3000000);
	sl_graph_options(g, &options);
	assert_null(options.cpus);
	assert_int_equal(options.n_cpus, 0);
	assert_null(options.eal_args);
	sl_graph_set_workers(g, 3);
	sl_graph_set_mtu(g, 9000);
	sl_graph_set_idle(g, 0);
	assert_int_equal(g->workers, 3);
	assert_int_equal(g->mtu, 9000);
	assert_int_equal(g->idle_ns, 0);
	sl_graph_destroy(g);
}

static void apps_are_placed_on_workers(void **state)
{
	struct sl_graph *g = sl_graph_create();
	struct sl_error err = {0};

	(void)state;
	add(g, "first");
	assert_int_equal(g->apps[0].worker, -1);
	assert_int_equal(sl_graph_place(g, "first", 1, &err), 0);
	assert_int_equal(g->apps[0].worker, 1);
	zoo_assert_error(sl_graph_place(g, "frist", 1, &err), -ENOENT, &err,
			 "no app is named 'frist'; did you mean 'first'?");
	zoo_assert_error(sl_graph_place(g, "first", 64, &err), -EINVAL, &err,
			 "there is no worker 64: at most 64, from 0");
	sl_graph_destroy(g);
}

static void paths_are_relative_to_their_file(void **state)
{
	static const struct {
		const char *file, *path, *wanted;
		bool is_file;
	} cases[] = {
		{"a/b.yaml", "c", "a/c", true},       {"b.yaml", "c", "c", true},
		{"/b.yaml", "c", "/c", true},         {"a/b.yaml", "/c", "/c", true},
		{"a/b.yaml", "../c", "a/../c", true}, {"a/b", "c", "c", false},
	};
	struct sl_place at = {.line = 1, .column = 1};
	struct sl_graph *g = sl_graph_create();
	char *path;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		at.text = sl_graph_add_text(g, cases[i].file, "", cases[i].is_file);
		path = sl_graph_path(g, at, cases[i].path);
		assert_string_equal(path, cases[i].wanted);
		free(path);
	}
	path = sl_graph_path(g, sl_place_none(), "x/y");
	assert_string_equal(path, "x/y");
	free(path);
	sl_graph_destroy(g);
}

static void errors_find_their_line(void **state)
{
	static const char text[] = "one\r\ntwo\nthree\n\nfive";
	struct sl_graph *g = sl_graph_create();
	struct sl_place at = {.text = sl_graph_add_text(g, "t", text, true), .column = 2};
	static const char *const lines[] = {"", "one", "two", "three", "", "five", ""};
	struct sl_error err;

	(void)state;
	for (at.line = 1; at.line <= 6; at.line++) {
		sl_graph_error(g, at, &err, -EINVAL, "bad");
		assert_string_equal(err.source, lines[at.line]);
		assert_int_equal(err.line, at.line);
	}
	assert_int_equal(sl_graph_error(g, sl_place_none(), &err, -EINVAL, "bad"), -EINVAL);
	assert_int_equal(err.line, 0);
	assert_int_equal(sl_graph_error(g, at, NULL, -EINVAL, "bad"), -EINVAL);
	sl_graph_destroy(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(apps_are_added_once_and_by_a_name),
		cmocka_unit_test(apps_have_a_limit),
		cmocka_unit_test(settings_are_set_once_or_appended),
		cmocka_unit_test(removing_an_app_removes_its_links),
		cmocka_unit_test(a_copy_is_equal_and_independent),
		cmocka_unit_test(the_everyday_default),
		cmocka_unit_test(apps_are_placed_on_workers),
		cmocka_unit_test(paths_are_relative_to_their_file),
		cmocka_unit_test(errors_find_their_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
