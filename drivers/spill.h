// spill: bytes that were received into a packet and, what it had no room for, behind it elsewhere.
#pragma once

#include <stdint.h>
#include <string.h>

enum { SL_SPILL_BYTES = 1 << 16 }; // of the place elsewhere: the kernel hands over no more at once

struct sl_spill {
	const uint8_t *first; // in the packet
	uint32_t room;        // bytes of it there
	const uint8_t *rest;
};

// Copy len bytes from byte `at` on.
static inline void sl_spill_copy(const struct sl_spill *s, uint32_t at, uint8_t *to, uint32_t len)
{
	if (at < s->room) {
		uint32_t n = len < s->room - at ? len : s->room - at;

		memcpy(to, s->first + at, n);
		at += n;
		to += n;
		len -= n;
	}
	if (len > 0)
		memcpy(to, s->rest + (at - s->room), len);
}
