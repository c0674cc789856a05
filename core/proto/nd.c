#include "core/proto/nd.h"

#include "core/proto/checksum.h"
#include "core/proto/ethernet.h"
#include "core/proto/ipv6.h"

enum {
	TYPE = 0, // bytes of a message
	CODE = 1,
	CHECKSUM = 2,
	FLAGS = 4,
	TARGET = 8,
	HOP_LIMIT = 255,
	OPTION_SOURCE = 1, // link-layer address of the sender
	OPTION_TARGET = 2, // and of the target
	OPTION_UNIT = 8,   // bytes that an option's length counts
};

static const uint8_t unspecified[16];
static const uint8_t solicited_node[13] = {0xff, 2, [11] = 1, [12] = 0xff}; // ff02::1:ff00:0/104

// What each message has: bytes in front of its options, and the option that is of use.
static const struct {
	uint8_t header, option;
} shapes[] = {
	[SL_ND_ROUTER_SOLICITATION - SL_ND_ROUTER_SOLICITATION] = {8, OPTION_SOURCE},
	[SL_ND_ROUTER_ADVERTISEMENT - SL_ND_ROUTER_SOLICITATION] = {16, OPTION_SOURCE},
	[SL_ND_SOLICITATION - SL_ND_ROUTER_SOLICITATION] = {24, OPTION_SOURCE},
	[SL_ND_ADVERTISEMENT - SL_ND_ROUTER_SOLICITATION] = {24, OPTION_TARGET},
	[SL_ND_REDIRECT - SL_ND_ROUTER_SOLICITATION] = {40, OPTION_TARGET},
};

static bool is_multicast(const uint8_t *ip)
{
	return ip[0] == 0xff;
}

static bool is_unspecified(const uint8_t *ip)
{
	return memcmp(ip, unspecified, sizeof(unspecified)) == 0;
}

