#include "core/ports.h"

#include "tests/core/zoo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char apps[] = "apps: {in: gen, in2: gen, in3: gen, p: pass, r: router, m: mixer, "
			   "fan: fan, all: funnel, s: switch, out: eat, out2: eat, out3: eat}\n";

// Resolve links and compare them with "from.port:number>to.port:number ...".
static void assert_wires(const char *links, const char *wanted)
{
	char yaml[1000], got[1000] = "";
	struct sl_error err = {0};
	struct sl_wiring w;
	struct sl_graph *g;

	snprintf(yaml, sizeof(yaml), "%slinks: [%s]", apps, links);
	g = zoo_graph(yaml);
	if (sl_wiring_resolve(g, &w, &err))
		fail_msg("%s: %s", links, err.text);
	assert_int_equal(w.n_wires, g->n_links);
	for (size_t i = 0; i < w.n_wires; i++) {
		const struct sl_wire *wire = &w.wires[i];
		size_t at = strlen(got);

		snprintf(got + at, sizeof(got) - at, "%s%s.%s:%u>%s.%s:%u", i ? " " : "",
			 g->apps[wire->from].name, wire->from_name, wire->from_port,
			 g->apps[wire->to].name, wire->to_name, wire->to_port);
		assert_true(wire->from_port < w.apps[wire->from].n_out);
		assert_true(wire->to_port < w.apps[wire->to].n_in);
	}
	assert_string_equal(got, wanted);
	sl_wiring_fini(&w);
	sl_graph_destroy(g);
}

static void unnamed_ends_take_the_first_free_port(void **state)
{
	(void)state;
	assert_wires("in -> p -> out", "in.out:0>p.in:0 p.out:0>out.in:0");
	assert_wires("in -> m, in2 -> m", "in.out:0>m.left:0 in2.out:0>m.right:1");
	assert_wires("r -> out, r -> out2", "r.out:0>out.in:0 r.expired:1>out2.in:0");
}

static void named_ends_have_their_port_whatever_the_order(void **state)
{
	(void)state;
	assert_wires("in -> m, in2 -> m.left", "in.out:0>m.right:1 in2.out:0>m.left:0");
	assert_wires("r.expired -> out, r -> out2", "r.expired:1>out.in:0 r.out:0>out2.in:0");
}

static void stars_make_ports_in_the_order_of_the_links(void **state)
{
	(void)state;
	assert_wires("fan -> out, fan.blue -> out2, fan -> out3",
		     "fan.1:0>out.in:0 fan.blue:1>out2.in:0 fan.3:2>out3.in:0");
	assert_wires("in -> all, in2 -> all.x", "in.out:0>all.1:0 in2.out:0>all.x:1");
	// A number that a link names is left to that link.
	assert_wires("fan -> out, fan.1 -> out2, fan -> out3",
		     "fan.2:0>out.in:0 fan.1:1>out2.in:0 fan.3:2>out3.in:0");
}

static void stars_come_behind_what_the_class_names(void **state)
{
	(void)state;
	assert_wires("s.lan -> out, s.local -> out2, s.wan -> out3",
		     "s.lan:2>out.in:0 s.local:0>out2.in:0 s.wan:3>out3.in:0");
	assert_wires("in -> s.self, in2 -> s", "in.out:0>s.self:1 in2.out:0>s.in:0");
	assert_wires("s -> out, s -> out2, s -> out3",
		     "s.local:0>out.in:0 s.error:1>out2.in:0 s.1:2>out3.in:0");
}

static void every_port_of_a_class_counts_connected_or_not(void **state)
{
	struct sl_graph *g = zoo_graph(apps);
	struct sl_wiring w;

	(void)state;
	assert_int_equal(sl_graph_link(g, "fan -> out", NULL), 0);
	assert_int_equal(sl_graph_link(g, "fan -> out2", NULL), 0);
	assert_int_equal(sl_wiring_resolve(g, &w, NULL), 0);
	for (size_t i = 0; i < g->n_apps; i++) {
		if (!strcmp(g->apps[i].name, "r"))
			assert_int_equal(w.apps[i].n_out, 2);
		if (!strcmp(g->apps[i].name, "fan"))
			assert_int_equal(w.apps[i].n_out, 2);
		if (!strcmp(g->apps[i].name, "all"))
			assert_int_equal(w.apps[i].n_in, 0);
		assert_string_equal(w.apps[i].class->name, g->apps[i].class);
	}
	sl_wiring_fini(&w);
	sl_wiring_fini(&w);
	sl_graph_destroy(g);
}

