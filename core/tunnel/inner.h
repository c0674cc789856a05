// inner: the IP packet in a tunnel's plaintext, which may be followed by padding.
#pragma once

#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

// Length of the IP packet of either family that begins at p, within len bytes; 0 where there is
// none.
static inline size_t sl_inner_len(const uint8_t *p, size_t len)
{
	if (len >= sizeof(struct sl_ipv4_hdr) && p[0] >> 4 == 4) {
		const struct sl_ipv4_hdr *ip = sl_ipv4_parse(p, len);

		return ip ? load_be16(ip->total_len) : 0;
	}
	if (len >= sizeof(struct sl_ipv6_hdr) && p[0] >> 4 == 6) {
		const struct sl_ipv6_hdr *ip = sl_ipv6_parse(p, len);

		return ip ? sizeof(*ip) + load_be16(ip->payload_len) : 0;
	}
	return 0;
}

static inline uint8_t sl_inner_family(const uint8_t *ip)
{
	return ip[0] >> 4;
}

static inline const uint8_t *sl_inner_src(const uint8_t *ip)
{
	return ip + (ip[0] >> 4 == 4 ? offsetof(struct sl_ipv4_hdr, src)
				     : offsetof(struct sl_ipv6_hdr, src));
}

static inline const uint8_t *sl_inner_dst(const uint8_t *ip)
{
	return ip + (ip[0] >> 4 == 4 ? offsetof(struct sl_ipv4_hdr, dst)
				     : offsetof(struct sl_ipv6_hdr, dst));
}
