// flow: which packets belong together.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Hash a frame by the conversation it belongs to: both directions hash alike.
//
// Frames that carry IPv4 or IPv6, behind any number of VLAN tags, hash by their two addresses,
// and, where TCP, UDP, UDP-Lite, SCTP or DCCP follows, by protocol and ports too. Fragments, the
// first one included, hash by addresses only, so that those of a packet stay together; so do
// packets whose ports are cut off. Everything else hashes by MAC addresses and EtherType. Tags
// take no part. Frames without a whole Ethernet header hash to 0.
//
// Returns 32 well mixed bits: scale them to n ways by sl_flow_way. The same on every machine.
uint32_t sl_flow_hash(const uint8_t *frame, size_t len);

// The same hash of an IPv4 or IPv6 packet without its frame; of anything else 0.
uint32_t sl_flow_hash_ip(const uint8_t *packet, size_t len);

// One of n ways (below 2^32), evenly.
static inline unsigned sl_flow_way(uint32_t hash, unsigned n)
{
	return (unsigned)((uint64_t)hash * n >> 32);
}
