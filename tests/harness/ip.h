// ip: packets as they pass between the apps of a router, IP header first, meta in front.
//
//	struct ip_packet p;
//
//	ip_build(&p, "10.0.0.9", "10.0.0.1", SL_PROTO_UDP, NULL, 20);
//	ip_feed(h, 0, &p);
//
// Addresses are text of either family. Checksums are computed by plain code of its own.
#pragma once

#include "core/ip/meta.h"
#include "tests/harness/app_harness.h"

enum { IP_MOST = 65535 };

struct ip_packet {
	struct sl_ip_meta meta; // as of a frame that came in on interface 0
	uint32_t len;
	uint8_t bytes[IP_MOST + 1];
};

// Make an IP packet: TTL 64, no options.
//
// payload  Its n bytes; NULL = bytes that look random and are the same each time.
void ip_build(struct ip_packet *p, const char *src, const char *dst, uint8_t protocol,
	      const void *payload, unsigned n);

// Put the length into the IP header, and its checksum.
void ip_seal(struct ip_packet *p);

// Make an ICMP or ICMPv6 message, by the family of the addresses; n is that of what is behind
// the first 8 bytes. rest is the second word of the header.
void ip_build_icmp(struct ip_packet *p, const char *src, const char *dst, uint8_t type,
		   uint8_t code, uint32_t rest, unsigned n);

// The checksum, in host order, that len bytes have; 0 where one is among them and is right. With
// the pseudo-header of packet in front, unless packet is NULL.
uint16_t ip_checksum(const void *bytes, size_t len, const uint8_t *packet);

// Fit for sl_harness_feed_packet. Returns NULL where the pool is empty.
struct rte_mbuf *ip_packet(struct sl_harness *h, const struct ip_packet *p);

bool ip_feed(struct sl_harness *h, unsigned input, const struct ip_packet *p);

// Take the oldest packet of an output with its meta. Returns false if there is none.
bool ip_take(struct sl_harness *h, unsigned output, struct ip_packet *p);
