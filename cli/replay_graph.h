// replay_graph: the graph of a replay: `in`, what stands between, `out`.
#pragma once

#include "cli/target.h"
#include <sluice/engine.h>

struct replay_request {
	char **files;
	size_t n_files;
	const char *through; // a pipeline line or the name of a graph file; NULL = nothing between
	const char *rate, *loop;              // NULL = the reader's default
	const char *key, *cap, *psk, *writer; // of sealed captures; NULL = not given
	struct target target;
};

// Whether `through` names a graph file: it exists, or ends in .yaml or .yml.
bool replay_through_is_file(const char *through);

// Build and check the graph: an app `in` that reads the files, `out` for the target, and in
// between the pipeline; or a graph file whose links refer to `in` and `out`. What the file itself
// may define under these names is replaced, its links kept.
//
// Returns *g, owned by the caller, and 0; else -errno.
int replay_graph_build(struct sl_graph **g, const struct replay_request *request,
		       struct sl_error *err);
