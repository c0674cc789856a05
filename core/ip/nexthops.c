#include "core/ip/nexthops.h"

#include <errno.h>
#include <string.h>

enum state {
	UNKNOWN, // a route names it, the kernel has not yet
	ALIVE,
	REMOVED, // found by its number until the round ends, so that no dump brings it back
	DEAD,    // not found any more; routes of old hold it
};

struct object {
	uint32_t next; // in its bucket, but for the dead
	uint32_t refs;
	enum state state;
	struct sl_heard heard;
	struct sl_nexthop is;
};

static struct object *at(const struct sl_nexthops *t, uint32_t place)
{
	return sl_slots_at(&t->slots, place);
}

bool sl_nexthops_init(struct sl_nexthops *t, uint32_t max)
{
	t->mask = max - 1;
	t->buckets = sl_reserve(max * sizeof(*t->buckets));
	return sl_slots_init(&t->slots, max, sizeof(struct object)) && t->buckets;
}

void sl_nexthops_fini(struct sl_nexthops *t)
{
	sl_reserve_free(t->buckets, ((size_t)t->mask + 1) * sizeof(*t->buckets));
	t->buckets = NULL;
	sl_slots_fini(&t->slots);
}

static uint32_t *bucket_of(const struct sl_nexthops *t, uint32_t id)
{
	return &t->buckets[(id * 0x9e3779b1u >> 8) & t->mask];
}

static uint32_t find(const struct sl_nexthops *t, uint32_t id)
{
	uint32_t place = *bucket_of(t, id);

	while (place && at(t, place)->is.id != id)
		place = at(t, place)->next;
	return place;
}

static uint32_t make(struct sl_nexthops *t, uint32_t id)
{
	uint32_t place = sl_slots_take(&t->slots), *bucket = bucket_of(t, id);

	if (place) {
		at(t, place)->is.id = id;
		at(t, place)->next = *bucket;
		*bucket = place;
	}
	return place;
}

// Let its number be another's.
static void bury(struct sl_nexthops *t, uint32_t place)
{
	uint32_t *link = bucket_of(t, at(t, place)->is.id);

	while (*link != place)
		link = &at(t, *link)->next;
	*link = at(t, place)->next;
	at(t, place)->state = DEAD;
	if (at(t, place)->refs == 0)
		sl_slots_give(&t->slots, place);
}

static bool equal(const struct sl_nexthop *a, const struct sl_nexthop *b)
{
	if (a->kind != b->kind || a->n_members != b->n_members ||
	    a->is_elsewhere != b->is_elsewhere || !sl_hop_equal(&a->hop, &b->hop))
		return false;
	for (unsigned i = 0; i < a->n_members; i++)
		if (a->members[i].id != b->members[i].id ||
		    a->members[i].weight != b->members[i].weight)
			return false;
	return true;
}

int sl_nexthops_add(struct sl_nexthops *t, const struct sl_nexthop *n, const struct sl_sync *s,
		    bool by_event)
{
	uint32_t place = find(t, n->id);
	bool known;

	if (place && !by_event && sl_heard_is_final(&at(t, place)->heard, s))
		return 0;
	if (place && at(t, place)->state == REMOVED) {
		bury(t, place);
		place = 0;
	}
	known = place && !(at(t, place)->state == ALIVE && equal(&at(t, place)->is, n));
	if (!place)
		place = make(t, n->id);
	if (!place)
		return -ENOSPC;
	at(t, place)->is = *n;
	at(t, place)->state = ALIVE;
	sl_heard_now(&at(t, place)->heard, s, by_event);
	return known;
}

void sl_nexthops_remove(struct sl_nexthops *t, uint32_t id, const struct sl_sync *s)
{
	uint32_t place = find(t, id);

	if (!place && s->under_way)
		place = make(t, id);
	if (!place)
		return;
	at(t, place)->state = REMOVED;
	sl_heard_now(&at(t, place)->heard, s, true);
	if (!s->under_way)
		bury(t, place);
}

void sl_nexthops_sweep(struct sl_nexthops *t, const struct sl_sync *s)
{
	for (uint32_t i = 1; i <= t->slots.high; i++) {
		const struct object *o = at(t, i);

		if (o->state == REMOVED || (o->state == ALIVE && o->heard.round != s->round))
			bury(t, i);
	}
}

uint32_t sl_nexthops_get(struct sl_nexthops *t, uint32_t id)
{
	uint32_t place = find(t, id);

	if (!place)
		place = make(t, id);
	if (place)
		at(t, place)->refs++;
	return place;
}

void sl_nexthops_put(struct sl_nexthops *t, uint32_t place)
{
	struct object *o = at(t, place);

	if (--o->refs > 0)
		return;
	if (o->state == DEAD)
		sl_slots_give(&t->slots, place);
	else if (o->state == UNKNOWN)
		bury(t, place);
}

uint32_t sl_nexthops_id(const struct sl_nexthops *t, uint32_t place)
{
	return at(t, place)->is.id;
}

static unsigned resolve_group(const struct sl_nexthops *t, const struct sl_nexthop *group,
			      uint8_t *kind, struct sl_hop *hops)
{
	unsigned n = 0;

	for (unsigned i = 0; i < group->n_members; i++) {
		uint32_t place = find(t, group->members[i].id);
		const struct object *o = at(t, place);

		if (!place || o->state != ALIVE || o->is.n_members || o->is.is_elsewhere)
			continue;
		if (o->is.kind != SL_ROUTE_FORWARD) { // such a member is the only one
			*kind = o->is.kind;
			return 0;
		}
		hops[n] = o->is.hop;
		hops[n++].weight = group->members[i].weight;
	}
	return n;
}

unsigned sl_nexthops_resolve(const struct sl_nexthops *t, uint32_t place, uint8_t *kind,
			     struct sl_hop *hops)
{
	const struct object *o = at(t, place);

	*kind = SL_ROUTE_FORWARD;
	if (o->state != ALIVE)
		return 0;
	if (o->is.n_members)
		return resolve_group(t, &o->is, kind, hops);
	*kind = o->is.kind;
	if (o->is.kind != SL_ROUTE_FORWARD || o->is.is_elsewhere)
		return 0;
	hops[0] = o->is.hop;
	return 1;
}

void sl_nexthops_each(struct sl_nexthops *t, void (*change)(struct sl_hop *hop, void *context),
		      void *context)
{
	for (uint32_t i = 1; i <= t->slots.high; i++)
		if (at(t, i)->is.id)
			change(&at(t, i)->is.hop, context);
}
