// mss: the longest TCP segment that a host says it takes, lowered on the way where the way is too
// small for it. Pure. Spec: RFC 4459 section 3.2, RFC 9293 section 3.7.1.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Lower the MSS option of a whole IP packet of either family, whose header is in order, so that
// segments fit into packets of mtu bytes. Only SYN, with ACK or not, has that option; one that is
// not there is not put in. The checksum stays right.
//
// Returns whether the packet has changed.
bool sl_mss_clamp(uint8_t *packet, size_t len, uint32_t mtu);
