#include "core/noise/blake2s.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

// RFC 7693 section 2.6.
static const uint32_t iv[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

enum { ROUNDS = 10 };

// RFC 7693 section 2.7, SIGMA.
static const uint8_t sigma[ROUNDS][16] = {
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
	{14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
	{11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
	{7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
	{9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
	{2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
	{12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
	{13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
	{6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
	{10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static uint32_t load_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint32_t rotate_right(uint32_t v, unsigned n)
{
	return v >> n | v << (32 - n);
}

// One of the eight G of a round: column or diagonal i. RFC 7693 section 3.1.
static inline __attribute__((always_inline)) void mix(uint32_t *v, const uint32_t *m,
						      const uint8_t *order, unsigned i)
{
	unsigned turn = i / 4, a = i % 4, b = 4 + (i + turn) % 4, c = 8 + (i + 2 * turn) % 4,
		 d = 12 + (i + 3 * turn) % 4;

	v[a] = v[a] + m[order[2 * i]] + v[b]; // b comes last, and is waited for last
	v[d] = rotate_right(v[d] ^ v[a], 16);
	v[c] += v[d];
	v[b] = rotate_right(v[b] ^ v[c], 12);
	v[a] = v[a] + m[order[2 * i + 1]] + v[b];
	v[d] = rotate_right(v[d] ^ v[a], 8);
	v[c] += v[d];
	v[b] = rotate_right(v[b] ^ v[c], 7);
}

// RFC 7693 section 3.2, function F. `last` is all ones for the last block, else 0.
static void compress(struct sl_blake2s *s, const uint8_t *block, uint32_t last)
{
	uint32_t v[16], m[16];

	for (unsigned i = 0; i < 16; i++)
		m[i] = load_le32(block + 4 * i);
	memcpy(v, s->h, sizeof(s->h));
	memcpy(v + 8, iv, sizeof(iv));
	v[12] ^= (uint32_t)s->count;
	v[13] ^= (uint32_t)(s->count >> 32);
	v[14] ^= last;
	// Unrolled, the message's order is known and v stays in registers.
#pragma GCC unroll 10
	for (unsigned round = 0; round < ROUNDS; round++)
#pragma GCC unroll 8
		for (unsigned i = 0; i < 8; i++)
			mix(v, m, sigma[round], i);
	for (unsigned i = 0; i < 8; i++)
		s->h[i] ^= v[i] ^ v[i + 8];
	sodium_memzero(v, sizeof(v));
	sodium_memzero(m, sizeof(m));
}

void sl_blake2s_init(struct sl_blake2s *s, size_t size, const void *key, size_t key_len)
{
	assert(size >= 1 && size <= SL_BLAKE2S_SIZE && key_len <= SL_BLAKE2S_SIZE);
	*s = (struct sl_blake2s){.size = (uint8_t)size};
	memcpy(s->h, iv, sizeof(iv));
	s->h[0] ^= 0x01010000 ^ (uint32_t)key_len << 8 ^ (uint32_t)size;
	if (key_len) {
		memcpy(s->block, key, key_len);
		s->used = SL_BLAKE2S_BLOCK; // the key fills a block of its own
	}
}

void sl_blake2s_update(struct sl_blake2s *s, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len) {
		size_t room = (size_t)(SL_BLAKE2S_BLOCK - s->used), n = len < room ? len : room;

		// The last block is compressed in final: a full one waits for a byte behind it.
		if (room == 0) {
			s->count += SL_BLAKE2S_BLOCK;
			compress(s, s->block, 0);
			s->used = 0;
			continue;
		}
		memcpy(s->block + s->used, p, n);
		s->used = (uint8_t)(s->used + n);
		p += n;
		len -= n;
	}
}

void sl_blake2s_final(struct sl_blake2s *s, uint8_t *out)
{
	s->count += s->used;
	memset(s->block + s->used, 0, (size_t)(SL_BLAKE2S_BLOCK - s->used));
	compress(s, s->block, UINT32_MAX);
	for (unsigned i = 0; i < s->size; i++)
		out[i] = (uint8_t)(s->h[i / 4] >> 8 * (i % 4));
	sodium_memzero(s, sizeof(*s));
}
