// ipv4-route, ipv6-route: where packets go next.
// Ports: in (from outside), self (the router's own packets), control (the kernel's routes) ->
// local, error, big, one per interface.  Config: interfaces, mtus, routes, addresses, max-routes.
//
// What becomes of packets: ip_route_burst.c. Which routes there are: ip_routes.h. Here are the
// changes that the kernel says, and the apps' life.

#include "apps/ip_route.h"
#include "apps/classes.h"

#include <errno.h>
#include <stdlib.h>

enum {
	MTU_LEAST = 68,   // RFC 791 section 3.2
	PORTION = 100000, // sl_fib_work of changes in a breath, some 100 us
};

// ---- changes

// Do the records of a packet until the work of all changes has reached `until`, then let the
// packet go. Returns whether it is done.
static bool do_records(struct sl_ip_route *self, uint64_t until)
{
	struct sl_control c;

	while (sl_fib_work(self->routes.fib) < until) {
		if (!sl_control_get(self->control, &c)) {
			sl_app_consumed(&self->app, 1);
			sl_free(self->control);
			self->control = NULL;
			return true;
		}
		sl_ip_routes_control(&self->routes, &c);
		sl_app_metric_add(&self->app, SL_IP_ROUTE_METRIC_CHANGES, 1);
	}
	return false;
}

// Do the changes that this breath has time for; the rest waits in the link.
static void do_changes(struct sl_ip_route *self)
{
	struct sl_app *app = &self->app;

	if (app->now_ns != self->breath_ns) {
		self->breath_ns = app->now_ns;
		self->until = sl_fib_work(self->routes.fib) + PORTION;
		if (self->flush)
			self->flush = !sl_ip_routes_flush(&self->routes);
	}
	while (self->control || sl_app_take(app, SL_IP_ROUTE_CONTROL, &self->control, 1) > 0)
		if (!do_records(self, self->until))
			break;
	sl_app_set_held(app, self->control != NULL);
	if (self->control || self->flush)
		sl_app_wake_at(app, app->now_ns);
}

static void ipv4_route_push(struct sl_app *app)
{
	struct sl_ip_route *self = (struct sl_ip_route *)app;

	do_changes(self);
	sl_ip_route_burst4(self);
}

static void ipv6_route_push(struct sl_app *app)
{
	struct sl_ip_route *self = (struct sl_ip_route *)app;

	do_changes(self);
	sl_ip_route_burst6(self);
}

static void ip_route_tick(struct sl_app *app)
{
	struct sl_ip_route *self = (struct sl_ip_route *)app;
	const struct sl_fib *fib = self->routes.fib;

	do_changes(self);
	sl_app_metric(app, SL_IP_ROUTE_METRIC_ROUTES, sl_fib_routes(fib));
	sl_app_metric(app, SL_IP_ROUTE_METRIC_KERNEL_ROUTES, sl_fib_count(fib, SL_FIB_KERNEL));
	sl_app_metric(app, SL_IP_ROUTE_METRIC_NEXT_HOPS, sl_fib_targets_used(fib));
	sl_app_metric(app, SL_IP_ROUTE_METRIC_REFUSED, self->routes.refused);
}

// ---- life

// Which output is whose, which the links say.
static void learn_ports(struct sl_ip_route *self)
{
	sl_iface_outputs(self->port, &self->app, &self->routes.interfaces);
	for (unsigned i = 0; i < SL_IFACES_MAX; i++)
		self->port[i] = RTE_MIN(self->port[i], (uint8_t)SL_IP_ROUTE_NOWHERE);
}

