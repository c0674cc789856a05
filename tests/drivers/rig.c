#include "tests/drivers/rig.h"

#include "core/config.h"
#include "core/eal.h"
#include "core/jumbo.h"
#include "core/pool.h"
#include "tests/drivers/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { START_NS = 1000000 }; // time is never 0

static struct rte_mempool *pool;
static struct sl_jumbo jumbo;

int rig_enter(void **state)
{
	const struct sl_engine_options options = {.no_huge = true};
	struct sl_error err = {0};

	if (sl_eal_init(&options, &err) < 0)
		fail_msg("%s", err.text);
	pool = sl_pool_create("rig", RIG_PACKETS, RIG_FRAME_MAX - 256, false, &err);
	if (!pool)
		fail_msg("%s", err.text);
	sl_jumbo_init(&jumbo);
	return scratch_enter(state);
}

int rig_leave(void **state)
{
	sl_pool_destroy(pool);
	sl_jumbo_fini(&jumbo);
	return scratch_leave(state);
}

struct rte_mempool *rig_pool(void)
{
	return pool;
}

static void wire(struct rig *r, const struct sl_app_class *class)
{
	r->app = aligned_alloc(SL_LINE, RTE_ALIGN_CEIL(class->size, (size_t)SL_LINE));
	assert_non_null(r->app);
	memset((void *)r->app, 0, class->size);
	r->in = sl_link_create(RIG_LINK);
	r->out = sl_link_create(RIG_LINK);
	assert_true(r->in && r->out);
	r->app->class = class;
	r->app->name = "app";
	r->app->pool = pool;
	r->app->jumbo = &jumbo;
	r->app->in = &r->in;
	r->app->out = &r->out;
	r->app->n_in = class->inputs[0] != NULL;
	r->app->n_out = class->outputs[0] != NULL;
	r->app->now_ns = START_NS;
}

int rig_open(struct rig *r, const struct sl_app_class *class, const char *const *settings,
	     struct rig *old, struct sl_error *err)
{
	const char *last = "";
	int e;

	*r = (struct rig){.graph = sl_graph_create(), .config = calloc(1, class->config_size)};
	assert_true(r->graph && r->config);
	wire(r, class);
	r->app->predecessor = old ? old->app : NULL;
	assert_int_equal(sl_graph_add(r->graph, "app", class->name, err), 0);
	for (; settings[0]; last = settings[0], settings += 2) {
		bool again = strcmp(settings[0], last) == 0;

		e = sl_graph_set(r->graph, "app", settings[0], settings[1], again, err);
		assert_int_equal(e, 0);
	}
	e = sl_config_read(class, r->graph, sl_graph_find(r->graph, "app"), r->config, err);
	if (e == 0)
		e = class->configure(r->app, r->config, err);
	if (e == 0 && old)
		class->adopt(r->app, old->app);
	return e;
}

void rig_close(struct rig *r)
{
	const struct sl_app_class *class = r->app->class;

	sl_link_destroy(r->in);
	sl_link_destroy(r->out);
	class->stop(r->app);
	sl_config_fini(class, r->config);
	free(r->config);
	free(r->app);
	sl_graph_destroy(r->graph);
	assert_int_equal(rte_mempool_avail_count(pool), RIG_PACKETS);
	assert_true(!jumbo.pool || rte_mempool_full(jumbo.pool));
}

static void call(struct rig *r, void (*callback)(struct sl_app *app), uint64_t now_ns)
{
	r->app->now_ns = START_NS + now_ns;
	r->app->wake_ns = 0;
	callback(r->app);
	sl_link_publish(r->out);
}

void rig_pull(struct rig *r, uint64_t now_ns)
{
	call(r, r->app->class->pull, now_ns);
}

void rig_push(struct rig *r, uint64_t now_ns)
{
	call(r, r->app->class->push, now_ns);
}

void rig_tick(struct rig *r, uint64_t now_ns)
{
	call(r, r->app->class->tick, now_ns);
}

unsigned rig_drain(struct rig *r)
{
	struct rte_mbuf *p[SL_BURST];
	unsigned n, sum = 0;

	while ((n = sl_link_take(r->out, p, SL_BURST)) > 0) {
		sl_free_burst(p, n);
		sum += n;
	}
	return sum;
}

void rig_feed(struct rig *r, unsigned n, uint16_t len, uint64_t stamp_ns)
{
	struct rte_mbuf *p;

	for (unsigned i = 0; i < n; i++) {
		assert_true(sl_alloc_burst(pool, &p, 1));
		memset(sl_data(p), (int)i, len);
		sl_set_len(p, len);
		sl_set_stamp_ns(p, stamp_ns);
		sl_link_give(r->in, &p, 1);
	}
	sl_link_publish(r->in);
}

static uint64_t find(const char *const *names, const _Atomic uint64_t *values, const char *name)
{
	for (unsigned i = 0; names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return values[i];
	fail_msg("no counter '%s'", name);
	return 0;
}

uint64_t rig_metric(const struct rig *r, const char *name)
{
	return find(r->app->class->metrics, r->app->metrics, name);
}

uint64_t rig_dropped(const struct rig *r, const char *name)
{
	return find(r->app->class->drops, r->app->drops, name);
}

const char *rig_failure(const struct rig *r)
{
	return r->app->failure;
}
