// What becomes of packets in ipv4-route and ipv6-route. Spec: RFC 1812 sections 4.2.2.9, 5.2.4,
// 5.3.1, 5.3.6, 5.3.7, 5.3.13; RFC 1624; RFC 3927 section 7; RFC 8200 section 3; RFC 4291
// section 2.5.6.
//
// One body for both families, a constant saying which, is compiled once for each. What a packet
// needs next is written to its meta (core/ip/meta.h).

#include "apps/ip_route.h"
#include "core/ip/options.h"
#include "core/ip/source.h"
#include "core/proto/checksum.h"
#include "core/proto/flow.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

enum { WAYS = 64, NOWHERE = SL_IP_ROUTE_NOWHERE };

_Static_assert((int)SL_IP_ROUTE_FIRST_IFACE + SL_IFACES_MAX <= (int)NOWHERE,
	       "a way for each output, and none");
_Static_assert((int)NOWHERE < WAYS, "and room for it");

#define inlined inline __attribute__((always_inline))

// ---- one packet

static unsigned drop(struct sl_ip_route *self, struct rte_mbuf *p, unsigned reason)
{
	sl_app_drop(&self->app, p, reason);
	return NOWHERE;
}

static unsigned refuse(struct rte_mbuf *p, enum sl_ip_error error)
{
	sl_ip_meta(p)->error = error;
	return SL_IP_ROUTE_ERROR;
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
static inlined bool is_martian(const struct sl_ip_route *self, const struct rte_mbuf *p, bool v6)
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
	return SL_IP_ROUTE_BIG;
}

// Have a packet of our own that has none come from our address towards its next hop.
static bool has_source(const struct sl_ip_route *self, struct rte_mbuf *p, const uint8_t *next_hop,
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
static inlined unsigned send(struct sl_ip_route *self, struct rte_mbuf *p, const uint8_t *gateway,
			     unsigned iface, bool from_self, bool v6)
{
	struct sl_ip_meta *meta = sl_ip_meta(p);
	uint16_t mtu;

	if (__builtin_expect(iface >= SL_IFACES_MAX || self->port[iface] == NOWHERE, 0))
		return drop(self, p, SL_IP_ROUTE_DROP_NO_INTERFACE);
	mtu = self->mtu[iface];
	if (from_self && !has_source(self, p, gateway, iface))
		return drop(self, p, SL_IP_ROUTE_DROP_NO_SOURCE);
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

// Whether a packet of IPv4 is from or to an address that means another station on each link.
static inlined bool is_link_local4(const struct rte_mbuf *p)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)sl_data(p);
	const uint16_t prefix = 169 << 8 | 254;

	return load_be16(ip->src) == prefix || load_be16(ip->dst) == prefix;
}

static inlined unsigned forward(struct sl_ip_route *self, struct rte_mbuf *p,
				const struct sl_target *t, bool from_self, bool v6)
{
	const struct sl_hop *hop = t->hops;

	if (v6 && !from_self && source_is_link_local(p)) // RFC 4291 section 2.5.6
		return refuse(p, SL_IP_BEYOND_SCOPE);
	if (!v6 && !from_self && __builtin_expect(is_link_local4(p), 0)) // RFC 3927 section 7
		return drop(self, p, SL_IP_ROUTE_DROP_LINK_LOCAL);
	if (!from_self && __builtin_expect(hops_left(p, v6) <= 1, 0))
		return refuse(p, SL_IP_TTL_EXCEEDED);
	if (t->n_hops > 1)
		hop = sl_target_choose(t, sl_flow_hash_ip(sl_data(p), sl_len(p)));
	return send(self, p, hop->on_link ? destination(p, v6) : hop->gateway, hop->iface,
		    from_self, v6);
}

// A packet of our own to a group or to a link-local address: its sender has chosen the interface.
static unsigned send_scoped(struct sl_ip_route *self, struct rte_mbuf *p, bool v6)
{
	return send(self, p, destination(p, v6), sl_ip_meta(p)->iface_out, true, v6);
}

// A packet to the router itself: what comes from there, too, comes from the same address.
static unsigned receive(struct rte_mbuf *p, bool from_self, bool v6)
{
	if (from_self && sl_source_is_missing(sl_data(p)))
		sl_source_fill(sl_data(p), destination(p, v6));
	return SL_IP_ROUTE_LOCAL;
}

// A packet that is not forwarded.
static unsigned deliver(struct sl_ip_route *self, struct rte_mbuf *p, unsigned kind, bool from_self,
			bool v6)
{
	switch (kind) {
	case SL_ROUTE_BLACKHOLE:
		return drop(self, p, SL_IP_ROUTE_DROP_BLACKHOLE);
	case SL_ROUTE_UNREACHABLE:
		return refuse(p, SL_IP_REJECTED);
	case SL_ROUTE_PROHIBIT:
		return refuse(p, SL_IP_PROHIBITED);
	case SL_TARGET_NONE:
		return refuse(p, SL_IP_NO_ROUTE);
	case SL_TARGET_LOCAL:
		return receive(p, from_self, v6);
	default:
		return from_self ? send_scoped(self, p, v6) : SL_IP_ROUTE_LOCAL;
	}
}

