// The routes are in a table with linear probing, found by prefix; the trie has, for each prefix,
// the target that decides. A removed route needs the next shorter one: that is looked for in the
// table, length by length, where there are routes of that length at all.

#include "core/ip/fib.h"

#include "core/ip/trie.h"
#include "core/pages.h"

#include <errno.h>
#include <stdlib.h>

enum {
	LENGTHS = 128 + 1,
	TARGETS_MAX = 65535,
	LINES4 = 4,  // of the trie, for each route
	LINES6 = 20, // and of IPv6
	LINES_LEAST = 16384,
	REMOVAL = 64,      // places that could be looked at meanwhile
	LARGE = 200000,    // routes from which on tables are there from the start
	WORK_ROUTE = 1000, // of finding a route and its target, in entries of the trie
};

struct route {
	uint8_t key[16];
	uint8_t len;
	bool used;
	uint16_t ids[SL_FIB_ORIGINS]; // targets; 0 = none
};
_Static_assert(sizeof(struct route) == 26, "route in the table");

struct sl_fib {
	struct sl_trie *trie;
	struct sl_hops *hops;
	struct route *routes;
	size_t slots; // a power of two
	uint32_t n_routes, max_routes;
	uint32_t per_length[LENGTHS];
	uint32_t per_origin[SL_FIB_ORIGINS];
	uint64_t work;
	uint8_t family;
};

static size_t slots_for(uint32_t routes)
{
	size_t slots = 64;

	while (slots < (size_t)routes + routes / 2)
		slots *= 2;
	return slots;
}

// An IPv4 route needs four lines at most: a chunk of one has up to 11 runs, as of five prefixes,
// and one in full takes 16 until four prefixes are left in it. One of IPv6 may need 22, most of
// which it shares with its neighbours.
static uint32_t lines_for(uint8_t family, uint32_t routes)
{
	uint64_t lines = LINES_LEAST + (uint64_t)routes * (family == 4 ? LINES4 : LINES6);

	return (uint32_t)RTE_MIN(lines, (uint64_t)SL_TRIE_LINES_MAX);
}

int sl_fib_create(struct sl_fib **out, uint8_t family, const struct sl_fib_limits *limits,
		  struct sl_error *err)
{
	uint32_t lines = limits->lines ? limits->lines : lines_for(family, limits->routes);
	uint32_t ready = limits->routes >= LARGE ? limits->routes : 0;
	struct sl_fib *f = calloc(1, sizeof(*f));
	size_t bytes;

	if (!f)
		return sl_error_set(err, -ENOMEM, "out of memory");
	f->family = family;
	f->max_routes = limits->routes;
	f->slots = slots_for(limits->routes);
	bytes = f->slots * sizeof(*f->routes);
	f->routes = ready ? sl_pages_map_large(bytes, bytes) : sl_pages_map(bytes);
	f->hops = sl_hops_create(limits->targets ? limits->targets : TARGETS_MAX);
	f->trie = sl_trie_create((unsigned)sl_ip_len(family), lines, ready);
	if (!f->routes || !f->hops || !f->trie) {
		sl_fib_destroy(f);
		return sl_error_set(err, -ENOMEM, "no memory for %u routes", limits->routes);
	}
	*out = f;
	return 0;
}

void sl_fib_destroy(struct sl_fib *f)
{
	if (!f)
		return;
	sl_trie_destroy(f->trie);
	sl_hops_destroy(f->hops);
	sl_pages_unmap(f->routes, f->slots * sizeof(*f->routes));
	free(f);
}

// ---- the table of routes

static uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u; // Degski's 64-bit mixer
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	return x ^ x >> 32;
}

static size_t home(const struct sl_fib *f, const uint8_t *key, unsigned len)
{
	uint64_t upper = load_be64(key), lower = load_be64(key + 8);

	return mix(mix(upper ^ (uint64_t)len << 56) + lower) & (f->slots - 1);
}

static size_t slot_after(const struct sl_fib *f, size_t slot)
{
	return (slot + 1) & (f->slots - 1);
}

