// The file's routes take precedence over the kernel's, and so does their room: the FIB has places
// for FILE_ROUTES of them beside those that the kernel may fill.

#include "apps/ip_routes.h"

#include <errno.h>
#include <stdlib.h>

enum {
	FILE_ROUTES = 65536,
	PER_ADDRESS = 3,     // routes that an address may bring
	BUILT_IN = 2,        // the most that a family has
	FLUSH_PLACES = 8192, // looked at in a portion
};

// ---- the routes that follow from the file

static void add(struct sl_ip_routes *r, enum sl_fib_origin origin, const struct sl_route *route)
{
	r->file[r->n_file++] = (struct sl_file_route){origin, *route};
}

static void add_kind(struct sl_ip_routes *r, const struct sl_prefix *p, uint8_t kind)
{
	struct sl_route route = {.prefix = sl_prefix_masked(p), .kind = kind};

	add(r, SL_FIB_ADDRESS, &route);
}

// What is never forwarded.
static void add_built_in(struct sl_ip_routes *r)
{
	static const struct sl_prefix multicast4 = {.ip = {4, {224}}, .len = 4};
	static const struct sl_prefix broadcast = {.ip = {4, {255, 255, 255, 255}}, .len = 32};
	static const struct sl_prefix multicast6 = {.ip = {6, {0xff}}, .len = 8};
	static const struct sl_prefix link_local = {.ip = {6, {0xfe, 0x80}}, .len = 10};

	if (r->family == 4) {
		add_kind(r, &multicast4, SL_TARGET_MULTICAST);
		add_kind(r, &broadcast, SL_TARGET_BROADCAST);
	} else {
		add_kind(r, &multicast6, SL_TARGET_MULTICAST);
		add_kind(r, &link_local, SL_TARGET_LINK_LOCAL);
	}
}

static struct sl_prefix host(const struct sl_prefix *address)
{
	return (struct sl_prefix){address->ip, (uint8_t)sl_ip_bits(address->ip.family)};
}

// What else than the address leads to the router: of IPv4 the network's directed broadcast, of IPv6
// its subnet-router anycast address. Returns false where there is none (RFC 3021, RFC 6164).
static bool also_local(const struct sl_prefix *address, struct sl_prefix *also)
{
	if (address->len > sl_ip_bits(address->ip.family) - 2)
		return false;
	*also = sl_prefix_masked(address);
	also->len = (uint8_t)sl_ip_bits(address->ip.family);
	if (address->ip.family == 4)
		store_be32(also->ip.bytes, load_be32(also->ip.bytes) | 0xffffffff >> address->len);
	return true;
}

static void suspect(struct sl_ip_routes *r, const struct sl_ip *ip)
{
	r->suspects[sl_ip_routes_digest(ip->family, ip->bytes)] = true;
}

static void add_own(struct sl_ip_routes *r, const struct sl_prefix *p, uint8_t kind)
{
	suspect(r, &p->ip);
	add_kind(r, p, kind);
}

static void add_address(struct sl_ip_routes *r, uint16_t iface, const struct sl_prefix *address)
{
	struct sl_route net = {.prefix = sl_prefix_masked(address), .n_hops = 1};
	struct sl_prefix p = host(address);

	if (sl_ip_is_link_local(&address->ip))
		return; // all of them are local
	net.hops[0] = (struct sl_route_hop){.iface = iface, .weight = 1};
	add_own(r, &p, SL_TARGET_LOCAL);
	if (address->len < p.len)
		add(r, SL_FIB_ADDRESS, &net);
	if (also_local(address, &p))
		add_own(r, &p, r->family == 4 ? SL_TARGET_BROADCAST : SL_TARGET_LOCAL);
}

// By what a route is found with: its prefix and origin.
static int compare_places(const struct sl_file_route *a, const struct sl_file_route *b)
{
	int d = memcmp(a->route.prefix.ip.bytes, b->route.prefix.ip.bytes, 16);

	if (d == 0)
		d = a->route.prefix.len - b->route.prefix.len;
	return d ? d : (int)a->origin - (int)b->origin;
}

// Of what several addresses bring for one place: first the router itself, then a broadcast, then
// the network on the first interface.
static int compare(const void *a, const void *b)
{
	const struct sl_file_route *x = a, *y = b;
	int d = compare_places(x, y);

	if (d == 0)
		d = y->route.kind - x->route.kind;
	return d ? d : x->route.hops[0].iface - y->route.hops[0].iface;
}

// Sort, and keep one of those that several addresses bring. The same route twice is an error.
static int sort(struct sl_ip_routes *r, struct sl_error *err)
{
	size_t kept = 0;

	qsort(r->file, r->n_file, sizeof(*r->file), compare);
	for (size_t i = 0; i < r->n_file; i++) {
		if (kept == 0 || compare_places(&r->file[i], &r->file[kept - 1]) != 0) {
			r->file[kept++] = r->file[i];
		} else if (r->file[i].origin == SL_FIB_STATIC) {
			char text[SL_IP_TEXT];

			return sl_error_set(err, -EINVAL, "routes: %s has two routes",
					    sl_prefix_print(&r->file[i].route.prefix, text));
		}
	}
	r->n_file = kept;
	return 0;
}

