// local: what is for the router itself: answers echo requests, hands the rest to the host or says
// that nobody is there. Ports: ipv4, ipv6, control -> ipv4, ipv6, error, one TAP per interface that
// has one. Config: interfaces, addresses.
// Spec: RFC 792, RFC 1122 section 3.2.2.6, RFC 1812 sections 4.3.3.6 and 5.2.7.1, RFC 4443 section
// 4, RFC 8200 section 4.

#include "apps/classes.h"
#include "apps/divide.h"
#include "core/ip/extensions.h"
#include "core/ip/interfaces.h"
#include "core/ip/reassemble.h"
#include "core/ip/upper.h"
#include "core/proto/checksum.h"
#include "core/proto/icmp.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

#include <errno.h>
#include <sys/random.h>

enum { IN_IPV4, IN_IPV6, IN_CONTROL };
enum { OUT_IPV4, OUT_IPV6, OUT_ERROR, OUT_TAPS };
enum {
	DROP_GROUP,
	DROP_NOT_OURS,
	DROP_BAD_SOURCE,
	DROP_BAD_CHECKSUM,
	DROP_ICMP_IGNORED,
	DROP_UNKNOWN_OPTION,
	DROP_NO_NEXT_HEADER,
	DROP_FRAGMENT_MALFORMED,
	DROP_FRAGMENT_DUPLICATE,
	DROP_FRAGMENT_OVERLAP,
	DROP_FRAGMENT_TOO_MANY,
	DROP_FRAGMENT_EVICTED,
	DROP_FRAGMENT_TIMEOUT,
	DROP_NO_BUFFER,
};
enum { METRIC_ECHO_REPLIES, METRIC_REASSEMBLED, METRIC_TO_TAP, METRIC_ERRORS };

enum {
	TTL = 64,
	DATAGRAMS = 256,
	FRAGMENTS = 1024,
};
static const uint64_t timeout_ns = 60000000000; // RFC 8200 section 4.5; RFC 1122 section 3.3.2

struct config {
	struct sl_strings interfaces, addresses;
};

struct local {
	struct sl_app app;
	struct sl_strings interfaces;
	struct sl_iface_addresses addresses;
	uint8_t taps[SL_IFACES_MAX]; // outputs by interface
	struct sl_reassembly *reassembly;
	uint16_t id;   // of the last IPv4 packet
	uint64_t ids6; // state of those of IPv6
};

// ---- ways out

// The TAP of the interface that the packet came in on; SL_IFACE_NO_OUTPUT = none.
static uint8_t tap_of(const struct local *self, const struct rte_mbuf *p)
{
	uint16_t iface = sl_ip_meta(p)->iface_in;

	return iface < SL_IFACES_MAX ? self->taps[iface] : SL_IFACE_NO_OUTPUT;
}

static bool has_tap(const struct local *self, const struct rte_mbuf *p)
{
	return tap_of(self, p) != SL_IFACE_NO_OUTPUT;
}

// Hand the frame to the host as it came in.
static void to_tap(struct local *self, struct rte_mbuf *p)
{
	uint8_t tap = tap_of(self, p);

	sl_prepend(p, sizeof(struct sl_ether_hdr)); // the end of the meta
	sl_app_metric_add(&self->app, METRIC_TO_TAP, 1);
	sl_app_give_one(&self->app, tap, p);
}

static void tell(struct local *self, struct rte_mbuf *p, unsigned error, uint32_t pointer)
{
	struct sl_ip_meta *m = sl_ip_meta(p);

	m->error = (uint8_t)error;
	m->pointer = pointer;
	sl_app_metric_add(&self->app, METRIC_ERRORS, 1);
	sl_app_give_one(&self->app, OUT_ERROR, p);
}

// Turn the ICMP message of len bytes into an echo reply.
static void make_reply(struct sl_icmp_hdr *icmp, size_t len, uint8_t type, uint32_t initial)
{
	uint16_t checksum;

	icmp->type = type;
	checksum = sl_checksum_make((const uint8_t *)icmp, len,
				    offsetof(struct sl_icmp_hdr, checksum), initial);
	memcpy(icmp->checksum, &checksum, sizeof(checksum));
}

// ---- IPv4

static bool group4(const struct local *self, const uint8_t *ip)
{
	return ip[0] >= 224 || sl_iface_addresses_broadcast(&self->addresses, ip);
}

