// stats: what every app and link has counted so far.
//
// Reading takes no lock and does not disturb the workers: each counter is exact by itself; a
// snapshot of a running engine may be a few packets apart between counters.
//
// Always, once the workers stand still:
//   sum(created) = sum(consumed) + sum(app held) + sum(link held)
//                + sum(named drops) + sum(unconnected) + sum(link drops)
// where each sum includes what apps and links that are gone had counted (struct sl_gone).
#pragma once

#include <sluice/engine.h>

#pragma GCC visibility push(default)

struct sl_named_count {
	const char *name;
	uint64_t value;
};

struct sl_app_stats {
	const char *name;
	const struct sl_app_class *class;
	unsigned worker;
	uint64_t in, out;           // packets taken from and given to links
	uint64_t created, consumed; // packets that came into, and left, the engine here
	uint64_t held, unconnected;
	double cycles; // TSC cycles per packet, 0 where nothing was measured
	bool finished;
	const char *failure; // what the app said on failing, see sl_app_fail; NULL = none
	const struct sl_named_count *drops;   // the class's, in its order
	const struct sl_named_count *metrics; // the class's, in its order
	size_t n_drops, n_metrics;
};

struct sl_link_stats {
	const char *from, *from_port, *to, *to_port;
	uint64_t packets, bytes; // accepted
	uint64_t drops;          // not accepted: full
	uint64_t held;           // packets in it now
	uint64_t size;
};

struct sl_pool_stats {
	const char *name;
	uint64_t size, free; // packets; free is exact only while the engine stands still
	uint64_t buffer_bytes;
	bool hugepages;
};

struct sl_worker_stats {
	int cpu; // -1 while not started
	uint64_t breaths;
	uint64_t busy_cycles; // TSC cycles of breaths that moved packets
	uint64_t cpu_ns;      // processor time of its thread
	uint64_t sleeps;
	uint64_t first_ns, last_ns; // monotonic: first and last breath that moved packets; 0 = none
};

// What the apps and links counted that changes of the graph have removed since.
struct sl_gone {
	uint64_t created, consumed, dropped;
	uint64_t removed; // packets that were still in them
};

struct sl_stats {
	uint64_t time_ns; // monotonic
	uint64_t tsc_hz;
	struct sl_gone gone;
	const struct sl_app_stats *apps;
	const struct sl_link_stats *links;
	const struct sl_pool_stats *pools;
	const struct sl_worker_stats *workers;
	size_t n_apps, n_links, n_pools, n_workers;
};

// Returns a snapshot, owned by the caller and valid until the next apply or destroy of e, or
// NULL (out of memory).
const struct sl_stats *sl_stats_read(struct sl_engine *e);

// NULL is legal.
void sl_stats_free(const struct sl_stats *s);

// Returns the app of that name in the snapshot, or NULL.
const struct sl_app_stats *sl_stats_app(const struct sl_stats *s, const char *name);

// Returns the value of a named drop or metric of an app, 0 where there is none.
uint64_t sl_app_stats_drop(const struct sl_app_stats *a, const char *name);
uint64_t sl_app_stats_metric(const struct sl_app_stats *a, const char *name);

#pragma GCC visibility pop