static void mistakes_name_apps_and_ports(void **state)
{
	static const struct {
		const char *links, *error;
	} cases[] = {
		{"out -> p", "9: app 'out' (eat) has no outputs"},
		{"p -> in", "14: app 'in' (gen) has no inputs"},
		{"out.x -> p", "9: app 'out' (eat) has no outputs"},
		{"r.expird -> out",
		 "9: app 'r' (router) has no output 'expird'; its outputs: out, expired"},
		{"in -> m.middle",
		 "15: app 'm' (mixer) has no input 'middle'; its inputs: left, right"},
		{"in -> r.expired -> out", "15: app 'r' (router) has no input 'expired'; its "
					   "inputs: in; for the output start "
					   "a link with it: 'r.expired -> ...'"},
		{"in -> out, in2 -> out", "27: input 'in' of app 'out' is fed by both 'in' and "
					  "'in2': put a 'join' in front of "
					  "it"},
		{"in -> out, in2 -> out.in", "27: input 'in' of app 'out' is fed by both 'in' and "
					     "'in2': put a 'join' in front of "
					     "it"},
		{"in -> m.left, in2 -> m.left", "30: input 'left' of app 'm' is fed by both 'in' "
						"and 'in2': put a 'join' in front of "
						"it"},
		{"in -> m, in2 -> m, in3 -> m",
		 "35: every input of app 'm' (mixer) is connected already: left, right"},
		{"in -> out, in -> out2",
		 "20: output 'out' of app 'in' feeds both 'out' and 'out2': put a 'tee' or 'split' "
		 "behind it"},
		{"r.out -> out, r.out -> out2",
		 "23: output 'out' of app 'r' feeds both 'out' and 'out2': put a 'tee' or 'split' "
		 "behind it"},
		{"s.local -> out, s.local -> out2",
		 "25: output 'local' of app 's' feeds both 'out' and 'out2': put a 'tee' or "
		 "'split' behind it"},
		{"fan.a -> out, fan.a -> out2", "23: output 'a' of app 'fan' is connected twice"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char yaml[1000], wanted[300];
		struct sl_error err = {0};
		struct sl_wiring w;
		struct sl_graph *g;

		snprintf(yaml, sizeof(yaml), "%slinks: [%s]", apps, cases[i].links);
		snprintf(wanted, sizeof(wanted), "dir/test.yaml:2:%s", cases[i].error);
		g = zoo_graph(yaml);
		zoo_assert_error(sl_wiring_resolve(g, &w, &err), -EINVAL, &err, wanted);
		sl_wiring_fini(&w);
		sl_graph_destroy(g);
	}
}

static void stars_end_at_64_ports(void **state)
{
	struct sl_graph *g = zoo_graph("apps: {fan: fan}");
	struct sl_error err = {0};
	struct sl_wiring w;

	(void)state;
	for (unsigned i = 0; i <= SL_PORTS_MAX; i++) {
		char name[20], chain[40];

		snprintf(name, sizeof(name), "e%u", i);
		snprintf(chain, sizeof(chain), "fan -> e%u", i);
		assert_int_equal(sl_graph_add(g, name, "eat", NULL), 0);
		assert_int_equal(sl_graph_link(g, chain, NULL), 0);
	}
	zoo_assert_error(sl_wiring_resolve(g, &w, &err), -EINVAL, &err,
			 "app 'fan' has more than 64 outputs");
	sl_graph_destroy(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unnamed_ends_take_the_first_free_port),
		cmocka_unit_test(named_ends_have_their_port_whatever_the_order),
		cmocka_unit_test(stars_make_ports_in_the_order_of_the_links),
		cmocka_unit_test(stars_come_behind_what_the_class_names),
		cmocka_unit_test(every_port_of_a_class_counts_connected_or_not),
		cmocka_unit_test(mistakes_name_apps_and_ports),
		cmocka_unit_test(stars_end_at_64_ports),
	};

	return cmocka_run_group_tests(tests, zoo_open, NULL);
}
