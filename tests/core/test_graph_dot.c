#include "core/graph.h"

#include "tests/core/zoo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char head[] = "digraph sluice {\n"
			   "\trankdir=LR;\n"
			   "\tnode [shape=box, fontname=\"sans-serif\"];\n"
			   "\tedge [fontname=\"sans-serif\", fontsize=10];\n";

static void assert_dot(struct sl_graph *g, const char *wanted)
{
	char *dot = sl_graph_dot(g);

	assert_non_null(dot);
	assert_memory_equal(dot, head, strlen(head));
	assert_string_equal(dot + strlen(head), wanted);
	free(dot);
	sl_graph_destroy(g);
}

static void apps_show_class_and_settings(void **state)
{
	(void)state;
	assert_dot(
		zoo_graph("apps: {gen: gen, k: {knobs: {count: 5, tags: [a, b]}}, j: {knobs: hi}}\n"
			  "links: [gen -> k -> j]"),
		"\t\"gen\" [label=\"gen\"];\n"
		"\t\"k\" [label=\"k\\nknobs\\ncount: 5\\ntags: [a, b]\"];\n"
		"\t\"j\" [label=\"j\\nknobs\\ntitle: hi\"];\n"
		"\t\"gen\" -> \"k\";\n"
		"\t\"k\" -> \"j\";\n"
		"}\n");
}

static void links_show_ports_that_tell_something(void **state)
{
	(void)state;
	assert_dot(zoo_graph("apps: {r: router, m: mixer, f: fan, e: eat}\n"
			     "links: [r -> m, r -> m.left, m.out -> f, f.x -> r, f -> e.in]"),
		   "\t\"r\" [label=\"r\\nrouter\"];\n"
		   "\t\"m\" [label=\"m\\nmixer\"];\n"
		   "\t\"f\" [label=\"f\\nfan\"];\n"
		   "\t\"e\" [label=\"e\\neat\"];\n"
		   "\t\"r\" -> \"m\" [taillabel=\"out\"] [headlabel=\"right\"];\n"
		   "\t\"r\" -> \"m\" [taillabel=\"expired\"] [headlabel=\"left\"];\n"
		   "\t\"m\" -> \"f\";\n"
		   "\t\"f\" -> \"r\" [taillabel=\"x\"];\n"
		   "\t\"f\" -> \"e\";\n"
		   "}\n");
}

static void workers_are_clusters(void **state)
{
	(void)state;
	assert_dot(zoo_graph("apps: {a: {gen: , worker: 1}, b: eat, c: {pass: , worker: 0}}\n"
			     "links: a -> c -> b"),
		   "\t\"b\" [label=\"b\\neat\"];\n"
		   "\tsubgraph cluster_worker_0 {\n"
		   "\tlabel=\"worker 0\";\n"
		   "\t\"c\" [label=\"c\\npass\"];\n"
		   "\t}\n"
		   "\tsubgraph cluster_worker_1 {\n"
		   "\tlabel=\"worker 1\";\n"
		   "\t\"a\" [label=\"a\\ngen\"];\n"
		   "\t}\n"
		   "\t\"a\" -> \"c\";\n"
		   "\t\"c\" -> \"b\";\n"
		   "}\n");
}

static void texts_cannot_break_out(void **state)
{
	struct sl_graph *g = sl_graph_create();

	(void)state;
	assert_int_equal(sl_graph_add(g, "k", "no\"class\\", NULL), 0);
	assert_int_equal(sl_graph_set(g, "k", "a\"]", "b\"];\n\\", false, NULL), 0);
	assert_int_equal(sl_graph_set(g, "k", "bad", "\xff\xc3\xa9", false, NULL), 0);
	assert_int_equal(sl_graph_set(g, "k", "long",
				      "0123456789012345678901234567890123456789012345678901234567"
				      "8\xc3\xa9 and more",
				      false, NULL),
			 0);
	assert_dot(
		g,
		"\t\"k\" [label=\"k\\nno\\\"class\\\\\\na\\\"]: b\\\"];?\\\\\\nbad: "
		"???\\nlong: 01234567890123456789012345678901234567890123456789012345678...\"];\n"
		"}\n");
}

static void graphs_with_mistakes_are_drawn_as_written(void **state)
{
	(void)state;
	assert_dot(zoo_graph("apps: {a: nonesuch, b: eat}\nlinks: a.x -> b"),
		   "\t\"a\" [label=\"a\\nnonesuch\"];\n"
		   "\t\"b\" [label=\"b\\neat\"];\n"
		   "\t\"a\" -> \"b\" [taillabel=\"x\"];\n"
		   "}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apps_show_class_and_settings),
		cmocka_unit_test(links_show_ports_that_tell_something),
		cmocka_unit_test(workers_are_clusters),
		cmocka_unit_test(texts_cannot_break_out),
		cmocka_unit_test(graphs_with_mistakes_are_drawn_as_written),
	};

	return cmocka_run_group_tests(tests, zoo_open, NULL);
}