// Where the route of a prefix is, or would be.
static size_t find(const struct sl_fib *f, const uint8_t *key, unsigned len)
{
	size_t slot = home(f, key, len);

	for (; f->routes[slot].used; slot = slot_after(f, slot)) {
		const struct route *r = &f->routes[slot];

		if (r->len == len && memcmp(r->key, key, sizeof(r->key)) == 0)
			break;
	}
	return slot;
}

// Take a route out and close the gap: move those back that only stand behind it because it was
// full.
static void erase(struct sl_fib *f, size_t gap)
{
	size_t slot = slot_after(f, gap), mask = f->slots - 1;

	f->per_length[f->routes[gap].len]--;
	f->n_routes--;
	for (; f->routes[slot].used; slot = slot_after(f, slot)) {
		const struct route *r = &f->routes[slot];

		if (((slot - home(f, r->key, r->len)) & mask) < ((slot - gap) & mask))
			continue;
		f->routes[gap] = *r;
		gap = slot;
	}
	f->routes[gap] = (struct route){0};
}

// The target that decides; 0 = none.
static uint16_t deciding(const struct route *r)
{
	for (unsigned i = 0; i < SL_FIB_ORIGINS; i++)
		if (r->ids[i])
			return r->ids[i];
	return 0;
}

// The longest prefix that covers r and is shorter, and *len, or 0.
static uint16_t below(const struct sl_fib *f, const struct route *r, unsigned *len)
{
	struct sl_prefix p = {.ip.family = f->family, .len = r->len};

	memcpy(p.ip.bytes, r->key, sizeof(r->key));
	while (p.len > 0) {
		const struct route *shorter;

		if (f->per_length[--p.len] == 0)
			continue;
		p = sl_prefix_masked(&p);
		shorter = &f->routes[find(f, p.ip.bytes, p.len)];
		if (shorter->used) {
			*len = p.len;
			return deciding(shorter);
		}
	}
	*len = 0;
	return 0;
}

// ---- changes

static int add_route(struct sl_fib *f, size_t slot, const struct sl_prefix *p, uint16_t id,
		     struct sl_error *err)
{
	struct route *r = &f->routes[slot];

	if (f->n_routes == f->max_routes)
		return sl_error_set(err, -ENOSPC, "there is no room for more than %u routes",
				    f->max_routes);
	if (sl_trie_add(f->trie, p->ip.bytes, p->len, id) < 0)
		return sl_error_set(err, -ENOSPC, "the routes are spread over too many parts: %u",
				    sl_trie_lines(f->trie));
	*r = (struct route){.len = p->len, .used = true};
	memcpy(r->key, p->ip.bytes, sizeof(r->key));
	f->per_length[p->len]++;
	f->n_routes++;
	return 0;
}

int sl_fib_set(struct sl_fib *f, enum sl_fib_origin origin, const struct sl_route *route,
	       struct sl_error *err)
{
	struct sl_prefix p = sl_prefix_masked(&route->prefix);
	size_t slot;
	struct route *r;
	uint16_t before;
	int id, rc;

	if (p.ip.family != f->family)
		return sl_error_set(err, -EINVAL, "the route is of another family");
	f->work += WORK_ROUTE;
	id = sl_hops_take(f->hops, route);
	if (id < 0)
		return sl_error_set(err, -ENOSPC, "there are too many different next hops: %u",
				    sl_hops_count(f->hops));
	slot = find(f, p.ip.bytes, p.len);
	r = &f->routes[slot];
	if (!r->used) {
		rc = add_route(f, slot, &p, (uint16_t)id, err);
		if (rc < 0) {
			sl_hops_give(f->hops, (uint32_t)id);
			return rc;
		}
		r->ids[origin] = (uint16_t)id;
		f->per_origin[origin]++;
		return 0;
	}
	before = deciding(r);
	f->per_origin[origin] += r->ids[origin] == 0;
	sl_hops_give(f->hops, r->ids[origin]);
	r->ids[origin] = (uint16_t)id;
	if (deciding(r) != before)
		sl_trie_replace(f->trie, p.ip.bytes, p.len, deciding(r));
	return 0;
}

