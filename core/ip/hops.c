// Targets are found by a hash of what they say, in a table of ids with linear probing.

#include "core/ip/hops.h"

#include "core/pages.h"

#include <errno.h>
#include <stdlib.h>

enum { MAX = 65535, SLOTS = 2 * (MAX + 1) };

struct sl_hops {
	struct sl_target *targets; // max + 1
	uint16_t *slots;           // ids; 0 = empty
	uint32_t max, count;
	uint32_t fresh; // ids from here on have never been used
	uint32_t free;  // the first free id below, the next one in its `users`; 0 = none
};

static uint32_t mix(uint32_t x)
{
	x ^= x >> 16;
	x *= 0x7feb352du; // Wellons' lowbias32
	x ^= x >> 15;
	x *= 0x846ca68bu;
	return x ^ x >> 16;
}

struct sl_hops *sl_hops_create(uint32_t max)
{
	struct sl_hops *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->max = RTE_MIN(max, (uint32_t)MAX);
	h->fresh = 1;
	h->targets = sl_pages_map((h->max + 1) * sizeof(*h->targets));
	h->slots = sl_pages_map(SLOTS * sizeof(*h->slots));
	if (!h->targets || !h->slots) {
		sl_hops_destroy(h);
		return NULL;
	}
	h->targets[0].kind = SL_TARGET_NONE;
	return h;
}

void sl_hops_destroy(struct sl_hops *h)
{
	if (!h)
		return;
	sl_pages_unmap(h->targets, (h->max + 1) * sizeof(*h->targets));
	sl_pages_unmap(h->slots, SLOTS * sizeof(*h->slots));
	free(h);
}

// ---- what a target says

static void seed(struct sl_hop *hop)
{
	uint32_t x = mix(hop->iface + 1u);

	for (unsigned i = 0; i < sizeof(hop->gateway); i += 4)
		x = mix(x ^ load_be32(hop->gateway + i));
	hop->seed = x;
}

static void rehash(struct sl_target *t)
{
	uint32_t x = mix(t->kind + 256u * t->n_hops);

	for (unsigned i = 0; i < t->n_hops; i++) {
		seed(&t->hops[i]);
		x = mix(x ^ t->hops[i].seed) + t->hops[i].weight;
	}
	t->hash = x;
}

static void read_route(struct sl_target *t, const struct sl_route *route)
{
	*t = (struct sl_target){.kind = route->kind};
	if (route->kind != SL_ROUTE_FORWARD)
		return;
	t->n_hops = route->n_hops;
	for (unsigned i = 0; i < t->n_hops; i++) {
		const struct sl_route_hop *from = &route->hops[i];
		struct sl_hop *to = &t->hops[i];

		memcpy(to->gateway, from->gateway.bytes, sizeof(to->gateway));
		to->on_link = from->gateway.family == 0;
		to->iface = from->iface;
		to->weight = RTE_MAX(from->weight, (uint8_t)1);
		to->fraction = 1.0f / to->weight;
	}
	if (t->n_hops == 0)
		t->kind = SL_ROUTE_UNREACHABLE;
}

static bool same_hop(const struct sl_hop *a, const struct sl_hop *b)
{
	return a->iface == b->iface && a->on_link == b->on_link && a->weight == b->weight &&
	       memcmp(a->gateway, b->gateway, sizeof(a->gateway)) == 0;
}

static bool same(const struct sl_target *a, const struct sl_target *b)
{
	if (a->hash != b->hash || a->kind != b->kind || a->n_hops != b->n_hops)
		return false;
	for (unsigned i = 0; i < a->n_hops; i++)
		if (!same_hop(&a->hops[i], &b->hops[i]))
			return false;
	return true;
}

// ---- the table

static uint32_t slot_after(uint32_t slot)
{
	return (slot + 1) % SLOTS;
}

static uint32_t home(const struct sl_hops *h, uint32_t slot)
{
	return h->targets[h->slots[slot]].hash % SLOTS;
}

