#include "core/order.h"
#include "tests/core/numbered.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { APPS_MAX = 16 };

static void delay_nothing(struct sl_app *app)
{
	(void)app;
}

static const struct sl_app_class delay_class = {
	.name = "delay",
	.help = "has pull, but is no source",
	.inputs = {"in"},
	.outputs = {"out"},
	.size = sizeof(struct sl_app),
	.delays = true,
	.pull = delay_nothing,
	.push = delay_nothing,
};

static const struct sl_app_class port_class = {
	.name = "port",
	.help = "a source that also takes packets",
	.inputs = {"in"},
	.outputs = {"out"},
	.size = sizeof(struct sl_app),
	.pull = delay_nothing,
	.push = delay_nothing,
};

static const struct sl_app_class many_class = {
	.name = "many",
	.help = "any number of ports",
	.inputs = {"*"},
	.outputs = {"*"},
	.size = sizeof(struct sl_app),
	.push = delay_nothing,
};

static const struct sl_app_class echo_class = {
	.name = "echo",
	.help = "answers to where its packets come from",
	.inputs = {"in"},
	.outputs = {"out"},
	.size = sizeof(struct sl_app),
	.loops = true,
	.push = delay_nothing,
};

static int register_classes(void **state)
{
	(void)state;
	return sl_class_register(&numbers_class) || sl_class_register(&check_class) ||
	       sl_class_register(&pass_class) || sl_class_register(&delay_class) ||
	       sl_class_register(&port_class) || sl_class_register(&many_class) ||
	       sl_class_register(&echo_class);
}

// "a:port b:pass" adds apps, "a -> b" links.
static struct sl_graph *graph(const char *const *items)
{
	struct sl_graph *g = sl_graph_create();
	char name[16], class[16];

	for (; *items; items++) {
		int r = sscanf(*items, "%15[^:]:%15s", name, class) == 2
				? sl_graph_add(g, name, class, NULL)
				: sl_graph_link(g, *items, NULL);

		assert_int_equal(r, 0);
	}
	return g;
}

static int order(const struct sl_graph *g, size_t *out, struct sl_wiring *w, struct sl_error *err)
{
	assert_int_equal(sl_wiring_resolve(g, w, err), 0);
	return sl_graph_order(g, w, out, err);
}

static void apps_come_after_those_that_feed_them(void **state)
{
	static const char *const cases[][APPS_MAX] = {
		{"s:numbers", "d:check", "s -> d"},
		{"d:check", "s:numbers", "s -> d"},
		{"d:check", "c:pass", "b:pass", "a:pass", "s:numbers", "s -> a -> b -> c -> d"},
		// A diamond: the join waits for both sides.
		{"s:numbers", "j:many", "l:pass", "r:pass", "t:many", "s -> t", "t -> l -> j",
		 "t -> r -> j"},
		// Two ports joined both ways are no cycle.
		{"a:port", "b:port", "a -> b", "b -> a"},
		{"b:port", "f:pass", "a:port", "a -> f -> b", "b -> a"},
		{"s:numbers", "x:delay", "p:pass", "d:check", "s -> p -> x -> d"},
		// What loops may lead back.
		{"e:echo", "m:many", "s:numbers", "d:check", "s -> m -> d", "m -> e -> m"},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct sl_graph *g = graph(cases[i]);
		size_t at[APPS_MAX], position[APPS_MAX] = {0};
		bool seen[APPS_MAX] = {false};
		struct sl_wiring w;

		assert_int_equal(order(g, at, &w, NULL), 0);
		for (size_t k = 0; k < g->n_apps; k++) {
			assert_false(seen[at[k]]);
			seen[at[k]] = true;
			position[at[k]] = k;
		}
		for (size_t k = 0; k < w.n_wires; k++) {
			const struct sl_app_class *from = w.apps[w.wires[k].from].class;

			if (!from->loops && (!from->pull || from->delays))
				assert_true(position[w.wires[k].from] < position[w.wires[k].to]);
		}
		sl_wiring_fini(&w);
		sl_graph_destroy(g);
	}
}

static void cycles_name_their_apps(void **state)
{
	static const struct {
		const char *items[APPS_MAX];
		const char *text;
	} cases[] = {
		{{"s:numbers", "m:many", "p:pass", "s -> m", "m -> p -> m"},
		 "links form a cycle: p -> m -> p; only a source may close one"},
		{{"p:pass", "p -> p"}, "links form a cycle: p -> p; only a source may close one"},
		// What only delays closes no cycle.
		{{"m:many", "x:delay", "m -> x -> m"},
		 "links form a cycle: x -> m -> x; only a source may close one"},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct sl_graph *g = graph(cases[i].items);
		struct sl_error err = {0};
		size_t at[APPS_MAX];
		struct sl_wiring w;

		assert_int_equal(order(g, at, &w, &err), -ELOOP);
		sl_wiring_fini(&w);
		assert_string_equal(err.text, cases[i].text);
		sl_graph_destroy(g);
	}
}

// The workers of the apps, in the order they were added.
static void workers_text(const struct sl_graph *g, char *out)
{
	unsigned worker[APPS_MAX];
	struct sl_wiring w;

	assert_int_equal(sl_wiring_resolve(g, &w, NULL), 0);
	assert_int_equal(sl_graph_assign(g, &w, worker), 0);
	for (size_t i = 0; i < g->n_apps; i++)
		*out++ = (char)('0' + worker[i]);
	*out = '\0';
	sl_wiring_fini(&w);
}

static void neighbours_share_a_worker(void **state)
{
	static const struct {
		const char *items[APPS_MAX];
		unsigned workers;
		const char *text;
	} cases[] = {
		{{"s:numbers", "p:pass", "d:check", "s -> p -> d"}, 1, "000"},
		{{"s:numbers", "d:check", "s -> d"}, 2, "01"},
		{{"s:numbers", "a:pass", "b:pass", "d:check", "s -> a -> b -> d"}, 2, "0011"},
		// Chains stay together, in whatever order they were written.
		{{"s:numbers", "t:numbers", "c:check", "d:check", "s -> c", "t -> d"}, 2, "0101"},
		{{"d:check", "s:numbers", "c:check", "t:numbers", "s -> c", "t -> d"}, 2, "1001"},
		{{"s:numbers", "d:check", "s -> d"}, 4, "02"},
	};
	char text[APPS_MAX + 1];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct sl_graph *g = graph(cases[i].items);

		sl_graph_set_workers(g, cases[i].workers);
		workers_text(g, text);
		assert_string_equal(text, cases[i].text);
		sl_graph_destroy(g);
	}
}

static void an_app_that_was_placed_stays_there(void **state)
{
	static const char *const items[] = {"s:numbers", "a:pass", "d:check", "s -> a -> d", NULL};
	struct sl_graph *g = graph(items);
	char text[APPS_MAX + 1];

	(void)state;
	sl_graph_set_workers(g, 2);
	assert_int_equal(sl_graph_place(g, "s", 1, NULL), 0);
	workers_text(g, text);
	assert_string_equal(text, "101");
	sl_graph_destroy(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apps_come_after_those_that_feed_them),
		cmocka_unit_test(cycles_name_their_apps),
		cmocka_unit_test(neighbours_share_a_worker),
		cmocka_unit_test(an_app_that_was_placed_stays_there),
	};

	return cmocka_run_group_tests(tests, register_classes, NULL);
}
