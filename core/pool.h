// pool: where packets come from.
#pragma once

#include <rte_mempool.h>
#include <sluice/error.h>
#include <stdbool.h>
#include <stdint.h>

// Create an mbuf pool.
//
// name         Unique in the process, at most 20 characters.
// packets      How many it holds.
// frame_bytes  Longest frame, at most SL_FRAME_MAX. The buffers are larger by the headroom of a
//              driver and by room for nested tunnels.
// huge         Take the memory from EAL (hugepages, fit for DMA); otherwise from anonymous
//              memory of our own, which is as fast and needs no privilege.
//
// Returns the pool, owned by the caller (sl_pool_destroy), or NULL with err filled.
// Control thread; EAL is initialised.
struct rte_mempool *sl_pool_create(const char *name, unsigned packets, uint32_t frame_bytes,
				   bool huge, struct sl_error *err);

// Free a pool that every packet has come back to. NULL is legal.
void sl_pool_destroy(struct rte_mempool *pool);

// Longest frame that a fresh packet of the pool has room for, bytes.
uint32_t sl_pool_frame_bytes(const struct rte_mempool *pool);
