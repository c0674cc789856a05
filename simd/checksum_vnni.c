// The one's complement sum with two instructions for 64 bytes: for long data, as it takes a while
// to begin and to end.
#include "simd/checksum.h"
#include "simd/checksum_load64.h"

enum {
	LONG = 1024,        // from here on it pays
	PORTION = 250 << 6, // bytes whose sums are exact: see reduce
};

// Sums of 32-bit words: `all` of the words, modulo 2^32; the others of their top bytes, exact.
// These are several because the instruction that adds to them takes five cycles until it can add
// again.
struct sums {
	__m512i all, top[6];
};

static inline void add(struct sums *s, __m512i *top, __m512i words)
{
	s->all = _mm512_add_epi32(s->all, words);
	*top = _mm512_dpbusd_epi32(*top, words, _mm512_set1_epi32(1 << 24));
	__asm__("" : "+v"(s->all), "+v"(*top)); // gcc would copy them in every turn of the loop
}

// What the top bytes leave of `all` is the sum of the lower three, which has 32 bits while no more
// than 256 words were added. 2^24 is 2^8 modulo 65535, and that is what the top bytes weigh.
static inline uint64_t reduce(const struct sums *s)
{
	__m512i top = _mm512_add_epi32(_mm512_add_epi32(_mm512_add_epi32(s->top[0], s->top[1]),
							_mm512_add_epi32(s->top[2], s->top[3])),
				       _mm512_add_epi32(s->top[4], s->top[5]));
	__m512i rest = _mm512_sub_epi32(s->all, _mm512_slli_epi32(top, 24));
	__m512i words = _mm512_add_epi32(_mm512_srli_epi32(rest, 16),
					 _mm512_and_si512(rest, _mm512_set1_epi32(UINT16_MAX)));

	words = _mm512_add_epi32(words, _mm512_slli_epi32(top, 8));
	return (uint32_t)_mm512_reduce_add_epi32(words);
}

// The sum of LONG to PORTION bytes.
static inline uint64_t sum_portion(const uint8_t *p, size_t len)
{
	const __m512i zero = _mm512_setzero_si512();
	struct sums s = {zero, {zero, zero, zero, zero, zero, zero}};
	size_t head = sl_checksum_head64(p);

	add(&s, &s.top[5], sl_checksum_load_first(p, head));
	p += head;
	len -= head;
	for (; len >= 384; p += 384, len -= 384) {
		add(&s, &s.top[0], sl_checksum_load64(p));
		add(&s, &s.top[1], sl_checksum_load64(p + 64));
		add(&s, &s.top[2], sl_checksum_load64(p + 128));
		add(&s, &s.top[3], sl_checksum_load64(p + 192));
		add(&s, &s.top[4], sl_checksum_load64(p + 256));
		add(&s, &s.top[5], sl_checksum_load64(p + 320));
	}
	if (len >= 256) {
		add(&s, &s.top[0], sl_checksum_load64(p));
		add(&s, &s.top[1], sl_checksum_load64(p + 64));
		add(&s, &s.top[2], sl_checksum_load64(p + 128));
		add(&s, &s.top[3], sl_checksum_load64(p + 192));
		p += 256;
		len -= 256;
	}
	if (len >= 128) {
		add(&s, &s.top[4], sl_checksum_load64(p));
		add(&s, &s.top[5], sl_checksum_load64(p + 64));
		p += 128;
		len -= 128;
	}
	if (len >= 64) {
		add(&s, &s.top[0], sl_checksum_load64(p));
		p += 64;
		len -= 64;
	}
	add(&s, &s.top[1], sl_checksum_load_first(p, len));
	return reduce(&s);
}

uint16_t sl_checksum_sum_vnni(const void *data, size_t len, uint32_t initial)
{
	if (len < LONG)
		return sl_checksum_sum_avx512(data, len, initial);
	if (len > PORTION)
		return sl_checksum_sum_portions(sl_checksum_sum_vnni, PORTION, data, len, initial);
	return sl_checksum_fold(sum_portion(data, len) + initial);
}
