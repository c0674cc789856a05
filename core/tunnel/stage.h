// stage: where packets wait for their peer's session. Spec: WireGuard paper section 6.4.
//
// A queue for each peer, all in one store: none is longer than SL_STAGE_MOST, and their sum is
// bounded. A full queue drops its oldest packet. One thread at a time.
#pragma once

#include <sluice/packet.h>

enum { SL_STAGE_MOST = 128 };

struct sl_stage;

// A peer's queue. Zeroed: empty.
struct sl_staged {
	uint32_t first, last, n;
};

// Returns a store for n packets, owned by the caller, or NULL (out of memory).
struct sl_stage *sl_stage_create(uint32_t n);

// The queues must be empty. NULL is legal.
void sl_stage_destroy(struct sl_stage *s);

// Put p behind the others of its queue. Returns the packet that has to go for it, owned by the
// caller: the queue's oldest, or p itself where the store is full and the queue empty; or NULL.
struct rte_mbuf *sl_stage_put(struct sl_stage *s, struct sl_staged *q, struct rte_mbuf *p);

// Take the oldest packet of a queue; the caller owns it. NULL where there is none.
struct rte_mbuf *sl_stage_take(struct sl_stage *s, struct sl_staged *q);

// Packets in all queues.
uint32_t sl_stage_count(const struct sl_stage *s);
