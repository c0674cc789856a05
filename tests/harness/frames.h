// frames: frames with any headers in any nesting and all checksums right, made from words.
//
//	frame_build(&f, "ether vlan ipv4 udp vxlan ether ipv6 hop tcp", 100);
//
// Checksums are computed by plain code of its own. A word is a header: ether, vlan, qinq, ipv4,
// ipv4+options, ipv4+route (a source route under way), ipv6, hop, dest, home (a home address),
// route0, route4, route9 (routing headers under way), atomic (a fragment header), ah, udp, udp0
// (without checksum), vxlan (its port; stands behind udp), tcp, icmp, icmpv6, gre, gre+c, gre+k,
// gre+cks, igmp (stands for a protocol that is not walked).
#pragma once

#include "core/proto/walk.h"

enum { FRAME_MOST = 4096 };

struct frame {
	uint8_t bytes[FRAME_MOST];
	uint16_t len;
	unsigned n;                                      // layers with a checksum field
	struct sl_walk_layer layers[2 * SL_WALK_LAYERS]; // kind, offset, len and field
};

// words   Headers, outermost first, one blank between them.
// payload Bytes behind the last header.
void frame_build(struct frame *f, const char *words, unsigned payload);

// The headers that nesting is tried with, NULL at the end.
extern const char *const frame_words[];
