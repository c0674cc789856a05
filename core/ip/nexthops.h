// nexthops: the kernel's next hop objects, which routes and groups refer to by number (`ip
// nexthop`). A route belongs to the object that bore the number when the route was made: a later
// one of the same number is another.
#pragma once

#include "core/ip/hop_sets.h"
#include "core/ip/sync.h"

struct sl_nexthop_member {
	uint32_t id;
	uint8_t weight;
};

// What the kernel says of one object.
struct sl_nexthop {
	uint32_t id;       // not 0
	uint8_t kind;      // enum sl_route_kind
	uint8_t n_members; // 0 = no group
	struct sl_hop hop; // of one that forwards and is no group
	bool is_elsewhere; // its device is none of ours: there is no hop
	struct sl_nexthop_member members[SL_ROUTE_HOPS_MAX];
};

struct sl_nexthops {
	struct sl_slots slots;
	uint32_t *buckets;
	uint32_t mask;
};

// max  Objects there can be, a power of two. Returns false (out of memory), to be ended all the
// same.
bool sl_nexthops_init(struct sl_nexthops *t, uint32_t max);
void sl_nexthops_fini(struct sl_nexthops *t);

// The kernel has this object, now or (not by_event) in a dump.
// Returns 1 (routes may lead elsewhere now), 0 (none knows it, or it is as it was) or -ENOSPC.
int sl_nexthops_add(struct sl_nexthops *t, const struct sl_nexthop *n, const struct sl_sync *s,
		    bool by_event);

// It has no longer.
void sl_nexthops_remove(struct sl_nexthops *t, uint32_t id, const struct sl_sync *s);

// Remove what the round that ends now has not met.
void sl_nexthops_sweep(struct sl_nexthops *t, const struct sl_sync *s);

// Refer to an object, known or not yet. Returns its place, 0 where there are too many.
uint32_t sl_nexthops_get(struct sl_nexthops *t, uint32_t id);
void sl_nexthops_put(struct sl_nexthops *t, uint32_t place);

uint32_t sl_nexthops_id(const struct sl_nexthops *t, uint32_t place);

// Where the object leads now: *kind, and into hops, of SL_ROUTE_HOPS_MAX, its next hops.
// Returns how many; 0 of kind SL_ROUTE_FORWARD where it leads nowhere.
unsigned sl_nexthops_resolve(const struct sl_nexthops *t, uint32_t place, uint8_t *kind,
			     struct sl_hop *hops);

// Call change with the hop of every object, which it may alter.
void sl_nexthops_each(struct sl_nexthops *t, void (*change)(struct sl_hop *hop, void *context),
		      void *context);
