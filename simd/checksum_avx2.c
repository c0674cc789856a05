// The one's complement sum, 32 bytes at a time.
#include "simd/checksum.h"

#include <immintrin.h>

// Sums of 64-bit words: `all` of the words, modulo 2^64; `high` of their upper halves, exact.
struct sums {
	__m256i all, high;
};

static inline __m256i load(const uint8_t *p)
{
	__m256i words = _mm256_loadu_si256((const __m256i *)p);

	__asm__("" : "+x"(words)); // gcc would load again for each use
	return words;
}

static inline void add(struct sums *s, __m256i words)
{
	s->all = _mm256_add_epi64(s->all, words);
	s->high = _mm256_add_epi64(s->high, _mm256_srli_epi64(words, 32));
}

// 2^32 is 1 modulo 65535, so upper and lower halves weigh the same. The lower halves' sum is what
// the upper ones leave of `all`.
static inline uint64_t reduce(struct sums a, struct sums b)
{
	__m256i all = _mm256_add_epi64(a.all, b.all), high = _mm256_add_epi64(a.high, b.high);
	__m256i low = _mm256_sub_epi64(all, _mm256_slli_epi64(high, 32));
	__m256i sum = _mm256_add_epi64(low, high);
	__m128i half = _mm_add_epi64(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));

	return (uint64_t)_mm_extract_epi64(half, 0) + (uint64_t)_mm_extract_epi64(half, 1);
}

// Thirty-two bytes of ones between zeroes: a window on it keeps the first or last n bytes.
static const uint8_t ones[96] = {
	[32] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff,        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff,        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

// The first n of the 32 bytes at p; the others become zero.
static inline __m256i load_first(const uint8_t *p, size_t n)
{
	return _mm256_and_si256(load(p), load(ones + 64 - n));
}

// The last n of the 32 bytes before `end`; the others become zero.
static inline __m256i load_last(const uint8_t *end, size_t n)
{
	return _mm256_and_si256(load(end - 32), load(ones + n));
}

uint16_t sl_checksum_sum_avx2(const void *data, size_t len, uint32_t initial)
{
	const uint8_t *p = data;
	struct sums a = {_mm256_setzero_si256(), _mm256_setzero_si256()}, b = a;
	uint64_t odd = 0;

	if (len < 32)
		return sl_checksum_sum_short(data, len, initial);
	if (len & 1) // alone, so that load_last keeps words whole
		odd = p[--len];
	if (len >= 512) { // then no load straddles a cache line; an even step keeps words whole
		size_t head = -(uintptr_t)p & 30;

		add(&b, load_first(p, head));
		p += head;
		len -= head;
	}
	for (; len >= 128; p += 128, len -= 128) {
		add(&a, load(p));
		add(&b, load(p + 32));
		add(&a, load(p + 64));
		add(&b, load(p + 96));
	}
	for (; len >= 32; p += 32, len -= 32)
		add(&a, load(p));
	add(&b, load_last(p + len, len));
	return sl_checksum_fold(reduce(a, b) + odd + initial);
}
