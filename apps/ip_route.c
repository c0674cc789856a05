// ipv4-route, ipv6-route: where packets go next.
// Ports: in (from outside), self (the router's own packets), control (the kernel's routes) ->
// local, error, big, one per interface.  Config: interfaces, mtus, routes, addresses, max-routes.
// Spec: RFC 1812 sections 4.2.2.9, 5.2.4, 5.3.1, 5.3.6, 5.3.7; RFC 1624; RFC 8200 section 3; RFC
// 4291 section 2.5.6.
//
// One body for both families, a constant saying which, is compiled once for each. What a packet
// needs next is written to its meta (core/ip/meta.h).

#include "apps/classes.h"
#include "apps/ip_routes.h"
#include "core/ip/source.h"
#include "core/proto/checksum.h"
#include "core/proto/flow.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

#include <errno.h>
#include <stdlib.h>

enum { IN, SELF, CONTROL };
enum { LOCAL, ERROR, BIG, FIRST_IFACE };
enum { DROP_BLACKHOLE, DROP_NO_INTERFACE, DROP_NO_SOURCE, DROP_MARTIAN_SOURCE };
enum {
	METRIC_ROUTES,
	METRIC_KERNEL_ROUTES,
	METRIC_NEXT_HOPS,
	METRIC_FORWARDED,
	METRIC_CHANGES,
	METRIC_REFUSED
};

enum {
	WAYS = 64,
	NOWHERE = WAYS - 1, // the packet has been dropped; no output has that number
	MTU_LEAST = 68,     // RFC 791 section 3.2
	PORTION = 100000,   // sl_fib_work of changes in a breath, some 100 us
};

_Static_assert((int)FIRST_IFACE + SL_IFACES_MAX <= NOWHERE, "a way for each output, and none");

struct ip_route {
	struct sl_app app;
	uint8_t port[SL_IFACES_MAX]; // output of each interface; NOWHERE = none
	uint16_t mtu[SL_IFACES_MAX];
	struct sl_ip_routes routes;

	struct rte_mbuf *control; // records being done; NULL = none
	uint64_t breath_ns;       // when this breath began
	uint64_t until;           // sl_fib_work at which its portion of changes ends
	bool flush;               // the kernel's routes are to go: nobody speaks for it any more
};

#define inlined inline __attribute__((always_inline))

// ---- one packet

static unsigned drop(struct ip_route *self, struct rte_mbuf *p, unsigned reason)
{
	sl_app_drop(&self->app, p, reason);
	return NOWHERE;
}

static unsigned refuse(struct rte_mbuf *p, enum sl_ip_error error)
{
	sl_ip_meta(p)->error = error;
	return ERROR;
}

static inlined const uint8_t *destination(const struct rte_mbuf *p, bool v6)
{
	if (v6)
		return ((const struct sl_ipv6_hdr *)sl_data(p))->dst;
	return ((const struct sl_ipv4_hdr *)sl_data(p))->dst;
}

static inlined const uint8_t *source(const struct rte_mbuf *p, bool v6)
{
	if (v6)
		return ((const struct sl_ipv6_hdr *)sl_data(p))->src;
	return ((const struct sl_ipv4_hdr *)sl_data(p))->src;
}

// Whether a packet from outside says to come from the router. Spec: RFC 1812 section 5.3.7.
static inlined bool is_martian(const struct ip_route *self, const struct rte_mbuf *p, bool v6)
{
	const uint8_t *src = source(p, v6);

	return sl_ip_routes_suspect(&self->routes, v6 ? 6 : 4, src) &&
	       sl_ip_routes_own(&self->routes, src);
}

static inlined uint8_t hops_left(const struct rte_mbuf *p, bool v6)
{
	if (v6)
		return ((const struct sl_ipv6_hdr *)sl_data(p))->hop_limit;
	return ((const struct sl_ipv4_hdr *)sl_data(p))->ttl;
}

