// engine: runs a graph on workers.
//
// The engine owns links, apps, workers and pools. The control thread (the one that calls these
// functions) owns the engine; only sl_stats_read may be called from another thread, and not
// while an apply or destroy is under way.
#pragma once

#include <sluice/graph.h>

#pragma GCC visibility push(default)

struct sl_engine;

// All zero is the everyday default.
struct sl_engine_options {
	// DPDK's environment. Where the host has initialised EAL already, Sluice uses it as it
	// is. Otherwise it chooses the arguments: no root, hugepages where there are some.
	const char *const *eal_args; // more of them, NULL at the end; NULL = none
	bool no_huge;                // do not use hugepages even where there are some

	// The host's own mbuf pool, which must outlive the engine; NULL = the engine makes one,
	// sized by MTU, links and what the apps hold.
	struct rte_mempool *pool;

	const unsigned *cpus; // CPU of each worker; NULL = one after the other, as allowed
	unsigned n_cpus;
};

// Prepare an engine with no apps. Returns 0 and *e, owned by the caller, or -errno.
int sl_engine_create(struct sl_engine **e, const struct sl_engine_options *options,
		     struct sl_error *err);

// Stop what runs, free everything. NULL is legal.
void sl_engine_destroy(struct sl_engine *e);

// Make the engine run g, whether it is started or not.
//
// Everything that can fail happens first, beside the running graph; on failure that goes on as
// if nothing had been asked. Then the workers pause between two breaths, and the new wiring is
// put in place. Apps that are the same in both keep their instance, state and packets; so does a
// link whose two ends are the same. Packets in links that are gone are counted in
// sl_stats.gone.
//
// g  Copied. Checked as by sl_graph_check.
//
// Returns 0 or -errno: that of the app that cannot be as g wants it, -EADDRINUSE for instance.
int sl_engine_apply(struct sl_engine *e, const struct sl_graph *g, struct sl_error *err);

// Start the workers' threads. Returns 0 or -errno.
int sl_engine_start(struct sl_engine *e, struct sl_error *err);

// Stop the workers' threads between two breaths. Packets stay where they are.
void sl_engine_stop(struct sl_engine *e);

// One breath of every worker on the calling thread, which acts as all of them: for tests, and
// for hosts with a loop of their own. Not while started. Returns packets moved.
uint64_t sl_engine_breathe(struct sl_engine *e);

// Ask an app of the running graph something that its class's `call` answers, between two breaths.
//
// app      By name.
// class    Which it must be of: only its callers know what the request is.
// request  Borrowed; what it is, and what becomes of it, the class says.
//
// Returns what `call` returns, or -ENOENT: there is no such app, or it is of another class.
int sl_engine_call(struct sl_engine *e, const char *app, const char *class, void *request,
		   struct sl_error *err);

// Whether every source has ended, and no link or app holds a packet: nothing will happen any
// more. False where a source never ends.
bool sl_engine_drained(struct sl_engine *e);

// Sources stop bringing packets in and apps say their last; the rest goes on until drained. Undone
// by the next apply.
void sl_engine_quiesce(struct sl_engine *e);

// A graph file's own words on the engine, for callers that create one for it: workers' CPUs, EAL
// arguments. What they point to belongs to g.
void sl_graph_options(const struct sl_graph *g, struct sl_engine_options *options);

#pragma GCC visibility pop
