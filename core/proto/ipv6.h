// ipv6: the header and its extension headers. Spec: RFC 8200 sections 3 and 4.
#pragma once

#include "core/proto/bytes.h"
#include "core/proto/protocol.h"

#include <stdbool.h>
#include <stddef.h>

struct sl_ipv6_hdr {
	uint8_t version_class_flow[4];
	uint8_t payload_len[2];
	uint8_t next_header;
	uint8_t hop_limit;
	uint8_t src[16];
	uint8_t dst[16];
};
_Static_assert(sizeof(struct sl_ipv6_hdr) == 40, "IPv6 header");

// The fragment header. Spec: RFC 8200 section 4.5.
struct sl_ipv6_fragment {
	uint8_t next_header;
	uint8_t reserved;
	uint8_t offset_more[2];
	uint8_t id[4];
};
_Static_assert(sizeof(struct sl_ipv6_fragment) == 8, "IPv6 fragment header");

enum {
	SL_IPV6_MORE = 1,
	SL_IPV6_OFFSET = 0xfff8, // in bytes, as it stands
};

enum { SL_IPV6_EXTENSIONS_MAX = 8 }; // more in one packet count as odd

// What follows the extension headers.
struct sl_ipv6_upper {
	const uint8_t *data;
	size_t len;
	uint8_t protocol;
	bool fragment; // there was a fragment header
	bool later;    // and it was that of a fragment behind the first
};

// The header at p, within len bytes, or NULL. What follows it may be cut short, as in a capture
// with a snap length. Like strchr, it returns a pointer as writable as p was.
static inline struct sl_ipv6_hdr *sl_ipv6_parse_header(const uint8_t *p, size_t len)
{
	if (len < sizeof(struct sl_ipv6_hdr) || p[0] >> 4 != 6)
		return NULL;
	return (struct sl_ipv6_hdr *)(uintptr_t)p;
}

// The same, and the whole packet lies within len bytes.
static inline struct sl_ipv6_hdr *sl_ipv6_parse(const uint8_t *p, size_t len)
{
	struct sl_ipv6_hdr *ip = sl_ipv6_parse_header(p, len);

	return ip && load_be16(ip->payload_len) <= len - sizeof(*ip) ? ip : NULL;
}

static inline bool sl_ipv6_is_extension(uint8_t protocol)
{
	return protocol == SL_PROTO_HOP_BY_HOP || protocol == SL_PROTO_ROUTING ||
	       protocol == SL_PROTO_DEST_OPTIONS || protocol == SL_PROTO_FRAGMENT ||
	       protocol == SL_PROTO_AH;
}

// Whether an address is never on a wire: ::1, or ::ffff:0:0/96, which is IPv4's in programs.
// Spec: RFC 4291 section 2.5.3, RFC 6890 table 20.
static inline bool sl_ipv6_is_within_host(const uint8_t *ip)
{
	return load_be64(ip) == 0 && (load_be64(ip + 8) == 1 || load_be32(ip + 8) == 0xffff);
}

// Length of the extension header at p, of which at least 2 bytes are there.
static inline size_t sl_ipv6_extension_len(uint8_t protocol, const uint8_t *p)
{
	if (protocol == SL_PROTO_FRAGMENT)
		return 8; // RFC 8200 section 4.5: its second byte is reserved
	if (protocol == SL_PROTO_AH)
		return ((size_t)p[1] + 2) * 4; // RFC 4302 section 2.2
	return ((size_t)p[1] + 1) * 8;
}

// Find what follows the extension headers of the header ip, of which, with all behind it, len
// bytes are there. Returns false where an extension header is cut short or there are too many.
static inline bool sl_ipv6_upper(const struct sl_ipv6_hdr *ip, size_t len,
				 struct sl_ipv6_upper *out)
{
	const uint8_t *p = (const uint8_t *)(ip + 1), *end = (const uint8_t *)ip + len;

	out->protocol = ip->next_header;
	out->fragment = out->later = false;
	for (unsigned i = 0; sl_ipv6_is_extension(out->protocol); i++) {
		size_t n = end - p < 8 ? 8 : sl_ipv6_extension_len(out->protocol, p);

		if ((size_t)(end - p) < n || i == SL_IPV6_EXTENSIONS_MAX)
			return false;
		if (out->protocol == SL_PROTO_FRAGMENT) {
			out->fragment = true;
			out->later |= (load_be16(p + 2) & SL_IPV6_OFFSET) != 0;
		}
		out->protocol = p[0];
		p += n;
	}
	out->data = p;
	out->len = (size_t)(end - p);
	return true;
}