// Decrement TTL or hop limit, which is above 0. The checksum of IPv4 grows as the word with the TTL
// shrinks, in one's complement; it cannot become 0xffff. Spec: RFC 1624 section 3, equation 3.
static inlined void decrement(struct rte_mbuf *p, bool v6)
{
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)sl_data(p);
	const uint32_t one = sl_checksum_word(0x0100);
	uint16_t checksum;
	uint32_t sum;

	if (v6) {
		((struct sl_ipv6_hdr *)sl_data(p))->hop_limit--;
		return;
	}
	memcpy(&checksum, ip->checksum, sizeof(checksum));
	sum = checksum + one;
	checksum = (uint16_t)(sum + (sum >= 0xffff));
	memcpy(ip->checksum, &checksum, sizeof(checksum));
	ip->ttl--;
}

// A packet that does not fit its interface. Only a packet that will be fragmented travels on: the
// others shall be quoted as they came.
static inlined unsigned too_big(struct rte_mbuf *p, uint16_t mtu, bool from_self, bool v6)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)sl_data(p);

	sl_ip_meta(p)->mtu = mtu;
	if (!v6 && !from_self && !(load_be16(ip->flags_offset) & SL_IPV4_DF))
		decrement(p, v6);
	return BIG;
}

// Have a packet of our own that has none come from our address towards its next hop.
static bool has_source(const struct ip_route *self, struct rte_mbuf *p, const uint8_t *next_hop,
		       unsigned iface)
{
	const uint8_t *source;

	if (__builtin_expect(!sl_source_is_missing(sl_data(p)), 1))
		return true;
	source = sl_ip_routes_source(&self->routes, (uint16_t)iface, next_hop);
	if (source)
		sl_source_fill(sl_data(p), source);
	return source;
}

// Send a packet to a next hop on an interface.
static inlined unsigned send(struct ip_route *self, struct rte_mbuf *p, const uint8_t *gateway,
			     unsigned iface, bool from_self, bool v6)
{
	struct sl_ip_meta *meta = sl_ip_meta(p);
	uint16_t mtu;

	if (__builtin_expect(iface >= SL_IFACES_MAX || self->port[iface] == NOWHERE, 0))
		return drop(self, p, DROP_NO_INTERFACE);
	mtu = self->mtu[iface];
	if (from_self && !has_source(self, p, gateway, iface))
		return drop(self, p, DROP_NO_SOURCE);
	memcpy(meta->next_hop, gateway, v6 ? 16 : 4);
	meta->iface_out = (uint16_t)iface;
	if (from_self && meta->mtu) // whoever made it knows a smaller link on its way
		mtu = RTE_MIN(mtu, meta->mtu);
	if (__builtin_expect(sl_len(p) > mtu, 0))
		return too_big(p, mtu, from_self, v6);
	if (!from_self)
		decrement(p, v6);
	return self->port[iface];
}

static bool source_is_link_local(const struct rte_mbuf *p)
{
	const uint8_t *src = ((const struct sl_ipv6_hdr *)sl_data(p))->src;

	return src[0] == 0xfe && (src[1] & 0xc0) == 0x80;
}

static inlined unsigned forward(struct ip_route *self, struct rte_mbuf *p,
				const struct sl_target *t, bool from_self, bool v6)
{
	const struct sl_hop *hop = t->hops;

	if (v6 && !from_self && source_is_link_local(p)) // RFC 4291 section 2.5.6
		return refuse(p, SL_IP_BEYOND_SCOPE);
	if (!from_self && __builtin_expect(hops_left(p, v6) <= 1, 0))
		return refuse(p, SL_IP_TTL_EXCEEDED);
	if (t->n_hops > 1)
		hop = sl_target_choose(t, sl_flow_hash_ip(sl_data(p), sl_len(p)));
	return send(self, p, hop->on_link ? destination(p, v6) : hop->gateway, hop->iface,
		    from_self, v6);
}

// A packet of our own to a group or to a link-local address: its sender has chosen the interface.
static unsigned send_scoped(struct ip_route *self, struct rte_mbuf *p, bool v6)
{
	return send(self, p, destination(p, v6), sl_ip_meta(p)->iface_out, true, v6);
}

