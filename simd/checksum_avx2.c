// The one's complement sum, 32 bytes at a time, in two ways: one that is soon done and one that is
// fast once it is going.
#include "simd/checksum.h"

#include <immintrin.h>

enum {
	VECTOR = 32,
	LONG = 1024,        // from here on the second way is the faster one
	STRADDLING = 2048,  // from here on it pays to have no load straddle a cache line
	PORTION = 32 << 10, // bytes whose words' sum has 32 bits
	TAKEN = 16 << 15,
};

static inline __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
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

// ---- the first way

// Sums of 64-bit words: `all` of the words, modulo 2^64; `high` of their upper halves, exact.
struct sums {
	__m256i all, high;
};

static inline void add(struct sums *s, __m256i words)
{
	__asm__("" : "+x"(words)); // gcc would load again for each use
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

// The sum of an even number of bytes, at least 32.
static inline uint64_t sum_short(const uint8_t *p, size_t len)
{
	struct sums a = {_mm256_setzero_si256(), _mm256_setzero_si256()}, b = a;

	for (; len >= 4 * VECTOR; p += 4 * VECTOR, len -= 4 * VECTOR) {
		add(&a, load(p));
		add(&b, load(p + VECTOR));
		add(&a, load(p + 2 * VECTOR));
		add(&b, load(p + 3 * VECTOR));
	}
	for (; len >= VECTOR; p += VECTOR, len -= VECTOR)
		add(&a, load(p));
	add(&b, load_last(p + len, len));
	return reduce(a, b);
}

// ---- the second way

// Add 16-bit words, in pairs, to eight sums. There is one instruction that adds such pairs, but it
// takes them as signed: so the top bit of each is turned over, which takes 2^15 from it. What has
// been taken from all words, TAKEN for each vector, is added in the end.
static inline __m256i add_pairs(__m256i sums, __m256i words)
{
	__m256i turned = _mm256_xor_si256(words, _mm256_set1_epi16(INT16_MIN));

	return _mm256_add_epi32(sums, _mm256_madd_epi16(turned, _mm256_set1_epi16(1)));
}

static inline uint32_t reduce_pairs(__m256i sums)
{
	__m128i four = _mm_add_epi32(_mm256_castsi256_si128(sums),
				     _mm256_extracti128_si256(sums, 1));
	uint64_t two = (uint64_t)_mm_cvtsi128_si64(
		_mm_add_epi32(four, _mm_unpackhi_epi64(four, four)));

	return (uint32_t)two + (uint32_t)(two >> 32);
}

// The sum of an even number of bytes, 32 to PORTION.
static inline uint32_t sum_long(const uint8_t *p, size_t len)
{
	__m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
	uint32_t taken = TAKEN;

	if (len >= STRADDLING) { // an even step keeps words whole
		size_t head = -(uintptr_t)p & 30;

		d = add_pairs(d, load_first(p, head));
		taken += TAKEN;
		p += head;
		len -= head;
	}
	taken += TAKEN * (uint32_t)(len / VECTOR);
	for (; len >= 4 * VECTOR; p += 4 * VECTOR, len -= 4 * VECTOR) {
		a = add_pairs(a, load(p));
		b = add_pairs(b, load(p + VECTOR));
		c = add_pairs(c, load(p + 2 * VECTOR));
		d = add_pairs(d, load(p + 3 * VECTOR));
	}
	for (; len >= VECTOR; p += VECTOR, len -= VECTOR)
		a = add_pairs(a, load(p));
	b = add_pairs(b, load_last(p + len, len));
	return taken +
	       reduce_pairs(_mm256_add_epi32(_mm256_add_epi32(a, b), _mm256_add_epi32(c, d)));
}

uint16_t sl_checksum_sum_avx2(const void *data, size_t len, uint32_t initial)
{
	const uint8_t *p = data;
	uint64_t sum = initial;

	if (len < VECTOR)
		return sl_checksum_sum_short(data, len, initial);
	if (len > PORTION)
		return sl_checksum_sum_portions(sl_checksum_sum_avx2, PORTION, data, len, initial);
	if (len & 1) // alone, so that load_last keeps words whole
		sum += p[--len];
	sum += len < LONG ? sum_short(p, len) : sum_long(p, len);
	return sl_checksum_fold(sum);
}
