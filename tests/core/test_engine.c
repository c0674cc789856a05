#include "tests/core/numbered.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct sl_engine *engine;
static struct sl_error err;

// What an app saw when it was last settled.
static unsigned settled;
static bool saw_other;
static char ports_seen[64];

static void look_around(struct sl_app *app, const struct sl_apps *apps)
{
	settled++;
	saw_other = sl_app_find(apps, "other") != NULL;
	ports_seen[0] = '\0';
	for (unsigned i = 0; i < app->n_out; i++)
		snprintf(ports_seen + strlen(ports_seen), sizeof(ports_seen) - strlen(ports_seen),
			 "%s ", app->out_names[i]);
}

static void drop_all(struct sl_app *app)
{
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, 0, p, SL_BURST);

	sl_app_unconnected(app, p, n);
}

static const struct sl_app_class looker_class = {
	.name = "looker",
	.help = "looks around",
	.inputs = {"in"},
	.outputs = {"first", "*"},
	.size = sizeof(struct sl_app),
	.push = drop_all,
	.settle = look_around,
};

static void pull_nothing(struct sl_app *app)
{
	(void)app;
}

static void say_goodbye(struct sl_app *app)
{
	struct rte_mbuf *p;

	assert_true(sl_alloc_burst(app->pool, &p, 1));
	sl_app_created(app, 1);
	sl_app_give_one(app, 0, p);
}

static const struct sl_app_class polite_class = {
	.name = "polite",
	.help = "says goodbye",
	.outputs = {"out"},
	.size = sizeof(struct sl_app),
	.pull = pull_nothing,
	.quiesce = say_goodbye,
};

static int register_classes(void **state)
{
	(void)state;
	return sl_class_register(&numbers_class) || sl_class_register(&check_class) ||
	       sl_class_register(&pass_class) || sl_class_register(&refuse_class) ||
	       sl_class_register(&looker_class) || sl_class_register(&polite_class);
}

static int create(void **state)
{
	static const struct sl_engine_options options = {.no_huge = true};

	(void)state;
	numbered_made = numbered_stopped = 0;
	return sl_engine_create(&engine, &options, &err);
}

static uint64_t dropped(const struct sl_app_stats *a)
{
	uint64_t sum = a->unconnected;

	for (size_t i = 0; i < a->n_drops; i++)
		sum += a->drops[i].value;
	return sum;
}

// Packets in = packets out + held + dropped, and the pool holds what is not in the engine.
static void assert_balanced(void)
{
	const struct sl_stats *s = sl_stats_read(engine);
	uint64_t in = s->gone.created, out = s->gone.consumed + s->gone.dropped + s->gone.removed;
	uint64_t held = 0, size = 0, free = 0;

	for (size_t i = 0; i < s->n_apps; i++) {
		in += s->apps[i].created;
		out += s->apps[i].consumed + dropped(&s->apps[i]);
		held += s->apps[i].held;
	}
	for (size_t i = 0; i < s->n_links; i++) {
		out += s->links[i].drops;
		held += s->links[i].held;
	}
	for (size_t i = 0; i < s->n_pools; i++) {
		size += s->pools[i].size;
		free += s->pools[i].free;
	}
	assert_int_equal(in, out + held);
	assert_int_equal(size, free + held);
	sl_stats_free(s);
}

static int destroy(void **state)
{
	(void)state;
	sl_engine_stop(engine);
	assert_balanced();
	sl_engine_destroy(engine);
	assert_int_equal(numbered_made, numbered_stopped);
	return 0;
}

static struct sl_graph *graph(const char *pipeline)
{
	struct sl_graph *g = sl_graph_create();

	if (sl_graph_pipeline(g, pipeline, NULL, NULL, &err) < 0)
		fail_msg("%s", err.text);
	return g;
}

static void apply(struct sl_graph *g)
{
	if (sl_engine_apply(engine, g, &err) < 0)
		fail_msg("%s", err.text);
	sl_graph_destroy(g);
}

static struct sl_app_stats app(const char *name)
{
	const struct sl_stats *s = sl_stats_read(engine);
	const struct sl_app_stats *a = sl_stats_app(s, name);
	struct sl_app_stats copy;

