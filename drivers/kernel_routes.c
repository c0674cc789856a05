// kernel-routes: follows a routing table of the kernel, with its addresses and static neighbours.
// Ports: -> ipv4, ipv6, icmp, local, and one for each interface.  Config: keys below.
// Spec: rtnetlink(7).
//
// What the kernel has goes out as records (core/ip/control.h): routes to ipv4 or ipv6; addresses
// there, too, and to icmp, local and their interface; neighbours to their interface. Only what a
// link has room for is sent; the rest waits, as one change however often it changes.
//
// All of it happens in portions, none of which takes long: packets pass meanwhile. How the kernel
// is heard: kernel_follower.h.

#include "core/error.h"
#include "core/ip/kernel_table.h"
#include "drivers/kernel_follower.h"

#include <errno.h>
#include <sluice/app.h>

enum { IPV4, IPV6, ICMP, LOCAL, INTERFACES };
enum { ROUTES, ADDRESSES, NEIGHBOURS, RECORDS, RESYNCS, REFUSED, MALFORMED, WITHHELD };

enum {
	POLL_NS = 1000000,      // between two looks at the sockets while nothing is to be done
	REFILL_NS = 1000000000, // between two looks at all routes for those that find room now

	// portions
	WALK = 2048,    // prefixes looked at
	PREFIXES = 256, // prefixes told
	CROWD = 32,     // records in a packet: whoever takes one is not busy for long

	MAX_ROUTES = 1 << 22,
	MAX_SETS = 1 << 16,
	MAX_NEXTHOPS = 1 << 16,
	MAX_NOTICES = 1 << 12,
};

struct kernel_routes_config {
	const char *table;
	struct sl_strings interfaces, devices;
	uint64_t max_routes;
};

struct kernel_routes {
	struct sl_app app;
	struct sl_kernel_tables tables;
	struct sl_kernel_follower follower; // of these
	int ports[SL_IFACES_MAX];           // output of each interface, -1 = none
	const char *names[SL_IFACES_MAX];
	uint32_t max_routes; // of a family
	uint64_t poll_ns, refill_ns;
};

static const struct sl_key kernel_routes_keys[] = {
	{.name = "table",
	 .type = SL_STRING,
	 .offset = offsetof(struct kernel_routes_config, table),
	 .preset = "main",
	 .help = "which of the kernel's tables: main, default, or a number"},
	{.name = "interfaces",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct kernel_routes_config, interfaces),
	 .required = true,
	 .help = "of the router, in their order; outputs bear their names"},
	{.name = "devices",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct kernel_routes_config, devices),
	 .required = true,
	 .help = "the kernel's device for each interface, in the same order: its TAP; - = none"},
	{.name = "max-routes",
	 .type = SL_UINT,
	 .offset = offsetof(struct kernel_routes_config, max_routes),
	 .preset = "100k",
	 .min = 1,
	 .max = 8e6,
	 .help = "how many routes of a family ipv4-route and ipv6-route take, by their keys"},
	{.name = NULL},
};

// ---- configuration

static int read_devices(struct kernel_routes *self, const struct kernel_routes_config *c,
			struct sl_error *err)
{
	struct sl_kernel_tables *t = &self->tables;

	if (c->interfaces.count != c->devices.count)
		return sl_error_set(err, -EINVAL, "%zu interfaces, but %zu devices",
				    c->interfaces.count, c->devices.count);
	if (c->interfaces.count > SL_IFACES_MAX)
		return sl_error_set(err, -E2BIG, "%zu interfaces, at most %d", c->interfaces.count,
				    SL_IFACES_MAX);
	for (; t->n_devices < c->devices.count; t->n_devices++) {
		const char *name = c->devices.items[t->n_devices];

		self->names[t->n_devices] = c->interfaces.items[t->n_devices];
		if (strcmp(name, "-") == 0)
			continue;
		if (!*name || strlen(name) >= IFNAMSIZ)
			return sl_error_set(err, -EINVAL, "'%s' is no name of a device", name);
		for (unsigned i = 0; i < t->n_devices; i++)
			if (strcmp(t->devices[i].name, name) == 0)
				return sl_error_set(err, -EINVAL,
						    "device '%s' stands for two interfaces", name);
		memcpy(t->devices[t->n_devices].name, name, strlen(name));
	}
	return 0;
}

static uint64_t bit_of(const struct sl_app *app, int port)
{
	return port >= 0 && app->out[port] ? UINT64_C(1) << port : 0;
}

