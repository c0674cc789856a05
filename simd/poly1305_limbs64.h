// poly1305_limbs64: arithmetic modulo p = 2^130 - 5 in general registers, by the 64-bit multiplier.
// A number is three limbs of 64, 64 and a few bits.
//
// Included by its kernels alone, and compiled with their flags: BMI2's mulx leaves the flags alone.
#pragma once

#include "simd/poly1305.h"
#include <string.h>

// x += y. Compilers make such carries out of conversions and spills.
static inline void add_limbs2(uint64_t *x0, uint64_t *x1, uint64_t y0, uint64_t y1)
{
	__asm__("add %2, %0\n\t"
		"adc %3, %1"
		: "+&r"(*x0), "+&r"(*x1)
		: "re"(y0), "re"(y1)
		: "cc");
}

static inline void add_limbs3(uint64_t *x0, uint64_t *x1, uint64_t *x2, uint64_t y0, uint64_t y1,
			      uint64_t y2)
{
	__asm__("add %3, %0\n\t"
		"adc %4, %1\n\t"
		"adc %5, %2"
		: "+&r"(*x0), "+&r"(*x1), "+&r"(*x2)
		: "re"(y0), "re"(y1), "re"(y2)
		: "cc");
}

// RFC 8439 section 2.5: r is the key's first half, clamped.
static inline void sum_start(struct sl_poly1305_message *s, const uint8_t *key)
{
	s->h[0] = s->h[1] = s->h[2] = 0;
	memcpy(&s->r[0], key, 8);
	memcpy(&s->r[1], key + 8, 8);
	s->r[0] &= UINT64_C(0x0ffffffc0fffffff);
	s->r[1] &= UINT64_C(0x0ffffffc0ffffffc);
	s->r1_5 = s->r[1] + (s->r[1] >> 2);
}

// h = (h + block + 2^128) * r modulo p, up to a few bits beyond 2^130 (section 2.5.1).
//
// In assembler, because compilers make half as many instructions again: where it goes beside
// vectors they run out of registers, and a core out of instructions that it can start in a cycle.
static inline __attribute__((always_inline)) void sum_block_at(struct sl_poly1305_message *s,
							       const uint8_t *block)
{
	uint64_t a, b, c, d, e;

	__asm__("add %[low], %[h0]\n\t"
		"adc %[high], %[h1]\n\t"
		"adc $1, %[h2]\n\t"
		// Limbs 0 and 1, and what they carry in a and e.
		"mov %[h0], %%rdx\n\t"
		"mulx %[r0], %[h0], %[a]\n\t"
		"mulx %[r1], %[b], %[c]\n\t"
		"mov %[h1], %%rdx\n\t"
		"mulx %[r1_5], %[d], %[e]\n\t"
		"add %[d], %[h0]\n\t"
		"adc %[e], %[a]\n\t"
		"mulx %[r0], %[h1], %[e]\n\t"
		"add %[b], %[h1]\n\t"
		"adc %[c], %[e]\n\t"
		"mov %[h2], %%rdx\n\t"
		"imul %[r1_5], %%rdx\n\t"
		"imul %[r0], %[h2]\n\t"
		"add %%rdx, %[h1]\n\t"
		"adc %[h2], %[e]\n\t"
		"add %[a], %[h1]\n\t"
		"adc $0, %[e]\n\t"
		// What is above bit 130 comes back as 5 times that.
		"mov %[e], %[h2]\n\t"
		"and $3, %[h2]\n\t"
		"and $-4, %[e]\n\t"
		"mov %[e], %[a]\n\t"
		"shr $2, %[a]\n\t"
		"add %[a], %[e]\n\t"
		"add %[e], %[h0]\n\t"
		"adc $0, %[h1]\n\t"
		"adc $0, %[h2]"
		: [h0] "+&r"(s->h[0]), [h1] "+&r"(s->h[1]), [h2] "+&r"(s->h[2]), [a] "=&r"(a),
		  [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [e] "=&r"(e)
		: [r0] "r"(s->r[0]), [r1] "r"(s->r[1]), [r1_5] "r"(s->r1_5),
		  [low] "m"(*(const uint8_t(*)[8])block),
		  [high] "m"(*(const uint8_t(*)[8])(block + 8))
		: "rdx", "cc");
}

static inline __attribute__((always_inline)) void sum_block(struct sl_poly1305_message *s,
							    uint64_t low, uint64_t high)
{
	const uint64_t limb[2] = {low, high};

	sum_block_at(s, (const uint8_t *)limb);
}

// The sum modulo p, plus s, the key's second half, modulo 2^128: the tag (section 2.5.1).
static inline void sum_finish(struct sl_poly1305_message *s, const uint8_t *key, uint8_t *tag)
{
	uint64_t h0 = s->h[0], h1 = s->h[1], h2 = s->h[2], g0 = h0, g1 = h1, g2 = h2, above, pad[2];

	// If h + 5 reaches 2^130, h is p or more, and h - p is h + 5 - 2^130.
	add_limbs3(&g0, &g1, &g2, 5, 0, 0);
	above = 0 - (g2 >> 2);
	h0 ^= (h0 ^ g0) & above;
	h1 ^= (h1 ^ g1) & above;
	memcpy(pad, key + 16, sizeof(pad));
	add_limbs2(&h0, &h1, pad[0], pad[1]);
	memcpy(tag, &h0, 8);
	memcpy(tag + 8, &h1, 8);
}
