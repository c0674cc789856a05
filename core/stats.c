// A snapshot is the public struct and the tables it points to.

#include <sluice/stats.h>

#include "core/pool.h"
#include "core/state.h"

#include <rte_cycles.h>
#include <stdlib.h>
#include <time.h>

struct snapshot {
	struct sl_stats stats;
	struct sl_app_stats *apps;
	struct sl_link_stats *links;
	struct sl_pool_stats *pools;
	struct sl_worker_stats *workers;
	struct sl_named_count *counts;
};

static uint64_t load(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static size_t names(const char *const *table, size_t most)
{
	size_t n = 0;

	while (n < most && table[n])
		n++;
	return n;
}

static size_t read_counts(const char *const *table, size_t most, const _Atomic uint64_t *values,
			  struct sl_named_count *out)
{
	size_t n = names(table, most);

	for (size_t i = 0; i < n; i++)
		out[i] = (struct sl_named_count){table[i], load(&values[i])};
	return n;
}

// Fill one app's row; its named counters go to `counts`. Returns how many there are.
static size_t read_app(const struct sl_app *app, struct sl_app_stats *s,
		       struct sl_named_count *counts)
{
	uint64_t packets = load(&app->cycle_packets);

	*s = (struct sl_app_stats){
		.name = app->name,
		.class = app->class,
		.worker = app->worker,
		.in = load(&app->taken),
		.out = load(&app->given),
		.created = load(&app->created),
		.consumed = load(&app->consumed),
		.held = load(&app->held),
		.unconnected = load(&app->unconnected),
		.cycles = packets ? (double)load(&app->cycles) / (double)packets : 0,
		.finished = atomic_load_explicit(&app->finished, memory_order_acquire),
		.failure = atomic_load_explicit(&app->failure, memory_order_acquire),
		.drops = counts,
	};
	s->n_drops = read_counts(app->class->drops, SL_DROPS_MAX, app->drops, counts);
	s->metrics = counts + s->n_drops;
	s->n_metrics = read_counts(app->class->metrics, SL_METRICS_MAX, app->metrics,
				   counts + s->n_drops);
	return s->n_drops + s->n_metrics;
}

static void read_link(const struct sl_running *r, size_t i, struct sl_link_stats *s)
{
	const struct sl_wire *w = &r->diff.to.wires[i];
	const struct sl_link *l = r->links[i];
	uint64_t head = load(&l->head), tail = load(&l->tail); // in this order: held >= 0

	*s = (struct sl_link_stats){
		.from = r->graph->apps[w->from].name,
		.from_port = w->from_name,
		.to = r->graph->apps[w->to].name,
		.to_port = w->to_name,
		.packets = tail,
		.bytes = load(&l->bytes),
		.drops = load(&l->drops),
		.held = tail - head,
		.size = l->size,
	};
}

static void read_pool(struct rte_mempool *pool, struct sl_pool_stats *s)
{
	*s = (struct sl_pool_stats){
		.name = pool->name,
		.size = pool->size,
		.free = rte_mempool_avail_count(pool),
		.buffer_bytes = rte_pktmbuf_data_room_size(pool),
		.hugepages = !(pool->flags & RTE_MEMPOOL_F_NO_IOVA_CONTIG) &&
			     rte_eal_has_hugepages(),
	};
}

static void read_worker(const struct sl_worker *w, struct sl_worker_stats *s)
{
	const struct sl_worker_counters *c = sl_worker_counters(w);

	*s = (struct sl_worker_stats){
		.cpu = sl_worker_cpu(w),
		.breaths = load(&c->breaths),
		.busy_cycles = load(&c->busy_cycles),
		.cpu_ns = sl_worker_cpu_time_ns(w),
		.sleeps = load(&c->sleeps),
		.first_ns = load(&c->first_ns),
		.last_ns = load(&c->last_ns),
	};
}

static size_t count_names(const struct sl_running *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->graph->n_apps; i++) {
		const struct sl_app_class *class = r->instances[i].app->class;

		n += names(class->drops, SL_DROPS_MAX) + names(class->metrics, SL_METRICS_MAX);
	}
	return n;
}

