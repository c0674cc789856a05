// icmp-error: tells the sources of packets that cannot go on why, and drops the packets.
// Ports: control, any number -> ipv4, ipv6. Config: interfaces, addresses, rate, burst, total-rate,
// total-burst, from-destination. Spec: RFC 1812 section 4.3.2, RFC 4443 section 2.4, RFC 1191.

#include "core/ip/icmp_error.h"
#include "apps/classes.h"
#include "core/ip/interfaces.h"
#include "core/ip/source_limit.h"
#include "core/proto/ip.h"

#include <errno.h>

enum { CONTROL, FIRST };
enum { IPV4, IPV6 };
enum { METRIC_SENT, METRIC_SUPPRESSED, METRIC_LIMITED, METRIC_NO_SOURCE, METRIC_NO_BUFFER };
enum { SOURCES = 4096, GROUPS = SL_IFACES_MAX + 1 };

// Drops bear the name of the error, whether somebody was told or not.
enum { DROP_UNKNOWN = SL_IP_ERROR_NONE, DROP_NO_IP = SL_IP_ERRORS };

struct config {
	struct sl_strings interfaces, addresses;
	uint64_t rate, burst, total_rate, total_burst;
	bool from_destination;
};

struct icmp_error {
	struct sl_app app;
	struct sl_iface_addresses addresses;
	struct sl_source_limit *limit;
	uint16_t id; // of the last IPv4 packet
	bool from_destination;
};

static void control_one(struct icmp_error *self, struct rte_mbuf *p)
{
	struct sl_control c;

	while (sl_control_get(p, &c))
		sl_iface_addresses_control(&self->addresses, &c);
	sl_app_consumed(&self->app, 1);
	sl_free(p);
}

// What the app knows of a packet that is in trouble.
struct offender {
	const struct sl_ip_meta *meta;
	const uint8_t *packet, *src, *dst;
	size_t len;
	uint8_t family;
};

static struct offender look_at(const struct rte_mbuf *p)
{
	struct offender o = {.meta = sl_ip_meta(p), .packet = sl_data(p), .len = sl_len(p)};

	if (o.packet[0] >> 4 == 4) {
		o.src = ((const struct sl_ipv4_hdr *)o.packet)->src;
		o.dst = ((const struct sl_ipv4_hdr *)o.packet)->dst;
		o.family = 4;
	} else {
		o.src = ((const struct sl_ipv6_hdr *)o.packet)->src;
		o.dst = ((const struct sl_ipv6_hdr *)o.packet)->dst;
		o.family = 6;
	}
	return o;
}