static uint64_t audience(const struct sl_control *c, void *context)
{
	const struct kernel_routes *self = context;
	const struct sl_app *app = &self->app;
	uint64_t to = c->iface < SL_IFACES_MAX ? bit_of(app, self->ports[c->iface]) : 0;

	if (c->kind == SL_CONTROL_NEIGHBOUR)
		return to;
	return to | bit_of(app, c->address.ip.family == 6 ? IPV6 : IPV4) | bit_of(app, ICMP) |
	       bit_of(app, LOCAL);
}

static void find_ports(struct kernel_routes *self)
{
	for (unsigned i = 0; i < SL_IFACES_MAX; i++)
		self->ports[i] = i < self->tables.n_devices
					 ? sl_app_output(&self->app, self->names[i])
					 : -1;
}

// ---- records

static bool has_room(const struct rte_mbuf *p, unsigned n)
{
	return n < CROWD && sl_tailroom(p) >= sizeof(struct sl_control);
}

// A packet for an output that has room for one, or NULL.
static struct rte_mbuf *open_packet(struct kernel_routes *self, unsigned port)
{
	struct rte_mbuf *p;

	if (sl_link_room(self->app.out[port]) == 0 || !sl_alloc_burst(self->app.pool, &p, 1))
		return NULL;
	return p;
}

static void close_packet(struct kernel_routes *self, unsigned port, struct rte_mbuf *p)
{
	if (sl_len(p) == 0) {
		sl_free(p);
		return;
	}
	sl_app_created(&self->app, 1);
	sl_app_give_one(&self->app, port, p);
}

static void put(struct kernel_routes *self, struct rte_mbuf *p, const struct sl_control *c)
{
	sl_control_put(p, c);
	sl_app_metric_add(&self->app, RECORDS, 1);
}

static void tell_notices(struct kernel_routes *self, unsigned port)
{
	struct sl_notices *n = &self->tables.notices;
	struct rte_mbuf *p = open_packet(self, port);
	unsigned listener, count = 0;
	struct sl_control c;

	if (!p)
		return;
	for (; has_room(p, count) && sl_notices_tell(n, UINT64_C(1) << port, &listener, &c);
	     count++)
		put(self, p, &c);
	close_packet(self, port, p);
}

// Fill one packet. Returns false where there is no more to tell now.
static bool tell_some_routes(struct kernel_routes *self, uint8_t family, unsigned *budget)
{
	unsigned port = family == 6 ? IPV6 : IPV4;
	struct rte_mbuf *p = open_packet(self, port);
	unsigned count = 0;
	struct sl_control c;

	if (!p)
		return false;
	for (; has_room(p, count) && sl_rib_tell(self->tables.rib, family, budget, &c); count++)
		put(self, p, &c);
	close_packet(self, port, p);
	return *budget > 0 && sl_rib_has_news(self->tables.rib, family);
}

static void tell_routes(struct kernel_routes *self, uint8_t family)
{
	unsigned budget = PREFIXES;
	struct sl_control c;

	if (!self->app.out[family == 6 ? IPV6 : IPV4]) {
		while (sl_rib_tell(self->tables.rib, family, &budget, &c))
			; // nobody wants to know
		return;
	}
	while (sl_rib_has_news(self->tables.rib, family) && tell_some_routes(self, family, &budget))
		;
}

// Returns whether something waits for room.
static bool tell(struct kernel_routes *self)
{
	for (unsigned i = 0; i < self->app.n_out && self->tables.notices.has_news; i++)
		if (self->app.out[i])
			tell_notices(self, i);
	tell_routes(self, 4);
	tell_routes(self, 6);
	return self->tables.notices.has_news || sl_rib_has_news(self->tables.rib, 4) ||
	       sl_rib_has_news(self->tables.rib, 6);
}

// ---- the app

static void show(struct kernel_routes *self)
{
	struct sl_app *app = &self->app;
	const struct sl_kernel_tables *t = &self->tables;

	sl_app_metric(app, ROUTES, sl_rib_count_told(t->rib));
	sl_app_metric(app, ADDRESSES, sl_notices_count(&t->notices, SL_CONTROL_ADDRESS));
	sl_app_metric(app, NEIGHBOURS, sl_notices_count(&t->notices, SL_CONTROL_NEIGHBOUR));
	sl_app_metric(app, RESYNCS, self->follower.resyncs);
	sl_app_metric(app, REFUSED, t->refused);
	sl_app_metric(app, MALFORMED, t->malformed);
	sl_app_metric(app, WITHHELD, sl_rib_count_withheld(t->rib));
}

// What found no room once may find some now: here, or at those who route.
static void refill(struct kernel_routes *self)
{
	if (self->tables.is_full && sl_rib_count_routes(self->tables.rib) < MAX_ROUTES / 8 * 7)
		self->tables.wants_round = true;
	if (self->app.now_ns < self->refill_ns)
		return;
	sl_rib_refill(self->tables.rib);
	self->refill_ns = self->app.now_ns + REFILL_NS;
}