static inlined unsigned go(struct sl_ip_route *self, struct rte_mbuf *p, const struct sl_target *t,
			   bool from_self, bool v6)
{
	if (__builtin_expect(t->kind == SL_ROUTE_FORWARD, 1))
		return forward(self, p, t, from_self, v6);
	return deliver(self, p, t->kind, from_self, v6);
}

// ---- options of IPv4

static inlined bool has_options(const struct rte_mbuf *p)
{
	return __builtin_expect(sl_data(p)[0] != 0x45, 0);
}

static bool is_own(const void *context, const uint8_t *ip)
{
	return sl_ip_routes_own(context, ip);
}

static void fill_options(const struct sl_ip_route *self, struct rte_mbuf *p)
{
	const struct sl_ip_meta *m = sl_ip_meta(p);
	const struct sl_options_router r = {
		.address = sl_ip_routes_source(&self->routes, m->iface_out, m->next_hop),
		.ms = sl_options_ms(self->app.wall_ns),
		.own = is_own,
		.context = &self->routes};

	sl_options_fill(sl_data(p), &r);
}

// Whether a packet of IPv4 that goes this way is on its way out, and not to be quoted as it came.
static bool travels_on(const struct rte_mbuf *p, unsigned way)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)sl_data(p);

	if (way == SL_IP_ROUTE_BIG)
		return !(load_be16(ip->flags_offset) & SL_IPV4_DF);
	return way >= SL_IP_ROUTE_FIRST_IFACE && way != NOWHERE;
}

// A packet from outside with options. Spec: RFC 1812 section 5.3.13; RFC 7126 sections 4.3 and 4.4.
static __attribute__((noinline)) unsigned go_with_options(struct sl_ip_route *self,
							  struct rte_mbuf *p,
							  const struct sl_target *t)
{
	uint32_t pointer;
	unsigned way;

	if (!sl_ipv4_parse(sl_data(p), sl_len(p))) // of a graph that is wired wrongly
		return drop(self, p, SL_IP_ROUTE_DROP_NO_IP);
	switch (sl_options_check(sl_data(p), &pointer)) {
	case SL_OPTIONS_SOURCE_ROUTE:
		return drop(self, p, SL_IP_ROUTE_DROP_SOURCE_ROUTE);
	case SL_OPTIONS_BAD:
		sl_ip_meta(p)->pointer = pointer;
		return refuse(p, SL_IP_PARAM_HEADER);
	default:
		way = go(self, p, t, false, false);
		if (travels_on(p, way))
			fill_options(self, p);
		return way;
	}
}

// ---- a burst

static void give(struct sl_ip_route *self, unsigned way, struct rte_mbuf *const *p, unsigned n)
{
	if (way >= SL_IP_ROUTE_FIRST_IFACE)
		sl_app_metric_add(&self->app, SL_IP_ROUTE_METRIC_FORWARDED, n);
	sl_app_give(&self->app, way, p, n);
}

// Give packets that go several ways, in order on each.
//
// used  A bit for each way there is.
static void deal(struct sl_ip_route *self, struct rte_mbuf *const *p, const uint8_t *ways,
		 unsigned n, uint64_t used)
{
	struct rte_mbuf *burst[WAYS][SL_BURST];
	uint8_t count[WAYS] = {0};

	for (unsigned i = 0; i < n; i++)
		burst[ways[i]][count[ways[i]]++] = p[i];
	for (used &= ~(1ULL << NOWHERE); used; used &= used - 1) {
		unsigned way = (unsigned)__builtin_ctzll(used);

		give(self, way, burst[way], count[way]);
	}
}

static inlined void route_burst(struct sl_ip_route *self, unsigned input, bool v6)
{
	const struct sl_target *targets = sl_fib_targets(self->routes.fib);
	_Alignas(64) uint8_t keys[SL_BURST * 16];
	const size_t len = v6 ? 16 : 4;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(&self->app, input, p, SL_BURST);
	uint32_t ids[SL_BURST];
	uint8_t ways[SL_BURST];
	uint64_t used = 0;

	if (n == 0)
		return;
	for (unsigned i = 0; i < n; i++)
		memcpy(keys + i * len, destination(p[i], v6), len);
	sl_fib_lookup(self->routes.fib, keys, ids, n);
	for (unsigned i = 0; i < n; i++) {
		const struct sl_target *t = &targets[ids[i]];

		if (input == SL_IP_ROUTE_IN && is_martian(self, p[i], v6))
			ways[i] = (uint8_t)drop(self, p[i], SL_IP_ROUTE_DROP_MARTIAN_SOURCE);
		else if (input == SL_IP_ROUTE_IN && !v6 && has_options(p[i]))
			ways[i] = (uint8_t)go_with_options(self, p[i], t);
		else
			ways[i] = (uint8_t)go(self, p[i], t, input == SL_IP_ROUTE_SELF, v6);
		used |= 1ULL << ways[i];
	}
	if (used & (used - 1))
		deal(self, p, ways, n, used);
	else if (ways[0] != NOWHERE)
		give(self, ways[0], p, n);
}

void sl_ip_route_burst4(struct sl_ip_route *self)
{
	route_burst(self, SL_IP_ROUTE_SELF, false);
	route_burst(self, SL_IP_ROUTE_IN, false);
}

void sl_ip_route_burst6(struct sl_ip_route *self)
{
	route_burst(self, SL_IP_ROUTE_SELF, true);
	route_burst(self, SL_IP_ROUTE_IN, true);
}
