// source: the source address of a packet that the router made before it knew the way out.
//
// Who speaks for the router without having been spoken to, such as a tunnel that begins, leaves the
// source 0; once the way is known, so is the address to speak from. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Whether a packet of either family, IP header first, has none: 0.0.0.0 or ::.
bool sl_source_is_missing(const uint8_t *packet);

// Put the address, of the packet's family, where there is none. The checksums of the header and of
// UDP right behind it, which have been computed with 0, stay right. Spec: RFC 1624.
void sl_source_fill(uint8_t *packet, const uint8_t *address);
