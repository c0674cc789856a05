// Two workers of an engine: 100 million packets through the link between them, all there, all in
// order, every one accounted for and back in the pool.

#include "tests/core/numbered.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { PACKETS = 100 * 1000 * 1000 };

static void check(int code, const struct sl_error *err)
{
	if (code < 0)
		fail_msg("%s", err->text);
}

static struct sl_graph *graph(struct sl_error *err)
{
	struct sl_graph *g = sl_graph_create();
	char line[64];

	snprintf(line, sizeof(line), "numbers %d -> check", PACKETS);
	check(sl_graph_pipeline(g, line, NULL, NULL, err), err);
	sl_graph_set_workers(g, 2);
	return g;
}

static void hundred_million_packets_cross_in_order(void **state)
{
	static const struct sl_engine_options options = {.no_huge = true};
	struct sl_error err = {0};
	struct sl_engine *e;
	const struct sl_stats *s;
	struct sl_graph *g;

	(void)state;
	check(sl_class_register(&numbers_class), &err);
	check(sl_class_register(&check_class), &err);
	check(sl_engine_create(&e, &options, &err), &err);
	g = graph(&err);
	check(sl_engine_apply(e, g, &err), &err);
	sl_graph_destroy(g);
	check(sl_engine_start(e, &err), &err);
	while (!sl_engine_drained(e))
		usleep(10000);
	sl_engine_stop(e);
	s = sl_stats_read(e);
	assert_int_not_equal(s->apps[0].worker, s->apps[1].worker);
	assert_int_equal(sl_stats_app(s, "numbers")->created, PACKETS);
	assert_int_equal(sl_stats_app(s, "check")->consumed, PACKETS);
	assert_int_equal(sl_app_stats_metric(sl_stats_app(s, "check"), "wrong"), 0);
	assert_int_equal(s->links[0].drops, 0);
	assert_int_equal(s->pools[0].free, s->pools[0].size);
	sl_stats_free(s);
	sl_engine_destroy(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hundred_million_packets_cross_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
