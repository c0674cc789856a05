// local: what is for the router itself: answers echo requests, hands the rest to the host or says
// that nobody is there. Ports: ipv4, ipv6, control -> ipv4, ipv6, error, one TAP per interface that
// has one, and one per UDP port that a tunnel listens on. Config: interfaces, addresses, listen.
// Spec: RFC 792, RFC 1122 section 3.2.2.6, RFC 1812 sections 4.3.3.6 and 5.2.7.1, RFC 4443 section
// 4, RFC 8200 section 4.

#include "apps/local.h"
#include "apps/classes.h"
#include "core/ip/extensions.h"
#include "core/proto/checksum.h"
#include "core/proto/ipv6.h"

#include <errno.h>
#include <sys/random.h>

enum {
	DATAGRAMS = 256,
	FRAGMENTS = 1024,
};
static const uint64_t timeout_ns = 60000000000; // RFC 8200 section 4.5; RFC 1122 section 3.3.2

struct config {
	struct sl_strings interfaces, addresses, listen;
};

// ---- ways out

// The TAP of the interface that the packet came in on; SL_IFACE_NO_OUTPUT = none.
static uint8_t tap_of(const struct sl_local *self, const struct rte_mbuf *p)
{
	uint16_t iface = sl_ip_meta(p)->iface_in;

	return iface < SL_IFACES_MAX ? self->taps[iface] : SL_IFACE_NO_OUTPUT;
}

bool sl_local_has_tap(const struct sl_local *self, const struct rte_mbuf *p)
{
	return tap_of(self, p) != SL_IFACE_NO_OUTPUT;
}

void sl_local_to_tap(struct sl_local *self, struct rte_mbuf *p)
{
	uint8_t tap = tap_of(self, p);

	sl_prepend(p, sizeof(struct sl_ether_hdr)); // the end of the meta
	sl_app_metric_add(&self->app, SL_LOCAL_METRIC_TO_TAP, 1);
	sl_app_give_one(&self->app, tap, p);
}

bool sl_local_to_listener(struct sl_local *self, struct rte_mbuf *p, uint8_t protocol, size_t at)
{
	uint8_t output = sl_listeners_find(&self->listeners, sl_data(p), sl_len(p), protocol, at);

	if (output == SL_IFACE_NO_OUTPUT)
		return false;
	sl_app_metric_add(&self->app, SL_LOCAL_METRIC_TO_TUNNEL, 1);
	sl_app_give_one(&self->app, output, p);
	return true;
}

void sl_local_tell(struct sl_local *self, struct rte_mbuf *p, unsigned error, uint32_t pointer)
{
	struct sl_ip_meta *m = sl_ip_meta(p);

	m->error = (uint8_t)error;
	m->pointer = pointer;
	sl_app_metric_add(&self->app, SL_LOCAL_METRIC_ERRORS, 1);
	sl_app_give_one(&self->app, SL_LOCAL_OUT_ERROR, p);
}

void sl_local_make_reply(struct sl_icmp_hdr *icmp, size_t len, uint8_t type, uint32_t initial)
{
	uint16_t checksum;

	icmp->type = type;
	checksum = sl_checksum_make((const uint8_t *)icmp, len,
				    offsetof(struct sl_icmp_hdr, checksum), initial);
	memcpy(icmp->checksum, &checksum, sizeof(checksum));
}

struct rte_mbuf *sl_local_reassemble(struct sl_local *self, struct rte_mbuf *p, uint32_t at)
{
	struct rte_mbuf *whole = sl_reassembly_add(self->reassembly, p, at, self->app.now_ns);

	if (whole && whole != p) {
		sl_app_created(&self->app, 1);
		sl_app_metric_add(&self->app, SL_LOCAL_METRIC_REASSEMBLED, 1);
		sl_ip_meta(whole)->flags |= SL_META_REASSEMBLED;
	}
	return whole;
}

bool sl_local_may_be_a_listeners(const struct sl_local *self, uint8_t protocol)
{
	return protocol == SL_PROTO_UDP && self->listeners.n > 0;
}

// ---- the app

