// order: in which order apps run, and on which worker. Pure functions of the graph.
#pragma once

#include "core/graph.h"
#include "core/ports.h"

// Sort the apps so that each comes after those that feed it. Links out of a source (a class with
// pull) do not count: what it brings in does not depend on what it is given.
//
// order  Caller's, g->n_apps indices into g->apps; filled.
//
// Returns 0; -ELOOP with err naming the apps of a cycle at one of its links; -ENOMEM.
int sl_graph_order(const struct sl_graph *g, const struct sl_wiring *w, size_t *order,
		   struct sl_error *err);

// Give every app a worker: its own where the graph says so; the others in runs of neighbours,
// as even as can be, so that few links cross.
//
// worker  Caller's, g->n_apps worker numbers; filled.
//
// Returns 0 or -ENOMEM.
int sl_graph_assign(const struct sl_graph *g, const struct sl_wiring *w, unsigned *worker);
