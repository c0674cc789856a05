// ipv4: the header. Spec: RFC 791 section 3.1.
#pragma once

#include "core/proto/bytes.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	SL_IPV4_DF = 0x4000,
	SL_IPV4_MF = 0x2000,
	SL_IPV4_OFFSET = 0x1fff, // in units of 8 bytes
};

struct sl_ipv4_hdr {
	uint8_t version_ihl;
	uint8_t tos;
	uint8_t total_len[2];
	uint8_t id[2];
	uint8_t flags_offset[2];
	uint8_t ttl;
	uint8_t protocol;
	uint8_t checksum[2];
	uint8_t src[4];
	uint8_t dst[4];
};
_Static_assert(sizeof(struct sl_ipv4_hdr) == 20, "IPv4 header without options");

// Length of the header with its options, bytes.
static inline size_t sl_ipv4_hdr_len(const struct sl_ipv4_hdr *ip)
{
	return (size_t)(ip->version_ihl & 15) * 4;
}

static inline bool sl_ipv4_is_fragment(const struct sl_ipv4_hdr *ip)
{
	return load_be16(ip->flags_offset) & (SL_IPV4_MF | SL_IPV4_OFFSET);
}

// The header at p, all of it within len bytes, or NULL. What follows it may be cut short, as in
// a capture with a snap length. Like strchr, it returns a pointer as writable as p was.
static inline struct sl_ipv4_hdr *sl_ipv4_parse_header(const uint8_t *p, size_t len)
{
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)(uintptr_t)p;

	if (len < sizeof(*ip) || ip->version_ihl >> 4 != 4)
		return NULL;
	if (sl_ipv4_hdr_len(ip) < sizeof(*ip) || sl_ipv4_hdr_len(ip) > len)
		return NULL;
	return load_be16(ip->total_len) < sl_ipv4_hdr_len(ip) ? NULL : ip;
}

// The same, and the whole packet lies within len bytes. The checksum is not verified.
static inline struct sl_ipv4_hdr *sl_ipv4_parse(const uint8_t *p, size_t len)
{
	struct sl_ipv4_hdr *ip = sl_ipv4_parse_header(p, len);

	return ip && load_be16(ip->total_len) <= len ? ip : NULL;
}