static int read_addresses(struct sl_ip_routes *r, const struct sl_strings *texts,
			  struct sl_error *err)
{
	const struct sl_iface_addresses *a = &r->own;
	int rc = sl_iface_addresses_read(&r->own, &r->interfaces, texts, err);

	for (unsigned i = 0; rc == 0 && i < a->n; i++)
		if (a->items[i].prefix.ip.family == r->family)
			add_address(r, a->items[i].iface, &a->items[i].prefix);
	return rc;
}

static int read_routes(struct sl_ip_routes *r, const struct sl_strings *texts, struct sl_error *err)
{
	for (size_t i = 0; i < texts->count; i++) {
		struct sl_route route;
		int rc = sl_route_parse(texts->items[i], r->family, &r->interfaces, &route, err);

		if (rc < 0)
			return sl_error_prefix(err, rc, "routes");
		add(r, SL_FIB_STATIC, &route);
	}
	return 0;
}

static int read_file(struct sl_ip_routes *r, const struct sl_ip_routes_config *c,
		     struct sl_error *err)
{
	size_t most = BUILT_IN + PER_ADDRESS * c->addresses.count + c->routes.count;
	int rc = sl_ifaces_check(&c->interfaces, err);

	if (rc < 0)
		return rc;
	if (most > FILE_ROUTES)
		return sl_error_set(err, -EINVAL, "more than %d routes and addresses in the file",
				    FILE_ROUTES);
	r->interfaces = c->interfaces;
	r->file = calloc(most, sizeof(*r->file));
	if (!r->file)
		return sl_error_set(err, -ENOMEM, "out of memory");
	add_built_in(r);
	rc = read_addresses(r, &c->addresses, err);
	if (rc == 0)
		rc = read_routes(r, &c->routes, err);
	return rc < 0 ? rc : sort(r, err);
}

// ---- the FIB

static int make_fib(struct sl_ip_routes *r, struct sl_error *err)
{
	struct sl_fib_limits limits = {.routes = r->max_routes + FILE_ROUTES};

	return sl_fib_create(&r->fib, r->family, &limits, err);
}

int sl_ip_routes_init(struct sl_ip_routes *r, const struct sl_ip_routes_config *c,
		      const struct sl_ip_routes *before, struct sl_error *err)
{
	int rc;

	r->max_routes = (uint32_t)c->max_routes;
	rc = read_file(r, c, err);
	if (rc < 0 || (before && before->max_routes == r->max_routes))
		return rc;
	rc = make_fib(r, err);
	for (size_t i = 0; rc == 0 && i < r->n_file; i++)
		rc = sl_fib_set(r->fib, r->file[i].origin, &r->file[i].route, err);
	return rc;
}

void sl_ip_routes_fini(struct sl_ip_routes *r)
{
	sl_fib_destroy(r->fib);
	free(r->file);
}

// ---- taking over

// Number the interfaces in what is taken over as the new file does, by their names.
static void renumber(struct sl_ip_routes *r, struct sl_ip_routes *old)
{
	uint16_t map[SL_IFACES_MAX];

	for (size_t i = 0; i < old->interfaces.count; i++) {
		const char *name = old->interfaces.items[i];
		int index = sl_iface_find(&r->interfaces, name, strlen(name));

		map[i] = index < 0 ? SL_IFACE_NONE : (uint16_t)index;
	}
	sl_fib_renumber(old->fib, map, (unsigned)old->interfaces.count);
	r->kernel = old->kernel;
	for (unsigned i = 0; i < r->kernel.n; i++)
		r->kernel.items[i].iface = map[r->kernel.items[i].iface];
}

// Change the FIB, which has the routes of the old file, to have those of the new one.
static bool change(struct sl_ip_routes *r, const struct sl_ip_routes *old)
{
	bool fits = true;
	size_t new = 0;

	for (size_t i = 0; i < old->n_file; i++) {
		const struct sl_file_route *gone = &old->file[i];

		while (new < r->n_file && compare_places(&r->file[new], gone) < 0)
			new ++;
		if (new == r->n_file || compare_places(&r->file[new], gone) != 0)
			sl_fib_remove(r->fib, gone->origin, &gone->route.prefix);
	}
	for (size_t i = 0; i < r->n_file; i++)
		fits &= sl_fib_set(r->fib, r->file[i].origin, &r->file[i].route, NULL) == 0;
	return fits;
}

bool sl_ip_routes_adopt(struct sl_ip_routes *r, struct sl_ip_routes *old)
{
	renumber(r, old);
	for (unsigned i = 0; i < RTE_DIM(r->suspects); i++)
		r->suspects[i] |= old->suspects[i];
	r->refused = old->refused;
	r->flush_at = 0;
	if (r->fib) { // another size
		r->refused += sl_fib_copy(r->fib, old->fib, SL_FIB_KERNEL_ADDRESS);
		r->refused += sl_fib_copy(r->fib, old->fib, SL_FIB_KERNEL);
		return true;
	}
	r->fib = old->fib;
	old->fib = NULL;
	return change(r, old);
}

