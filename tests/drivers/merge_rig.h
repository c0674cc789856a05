// merge_rig: TCP segments and UDP datagrams of any shape, and what a kernel would do with pieces
// made of them.
#pragma once

#include "drivers/cut.h"
#include "drivers/merge.h"

enum { MERGE_ROOM = 1 << 17 };

// A packet without a pool.
struct merge_packet {
	struct rte_mbuf mbuf;
	uint8_t *bytes;
};

// An empty one whose buffer is as large as it needs to be, and no larger, so that a sanitizer sees
// what leaves it. Its bytes are freed by the caller.
struct merge_packet merge_packet(uint32_t room);

struct merge_segment {
	bool ipv6, options, udp;
	bool may_fragment; // no DF
	uint16_t id, size, window;
	uint32_t sequence, ack;
	uint8_t flags, tos;
};

// Build the packet of a segment, whose checksums are computed by plain code; its payload depends on
// the sequence number of each byte. Returns its length.
uint32_t merge_build(uint8_t *bytes, const struct merge_segment *s);

// The sum of the pseudo-header alone, where the kernel leaves the checksum to others.
void merge_unfinish(uint8_t *bytes, uint32_t len);

// Merge a burst of n packets of those bytes, cut the pieces again and compare. Returns how many
// runs there were, or 0 where the packets are not the same again.
unsigned merge_and_cut(const uint8_t *const *bytes, const uint32_t *len, unsigned n);
