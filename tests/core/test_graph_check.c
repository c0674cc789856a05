#include "core/graph.h"

#include "tests/core/zoo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void good_graphs_pass(void **state)
{
	static const char *const graphs[] = {
		"apps: {}",
		"apps: {a: gen, b: eat}\nlinks: a -> b",
		"apps: {a: gen, b: pass, c: {eat: }}\nlinks: [a -> b, b -> c]",
		"apps: {a: gen, f: fan, b: eat, c: eat}\nlinks: [a -> f -> b, f.x -> c]",
		"apps: {a: gen, b: gen, m: mixer, c: eat}\nlinks: [a -> m -> c, b -> m]",
		"apps: {a: gen, m: mixer, c: eat}\nlinks: [a -> m.right, m -> c]",
		// A source closes the cycle: what it takes does not decide what it brings.
		"apps: {e: echo, p: pass}\nlinks: [e -> p -> e]",
		"apps: {a: {gen: , worker: 1}, b: eat}\nlinks: a -> b\nworkers: 2\ncpus: [0, 1]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(graphs) / sizeof(graphs[0]); i++) {
		struct sl_graph *g = zoo_graph(graphs[i]);
		struct sl_error err = {0};

		if (sl_graph_check(g, &err))
			fail_msg("%s: %s", graphs[i], err.text);
		sl_graph_destroy(g);
	}
}

static void every_mistake_has_its_sentence(void **state)
{
	static const struct {
		const char *yaml;
		int code;
		const char *error;
	} cases[] = {
		{"apps: {a: gne, b: eat}\nlinks: a -> b", -EINVAL,
		 "1:11: there is no class 'gne'; did you mean 'gen'?"},
		{"apps: {a: zzzzzz}", -EINVAL, "1:11: there is no class 'zzzzzz'"},
		{"apps:\n  a: gen\n  k:\n    knobs:\n      cuont: 5\nlinks: a -> k", -EINVAL,
		 "5:7: class 'knobs' has no key 'cuont'; did you mean 'count'?"},
		{"apps: {a: gen, k: {knobs: {count: 0}}}\nlinks: a -> k", -EINVAL,
		 "1:35: 'count' of app 'k' must be between 1 and 100"},
		{"apps: {a: gen, n: needy}\nlinks: a -> n", -EINVAL,
		 "1:19: app 'n' (needy) needs 'file': what to read"},
		{"apps: {a: gen, b: eat}\nlinks: a.x -> b", -EINVAL,
		 "2:8: app 'a' (gen) has no output 'x'; its outputs: out"},
		{"apps: {a: gen, b: eat, c: eat}\nlinks: [a -> b, a -> c]", -EINVAL,
		 "2:17: output 'out' of app 'a' feeds both 'b' and 'c': put a 'tee' or 'split' "
		 "behind it"},
		{"apps: {a: gen, b: gen, c: eat}\nlinks: [a -> c, b -> c]", -EINVAL,
		 "2:22: input 'in' of app 'c' is fed by both 'a' and 'b': put a 'join' in front of "
		 "it"},
		{"apps: {a: gen, b: eat, alone: pass}\nlinks: a -> b", -EINVAL,
		 "1:24: app 'alone' is linked to nothing"},
		{"apps: {a: gen}", -EINVAL, "1:8: app 'a' is linked to nothing"},
		{"apps: {a: gen, b: eat, p: pass, q: eat}\nlinks: [a -> b, p -> q]", -EINVAL,
		 "1:24: app 'p' gets no packets: no link ends at it"},
		{"apps: {a: {gen: , worker: 1}, b: eat}\nlinks: a -> b", -EINVAL,
		 "1:27: app 'a' is put on worker 1, and the last of 1 is worker 0"},
		{"apps: {a: gen, b: eat}\nlinks: a -> b\nworkers: 3\ncpus: [0, 1]", -EINVAL,
		 "4:7: 2 CPUs are too few for 3 workers"},
		{"plugins: [./no.so]\napps: {}", -ENOENT,
		 "1:11: plugin 'dir/./no.so': No such file or directory"},
		{"apps: {a: gen, j: funnel, p: pass, f: fan, b: eat}\n"
		 "links: [a -> j -> p -> f -> b, f -> j]",
		 -ELOOP, "2:19: links form a cycle: f -> j -> p -> f; only a source may close one"},
		{"apps: {p: pass}\nlinks: p -> p", -ELOOP,
		 "2:8: links form a cycle: p -> p; only a source may close one"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_graph *g = zoo_graph(cases[i].yaml);
		struct sl_error err = {0};
		char wanted[300];

		snprintf(wanted, sizeof(wanted), "dir/test.yaml:%s", cases[i].error);
		zoo_assert_error(sl_graph_check(g, &err), cases[i].code, &err, wanted);
		assert_int_equal(sl_graph_check(g, NULL), cases[i].code);
		sl_graph_destroy(g);
	}
}

static void calls_meet_the_same_rules(void **state)
{
	struct sl_graph *g = sl_graph_create();
	struct sl_error err = {0};

	(void)state;
	assert_int_equal(sl_graph_add(g, "a", "gen", &err), 0);
	assert_int_equal(sl_graph_add(g, "k", "knobs", &err), 0);
	assert_int_equal(sl_graph_link(g, "a -> k", &err), 0);
	assert_int_equal(sl_graph_check(g, &err), 0);
	assert_int_equal(sl_graph_place(g, "a", 2, &err), 0);
	zoo_assert_error(sl_graph_check(g, &err), -EINVAL, &err,
			 "app 'a' is put on worker 2, and the last of 1 is worker 0");
	sl_graph_set_workers(g, 0);
	zoo_assert_error(sl_graph_check(g, &err), -EINVAL, &err,
			 "the number of workers must be between 1 and 64, not 0");
	sl_graph_set_workers(g, 3);
	sl_graph_set_mtu(g, 10);
	zoo_assert_error(sl_graph_check(g, &err), -EINVAL, &err,
			 "the MTU must be between 68 and 65000, not 10");
	sl_graph_set_mtu(g, 1500);
	assert_int_equal(sl_graph_set(g, "k", "mode", "quick", false, &err), 0);
	zoo_assert_error(sl_graph_check(g, &err), -EINVAL, &err,
			 "'mode' of app 'k' must be one of slow, steady, fast, not 'quick'");
	sl_graph_destroy(g);
}

static void lines_show_their_column_in_the_check_too(void **state)
{
	struct sl_graph *g = sl_graph_create();
	struct sl_error err = {0};
	char text[1200];

	(void)state;
	assert_int_equal(sl_graph_pipeline(g, "gen -> knobs rate=5x -> eat", NULL, NULL, &err), 0);
	assert_int_equal(sl_graph_check(g, &err), -EINVAL);
	sl_error_format(&err, text, sizeof(text));
	assert_string_equal(text,
			    "pipeline:1:19: 'rate' of app 'knobs': '5x' is not a rate such as "
			    "5Mpps or 2Gbps\ngen -> knobs rate=5x -> eat\n"
			    "                  ^");
	sl_graph_destroy(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_graphs_pass),
		cmocka_unit_test(every_mistake_has_its_sentence),
		cmocka_unit_test(calls_meet_the_same_rules),
		cmocka_unit_test(lines_show_their_column_in_the_check_too),
	};

	return cmocka_run_group_tests(tests, zoo_open, NULL);
}
