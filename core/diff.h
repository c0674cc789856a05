// diff: what must happen to a running graph to become another one. A pure function.
#pragma once

#include "core/graph.h"
#include "core/ports.h"

enum sl_change {
	SL_KEEP,    // the same: goes on untouched
	SL_REPLACE, // the same name, another class or config: a new instance takes its place
	SL_START,   // new
};

// What happens to one item of the wanted graph, and which item of the running one it continues.
struct sl_action {
	enum sl_change change;
	size_t old; // index in the running graph; meaningless for SL_START
};

struct sl_diff {
	struct sl_action *apps;    // one per app of the wanted graph
	struct sl_action *links;   // one per link of it: SL_KEEP or SL_START
	bool *app_stops;           // one per app of the running graph: its instance goes
	bool *link_stops;          // one per link of it
	struct sl_wiring from, to; // both graphs with their ports resolved
};

// Compare two checked graphs. A link continues where the names and ports of both ends do.
//
// d  Caller's, filled; free with sl_diff_fini whatever the result.
//
// Returns 0, -ENOMEM or what sl_wiring_resolve returns.
int sl_graph_diff(const struct sl_graph *from, const struct sl_graph *to, struct sl_diff *d,
		  struct sl_error *err);

void sl_diff_fini(struct sl_diff *d);
