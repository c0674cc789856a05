// icmp: messages of ICMP and ICMPv6. Spec: RFC 792, RFC 1191, RFC 4443; neighbour discovery has
// its own header.
#pragma once

#include "core/proto/bytes.h"

#include <stdbool.h>

// Of ICMP.
enum {
	SL_ICMP_ECHO_REPLY = 0,
	SL_ICMP_UNREACHABLE = 3,
	SL_ICMP_SOURCE_QUENCH = 4,
	SL_ICMP_REDIRECT = 5,
	SL_ICMP_ECHO = 8,
	SL_ICMP_TIME_EXCEEDED = 11,
	SL_ICMP_PARAM_PROBLEM = 12,
};

// Of SL_ICMP_UNREACHABLE. Spec: RFC 792, RFC 1812 section 5.2.7.1.
enum {
	SL_ICMP_NET = 0,
	SL_ICMP_HOST = 1,
	SL_ICMP_PROTOCOL = 2,
	SL_ICMP_PORT = 3,
	SL_ICMP_FRAGMENTATION_NEEDED = 4,
	SL_ICMP_PROHIBITED = 13,
};

// Of ICMPv6. Types below 128 are errors.
enum {
	SL_ICMPV6_UNREACHABLE = 1,
	SL_ICMPV6_PACKET_TOO_BIG = 2,
	SL_ICMPV6_TIME_EXCEEDED = 3,
	SL_ICMPV6_PARAM_PROBLEM = 4,
	SL_ICMPV6_INFORMATIONAL = 128, // from here on
	SL_ICMPV6_ECHO = 128,
	SL_ICMPV6_ECHO_REPLY = 129,
	SL_ICMPV6_REDIRECT = 137,
};

// Of SL_ICMPV6_UNREACHABLE. Spec: RFC 4443 section 3.1.
enum {
	SL_ICMPV6_NO_ROUTE = 0,
	SL_ICMPV6_PROHIBITED = 1,
	SL_ICMPV6_BEYOND_SCOPE = 2,
	SL_ICMPV6_ADDRESS = 3,
	SL_ICMPV6_PORT = 4,
};

// Of SL_ICMPV6_PARAM_PROBLEM. Spec: RFC 4443 section 3.4, RFC 7112 section 5.
enum {
	SL_ICMPV6_HEADER_FIELD = 0,
	SL_ICMPV6_NEXT_HEADER = 1,
	SL_ICMPV6_OPTION = 2,
	SL_ICMPV6_HEADER_CHAIN = 3,
};

// Of both SL_ICMP_TIME_EXCEEDED and SL_ICMPV6_TIME_EXCEEDED.
enum { SL_ICMP_IN_TRANSIT = 0, SL_ICMP_IN_REASSEMBLY = 1 };

struct sl_icmp_hdr {
	uint8_t type;
	uint8_t code;
	uint8_t checksum[2];
	uint8_t rest[4]; // echo: identifier and sequence number; errors: pointer, MTU or 0
};
_Static_assert(sizeof(struct sl_icmp_hdr) == 8, "ICMP header");

// Whether a type of ICMP is an error, which no error answers. Unknown ones are not.
// Spec: RFC 1812 section 4.3.1.
static inline bool sl_icmp_is_error(uint8_t type)
{
	return type == SL_ICMP_UNREACHABLE || type == SL_ICMP_SOURCE_QUENCH ||
	       type == SL_ICMP_REDIRECT || type == SL_ICMP_TIME_EXCEEDED ||
	       type == SL_ICMP_PARAM_PROBLEM;
}

// The same for ICMPv6, where redirect counts as one. Spec: RFC 4443 section 2.4 (e).
static inline bool sl_icmpv6_is_error(uint8_t type)
{
	return type < SL_ICMPV6_INFORMATIONAL || type == SL_ICMPV6_REDIRECT;
}