static void lost(void *context, struct rte_mbuf *p, enum sl_reassembly_fate fate)
{
	static const uint8_t drops[] = {
		[SL_REASSEMBLY_DUPLICATE] = SL_LOCAL_DROP_FRAGMENT_DUPLICATE,
		[SL_REASSEMBLY_OVERLAP] = SL_LOCAL_DROP_FRAGMENT_OVERLAP,
		[SL_REASSEMBLY_TOO_MANY] = SL_LOCAL_DROP_FRAGMENT_TOO_MANY,
		[SL_REASSEMBLY_EVICTED] = SL_LOCAL_DROP_FRAGMENT_EVICTED,
		[SL_REASSEMBLY_TIMEOUT] = SL_LOCAL_DROP_FRAGMENT_TIMEOUT,
		[SL_REASSEMBLY_MALFORMED] = SL_LOCAL_DROP_FRAGMENT_MALFORMED,
		[SL_REASSEMBLY_BAD_LENGTH] = SL_LOCAL_DROP_FRAGMENT_MALFORMED,
		[SL_REASSEMBLY_TOO_LONG] = SL_LOCAL_DROP_FRAGMENT_MALFORMED,
		[SL_REASSEMBLY_CHAIN] = SL_LOCAL_DROP_FRAGMENT_MALFORMED,
		[SL_REASSEMBLY_NO_BUFFER] = SL_LOCAL_DROP_NO_BUFFER,
	};
	struct sl_local *self = context;
	bool ipv6 = sl_data(p)[0] >> 4 == 6;
	struct sl_extensions x;

	if (fate == SL_REASSEMBLY_USED) {
		sl_app_consumed(&self->app, 1);
		sl_free(p);
	} else if (fate == SL_REASSEMBLY_FIRST) {
		sl_local_tell(self, p, SL_IP_REASSEMBLY_TIME, 0);
	} else if (ipv6 && fate == SL_REASSEMBLY_BAD_LENGTH) {
		sl_local_tell(self, p, SL_IP_PARAM_HEADER,
			      offsetof(struct sl_ipv6_hdr, payload_len));
	} else if (ipv6 && fate == SL_REASSEMBLY_TOO_LONG) {
		sl_extensions_walk(&x, sl_data(p), sl_len(p));
		sl_local_tell(self, p, SL_IP_PARAM_HEADER,
			      x.at + (uint32_t)offsetof(struct sl_ipv6_fragment, offset_more));
	} else if (fate == SL_REASSEMBLY_CHAIN) {
		sl_local_tell(self, p, SL_IP_PARAM_CHAIN, 0);
	} else {
		sl_app_drop(&self->app, p, drops[fate]);
	}
}

static void control_one(struct sl_local *self, struct rte_mbuf *p)
{
	struct sl_control c;

	while (sl_control_get(p, &c))
		sl_iface_addresses_control(&self->addresses, &c);
	sl_app_consumed(&self->app, 1);
	sl_free(p);
}

static void local_push(struct sl_app *app)
{
	static void (*const work[])(struct sl_local *,
				    struct rte_mbuf *) = {[SL_LOCAL_IN_IPV4] = sl_local_ipv4,
							  [SL_LOCAL_IN_IPV6] = sl_local_ipv6,
							  [SL_LOCAL_IN_CONTROL] = control_one};
	struct sl_local *self = (struct sl_local *)app;
	struct rte_mbuf *p[SL_BURST];

	for (unsigned port = 0; port < RTE_DIM(work); port++) {
		unsigned n = sl_app_take(app, port, p, SL_BURST);

		for (unsigned i = 0; i < n; i++)
			work[port](self, p[i]);
	}
	sl_app_set_held(app, sl_reassembly_held(self->reassembly));
}

static void local_tick(struct sl_app *app)
{
	struct sl_local *self = (struct sl_local *)app;

	sl_reassembly_expire(self->reassembly, app->now_ns);
	sl_app_set_held(app, sl_reassembly_held(self->reassembly));
}

// A tunnel's interface bears the name of its output, which is no TAP.
static void find_outputs(struct sl_local *self)
{
	sl_iface_outputs(self->taps, &self->app, &self->interfaces);
	sl_listeners_wire(&self->listeners, &self->app);
	for (unsigned i = 0; i < SL_IFACES_MAX; i++)
		if (sl_listeners_have(&self->listeners, self->taps[i]))
			self->taps[i] = SL_IFACE_NO_OUTPUT;
}

static void local_needs(const void *config, struct sl_needs *needs)
{
	(void)config;
	needs->packets = FRAGMENTS;
}

static int local_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	struct sl_local *self = (struct sl_local *)app;
	const struct config *c = config;
	struct sl_reassembly_options options = {.datagrams = DATAGRAMS,
						.fragments = FRAGMENTS,
						.timeout_ns = timeout_ns,
						.pool = app->pool};
	int r = sl_ifaces_check(&c->interfaces, err);

	self->interfaces = c->interfaces;
	if (r == 0)
		r = sl_iface_addresses_read(&self->addresses, &c->interfaces, &c->addresses, err);
	if (r == 0)
		r = sl_listeners_read(&self->listeners, &c->listen, err);
	if (r < 0)
		return r;
	if (getrandom(&self->ids6, sizeof(self->ids6), GRND_NONBLOCK) < 0)
		return sl_error_set(err, -errno, "no random numbers");
	options.jumbo = sl_app_jumbo_pool(app, err);
	if (!options.jumbo)
		return -ENOMEM;
	self->reassembly = sl_reassembly_create(&options);
	if (!self->reassembly)
		return sl_error_set(err, -ENOMEM, "out of memory");
	sl_reassembly_listen(self->reassembly, lost, self);
	find_outputs(self);
	return 0;
}

