#include "core/ip/hop_sets.h"

#include <string.h>

bool sl_hop_sets_init(struct sl_hop_sets *s, uint32_t max)
{
	s->mask = max - 1;
	s->buckets = sl_reserve(max * sizeof(*s->buckets));
	return sl_slots_init(&s->slots, max, sizeof(struct sl_hop_set)) && s->buckets;
}

void sl_hop_sets_fini(struct sl_hop_sets *s)
{
	sl_reserve_free(s->buckets, ((size_t)s->mask + 1) * sizeof(*s->buckets));
	s->buckets = NULL;
	sl_slots_fini(&s->slots);
}

bool sl_hop_same_way(const struct sl_hop *a, const struct sl_hop *b)
{
	return a->iface == b->iface && sl_ip_equal(&a->gateway, &b->gateway);
}

bool sl_hop_among(const struct sl_hop *hops, unsigned n, const struct sl_hop *h)
{
	for (unsigned i = 0; i < n; i++)
		if (sl_hop_same_way(&hops[i], h))
			return true;
	return false;
}

bool sl_hop_equal(const struct sl_hop *a, const struct sl_hop *b)
{
	return sl_hop_same_way(a, b) && a->life == b->life && a->weight == b->weight &&
	       a->unusable == b->unusable;
}

static uint32_t hash_hop(uint32_t hash, const struct sl_hop *h)
{
	hash = (hash ^ h->iface ^ h->life << 16 ^ (uint32_t)h->weight << 8) * 0x01000193u;
	for (unsigned i = 0; i < sizeof(h->gateway.bytes); i++)
		hash = (hash ^ h->gateway.bytes[i]) * 0x01000193u;
	return hash;
}

static bool holds(const struct sl_hop_set *set, const struct sl_hop *hops, unsigned n)
{
	if (set->n != n)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (!sl_hop_equal(&set->hops[i], &hops[i]))
			return false;
	return true;
}

uint32_t sl_hop_sets_get(struct sl_hop_sets *s, const struct sl_hop *hops, unsigned n)
{
	uint32_t hash = 0x811c9dc5u, number, *bucket;
	struct sl_hop_set *set;

	for (unsigned i = 0; i < n; i++)
		hash = hash_hop(hash, &hops[i]);
	hash ^= hash >> 15;
	bucket = &s->buckets[hash & s->mask];
	for (number = *bucket; number; number = set->next) {
		set = sl_hop_sets_at(s, number);
		if (set->hash == hash && holds(set, hops, n)) {
			set->refs++;
			return number;
		}
	}
	number = sl_slots_take(&s->slots);
	if (number == 0)
		return 0;
	set = sl_hop_sets_at(s, number);
	*set = (struct sl_hop_set){.next = *bucket, .refs = 1, .hash = hash, .n = (uint8_t)n};
	memcpy(set->hops, hops, n * sizeof(*hops));
	*bucket = number;
	return number;
}

void sl_hop_sets_put(struct sl_hop_sets *s, uint32_t number)
{
	struct sl_hop_set *set = sl_hop_sets_at(s, number);
	uint32_t *link = &s->buckets[set->hash & s->mask];

	if (--set->refs > 0)
		return;
	while (*link != number)
		link = &sl_hop_sets_at(s, *link)->next;
	*link = set->next;
	sl_slots_give(&s->slots, number);
}

void sl_hop_sets_each(struct sl_hop_sets *s, void (*change)(struct sl_hop *hop, void *context),
		      void *context)
{
	for (uint32_t i = 1; i <= s->slots.high; i++)
		for (unsigned k = 0; k < sl_hop_sets_at(s, i)->n; k++)
			change(&sl_hop_sets_at(s, i)->hops[k], context);
}
