#include "core/config.h"
#include "core/eal.h"
#include "core/pool.h"
#include "core/state.h"
#include "simd/level.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FRAME_OVERHEAD = 14 + 8,                     // Ethernet and two VLAN tags, bytes
	CACHED = RTE_MEMPOOL_CACHE_MAX_SIZE * 3 / 2, // packets a worker's cache may hold back
};

static int choose_kernels(struct sl_error *err)
{
	int r = sl_simd_init();

	if (r < 0)
		return sl_error_set(err, r, "SLUICE_SIMD=%s: %s", getenv("SLUICE_SIMD"),
				    r == -ENOTSUP ? "this CPU cannot run it"
						  : "not one of scalar, sse, avx2, avx512");
	return 0;
}

int sl_engine_create(struct sl_engine **out, const struct sl_engine_options *options,
		     struct sl_error *err)
{
	static const struct sl_engine_options everyday;
	struct sl_engine *e;
	int r;

	if (!options)
		options = &everyday;
	r = choose_kernels(err);
	if (r == 0)
		r = sl_eal_init(options, err);
	if (r < 0)
		return r;
	e = calloc(1, sizeof(*e));
	if (!e)
		return sl_error_set(err, -ENOMEM, "out of memory");
	e->host_pool = options->pool;
	sl_jumbo_init(&e->jumbo);
	if (options->n_cpus > 0) {
		e->cpus = malloc(options->n_cpus * sizeof(*e->cpus));
		if (!e->cpus) {
			free(e);
			return sl_error_set(err, -ENOMEM, "out of memory");
		}
		memcpy(e->cpus, options->cpus, options->n_cpus * sizeof(*e->cpus));
		e->n_cpus = options->n_cpus;
	}
	*out = e;
	return 0;
}

void sl_engine_destroy(struct sl_engine *e)
{
	if (!e)
		return;
	sl_engine_stop(e);
	if (e->running)
		sl_running_retire(e->running, NULL, &e->gone);
	for (unsigned i = 0; i < e->n_workers; i++)
		sl_worker_destroy(e->workers[i]);
	for (unsigned i = 0; i < e->n_pools; i++)
		sl_pool_destroy(e->pools[i]);
	sl_jumbo_fini(&e->jumbo);
	free(e->cpus);
	free(e);
}

// What one app of the graph needs beside its links.
static int app_needs(const struct sl_graph *g, const struct sl_graph_app *app,
		     struct sl_needs *needs, struct sl_error *err)
{
	const struct sl_app_class *class = sl_class_find(app->class);
	void *config;
	int r;

	*needs = (struct sl_needs){.packets = SL_BURST};
	if (!class->needs)
		return 0;
	config = calloc(1, class->config_size + 1);
	if (!config)
		return sl_error_set(err, -ENOMEM, "out of memory");
	r = sl_config_read(class, g, app, config, err);
	if (r == 0)
		class->needs(config, needs);
	sl_config_fini(class, config);
	free(config);
	return r;
}

// Packets and frame size that the graph can need at once: full links, full caches, and what
// apps hold.
static int graph_needs(const struct sl_graph *g, struct sl_needs *sum, struct sl_error *err)
{
	*sum = (struct sl_needs){
		.packets = (uint32_t)(g->n_links * g->link_size) + (g->workers + 1) * CACHED,
		.frame_bytes = g->mtu + FRAME_OVERHEAD,
	};
	for (size_t i = 0; i < g->n_apps; i++) {
		struct sl_needs needs;
		int r = app_needs(g, &g->apps[i], &needs, err);

		if (r < 0)
			return r;
		sum->packets += needs.packets;
		sum->frame_bytes = RTE_MAX(sum->frame_bytes, needs.frame_bytes);
	}
	if (g->packets > 0)
		sum->packets = (uint32_t)g->packets;
	sum->frame_bytes = RTE_MIN(sum->frame_bytes, (uint32_t)SL_FRAME_MAX);
	return 0;
}