// Datagrams under way go on.
static void local_adopt(struct sl_app *app, struct sl_app *old)
{
	struct sl_local *self = (struct sl_local *)app, *before = (struct sl_local *)old;

	sl_reassembly_adopt(self->reassembly, before->reassembly);
	sl_app_set_held(app, sl_reassembly_held(self->reassembly));
	sl_app_set_held(old, 0);
	self->id = before->id;
	sl_iface_addresses_adopt(&self->addresses, &before->addresses);
}

static void local_settle(struct sl_app *app, const struct sl_apps *apps)
{
	struct sl_local *self = (struct sl_local *)app;

	(void)apps;
	find_outputs(self);
}

static void local_stop(struct sl_app *app)
{
	sl_reassembly_destroy(((struct sl_local *)app)->reassembly);
}

static const struct sl_key keys[] = {
	{.name = "interfaces",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct config, interfaces),
	 .help = "names of the router's interfaces; an output of the same name is the TAP of one"},
	{.name = "addresses",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct config, addresses),
	 .help = "addresses of the router: 'lan 10.0.0.1/24'"},
	{.name = "listen",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct config, listen),
	 .help = "outputs that take the datagrams to a UDP port: 'site2 51820'"},
	{0},
};

const struct sl_app_class sl_local_class = {
	.name = "local",
	.help = "take what is for the router itself\n"
		"Echo requests whose checksum is right are answered from the address that was "
		"asked. All else that came in on an interface whose TAP is connected goes "
		"there, as the frame that it was, for the host's programs; the host also puts "
		"its fragments together. Datagrams to a port of `listen`, as whole packets, "
		"and ICMP errors which say that one from there was too big, leave on the "
		"output that is named there, TAP or none. Without a TAP, and of datagrams "
		"where `listen` is used, fragments are put together here: 256 datagrams of "
		"1024 fragments in all, for 60 s; overlaps drop a datagram (RFC 5722). UDP, "
		"and other protocols, are told through `error` that nobody listens; ICMP other "
		"than echo requests is dropped as `icmp_ignored`, broadcasts and multicasts as "
		"`group`. Options of IPv6 are treated as their type asks for; routing headers "
		"that are not done are refused. `addresses` tell which destinations are "
		"broadcasts and who answers multicast echo requests; `control` adds to them "
		"and takes from them.",
	.inputs = {[SL_LOCAL_IN_IPV4] = "ipv4",
		   [SL_LOCAL_IN_IPV6] = "ipv6",
		   [SL_LOCAL_IN_CONTROL] = "control"},
	.outputs = {[SL_LOCAL_OUT_IPV4] = "ipv4",
		    [SL_LOCAL_OUT_IPV6] = "ipv6",
		    [SL_LOCAL_OUT_ERROR] = "error",
		    [SL_LOCAL_OUT_NAMED] = "*"},
	.drops = {[SL_LOCAL_DROP_NO_IP] = "no_ip",
		  [SL_LOCAL_DROP_GROUP] = "group",
		  [SL_LOCAL_DROP_NOT_OURS] = "not_ours",
		  [SL_LOCAL_DROP_BAD_SOURCE] = "bad_source",
		  [SL_LOCAL_DROP_BAD_CHECKSUM] = "bad_checksum",
		  [SL_LOCAL_DROP_ICMP_IGNORED] = "icmp_ignored",
		  [SL_LOCAL_DROP_UNKNOWN_OPTION] = "unknown_option",
		  [SL_LOCAL_DROP_NO_NEXT_HEADER] = "no_next_header",
		  [SL_LOCAL_DROP_FRAGMENT_MALFORMED] = "fragment_malformed",
		  [SL_LOCAL_DROP_FRAGMENT_DUPLICATE] = "fragment_duplicate",
		  [SL_LOCAL_DROP_FRAGMENT_OVERLAP] = "fragment_overlap",
		  [SL_LOCAL_DROP_FRAGMENT_TOO_MANY] = "fragment_too_many",
		  [SL_LOCAL_DROP_FRAGMENT_EVICTED] = "fragment_evicted",
		  [SL_LOCAL_DROP_FRAGMENT_TIMEOUT] = "fragment_timeout",
		  [SL_LOCAL_DROP_NO_BUFFER] = "no_buffer"},
	.metrics = {[SL_LOCAL_METRIC_ECHO_REPLIES] = "echo_replies",
		    [SL_LOCAL_METRIC_REASSEMBLED] = "reassembled",
		    [SL_LOCAL_METRIC_TO_TAP] = "to_tap",
		    [SL_LOCAL_METRIC_TO_TUNNEL] = "to_tunnel",
		    [SL_LOCAL_METRIC_ERRORS] = "errors"},
	.keys = keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct sl_local),
	.loops = true,
	.needs = local_needs,
	.configure = local_configure,
	.adopt = local_adopt,
	.settle = local_settle,
	.push = local_push,
	.tick = local_tick,
	.stop = local_stop,
};
