// hop_sets: the next hops of routes. A set is kept once, however many routes use it.
#pragma once

#include "core/ip/control.h"
#include "core/ip/slots.h"

// A next hop as the kernel names it.
struct sl_hop {
	uint32_t life;        // which life of the interface it belongs to, see sl_rib_down
	struct sl_ip gateway; // family 0: on the link
	uint16_t iface;
	uint8_t weight;
	bool unusable; // known, but beyond what the router can do
};

struct sl_hop_set {
	uint32_t next; // in its bucket
	uint32_t refs;
	uint32_t hash;
	uint8_t n;
	struct sl_hop hops[SL_ROUTE_HOPS_MAX];
};

struct sl_hop_sets {
	struct sl_slots slots; // of struct sl_hop_set
	uint32_t *buckets;
	uint32_t mask;
};

// max  Sets there can be, a power of two. Returns false (out of memory), to be ended all the same.
bool sl_hop_sets_init(struct sl_hop_sets *s, uint32_t max);
void sl_hop_sets_fini(struct sl_hop_sets *s);

// The set of these hops, n of them, at most SL_ROUTE_HOPS_MAX, used once more.
// Returns its number, 0 where there are too many.
uint32_t sl_hop_sets_get(struct sl_hop_sets *s, const struct sl_hop *hops, unsigned n);

// Use a set once less.
void sl_hop_sets_put(struct sl_hop_sets *s, uint32_t number);

static inline struct sl_hop_set *sl_hop_sets_at(const struct sl_hop_sets *s, uint32_t number)
{
	return sl_slots_at(&s->slots, number);
}

// Call change with every hop, which it may alter.
void sl_hop_sets_each(struct sl_hop_sets *s, void (*change)(struct sl_hop *hop, void *context),
		      void *context);

bool sl_hop_equal(const struct sl_hop *a, const struct sl_hop *b);

// Whether two hops lead the same way, in whatever life and with whatever weight.
bool sl_hop_same_way(const struct sl_hop *a, const struct sl_hop *b);

// Whether one of n hops leads the way of h.
bool sl_hop_among(const struct sl_hop *hops, unsigned n, const struct sl_hop *h);
