#include "core/ip/icmp_error.h"

#include "core/proto/checksum.h"
#include "core/proto/icmp.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

enum {
	TTL = 64,
	TOS_INTERNETWORK_CONTROL = 0xc0, // a precedence; RFC 1812 section 4.3.2.5
	TOS_KEPT = 0x1c,                 // all but precedence and ECN
};

// What the second word of a message holds.
enum rest { NOTHING, MTU, POINTER };

struct words {
	uint8_t type, code, rest;
};

static const struct words words4[SL_IP_ERRORS] = {
	[SL_IP_NO_ROUTE] = {SL_ICMP_UNREACHABLE, SL_ICMP_NET, NOTHING},
	[SL_IP_HOST_UNREACHABLE] = {SL_ICMP_UNREACHABLE, SL_ICMP_HOST, NOTHING},
	[SL_IP_PROTOCOL_UNREACHABLE] = {SL_ICMP_UNREACHABLE, SL_ICMP_PROTOCOL, NOTHING},
	[SL_IP_PORT_UNREACHABLE] = {SL_ICMP_UNREACHABLE, SL_ICMP_PORT, NOTHING},
	[SL_IP_TOO_BIG] = {SL_ICMP_UNREACHABLE, SL_ICMP_FRAGMENTATION_NEEDED, MTU},
	[SL_IP_PROHIBITED] = {SL_ICMP_UNREACHABLE, SL_ICMP_PROHIBITED, NOTHING},
	[SL_IP_TTL_EXCEEDED] = {SL_ICMP_TIME_EXCEEDED, SL_ICMP_IN_TRANSIT, NOTHING},
	[SL_IP_REASSEMBLY_TIME] = {SL_ICMP_TIME_EXCEEDED, SL_ICMP_IN_REASSEMBLY, NOTHING},
	[SL_IP_PARAM_HEADER] = {SL_ICMP_PARAM_PROBLEM, 0, POINTER},
	[SL_IP_PARAM_NEXT_HEADER] = {SL_ICMP_UNREACHABLE, SL_ICMP_PROTOCOL, NOTHING},
	[SL_IP_PARAM_OPTION] = {SL_ICMP_PARAM_PROBLEM, 0, POINTER},
	[SL_IP_PARAM_CHAIN] = {SL_ICMP_PARAM_PROBLEM, 0, POINTER},
	[SL_IP_REJECTED] = {SL_ICMP_UNREACHABLE, SL_ICMP_HOST, NOTHING},
	[SL_IP_BEYOND_SCOPE] = {SL_ICMP_UNREACHABLE, SL_ICMP_HOST, NOTHING},
};

static const struct words words6[SL_IP_ERRORS] = {
	[SL_IP_NO_ROUTE] = {SL_ICMPV6_UNREACHABLE, SL_ICMPV6_NO_ROUTE, NOTHING},
	[SL_IP_HOST_UNREACHABLE] = {SL_ICMPV6_UNREACHABLE, SL_ICMPV6_ADDRESS, NOTHING},
	[SL_IP_PROTOCOL_UNREACHABLE] = {SL_ICMPV6_PARAM_PROBLEM, SL_ICMPV6_NEXT_HEADER, POINTER},
	[SL_IP_PORT_UNREACHABLE] = {SL_ICMPV6_UNREACHABLE, SL_ICMPV6_PORT, NOTHING},
	[SL_IP_TOO_BIG] = {SL_ICMPV6_PACKET_TOO_BIG, 0, MTU},
	[SL_IP_PROHIBITED] = {SL_ICMPV6_UNREACHABLE, SL_ICMPV6_PROHIBITED, NOTHING},
	[SL_IP_TTL_EXCEEDED] = {SL_ICMPV6_TIME_EXCEEDED, SL_ICMP_IN_TRANSIT, NOTHING},
	[SL_IP_REASSEMBLY_TIME] = {SL_ICMPV6_TIME_EXCEEDED, SL_ICMP_IN_REASSEMBLY, NOTHING},
	[SL_IP_PARAM_HEADER] = {SL_ICMPV6_PARAM_PROBLEM, SL_ICMPV6_HEADER_FIELD, POINTER},
	[SL_IP_PARAM_NEXT_HEADER] = {SL_ICMPV6_PARAM_PROBLEM, SL_ICMPV6_NEXT_HEADER, POINTER},
	[SL_IP_PARAM_OPTION] = {SL_ICMPV6_PARAM_PROBLEM, SL_ICMPV6_OPTION, POINTER},
	[SL_IP_PARAM_CHAIN] = {SL_ICMPV6_PARAM_PROBLEM, SL_ICMPV6_HEADER_CHAIN, POINTER},
	[SL_IP_REJECTED] = {SL_ICMPV6_UNREACHABLE, SL_ICMPV6_NO_ROUTE, NOTHING},
	[SL_IP_BEYOND_SCOPE] = {SL_ICMPV6_UNREACHABLE, SL_ICMPV6_BEYOND_SCOPE, NOTHING},
};

