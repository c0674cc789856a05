// quote: what an ICMP error says of a datagram that was too big for its way. Anybody can send such
// an error; whether it is believed, the quoted datagram decides. Pure.
// Spec: RFC 792, RFC 1191 section 4, RFC 4443 section 3.2.
#pragma once

#include "core/tunnel/endpoint.h"

struct sl_quote {
	uint32_t mtu; // of the link that is too small; 0 where an old router does not say
	struct sl_endpoint from, to;
	const uint8_t *payload; // of the datagram, as much as is quoted
	size_t len;
};

// Read the IP packet that is quoted, or any other, as a UDP datagram: whole, cut short, or the
// first of its fragments. out->mtu is left alone. Returns false where it is none.
bool sl_quote_read(const uint8_t *ip, size_t len, struct sl_quote *out);

// Read an IP packet of either family, whose header is in order, as "fragmentation needed" or
// "packet too big" about a UDP datagram: of a fragment, only the first has the ports. The checksum
// of ICMP is not looked at.
//
// Returns false, out undefined, where it is none.
bool sl_quote_parse(const uint8_t *packet, size_t len, struct sl_quote *out);
