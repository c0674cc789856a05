// outer: the IP and UDP headers around what a tunnel sends. Spec: RFC 791, RFC 8200, RFC 768,
// RFC 8085 section 3.1.
#pragma once

#include "core/tunnel/endpoint.h"
#include "core/tunnel/message.h"

#include <sluice/packet.h>

enum {
	SL_UDP_LEN = 8,
	SL_OUTER4_LEN = 20 + SL_UDP_LEN,
	SL_OUTER6_LEN = 40 + SL_UDP_LEN,
	SL_TOS_HANDSHAKE = 0x88, // AF41; data has DSCP 0 and the inner packet's ECN
};

// The headers to one peer, ready but for what differs from packet to packet.
struct sl_outer {
	uint8_t bytes[SL_OUTER6_LEN];
	uint8_t len;         // SL_OUTER4_LEN, SL_OUTER6_LEN, or 0: nowhere to send to
	uint16_t header_sum; // of the IPv4 header, without length and TOS
	uint32_t initial;    // sum of the pseudo-header and the ports, without the lengths
};

// Fill in the headers from `from` (family 0 in from->ip: the address is not known yet, and zero) to
// `to`.
void sl_outer_init(struct sl_outer *o, const struct sl_endpoint *from,
		   const struct sl_endpoint *to);

// Put the headers in front of a packet, whose bytes are the UDP payload, and compute its checksums.
//
// tos  Byte of the IPv4 header, traffic class of IPv6.
//
// Returns false, p untouched, where there is no room or nowhere to send to.
bool sl_outer_put(const struct sl_outer *o, struct rte_mbuf *p, uint8_t tos);

// The same for a payload whose UDP checksum has been checked before: over IPv4 it has none then.
bool sl_outer_put_checked(const struct sl_outer *o, struct rte_mbuf *p, uint8_t tos);

// Where things are in what came in: good as long as its bytes are.
struct sl_outer_view {
	const uint8_t *ip;
	const uint8_t *payload; // right behind the UDP header
	uint16_t len;           // of the payload
	uint8_t tos;            // or traffic class; ECN is its last two bits
};

// The same, and between whom.
struct sl_outer_packet {
	struct sl_endpoint from, to;
	const uint8_t *payload;
	uint16_t len;
	uint8_t tos;
};

enum sl_outer_verdict { SL_OUTER_GOOD, SL_OUTER_MALFORMED, SL_OUTER_BAD_CHECKSUM };

// Read the headers of an IP packet of either family, whose IP header has been checked: its UDP
// length, and its UDP checksum, which IPv4 alone may leave out.
enum sl_outer_verdict sl_outer_look(const uint8_t *ip, size_t len, struct sl_outer_view *out);
enum sl_outer_verdict sl_outer_parse(const uint8_t *ip, size_t len, struct sl_outer_packet *out);

// The same without a look at the UDP checksum. Returns false where the packet is malformed.
bool sl_outer_read(const uint8_t *ip, size_t len, struct sl_outer_packet *out);

// Between whom.
struct sl_endpoint sl_outer_from(const struct sl_outer_view *v);
struct sl_endpoint sl_outer_to(const struct sl_outer_view *v);

// Whether it came from where the headers lead to, and to where they come from.
bool sl_outer_is_answer(const struct sl_outer *o, const struct sl_outer_view *v);
