// ethernet: frames and their VLAN tags. Spec: IEEE 802.3 clause 3.2, 802.1Q clause 9.6.
#pragma once

#include "core/proto/bytes.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	SL_ETHER_IPV4 = 0x0800,
	SL_ETHER_ARP = 0x0806,
	SL_ETHER_VLAN = 0x8100, // C-tag
	SL_ETHER_IPV6 = 0x86dd,
	SL_ETHER_QINQ = 0x88a8,     // S-tag
	SL_ETHER_QINQ_OLD = 0x9100, // S-tag before 802.1ad
};

struct sl_ether_hdr {
	uint8_t dst[6];
	uint8_t src[6];
	uint8_t type[2];
};
_Static_assert(sizeof(struct sl_ether_hdr) == 14, "Ethernet header");

// What follows the header of an Ethernet frame and any number of VLAN tags.
struct sl_ether_payload {
	const uint8_t *data;
	size_t len;
	uint16_t type; // of data: an EtherType, or a length below 0x600
};

static inline bool sl_ether_is_vlan(uint16_t type)
{
	return type == SL_ETHER_VLAN || type == SL_ETHER_QINQ || type == SL_ETHER_QINQ_OLD;
}

// Find the payload of a frame. Returns false where the header or a tag is cut short.
static inline bool sl_ether_payload(const uint8_t *frame, size_t len, struct sl_ether_payload *out)
{
	const uint8_t *p = frame + sizeof(struct sl_ether_hdr), *end = frame + len;

	if (len < sizeof(struct sl_ether_hdr))
		return false;
	out->type = load_be16(p - 2);
	while (sl_ether_is_vlan(out->type)) {
		if (end - p < 4)
			return false;
		out->type = load_be16(p + 2);
		p += 4;
	}
	out->data = p;
	out->len = (size_t)(end - p);
	return true;
}

// Whether one station may have the address: neither a group's nor zero.
static inline bool sl_ether_is_unicast(const uint8_t mac[6])
{
	return !(mac[0] & 1) && (load_be32(mac) | load_be16(mac + 4)) != 0;
}

// The address of the stations that listen to an IPv4 group. Spec: RFC 1112 section 6.4.
static inline void sl_ether_group_ipv4(uint8_t mac[6], const uint8_t ip[4])
{
	store_be16(mac, 0x0100);
	mac[2] = 0x5e;
	mac[3] = ip[1] & 0x7f;
	mac[4] = ip[2];
	mac[5] = ip[3];
}

// The same of an IPv6 group. Spec: RFC 2464 section 7.
static inline void sl_ether_group_ipv6(uint8_t mac[6], const uint8_t ip[16])
{
	store_be16(mac, 0x3333);
	memcpy(mac + 2, ip + 12, 4);
}
