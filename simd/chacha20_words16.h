// chacha20_words16: a vector holds one word of the state of 16 blocks (AVX-512).
//
// Included by its kernel alone, and compiled with its flags.
#pragma once

#include <immintrin.h>
#include <stdint.h>

#pragma GCC diagnostic ignored "-Wpsabi" // all is inlined: no vector is ever passed

enum {
	LANES = 16,
	SETS = 2, // of such vectors in flight, in 32 registers: one hides the latency of the other
};

typedef uint32_t words __attribute__((vector_size(64)));

static inline words lane_numbers(void)
{
	return (words){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
}

// The word at p in the lanes from `lane` on, w in those before.
static inline words from_lane_load(words w, unsigned lane, const uint8_t *p)
{
	const __mmask16 lanes = (__mmask16)(0xffffu << lane);

	return (words)_mm512_mask_broadcastd_epi32((__m512i)w, lanes, _mm_loadu_si32(p));
}

static inline words from_lane(words w, unsigned lane, uint32_t word)
{
	const __mmask16 lanes = (__mmask16)(0xffffu << lane);

	return (words)_mm512_mask_set1_epi32((__m512i)w, lanes, (int)word);
}

// x <<< bits in every lane.
static inline words rotate(words x, int bits)
{
	return x << bits | x >> (32 - bits);
}

// From words of all lanes to the keystream of each; out is aligned.
static inline void turn(uint8_t (*out)[64], const words *w)
{
	__m512i a[16], b[16];

	// Within the 128-bit quarters first: pairs of words, then pairs of pairs.
#pragma GCC unroll 8
	for (int i = 0; i < 16; i += 2) {
		a[i] = _mm512_unpacklo_epi32((__m512i)w[i], (__m512i)w[i + 1]);
		a[i + 1] = _mm512_unpackhi_epi32((__m512i)w[i], (__m512i)w[i + 1]);
	}
#pragma GCC unroll 4
	for (int i = 0; i < 16; i += 4) {
		b[i] = _mm512_unpacklo_epi64(a[i], a[i + 2]);
		b[i + 1] = _mm512_unpackhi_epi64(a[i], a[i + 2]);
		b[i + 2] = _mm512_unpacklo_epi64(a[i + 1], a[i + 3]);
		b[i + 3] = _mm512_unpackhi_epi64(a[i + 1], a[i + 3]);
	}
	// Quarter q of b[4 * n + i] has element 4 * q + i of w[4 * n] to w[4 * n + 3].
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		__m512i t0 = _mm512_shuffle_i32x4(b[i], b[4 + i], 0x44);
		__m512i t1 = _mm512_shuffle_i32x4(b[8 + i], b[12 + i], 0x44);
		__m512i t2 = _mm512_shuffle_i32x4(b[i], b[4 + i], 0xee);
		__m512i t3 = _mm512_shuffle_i32x4(b[8 + i], b[12 + i], 0xee);

		_mm512_store_si512(out[i], _mm512_shuffle_i32x4(t0, t1, 0x88));
		_mm512_store_si512(out[4 + i], _mm512_shuffle_i32x4(t0, t1, 0xdd));
		_mm512_store_si512(out[8 + i], _mm512_shuffle_i32x4(t2, t3, 0x88));
		_mm512_store_si512(out[12 + i], _mm512_shuffle_i32x4(t2, t3, 0xdd));
	}
}

static inline void xor_block(uint8_t *out, const uint8_t *in, const uint8_t *keystream)
{
	_mm512_storeu_si512(out,
			    _mm512_xor_si512(_mm512_loadu_si512(in), _mm512_load_si512(keystream)));
}

// Less than a block: nothing else is touched.
static inline void xor_part(uint8_t *out, const uint8_t *in, uint32_t len, const uint8_t *keystream)
{
	const __mmask64 part = _bzhi_u64(UINT64_MAX, len);

	_mm512_mask_storeu_epi8(
		out, part,
		_mm512_xor_si512(_mm512_maskz_loadu_epi8(part, in), _mm512_load_si512(keystream)));
}
