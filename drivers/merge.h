// merge: finds TCP segments that follow each other in a burst, and UDP datagrams of one length, so
// that a kernel can be given them in one piece and its way through the stack is that of one packet.
// What sl_cut would make of the piece is the very packets that went into it.
#pragma once

#include "drivers/cut.h"

// Packets of a burst that make one piece: the first as it is, of the others what is behind
// `payload` bytes of headers.
struct sl_merge_run {
	struct virtio_net_hdr header; // what to tell the kernel
	uint16_t start, n;
	uint16_t payload; // 0 where n is 1
};

// Find the runs of a burst of n IP packets, at most SL_BURST. The headers of the first of each run
// of several become those of the piece; a checksum that was wrong is never made right.
//
// with_udp  Whether the kernel takes pieces of UDP, too.
// runs      Room for n.
//
// Returns how many there are.
unsigned sl_merge(struct rte_mbuf *const *p, unsigned n, bool with_udp, struct sl_merge_run *runs);
