// ip: either version.
#pragma once

#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

// Whether an IP packet begins at p and lies within len bytes, as far as its header says; its
// checksum is not looked at.
static inline bool sl_ip_is_packet(const uint8_t *p, size_t len)
{
	return sl_ipv4_parse(p, len) || sl_ipv6_parse(p, len);
}
