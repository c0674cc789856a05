// What messages do to the routes of a prefix.

#include "core/ip/rib_state.h"

#include <errno.h>

static bool has_hops(const struct sl_rib_route *r)
{
	return !r->nexthop && r->kind == SL_ROUTE_FORWARD;
}

static const struct sl_hop_set *set_of(const struct sl_rib *rib, const struct rib_route *route)
{
	return route->by_object || !route->target ? NULL
						  : sl_hop_sets_at(&rib->sets, route->target);
}

// How many of the route's hops r names, too.
static unsigned count_shared(const struct sl_rib *rib, const struct rib_route *route,
			     const struct sl_rib_route *r)
{
	const struct sl_hop_set *set = set_of(rib, route);
	unsigned n = 0;

	for (unsigned i = 0; set && has_hops(r) && i < set->n; i++)
		n += sl_hop_among(r->hops, r->n_hops, &set->hops[i]);
	return n;
}

// Whether the route leads where r does. The kernel tells hops in any order.
static bool leads_alike(const struct sl_rib *rib, const struct rib_route *route,
			const struct sl_rib_route *r)
{
	const struct sl_hop_set *set = set_of(rib, route);

	if (r->nexthop)
		return route->by_object &&
		       sl_nexthops_id(&rib->nexthops, route->target) == r->nexthop;
	if (!has_hops(r))
		return !route->by_object && route->kind == r->kind;
	return set && set->n == r->n_hops && count_shared(rib, route, r) == set->n;
}

enum sameness { OF_METRIC, SHARES_HOP, LEADS_ALIKE };

// The link to the first route of r's metric that is that much the same; NULL = none.
static uint32_t *find_route(const struct sl_rib *rib, struct rib_prefix *p,
			    const struct sl_rib_route *r, enum sameness same)
{
	for (uint32_t *link = &p->first; *link; link = &rib_route_at(rib, *link)->next) {
		const struct rib_route *route = rib_route_at(rib, *link);

		if (route->is_gone || route->metric != r->metric)
			continue;
		if (same == OF_METRIC || leads_alike(rib, route, r) ||
		    (same == SHARES_HOP && count_shared(rib, route, r) > 0))
			return link;
	}
	return NULL;
}

// Whether an event of this round has said what routes of the metric there are.
static bool is_final(const struct sl_rib *rib, const struct rib_prefix *p, uint32_t metric)
{
	for (uint32_t i = p->first; i; i = rib_route_at(rib, i)->next)
		if (rib_route_at(rib, i)->metric == metric &&
		    sl_heard_is_final(&rib_route_at(rib, i)->heard, &rib->sync))
			return true;
	return false;
}

// Let a route lead where r does. Returns 0 or -ENOSPC, the route then unchanged.
static int aim(struct sl_rib *rib, struct rib_route *route, const struct sl_rib_route *r)
{
	uint32_t target = 0;

	if (r->nexthop)
		target = sl_nexthops_get(&rib->nexthops, r->nexthop);
	else if (has_hops(r))
		target = sl_hop_sets_get(&rib->sets, r->hops, r->n_hops);
	if (!target && (r->nexthop || has_hops(r)))
		return -ENOSPC;
	if (route->by_object)
		sl_nexthops_put(&rib->nexthops, route->target);
	else if (route->target)
		sl_hop_sets_put(&rib->sets, route->target);
	route->target = target;
	route->by_object = r->nexthop != 0;
	route->kind = r->kind;
	return 0;
}

// Where a new route of r's metric goes.
static uint32_t *place_for(const struct sl_rib *rib, struct rib_prefix *p,
			   const struct sl_rib_route *r, bool last)
{
	uint32_t *link = &p->first;

	while (*link) {
		uint32_t metric = rib_route_at(rib, *link)->metric;

		if (metric > r->metric || (!last && metric == r->metric))
			break;
		link = &rib_route_at(rib, *link)->next;
	}
	return link;
}

static struct rib_route *insert(struct sl_rib *rib, uint32_t *link, uint32_t metric)
{
	uint32_t number = sl_slots_take(&rib->routes);
	struct rib_route *route = rib_route_at(rib, number);

	if (!number)
		return NULL;
	route->metric = metric;
	route->next = *link;
	*link = number;
	return route;
}

