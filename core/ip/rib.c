#include "core/ip/rib.h"

#include "core/ip/rib_state.h"

#include <stdlib.h>
#include <sys/random.h>

struct sl_rib *sl_rib_create(const struct sl_rib_limits *limits)
{
	struct sl_rib *rib = calloc(1, sizeof(*rib));
	bool ok;

	if (!rib)
		return NULL;
	rib->mask = limits->routes - 1;
	rib->room = UINT32_MAX;
	rib->buckets = sl_reserve(limits->routes * sizeof(*rib->buckets));
	ok = rib->buckets != NULL;
	ok &= sl_slots_init(&rib->prefixes, limits->routes, sizeof(struct rib_prefix));
	ok &= sl_slots_init(&rib->routes, limits->routes, sizeof(struct rib_route));
	ok &= sl_hop_sets_init(&rib->sets, limits->sets);
	ok &= sl_nexthops_init(&rib->nexthops, limits->nexthops);
	// Peers choose the prefixes: they are not to choose the buckets.
	ok &= getrandom(&rib->seed, sizeof(rib->seed), 0) == sizeof(rib->seed);
	if (!ok) {
		sl_rib_destroy(rib);
		return NULL;
	}
	return rib;
}

void sl_rib_destroy(struct sl_rib *rib)
{
	if (!rib)
		return;
	sl_nexthops_fini(&rib->nexthops);
	sl_hop_sets_fini(&rib->sets);
	sl_slots_fini(&rib->routes);
	sl_slots_fini(&rib->prefixes);
	sl_reserve_free(rib->buckets, ((size_t)rib->mask + 1) * sizeof(*rib->buckets));
	free(rib);
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9fb21c651e98df25u;
	return hash ^ hash >> 35;
}

// len is a multiple of 8 or the rest is taken byte by byte.
static uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t hash = seed ^ len, word;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		hash = mix(hash, word);
	}
	for (; len > 0; p++, len--)
		hash = mix(hash, *p);
	return mix(hash, seed);
}

static uint32_t *bucket_of(const struct sl_rib *rib, const struct sl_prefix *p)
{
	return &rib->buckets[hash_bytes(rib->seed, p, sizeof(*p)) & rib->mask];
}

uint32_t sl_rib_find(const struct sl_rib *rib, const struct sl_prefix *p)
{
	uint32_t number = *bucket_of(rib, p);

	while (number && memcmp(&rib_prefix_at(rib, number)->is, p, sizeof(*p)) != 0)
		number = rib_prefix_at(rib, number)->next;
	return number;
}

uint32_t sl_rib_make(struct sl_rib *rib, const struct sl_prefix *p)
{
	uint32_t number = sl_rib_find(rib, p), *bucket = bucket_of(rib, p);
	uint32_t high = rib->prefixes.high;

	if (number)
		return number;
	number = sl_slots_take(&rib->prefixes);
	if (number) {
		rib_prefix_at(rib, number)->is = *p;
		rib_prefix_at(rib, number)->next = *bucket;
		*bucket = number;
		if (rib->left) // the walk under way will pass it, too
			rib->left += rib->prefixes.high - high;
	}
	return number;
}

static void forget(struct sl_rib *rib, uint32_t number)
{
	uint32_t *link = bucket_of(rib, &rib_prefix_at(rib, number)->is);

	while (*link != number)
		link = &rib_prefix_at(rib, *link)->next;
	*link = rib_prefix_at(rib, number)->next;
	sl_slots_give(&rib->prefixes, number);
}

void sl_rib_news(struct sl_rib *rib, uint32_t number)
{
	struct rib_prefix *p = rib_prefix_at(rib, number);
	struct rib_news *news = &rib->news[p->is.ip.family == 6];

	if (p->next_news)
		return;
	p->next_news = RIB_NEWS_END;
	if (news->last)
		rib_prefix_at(rib, news->last)->next_news = number;
	else
		news->first = number;
	news->last = number;
}

static uint32_t take_news(struct sl_rib *rib, struct rib_news *news)
{
	uint32_t number = news->first;
	struct rib_prefix *p = rib_prefix_at(rib, number);

	news->first = p->next_news == RIB_NEWS_END ? 0 : p->next_news;
	if (!news->first)
		news->last = 0;
	p->next_news = 0;
	return number;
}

// ---- what counts

