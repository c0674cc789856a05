// Poly1305 with 64-bit multiplication (BMI2), two messages side by side to hide latency. As fast as
// AVX2's 32-bit multiplier would be, and far simpler.
//
// A number modulo p = 2^130 - 5 is two words of 64 bits and a few bits above them.
#include "simd/poly1305_message.h"

__extension__ typedef unsigned __int128 u128;

// A message and its sum.
struct sum {
	uint64_t h[3];
	uint64_t r[2];
	uint64_t r1_5_4; // r[1] * 5 / 4: r[1] is a multiple of 4, and 2^128 is 5 / 4 modulo p
	const struct sl_poly1305_job *job;
};

// RFC 8439 section 2.5: r is the key's first half, clamped.
static inline void sum_start(struct sum *s, const struct sl_poly1305_job *job)
{
	memcpy(s->r, job->key, sizeof(s->r));
	s->r[0] &= UINT64_C(0x0ffffffc0fffffff);
	s->r[1] &= UINT64_C(0x0ffffffc0ffffffc);
	s->r1_5_4 = s->r[1] + (s->r[1] >> 2);
	memset(s->h, 0, sizeof(s->h));
	s->job = job;
}

// h = (h + block + 2^128) * r modulo p, up to 4 bits longer (RFC 8439 section 2.5.1).
static inline void absorb(struct sum *s, const uint8_t *block)
{
	uint64_t m[2], h0, h1, h2, above;
	u128 d0, d1, t;

	memcpy(m, block, sizeof(m));
	t = (u128)s->h[0] + m[0];
	h0 = (uint64_t)t;
	t = (u128)s->h[1] + m[1] + (uint64_t)(t >> 64);
	h1 = (uint64_t)t;
	h2 = s->h[2] + (uint64_t)(t >> 64) + 1;

	// h2 has 3 bits and r 60: its products fit in 64.
	d0 = (u128)h0 * s->r[0] + (u128)h1 * s->r1_5_4;
	d1 = (u128)h0 * s->r[1] + (u128)h1 * s->r[0] + h2 * s->r1_5_4;
	h2 *= s->r[0];

	d1 += (uint64_t)(d0 >> 64);
	h2 += (uint64_t)(d1 >> 64);
	above = (h2 >> 2) * 5; // 2^130 is 5
	t = (u128)(uint64_t)d0 + above;
	s->h[0] = (uint64_t)t;
	t = (u128)(uint64_t)d1 + (uint64_t)(t >> 64);
	s->h[1] = (uint64_t)t;
	s->h[2] = (h2 & 3) + (uint64_t)(t >> 64);
}

// n whole blocks of one message.
static inline void absorb_blocks(struct sum *s, const uint8_t *blocks, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		absorb(s, blocks + 16 * (size_t)i);
}

// What is left of data below a block, padded with zeroes (RFC 8439 section 2.8).
static inline void absorb_rest(struct sum *s, const uint8_t *data, uint32_t len)
{
	uint8_t block[16] = {0};

	if (len % 16 == 0)
		return;
	memcpy(block, data + (len & ~15u), len % 16);
	absorb(s, block);
}

static inline void absorb_aad(struct sum *s)
{
	absorb_blocks(s, s->job->aad, s->job->aad_len / 16);
	absorb_rest(s, s->job->aad, s->job->aad_len);
}

// The text from whole block `done` on, and the lengths.
static inline void absorb_end(struct sum *s, uint32_t done)
{
	const struct sl_poly1305_job *j = s->job;
	const uint64_t lengths[2] = {j->aad_len, j->len};
	uint8_t block[16];

	absorb_blocks(s, j->text + 16 * (size_t)done, j->len / 16 - done);
	absorb_rest(s, j->text, j->len);
	memcpy(block, lengths, sizeof(block));
	absorb(s, block);
}

// h modulo p, plus the key's second half modulo 2^128: the tag (RFC 8439 section 2.5.1).
static inline void sum_finish(const struct sum *s, uint8_t *tag)
{
	uint64_t key[2], out[2], g0, g1, above;
	u128 t;

	memcpy(key, s->job->key + 16, sizeof(key));
	// If h + 5 reaches 2^130, h is p or more, and h - p is h + 5 - 2^130.
	t = (u128)s->h[0] + 5;
	g0 = (uint64_t)t;
	t = (u128)s->h[1] + (uint64_t)(t >> 64);
	g1 = (uint64_t)t;
	above = -((s->h[2] + (uint64_t)(t >> 64)) >> 2 & 1);
	g0 = (s->h[0] & ~above) | (g0 & above);
	g1 = (s->h[1] & ~above) | (g1 & above);

	t = (u128)g0 + key[0];
	out[0] = (uint64_t)t;
	out[1] = g1 + key[1] + (uint64_t)(t >> 64);
	memcpy(tag, out, sizeof(out));
}

static void tag_two(struct sl_poly1305_job *x, struct sl_poly1305_job *y)
{
	const uint32_t both = (x->len < y->len ? x->len : y->len) / 16;
	struct sum a, b;

	sum_start(&a, x);
	sum_start(&b, y);
	absorb_aad(&a);
	absorb_aad(&b);
	for (uint32_t i = 0; i < both; i++) {
		absorb(&a, x->text + 16 * (size_t)i);
		absorb(&b, y->text + 16 * (size_t)i);
	}
	absorb_end(&a, both);
	absorb_end(&b, both);
	sum_finish(&a, x->tag);
	sum_finish(&b, y->tag);
	explicit_bzero(&a, sizeof(a));
	explicit_bzero(&b, sizeof(b));
}

static void tag_one(struct sl_poly1305_job *x)
{
	struct sum a;

	sum_start(&a, x);
	absorb_aad(&a);
	absorb_end(&a, 0);
	sum_finish(&a, x->tag);
	explicit_bzero(&a, sizeof(a));
}

void sl_poly1305_bmi2(struct sl_poly1305_job *jobs, size_t n)
{
	size_t i = 0;

	for (; i + 2 <= n; i += 2)
		tag_two(&jobs[i], &jobs[i + 1]);
	if (i < n)
		tag_one(&jobs[i]);
}