// The answer needs no options: routes that sources choose are not followed.
static void echo4(struct local *self, struct rte_mbuf *p)
{
	struct sl_ipv4_hdr from = *(const struct sl_ipv4_hdr *)sl_data(p), *ip;
	uint16_t checksum;

	if (group4(self, from.src)) {
		sl_app_drop(&self->app, p, DROP_BAD_SOURCE);
		return;
	}
	sl_trim_head(p, (uint16_t)(sl_ipv4_hdr_len(&from) - sizeof(*ip)));
	ip = (struct sl_ipv4_hdr *)sl_data(p);
	*ip = (struct sl_ipv4_hdr){.version_ihl = 0x45,
				   .tos = from.tos & 0xfc, // without ECN
				   .ttl = TTL,
				   .protocol = SL_PROTO_ICMP};
	store_be16(ip->total_len, sl_len(p));
	store_be16(ip->id, ++self->id);
	memcpy(ip->src, from.dst, sizeof(ip->src));
	memcpy(ip->dst, from.src, sizeof(ip->dst));
	checksum = sl_checksum_make((const uint8_t *)ip, sizeof(*ip),
				    offsetof(struct sl_ipv4_hdr, checksum), 0);
	memcpy(ip->checksum, &checksum, sizeof(checksum));
	make_reply((struct sl_icmp_hdr *)(ip + 1), sl_len(p) - sizeof(*ip), SL_ICMP_ECHO_REPLY, 0);
	sl_ip_meta_reset(p);
	sl_app_metric_add(&self->app, METRIC_ECHO_REPLIES, 1);
	sl_app_give_one(&self->app, OUT_IPV4, p);
}

static bool is_echo4(const struct rte_mbuf *p)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)sl_data(p);
	size_t hdr_len = sl_ipv4_hdr_len(ip);

	return ip->protocol == SL_PROTO_ICMP && !sl_ipv4_is_fragment(ip) &&
	       sl_len(p) >= hdr_len + sizeof(struct sl_icmp_hdr) &&
	       sl_data(p)[hdr_len] == SL_ICMP_ECHO;
}

// A whole packet for one of our addresses.
static void whole4(struct local *self, struct rte_mbuf *p)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)sl_data(p);
	bool echo = is_echo4(p);

	if (!echo && has_tap(self, p))
		to_tap(self, p);
	else if (!sl_upper_good4(sl_data(p), sl_len(p)))
		sl_app_drop(&self->app, p, DROP_BAD_CHECKSUM);
	else if (echo)
		echo4(self, p);
	else if (ip->protocol == SL_PROTO_ICMP)
		sl_app_drop(&self->app, p, DROP_ICMP_IGNORED);
	else if (ip->protocol == SL_PROTO_UDP)
		tell(self, p, SL_IP_PORT_UNREACHABLE, 0);
	else
		tell(self, p, SL_IP_PROTOCOL_UNREACHABLE, offsetof(struct sl_ipv4_hdr, protocol));
}

// Returns the whole that a fragment completes, if it does.
static struct rte_mbuf *reassemble(struct local *self, struct rte_mbuf *p, uint32_t at)
{
	struct rte_mbuf *whole = sl_reassembly_add(self->reassembly, p, at, self->app.now_ns);

	if (whole && whole != p) {
		sl_app_created(&self->app, 1);
		sl_app_metric_add(&self->app, METRIC_REASSEMBLED, 1);
		sl_ip_meta(whole)->flags |= SL_META_REASSEMBLED;
	}
	return whole;
}

static void local_ipv4(struct local *self, struct rte_mbuf *p)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)sl_data(p);
	bool group = group4(self, ip->dst);

	if (has_tap(self, p) && (group || sl_ipv4_is_fragment(ip))) {
		to_tap(self, p);
		return;
	}
	if (group) {
		sl_app_drop(&self->app, p, DROP_GROUP);
		return;
	}
	if (sl_ipv4_is_fragment(ip))
		p = reassemble(self, p, 0);
	if (p)
		whole4(self, p);
}

// ---- IPv6