	assert_non_null(a);
	copy = *a;
	copy.drops = copy.metrics = NULL;
	sl_stats_free(s);
	return copy;
}

static uint64_t metric(const char *name, const char *which)
{
	const struct sl_stats *s = sl_stats_read(engine);
	uint64_t value = sl_app_stats_metric(sl_stats_app(s, name), which);

	sl_stats_free(s);
	return value;
}

static void breathe_until_drained(void)
{
	while (!sl_engine_drained(engine))
		sl_engine_breathe(engine);
}

static void wait_until_drained(void)
{
	while (!sl_engine_drained(engine))
		usleep(1000);
}

// Let the started engine move at least n more packets into the app.
static void wait_for(const char *name, uint64_t n)
{
	uint64_t goal = app(name).in + n;

	while (app(name).in < goal)
		usleep(100);
}

static void an_empty_graph_does_nothing(void **state)
{
	(void)state;
	apply(sl_graph_create());
	assert_int_equal(sl_engine_breathe(engine), 0);
	assert_true(sl_engine_drained(engine));
}

static void every_packet_of_a_finite_source_arrives_in_order(void **state)
{
	(void)state;
	apply(graph("numbers 100000 -> pass -> check"));
	assert_false(sl_engine_drained(engine));
	breathe_until_drained();
	assert_int_equal(app("numbers").created, 100000);
	assert_int_equal(app("check").consumed, 100000);
	assert_int_equal(metric("check", "wrong"), 0);
	assert_true(app("numbers").finished);
}

static void a_port_without_a_link_counts_what_it_is_given(void **state)
{
	(void)state;
	apply(graph("numbers 1000 -> pass"));
	breathe_until_drained();
	assert_int_equal(app("pass").unconnected, 1000);
}

static void a_link_between_two_workers_loses_nothing(void **state)
{
	struct sl_graph *g = graph("numbers 1000000 -> check");

	(void)state;
	sl_graph_set_workers(g, 2);
	apply(g);
	assert_int_equal(app("numbers").worker, 0);
	assert_int_equal(app("check").worker, 1);
	assert_int_equal(sl_engine_start(engine, &err), 0);
	wait_until_drained();
	assert_int_equal(app("check").consumed, 1000000);
	assert_int_equal(metric("check", "wrong"), 0);
}

static void a_slow_worker_makes_its_link_drop_and_count(void **state)
{
	struct sl_graph *g = graph("numbers 1000000 -> pass -> check");
	const struct sl_stats *s;

	(void)state;
	sl_graph_set_workers(g, 3);
	apply(g);
	assert_int_equal(sl_engine_start(engine, &err), 0);
	wait_until_drained();
	s = sl_stats_read(engine);
	assert_int_equal(sl_stats_app(s, "check")->consumed + s->links[1].drops, 1000000);
	sl_stats_free(s);
}

static void a_change_keeps_untouched_apps_and_loses_nothing_of_theirs(void **state)
{
	(void)state;
	apply(graph("a=numbers -> b=check"));
	sl_engine_start(engine, &err);
	for (unsigned i = 0; i < 50; i++) {
		struct sl_graph *g = graph("a=numbers -> b=check");

		wait_for("b", 1000);
		if (i % 2 == 0)
			assert_int_equal(
				sl_graph_pipeline(g, "c=numbers -> d=check", NULL, NULL, &err), 0);
		apply(g);
	}
	assert_int_equal(numbered_made, 2 + 2 * 25);
	sl_engine_quiesce(engine);
	wait_until_drained();
	assert_int_equal(metric("b", "wrong"), 0);
	assert_int_equal(app("b").consumed, app("a").created);
}

static void a_replaced_app_takes_over_state_and_link(void **state)
{
	(void)state;
	apply(graph("a=numbers -> b=check"));
	sl_engine_start(engine, &err);
	for (unsigned i = 1; i <= 50; i++) {
		char line[64];

		wait_for("b", 1000);
		snprintf(line, sizeof(line), "a=numbers -> b=check %u", i);
		apply(graph(line));
	}
	wait_for("b", 1000);
	assert_int_equal(numbered_made, 2 + 50);
	assert_int_equal(metric("b", "wrong"), 0);
}

