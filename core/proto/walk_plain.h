// walk_plain: the walk of most frames, in a few cycles.
#pragma once

#include "core/proto/ethernet.h"
#include "core/proto/ipv4.h"
#include "core/proto/protocol.h"
#include "core/proto/walk.h"

// Walk TCP, or UDP other than VXLAN, in a whole IPv4 packet
// without options right behind the Ethernet header. Returns true and the two layers that sl_walk
// would note, or false: only sl_walk can tell.
static inline bool sl_walk_plain(const uint8_t *frame, uint16_t len, struct sl_walk_layer *header,
				 struct sl_walk_layer *upper)
{
	enum { HEADER = sizeof(struct sl_ether_hdr), UPPER = HEADER + sizeof(struct sl_ipv4_hdr) };
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)(frame + HEADER);
	const uint8_t *p = frame + UPPER;
	uint16_t upper_len, field;
	uint8_t verdict = SL_WALK_DUE;

	if (len < UPPER + 20 || load_be16(frame + 12) != SL_ETHER_IPV4 || ip->version_ihl != 0x45)
		return false;
	if (sl_ipv4_is_fragment(ip) || load_be16(ip->total_len) > len - HEADER ||
	    load_be16(ip->total_len) < sizeof(*ip) + 20)
		return false;
	upper_len = (uint16_t)(load_be16(ip->total_len) - sizeof(*ip));
	if (ip->protocol == SL_PROTO_UDP) {
		if (load_be16(p + 4) != upper_len || load_be16(p + 2) == SL_WALK_VXLAN_PORT)
			return false;
		field = 6;
		if (load_be16(p + 6) == 0)
			verdict = SL_WALK_NONE;
	} else if (ip->protocol == SL_PROTO_TCP) {
		field = 16;
	} else {
		return false;
	}
	*header = (struct sl_walk_layer){SL_WALK_IPV4, SL_WALK_DUE, HEADER, sizeof(*ip), 10, 0};
	*upper = (struct sl_walk_layer){
		.kind = field == 6 ? SL_WALK_UDP : SL_WALK_TCP,
		.verdict = verdict,
		.offset = UPPER,
		.len = upper_len,
		.field = field,
		.initial = sl_checksum_pseudo_ipv4(ip->src, ip->dst, ip->protocol, upper_len),
	};
	return true;
}

// Whether a frame is plain and its checksums are right; if not, only sl_walk can tell why.
static inline bool sl_walk_plain_good(const uint8_t *frame, uint16_t len)
{
	struct sl_walk_layer header, upper;

	return sl_walk_plain(frame, len, &header, &upper) && sl_walk_layer_verify(&upper, frame) &&
	       sl_walk_layer_verify(&header, frame);
}
