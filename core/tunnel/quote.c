#include "core/tunnel/quote.h"

#include "core/proto/icmp.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

enum { UDP_HEADER = 8 };

static bool read_udp(const uint8_t *udp, size_t len, struct sl_quote *out)
{
	if (len < UDP_HEADER)
		return false;
	out->from.port = load_be16(udp);
	out->to.port = load_be16(udp + 2);
	out->payload = udp + UDP_HEADER;
	out->len = len - UDP_HEADER;
	return true;
}

static bool read_quoted4(const uint8_t *quoted, size_t len, struct sl_quote *out)
{
	const struct sl_ipv4_hdr *ip = sl_ipv4_parse_header(quoted, len);

	if (!ip || ip->protocol != SL_PROTO_UDP || load_be16(ip->flags_offset) & SL_IPV4_OFFSET)
		return false;
	out->from.ip = out->to.ip = (struct sl_ip){.family = 4};
	memcpy(out->from.ip.bytes, ip->src, sizeof(ip->src));
	memcpy(out->to.ip.bytes, ip->dst, sizeof(ip->dst));
	return read_udp(quoted + sl_ipv4_hdr_len(ip), len - sl_ipv4_hdr_len(ip), out);
}

static bool read_quoted6(const uint8_t *quoted, size_t len, struct sl_quote *out)
{
	const struct sl_ipv6_hdr *ip = sl_ipv6_parse_header(quoted, len);
	struct sl_ipv6_upper upper;

	if (!ip || !sl_ipv6_upper(ip, len, &upper) || upper.protocol != SL_PROTO_UDP || upper.later)
		return false;
	out->from.ip = out->to.ip = (struct sl_ip){.family = 6};
	memcpy(out->from.ip.bytes, ip->src, sizeof(ip->src));
	memcpy(out->to.ip.bytes, ip->dst, sizeof(ip->dst));
	return read_udp(upper.data, upper.len, out);
}

bool sl_quote_read(const uint8_t *ip, size_t len, struct sl_quote *out)
{
	if (len == 0)
		return false;
	return ip[0] >> 4 == 4 ? read_quoted4(ip, len, out) : read_quoted6(ip, len, out);
}

static bool parse4(const uint8_t *packet, size_t len, struct sl_quote *out)
{
	const struct sl_ipv4_hdr *ip = sl_ipv4_parse(packet, len);
	const struct sl_icmp_hdr *icmp;
	size_t at;

	if (!ip || ip->protocol != SL_PROTO_ICMP || sl_ipv4_is_fragment(ip))
		return false;
	at = sl_ipv4_hdr_len(ip);
	len = load_be16(ip->total_len);
	icmp = (const struct sl_icmp_hdr *)(packet + at);
	if (len < at + sizeof(*icmp) || icmp->type != SL_ICMP_UNREACHABLE ||
	    icmp->code != SL_ICMP_FRAGMENTATION_NEEDED)
		return false;
	out->mtu = load_be16(icmp->rest + 2);
	at += sizeof(*icmp);
	return read_quoted4(packet + at, len - at, out);
}

static bool parse6(const uint8_t *packet, size_t len, struct sl_quote *out)
{
	const struct sl_ipv6_hdr *ip = sl_ipv6_parse(packet, len);
	const struct sl_icmp_hdr *icmp;
	struct sl_ipv6_upper upper;

	if (!ip || !sl_ipv6_upper(ip, sizeof(*ip) + load_be16(ip->payload_len), &upper) ||
	    upper.protocol != SL_PROTO_ICMPV6 || upper.fragment || upper.len < sizeof(*icmp))
		return false;
	icmp = (const struct sl_icmp_hdr *)upper.data;
	if (icmp->type != SL_ICMPV6_PACKET_TOO_BIG)
		return false;
	out->mtu = load_be32(icmp->rest);
	return read_quoted6(upper.data + sizeof(*icmp), upper.len - sizeof(*icmp), out);
}

bool sl_quote_parse(const uint8_t *packet, size_t len, struct sl_quote *out)
{
	if (len == 0)
		return false;
	return packet[0] >> 4 == 4 ? parse4(packet, len, out) : parse6(packet, len, out);
}