static int insert_aimed(struct sl_rib *rib, uint32_t *link, const struct sl_rib_route *r)
{
	struct rib_route *route = insert(rib, link, r->metric);
	int result = route ? aim(rib, route, r) : -ENOSPC;

	if (route && result < 0)
		sl_rib_unlink(rib, link);
	return result;
}

// Take the route that *link leads to away, by an event.
static void take_away(struct sl_rib *rib, uint32_t *link)
{
	struct rib_route *route = rib_route_at(rib, *link);

	if (!rib->sync.under_way) {
		sl_rib_unlink(rib, link);
		return;
	}
	route->is_gone = true;
	sl_heard_now(&route->heard, &rib->sync, true);
}

// Which of the routes there the message is about.
static enum sameness sought(const struct sl_rib_route *r, enum sl_rib_how how)
{
	if (how == SL_RIB_REPLACE)
		return OF_METRIC;
	return r->prefix.ip.family == 6 && how != SL_RIB_DUMPED ? SHARES_HOP : LEADS_ALIKE;
}

int sl_rib_add(struct sl_rib *rib, const struct sl_rib_route *r, enum sl_rib_how how)
{
	bool nowhere = has_hops(r) && r->n_hops == 0, by_event = how != SL_RIB_DUMPED;
	uint32_t number = nowhere ? sl_rib_find(rib, &r->prefix) : sl_rib_make(rib, &r->prefix);
	struct rib_prefix *p = rib_prefix_at(rib, number);
	uint32_t *link;
	int result = 0;

	if (!number)
		return nowhere ? 0 : -ENOSPC;
	sl_rib_news(rib, number); // also one that stays empty is looked at, and forgotten
	if (!by_event && is_final(rib, p, r->metric))
		return 0;
	link = find_route(rib, p, r, sought(r, how));
	if (nowhere) { // it has left for a device that is not ours
		if (link && how == SL_RIB_REPLACE)
			take_away(rib, link);
		return 0;
	}
	if (link) {
		result = aim(rib, rib_route_at(rib, *link), r);
	} else {
		link = place_for(rib, p, r, how != SL_RIB_FIRST || r->prefix.ip.family == 6);
		result = insert_aimed(rib, link, r);
	}
	if (result == 0)
		sl_heard_now(&rib_route_at(rib, *link)->heard, &rib->sync, by_event);
	return result;
}

// Of IPv6: next hops go, others of the route may stay.
static void take_hops_away(struct sl_rib *rib, uint32_t *link, const struct sl_rib_route *r)
{
	struct rib_route *route = rib_route_at(rib, *link);
	const struct sl_hop_set *set = set_of(rib, route);
	struct sl_rib_route rest = {.kind = SL_ROUTE_FORWARD};

	for (unsigned i = 0; i < set->n; i++)
		if (!sl_hop_among(r->hops, r->n_hops, &set->hops[i]))
			rest.hops[rest.n_hops++] = set->hops[i];
	if (rest.n_hops == 0 || aim(rib, route, &rest) < 0)
		take_away(rib, link);
	else
		sl_heard_now(&route->heard, &rib->sync, true);
}

// Remember, until the round ends, that there is no such route: a dump may yet tell of it.
static void remember_gone(struct sl_rib *rib, struct rib_prefix *p, const struct sl_rib_route *r)
{
	struct rib_route *route = insert(rib, place_for(rib, p, r, true), r->metric);

	if (!route)
		return;
	route->is_gone = true;
	sl_heard_now(&route->heard, &rib->sync, true);
}

void sl_rib_remove(struct sl_rib *rib, const struct sl_rib_route *r)
{
	bool nowhere = has_hops(r) && r->n_hops == 0;
	uint32_t number = rib->sync.under_way && !nowhere ? sl_rib_make(rib, &r->prefix)
							  : sl_rib_find(rib, &r->prefix);
	struct rib_prefix *p = rib_prefix_at(rib, number);
	uint32_t *link;

	if (!number || nowhere)
		return;
	sl_rib_news(rib, number);
	link = find_route(rib, p, r, LEADS_ALIKE);
	if (link) {
		take_away(rib, link);
		return;
	}
	link = find_route(rib, p, r, SHARES_HOP);
	if (link && r->prefix.ip.family == 6)
		take_hops_away(rib, link, r);
	else if (link) // some of its hops were unused when we heard of it
		take_away(rib, link);
	else if (rib->sync.under_way)
		remember_gone(rib, p, r);
}