static void insert(struct sl_hops *h, uint32_t id)
{
	uint32_t slot = h->targets[id].hash % SLOTS;

	while (h->slots[slot])
		slot = slot_after(slot);
	h->slots[slot] = (uint16_t)id;
}

// Take an id out and close the gap: move those back that only stand behind it because it was full.
static void erase(struct sl_hops *h, uint32_t id)
{
	uint32_t gap = h->targets[id].hash % SLOTS;

	while (h->slots[gap] != id)
		gap = slot_after(gap);
	for (uint32_t slot = slot_after(gap); h->slots[slot]; slot = slot_after(slot)) {
		uint32_t from_home = (slot - home(h, slot)) % SLOTS;

		if (from_home < (slot - gap) % SLOTS)
			continue;
		h->slots[gap] = h->slots[slot];
		gap = slot;
	}
	h->slots[gap] = 0;
}

static uint32_t find(const struct sl_hops *h, const struct sl_target *t)
{
	uint32_t slot = t->hash % SLOTS;

	while (h->slots[slot] && !same(&h->targets[h->slots[slot]], t))
		slot = slot_after(slot);
	return h->slots[slot];
}

static uint32_t new_id(struct sl_hops *h)
{
	uint32_t id = h->free;

	if (id)
		h->free = h->targets[id].users;
	else if (h->fresh <= h->max)
		id = h->fresh++;
	return id;
}

int sl_hops_take(struct sl_hops *h, const struct sl_route *route)
{
	struct sl_target t;
	uint32_t id;

	read_route(&t, route);
	rehash(&t);
	id = find(h, &t);
	if (!id) {
		id = new_id(h);
		if (!id)
			return -ENOSPC;
		h->targets[id] = t;
		h->count++;
		insert(h, id);
	}
	h->targets[id].users++;
	return (int)id;
}

void sl_hops_give(struct sl_hops *h, uint32_t id)
{
	if (id == 0 || --h->targets[id].users > 0)
		return;
	erase(h, id);
	h->count--;
	h->targets[id].kind = SL_TARGET_NONE;
	h->targets[id].users = h->free;
	h->free = id;
}

const struct sl_target *sl_hops_targets(const struct sl_hops *h)
{
	return h->targets;
}

uint32_t sl_hops_count(const struct sl_hops *h)
{
	return h->count;
}

void sl_hops_renumber(struct sl_hops *h, const uint16_t *map, unsigned n)
{
	memset(h->slots, 0, SLOTS * sizeof(*h->slots));
	for (uint32_t id = 1; id < h->fresh; id++) {
		struct sl_target *t = &h->targets[id];

		if (t->kind == SL_TARGET_NONE)
			continue;
		for (unsigned i = 0; i < t->n_hops; i++)
			t->hops[i].iface = t->hops[i].iface < n ? map[t->hops[i].iface]
								: SL_IFACE_NONE;
		rehash(t);
		insert(h, id);
	}
}

// ---- choosing

// -log2(x / 2^32) within 0.09, and in the right order: the exponent, and the mantissa as if the
// logarithm were straight between powers of two.
static float minus_log2(uint32_t x)
{
	unsigned zeros = (unsigned)__builtin_clz(x | 1);
	uint32_t mantissa = (x | 1) << zeros & 0x7fffffff;

	return (float)zeros + 1 - (float)mantissa / 2147483648.0f;
}

const struct sl_hop *sl_target_choose(const struct sl_target *t, uint32_t flow_hash)
{
	const struct sl_hop *best = &t->hops[0];
	float least = minus_log2(mix(flow_hash ^ best->seed)) * best->fraction;

	for (unsigned i = 1; i < t->n_hops; i++) {
		const struct sl_hop *hop = &t->hops[i];
		float score = minus_log2(mix(flow_hash ^ hop->seed)) * hop->fraction;

		if (score < least) {
			least = score;
			best = hop;
		}
	}
	return best;
}