// The pools of the engine, as far as there is room for them. Returns how many there are.
static size_t read_pools(const struct sl_engine *e, struct sl_pool_stats *s, size_t room)
{
	struct rte_mempool *jumbo = atomic_load_explicit(&e->jumbo.pool, memory_order_acquire);
	size_t n = 0;

	for (unsigned i = 0; i < e->n_pools; i++, n++)
		if (n < room)
			read_pool(e->pools[i], &s[n]);
	if (e->host_pool && n++ < room)
		read_pool(e->host_pool, &s[n - 1]);
	if (jumbo && n++ < room)
		read_pool(jumbo, &s[n - 1]);
	return n;
}

static struct snapshot *allocate(const struct sl_engine *e)
{
	const struct sl_running *r = e->running;
	struct snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->stats.n_apps = r ? r->graph->n_apps : 0;
	s->stats.n_links = r ? r->graph->n_links : 0;
	s->stats.n_pools = read_pools(e, NULL, 0);
	s->stats.n_workers = e->n_workers;
	s->apps = calloc(s->stats.n_apps + 1, sizeof(*s->apps));
	s->links = calloc(s->stats.n_links + 1, sizeof(*s->links));
	s->pools = calloc(s->stats.n_pools + 1, sizeof(*s->pools));
	s->workers = calloc(s->stats.n_workers + 1, sizeof(*s->workers));
	s->counts = calloc((r ? count_names(r) : 0) + 1, sizeof(*s->counts));
	s->stats.apps = s->apps;
	s->stats.links = s->links;
	s->stats.pools = s->pools;
	s->stats.workers = s->workers;
	if (s->apps && s->links && s->pools && s->workers && s->counts)
		return s;
	sl_stats_free(&s->stats);
	return NULL;
}

const struct sl_stats *sl_stats_read(struct sl_engine *e)
{
	struct snapshot *s = allocate(e);
	struct timespec now;
	size_t counts = 0;

	if (!s)
		return NULL;
	clock_gettime(CLOCK_MONOTONIC, &now);
	s->stats.time_ns = (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
	s->stats.tsc_hz = rte_get_tsc_hz();
	s->stats.gone = e->gone;
	for (size_t i = 0; i < s->stats.n_apps; i++)
		counts += read_app(e->running->instances[i].app, &s->apps[i], &s->counts[counts]);
	for (size_t i = 0; i < s->stats.n_links; i++)
		read_link(e->running, i, &s->links[i]);
	read_pools(e, s->pools, s->stats.n_pools);
	for (unsigned i = 0; i < e->n_workers; i++)
		read_worker(e->workers[i], &s->workers[i]);
	return &s->stats;
}

void sl_stats_free(const struct sl_stats *stats)
{
	struct snapshot *s = (struct snapshot *)(uintptr_t)stats; // its first member

	if (!s)
		return;
	free(s->apps);
	free(s->links);
	free(s->pools);
	free(s->workers);
	free(s->counts);
	free(s);
}

const struct sl_app_stats *sl_stats_app(const struct sl_stats *s, const char *name)
{
	for (size_t i = 0; i < s->n_apps; i++)
		if (strcmp(s->apps[i].name, name) == 0)
			return &s->apps[i];
	return NULL;
}

static uint64_t find(const struct sl_named_count *counts, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(counts[i].name, name) == 0)
			return counts[i].value;
	return 0;
}

uint64_t sl_app_stats_drop(const struct sl_app_stats *a, const char *name)
{
	return find(a->drops, a->n_drops, name);
}

uint64_t sl_app_stats_metric(const struct sl_app_stats *a, const char *name)
{
	return find(a->metrics, a->n_metrics, name);
}