static bool is_link_local(const uint8_t *ip)
{
	return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

static bool is_group6(const uint8_t *ip)
{
	return ip[0] == 0xff;
}

// Whether the router has the address, of which it has been told that it may: of link-local ones it
// has that of the station that the frame was for.
static bool is_ours6(const struct local *self, const struct rte_mbuf *p, const uint8_t *ip)
{
	const struct sl_ip_meta *m = sl_ip_meta(p);
	struct sl_ip own = sl_ip_link_local(m->ether);

	if (!is_link_local(ip) || sl_iface_addresses_have(&self->addresses, 6, ip))
		return true;
	return !(m->flags & SL_META_L2_GROUP) && memcmp(own.bytes, ip, sizeof(own.bytes)) == 0;
}

// Send a reply as fragments that any link carries, as IPv6 wants it of a source (RFC 8200 section
// 5).
static void send_divided6(struct local *self, struct rte_mbuf *p)
{
	struct rte_mbuf *fragments[SL_BURST];
	struct sl_fragments f;

	sl_fragments_begin(&f, sl_data(p), sl_len(p), SL_FRAGMENT_MTU_MIN6,
			   sl_fragment_id(&self->ids6));
	while (sl_fragments_len(&f) > 0) {
		unsigned n = sl_app_divide(&self->app, &f, p, fragments);

		if (n == 0) {
			sl_app_drop(&self->app, p, DROP_NO_BUFFER);
			return;
		}
		sl_app_give(&self->app, OUT_IPV6, fragments, n);
	}
	sl_app_consumed(&self->app, 1);
	sl_free(p);
}

static void echo6(struct local *self, struct rte_mbuf *p, uint32_t at)
{
	struct sl_ipv6_hdr from = *(const struct sl_ipv6_hdr *)sl_data(p), *ip;
	uint16_t iface = sl_ip_meta(p)->iface_in, len = (uint16_t)(sl_len(p) - at);
	bool divide = sl_ip_meta(p)->flags & SL_META_REASSEMBLED;
	const uint8_t *source = from.dst;

	if (is_group6(source)) // RFC 4443 section 4.2
		source = sl_iface_addresses_source(&self->addresses, iface, 6,
						   is_link_local(from.src));
	if (!source || is_group6(from.src) ||
	    (load_be64(from.src) | load_be64(from.src + 8)) == 0) {
		sl_app_drop(&self->app, p, DROP_BAD_SOURCE);
		return;
	}
	sl_trim_head(p, (uint16_t)(at - sizeof(*ip)));
	ip = (struct sl_ipv6_hdr *)sl_data(p);
	*ip = (struct sl_ipv6_hdr){
		.version_class_flow = {0x60}, .next_header = SL_PROTO_ICMPV6, .hop_limit = TTL};
	store_be16(ip->payload_len, len);
	memcpy(ip->src, source, sizeof(ip->src));
	memcpy(ip->dst, from.src, sizeof(ip->dst));
	make_reply((struct sl_icmp_hdr *)(ip + 1), len, SL_ICMPV6_ECHO_REPLY,
		   sl_checksum_pseudo_ipv6(ip->src, ip->dst, SL_PROTO_ICMPV6, len));
	sl_ip_meta_reset(p);
	if (is_link_local(ip->dst))
		sl_ip_meta(p)->iface_out = iface;
	sl_app_metric_add(&self->app, METRIC_ECHO_REPLIES, 1);
	// the reply to what came whole fits the way back
	if (divide && sl_len(p) > SL_FRAGMENT_MTU_MIN6)
		send_divided6(self, p);
	else
		sl_app_give_one(&self->app, OUT_IPV6, p);
}

// Whether what is at that byte of the packet is an echo request.
static bool is_echo6(const struct rte_mbuf *p, uint8_t protocol, uint32_t at)
{
	return protocol == SL_PROTO_ICMPV6 && sl_len(p) >= at + sizeof(struct sl_icmp_hdr) &&
	       sl_data(p)[at] == SL_ICMPV6_ECHO;
}

static void upper6(struct local *self, struct rte_mbuf *p, const struct sl_extensions *x)
{
	bool group = is_group6(((const struct sl_ipv6_hdr *)sl_data(p))->dst);

	if (!sl_upper_good6(sl_data(p), sl_len(p), x->protocol, x->at))
		sl_app_drop(&self->app, p, DROP_BAD_CHECKSUM);
	else if (is_echo6(p, x->protocol, x->at))
		echo6(self, p, x->at);
	else if (group)
		sl_app_drop(&self->app, p, DROP_GROUP);
	else if (x->protocol == SL_PROTO_ICMPV6)
		sl_app_drop(&self->app, p, DROP_ICMP_IGNORED);
	else if (x->protocol == SL_PROTO_UDP)
		tell(self, p, SL_IP_PORT_UNREACHABLE, 0);
	else
		tell(self, p, SL_IP_PARAM_NEXT_HEADER, x->named);
}

// A packet that no host behind a TAP takes. Returns the whole that it completes, if it does.
static struct rte_mbuf *walk6(struct local *self, struct rte_mbuf *p)
{
	struct sl_extensions x;

	sl_extensions_walk(&x, sl_data(p), sl_len(p));
	switch (x.verdict) {
	case SL_EXTENSIONS_FRAGMENT:
		return reassemble(self, p, x.at);
	case SL_EXTENSIONS_UPPER:
		upper6(self, p, &x);
		return NULL;
	case SL_EXTENSIONS_ERROR:
		tell(self, p, x.error, x.pointer);
		return NULL;
	case SL_EXTENSIONS_DISCARD:
		sl_app_drop(&self->app, p, DROP_UNKNOWN_OPTION);
		return NULL;
	default:
		sl_app_drop(&self->app, p, DROP_NO_NEXT_HEADER);
		return NULL;
	}
}

static void local_ipv6(struct local *self, struct rte_mbuf *p)
{
	const struct sl_ipv6_hdr *ip = (const struct sl_ipv6_hdr *)sl_data(p);
	bool ours = is_ours6(self, p, ip->dst);
	struct sl_extensions bare = {.protocol = ip->next_header, .at = sizeof(*ip)};

	if (!has_tap(self, p)) {
		if (!ours)
			sl_app_drop(&self->app, p, DROP_NOT_OURS);
		while (ours && p) // what was reassembled starts anew
			p = walk6(self, p);
		return;
	}
	if (ours && !is_group6(ip->dst) && is_echo6(p, ip->next_header, bare.at))
		upper6(self, p, &bare);
	else
		to_tap(self, p);
}

// ---- the app

static void lost(void *context, struct rte_mbuf *p, enum sl_reassembly_fate fate)
{
	static const uint8_t drops[] = {
		[SL_REASSEMBLY_DUPLICATE] = DROP_FRAGMENT_DUPLICATE,
		[SL_REASSEMBLY_OVERLAP] = DROP_FRAGMENT_OVERLAP,
		[SL_REASSEMBLY_TOO_MANY] = DROP_FRAGMENT_TOO_MANY,
		[SL_REASSEMBLY_EVICTED] = DROP_FRAGMENT_EVICTED,
		[SL_REASSEMBLY_TIMEOUT] = DROP_FRAGMENT_TIMEOUT,
		[SL_REASSEMBLY_MALFORMED] = DROP_FRAGMENT_MALFORMED,
		[SL_REASSEMBLY_BAD_LENGTH] = DROP_FRAGMENT_MALFORMED,
		[SL_REASSEMBLY_TOO_LONG] = DROP_FRAGMENT_MALFORMED,
		[SL_REASSEMBLY_CHAIN] = DROP_FRAGMENT_MALFORMED,
		[SL_REASSEMBLY_NO_BUFFER] = DROP_NO_BUFFER,
	};
	struct local *self = context;
	bool ipv6 = sl_data(p)[0] >> 4 == 6;
	struct sl_extensions x;

	if (fate == SL_REASSEMBLY_USED) {
		sl_app_consumed(&self->app, 1);
		sl_free(p);
	} else if (fate == SL_REASSEMBLY_FIRST) {
		tell(self, p, SL_IP_REASSEMBLY_TIME, 0);
	} else if (ipv6 && fate == SL_REASSEMBLY_BAD_LENGTH) {
		tell(self, p, SL_IP_PARAM_HEADER, offsetof(struct sl_ipv6_hdr, payload_len));
	} else if (ipv6 && fate == SL_REASSEMBLY_TOO_LONG) {
		sl_extensions_walk(&x, sl_data(p), sl_len(p));
		tell(self, p, SL_IP_PARAM_HEADER,
		     x.at + (uint32_t)offsetof(struct sl_ipv6_fragment, offset_more));
	} else if (fate == SL_REASSEMBLY_CHAIN) {
		tell(self, p, SL_IP_PARAM_CHAIN, 0);
	} else {
		sl_app_drop(&self->app, p, drops[fate]);
	}
}

static void control_one(struct local *self, struct rte_mbuf *p)
{
	struct sl_control c;

	while (sl_control_get(p, &c))
		sl_iface_addresses_control(&self->addresses, &c);
	sl_app_consumed(&self->app, 1);
	sl_free(p);
}

static void local_push(struct sl_app *app)
{
	static void (*const work[])(struct local *, struct rte_mbuf *) = {
		[IN_IPV4] = local_ipv4, [IN_IPV6] = local_ipv6, [IN_CONTROL] = control_one};
	struct local *self = (struct local *)app;
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
	struct local *self = (struct local *)app;

	sl_reassembly_expire(self->reassembly, app->now_ns);
	sl_app_set_held(app, sl_reassembly_held(self->reassembly));
}

static void local_needs(const void *config, struct sl_needs *needs)
{
	(void)config;
	needs->packets = FRAGMENTS;
}

static int local_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	struct local *self = (struct local *)app;
	const struct config *c = config;
	struct sl_reassembly_options options = {.datagrams = DATAGRAMS,
						.fragments = FRAGMENTS,
						.timeout_ns = timeout_ns,
						.pool = app->pool};
	int r = sl_ifaces_check(&c->interfaces, err);

	self->interfaces = c->interfaces;
	if (r == 0)
		r = sl_iface_addresses_read(&self->addresses, &c->interfaces, &c->addresses, err);
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
	sl_iface_outputs(self->taps, app, &self->interfaces);
	return 0;
}