// ---- what the kernel says

static void set(struct sl_ip_routes *r, enum sl_fib_origin origin, const struct sl_route *route)
{
	if (sl_fib_set(r->fib, origin, route, NULL) < 0)
		r->refused++;
}

// The next hops of a route that are ours to use: those of our interfaces and of the same family.
static void keep_hops(const struct sl_ip_routes *r, struct sl_route *route)
{
	uint8_t kept = 0;

	for (unsigned i = 0; i < route->n_hops; i++) {
		const struct sl_route_hop *hop = &route->hops[i];

		if (hop->iface < r->interfaces.count &&
		    (hop->gateway.family == 0 || hop->gateway.family == r->family))
			route->hops[kept++] = *hop;
	}
	route->n_hops = kept;
}

static void kernel_route(struct sl_ip_routes *r, const struct sl_control *c)
{
	const struct sl_prefix *p = &c->route.prefix;
	struct sl_route route = c->route;

	if (sl_ip_is_multicast(&p->ip) || sl_ip_is_link_local(&p->ip))
		return; // the kernel has such for each interface; here all of them are local
	if (c->remove) {
		sl_fib_remove(r->fib, SL_FIB_KERNEL, p);
		return;
	}
	if (sl_fib_count(r->fib, SL_FIB_KERNEL) >= r->max_routes &&
	    !sl_fib_find(r->fib, SL_FIB_KERNEL, p)) {
		r->refused++;
		return;
	}
	keep_hops(r, &route);
	set(r, SL_FIB_KERNEL, &route);
}

// What the kernel's addresses make of p, one address; SL_TARGET_NONE = nothing.
static uint8_t kernel_kind(const struct sl_ip_routes *r, const struct sl_ip *p)
{
	if (sl_iface_addresses_have(&r->kernel, p->family, p->bytes))
		return SL_TARGET_LOCAL;
	if (p->family == 6)
		return sl_iface_addresses_anycast(&r->kernel, p->bytes) ? SL_TARGET_LOCAL
									: SL_TARGET_NONE;
	return sl_iface_addresses_broadcast(&r->kernel, p->bytes) ? SL_TARGET_BROADCAST
								  : SL_TARGET_NONE;
}

// Have the route that the kernel's addresses bring for p, or remove it where none does any more.
static void update_address(struct sl_ip_routes *r, const struct sl_prefix *p)
{
	struct sl_route route = {.prefix = *p, .kind = kernel_kind(r, &p->ip)};

	suspect(r, &p->ip);
	if (route.kind == SL_TARGET_NONE)
		sl_fib_remove(r->fib, SL_FIB_KERNEL_ADDRESS, p);
	else
		set(r, SL_FIB_KERNEL_ADDRESS, &route);
}

static void kernel_address(struct sl_ip_routes *r, const struct sl_control *c)
{
	struct sl_prefix p = host(&c->address);

	if (sl_ip_is_link_local(&c->address.ip) || c->iface >= r->interfaces.count)
		return;
	if (!sl_iface_addresses_control(&r->kernel, c)) {
		r->refused++;
		return;
	}
	update_address(r, &p);
	if (also_local(&c->address, &p))
		update_address(r, &p);
}

void sl_ip_routes_control(struct sl_ip_routes *r, const struct sl_control *c)
{
	if (c->kind == SL_CONTROL_ROUTE && c->route.prefix.ip.family == r->family)
		kernel_route(r, c);
	else if (c->kind == SL_CONTROL_ADDRESS && c->address.ip.family == r->family)
		kernel_address(r, c);
}

const uint8_t *sl_ip_routes_source(const struct sl_ip_routes *r, uint16_t iface,
				   const uint8_t *next_hop)
{
	const struct sl_iface_addresses *const lists[] = {&r->own, &r->kernel};
	const uint8_t *address = NULL;

	for (unsigned i = 0; i < RTE_DIM(lists) && !address; i++)
		address = sl_iface_addresses_towards(lists[i], iface, r->family, next_hop);
	for (unsigned i = 0; i < RTE_DIM(lists) && !address; i++)
		address = sl_iface_addresses_source(lists[i], iface, r->family, false);
	return address;
}

bool sl_ip_routes_own(const struct sl_ip_routes *r, const uint8_t *ip)
{
	_Alignas(4) uint8_t key[16];
	uint32_t id;
	unsigned kind;

	memcpy(key, ip, sl_ip_len(r->family));
	sl_fib_lookup(r->fib, key, &id, 1);
	kind = sl_fib_targets(r->fib)[id].kind;
	return kind == SL_TARGET_LOCAL || kind == SL_TARGET_BROADCAST;
}

bool sl_ip_routes_flush(struct sl_ip_routes *r)
{
	r->kernel.n = 0;
	return sl_fib_flush(r->fib, SL_FIB_KERNEL_ADDRESS, &r->flush_at, FLUSH_PLACES) &&
	       sl_fib_flush(r->fib, SL_FIB_KERNEL, &r->flush_at, FLUSH_PLACES);
}
