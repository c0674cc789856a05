// tcp: the header. Spec: RFC 9293 section 3.1.
#pragma once

#include "core/proto/bytes.h"

#include <stddef.h>

enum {
	SL_TCP_FIN = 0x01,
	SL_TCP_PSH = 0x08,
	SL_TCP_ACK = 0x10,
	SL_TCP_ECE = 0x40, // RFC 3168 section 6.1
	SL_TCP_CWR = 0x80,
};

struct sl_tcp_hdr {
	uint8_t ports[4]; // source, destination
	uint8_t sequence[4];
	uint8_t ack[4];
	uint8_t data_offset; // upper half, in words
	uint8_t flags;
	uint8_t window[2];
	uint8_t checksum[2];
	uint8_t urgent[2];
};
_Static_assert(sizeof(struct sl_tcp_hdr) == 20, "TCP header without options");

// Length of the header with its options, bytes; below that of the struct where it is malformed.
static inline size_t sl_tcp_hdr_len(const struct sl_tcp_hdr *tcp)
{
	return (size_t)(tcp->data_offset >> 4) * 4;
}