static bool is_link_local(const struct offender *o, const uint8_t *ip)
{
	return o->family == 6 && ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

// The router does not tell itself, and a broadcast is no single host.
static bool allowed(const struct icmp_error *self, const struct offender *o)
{
	if (o->meta->iface_in == SL_IFACE_NONE)
		return false;
	if (o->family == 4 && (sl_iface_addresses_broadcast(&self->addresses, o->src) ||
			       sl_iface_addresses_broadcast(&self->addresses, o->dst)))
		return false;
	return sl_icmp_error_allowed(o->packet, o->len, o->meta);
}

// Whether an IPv6 address is one that others may have, too, so that nobody speaks from it.
static bool is_shared6(const struct icmp_error *self, const uint8_t *ip)
{
	return ip[0] == 0xff || sl_iface_addresses_anycast(&self->addresses, ip);
}

// Whether the packet was for one of the addresses; some errors meet nothing else.
static bool was_for_us(const struct icmp_error *self, const struct offender *o)
{
	switch (o->meta->error) {
	case SL_IP_PROTOCOL_UNREACHABLE:
	case SL_IP_PORT_UNREACHABLE:
	case SL_IP_REASSEMBLY_TIME:
	case SL_IP_PARAM_NEXT_HEADER:
	case SL_IP_PARAM_OPTION:
	case SL_IP_PARAM_CHAIN:
		return o->family == 4 || !is_shared6(self, o->dst);
	case SL_IP_PARAM_HEADER:
		if (o->family == 6)
			return !is_shared6(self, o->dst);
		return sl_iface_addresses_have(&self->addresses, 4, o->dst); // else on its way
	default:
		return sl_iface_addresses_have(&self->addresses, o->family, o->dst);
	}
}

// Whom the source has spoken to answers, if that was the router (RFC 4443 section 2.2 (a)); else
// the interface that the packet came in on.
static const uint8_t *choose_source(const struct icmp_error *self, const struct offender *o)
{
	if (self->from_destination || was_for_us(self, o))
		return o->dst;
	return sl_iface_addresses_source(&self->addresses, o->meta->iface_in, o->family,
					 is_link_local(o, o->src));
}

static bool within_limit(struct icmp_error *self, const struct offender *o)
{
	uint64_t source = o->family == 4 ? sl_source_limit_ipv4(o->src)
					 : sl_source_limit_ipv6(o->src);
	unsigned group = RTE_MIN(o->meta->iface_in, GROUPS - 1);

	return sl_source_limit_take(self->limit, source, group, self->app.now_ns);
}

static void send(struct icmp_error *self, const struct offender *o, const uint8_t *source)
{
	struct sl_icmp_error e = sl_icmp_error_of(o->family, o->meta);
	struct rte_mbuf *p;
	uint8_t *to;

	if (!sl_alloc_burst(self->app.pool, &p, 1)) {
		sl_app_metric_add(&self->app, METRIC_NO_BUFFER, 1);
		return;
	}
	to = sl_append(p, (uint16_t)sl_icmp_error_len(o->packet, o->len)); // no pool is so small
	sl_icmp_error_write(to, &e, source, ++self->id, o->packet, o->len);
	sl_ip_meta_reset(p);
	if (is_link_local(o, o->src))
		sl_ip_meta(p)->iface_out = o->meta->iface_in;
	sl_app_created(&self->app, 1);
	sl_app_metric_add(&self->app, METRIC_SENT, 1);
	sl_app_give_one(&self->app, o->family == 4 ? IPV4 : IPV6, p);
}

static void report(struct icmp_error *self, const struct rte_mbuf *p)
{
	struct offender o = look_at(p);
	const uint8_t *source;

	if (!allowed(self, &o)) {
		sl_app_metric_add(&self->app, METRIC_SUPPRESSED, 1);
		return;
	}
	source = choose_source(self, &o);
	if (!source)
		sl_app_metric_add(&self->app, METRIC_NO_SOURCE, 1);
	else if (!within_limit(self, &o))
		sl_app_metric_add(&self->app, METRIC_LIMITED, 1);
	else
		send(self, &o, source);
}

// What a packet is dropped as.
static unsigned reason_of(const struct rte_mbuf *p)
{
	unsigned error = sl_ip_meta(p)->error;

	if (!sl_ip_is_packet(sl_data(p), sl_len(p)))
		return DROP_NO_IP;
	return error < SL_IP_ERRORS ? error : DROP_UNKNOWN;
}

static void icmp_error_push(struct sl_app *app)
{
	struct icmp_error *self = (struct icmp_error *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, CONTROL, p, SL_BURST);

	for (unsigned i = 0; i < n; i++)
		control_one(self, p[i]);
	for (unsigned port = FIRST; port < app->n_in; port++) {
		n = sl_app_take(app, port, p, SL_BURST);
		for (unsigned i = 0; i < n; i++) {
			unsigned reason = reason_of(p[i]);

			if (reason != DROP_UNKNOWN && reason != DROP_NO_IP)
				report(self, p[i]);
			sl_app_drop(app, p[i], reason);
		}
	}
}

static int icmp_error_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	struct icmp_error *self = (struct icmp_error *)app;
	const struct config *c = config;
	struct sl_source_limit_options options = {
		.rate = c->rate,
		.burst = c->burst,
		.group_rate = c->total_rate,
		.group_burst = c->total_burst,
		.groups = GROUPS,
		.sources = SOURCES,
	};
	int r = sl_ifaces_check(&c->interfaces, err);

	self->from_destination = c->from_destination;
	if (r == 0)
		r = sl_iface_addresses_read(&self->addresses, &c->interfaces, &c->addresses, err);
	if (r < 0)
		return r;
	self->limit = sl_source_limit_create(&options);
	return self->limit ? 0 : sl_error_set(err, -ENOMEM, "out of memory");
}

