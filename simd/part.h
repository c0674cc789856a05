// part: what is left of a text behind its whole blocks, in general registers.
//
// Nothing but its bytes is read or written, and no function is called: vectors of whoever includes
// this stay in their registers. Branches depend on the length alone.
#pragma once

#include <stdint.h>
#include <string.h>

// Up to 16 bytes, the others zero: low holds the first 8.
struct part {
	uint64_t low, high;
};

// The 8 bytes from byte `by` of p on, below 8.
static inline uint64_t part_from(struct part p, unsigned by)
{
	return p.low >> 8 * by | p.high << 1 << (63 - 8 * by);
}

// len is 1 to 15. Loads overlap where the length is no power of 2.
static inline struct part part_load(const uint8_t *from, uint32_t len)
{
	struct part p = {0, 0};
	uint32_t first, last;

	if (len >= 8) {
		memcpy(&p.low, from, 8);
		memcpy(&p.high, from + len - 8, 8);
		p.high = p.high >> 8 * (15 - len) >> 8;
	} else if (len >= 4) {
		memcpy(&first, from, 4);
		memcpy(&last, from + len - 4, 4);
		p.low = first | (uint64_t)last << 8 * (len - 4);
	} else {
		first = from[0] | (uint32_t)from[len / 2] << 8 * (len / 2);
		p.low = first | (uint32_t)from[len - 1] << 8 * (len - 1);
	}
	return p;
}

// The same way back.
static inline void part_store(uint8_t *to, struct part p, uint32_t len)
{
	if (len >= 8) {
		const uint64_t last = part_from(p, len - 8);

		memcpy(to, &p.low, 8);
		memcpy(to + len - 8, &last, 8);
	} else if (len >= 4) {
		const uint32_t first = (uint32_t)p.low, last = (uint32_t)(p.low >> 8 * (len - 4));

		memcpy(to, &first, 4);
		memcpy(to + len - 4, &last, 4);
	} else {
		to[0] = (uint8_t)p.low;
		to[len / 2] = (uint8_t)(p.low >> 8 * (len / 2));
		to[len - 1] = (uint8_t)(p.low >> 8 * (len - 1));
	}
}
