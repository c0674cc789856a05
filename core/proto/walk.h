// walk: every checksum of a frame, through tunnels in tunnels.
//
// A walk goes from the outside in: Ethernet, VLAN tags, IPv4 with options, IPv6 with extension
// headers, UDP, TCP, ICMP, ICMPv6, GRE, VXLAN on its port, IP in IP, Ethernet in GRE and
// in IP; and so on inside. It notes each layer that has a checksum and then, innermost first
// because outer ones cover inner ones, a pass over the notes verifies or fixes them. Packets quoted
// in ICMP errors are data. What else there is ends the walk and is nothing odd.
//
// All functions: any thread; nothing outside of the frame's len bytes is read.
#pragma once

#include "core/proto/checksum.h"

enum {
	SL_WALK_DEPTH = 8,                  // IP headers in one frame
	SL_WALK_LAYERS = 2 * SL_WALK_DEPTH, // one IPv4 header and one layer above for each
	SL_WALK_VXLAN_PORT = 4789,
};

enum sl_walk_kind {
	SL_WALK_IPV4, // the header
	SL_WALK_UDP,
	SL_WALK_TCP,
	SL_WALK_ICMP,
	SL_WALK_ICMPV6,
	SL_WALK_GRE,
	SL_WALK_KINDS,
};

enum sl_walk_verdict {
	SL_WALK_DUE,     // to be verified or fixed
	SL_WALK_GOOD,    // verified
	SL_WALK_BAD,     // verified; or absent where it must not be
	SL_WALK_FIXED,   // was SL_WALK_BAD, is right now
	SL_WALK_NONE,    // the sender sent none and may
	SL_WALK_PARTIAL, // cannot be verified: not all that it covers is there or known
};

// What else was met. The first three may stand beside layers that are right.
enum sl_walk_flag {
	SL_WALK_UNKNOWN = 1,    // a payload of another protocol
	SL_WALK_FRAGMENT = 2,   // a fragment: its headers are walked, if it is the first
	SL_WALK_TOO_DEEP = 4,   // more than SL_WALK_DEPTH IP headers
	SL_WALK_TRUNCATED = 8,  // the frame ends before a packet in it does
	SL_WALK_MALFORMED = 16, // a header is impossible, or longer than what it is in
};

struct sl_walk_layer {
	uint8_t kind;     // enum sl_walk_kind
	uint8_t verdict;  // enum sl_walk_verdict
	uint16_t offset;  // of the first byte covered
	uint16_t len;     // bytes covered, beside the pseudo-header
	uint16_t field;   // of the checksum, from offset; even
	uint32_t initial; // sum of the pseudo-header
};

struct sl_walk {
	uint8_t depth; // IP headers
	uint8_t flags; // of enum sl_walk_flag
	uint8_t n;
	struct sl_walk_layer layers[SL_WALK_LAYERS]; // outermost first
};

// Note the layers of a frame that have a checksum; none is verified yet.
//
// w          Caller's memory, overwritten.
// udp6_zero  Whether UDP over IPv6 may come without a checksum (RFC 6935, RFC 6936); where not,
//            such a layer is SL_WALK_BAD.
void sl_walk(struct sl_walk *w, const uint8_t *frame, uint16_t len, bool udp6_zero);

// Verify what is due. Returns false where a layer is SL_WALK_BAD. frame is the one that was walked.
bool sl_walk_verify(struct sl_walk *w, const uint8_t *frame);

// Verify what is due, and write the checksum of each layer that is SL_WALK_BAD, which makes it
// SL_WALK_FIXED.
// frame is the one that was walked.
void sl_walk_fix(struct sl_walk *w, uint8_t *frame);

static inline bool sl_walk_layer_verify(struct sl_walk_layer *l, const uint8_t *frame)
{
	if (l->verdict == SL_WALK_DUE) {
		bool good = sl_checksum_good(frame + l->offset, l->len, l->initial);

		l->verdict = good ? SL_WALK_GOOD : SL_WALK_BAD;
	}
	return l->verdict != SL_WALK_BAD;
}

static inline void sl_walk_layer_fix(struct sl_walk_layer *l, uint8_t *frame)
{
	uint8_t *data = frame + l->offset;
	uint16_t right;

	sl_walk_layer_verify(l, frame);
	if (l->verdict != SL_WALK_BAD)
		return;
	right = sl_checksum_make(data, l->len, l->field, l->initial);
	if (l->kind == SL_WALK_UDP)
		right = sl_checksum_udp(right);
	memcpy(data + l->field, &right, sizeof(right));
	l->verdict = SL_WALK_FIXED;
}