static void an_inserted_app_breaks_only_its_link(void **state)
{
	(void)state;
	apply(graph("a=numbers -> b=check"));
	sl_engine_breathe(engine);
	apply(graph("a=numbers -> p=pass -> b=check"));
	sl_engine_breathe(engine);
	assert_int_equal(app("b").consumed, 128);
	assert_int_equal(metric("b", "wrong"), 0);
	assert_int_equal(numbered_made, 3);
}

static void packets_of_a_removed_link_are_counted(void **state)
{
	const struct sl_stats *s;
	struct sl_graph *g = graph("a=numbers 64 -> b=check");

	(void)state;
	sl_graph_set_workers(g, 2);
	apply(g);
	apply(graph("a=numbers 64 -> b=check")); // on one worker now; nothing has moved yet
	sl_engine_breathe(engine);
	apply(graph("c=numbers 1 -> d=check"));
	s = sl_stats_read(engine);
	assert_int_equal(s->gone.created, 64);
	assert_int_equal(s->gone.consumed + s->gone.removed, 64);
	sl_stats_free(s);
}

static void a_change_that_fails_leaves_the_running_graph_alone(void **state)
{
	struct sl_graph *g = graph("a=numbers -> x=pass -> r=refuse -> b=check");

	(void)state;
	apply(graph("a=numbers -> b=check"));
	sl_engine_start(engine, &err);
	for (unsigned i = 0; i < 20; i++) {
		wait_for("b", 1000);
		assert_int_equal(sl_engine_apply(engine, g, &err), -EBUSY);
		assert_string_equal(err.text, "r: no");
	}
	wait_for("b", 1000);
	assert_int_equal(metric("b", "wrong"), 0);
	sl_graph_destroy(g);
}

static void apps_that_go_on_get_larger_buffers(void **state)
{
	struct sl_graph *g = graph("a=numbers -> b=check");

	(void)state;
	apply(graph("a=numbers -> b=check"));
	sl_engine_breathe(engine);
	assert_true(metric("a", "room") < 9000);
	sl_graph_set_mtu(g, 9000);
	apply(g);
	sl_engine_breathe(engine);
	assert_true(metric("a", "room") >= 9000);
	assert_int_equal(numbered_made, 2); // nothing else has changed
}

static void workers_come_and_go_under_traffic(void **state)
{
	(void)state;
	apply(graph("a=numbers -> p=pass -> b=check"));
	sl_engine_start(engine, &err);
	for (unsigned i = 0; i < 30; i++) {
		struct sl_graph *g = graph("a=numbers -> p=pass -> b=check");

		sl_graph_set_workers(g, 1 + i % 3);
		// Slower consumers on other workers would make links drop, which is not what
		// this test is about: all apps move together.
		for (size_t k = 0; k < 3; k++)
			sl_graph_place(g, (const char *const[]){"a", "p", "b"}[k], i % 3, &err);
		wait_for("b", 1000);
		apply(g);
	}
	wait_for("b", 1000);
	assert_int_equal(metric("b", "wrong"), 0);
	assert_int_equal(numbered_made, 3);
}

static void stopping_keeps_packets_and_starting_goes_on(void **state)
{
	(void)state;
	apply(graph("a=numbers -> b=check"));
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(sl_engine_start(engine, &err), 0);
		wait_for("b", 1000);
		sl_engine_stop(engine);
		assert_balanced();
	}
	assert_int_equal(metric("b", "wrong"), 0);
}

static void quiesced_sources_bring_nothing_more(void **state)
{
	uint64_t created;

	(void)state;
	apply(graph("a=numbers -> b=check"));
	sl_engine_breathe(engine);
	sl_engine_quiesce(engine);
	created = app("a").created;
	breathe_until_drained();
	sl_engine_breathe(engine);
	assert_int_equal(app("a").created, created);
	assert_int_equal(app("b").consumed, created);
	apply(graph("a=numbers -> b=check"));
	sl_engine_breathe(engine);
	assert_true(app("a").created > created);
}

