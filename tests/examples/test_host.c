// A host that has initialised EAL itself, and that brings its own pool of packets.

// cmocka wants these before it
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <rte_eal.h>
#include <rte_mbuf.h>
#include <sched.h>
#include <sluice/stats.h>

enum { PACKETS = 4095, COUNT = 100000 };

struct host {
	struct rte_mempool *pool;
	struct sl_engine *engine;
	struct sl_graph *graph;
};

// EAL comes up before Sluice is asked for anything, with arguments of the host's.
static int initialise_eal(void **state)
{
	const char *const args[] = {"host",        "--no-huge",     "-m", "64",
				    "--no-pci",    "--lcores",      "0",  "--no-telemetry",
				    "--no-shconf", "--iova-mode=va"};

	(void)state;
	return rte_eal_init((int)RTE_DIM(args), (char **)(uintptr_t)args) < 0 ? -1 : 0;
}

static int clean_up_eal(void **state)
{
	(void)state;
	return rte_eal_cleanup();
}

static int create_host(void **state)
{
	static struct host h;

	h = (struct host){0};
	h.pool = rte_pktmbuf_pool_create("host", PACKETS, 64, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
					 SOCKET_ID_ANY);
	h.graph = sl_graph_create();
	*state = &h;
	return h.pool && h.graph ? 0 : -1;
}

// Every packet is back in the host's pool, which the host may then free.
static int destroy_host(void **state)
{
	struct host *h = *state;
	unsigned free_packets;

	sl_engine_destroy(h->engine);
	sl_graph_destroy(h->graph);
	free_packets = rte_mempool_avail_count(h->pool);
	rte_mempool_free(h->pool);
	return free_packets == PACKETS ? 0 : -1;
}

static void apply(struct host *h, const struct sl_engine_options *options, const char *pipeline)
{
	struct sl_error err = {0};

	assert_int_equal(sl_engine_create(&h->engine, options, &err), 0);
	assert_int_equal(sl_graph_pipeline(h->graph, pipeline, NULL, NULL, &err), 0);
	assert_int_equal(sl_engine_apply(h->engine, h->graph, &err), 0);
}

static void assert_all_arrived(struct host *h)
{
	const struct sl_stats *s = sl_stats_read(h->engine);

	assert_non_null(s);
	assert_int_equal(sl_stats_app(s, "in")->created, COUNT);
	assert_int_equal(sl_stats_app(s, "out")->consumed, COUNT);
	sl_stats_free(s);
}

static void engine_runs_in_the_hosts_eal_and_loop(void **state)
{
	struct host *h = *state;

	apply(h, NULL, "in=source count=100000 -> out=sink");
	while (!sl_engine_drained(h->engine))
		sl_engine_breathe(h->engine);
	assert_all_arrived(h);
	assert_int_equal(rte_mempool_avail_count(h->pool), PACKETS);
}

static void packets_come_from_the_hosts_pool(void **state)
{
	struct host *h = *state;
	const struct sl_engine_options options = {.pool = h->pool};
	const struct sl_stats *s;

	apply(h, &options, "in=source count=100000 -> out=sink");
	s = sl_stats_read(h->engine);
	assert_non_null(s);
	assert_int_equal(s->n_pools, 1);
	assert_string_equal(s->pools[0].name, "host");
	sl_stats_free(s);
	while (!sl_engine_drained(h->engine))
		sl_engine_breathe(h->engine);
	assert_all_arrived(h);
}

static void workers_use_the_hosts_pool(void **state)
{
	struct host *h = *state;
	const struct sl_engine_options options = {.pool = h->pool};

	sl_graph_set_workers(h->graph, 2);
	apply(h, &options, "in=source count=100000 -> out=sink");
	assert_int_equal(sl_engine_start(h->engine, NULL), 0);
	while (!sl_engine_drained(h->engine))
		sched_yield();
	sl_engine_stop(h->engine);
	assert_all_arrived(h);
}

static void frame_too_long_for_the_hosts_pool_is_refused(void **state)
{
	struct host *h = *state;
	const struct sl_engine_options options = {.pool = h->pool};
	struct sl_error err = {0};

	assert_int_equal(sl_engine_create(&h->engine, &options, &err), 0);
	assert_int_equal(
		sl_graph_pipeline(h->graph, "source length=9000 -> sink", NULL, NULL, &err), 0);
	assert_true(sl_engine_apply(h->engine, h->graph, &err) < 0);
	assert_non_null(strstr(err.text, "does not fit"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(engine_runs_in_the_hosts_eal_and_loop, create_host,
						destroy_host),
		cmocka_unit_test_setup_teardown(packets_come_from_the_hosts_pool, create_host,
						destroy_host),
		cmocka_unit_test_setup_teardown(workers_use_the_hosts_pool, create_host,
						destroy_host),
		cmocka_unit_test_setup_teardown(frame_too_long_for_the_hosts_pool_is_refused,
						create_host, destroy_host),
	};

	return cmocka_run_group_tests(tests, initialise_eal, clean_up_eal);
}
