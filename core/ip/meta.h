// meta: what one app of a router tells the next about a packet.
//
// It lies in the packet's headroom, right in front of its IP header, where the Ethernet header was:
// that cache line has been touched anyway, and the mbuf is left alone. Its last bytes are the
// Ethernet header as it arrived, so that sl_prepend(p, 14) gives the frame back.
//
// ethernet-in, or whoever makes a packet, writes it; whatever moves or copies such a packet's
// first byte carries it along. It ends where a link-layer header, or a tunnel's, is put in front.
#pragma once

#include "core/proto/ethernet.h"

#include <sluice/packet.h>

enum {
	SL_IFACES_MAX = 60,     // interfaces of a router
	SL_IFACE_NONE = 0xffff, // the router itself
};

enum sl_meta_flag {
	SL_META_L2_GROUP = 1,    // came in a broadcast or multicast frame
	SL_META_REASSEMBLED = 2, // was put together from fragments
	SL_META_NESTED = 16,     // times the number of tunnels of ours it is in
};

enum { SL_META_NESTED_MAX = 4 }; // tunnels around one packet: RFC 2473 section 4.1.1

// Why a packet cannot go on: what ICMP shall say to its source.
enum sl_ip_error {
	SL_IP_ERROR_NONE,
	SL_IP_NO_ROUTE,             // 3/0, ICMPv6 1/0
	SL_IP_HOST_UNREACHABLE,     // 3/1, 1/3
	SL_IP_PROTOCOL_UNREACHABLE, // 3/2, 4/1 with the pointer
	SL_IP_PORT_UNREACHABLE,     // 3/3, 1/4
	SL_IP_TOO_BIG,              // 3/4 with the MTU, 2/0
	SL_IP_PROHIBITED,           // 3/13, 1/1
	SL_IP_TTL_EXCEEDED,         // 11/0, 3/0
	SL_IP_REASSEMBLY_TIME,      // 11/1, 3/1
	SL_IP_PARAM_HEADER,         // 12/0, 4/0 with the pointer
	SL_IP_PARAM_NEXT_HEADER,    // 4/1
	SL_IP_PARAM_OPTION,         // 4/2
	SL_IP_PARAM_CHAIN,          // 4/3: the first fragment lacks headers
	SL_IP_REJECTED,             // unreachable route: 3/1, 1/0
	SL_IP_BEYOND_SCOPE,         // of its source address: ICMPv6 1/2
	SL_IP_ERRORS,
};

struct sl_ip_meta {
	uint8_t next_hop[16]; // of IPv4 the first four bytes
	uint32_t pointer;     // with SL_IP_PARAM_...: byte of the IP packet
	uint16_t iface_in;    // index, or SL_IFACE_NONE
	uint16_t iface_out;   // index; preset by the router itself for link-local destinations
	uint16_t mtu;  // with SL_IP_TOO_BIG: that of the way on; of the router's own: a limit, or 0
	uint8_t flags; // of enum sl_meta_flag
	uint8_t error; // enum sl_ip_error
	uint8_t ether[sizeof(struct sl_ether_hdr)];
} __attribute__((packed));
_Static_assert(sizeof(struct sl_ip_meta) == 42, "meta of a packet");
_Static_assert(offsetof(struct sl_ip_meta, iface_out) ==
			       offsetof(struct sl_ip_meta, iface_in) + 2 &&
		       offsetof(struct sl_ip_meta, flags) ==
			       offsetof(struct sl_ip_meta, iface_in) + 6,
	       "what sl_ip_meta_arrive writes");

// The meta of a packet whose first byte is that of its IP header.
static inline struct sl_ip_meta *sl_ip_meta(const struct rte_mbuf *p)
{
	return (struct sl_ip_meta *)(sl_data(p) - sizeof(struct sl_ip_meta));
}

// Make sure that the packet has room for a meta in front of it, moving it where it has not.
// Returns false where its buffer is too small.
static inline bool sl_ip_meta_fits(struct rte_mbuf *p)
{
	return __builtin_expect(p->data_off >= sizeof(struct sl_ip_meta), 1) ||
	       sl_packet_shift(p, sizeof(struct sl_ip_meta));
}

// Begin the meta of a packet that came in on an interface, in front of which there is its Ethernet
// header and room. What the fields hold that nobody reads before they are written is left alone.
static inline void sl_ip_meta_arrive(struct rte_mbuf *p, uint16_t iface, uint8_t flags)
{
	// iface_in, iface_out, mtu, flags and error in one store: this is done to every packet
	const uint64_t fields = iface | (uint64_t)SL_IFACE_NONE << 16 | (uint64_t)flags << 48;
	uint8_t *first = (uint8_t *)sl_ip_meta(p) + offsetof(struct sl_ip_meta, iface_in);

	memcpy(first, &fields, sizeof(fields));
}

// Begin the meta of a packet that the router made itself. There must be room.
static inline void sl_ip_meta_reset(struct rte_mbuf *p)
{
	struct sl_ip_meta *m = sl_ip_meta(p);

	memset(m, 0, sizeof(*m));
	m->iface_in = SL_IFACE_NONE;
	m->iface_out = SL_IFACE_NONE;
}
