// rib: the routes of one kernel table, as the kernel tells of them, and what the router has been
// told of it.
//
// A prefix may have several routes: the one with the best metric that leads somewhere counts, and
// when it goes, the next best does. Whenever what counts may have changed, the prefix waits to be
// told; sl_rib_tell gives one record after the other, as fast as the caller has room for them.
// However often a prefix changes meanwhile, it waits once: memory is bounded, nothing is lost.
//
// Nothing here allocates but create. One thread at a time.
#pragma once

#include "core/ip/control.h"
#include "core/ip/nexthops.h"

struct sl_rib;

struct sl_rib_limits {
	uint32_t routes;   // a power of two, as are the others
	uint32_t sets;     // different sets of next hops
	uint32_t nexthops; // objects
};

// A route, as a message tells of it.
struct sl_rib_route {
	struct sl_prefix prefix; // masked
	uint32_t metric;         // the lowest is the best
	uint32_t nexthop;        // object that it goes by; 0 = none, the hops count
	uint8_t kind;            // enum sl_route_kind
	uint8_t n_hops;          // those whose devices are ours; may be 0
	struct sl_hop hops[SL_ROUTE_HOPS_MAX];
};

enum sl_rib_how {
	SL_RIB_FIRST,   // new, before others of its metric
	SL_RIB_LAST,    // new, behind them
	SL_RIB_REPLACE, // instead of the first of its metric
	SL_RIB_DUMPED,  // told in a dump
};

// Returns it, owned by the caller, or NULL (out of memory).
struct sl_rib *sl_rib_create(const struct sl_rib_limits *limits);

// NULL is legal.
void sl_rib_destroy(struct sl_rib *rib);

// A route is there. Of IPv6, next hops of one prefix and metric are one route, whose whole set is
// told at each change; of IPv4 they are routes of their own. Returns 0 or -ENOSPC.
int sl_rib_add(struct sl_rib *rib, const struct sl_rib_route *r, enum sl_rib_how how);

// A route is gone, or of IPv6 the next hops named.
void sl_rib_remove(struct sl_rib *rib, const struct sl_rib_route *r);

// A next hop object is there, or (not by_event) told in a dump. Returns 0 or -ENOSPC.
int sl_rib_add_nexthop(struct sl_rib *rib, const struct sl_nexthop *n, bool by_event);
void sl_rib_remove_nexthop(struct sl_rib *rib, uint32_t id);

// The interface goes down or away. What led out of it leads nowhere, and will not do so again
// when it comes back: the kernel may have removed those routes without a word. They are believed
// again when the kernel tells of them.
void sl_rib_down(struct sl_rib *rib, uint16_t iface);

// In which life an interface is; hops are made with it.
uint32_t sl_rib_life(const struct sl_rib *rib, uint16_t iface);

// The interfaces have other numbers: to[old], SL_IFACE_NONE for those that are no more. What leads
// to the others goes on as it is.
void sl_rib_renumber(struct sl_rib *rib, const uint16_t *to);

// Begin a round of dumps, and end it: then what it has not met is removed, as the walk goes on.
// A round that is given up is simply begun again.
void sl_rib_begin(struct sl_rib *rib);
void sl_rib_end(struct sl_rib *rib);

// The router has room for so many prefixes of a family; as many as it likes before that is said.
// What is more is withheld; sl_rib_refill says when not any longer.
void sl_rib_set_room(struct sl_rib *rib, uint32_t prefixes);

// Look at all prefixes again if some are withheld and there is room for them.
void sl_rib_refill(struct sl_rib *rib);

// Everything is to be told again, also what is thought to be known.
void sl_rib_retell(struct sl_rib *rib);

// Do a part of what is to be done to all routes: at most n prefixes. Returns false where nothing
// is left.
bool sl_rib_walk(struct sl_rib *rib, unsigned n);

// Fetch what the router is to be told next of a family, looking at *budget prefixes at most, by
// which it is lessened. Returns false where there is nothing, or the budget is spent.
bool sl_rib_tell(struct sl_rib *rib, uint8_t family, unsigned *budget, struct sl_control *record);

// Whether prefixes of the family wait.
bool sl_rib_has_news(const struct sl_rib *rib, uint8_t family);

// The sync that events and dumps are judged by.
const struct sl_sync *sl_rib_sync(const struct sl_rib *rib);

// Prefixes the router has been told of, those withheld, and routes there are.
uint32_t sl_rib_count_told(const struct sl_rib *rib);
uint32_t sl_rib_count_withheld(const struct sl_rib *rib);
uint32_t sl_rib_count_routes(const struct sl_rib *rib);