static void remove_at(struct sl_fib *f, enum sl_fib_origin origin, size_t slot)
{
	struct route *r = &f->routes[slot];
	uint16_t before = deciding(r), id;
	unsigned len;

	f->work += WORK_ROUTE;
	f->per_origin[origin]--;
	sl_hops_give(f->hops, r->ids[origin]);
	r->ids[origin] = 0;
	id = deciding(r);
	if (id == before)
		return;
	if (id) {
		sl_trie_replace(f->trie, r->key, r->len, id);
		return;
	}
	id = below(f, r, &len);
	sl_trie_remove(f->trie, r->key, r->len, id, len);
	erase(f, slot);
}

int sl_fib_remove(struct sl_fib *f, enum sl_fib_origin origin, const struct sl_prefix *prefix)
{
	struct sl_prefix p = sl_prefix_masked(prefix);
	size_t slot = find(f, p.ip.bytes, p.len);
	const struct route *r = &f->routes[slot];

	if (p.ip.family != f->family || !r->used || !r->ids[origin])
		return -ENOENT;
	remove_at(f, origin, slot);
	return 0;
}

// A removed route may move others into its place, or, over the end of the table, from its beginning
// to its end: so a place is left when no route of the origin is there, and the end is reached when
// none is left.
bool sl_fib_flush(struct sl_fib *f, enum sl_fib_origin origin, size_t *at, size_t most)
{
	for (size_t spent = 0; f->per_origin[origin] > 0 && spent < most;) {
		if (f->routes[*at].ids[origin]) {
			remove_at(f, origin, *at);
			spent += REMOVAL;
		} else {
			*at = slot_after(f, *at);
			spent++;
		}
	}
	return f->per_origin[origin] == 0;
}

static struct sl_route route_of(const struct route *r, uint8_t family, const struct sl_target *t)
{
	struct sl_route route = {.prefix = {.ip.family = family, .len = r->len},
				 .kind = t->kind,
				 .n_hops = t->n_hops};

	memcpy(route.prefix.ip.bytes, r->key, sizeof(r->key));
	for (unsigned i = 0; i < t->n_hops; i++) {
		const struct sl_hop *from = &t->hops[i];
		struct sl_route_hop *to = &route.hops[i];

		to->gateway.family = from->on_link ? 0 : family;
		memcpy(to->gateway.bytes, from->gateway, sizeof(from->gateway));
		to->iface = from->iface;
		to->weight = from->weight;
	}
	return route;
}

uint32_t sl_fib_copy(struct sl_fib *to, const struct sl_fib *from, enum sl_fib_origin origin)
{
	uint32_t left = from->per_origin[origin], refused = 0;

	for (size_t slot = 0; slot < from->slots && left > 0; slot++) {
		const struct route *r = &from->routes[slot];
		struct sl_route route;

		if (!r->ids[origin])
			continue;
		route = route_of(r, from->family, &sl_hops_targets(from->hops)[r->ids[origin]]);
		refused += sl_fib_set(to, origin, &route, NULL) < 0;
		left--;
	}
	return refused;
}

void sl_fib_renumber(struct sl_fib *f, const uint16_t *map, unsigned n)
{
	sl_hops_renumber(f->hops, map, n);
}

// ---- reading

void sl_fib_lookup(const struct sl_fib *f, const uint8_t *addresses, uint32_t *ids, unsigned n)
{
	sl_trie_lookup(f->trie, addresses, ids, n);
}

const struct sl_target *sl_fib_targets(const struct sl_fib *f)
{
	return sl_hops_targets(f->hops);
}

const struct sl_target *sl_fib_find(const struct sl_fib *f, enum sl_fib_origin origin,
				    const struct sl_prefix *prefix)
{
	struct sl_prefix p = sl_prefix_masked(prefix);
	const struct route *r = &f->routes[find(f, p.ip.bytes, p.len)];

	if (p.ip.family != f->family || !r->used || !r->ids[origin])
		return NULL;
	return &sl_hops_targets(f->hops)[r->ids[origin]];
}

uint32_t sl_fib_routes(const struct sl_fib *f)
{
	return f->n_routes;
}

uint32_t sl_fib_count(const struct sl_fib *f, enum sl_fib_origin origin)
{
	return f->per_origin[origin];
}

uint32_t sl_fib_targets_used(const struct sl_fib *f)
{
	return sl_hops_count(f->hops);
}

uint64_t sl_fib_work(const struct sl_fib *f)
{
	return f->work + sl_trie_work(f->trie);
}