static void what_is_said_last_still_leaves(void **state)
{
	(void)state;
	apply(graph("a=polite -> p=pass -> b=sink"));
	sl_engine_breathe(engine);
	sl_engine_quiesce(engine);
	assert_false(sl_engine_drained(engine));
	breathe_until_drained();
	assert_int_equal(app("b").consumed, 1);
}

static void a_graph_may_grow_many_times(void **state)
{
	(void)state;
	for (unsigned pairs = 1; pairs <= 40; pairs++) {
		struct sl_graph *g = sl_graph_create();

		for (unsigned i = 0; i < pairs; i++) {
			char line[64];

			snprintf(line, sizeof(line), "n%u=numbers 100 -> c%u=check", i, i);
			assert_int_equal(sl_graph_pipeline(g, line, NULL, NULL, &err), 0);
		}
		apply(g);
		sl_engine_breathe(engine);
	}
	breathe_until_drained();
	assert_int_equal(app("c39").consumed, 100);
}

static void an_idle_worker_sleeps(void **state)
{
	const struct sl_stats *s;
	uint64_t sleeps;

	(void)state;
	apply(graph("numbers 10 -> check"));
	sl_engine_start(engine, &err);
	do {
		s = sl_stats_read(engine);
		sleeps = s->workers[0].sleeps;
		sl_stats_free(s);
	} while (sleeps < 3);
	assert_int_equal(app("check").consumed, 10);
}

static void every_change_settles_every_app(void **state)
{
	struct sl_graph *g = sl_graph_create();

	(void)state;
	settled = 0;
	assert_int_equal(sl_graph_parse(g,
					"apps: {s: {numbers: 5}, look: looker, a: check}\n"
					"links: [s -> look, look.lan -> a]",
					"t.yaml", &err),
			 0);
	if (sl_engine_apply(engine, g, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(settled, 1);
	assert_false(saw_other);
	assert_string_equal(ports_seen, "first lan ");
	assert_int_equal(sl_graph_parse(g, "apps: {other: check}\nlinks: [look.wan -> other]",
					"u.yaml", &err),
			 0);
	apply(g);
	assert_int_equal(settled, 2);
	assert_true(saw_other);
	assert_string_equal(ports_seen, "first lan wan ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_empty_graph_does_nothing, create, destroy),
		cmocka_unit_test_setup_teardown(every_packet_of_a_finite_source_arrives_in_order,
						create, destroy),
		cmocka_unit_test_setup_teardown(a_port_without_a_link_counts_what_it_is_given,
						create, destroy),
		cmocka_unit_test_setup_teardown(a_link_between_two_workers_loses_nothing, create,
						destroy),
		cmocka_unit_test_setup_teardown(a_slow_worker_makes_its_link_drop_and_count, create,
						destroy),
		cmocka_unit_test_setup_teardown(
			a_change_keeps_untouched_apps_and_loses_nothing_of_theirs, create, destroy),
		cmocka_unit_test_setup_teardown(a_replaced_app_takes_over_state_and_link, create,
						destroy),
		cmocka_unit_test_setup_teardown(an_inserted_app_breaks_only_its_link, create,
						destroy),
		cmocka_unit_test_setup_teardown(packets_of_a_removed_link_are_counted, create,
						destroy),
		cmocka_unit_test_setup_teardown(a_change_that_fails_leaves_the_running_graph_alone,
						create, destroy),
		cmocka_unit_test_setup_teardown(apps_that_go_on_get_larger_buffers, create,
						destroy),
		cmocka_unit_test_setup_teardown(workers_come_and_go_under_traffic, create, destroy),
		cmocka_unit_test_setup_teardown(stopping_keeps_packets_and_starting_goes_on, create,
						destroy),
		cmocka_unit_test_setup_teardown(what_is_said_last_still_leaves, create, destroy),
		cmocka_unit_test_setup_teardown(quiesced_sources_bring_nothing_more, create,
						destroy),
		cmocka_unit_test_setup_teardown(a_graph_may_grow_many_times, create, destroy),
		cmocka_unit_test_setup_teardown(every_change_settles_every_app, create, destroy),
		cmocka_unit_test_setup_teardown(an_idle_worker_sleeps, create, destroy),
	};

	return cmocka_run_group_tests(tests, register_classes, NULL);
}
