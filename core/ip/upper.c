#include "core/ip/upper.h"

#include "core/proto/checksum.h"
#include "core/proto/icmp.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

enum { UDP_HEADER = 8, UDP_LENGTH = 4, UDP_CHECKSUM = 6 };

// The length that a UDP header says, or 0 where it cannot be.
static uint16_t udp_length(const uint8_t *data, size_t len)
{
	uint16_t said = len < UDP_HEADER ? 0 : load_be16(data + UDP_LENGTH);

	return said < UDP_HEADER || said > len ? 0 : said;
}

bool sl_upper_good4(const uint8_t *packet, size_t len)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)packet;
	const uint8_t *data = packet + sl_ipv4_hdr_len(ip);
	uint16_t udp_len;

	len -= sl_ipv4_hdr_len(ip);
	if (ip->protocol == SL_PROTO_ICMP)
		return len >= sizeof(struct sl_icmp_hdr) && sl_checksum_good(data, len, 0);
	if (ip->protocol != SL_PROTO_UDP)
		return true;
	udp_len = udp_length(data, len);
	if (udp_len == 0)
		return false;
	return load_be16(data + UDP_CHECKSUM) == 0 ||
	       sl_checksum_good(data, udp_len,
				sl_checksum_pseudo_ipv4(ip->src, ip->dst, SL_PROTO_UDP, udp_len));
}

bool sl_upper_good6(const uint8_t *packet, size_t len, uint8_t protocol, size_t at)
{
	const struct sl_ipv6_hdr *ip = (const struct sl_ipv6_hdr *)packet;
	const uint8_t *data = packet + at;

	len -= at;
	if (protocol == SL_PROTO_UDP) {
		len = udp_length(data, len);
		// there must be a checksum (RFC 8200 section 8.1)
		if (len == 0 || load_be16(data + UDP_CHECKSUM) == 0)
			return false;
	} else if (protocol != SL_PROTO_ICMPV6) {
		return true;
	} else if (len < sizeof(struct sl_icmp_hdr)) {
		return false;
	}
	return sl_checksum_good(data, len,
				sl_checksum_pseudo_ipv6(ip->src, ip->dst, protocol, (uint16_t)len));
}
