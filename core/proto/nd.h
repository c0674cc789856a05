// nd: messages of IPv6 neighbour discovery, read and written. Spec: RFC 4861 section 4.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_nd_type {
	SL_ND_ROUTER_SOLICITATION = 133,
	SL_ND_ROUTER_ADVERTISEMENT = 134,
	SL_ND_SOLICITATION = 135,
	SL_ND_ADVERTISEMENT = 136,
	SL_ND_REDIRECT = 137,
};

// Flags of an advertisement, as they lie in its fifth byte.
enum sl_nd_flag {
	SL_ND_ROUTER = 0x80,
	SL_ND_SOLICITED = 0x40,
	SL_ND_OVERRIDE = 0x20,
};

// What is wrong with a message, in the order it is looked for.
enum sl_nd_verdict {
	SL_ND_GOOD,
	SL_ND_MALFORMED, // cut short, or no neighbour discovery at all
	SL_ND_FRAGMENT,  // RFC 6980 section 5
	SL_ND_HOP_LIMIT, // not 255: a router has passed it on
	SL_ND_CHECKSUM,
	SL_ND_CODE,    // not 0
	SL_ND_OPTION,  // of length 0, cut short, or not the address of an Ethernet station
	SL_ND_ADDRESS, // source, destination or target that the message must not have
	SL_ND_VERDICTS,
};

struct sl_nd {
	uint8_t type;  // enum sl_nd_type
	uint8_t flags; // of an advertisement
	bool has_mac;
	uint8_t mac[6]; // the sender's; of an advertisement or redirect the target's
	uint8_t src[16], dst[16];
	uint8_t target[16]; // of solicitation, advertisement and redirect
};

enum { SL_ND_MAX = 40 + 24 + 8 }; // bytes of the longest packet that sl_nd_write writes

// Read the message of an IPv6 packet and check all that RFC 4861 sections 6.1, 7.1 and 8.1 and
// RFC 6980 ask for. Extension headers are passed over; padding may follow the packet.
//
// nd  Filled where the result is SL_ND_GOOD.
enum sl_nd_verdict sl_nd_parse(struct sl_nd *nd, const uint8_t *packet, size_t len);

// Write a solicitation or advertisement as an IPv6 packet, with its checksum. The link-layer
// address goes into the option that the type of the message has for it.
//
// packet  Room for SL_ND_MAX bytes.
//
// Returns its length.
size_t sl_nd_write(uint8_t *packet, const struct sl_nd *nd);

// The group that whoever has the address listens to. Spec: RFC 4291 section 2.7.1.
void sl_nd_solicited_node(uint8_t group[16], const uint8_t ip[16]);
