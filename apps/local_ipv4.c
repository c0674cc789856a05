// What local does with IPv4. Spec: RFC 792, RFC 1122 section 3.2.2.6.

#include "apps/local.h"
#include "core/ip/options.h"
#include "core/ip/upper.h"
#include "core/proto/checksum.h"
#include "core/proto/ipv4.h"
#include "core/proto/protocol.h"

static bool group4(const struct sl_local *self, const uint8_t *ip)
{
	return ip[0] >= 224 || sl_iface_addresses_broadcast(&self->addresses, ip);
}

static bool is_own4(const void *context, const uint8_t *ip)
{
	return sl_iface_addresses_have(context, 4, ip);
}

// The header of the answer, whose options are behind it, to a packet.
static void write_header4(struct sl_local *self, struct sl_ipv4_hdr *ip, size_t hdr_len,
			  const struct sl_ipv4_hdr *from, uint16_t len)
{
	const struct sl_options_router router = {.address = from->dst,
						 .ms = sl_options_ms(self->app.wall_ns),
						 .own = is_own4,
						 .context = &self->addresses};
	uint16_t checksum;

	*ip = (struct sl_ipv4_hdr){.version_ihl = (uint8_t)(0x40 | hdr_len / 4),
				   .tos = from->tos & 0xfc, // without ECN
				   .ttl = SL_LOCAL_TTL,
				   .protocol = SL_PROTO_ICMP};
	store_be16(ip->total_len, len);
	store_be16(ip->id, ++self->id);
	memcpy(ip->src, from->dst, sizeof(ip->src));
	memcpy(ip->dst, from->src, sizeof(ip->dst));
	checksum = sl_checksum_make((const uint8_t *)ip, hdr_len,
				    offsetof(struct sl_ipv4_hdr, checksum), 0);
	memcpy(ip->checksum, &checksum, sizeof(checksum));
	if (hdr_len > sizeof(*ip))
		sl_options_fill((uint8_t *)ip, &router);
}

// The answer takes record route and timestamp along, with what the router has to say there. Spec:
// RFC 1812 section 4.3.3.6.
static void echo4(struct sl_local *self, struct rte_mbuf *p)
{
	struct sl_ipv4_hdr from = *(const struct sl_ipv4_hdr *)sl_data(p);
	uint8_t options[SL_OPTIONS_MAX];
	size_t n = sl_options_collect(options, sl_data(p)), hdr_len = sizeof(from) + n;

	if (group4(self, from.src)) {
		sl_app_drop(&self->app, p, SL_LOCAL_DROP_BAD_SOURCE);
		return;
	}
	sl_trim_head(p, (uint16_t)(sl_ipv4_hdr_len(&from) - hdr_len));
	memcpy(sl_data(p) + sizeof(from), options, n);
	write_header4(self, (struct sl_ipv4_hdr *)sl_data(p), hdr_len, &from, sl_len(p));
	sl_local_make_reply((struct sl_icmp_hdr *)(sl_data(p) + hdr_len), sl_len(p) - hdr_len,
			    SL_ICMP_ECHO_REPLY, 0);
	sl_ip_meta_reset(p);
	sl_app_metric_add(&self->app, SL_LOCAL_METRIC_ECHO_REPLIES, 1);
	sl_app_give_one(&self->app, SL_LOCAL_OUT_IPV4, p);
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
static void whole4(struct sl_local *self, struct rte_mbuf *p)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)sl_data(p);
	bool echo = is_echo4(p);

	if (sl_local_to_listener(self, p, ip->protocol, sl_ipv4_hdr_len(ip)))
		return;
	if (!echo && sl_local_has_tap(self, p))
		sl_local_to_tap(self, p);
	else if (!sl_upper_good4(sl_data(p), sl_len(p)))
		sl_app_drop(&self->app, p, SL_LOCAL_DROP_BAD_CHECKSUM);
	else if (echo)
		echo4(self, p);
	else if (ip->protocol == SL_PROTO_ICMP)
		sl_app_drop(&self->app, p, SL_LOCAL_DROP_ICMP_IGNORED);
	else if (ip->protocol == SL_PROTO_UDP)
		sl_local_tell(self, p, SL_IP_PORT_UNREACHABLE, 0);
	else
		sl_local_tell(self, p, SL_IP_PROTOCOL_UNREACHABLE,
			      offsetof(struct sl_ipv4_hdr, protocol));
}

void sl_local_ipv4(struct sl_local *self, struct rte_mbuf *p)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)sl_data(p);
	bool group = group4(self, ip->dst);
	bool fragment = sl_ipv4_is_fragment(ip) && !sl_local_may_be_a_listeners(self, ip->protocol);

	if (!sl_ipv4_parse(sl_data(p), sl_len(p))) {
		sl_app_drop(&self->app, p, SL_LOCAL_DROP_NO_IP);
		return;
	}
	if (sl_local_has_tap(self, p) && (group || fragment)) {
		sl_local_to_tap(self, p);
		return;
	}
	if (group) {
		sl_app_drop(&self->app, p, SL_LOCAL_DROP_GROUP);
		return;
	}
	if (sl_ipv4_is_fragment(ip))
		p = sl_local_reassemble(self, p, 0);
	if (p)
		whole4(self, p);
}
