// upper: whether what an IP packet carries has come unharmed, as far as its protocol is known here:
// ICMP, ICMPv6 and UDP. Pure. Spec: RFC 792, RFC 768, RFC 4443 section 2.3, RFC 8200 section 8.1.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// packet  A whole IPv4 packet of len bytes, no fragment.
bool sl_upper_good4(const uint8_t *packet, size_t len);

// packet    A whole IPv6 packet of len bytes, no fragment.
// protocol  Of the header at byte `at`, behind all extension headers.
bool sl_upper_good6(const uint8_t *packet, size_t len, uint8_t protocol, size_t at);