// The newest pool if it will do for the graph, or a new one. Packets of those before are still on
// their way, and network cards go on to fill them.
static struct rte_mempool *pool_for(struct sl_engine *e, const struct sl_graph *g,
				    struct sl_error *err)
{
	struct rte_mempool *newest = e->n_pools ? e->pools[e->n_pools - 1] : NULL;
	struct sl_needs needs;
	char name[RTE_MEMPOOL_NAMESIZE];

	if (e->host_pool)
		return e->host_pool;
	if (graph_needs(g, &needs, err) < 0)
		return NULL;
	if (newest && newest->size >= needs.packets &&
	    sl_pool_frame_bytes(newest) >= needs.frame_bytes)
		return newest;
	if (e->n_pools == SL_POOLS_MAX) {
		sl_error_set(err, -ENOSPC, "too many changes of MTU or size; start again");
		return NULL;
	}
	if (newest && g->packets == 0) { // grow by half at least: a pool is never given back
		needs.packets = RTE_MAX(needs.packets, newest->size + newest->size / 2);
		needs.frame_bytes = RTE_MAX(needs.frame_bytes, sl_pool_frame_bytes(newest));
	}
	snprintf(name, sizeof(name), "sl%llx-%u", (unsigned long long)(uintptr_t)e, e->n_pools);
	newest = sl_pool_create(name, needs.packets, needs.frame_bytes, sl_eal_has_hugepages(),
				err);
	if (newest)
		e->pools[e->n_pools++] = newest;
	return newest;
}

// The i-th CPU that this process may run on, after the first one, which the kernel is busiest on.
static int allowed_cpu(unsigned i)
{
	cpu_set_t allowed;
	int cpus[CPU_SETSIZE], n = 0;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return 0;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			cpus[n++] = cpu;
	return n ? cpus[(i + 1) % (unsigned)n] : 0;
}

static int worker_cpu(const struct sl_engine *e, const struct sl_graph *g, unsigned i)
{
	if (i < e->n_cpus)
		return (int)e->cpus[i];
	if (i < g->n_cpus)
		return (int)g->cpus[i];
	return allowed_cpu(i);
}

static int start_worker(struct sl_engine *e, const struct sl_graph *g, unsigned i,
			struct sl_error *err)
{
	int cpu = worker_cpu(e, g, i), r = sl_worker_start(e->workers[i], cpu);

	if (r < 0)
		return sl_error_set(err, r, "cannot start worker %u on CPU %d: %s", i, cpu,
				    strerror(-r));
	return 0;
}

// Make as many workers as g wants, running with nothing to do where the engine is started.
static int grow_workers(struct sl_engine *e, const struct sl_graph *g, struct sl_error *err)
{
	while (e->n_workers < g->workers) {
		struct sl_worker *w = sl_worker_create();
		int r = w ? 0 : sl_error_set(err, -ENOMEM, "out of memory");

		e->workers[e->n_workers] = w;
		if (r == 0 && e->started)
			r = start_worker(e, g, e->n_workers, err);
		if (r < 0) {
			sl_worker_destroy(w);
			return r;
		}
		e->n_workers++;
	}
	return 0;
}

static void shrink_workers(struct sl_engine *e, unsigned n)
{
	while (e->n_workers > n)
		sl_worker_destroy(e->workers[--e->n_workers]);
}

static void pause_workers(struct sl_engine *e)
{
	for (unsigned i = 0; i < e->n_workers; i++)
		sl_worker_pause(e->workers[i]);
}

static void resume_workers(struct sl_engine *e)
{
	for (unsigned i = 0; i < e->n_workers; i++)
		sl_worker_resume(e->workers[i]);
}

static void commit(struct sl_engine *e, struct sl_running *next)
{
	static const struct sl_schedule nothing;

	pause_workers(e);
	sl_running_commit(e->running, next);
	for (unsigned i = 0; i < e->n_workers; i++)
		sl_worker_set(e->workers[i],
			      i < next->graph->workers ? &next->schedules[i] : &nothing,
			      next->graph->idle_ns);
	resume_workers(e);
}

