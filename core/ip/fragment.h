// fragment: one IP packet as several. Pure.
//
// IPv4 packets may be fragments already: theirs go on where they began. IPv6 packets are divided
// by their source alone, which must not have put extension headers in front.
// Spec: RFC 791 section 3.2, RFC 1812 section 4.2.2.7, RFC 8200 section 4.5.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SL_FRAGMENT_MTU_MIN4 = 68,   // RFC 791 section 3.2: what every link carries whole
	SL_FRAGMENT_MTU_MIN6 = 1280, // RFC 8200 section 5
};

struct sl_fragments {
	const uint8_t *packet; // borrowed and not to be changed until all are written
	size_t payload_len;    // behind the packet's header
	size_t done;           // of it
	size_t mtu;
	size_t first_len, later_len; // of the header of the first fragment and of the others
	uint8_t first[60], later[60];
};

// The next identification for an IPv6 packet: one that nobody can guess. Spec: RFC 7739
// section 5.3.
//
// state  Random at first.
uint32_t sl_fragment_id(uint64_t *state);

// Whether a packet ends within the longest datagram that there may be. A fragment of IPv4 that does
// not, and no host would take, must not be divided: what lies beyond the last offset would go out
// as the beginning of the datagram.
bool sl_fragments_fit(const uint8_t *packet, size_t len);

// Begin to divide a whole packet that is longer than mtu. An MTU below what every link carries
// counts as that. Whether it may be divided (SL_IPV4_DF) and fits has been
// asked before.
//
// id  Identification of an IPv6 packet: one that its source has not used lately.
//
// Returns false where the options of an IPv4 header make no sense, so that nobody can tell which
// belong into each fragment.
bool sl_fragments_begin(struct sl_fragments *f, const uint8_t *packet, size_t len, uint16_t mtu,
			uint32_t id);

// Bytes of the next fragment, at most mtu; 0 = all are written.
size_t sl_fragments_len(const struct sl_fragments *f);

// Write the next fragment, sl_fragments_len bytes of it, to memory that is no part of the packet.
void sl_fragments_next(struct sl_fragments *f, uint8_t *to);