// Copy those of n hops that lead somewhere now. Returns how many are left; *beyond is set where
// one would, if the router could do it.
static unsigned living(const struct sl_rib *rib, uint8_t family, struct sl_hop *hops, unsigned n,
		       bool *beyond)
{
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct sl_hop *h = &hops[i];

		if (h->iface >= SL_IFACES_MAX || h->life != rib->life[h->iface])
			continue;
		if (h->unusable || (h->gateway.family && h->gateway.family != family))
			*beyond = true;
		else
			hops[left++] = *h;
	}
	return left;
}

// Whether the route leads anywhere, or refuses; then where, in *r.
static bool resolve(const struct sl_rib *rib, uint8_t family, const struct rib_route *route,
		    struct sl_route *r)
{
	struct sl_hop hops[SL_ROUTE_HOPS_MAX];
	bool beyond = false;
	unsigned n = 0;

	r->kind = route->kind;
	if (route->by_object) {
		n = sl_nexthops_resolve(&rib->nexthops, route->target, &r->kind, hops);
	} else if (route->target) {
		const struct sl_hop_set *set = sl_hop_sets_at(&rib->sets, route->target);

		n = set->n;
		memcpy(hops, set->hops, n * sizeof(*hops));
	}
	if (r->kind != SL_ROUTE_FORWARD)
		return true;
	n = living(rib, family, hops, n, &beyond);
	for (unsigned i = 0; i < n; i++) { // field by field: the padding stays as it is
		r->hops[i].gateway = hops[i].gateway;
		r->hops[i].iface = hops[i].iface;
		r->hops[i].weight = hops[i].weight;
	}
	r->n_hops = (uint8_t)n;
	if (n == 0 && beyond)
		r->kind = SL_ROUTE_UNREACHABLE; // better than by a route that is not meant
	return n > 0 || beyond;
}

// The best route of a prefix into *c. Returns false where none leads anywhere.
static bool best(const struct sl_rib *rib, const struct rib_prefix *p, struct sl_control *c)
{
	memset(c, 0, sizeof(*c)); // its padding is hashed, too
	c->kind = SL_CONTROL_ROUTE;
	c->route.prefix = p->is;
	for (uint32_t i = p->first; i; i = rib_route_at(rib, i)->next) {
		const struct rib_route *route = rib_route_at(rib, i);

		if (!route->is_gone && resolve(rib, p->is.ip.family, route, &c->route))
			return true;
	}
	c->remove = true;
	return false;
}

static uint64_t hash_record(const struct sl_control *c)
{
	size_t len = offsetof(struct sl_control, route.hops) +
		     c->route.n_hops * sizeof(c->route.hops[0]);
	uint64_t hash = hash_bytes(0, c, len);

	return hash < RIB_TOLD_HASHES ? RIB_TOLD_HASHES : hash;
}

static bool is_told(uint64_t told)
{
	return told > RIB_WITHHELD;
}

// Whether a prefix is news, as *c then says.
static bool is_news(struct sl_rib *rib, struct rib_prefix *p, struct sl_control *c)
{
	const unsigned family = p->is.ip.family == 6;
	const uint32_t others = rib->told[family] - is_told(p->told);
	const uint64_t before = p->told;

	p->told = best(rib, p, c) ? hash_record(c) : RIB_TOLD_NOTHING;
	if (is_told(p->told) && others >= rib->room) {
		p->told = RIB_WITHHELD;
		c->remove = true;
		c->route.n_hops = 0;
	}
	rib->told[family] = others + is_told(p->told);
	rib->withheld[family] += p->told == RIB_WITHHELD;
	rib->withheld[family] -= before == RIB_WITHHELD;
	return p->told != before && (is_told(p->told) || is_told(before));
}

bool sl_rib_tell(struct sl_rib *rib, uint8_t family, unsigned *budget, struct sl_control *record)
{
	struct rib_news *news = &rib->news[family == 6];

	while (news->first && *budget > 0) {
		uint32_t number = take_news(rib, news);
		struct rib_prefix *p = rib_prefix_at(rib, number);
		bool tells = is_news(rib, p, record);

		--*budget;
		if (!p->first && p->told == RIB_TOLD_NOTHING)
			forget(rib, number);
		if (tells)
			return true;
	}
	return false;
}

bool sl_rib_has_news(const struct sl_rib *rib, uint8_t family)
{
	return rib->news[family == 6].first != 0;
}

// ---- the walk

// Look at all prefixes again, from here.
static void start_walk(struct sl_rib *rib)
{
	rib->left = rib->prefixes.high;
}

