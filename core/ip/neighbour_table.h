// neighbour_table: where neighbours and the packets that wait for them are kept. The states that
// they go through are neighbour.c's, which alone uses this.
#pragma once

#include "core/ip/neighbour.h"

// Add a neighbour that is not there. Returns NULL where there is no room.
struct sl_neighbour *sl_neighbour_add(struct sl_neighbours *t, const uint8_t ip[16],
				      enum sl_neighbour_state state, bool known, uint64_t now_ns);

// n enters a state, perhaps the one it is in, as the newest of its part.
void sl_neighbour_become(struct sl_neighbours *t, struct sl_neighbour *n,
			 enum sl_neighbour_state state, uint64_t now_ns);

// Remove n. What waits for it is refused.
void sl_neighbour_forget(struct sl_neighbours *t, struct sl_neighbour *n,
			 enum sl_neighbour_refusal why);

// Let a packet wait for n; the oldest makes room: n's own, or that of all, which is the first of
// its neighbour.
void sl_neighbour_enqueue(struct sl_neighbours *t, struct sl_neighbour *n, struct rte_mbuf *p);

// Send what waits for n. Returns whether anything did.
bool sl_neighbour_send_held(struct sl_neighbours *t, struct sl_neighbour *n);

static inline void sl_neighbour_set_address(struct sl_neighbour *n, const uint8_t mac[6])
{
	memcpy(n->header, mac, 6);
}