static int read_mtus(struct sl_ip_route *self, const struct sl_strings *texts, struct sl_error *err)
{
	for (size_t i = 0; i < SL_IFACES_MAX; i++)
		self->mtu[i] = (uint16_t)RTE_MIN(self->app.mtu, (uint32_t)UINT16_MAX);
	if (texts->count > self->routes.interfaces.count)
		return sl_error_set(err, -EINVAL, "mtus: %zu for %zu interfaces", texts->count,
				    self->routes.interfaces.count);
	for (size_t i = 0; i < texts->count; i++) {
		char *end;
		unsigned long mtu = strtoul(texts->items[i], &end, 10);

		if (mtu < MTU_LEAST || mtu > UINT16_MAX || *end)
			return sl_error_set(err, -EINVAL, "mtus: '%s' is not from %d to %d",
					    texts->items[i], MTU_LEAST, UINT16_MAX);
		self->mtu[i] = (uint16_t)mtu;
	}
	return 0;
}

static int configure(struct sl_app *app, const void *config, uint8_t family, struct sl_error *err)
{
	const struct sl_ip_routes_config *c = config;
	struct sl_ip_route *self = (struct sl_ip_route *)app;
	struct sl_ip_route *before = (struct sl_ip_route *)app->predecessor;
	int rc;

	self->routes.family = family;
	rc = sl_ip_routes_init(&self->routes, c, before ? &before->routes : NULL, err);
	if (rc < 0)
		return rc;
	learn_ports(self);
	return read_mtus(self, &c->mtus, err);
}

static int ipv4_route_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	return configure(app, config, 4, err);
}

static int ipv6_route_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	return configure(app, config, 6, err);
}

static void ip_route_adopt(struct sl_app *app, struct sl_app *predecessor)
{
	struct sl_ip_route *self = (struct sl_ip_route *)app,
			   *old = (struct sl_ip_route *)predecessor;

	if (old->control) // its records number interfaces as the old file does
		do_records(old, UINT64_MAX);
	sl_app_set_held(predecessor, 0);
	self->flush = old->flush;
	if (!sl_ip_routes_adopt(&self->routes, &old->routes))
		sl_app_fail(app, "there is no room for the routes of the file");
	learn_ports(self);
}

static void ip_route_settle(struct sl_app *app, const struct sl_apps *apps)
{
	struct sl_ip_route *self = (struct sl_ip_route *)app;

	(void)apps;
	learn_ports(self);
	self->flush = !app->in[SL_IP_ROUTE_CONTROL];
}

static void ip_route_stop(struct sl_app *app)
{
	struct sl_ip_route *self = (struct sl_ip_route *)app;

	if (self->control)
		sl_free(self->control);
	self->control = NULL;
	sl_ip_routes_fini(&self->routes);
}

static const struct sl_key keys[] = {
	{.name = "interfaces",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct sl_ip_routes_config, interfaces),
	 .required = true,
	 .help = "names of the outputs that are interfaces, in the order of their numbers"},
	{.name = "mtus",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct sl_ip_routes_config, mtus),
	 .help = "the longest packet of each interface, bytes; that of the graph where unset"},
	{.name = "routes",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct sl_ip_routes_config, routes),
	 .help = "routes, as ip prints them: PREFIX via ADDRESS dev INTERFACE"},
	{.name = "addresses",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct sl_ip_routes_config, addresses),
	 .help = "the router's own: INTERFACE ADDRESS/LENGTH; of the other family: ignored"},
	{.name = "max-routes",
	 .type = SL_UINT,
	 .offset = offsetof(struct sl_ip_routes_config, max_routes),
	 .preset = "100k",
	 .min = 1,
	 .max = 8e6,
	 .help = "how many routes the kernel may bring"},
	{0},
};

// What the two classes share of their tables.
#define ABOUT                                                                                      \
	"The longest prefix among the routes decides. Packets that came `in` lose one of their "   \
	"TTL or hop limit, those of the router's own, on `self`, do not. A packet that fits its "  \
	"interface leaves on the output of that name, a longer one on `big`. What comes on "       \
	"`self` without a source gets the router's address towards its next hop. The router's "    \
	"own "                                                                                     \
	"addresses, broadcasts, multicasts and link-local addresses lead to `local`; what has no " \
	"route, a route that refuses it, or no hop left, to `error`. Dropped is what came `in` "   \
	"from an address of the router, or from a broadcast address of its networks.\n"            \
	"A route is `PREFIX via ADDRESS dev INTERFACE`, `PREFIX dev INTERFACE` where the prefix "  \
	"is on the link, or `PREFIX blackhole`, `unreachable` or `prohibit`. Several `via ... "    \
	"dev ... [weight N]` share the flows: those of the same addresses, protocol and ports "    \
	"stay together, fragments go by their addresses. The routes of the kernel come on "        \
	"`control`, in portions between the packets; a route of the file hides that of the "       \
	"kernel for the same prefix, and routes that find no room are counted as `refused`. They " \
	"go when nothing is connected to `control` any more."