struct sl_icmp_error sl_icmp_error_of(uint8_t family, const struct sl_ip_meta *m)
{
	const struct words *w = family == 4 ? &words4[m->error] : &words6[m->error];
	struct sl_icmp_error e = {.type = w->type, .code = w->code};

	if (w->rest == POINTER) // RFC 792: one byte, in front
		e.rest = family == 4 ? m->pointer << 24 : m->pointer;
	else if (w->rest == MTU && family == 6 && m->mtu < SL_ICMP_ERROR_MAX6)
		e.rest = SL_ICMP_ERROR_MAX6; // RFC 8200 section 5: no link is smaller
	else if (w->rest == MTU)
		e.rest = m->mtu;
	return e;
}

// ---- whether

// 0/8, 127/8 and 224/3 are no single host.
static bool single_host4(const uint8_t *ip)
{
	return ip[0] != 0 && ip[0] != 127 && ip[0] < 224;
}

static bool allowed4(const uint8_t *packet, size_t len, const struct sl_ip_meta *m)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)packet;
	size_t hdr_len = sl_ipv4_hdr_len(ip);

	if (m->flags & SL_META_L2_GROUP || !single_host4(ip->src) || ip->dst[0] >= 224)
		return false;
	if (load_be16(ip->flags_offset) & SL_IPV4_OFFSET)
		return false;
	if (ip->protocol != SL_PROTO_ICMP)
		return true;
	return len > hdr_len && !sl_icmp_is_error(packet[hdr_len]);
}

// Whether the packet is, or may be, an ICMPv6 error. One whose chain of headers is cut short is
// none, nor is a fragment: errors are never longer than what every link carries.
static bool is_error6(const uint8_t *packet, size_t len)
{
	const struct sl_ipv6_hdr *ip = (const struct sl_ipv6_hdr *)packet;
	struct sl_ipv6_upper upper;

	if (!sl_ipv6_upper(ip, len, &upper) || upper.protocol != SL_PROTO_ICMPV6)
		return false;
	return !upper.later && (upper.len == 0 || sl_icmpv6_is_error(upper.data[0]));
}

static bool single_host6(const uint8_t *ip)
{
	return ip[0] != 0xff && (load_be64(ip) | load_be64(ip + 8)) != 0;
}

static bool allowed6(const uint8_t *packet, size_t len, const struct sl_ip_meta *m)
{
	const struct sl_ipv6_hdr *ip = (const struct sl_ipv6_hdr *)packet;
	bool group = ip->dst[0] == 0xff || m->flags & SL_META_L2_GROUP;

	// (e.3): path MTU discovery works for groups, and options may ask for an answer
	if (group && m->error != SL_IP_TOO_BIG && m->error != SL_IP_PARAM_OPTION)
		return false;
	return single_host6(ip->src) && !is_error6(packet, len);
}

bool sl_icmp_error_allowed(const uint8_t *packet, size_t len, const struct sl_ip_meta *m)
{
	return packet[0] >> 4 == 4 ? allowed4(packet, len, m) : allowed6(packet, len, m);
}

// ---- the message

