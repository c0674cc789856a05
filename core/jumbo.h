// jumbo: the engine's second pool, for frames that its first has no room for.
//
// Few graphs ever see one, and each buffer takes 64 KiB, so it is made when it is first needed.
#pragma once

#include <pthread.h>
#include <rte_mempool.h>
#include <sluice/error.h>

struct sl_jumbo {
	pthread_mutex_t lock; // of who makes the pool
	_Atomic(struct rte_mempool *) pool;
};

void sl_jumbo_init(struct sl_jumbo *j);

// Free the pool, if there is one. Every packet has come back to it.
void sl_jumbo_fini(struct sl_jumbo *j);

// Returns the pool, made on the first call, or NULL with err filled. Any thread.
struct rte_mempool *sl_jumbo_pool(struct sl_jumbo *j, struct sl_error *err);