#define INPUTS                                                        \
	{                                                             \
		[SL_IP_ROUTE_IN] = "in", [SL_IP_ROUTE_SELF] = "self", \
		[SL_IP_ROUTE_CONTROL] = "control"                     \
	}
#define OUTPUTS                                                               \
	{                                                                     \
		[SL_IP_ROUTE_LOCAL] = "local", [SL_IP_ROUTE_ERROR] = "error", \
		[SL_IP_ROUTE_BIG] = "big", [SL_IP_ROUTE_FIRST_IFACE] = "*"    \
	}
#define DROPS                                                                                    \
	{                                                                                        \
		[SL_IP_ROUTE_DROP_BLACKHOLE] = "blackhole",                                      \
		[SL_IP_ROUTE_DROP_NO_INTERFACE] = "no_interface",                                \
		[SL_IP_ROUTE_DROP_NO_SOURCE] = "no_source",                                      \
		[SL_IP_ROUTE_DROP_MARTIAN_SOURCE] = "martian_source",                            \
		[SL_IP_ROUTE_DROP_SOURCE_ROUTE] = "source_route",                                \
		[SL_IP_ROUTE_DROP_NO_IP] = "no_ip", [SL_IP_ROUTE_DROP_LINK_LOCAL] = "link_local" \
	}
#define METRICS                                                                                    \
	{                                                                                          \
		[SL_IP_ROUTE_METRIC_ROUTES] = "routes",                                            \
		[SL_IP_ROUTE_METRIC_KERNEL_ROUTES] = "kernel_routes",                              \
		[SL_IP_ROUTE_METRIC_NEXT_HOPS] = "next_hops",                                      \
		[SL_IP_ROUTE_METRIC_FORWARDED] = "forwarded_packets",                              \
		[SL_IP_ROUTE_METRIC_CHANGES] = "changes", [SL_IP_ROUTE_METRIC_REFUSED] = "refused" \
	}

const struct sl_app_class sl_ipv4_route_class = {
	.name = "ipv4-route",
	.help = "send IPv4 packets on to the next hop\n" ABOUT
		"\nOf what came `in`, options are looked at: record route and timestamp are "
		"filled in, with the address towards the next hop; what makes no sense leaves on "
		"`error`, with the byte that is wrong; packets with a source route are dropped, "
		"and those from or to 169.254.0.0/16 that would have to be forwarded.",
	.inputs = INPUTS,
	.outputs = OUTPUTS,
	.drops = DROPS,
	.metrics = METRICS,
	.keys = keys,
	.config_size = sizeof(struct sl_ip_routes_config),
	.size = sizeof(struct sl_ip_route),
	.configure = ipv4_route_configure,
	.adopt = ip_route_adopt,
	.settle = ip_route_settle,
	.push = ipv4_route_push,
	.tick = ip_route_tick,
	.stop = ip_route_stop,
};

const struct sl_app_class sl_ipv6_route_class = {
	.name = "ipv6-route",
	.help = "send IPv6 packets on to the next hop\n" ABOUT,
	.inputs = INPUTS,
	.outputs = OUTPUTS,
	.drops = DROPS,
	.metrics = METRICS,
	.keys = keys,
	.config_size = sizeof(struct sl_ip_routes_config),
	.size = sizeof(struct sl_ip_route),
	.configure = ipv6_route_configure,
	.adopt = ip_route_adopt,
	.settle = ip_route_settle,
	.push = ipv6_route_push,
	.tick = ip_route_tick,
	.stop = ip_route_stop,
};
