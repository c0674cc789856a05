// The one's complement sum, 64 bytes at a time.
#include "simd/checksum.h"

#include <immintrin.h>

// Sums of 64-bit words: `all` of the words, modulo 2^64; `high` of their upper halves, exact.
struct sums {
	__m512i all, high;
};

static inline __m512i load(const uint8_t *p)
{
	__m512i words = _mm512_loadu_si512(p);

	__asm__("" : "+v"(words)); // loads are the limit, and gcc would load again for each use
	return words;
}

// The first n < 64 bytes at p; the others are not read and become zero.
static inline __m512i load_first(const uint8_t *p, size_t n)
{
	return _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, (unsigned)n), p);
}

static inline void add(struct sums *s, __m512i words)
{
	s->all = _mm512_add_epi64(s->all, words);
	s->high = _mm512_add_epi64(s->high, _mm512_srli_epi64(words, 32));
}

// 2^32 is 1 modulo 65535, so upper and lower halves weigh the same. The lower halves' sum is what
// the upper ones leave of `all`.
static inline uint64_t reduce(struct sums a, struct sums b)
{
	__m512i all = _mm512_add_epi64(a.all, b.all), high = _mm512_add_epi64(a.high, b.high);
	__m512i low = _mm512_sub_epi64(all, _mm512_slli_epi64(high, 32));

	return (uint64_t)_mm512_reduce_add_epi64(_mm512_add_epi64(low, high));
}

uint16_t sl_checksum_sum_avx512(const void *data, size_t len, uint32_t initial)
{
	const uint8_t *p = data;
	struct sums a = {_mm512_setzero_si512(), _mm512_setzero_si512()}, b = a;

	if (len >= 512) { // then no load straddles a cache line; an even step keeps words whole
		size_t head = -(uintptr_t)p & 62;

		add(&b, load_first(p, head));
		p += head;
		len -= head;
	}
	for (; len >= 256; p += 256, len -= 256) {
		add(&a, load(p));
		add(&b, load(p + 64));
		add(&a, load(p + 128));
		add(&b, load(p + 192));
	}
	for (; len >= 64; p += 64, len -= 64)
		add(&a, load(p));
	add(&b, load_first(p, len));
	return sl_checksum_fold(reduce(a, b) + initial);
}
