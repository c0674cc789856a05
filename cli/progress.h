// progress: the live line of a running engine, on stderr.
#pragma once

#include "cli/outcome.h"

struct progress {
	const char *in, *out; // the apps whose packets count, see outcome_read
	uint64_t start_ns;    // when the engine started
	uint64_t limit_ns;    // for how long it runs; 0 = not known
	uint64_t last_ns, last_out, last_bytes;
};

// Show what has happened since the last call: packets, rates, drops.
// live  As the live line of a terminal; else as a line of its own.
void progress_show(struct progress *p, const struct sl_stats *stats, bool live);
