// cut: makes packets of what a kernel hands over with work left to do: several TCP segments or UDP
// datagrams in one piece, or a checksum that is not finished. Spec: virtio 1.2 section 5.1.6.4.
#pragma once

#include "drivers/spill.h"

#include <linux/virtio_net.h>
#include <sluice/packet.h>

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4 // headers older than Linux 6.2
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

struct sl_cut {
	struct sl_spill bytes; // of all, the first packet's buffer in front
	uint32_t len;          // of all
	uint32_t size;         // of payload in each packet but the last
	unsigned n;            // packets to be made
	uint16_t upper;        // where the TCP or UDP header is
	uint16_t field;        // offset of the checksum in it
	uint16_t payload;      // where what is cut begins
	bool has_checksum;     // nothing to be finished
};

// Find out what is to be done.
//
// c  bytes and len have been filled in: an IP packet.
// h  What the kernel says about it, in the host's byte order.
//
// Returns false where it makes no sense, or where a packet would not fit the first one's buffer.
bool sl_cut_plan(struct sl_cut *c, const struct virtio_net_hdr *h);

// Make packet i of c->n. p is empty, but for the last one made, which must be packet 0 in its
// place.
void sl_cut_make(const struct sl_cut *c, unsigned i, struct rte_mbuf *p);
