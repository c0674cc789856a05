// arp: address resolution of IPv4 on Ethernet. Spec: RFC 826, RFC 5227.
#pragma once

#include "core/proto/ethernet.h"

#include <string.h>

enum sl_arp_op { SL_ARP_REQUEST = 1, SL_ARP_REPLY = 2 };

// The only kind there is on Ethernet: six bytes of hardware address, four of protocol address.
struct sl_arp {
	uint8_t hardware[2]; // 1
	uint8_t protocol[2]; // SL_ETHER_IPV4
	uint8_t hardware_len, protocol_len;
	uint8_t op[2];
	uint8_t sender_mac[6], sender_ip[4];
	uint8_t target_mac[6], target_ip[4];
};
_Static_assert(sizeof(struct sl_arp) == 28, "ARP on Ethernet");

// Whether an address may be one host's: not 0/8 (a probe's sender apart), loopback, a group's or
// the broadcast address.
static inline bool sl_arp_ip_is_unicast(const uint8_t ip[4])
{
	return ip[0] != 0 && ip[0] != 127 && ip[0] < 224;
}

// 0.0.0.0: the sender does not use the address yet. Spec: RFC 5227 section 1.1.
static inline bool sl_arp_is_probe(const struct sl_arp *arp)
{
	return load_be32(arp->sender_ip) == 0;
}

// The sender tells everybody about itself. Spec: RFC 5227 section 3 (request and reply alike).
static inline bool sl_arp_is_gratuitous(const struct sl_arp *arp)
{
	return memcmp(arp->sender_ip, arp->target_ip, sizeof(arp->sender_ip)) == 0;
}

// The message at p, or NULL where it is no request or reply of IPv4 on Ethernet, is cut short, or
// its sender is nobody who could be answered. Padding may follow it.
static inline const struct sl_arp *sl_arp_parse(const uint8_t *p, size_t len)
{
	static const uint8_t kind[6] = {0, 1, SL_ETHER_IPV4 >> 8, SL_ETHER_IPV4 & 0xff, 6, 4};
	const struct sl_arp *arp = (const struct sl_arp *)p;
	uint16_t op;

	if (len < sizeof(*arp) || memcmp(p, kind, sizeof(kind)) != 0)
		return NULL;
	op = load_be16(arp->op);
	if (op != SL_ARP_REQUEST && op != SL_ARP_REPLY)
		return NULL;
	if (!sl_ether_is_unicast(arp->sender_mac))
		return NULL;
	if (sl_arp_is_probe(arp)) // RFC 5227 section 2.1.1: only requests
		return op == SL_ARP_REQUEST ? arp : NULL;
	return sl_arp_ip_is_unicast(arp->sender_ip) ? arp : NULL;
}

// Write a message of a sender; the target, left zero, is the caller's to fill in.
static inline void sl_arp_write(struct sl_arp *arp, enum sl_arp_op op, const uint8_t *sender_mac,
				const uint8_t *sender_ip)
{
	*arp = (struct sl_arp){.hardware = {0, 1}, .hardware_len = 6, .protocol_len = 4};
	store_be16(arp->protocol, SL_ETHER_IPV4);
	store_be16(arp->op, (uint16_t)op);
	memcpy(arp->sender_mac, sender_mac, sizeof(arp->sender_mac));
	memcpy(arp->sender_ip, sender_ip, sizeof(arp->sender_ip));
}
