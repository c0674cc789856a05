#include "core/jumbo.h"

#include "core/eal.h"
#include "core/pool.h"

#include <sluice/packet.h>
#include <stdatomic.h>
#include <stdio.h>

enum { PACKETS = 1024 };

void sl_jumbo_init(struct sl_jumbo *j)
{
	pthread_mutex_init(&j->lock, NULL);
	atomic_init(&j->pool, NULL);
}

void sl_jumbo_fini(struct sl_jumbo *j)
{
	sl_pool_destroy(j->pool);
	pthread_mutex_destroy(&j->lock);
}

struct rte_mempool *sl_jumbo_pool(struct sl_jumbo *j, struct sl_error *err)
{
	struct rte_mempool *pool = atomic_load_explicit(&j->pool, memory_order_acquire);
	char name[RTE_MEMPOOL_NAMESIZE];

	if (pool)
		return pool;
	pthread_mutex_lock(&j->lock);
	pool = j->pool;
	if (!pool) {
		snprintf(name, sizeof(name), "jumbo%llx", (unsigned long long)(uintptr_t)j);
		pool = sl_pool_create(name, PACKETS, SL_FRAME_MAX, sl_eal_has_hugepages(), err);
		atomic_store_explicit(&j->pool, pool, memory_order_release);
	}
	pthread_mutex_unlock(&j->lock);
	return pool;
}