int sl_engine_apply(struct sl_engine *e, const struct sl_graph *g, struct sl_error *err)
{
	unsigned workers_before = e->n_workers;
	struct sl_running *next;
	struct sl_supply supply = {.jumbo = &e->jumbo};
	int r = sl_graph_check(g, err);

	if (r < 0)
		return r;
	supply.pool = pool_for(e, g, err);
	if (!supply.pool)
		return -ENOMEM;
	r = sl_running_prepare(&next, e->running, g, &supply, err);
	if (r < 0)
		return r;
	r = grow_workers(e, g, err);
	if (r < 0) {
		shrink_workers(e, workers_before);
		sl_running_abandon(next);
		return r;
	}
	commit(e, next);
	for (unsigned i = 0; i < e->n_workers; i++)
		sl_worker_rouse(e->workers[i]); // nobody has open what the old apps close
	if (e->running)
		sl_running_retire(e->running, next, &e->gone);
	e->running = next;
	e->quiesced = false;
	shrink_workers(e, g->workers);
	return 0;
}

int sl_engine_start(struct sl_engine *e, struct sl_error *err)
{
	int r;

	if (e->started)
		return 0;
	for (unsigned i = 0; i < e->n_workers; i++) {
		r = start_worker(e, e->running->graph, i, err);
		if (r < 0) {
			sl_engine_stop(e);
			return r;
		}
	}
	e->started = true;
	return 0;
}

void sl_engine_stop(struct sl_engine *e)
{
	for (unsigned i = 0; i < e->n_workers; i++)
		sl_worker_stop(e->workers[i]);
	e->started = false;
}

uint64_t sl_engine_breathe(struct sl_engine *e)
{
	uint64_t moved = 0;

	if (e->started)
		return 0;
	for (unsigned i = 0; i < e->n_workers; i++)
		moved += sl_worker_breathe(e->workers[i]);
	return moved;
}

void sl_engine_quiesce(struct sl_engine *e)
{
	pause_workers(e);
	for (unsigned i = 0; i < e->n_workers; i++)
		sl_worker_quiesce(e->workers[i]);
	resume_workers(e);
	e->quiesced = true;
}

int sl_engine_call(struct sl_engine *e, const char *name, const char *class, void *request,
		   struct sl_error *err)
{
	struct sl_app *app = e->running ? sl_running_find(e->running, name) : NULL;
	int r;

	if (!app)
		return sl_error_set(err, -ENOENT, "there is no app '%s'", name);
	if (strcmp(app->class->name, class) != 0 || !app->class->call)
		return sl_error_set(err, -ENOENT, "'%s' is a %s, not a %s that can be asked", name,
				    app->class->name, class);
	sl_worker_pause(e->workers[app->worker]);
	r = app->class->call(app, request, err);
	sl_worker_resume(e->workers[app->worker]);
	return r;
}

static bool connected(struct sl_link **links, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (links[i])
			return true;
	return false;
}

// Whether the app may yet bring in a packet.
static bool may_bring(const struct sl_app *app)
{
	return app->class->pull && !app->class->delays && connected(app->out, app->n_out) &&
	       !atomic_load_explicit(&app->finished, memory_order_acquire);
}

static bool sources_ended(const struct sl_engine *e)
{
	for (size_t i = 0; i < e->running->graph->n_apps && !e->quiesced; i++)
		if (may_bring(e->running->instances[i].app))
			return false;
	return true;
}

static bool empty(const struct sl_running *r)
{
	for (size_t i = 0; i < r->graph->n_links; i++)
		if (atomic_load(&r->links[i]->tail) != atomic_load(&r->links[i]->head))
			return false;
	for (size_t i = 0; i < r->graph->n_apps; i++)
		if (atomic_load(&r->instances[i].app->held) != 0)
			return false;
	return true;
}

bool sl_engine_drained(struct sl_engine *e)
{
	bool drained;

	if (!e->running)
		return true;
	if (!sources_ended(e) || !empty(e->running))
		return false;
	// Packets that an app has in its hands are in no link: look again between two breaths.
	pause_workers(e);
	drained = sources_ended(e) && empty(e->running);
	resume_workers(e);
	return drained;
}
