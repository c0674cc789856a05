// ports: which port of which app each link of a graph joins.
//
// A link may leave its ports unnamed. This is the one place that says which they are, so that
// the check of a graph and the engine cannot disagree:
//   - a named port is that one;
//   - an unnamed end takes the first port of its side that no link names or took before it;
//   - on a side whose class says "*", behind what ports it names, each further link takes the
//     next number, in the order of the links; the port's name is the link's, or else its number
//     counted from 1.
#pragma once

#include "core/graph.h"

struct sl_wire {
	size_t from, to; // apps, by index into sl_graph.apps
	unsigned from_port, to_port;
	char from_name[SL_NAME_SIZE], to_name[SL_NAME_SIZE]; // of the ports
};

struct sl_wired_app {
	const struct sl_app_class *class;
	unsigned n_in, n_out; // ports, connected or not: the length of app->in and app->out
};

struct sl_wiring {
	struct sl_wire *wires; // as sl_graph.links
	size_t n_wires;
	struct sl_wired_app *apps; // as sl_graph.apps
	size_t n_apps;
};

// Resolve classes and ports of a graph. Pure, but for the classes known: load plugins first.
//
// w  Caller's memory; filled on success, to be freed with sl_wiring_fini; independent of g.
//
// Returns 0, -ENOMEM or -EINVAL: unknown class, unknown port, a port connected twice.
int sl_wiring_resolve(const struct sl_graph *g, struct sl_wiring *w, struct sl_error *err);

// Zeroed memory is legal.
void sl_wiring_fini(struct sl_wiring *w);