// A packet to the router itself: what comes from there, too, comes from the same address.
static unsigned receive(struct rte_mbuf *p, bool from_self, bool v6)
{
	if (from_self && sl_source_is_missing(sl_data(p)))
		sl_source_fill(sl_data(p), destination(p, v6));
	return LOCAL;
}

// A packet that is not forwarded.
static unsigned deliver(struct ip_route *self, struct rte_mbuf *p, unsigned kind, bool from_self,
			bool v6)
{
	switch (kind) {
	case SL_ROUTE_BLACKHOLE:
		return drop(self, p, DROP_BLACKHOLE);
	case SL_ROUTE_UNREACHABLE:
		return refuse(p, SL_IP_REJECTED);
	case SL_ROUTE_PROHIBIT:
		return refuse(p, SL_IP_PROHIBITED);
	case SL_TARGET_NONE:
		return refuse(p, SL_IP_NO_ROUTE);
	case SL_TARGET_LOCAL:
		return receive(p, from_self, v6);
	default:
		return from_self ? send_scoped(self, p, v6) : LOCAL;
	}
}

// ---- a burst

// Give packets that go several ways, in order on each.
static void deal(struct ip_route *self, struct rte_mbuf *const *p, const uint8_t *ways, unsigned n)
{
	struct rte_mbuf *burst[WAYS][SL_BURST];
	uint8_t count[WAYS] = {0};
	uint64_t used = 0;

	for (unsigned i = 0; i < n; i++) {
		burst[ways[i]][count[ways[i]]++] = p[i];
		used |= 1ULL << ways[i];
	}
	for (used &= ~(1ULL << NOWHERE); used; used &= used - 1) {
		unsigned way = (unsigned)__builtin_ctzll(used);

		sl_app_give(&self->app, way, burst[way], count[way]);
	}
}

static inlined void route_burst(struct ip_route *self, unsigned input, bool v6)
{
	const struct sl_target *targets = sl_fib_targets(self->routes.fib);
	_Alignas(64) uint8_t keys[SL_BURST * 16];
	const size_t len = v6 ? 16 : 4;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(&self->app, input, p, SL_BURST), mixed = 0, forwarded = 0;
	uint32_t ids[SL_BURST];
	uint8_t ways[SL_BURST];

	if (n == 0)
		return;
	for (unsigned i = 0; i < n; i++)
		memcpy(keys + i * len, destination(p[i], v6), len);
	sl_fib_lookup(self->routes.fib, keys, ids, n);
	for (unsigned i = 0; i < n; i++) {
		const struct sl_target *t = &targets[ids[i]];

		if (input == IN && is_martian(self, p[i], v6))
			ways[i] = (uint8_t)drop(self, p[i], DROP_MARTIAN_SOURCE);
		else if (__builtin_expect(t->kind == SL_ROUTE_FORWARD, 1))
			ways[i] = (uint8_t)forward(self, p[i], t, input == SELF, v6);
		else
			ways[i] = (uint8_t)deliver(self, p[i], t->kind, input == SELF, v6);
		mixed |= ways[i] ^ ways[0];
		forwarded += ways[i] >= FIRST_IFACE && ways[i] != NOWHERE;
	}
	sl_app_metric_add(&self->app, METRIC_FORWARDED, forwarded);
	if (mixed)
		deal(self, p, ways, n);
	else if (ways[0] != NOWHERE)
		sl_app_give(&self->app, ways[0], p, n);
}

// ---- changes

// Do the records of a packet until the work of all changes has reached `until`, then let the
// packet go. Returns whether it is done.
static bool do_records(struct ip_route *self, uint64_t until)
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
		sl_app_metric_add(&self->app, METRIC_CHANGES, 1);
	}
	return false;
}

// Do the changes that this breath has time for; the rest waits in the link.
static void do_changes(struct ip_route *self)
{
	struct sl_app *app = &self->app;

	if (app->now_ns != self->breath_ns) {
		self->breath_ns = app->now_ns;
		self->until = sl_fib_work(self->routes.fib) + PORTION;
		if (self->flush)
			self->flush = !sl_ip_routes_flush(&self->routes);
	}
	while (self->control || sl_app_take(app, CONTROL, &self->control, 1) > 0)
		if (!do_records(self, self->until))
			break;
	sl_app_set_held(app, self->control != NULL);
	if (self->control || self->flush)
		sl_app_wake_at(app, app->now_ns);
}

