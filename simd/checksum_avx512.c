// The one's complement sum, 64 bytes at a time.
#include "simd/checksum.h"
#include "simd/checksum_load64.h"

// Sums of 64-bit words: `all` of the words, modulo 2^64; `high` of their upper halves, exact.
struct sums {
	__m512i all, high;
};

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

	if (len >= 512) {
		size_t head = sl_checksum_head64(p);

		add(&b, sl_checksum_load_first(p, head));
		p += head;
		len -= head;
	}
	for (; len >= 256; p += 256, len -= 256) {
		add(&a, sl_checksum_load64(p));
		add(&b, sl_checksum_load64(p + 64));
		add(&a, sl_checksum_load64(p + 128));
		add(&b, sl_checksum_load64(p + 192));
	}
	for (; len >= 64; p += 64, len -= 64)
		add(&a, sl_checksum_load64(p));
	add(&b, sl_checksum_load_first(p, len));
	return sl_checksum_fold(reduce(a, b) + initial);
}
