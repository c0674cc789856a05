// rib_state: what rib.c and rib_change.c share.
#pragma once

#include "core/ip/meta.h"
#include "core/ip/rib.h"

// One route of a prefix.
struct rib_route {
	uint32_t next;   // of the prefix, in the order of metrics
	uint32_t metric; // the lowest is the best
	uint32_t target; // its set of hops, or its object; 0 = it needs none
	struct sl_heard heard;
	uint8_t kind; // enum sl_route_kind
	bool by_object;
	bool is_gone; // kept until the round ends, so that no dump brings it back
};

struct rib_prefix {
	uint32_t next; // in its bucket
	uint32_t first;
	uint32_t next_news;  // the next that waits to be told; 0 = it does not wait itself
	struct sl_prefix is; // family 0: a free slot
	uint64_t told;       // hash of what was told last, or of enum rib_told
};

enum rib_told {
	RIB_TOLD_NOTHING,
	RIB_WITHHELD, // nothing either: the router has no room
	RIB_TOLD_SOMETHING,
	RIB_TOLD_HASHES,
};

enum { RIB_NEWS_END = INT32_MAX };

struct rib_news {
	uint32_t first, last; // 0 = none waits
};

struct sl_rib {
	struct sl_slots prefixes, routes;
	struct sl_hop_sets sets;
	struct sl_nexthops nexthops;
	struct sl_sync sync;
	uint32_t *buckets;
	uint32_t mask;
	uint64_t seed;
	struct rib_news news[2];       // IPv4, IPv6
	uint32_t told[2], withheld[2]; // prefixes of IPv4, IPv6
	uint32_t room;                 // told of a family at most
	uint32_t life[SL_IFACES_MAX];

	// the walk over all prefixes
	uint32_t cursor, left;
	bool sweeps, retells;
};

static inline struct rib_prefix *rib_prefix_at(const struct sl_rib *rib, uint32_t number)
{
	return sl_slots_at(&rib->prefixes, number);
}

static inline struct rib_route *rib_route_at(const struct sl_rib *rib, uint32_t number)
{
	return sl_slots_at(&rib->routes, number);
}

// Returns its number, 0 where there is none.
uint32_t sl_rib_find(const struct sl_rib *rib, const struct sl_prefix *p);

// The same, made where it is not there; 0 where there are too many.
uint32_t sl_rib_make(struct sl_rib *rib, const struct sl_prefix *p);

// What counts of a prefix may have changed.
void sl_rib_news(struct sl_rib *rib, uint32_t number);

// Unlink the route that *link leads to, and free it.
void sl_rib_unlink(struct sl_rib *rib, uint32_t *link);