static void icmp_error_adopt(struct sl_app *app, struct sl_app *old)
{
	struct icmp_error *self = (struct icmp_error *)app, *before = (struct icmp_error *)old;

	self->id = before->id;
	sl_iface_addresses_adopt(&self->addresses, &before->addresses);
}

static void icmp_error_stop(struct sl_app *app)
{
	sl_source_limit_destroy(((struct icmp_error *)app)->limit);
}

static const struct sl_key keys[] = {
	{.name = "interfaces",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct config, interfaces),
	 .help = "names of the router's interfaces; a name's place is the interface's index"},
	{.name = "addresses",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct config, addresses),
	 .help = "addresses to speak from: 'lan 10.0.0.1/24'"},
	{.name = "rate",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, rate),
	 .preset = "100",
	 .help = "errors a second to one source: an IPv4 address, or an IPv6 /64",
	 .min = 1,
	 .max = 1e9},
	{.name = "burst",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, burst),
	 .preset = "50",
	 .help = "errors to one source at once",
	 .min = 1,
	 .max = 1e6},
	{.name = "total-rate",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, total_rate),
	 .preset = "1k",
	 .help = "errors a second about all that came in on one interface",
	 .min = 1,
	 .max = 1e9},
	{.name = "total-burst",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, total_burst),
	 .preset = "500",
	 .help = "of these, errors at once",
	 .min = 1,
	 .max = 1e6},
	{.name = "from-destination",
	 .type = SL_BOOL,
	 .offset = offsetof(struct config, from_destination),
	 .preset = "no",
	 .help = "speak from the address that a packet was for: to a host that would not believe "
		 "its own, or one that no route leads to"},
	{0},
};

const struct sl_app_class sl_icmp_error_class = {
	.name = "icmp-error",
	.help = "tell sources why their packets cannot go on\n"
		"Takes packets that another app of the router gave up, with the reason in "
		"front of them, and sends ICMP or ICMPv6 errors that quote as much of them as "
		"fits. The packets themselves are dropped under the name of the reason. No "
		"error is sent about errors, about fragments behind the first, about packets "
		"from or to several hosts, and about the router's own packets: `suppressed`. "
		"`rate` and `burst` hold for each source, `total-rate` and `total-burst` for "
		"all that came in on one interface, so that a flood on one leaves the others "
		"theirs: `limited`. Errors are sent from the address that the packet was for "
		"if that is the router's, else from the first one of the interface it came in "
		"on, else from any: `no_source` where there is none. What `control` brings "
		"adds to and takes from the addresses.",
	.inputs = {[CONTROL] = "control", [FIRST] = "*"},
	.outputs = {[IPV4] = "ipv4", [IPV6] = "ipv6"},
	.drops = {[DROP_UNKNOWN] = "no_reason",
		  [DROP_NO_IP] = "no_ip",
		  [SL_IP_NO_ROUTE] = "no_route",
		  [SL_IP_HOST_UNREACHABLE] = "host_unreachable",
		  [SL_IP_PROTOCOL_UNREACHABLE] = "protocol_unreachable",
		  [SL_IP_PORT_UNREACHABLE] = "port_unreachable",
		  [SL_IP_TOO_BIG] = "too_big",
		  [SL_IP_PROHIBITED] = "prohibited",
		  [SL_IP_TTL_EXCEEDED] = "ttl_exceeded",
		  [SL_IP_REASSEMBLY_TIME] = "reassembly_time",
		  [SL_IP_PARAM_HEADER] = "param_header",
		  [SL_IP_PARAM_NEXT_HEADER] = "param_next_header",
		  [SL_IP_PARAM_OPTION] = "param_option",
		  [SL_IP_PARAM_CHAIN] = "param_chain",
		  [SL_IP_REJECTED] = "rejected",
		  [SL_IP_BEYOND_SCOPE] = "beyond_scope"},
	.metrics = {[METRIC_SENT] = "sent",
		    [METRIC_SUPPRESSED] = "suppressed",
		    [METRIC_LIMITED] = "limited",
		    [METRIC_NO_SOURCE] = "no_source",
		    [METRIC_NO_BUFFER] = "no_buffer"},
	.keys = keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct icmp_error),
	.loops = true,
	.configure = icmp_error_configure,
	.adopt = icmp_error_adopt,
	.push = icmp_error_push,
	.stop = icmp_error_stop,
};