static bool is_link_local(const uint8_t *ip)
{
	return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

void sl_nd_solicited_node(uint8_t group[16], const uint8_t ip[16])
{
	memcpy(group, solicited_node, sizeof(solicited_node));
	memcpy(group + 13, ip + 13, 3);
}

// Look at every option and note the address of the kind that is of use, the first one.
static bool parse_options(struct sl_nd *nd, uint8_t use, const uint8_t *p, size_t len)
{
	while (len > 0) {
		size_t n = len < 2 ? 0 : (size_t)p[1] * OPTION_UNIT;

		if (n == 0 || n > len)
			return false;
		if (p[0] == use && !nd->has_mac) {
			if (n != OPTION_UNIT || !sl_ether_is_unicast(p + 2))
				return false;
			memcpy(nd->mac, p + 2, sizeof(nd->mac));
			nd->has_mac = true;
		}
		p += n;
		len -= n;
	}
	return true;
}

// RFC 4861 section 7.1.1: who does not have an address yet asks the group, and names no address.
static bool right_solicitation(const struct sl_nd *nd)
{
	if (is_multicast(nd->target))
		return false;
	if (!is_unspecified(nd->src))
		return true;
	return !nd->has_mac && memcmp(nd->dst, solicited_node, sizeof(solicited_node)) == 0;
}

static bool right_addresses(const struct sl_nd *nd, const uint8_t *message)
{
	const uint8_t *destination = message + TARGET + 16; // of a redirect

	if (is_multicast(nd->src) || sl_ipv6_is_within_host(nd->src))
		return false;
	switch (nd->type) {
	case SL_ND_ROUTER_SOLICITATION: // section 6.1.1
		return !is_unspecified(nd->src) || !nd->has_mac;
	case SL_ND_ROUTER_ADVERTISEMENT: // section 6.1.2
		return is_link_local(nd->src);
	case SL_ND_SOLICITATION:
		return right_solicitation(nd);
	case SL_ND_ADVERTISEMENT: // section 7.1.2
		return !is_multicast(nd->target) &&
		       !(is_multicast(nd->dst) && nd->flags & SL_ND_SOLICITED);
	default: // section 8.1
		return is_link_local(nd->src) && !is_multicast(destination) &&
		       (is_link_local(nd->target) || memcmp(nd->target, destination, 16) == 0);
	}
}

// The message of len bytes whose IPv6 header is ip.
static enum sl_nd_verdict parse_message(struct sl_nd *nd, const struct sl_ipv6_hdr *ip,
					const uint8_t *p, size_t len)
{
	uint32_t pseudo = sl_checksum_pseudo_ipv6(ip->src, ip->dst, SL_PROTO_ICMPV6, (uint16_t)len);
	size_t header = shapes[p[TYPE] - SL_ND_ROUTER_SOLICITATION].header;

	if (ip->hop_limit != HOP_LIMIT)
		return SL_ND_HOP_LIMIT;
	if (!sl_checksum_good(p, len, pseudo))
		return SL_ND_CHECKSUM;
	if (p[CODE] != 0)
		return SL_ND_CODE;
	if (len < header)
		return SL_ND_MALFORMED;
	*nd = (struct sl_nd){.type = p[TYPE]};
	memcpy(nd->src, ip->src, sizeof(nd->src));
	memcpy(nd->dst, ip->dst, sizeof(nd->dst));
	if (nd->type >= SL_ND_SOLICITATION)
		memcpy(nd->target, p + TARGET, sizeof(nd->target));
	if (nd->type == SL_ND_ADVERTISEMENT)
		nd->flags = p[FLAGS] & (SL_ND_ROUTER | SL_ND_SOLICITED | SL_ND_OVERRIDE);
	if (!parse_options(nd, shapes[nd->type - SL_ND_ROUTER_SOLICITATION].option, p + header,
			   len - header))
		return SL_ND_OPTION;
	return right_addresses(nd, p) ? SL_ND_GOOD : SL_ND_ADDRESS;
}

enum sl_nd_verdict sl_nd_parse(struct sl_nd *nd, const uint8_t *packet, size_t len)
{
	const struct sl_ipv6_hdr *ip = sl_ipv6_parse(packet, len);
	struct sl_ipv6_upper upper;

	if (!ip || !sl_ipv6_upper(ip, sizeof(*ip) + load_be16(ip->payload_len), &upper))
		return SL_ND_MALFORMED;
	if (upper.protocol != SL_PROTO_ICMPV6 || upper.len < 8)
		return SL_ND_MALFORMED;
	if (upper.fragment)
		return SL_ND_FRAGMENT;
	if (upper.data[TYPE] < SL_ND_ROUTER_SOLICITATION || upper.data[TYPE] > SL_ND_REDIRECT)
		return SL_ND_MALFORMED;
	return parse_message(nd, ip, upper.data, upper.len);
}

size_t sl_nd_write(uint8_t *packet, const struct sl_nd *nd)
{
	const uint8_t option = shapes[nd->type - SL_ND_ROUTER_SOLICITATION].option;
	const size_t header = shapes[nd->type - SL_ND_ROUTER_SOLICITATION].header;
	const size_t len = header + (nd->has_mac ? OPTION_UNIT : 0);
	struct sl_ipv6_hdr *ip = (struct sl_ipv6_hdr *)packet;
	uint8_t *p = packet + sizeof(*ip);
	uint16_t checksum;

	*ip = (struct sl_ipv6_hdr){.version_class_flow = {0x60}};
	store_be16(ip->payload_len, (uint16_t)len);
	ip->next_header = SL_PROTO_ICMPV6;
	ip->hop_limit = HOP_LIMIT;
	memcpy(ip->src, nd->src, sizeof(ip->src));
	memcpy(ip->dst, nd->dst, sizeof(ip->dst));
	memset(p, 0, header);
	p[TYPE] = nd->type;
	p[FLAGS] = nd->flags;
	memcpy(p + TARGET, nd->target, sizeof(nd->target));
	if (nd->has_mac) {
		p[header] = option;
		p[header + 1] = 1;
		memcpy(p + header + 2, nd->mac, sizeof(nd->mac));
	}
	checksum = sl_checksum_make(
		p, len, CHECKSUM,
		sl_checksum_pseudo_ipv6(nd->src, nd->dst, SL_PROTO_ICMPV6, (uint16_t)len));
	memcpy(p + CHECKSUM, &checksum, sizeof(checksum));
	return sizeof(*ip) + len;
}
