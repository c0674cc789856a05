// hops: what routes point to, shared and counted.
//
// A target is what becomes of a packet: one or more equal-cost next hops, or an end of another
// kind. Routes that say the same have the same target; its id is free again when the last of them
// goes. All functions: one thread at a time.
#pragma once

#include "core/ip/control.h"
#include "core/ip/meta.h"

// What a target is, beside enum sl_route_kind.
enum sl_target_kind {
	SL_TARGET_NONE = SL_ROUTE_PROHIBIT + 1, // no route: what id 0 stands for
	SL_TARGET_BROADCAST,
	SL_TARGET_MULTICAST,
	SL_TARGET_LINK_LOCAL,
	SL_TARGET_LOCAL, // an address of the router
};

struct sl_hop {
	uint8_t gateway[16]; // wire order
	uint16_t iface;      // index; SL_IFACE_NONE where it is gone
	bool on_link;        // no gateway: the destination itself is the next hop
	uint8_t weight;
	uint32_t seed;  // of its share of the flows
	float fraction; // 1 / weight
};

struct sl_target {
	uint8_t kind;   // enum sl_route_kind or enum sl_target_kind
	uint8_t n_hops; // at least 1 with SL_ROUTE_FORWARD, else 0
	uint32_t users;
	uint32_t hash;
	struct sl_hop hops[SL_ROUTE_HOPS_MAX];
} __attribute__((aligned(64)));

struct sl_hops;

// max  Targets at once, up to 65535.
// Returns it, owned by the caller, or NULL (out of memory).
struct sl_hops *sl_hops_create(uint32_t max);

void sl_hops_destroy(struct sl_hops *h);

// Count one more user of the target that a route says: its kind and next hops; the prefix does not
// matter. Returns the target's id, 1 to 65535, or -ENOSPC: there are too many, nothing has changed.
int sl_hops_take(struct sl_hops *h, const struct sl_route *route);

// Count one user less. Does nothing with id 0.
void sl_hops_give(struct sl_hops *h, uint32_t id);

// Targets by id; valid as long as h.
const struct sl_target *sl_hops_targets(const struct sl_hops *h);

// Targets in use.
uint32_t sl_hops_count(const struct sl_hops *h);

// Renumber interfaces: index i becomes map[i], SL_IFACE_NONE says that it is gone. Those from n on
// are gone.
void sl_hops_renumber(struct sl_hops *h, const uint16_t *map, unsigned n);

// The next hop of a flow, by rendezvous: each flow has its own order of preference among the next
// hops, so that one more or less moves no flow but those it gets or had. Weights count.
const struct sl_hop *sl_target_choose(const struct sl_target *t, uint32_t flow_hash);
