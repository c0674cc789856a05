// ecn: congestion marks across a tunnel. Spec: RFC 6040 sections 4.1 (normal mode) and 4.2.
#pragma once

#include "core/proto/checksum.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

enum sl_ecn { SL_ECN_NOT_ECT, SL_ECN_ECT1, SL_ECN_ECT0, SL_ECN_CE };

// The mark of the IP packet at ip, of either family, of which the header is there.
static inline enum sl_ecn sl_ecn_of(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? ip[1] & 3 : ip[1] >> 4 & 3;
}

// What an inner mark becomes when the outer header with its mark is taken off. Returns it, or -1:
// the packet must be dropped, because its sender would not hear of the congestion.
static inline int sl_ecn_decapsulate(enum sl_ecn inner, enum sl_ecn outer)
{
	if (outer == SL_ECN_NOT_ECT)
		return (int)inner; // the common case first
	if (inner == SL_ECN_NOT_ECT)
		return outer == SL_ECN_CE ? -1 : SL_ECN_NOT_ECT;
	if (inner == SL_ECN_CE || outer == SL_ECN_CE)
		return SL_ECN_CE;
	return outer == SL_ECN_ECT1 ? SL_ECN_ECT1 : (int)inner;
}

// Set the mark of a packet, its header checksum with it.
static inline void sl_ecn_set(uint8_t *ip, enum sl_ecn mark)
{
	struct sl_ipv4_hdr *h = (struct sl_ipv4_hdr *)ip;
	uint16_t before, after, checksum;

	if (ip[0] >> 4 == 6) {
		ip[1] = (uint8_t)((ip[1] & 0xcf) | mark << 4);
		return;
	}
	memcpy(&before, ip, sizeof(before)); // the word that the mark is in
	h->tos = (uint8_t)((h->tos & 0xfc) | mark);
	memcpy(&after, ip, sizeof(after));
	memcpy(&checksum, h->checksum, sizeof(checksum));
	checksum = sl_checksum_update16(checksum, before, after);
	memcpy(h->checksum, &checksum, sizeof(checksum));
}
