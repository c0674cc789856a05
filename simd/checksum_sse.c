// The one's complement sum, 16 bytes at a time.
#include "simd/checksum.h"

#include <immintrin.h>

// Sums of 64-bit words: `all` of the words, modulo 2^64; `high` of their upper halves, exact.
struct sums {
	__m128i all, high;
};

static inline void add(struct sums *s, const uint8_t *p)
{
	__m128i words = _mm_loadu_si128((const __m128i *)p);

	__asm__("" : "+x"(words)); // gcc would load again for each use
	s->all = _mm_add_epi64(s->all, words);
	s->high = _mm_add_epi64(s->high, _mm_srli_epi64(words, 32));
}

// 2^32 is 1 modulo 65535, so upper and lower halves weigh the same. The lower halves' sum is what
// the upper ones leave of `all`.
static inline uint64_t reduce(struct sums a, struct sums b)
{
	__m128i all = _mm_add_epi64(a.all, b.all), high = _mm_add_epi64(a.high, b.high);
	__m128i low = _mm_sub_epi64(all, _mm_slli_epi64(high, 32));
	__m128i sum = _mm_add_epi64(low, high);

	return (uint64_t)_mm_extract_epi64(sum, 0) + (uint64_t)_mm_extract_epi64(sum, 1);
}

uint16_t sl_checksum_sum_sse(const void *data, size_t len, uint32_t initial)
{
	const uint8_t *p = data;
	struct sums a = {_mm_setzero_si128(), _mm_setzero_si128()}, b = a;

	for (; len >= 64; p += 64, len -= 64) {
		add(&a, p);
		add(&b, p + 16);
		add(&a, p + 32);
		add(&b, p + 48);
	}
	for (; len >= 16; p += 16, len -= 16)
		add(&a, p);
	return sl_checksum_fold(reduce(a, b) + sl_checksum_sum_short(p, len, initial));
}