void sl_rib_unlink(struct sl_rib *rib, uint32_t *link)
{
	uint32_t number = *link;
	struct rib_route *r = rib_route_at(rib, number);

	*link = r->next;
	if (r->by_object)
		sl_nexthops_put(&rib->nexthops, r->target);
	else if (r->target)
		sl_hop_sets_put(&rib->sets, r->target);
	sl_slots_give(&rib->routes, number);
}

static void sweep(struct sl_rib *rib, struct rib_prefix *p)
{
	uint32_t *link = &p->first;

	while (*link) {
		const struct rib_route *r = rib_route_at(rib, *link);

		if (r->is_gone || r->heard.round != rib->sync.round)
			sl_rib_unlink(rib, link);
		else
			link = &rib_route_at(rib, *link)->next;
	}
}

static void visit(struct sl_rib *rib, uint32_t number)
{
	struct rib_prefix *p = rib_prefix_at(rib, number);

	if (!p->is.ip.family)
		return;
	if (rib->sweeps)
		sweep(rib, p);
	if (rib->retells && is_told(p->told))
		p->told = RIB_TOLD_SOMETHING;
	sl_rib_news(rib, number);
}

bool sl_rib_walk(struct sl_rib *rib, unsigned n)
{
	for (; rib->left && n; rib->left--, n--) {
		rib->cursor = rib->cursor < rib->prefixes.high ? rib->cursor + 1 : 1;
		visit(rib, rib->cursor);
	}
	if (!rib->left)
		rib->sweeps = rib->retells = false;
	return rib->left > 0;
}

void sl_rib_set_room(struct sl_rib *rib, uint32_t prefixes)
{
	rib->room = prefixes;
}

void sl_rib_refill(struct sl_rib *rib)
{
	for (unsigned family = 0; family < 2; family++)
		if (rib->withheld[family] > 0 && rib->told[family] < rib->room)
			start_walk(rib);
}

void sl_rib_retell(struct sl_rib *rib)
{
	rib->retells = true;
	start_walk(rib);
}

void sl_rib_begin(struct sl_rib *rib)
{
	rib->sync.round++;
	rib->sync.under_way = true;
	rib->sweeps = false;
}

void sl_rib_end(struct sl_rib *rib)
{
	sl_nexthops_sweep(&rib->nexthops, &rib->sync);
	rib->sync.under_way = false;
	rib->sweeps = true;
	start_walk(rib);
}

// ---- interfaces and objects

void sl_rib_down(struct sl_rib *rib, uint16_t iface)
{
	rib->life[iface]++;
	start_walk(rib);
}

uint32_t sl_rib_life(const struct sl_rib *rib, uint16_t iface)
{
	return rib->life[iface];
}

static void renumber_hop(struct sl_hop *hop, void *context)
{
	const uint16_t *to = context;

	if (hop->iface < SL_IFACES_MAX)
		hop->iface = to[hop->iface];
}

void sl_rib_renumber(struct sl_rib *rib, const uint16_t *to)
{
	uint32_t life[SL_IFACES_MAX];
	uint16_t copy[SL_IFACES_MAX];

	memcpy(copy, to, sizeof(copy));
	memcpy(life, rib->life, sizeof(life));
	for (unsigned i = 0; i < SL_IFACES_MAX; i++)
		rib->life[i] = life[i] + 1;
	for (unsigned i = 0; i < SL_IFACES_MAX; i++)
		if (to[i] < SL_IFACES_MAX)
			rib->life[to[i]] = life[i];
	sl_nexthops_each(&rib->nexthops, renumber_hop, copy);
	sl_hop_sets_each(&rib->sets, renumber_hop, copy);
	start_walk(rib);
}

int sl_rib_add_nexthop(struct sl_rib *rib, const struct sl_nexthop *n, bool by_event)
{
	int r = sl_nexthops_add(&rib->nexthops, n, &rib->sync, by_event);

	if (r > 0)
		start_walk(rib);
	return r < 0 ? r : 0;
}

void sl_rib_remove_nexthop(struct sl_rib *rib, uint32_t id)
{
	sl_nexthops_remove(&rib->nexthops, id, &rib->sync);
	start_walk(rib);
}

const struct sl_sync *sl_rib_sync(const struct sl_rib *rib)
{
	return &rib->sync;
}

uint32_t sl_rib_count_told(const struct sl_rib *rib)
{
	return rib->told[0] + rib->told[1];
}

uint32_t sl_rib_count_withheld(const struct sl_rib *rib)
{
	return rib->withheld[0] + rib->withheld[1];
}

uint32_t sl_rib_count_routes(const struct sl_rib *rib)
{
	return rib->routes.used;
}