static void ipv4_route_push(struct sl_app *app)
{
	struct ip_route *self = (struct ip_route *)app;

	do_changes(self);
	route_burst(self, SELF, false);
	route_burst(self, IN, false);
}

static void ipv6_route_push(struct sl_app *app)
{
	struct ip_route *self = (struct ip_route *)app;

	do_changes(self);
	route_burst(self, SELF, true);
	route_burst(self, IN, true);
}

static void ip_route_tick(struct sl_app *app)
{
	struct ip_route *self = (struct ip_route *)app;
	const struct sl_fib *fib = self->routes.fib;

	do_changes(self);
	sl_app_metric(app, METRIC_ROUTES, sl_fib_routes(fib));
	sl_app_metric(app, METRIC_KERNEL_ROUTES, sl_fib_count(fib, SL_FIB_KERNEL));
	sl_app_metric(app, METRIC_NEXT_HOPS, sl_fib_targets_used(fib));
	sl_app_metric(app, METRIC_REFUSED, self->routes.refused);
}

// ---- life

// Which output is whose, which the links say.
static void learn_ports(struct ip_route *self)
{
	sl_iface_outputs(self->port, &self->app, &self->routes.interfaces);
	for (unsigned i = 0; i < SL_IFACES_MAX; i++)
		self->port[i] = RTE_MIN(self->port[i], (uint8_t)NOWHERE);
}

static int read_mtus(struct ip_route *self, const struct sl_strings *texts, struct sl_error *err)
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
	struct ip_route *self = (struct ip_route *)app;
	struct ip_route *before = (struct ip_route *)app->predecessor;
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
	struct ip_route *self = (struct ip_route *)app, *old = (struct ip_route *)predecessor;

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
	struct ip_route *self = (struct ip_route *)app;

	(void)apps;
	learn_ports(self);
	self->flush = !app->in[CONTROL];
}

static void ip_route_stop(struct sl_app *app)
{
	struct ip_route *self = (struct ip_route *)app;

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
#define DROPS                                                                            \
	{                                                                                \
		[DROP_BLACKHOLE] = "blackhole", [DROP_NO_INTERFACE] = "no_interface",    \
		[DROP_NO_SOURCE] = "no_source", [DROP_MARTIAN_SOURCE] = "martian_source" \
	}
#define METRICS                                                                             \
	{                                                                                   \
		[METRIC_ROUTES] = "routes", [METRIC_KERNEL_ROUTES] = "kernel_routes",       \
		[METRIC_NEXT_HOPS] = "next_hops", [METRIC_FORWARDED] = "forwarded_packets", \
		[METRIC_CHANGES] = "changes", [METRIC_REFUSED] = "refused"                  \
	}

const struct sl_app_class sl_ipv4_route_class = {
	.name = "ipv4-route",
	.help = "send IPv4 packets on to the next hop\n" ABOUT,
	.inputs = {[IN] = "in", [SELF] = "self", [CONTROL] = "control"},
	.outputs = {[LOCAL] = "local", [ERROR] = "error", [BIG] = "big", [FIRST_IFACE] = "*"},
	.drops = DROPS,
	.metrics = METRICS,
	.keys = keys,
	.config_size = sizeof(struct sl_ip_routes_config),
	.size = sizeof(struct ip_route),
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
	.inputs = {[IN] = "in", [SELF] = "self", [CONTROL] = "control"},
	.outputs = {[LOCAL] = "local", [ERROR] = "error", [BIG] = "big", [FIRST_IFACE] = "*"},
	.drops = DROPS,
	.metrics = METRICS,
	.keys = keys,
	.config_size = sizeof(struct sl_ip_routes_config),
	.size = sizeof(struct ip_route),
	.configure = ipv6_route_configure,
	.adopt = ip_route_adopt,
	.settle = ip_route_settle,
	.push = ipv6_route_push,
	.tick = ip_route_tick,
	.stop = ip_route_stop,
};