// Datagrams under way go on.
static void local_adopt(struct sl_app *app, struct sl_app *old)
{
	struct local *self = (struct local *)app, *before = (struct local *)old;

	sl_reassembly_adopt(self->reassembly, before->reassembly);
	sl_app_set_held(app, sl_reassembly_held(self->reassembly));
	sl_app_set_held(old, 0);
	self->id = before->id;
	sl_iface_addresses_adopt(&self->addresses, &before->addresses);
}

static void local_settle(struct sl_app *app, const struct sl_apps *apps)
{
	struct local *self = (struct local *)app;

	(void)apps;
	sl_iface_outputs(self->taps, app, &self->interfaces);
}

static void local_stop(struct sl_app *app)
{
	sl_reassembly_destroy(((struct local *)app)->reassembly);
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
	{0},
};

const struct sl_app_class sl_local_class = {
	.name = "local",
	.help = "take what is for the router itself\n"
		"Echo requests whose checksum is right are answered from the address that was "
		"asked. "
		"All else that came in on an interface whose TAP is connected goes there, as the "
		"frame "
		"that it was, for the host's programs; the host also puts its fragments together. "
		"Without a TAP, fragments are put together here: 256 datagrams of 1024 fragments "
		"in "
		"all, for 60 s; overlaps drop a datagram (RFC 5722). UDP, and other protocols, are "
		"told through `error` that nobody listens; ICMP other than echo requests is "
		"dropped "
		"as `icmp_ignored`, broadcasts and multicasts as `group`. Options of IPv6 are "
		"treated "
		"as their type asks for; routing headers that are not done are refused. "
		"`addresses` "
		"tell which destinations are broadcasts and who answers multicast echo requests; "
		"`control` adds to them and takes from them.",
	.inputs = {[IN_IPV4] = "ipv4", [IN_IPV6] = "ipv6", [IN_CONTROL] = "control"},
	.outputs =
		{[OUT_IPV4] = "ipv4", [OUT_IPV6] = "ipv6", [OUT_ERROR] = "error", [OUT_TAPS] = "*"},
	.drops = {[DROP_GROUP] = "group",
		  [DROP_NOT_OURS] = "not_ours",
		  [DROP_BAD_SOURCE] = "bad_source",
		  [DROP_BAD_CHECKSUM] = "bad_checksum",
		  [DROP_ICMP_IGNORED] = "icmp_ignored",
		  [DROP_UNKNOWN_OPTION] = "unknown_option",
		  [DROP_NO_NEXT_HEADER] = "no_next_header",
		  [DROP_FRAGMENT_MALFORMED] = "fragment_malformed",
		  [DROP_FRAGMENT_DUPLICATE] = "fragment_duplicate",
		  [DROP_FRAGMENT_OVERLAP] = "fragment_overlap",
		  [DROP_FRAGMENT_TOO_MANY] = "fragment_too_many",
		  [DROP_FRAGMENT_EVICTED] = "fragment_evicted",
		  [DROP_FRAGMENT_TIMEOUT] = "fragment_timeout",
		  [DROP_NO_BUFFER] = "no_buffer"},
	.metrics = {[METRIC_ECHO_REPLIES] = "echo_replies",
		    [METRIC_REASSEMBLED] = "reassembled",
		    [METRIC_TO_TAP] = "to_tap",
		    [METRIC_ERRORS] = "errors"},
	.keys = keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct local),
	.loops = true,
	.needs = local_needs,
	.configure = local_configure,
	.adopt = local_adopt,
	.settle = local_settle,
	.push = local_push,
	.tick = local_tick,
	.stop = local_stop,
};