static size_t quoted(const uint8_t *packet, size_t len)
{
	size_t room = packet[0] >> 4 == 4 ? SL_ICMP_ERROR_MAX4 - sizeof(struct sl_ipv4_hdr)
					  : SL_ICMP_ERROR_MAX6 - sizeof(struct sl_ipv6_hdr);

	room -= sizeof(struct sl_icmp_hdr);
	return len < room ? len : room;
}

size_t sl_icmp_error_len(const uint8_t *packet, size_t len)
{
	size_t hdr_len = packet[0] >> 4 == 4 ? sizeof(struct sl_ipv4_hdr)
					     : sizeof(struct sl_ipv6_hdr);

	return hdr_len + sizeof(struct sl_icmp_hdr) + quoted(packet, len);
}

// Put the checksum into a message of len bytes whose pseudo-header, if any, sums to initial.
static void seal(struct sl_icmp_hdr *icmp, size_t len, uint32_t initial)
{
	uint16_t checksum = sl_checksum_make((const uint8_t *)icmp, len,
					     offsetof(struct sl_icmp_hdr, checksum), initial);

	memcpy(icmp->checksum, &checksum, sizeof(checksum));
}

static void write_header4(struct sl_ipv4_hdr *ip, const uint8_t *source, uint16_t id,
			  const struct sl_ipv4_hdr *about, size_t len)
{
	uint16_t checksum;

	*ip = (struct sl_ipv4_hdr){.version_ihl = 0x45,
				   .tos = TOS_INTERNETWORK_CONTROL | (about->tos & TOS_KEPT),
				   .ttl = TTL,
				   .protocol = SL_PROTO_ICMP};
	store_be16(ip->total_len, (uint16_t)len);
	store_be16(ip->id, id);
	memcpy(ip->src, source, sizeof(ip->src));
	memcpy(ip->dst, about->src, sizeof(ip->dst));
	checksum = sl_checksum_make((const uint8_t *)ip, sizeof(*ip),
				    offsetof(struct sl_ipv4_hdr, checksum), 0);
	memcpy(ip->checksum, &checksum, sizeof(checksum));
}

static void write_header6(struct sl_ipv6_hdr *ip, const uint8_t *source,
			  const struct sl_ipv6_hdr *about, size_t len)
{
	*ip = (struct sl_ipv6_hdr){
		.version_class_flow = {0x60}, .next_header = SL_PROTO_ICMPV6, .hop_limit = TTL};
	store_be16(ip->payload_len, (uint16_t)(len - sizeof(*ip)));
	memcpy(ip->src, source, sizeof(ip->src));
	memcpy(ip->dst, about->src, sizeof(ip->dst));
}

void sl_icmp_error_write(uint8_t *to, const struct sl_icmp_error *e, const uint8_t *source,
			 uint16_t id, const uint8_t *packet, size_t len)
{
	bool v4 = packet[0] >> 4 == 4;
	size_t hdr_len = v4 ? sizeof(struct sl_ipv4_hdr) : sizeof(struct sl_ipv6_hdr);
	size_t whole = sl_icmp_error_len(packet, len), icmp_len = whole - hdr_len;
	struct sl_icmp_hdr *icmp = (struct sl_icmp_hdr *)(to + hdr_len);
	uint32_t initial = 0;

	if (v4) {
		write_header4((struct sl_ipv4_hdr *)to, source, id,
			      (const struct sl_ipv4_hdr *)packet, whole);
	} else {
		struct sl_ipv6_hdr *ip = (struct sl_ipv6_hdr *)to;

		write_header6(ip, source, (const struct sl_ipv6_hdr *)packet, whole);
		initial = sl_checksum_pseudo_ipv6(ip->src, ip->dst, SL_PROTO_ICMPV6,
						  (uint16_t)icmp_len);
	}
	*icmp = (struct sl_icmp_hdr){.type = e->type, .code = e->code};
	store_be32(icmp->rest, e->rest);
	memcpy(icmp + 1, packet, quoted(packet, len));
	seal(icmp, icmp_len, initial);
}
