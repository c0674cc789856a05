// chacha20_words8: a vector holds one word of the state of 8 blocks (AVX2).
//
// Included by its kernel alone, and compiled with its flags.
#pragma once

#include "simd/part.h"
#include <immintrin.h>

#pragma GCC diagnostic ignored "-Wpsabi" // all is inlined: no vector is ever passed

enum {
	LANES = 8,
	SETS = 1, // of such vectors in flight: 16 registers do not hold even one and its helpers
};

typedef uint32_t words __attribute__((vector_size(32)));

static inline words lane_numbers(void)
{
	return (words){0, 1, 2, 3, 4, 5, 6, 7};
}

// `word` in the lanes from `lane` on, w in those before.
static inline words from_lane(words w, unsigned lane, uint32_t word)
{
	const words before = (words)_mm256_cmpgt_epi32(_mm256_set1_epi32((int)lane),
						       (__m256i)lane_numbers());

	return (words)_mm256_blendv_epi8(_mm256_set1_epi32((int)word), (__m256i)w, (__m256i)before);
}

// The same with the word at p.
static inline words from_lane_load(words w, unsigned lane, const uint8_t *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return from_lane(w, lane, word);
}

// x <<< bits in every lane; whole bytes are moved by one shuffle. Compilers that know the shuffle
// make two of it, or move it elsewhere.
static inline __attribute__((always_inline)) words rotate(words x, int bits)
{
	const __m256i by16 = _mm256_broadcastsi128_si256(
		_mm_setr_epi8(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
	const __m256i by8 = _mm256_broadcastsi128_si256(
		_mm_setr_epi8(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14));
	words out;

	if (bits != 16 && bits != 8)
		return x << bits | x >> (32 - bits);
	__asm__("vpshufb %2, %1, %0" : "=x"(out) : "x"(x), "xm"(bits == 16 ? by16 : by8));
	return out;
}

// Eight words of every lane, to 32 bytes of each lane's 64.
static inline void turn_half(uint8_t (*out)[64], const words *in)
{
	__m256i a[8], b[8];

	// Within the 128-bit halves first: pairs of words, then pairs of pairs.
#pragma GCC unroll 4
	for (int i = 0; i < 8; i += 2) {
		a[i] = _mm256_unpacklo_epi32((__m256i)in[i], (__m256i)in[i + 1]);
		a[i + 1] = _mm256_unpackhi_epi32((__m256i)in[i], (__m256i)in[i + 1]);
	}
#pragma GCC unroll 2
	for (int i = 0; i < 8; i += 4) {
		b[i] = _mm256_unpacklo_epi64(a[i], a[i + 2]);
		b[i + 1] = _mm256_unpackhi_epi64(a[i], a[i + 2]);
		b[i + 2] = _mm256_unpacklo_epi64(a[i + 1], a[i + 3]);
		b[i + 3] = _mm256_unpackhi_epi64(a[i + 1], a[i + 3]);
	}
	// Half h of b[4 * n + i] has element 4 * h + i of in[4 * n] to in[4 * n + 3].
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		_mm256_store_si256((__m256i *)out[i],
				   _mm256_permute2x128_si256(b[i], b[4 + i], 0x20));
		_mm256_store_si256((__m256i *)out[4 + i],
				   _mm256_permute2x128_si256(b[i], b[4 + i], 0x31));
	}
}

// From words of all lanes to the keystream of each; out is aligned.
static inline void turn(uint8_t (*out)[64], const words *w)
{
	turn_half(out, w);
	turn_half((uint8_t(*)[64])(out[0] + 32), w + 8);
}

static inline void xor_half(uint8_t *out, const uint8_t *in, const uint8_t *keystream)
{
	const __m256i text = _mm256_loadu_si256((const __m256i *)in);

	_mm256_storeu_si256((__m256i *)out,
			    _mm256_xor_si256(text, _mm256_load_si256((const __m256i *)keystream)));
}

static inline void xor_block(uint8_t *out, const uint8_t *in, const uint8_t *keystream)
{
	xor_half(out, in, keystream);
	xor_half(out + 32, in + 32, keystream + 32);
}

// Less than a block: nothing else is touched.
static inline void xor_part(uint8_t *out, const uint8_t *in, uint32_t len, const uint8_t *keystream)
{
	uint32_t at = 0;

	if (len & 32) {
		xor_half(out, in, keystream);
		at = 32;
	}
	if (len & 16) {
		const __m128i text = _mm_loadu_si128((const __m128i *)(in + at));
		const __m128i key = _mm_load_si128((const __m128i *)(keystream + at));

		_mm_storeu_si128((__m128i *)(out + at), _mm_xor_si128(text, key));
		at += 16;
	}
	if (len % 16 > 0) {
		struct part p = part_load(in + at, len % 16), key;

		memcpy(&key, keystream + at, sizeof(key));
		p.low ^= key.low;
		p.high ^= key.high;
		part_store(out + at, p, len % 16);
	}
}