static void kernel_routes_pull(struct sl_app *app)
{
	struct kernel_routes *self = (struct kernel_routes *)app;
	bool busy;

	if (app->now_ns < self->poll_ns)
		return;
	busy = sl_kernel_follower_step(&self->follower, app->now_ns);
	busy |= sl_rib_walk(self->tables.rib, WALK);
	busy |= tell(self);
	if (busy) {
		sl_app_wake_at(app, app->now_ns);
		return;
	}
	show(self);
	refill(self);
	self->poll_ns = app->now_ns + POLL_NS;
}

static void kernel_routes_settle(struct sl_app *app, const struct sl_apps *apps)
{
	struct kernel_routes *self = (struct kernel_routes *)app;

	(void)apps;
	// Those who listen may be others than before.
	find_ports(self);
	sl_notices_retell(&self->tables.notices, audience, self);
	sl_rib_retell(self->tables.rib);
	self->poll_ns = 0;
}

static void kernel_routes_adopt(struct sl_app *app, struct sl_app *old)
{
	struct kernel_routes *self = (struct kernel_routes *)app;
	struct kernel_routes *before = (struct kernel_routes *)old;

	sl_kernel_tables_adopt(&self->tables, &before->tables);
	sl_rib_set_room(self->tables.rib, self->max_routes);
	self->follower.resyncs = before->follower.resyncs;
	for (unsigned i = 0; i <= WITHHELD; i++)
		sl_app_metric(app, i, atomic_load(&old->metrics[i]));
}

static int open_kernel(struct kernel_routes *self, struct sl_error *err)
{
	const struct sl_kernel_tables *t = &self->tables;
	int r = sl_kernel_follower_open(&self->follower, err);

	for (unsigned i = 0; i < t->n_devices && r == 0; i++)
		if (*t->devices[i].name && !t->devices[i].index)
			r = sl_error_set(err, -ENODEV, "there is no device '%s' for '%s'",
					 t->devices[i].name, self->names[i]);
	return r;
}

static int kernel_routes_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	static const struct sl_kernel_limits limits = {
		.rib = {.routes = MAX_ROUTES, .sets = MAX_SETS, .nexthops = MAX_NEXTHOPS},
		.notices = MAX_NOTICES,
	};
	struct kernel_routes *self = (struct kernel_routes *)app;
	const struct kernel_routes_config *c = config;
	int r = sl_kernel_table_parse(c->table, &self->tables.table, err);

	if (r == 0)
		r = read_devices(self, c, err);
	if (r < 0)
		return r;
	self->tables.audience = audience;
	self->tables.context = self;
	self->max_routes = (uint32_t)c->max_routes;
	find_ports(self);
	self->follower.tables = &self->tables;
	if (sl_kernel_tables_init(&self->tables, &limits) < 0)
		return sl_error_set(err, -ENOMEM, "out of memory");
	sl_rib_set_room(self->tables.rib, self->max_routes);
	return open_kernel(self, err);
}

static void kernel_routes_stop(struct sl_app *app)
{
	struct kernel_routes *self = (struct kernel_routes *)app;

	sl_kernel_follower_close(&self->follower);
	sl_kernel_tables_fini(&self->tables);
}

const struct sl_app_class sl_kernel_routes_class = {
	.name = "kernel-routes",
	.help = "follow a routing table of the kernel, as routing daemons fill it\n"
		"Routes, addresses and static neighbours of the devices named go to the apps of a "
		"router, at once and whenever they change. Routes by other devices do not concern "
		"it. Those beyond `max-routes` are `withheld` until there is room again. Needs no "
		"privilege. The network namespace is that of the process.",
	.outputs = {[IPV4] = "ipv4",
		    [IPV6] = "ipv6",
		    [ICMP] = "icmp",
		    [LOCAL] = "local",
		    [INTERFACES] = "*"},
	.metrics = {[ROUTES] = "routes",
		    [ADDRESSES] = "addresses",
		    [NEIGHBOURS] = "neighbours",
		    [RECORDS] = "records",
		    [RESYNCS] = "resyncs",
		    [REFUSED] = "refused",
		    [MALFORMED] = "malformed",
		    [WITHHELD] = "withheld"},
	.keys = kernel_routes_keys,
	.config_size = sizeof(struct kernel_routes_config),
	.size = sizeof(struct kernel_routes),
	.configure = kernel_routes_configure,
	.adopt = kernel_routes_adopt,
	.settle = kernel_routes_settle,
	.pull = kernel_routes_pull,
	.stop = kernel_routes_stop,
};
