// icmp_error: what a router says of a packet that it cannot pass on, as a packet. Pure.
//
// Spec: RFC 792, RFC 1191, RFC 1812 section 4.3.2, RFC 4443 sections 2 and 3.
#pragma once

#include "core/ip/meta.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	SL_ICMP_ERROR_MAX4 = 576,  // bytes of an error with its IP header: RFC 1812 section 4.3.2.3
	SL_ICMP_ERROR_MAX6 = 1280, // RFC 4443 section 2.4 (c)
};

struct sl_icmp_error {
	uint8_t type, code;
	uint32_t rest; // second word of the message: pointer, MTU or 0
};

// The words for what the meta of a packet of that family (4 or 6) calls its error.
struct sl_icmp_error sl_icmp_error_of(uint8_t family, const struct sl_ip_meta *m);

// Whether an error about the packet may be sent at all, as far as packet and meta tell: not about
// errors, nor about fragments but the first, nor where the source is no single host or the
// destination many. Which addresses are broadcasts of a network, the caller knows.
//
// packet  A whole IP packet, as of ipv4-input or ipv6-input.
//
// Spec: RFC 1812 section 4.3.2.7, RFC 4443 section 2.4 (e).
bool sl_icmp_error_allowed(const uint8_t *packet, size_t len, const struct sl_ip_meta *m);

// Bytes of the error about the packet, IP header and all: it quotes as much as fits.
size_t sl_icmp_error_len(const uint8_t *packet, size_t len);

// Write the error about the packet, as an IP packet to its source.
//
// to      Room for sl_icmp_error_len bytes; no part of the packet.
// source  Address to send from, 4 or 16 bytes.
// id      Identification of an IPv4 packet.
void sl_icmp_error_write(uint8_t *to, const struct sl_icmp_error *e, const uint8_t *source,
			 uint16_t id, const uint8_t *packet, size_t len);
