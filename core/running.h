// running: a graph brought to life, in two steps. Internal to the engine.
//
//   prepare  builds everything the wanted graph needs beside the running one; may fail, and then
//            leaves no trace.
//   commit   puts the new wiring in place while the workers are paused; cannot fail.
#pragma once

#include "core/diff.h"
#include "core/worker.h"

#include <sluice/stats.h>

// An app and the config it was configured with, which it may point into.
struct sl_instance {
	struct sl_app *app;
	void *config;
};

struct sl_running {
	struct sl_graph *graph;
	struct rte_mempool *pool;      // of its apps' new packets
	struct sl_diff diff;           // from the graph before; diff.to is this graph's wiring
	struct sl_instance *instances; // one per app of the graph
	struct sl_link **links;        // one per link of it
	struct sl_link ***ports;       // per app: its inputs, then its outputs
	const char ***port_names;      // likewise
	const struct sl_app **apps;    // the instances' apps, since the commit
	struct sl_schedule *schedules; // one per worker
	unsigned *workers;             // worker of each app
};

// Where new instances get their packets from.
struct sl_supply {
	struct rte_mempool *pool;
	struct sl_jumbo *jumbo;
};

// Prepare `graph` (checked, copied) as the successor of `now` (NULL = none).
//
// Returns 0 and the prepared state, owned by the caller, or -errno: an app's own, where one cannot
// be configured.
int sl_running_prepare(struct sl_running **prepared, const struct sl_running *now,
		       const struct sl_graph *graph, const struct sl_supply *supply,
		       struct sl_error *err);

// Wire the apps of `next`, which succeeds `now`. Workers paused or stopped.
void sl_running_commit(struct sl_running *now, struct sl_running *next);

// The app of that name, or NULL.
struct sl_app *sl_running_find(const struct sl_running *r, const char *name);

// Free what `now` does not share with `next` (NULL = everything), and add its counters to gone.
void sl_running_retire(struct sl_running *now, struct sl_running *next, struct sl_gone *gone);

// Undo a prepare.
void sl_running_abandon(struct sl_running *next);
