#include "core/graph.h"

#include "tests/core/zoo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct sl_graph *three_apps(void)
{
	return zoo_graph("apps: {in: gen, mid: router, out: eat}");
}

static void chains_make_links_in_a_row(void **state)
{
	struct sl_graph *g = three_apps();

	(void)state;
	assert_int_equal(sl_graph_link(g, "in->mid.in  ->\n out", NULL), 0);
	assert_int_equal(sl_graph_link(g, " mid.expired -> out.in ", NULL), 0);
	assert_int_equal(g->n_links, 3);
	assert_string_equal(g->links[0].from, "in");
	assert_null(g->links[0].from_port);
	assert_string_equal(g->links[0].to, "mid");
	assert_string_equal(g->links[0].to_port, "in");
	assert_string_equal(g->links[1].from, "mid");
	assert_null(g->links[1].from_port);
	assert_string_equal(g->links[2].from_port, "expired");
	assert_string_equal(g->links[2].to_port, "in");
	sl_graph_destroy(g);
}

static void mistakes_leave_the_graph_alone(void **state)
{
	static const struct {
		const char *chain, *error;
	} cases[] = {
		{"", "a link is written 'app -> app'"},
		{"  ", "a link is written 'app -> app'"},
		{"in", "a link needs two apps: 'in -> app'"},
		{"in ->", "an app's name is missing behind '->'"},
		{"-> in", "an app's name is missing in front of '->'"},
		{"in -> -> out", "an app's name is missing in front of '->'"},
		{"in -> mid -> uot", "no app is named 'uot'; did you mean 'out'?"},
		{"in -> nowhere", "no app is named 'nowhere'"},
		{"in -> a b", "'a b' is not an app or app.port to link"},
		{"in -> .x", "'.x' is not an app or app.port to link"},
		{"in -> out.", "'' is not a port's name"},
		{"in -> out.a.b", "'a.b' is not a port's name"},
	};
	struct sl_graph *g = three_apps();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_error err = {0};
		char wanted[200];

		snprintf(wanted, sizeof(wanted), "link '%s': %s", cases[i].chain, cases[i].error);
		zoo_assert_error(sl_graph_link(g, cases[i].chain, &err), -EINVAL, &err, wanted);
		assert_int_equal(g->n_links, 0);
	}
	sl_graph_destroy(g);
}

static void places_follow_the_text_of_the_file(void **state)
{
	static const struct {
		const char *links, *error;
	} cases[] = {
		{"links: in -> uot",
		 "dir/test.yaml:2:14: no app is named 'uot'; did you mean 'out'?"},
		{"links:\n  - 'in  ->  uot'",
		 "dir/test.yaml:3:14: no app is named 'uot'; did you mean 'out'?"},
		{"links:\n  - in ->\n    mid ->\n    uot",
		 "dir/test.yaml:5:5: no app is named 'uot'; did you mean 'out'?"},
		{"links: [in -> mid, mid -> ]",
		 "dir/test.yaml:2:26: an app's name is missing behind '->'"},
		{"links: >\n  in -> uot\n",
		 "dir/test.yaml:3:9: no app is named 'uot'; did you mean 'out'?"},
		// Where escapes stand for characters, the start of the text has to do.
		{"links: \"in \\x2d> uot\"",
		 "dir/test.yaml:2:9: no app is named 'uot'; did you mean 'out'?"},
	};
	struct sl_graph *g = sl_graph_create();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_error err = {0};
		char yaml[200];

		snprintf(yaml, sizeof(yaml), "apps: {in: gen, mid: pass, out: eat}\n%s",
			 cases[i].links);
		zoo_assert_error(sl_graph_parse(g, yaml, "dir/test.yaml", &err), -EINVAL, &err,
				 cases[i].error);
	}
	sl_graph_destroy(g);
}

static void links_have_a_limit(void **state)
{
	struct sl_graph *g = three_apps();
	struct sl_error err = {0};

	(void)state;
	for (unsigned i = 0; i < SL_LINKS_MAX; i++)
		assert_int_equal(sl_graph_link(g, "in -> out", NULL), 0);
	zoo_assert_error(sl_graph_link(g, "in -> out", &err), -EINVAL, &err,
			 "link 'in -> out': more than 8192 links");
	sl_graph_destroy(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_make_links_in_a_row),
		cmocka_unit_test(mistakes_leave_the_graph_alone),
		cmocka_unit_test(places_follow_the_text_of_the_file),
		cmocka_unit_test(links_have_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
