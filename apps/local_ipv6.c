// What local does with IPv6. Spec: RFC 4443 section 4, RFC 8200 section 4.

#include "apps/divide.h"
#include "apps/local.h"
#include "core/ip/extensions.h"
#include "core/ip/upper.h"
#include "core/proto/checksum.h"
#include "core/proto/ipv6.h"

static bool is_link_local(const uint8_t *ip)
{
	return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

static bool is_group6(const uint8_t *ip)
{
	return ip[0] == 0xff;
}

// Whether the router has the address, of which it has been told that it may: of link-local ones it
// has that of the station that the frame was for, of groups those that every router joins.
static bool is_ours6(const struct sl_local *self, const struct rte_mbuf *p, const uint8_t *ip)
{
	const struct sl_ip_meta *m = sl_ip_meta(p);
	struct sl_ip own = sl_ip_link_local(m->ether);

	if (is_group6(ip))
		return sl_iface_addresses_joined(&self->addresses, ip);
	if (!is_link_local(ip) || sl_iface_addresses_have(&self->addresses, 6, ip))
		return true;
	return !(m->flags & SL_META_L2_GROUP) && memcmp(own.bytes, ip, sizeof(own.bytes)) == 0;
}

// Send a reply as fragments that any link carries, as IPv6 wants it of a source (RFC 8200 section
// 5).
static void send_divided6(struct sl_local *self, struct rte_mbuf *p)
{
	struct rte_mbuf *fragments[SL_BURST];
	struct sl_fragments f;

	sl_fragments_begin(&f, sl_data(p), sl_len(p), SL_FRAGMENT_MTU_MIN6,
			   sl_fragment_id(&self->ids6));
	while (sl_fragments_len(&f) > 0) {
		unsigned n = sl_app_divide(&self->app, &f, p, fragments);

		if (n == 0) {
			sl_app_drop(&self->app, p, SL_LOCAL_DROP_NO_BUFFER);
			return;
		}
		sl_app_give(&self->app, SL_LOCAL_OUT_IPV6, fragments, n);
	}
	sl_app_consumed(&self->app, 1);
	sl_free(p);
}

static void echo6(struct sl_local *self, struct rte_mbuf *p, uint32_t at)
{
	struct sl_ipv6_hdr from = *(const struct sl_ipv6_hdr *)sl_data(p), *ip;
	uint16_t iface = sl_ip_meta(p)->iface_in, len = (uint16_t)(sl_len(p) - at);
	bool divide = sl_ip_meta(p)->flags & SL_META_REASSEMBLED;
	const uint8_t *source = from.dst;

	if (is_group6(source) ||
	    sl_iface_addresses_anycast(&self->addresses, source)) // RFC 4443 4.2
		source = sl_iface_addresses_source(&self->addresses, iface, 6,
						   is_link_local(from.src));
	if (!source || is_group6(from.src) ||
	    (load_be64(from.src) | load_be64(from.src + 8)) == 0) {
		sl_app_drop(&self->app, p, SL_LOCAL_DROP_BAD_SOURCE);
		return;
	}
	sl_trim_head(p, (uint16_t)(at - sizeof(*ip)));
	ip = (struct sl_ipv6_hdr *)sl_data(p);
	// the traffic class of the request, as with IPv4, and no flow label
	*ip = (struct sl_ipv6_hdr){.version_class_flow = {from.version_class_flow[0],
							  from.version_class_flow[1] & 0xf0},
				   .next_header = SL_PROTO_ICMPV6,
				   .hop_limit = SL_LOCAL_TTL};
	store_be16(ip->payload_len, len);
	memcpy(ip->src, source, sizeof(ip->src));
	memcpy(ip->dst, from.src, sizeof(ip->dst));
	sl_local_make_reply((struct sl_icmp_hdr *)(ip + 1), len, SL_ICMPV6_ECHO_REPLY,
			    sl_checksum_pseudo_ipv6(ip->src, ip->dst, SL_PROTO_ICMPV6, len));
	sl_ip_meta_reset(p);
	if (is_link_local(ip->dst))
		sl_ip_meta(p)->iface_out = iface;
	sl_app_metric_add(&self->app, SL_LOCAL_METRIC_ECHO_REPLIES, 1);
	// the reply to what came whole fits the way back
	if (divide && sl_len(p) > SL_FRAGMENT_MTU_MIN6)
		send_divided6(self, p);
	else
		sl_app_give_one(&self->app, SL_LOCAL_OUT_IPV6, p);
}

// Whether what is at that byte of the packet is an echo request.
static bool is_echo6(const struct rte_mbuf *p, uint8_t protocol, uint32_t at)
{
	return protocol == SL_PROTO_ICMPV6 && sl_len(p) >= at + sizeof(struct sl_icmp_hdr) &&
	       sl_data(p)[at] == SL_ICMPV6_ECHO;
}

static void upper6(struct sl_local *self, struct rte_mbuf *p, const struct sl_extensions *x)
{
	bool group = is_group6(((const struct sl_ipv6_hdr *)sl_data(p))->dst);

	if (!group && sl_local_to_listener(self, p, x->protocol, x->at))
		return;
	if (!sl_upper_good6(sl_data(p), sl_len(p), x->protocol, x->at))
		sl_app_drop(&self->app, p, SL_LOCAL_DROP_BAD_CHECKSUM);
	else if (is_echo6(p, x->protocol, x->at))
		echo6(self, p, x->at);
	else if (group)
		sl_app_drop(&self->app, p, SL_LOCAL_DROP_GROUP);
	else if (x->protocol == SL_PROTO_ICMPV6)
		sl_app_drop(&self->app, p, SL_LOCAL_DROP_ICMP_IGNORED);
	else if (x->protocol == SL_PROTO_UDP)
		sl_local_tell(self, p, SL_IP_PORT_UNREACHABLE, 0);
	else
		sl_local_tell(self, p, SL_IP_PARAM_NEXT_HEADER, x->named);
}

// A packet that no host behind a TAP takes. Returns the whole that it completes, if it does.
static struct rte_mbuf *walk6(struct sl_local *self, struct rte_mbuf *p)
{
	struct sl_extensions x;

	sl_extensions_walk(&x, sl_data(p), sl_len(p));
	switch (x.verdict) {
	case SL_EXTENSIONS_FRAGMENT:
		return sl_local_reassemble(self, p, x.at);
	case SL_EXTENSIONS_UPPER:
		upper6(self, p, &x);
		return NULL;
	case SL_EXTENSIONS_ERROR:
		sl_local_tell(self, p, x.error, x.pointer);
		return NULL;
	case SL_EXTENSIONS_DISCARD:
		sl_app_drop(&self->app, p, SL_LOCAL_DROP_UNKNOWN_OPTION);
		return NULL;
	default:
		sl_app_drop(&self->app, p, SL_LOCAL_DROP_NO_NEXT_HEADER);
		return NULL;
	}
}

// Whether a packet is the router's to take where a host behind a TAP takes the rest.
static bool is_not_the_hosts6(const struct sl_local *self, const struct rte_mbuf *p)
{
	const struct sl_ipv6_hdr *ip = (const struct sl_ipv6_hdr *)sl_data(p);
	const struct sl_ipv6_fragment *f = (const struct sl_ipv6_fragment *)(ip + 1);

	if (is_group6(ip->dst))
		return false;
	if (ip->next_header == SL_PROTO_FRAGMENT)
		return sl_len(p) >= sizeof(*ip) + sizeof(*f) &&
		       sl_local_may_be_a_listeners(self, f->next_header);
	return is_echo6(p, ip->next_header, sizeof(*ip)) ||
	       sl_listeners_find(&self->listeners, sl_data(p), sl_len(p), ip->next_header,
				 sizeof(*ip)) != SL_IFACE_NO_OUTPUT;
}

static struct rte_mbuf *step6(struct sl_local *self, struct rte_mbuf *p)
{
	const uint8_t *dst = ((const struct sl_ipv6_hdr *)sl_data(p))->dst;
	bool ours = is_ours6(self, p, dst);

	if (sl_local_has_tap(self, p) && !(ours && is_not_the_hosts6(self, p)))
		sl_local_to_tap(self, p);
	else if (ours)
		return walk6(self, p);
	else
		sl_app_drop(&self->app, p,
			    is_group6(dst) ? SL_LOCAL_DROP_GROUP : SL_LOCAL_DROP_NOT_OURS);
	return NULL;
}

void sl_local_ipv6(struct sl_local *self, struct rte_mbuf *p)
{
	if (!sl_ipv6_parse(sl_data(p), sl_len(p))) {
		sl_app_drop(&self->app, p, SL_LOCAL_DROP_NO_IP);
		return;
	}
	while (p) // what was reassembled starts anew
		p = step6(self, p);
}
