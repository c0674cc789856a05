// graph_file: a graph from a file, right or not at all.
#pragma once

#include <sluice/graph.h>

// Load and check a graph file. One without any app is a mistake.
//
// g  Set to the graph, owned by the caller, or to NULL.
//
// Returns 0, or -errno with err filled.
int graph_file_open(struct sl_graph **g, const char *path, struct sl_error *err);
