// state: what an engine is made of. Internal to engine.c and stats.c.
#pragma once

#include "core/jumbo.h"
#include "core/running.h"

enum {
	SL_POOLS_MAX = 16,
};

struct sl_engine {
	struct rte_mempool *host_pool; // the host's, or NULL
	struct rte_mempool *pools[SL_POOLS_MAX];
	unsigned n_pools;
	struct sl_jumbo jumbo;
	unsigned *cpus; // wanted by the host, or NULL
	unsigned n_cpus;
	struct sl_running *running; // NULL before the first apply
	struct sl_worker *workers[SL_WORKERS_MAX];
	unsigned n_workers;
	bool started;
	bool quiesced; // sources bring in nothing more
	struct sl_gone gone;
};
