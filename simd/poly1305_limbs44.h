// poly1305_limbs44: arithmetic modulo p = 2^130 - 5 in 8 lanes, by the 52-bit multiplier (AVX-512
// IFMA). A number is three limbs of 44, 44 and 42 bits, a vector holds one limb of eight numbers.
//
// Included by its kernel alone, and compiled with its flags.
#pragma once

#include <immintrin.h>
#include <stdint.h>

#pragma GCC diagnostic ignored "-Wpsabi" // all is inlined: no vector is ever passed

typedef uint64_t u64x8 __attribute__((vector_size(64)));

// Eight numbers, one per lane: limb[0] + 2^44 limb[1] + 2^88 limb[2]. Limbs may be a little longer
// than 44 bits, for multiplication below 2^52.
struct numbers {
	u64x8 limb[3];
};

// Eight factors: their limbs, and 20 times the upper ones, because 2^132 = 4 * 2^130 is 20 modulo
// p.
struct factors {
	u64x8 r[3];
	u64x8 r20[3]; // [0] is not used
};

static inline u64x8 all(uint64_t x)
{
	return (u64x8){0} + x;
}

static inline u64x8 choose(__mmask8 lanes, u64x8 yes, u64x8 no)
{
	return (u64x8)_mm512_mask_mov_epi64((__m512i)no, lanes, (__m512i)yes);
}

// The numbers low + 2^64 high, plus `bit` in limb 2.
static inline struct numbers split(u64x8 low, u64x8 high, u64x8 bit)
{
	const u64x8 mask = all((UINT64_C(1) << 44) - 1);

	return (struct numbers){{low & mask, (low >> 44 | high << 20) & mask, high >> 24 | bit}};
}

// 2^128, which every block carries above its 16 bytes (RFC 8439 section 2.5.1), as limb 2 has it.
static inline u64x8 block_bit(__mmask8 lanes)
{
	return choose(lanes, all(UINT64_C(1) << (128 - 88)), all(0));
}

static inline struct factors factors(struct numbers n)
{
	struct factors f;

	for (int i = 0; i < 3; i++) {
		f.r[i] = n.limb[i];
		f.r20[i] = n.limb[i] * 4 + n.limb[i] * 16;
	}
	return f;
}

// Sums of products: the multiplier gives the lower and the upper 52 bits one at a time.
struct product {
	u64x8 low, high;
};

static inline void add_product(struct product *p, u64x8 a, u64x8 b)
{
	p->low = (u64x8)_mm512_madd52lo_epu64((__m512i)p->low, (__m512i)a, (__m512i)b);
	p->high = (u64x8)_mm512_madd52hi_epu64((__m512i)p->high, (__m512i)a, (__m512i)b);
}

// What p has above its lowest `bits`.
static inline u64x8 carry(struct product p, int bits)
{
	return (p.low >> bits) + (p.high << (52 - bits));
}

// h * f modulo p, limbs 0 and 2 below 2^44 and 2^42, limb 1 a little above 2^44 at most.
static inline struct numbers multiply(struct numbers h, const struct factors *f)
{
	const u64x8 mask44 = all((UINT64_C(1) << 44) - 1), mask42 = all((UINT64_C(1) << 42) - 1);
	struct product d[3] = {{all(0), all(0)}, {all(0), all(0)}, {all(0), all(0)}};
	struct numbers out;
	u64x8 top;

	add_product(&d[0], h.limb[0], f->r[0]);
	add_product(&d[1], h.limb[0], f->r[1]);
	add_product(&d[2], h.limb[0], f->r[2]);
	add_product(&d[0], h.limb[1], f->r20[2]);
	add_product(&d[1], h.limb[1], f->r[0]);
	add_product(&d[2], h.limb[1], f->r[1]);
	add_product(&d[0], h.limb[2], f->r20[1]);
	add_product(&d[1], h.limb[2], f->r20[2]);
	add_product(&d[2], h.limb[2], f->r[0]);

	d[1].low += carry(d[0], 44);
	d[2].low += carry(d[1], 44);
	top = carry(d[2], 42); // times 2^130, which is 5
	out.limb[0] = (d[0].low & mask44) + top + top * 4;
	out.limb[1] = (d[1].low & mask44) + (out.limb[0] >> 44);
	out.limb[2] = d[2].low & mask42;
	out.limb[0] &= mask44;
	return out;
}

static inline struct numbers add(struct numbers a, struct numbers b)
{
	return (struct numbers){
		{a.limb[0] + b.limb[0], a.limb[1] + b.limb[1], a.limb[2] + b.limb[2]}};
}

// h modulo p, each limb in its range (RFC 8439 section 2.5.1).
static inline struct numbers reduce(struct numbers h)
{
	const u64x8 mask44 = all((UINT64_C(1) << 44) - 1), mask42 = all((UINT64_C(1) << 42) - 1);
	u64x8 a = h.limb[0], b = h.limb[1], c = h.limb[2], a5, b5, c5;
	__mmask8 above;

	for (int i = 0; i < 2; i++) { // if the second carries 5 into limb 0, that was nearly 0
		b += a >> 44;
		a &= mask44;
		c += b >> 44;
		b &= mask44;
		a += (c >> 42) * 4 + (c >> 42);
		c &= mask42;
	}
	// If h + 5 reaches 2^130, h is p or more, and h - p is h + 5 - 2^130.
	a5 = a + 5;
	b5 = b + (a5 >> 44);
	c5 = c + (b5 >> 44);
	above = _mm512_test_epi64_mask((__m512i)c5, (__m512i)all(UINT64_C(1) << 42));
	return (struct numbers){{choose(above, a5 & mask44, a), choose(above, b5 & mask44, b),
				 choose(above, c5 & mask42, c)}};
}
