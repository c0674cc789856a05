// poly1305_limbs26: arithmetic modulo p = 2^130 - 5 in 4 lanes, by AVX2's 32-bit multiplier. A
// number is five limbs of 26 bits, a vector holds one limb of four numbers.
//
// Included by its kernel alone, and compiled with its flags.
#pragma once

#include <immintrin.h>
#include <stdint.h>

#pragma GCC diagnostic ignored "-Wpsabi" // all is inlined: no vector is ever passed

enum {
	LIMBS = 5,
	LIMB_BITS = 26,
};

typedef uint64_t u64x4 __attribute__((vector_size(32)));

// Four numbers, one per lane: the sum of limb[i] << 26 i. Limbs may be some bits longer than 26,
// for multiplication below 2^32.
struct numbers {
	u64x4 limb[LIMBS];
};

// Four factors: their limbs, and 5 times these, because 2^130 is 5 modulo p.
struct factors {
	u64x4 r[LIMBS];
	u64x4 r5[LIMBS]; // [0] is not used
};

static inline u64x4 all(uint64_t x)
{
	return (u64x4){0} + x;
}

// Per lane, yes where all bits of `lanes` are set, no where none is.
static inline u64x4 choose(u64x4 lanes, u64x4 yes, u64x4 no)
{
	return (u64x4)_mm256_blendv_epi8((__m256i)no, (__m256i)yes, (__m256i)lanes);
}

static inline u64x4 limb_mask(void)
{
	return all((1 << LIMB_BITS) - 1);
}

// The numbers low + 2^64 high, plus `bit` in limb 4.
static inline struct numbers split(u64x4 low, u64x4 high, u64x4 bit)
{
	const u64x4 mask = limb_mask();

	return (struct numbers){{low & mask, (low >> 26) & mask, (low >> 52 | high << 12) & mask,
				 (high >> 14) & mask, high >> 40 | bit}};
}

// 2^128, which every block carries above its 16 bytes (RFC 8439 section 2.5.1), as limb 4 has it.
static inline u64x4 block_bit(u64x4 lanes)
{
	return lanes & all(1 << (128 - 4 * LIMB_BITS));
}

static inline struct factors factors(struct numbers n)
{
	struct factors f;

	for (int i = 0; i < LIMBS; i++) {
		f.r[i] = n.limb[i];
		f.r5[i] = n.limb[i] + (n.limb[i] << 2);
	}
	return f;
}

static inline u64x4 product(u64x4 a, u64x4 b)
{
	return (u64x4)_mm256_mul_epu32((__m256i)a, (__m256i)b);
}

// Move what limb i has above 26 bits to the next one; from limb 4 it comes back as 5 times that.
static inline void carry(u64x4 *d, int i)
{
	const u64x4 above = d[i] >> LIMB_BITS;

	d[i] &= limb_mask();
	if (i < LIMBS - 1)
		d[i + 1] += above;
	else
		d[0] += above + (above << 2);
}

// h * f modulo p, limbs at most a little longer than 26 bits.
static inline struct numbers multiply(struct numbers h, const struct factors *f)
{
	struct numbers d;

#pragma GCC unroll 5
	for (int i = 0; i < LIMBS; i++) {
		d.limb[i] = product(h.limb[0], f->r[i]);
#pragma GCC unroll 4
		for (int j = 1; j < LIMBS; j++) // limb j times what brings it to limb i
			d.limb[i] += product(h.limb[j],
					     j <= i ? f->r[i - j] : f->r5[LIMBS + i - j]);
	}
	// Two chains of carries side by side.
	carry(d.limb, 0);
	carry(d.limb, 3);
	carry(d.limb, 1);
	carry(d.limb, 4);
	carry(d.limb, 2);
	carry(d.limb, 0);
	carry(d.limb, 3);
	return d;
}

static inline struct numbers add(struct numbers a, struct numbers b)
{
	for (int i = 0; i < LIMBS; i++)
		a.limb[i] += b.limb[i];
	return a;
}

// h modulo p, each limb in its range (RFC 8439 section 2.5.1).
static inline struct numbers reduce(struct numbers h)
{
	struct numbers with5;
	u64x4 above;

	for (int i = 0; i < 2; i++) // if the second carries 5 into limb 0, that was nearly 0
		for (int limb = 0; limb < LIMBS; limb++)
			carry(h.limb, limb);
	// If h + 5 reaches 2^130, h is p or more, and h - p is h + 5 - 2^130.
	with5 = h;
	with5.limb[0] += 5;
	for (int limb = 0; limb < LIMBS - 1; limb++)
		carry(with5.limb, limb);
	above = all(0) - (with5.limb[4] >> LIMB_BITS);
	with5.limb[4] &= limb_mask();
	for (int limb = 0; limb < LIMBS; limb++)
		h.limb[limb] = choose(above, with5.limb[limb], h.limb[limb]);
	return h;
}
