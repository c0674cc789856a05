// poly1305_limbs64: arithmetic modulo p = 2^130 - 5 in general registers, by the 64-bit multiplier.
// A number is three limbs of 64, 64 and a few bits.
//
// Included by its kernels alone, and compiled with their flags: BMI2's mulx leaves the flags alone.
#pragma once

#include "simd/poly1305.h"
#include <string.h>

__extension__ typedef unsigned __int128 u128;

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
	memset(s->h, 0, sizeof(s->h));
	memcpy(s->r, key, sizeof(s->r));
	s->r[0] &= UINT64_C(0x0ffffffc0fffffff);
	s->r[1] &= UINT64_C(0x0ffffffc0ffffffc);
	s->r1_5 = s->r[1] + (s->r[1] >> 2);
}

// h = (h + block + 2^128) * r modulo p, up to a few bits beyond 2^130 (section 2.5.1).
static inline __attribute__((always_inline)) void sum_block(struct sl_poly1305_message *s,
							    uint64_t low, uint64_t high)
{
	uint64_t h0 = s->h[0], h1 = s->h[1], h2 = s->h[2], above, d[3];
	u128 a, b;

	add_limbs3(&h0, &h1, &h2, low, high, 1);
	// Limb 0 of the product, what it carries, and limbs 1 and 2.
	a = (u128)h0 * s->r[0];
	b = (u128)h1 * s->r1_5;
	d[0] = (uint64_t)a;
	above = (uint64_t)(a >> 64);
	add_limbs2(&d[0], &above, (uint64_t)b, (uint64_t)(b >> 64));
	a = (u128)h0 * s->r[1];
	b = (u128)h1 * s->r[0];
	d[1] = (uint64_t)a;
	d[2] = (uint64_t)(a >> 64);
	add_limbs2(&d[1], &d[2], (uint64_t)b, (uint64_t)(b >> 64));
	add_limbs2(&d[1], &d[2], h2 * s->r1_5, h2 * s->r[0]);
	add_limbs2(&d[1], &d[2], above, 0);
	// What is above bit 130 comes back as 5 times that.
	above = (d[2] >> 2) + (d[2] & ~UINT64_C(3));
	d[2] &= 3;
	add_limbs3(&d[0], &d[1], &d[2], above, 0, 0);
	s->h[0] = d[0];
	s->h[1] = d[1];
	s->h[2] = d[2];
}

static inline __attribute__((always_inline)) void sum_block_at(struct sl_poly1305_message *s,
							       const uint8_t *block)
{
	uint64_t limb[2];

	memcpy(limb, block, sizeof(limb));
	sum_block(s, limb[0], limb[1]);
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
