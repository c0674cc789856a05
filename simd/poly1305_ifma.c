// Poly1305 in 8 lanes (AVX-512 IFMA).
//
// Short messages go one per lane. A long one takes all lanes: lane i sums every eighth block by
// powers of r^8; the eight sums are then one short message of eight blocks. In both ways blocks
// that are missing are in front, zero and without a bit, so that they add nothing: all ends meet.
#include "simd/poly1305_limbs44.h"
#include "simd/poly1305_message.h"

#include <immintrin.h>

enum {
	LANES = 8,
	GROUPS = 4, // side by side
	PASS = GROUPS * LANES,
	// Messages are of three kinds. What shares a vector should be of a length; from some length
	// on a message is better off with all lanes, at least from two vectors of text on.
	SMALL = 128, // bytes of text
	BRIEF = 256,
	KINDS = 3,
};

// Eight messages, one per lane, and their sums.
struct group {
	struct factors r;
	struct numbers h;
	u64x8 s_low, s_high;
	struct sl_poly1305_job *job[LANES];
	unsigned used; // lanes; the others repeat the first
};

// Sixteen bytes for each lane: low[i] and high[i] are the halves of part[i].
static inline void turn(const __m128i *part, u64x8 *low, u64x8 *high)
{
	__m512i even = _mm512_castsi128_si512(part[0]), odd = _mm512_castsi128_si512(part[1]);

	even = _mm512_inserti64x2(even, part[2], 1);
	odd = _mm512_inserti64x2(odd, part[3], 1);
	even = _mm512_inserti64x2(even, part[4], 2);
	odd = _mm512_inserti64x2(odd, part[5], 2);
	even = _mm512_inserti64x2(even, part[6], 3);
	odd = _mm512_inserti64x2(odd, part[7], 3);
	*low = (u64x8)_mm512_unpacklo_epi64(even, odd);
	*high = (u64x8)_mm512_unpackhi_epi64(even, odd);
}

// Two keys of 32 bytes.
static inline __m512i two_keys(const struct sl_poly1305_job *a, const struct sl_poly1305_job *b)
{
	return _mm512_inserti64x4(
		_mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)a->key)),
		_mm256_loadu_si256((const __m256i *)b->key), 1);
}

// RFC 8439 section 2.5: r is the key's first half, clamped; s is the second.
static inline void group_start(struct group *g, struct sl_poly1305_job *const *jobs, size_t n)
{
	__m512i key[4], low[2], high[2];
	u64x8 r_low, r_high;

	g->used = n < LANES ? (unsigned)n : LANES;
	for (unsigned i = 0; i < LANES; i++)
		g->job[i] = jobs[i < g->used ? i : 0];
	for (int i = 0; i < 4; i++)
		key[i] = two_keys(g->job[i / 2 * 4 + i % 2], g->job[i / 2 * 4 + i % 2 + 2]);
	for (int i = 0; i < 2; i++) {
		low[i] = _mm512_unpacklo_epi64(key[2 * i], key[2 * i + 1]);
		high[i] = _mm512_unpackhi_epi64(key[2 * i], key[2 * i + 1]);
	}
	// Quarters 0 and 2 are of r, 1 and 3 of s, each of two lanes.
	r_low = (u64x8)_mm512_shuffle_i64x2(low[0], low[1], 0x88);
	r_high = (u64x8)_mm512_shuffle_i64x2(high[0], high[1], 0x88);
	g->s_low = (u64x8)_mm512_shuffle_i64x2(low[0], low[1], 0xdd);
	g->s_high = (u64x8)_mm512_shuffle_i64x2(high[0], high[1], 0xdd);
	g->r = factors(split(r_low & all(UINT64_C(0x0ffffffc0fffffff)),
			     r_high & all(UINT64_C(0x0ffffffc0ffffffc)), all(0)));
	g->h = (struct numbers){{all(0), all(0), all(0)}};
}

// The sums modulo p, plus s modulo 2^128: the tags (RFC 8439 section 2.5.1).
static void group_finish(struct group *g)
{
	const struct numbers h = reduce(g->h);
	const u64x8 low = (h.limb[0] | h.limb[1] << 44) + g->s_low;
	const __mmask8 carries = _mm512_cmplt_epu64_mask((__m512i)low, (__m512i)g->s_low);
	const u64x8 high = (h.limb[1] >> 20 | h.limb[2] << 24) + g->s_high +
			   choose(carries, all(1), all(0));
	uint8_t tags[2][4][16] __attribute__((aligned(64))); // of even lanes and of odd ones

	_mm512_store_si512(tags[0], _mm512_unpacklo_epi64((__m512i)low, (__m512i)high));
	_mm512_store_si512(tags[1], _mm512_unpackhi_epi64((__m512i)low, (__m512i)high));
	for (unsigned i = 0; i < g->used; i++)
		memcpy(g->job[i]->tag, tags[i % 2][i / 2], 16);
}

// ---- one message per lane, without additional data

// The texts of a group: their blocks but for the last, which may be a part of one.
struct texts {
	const uint8_t *end[LANES]; // of those blocks
	uint64_t blocks[LANES];
	uint64_t len[LANES]; // bytes
	uint64_t fewest, most;
};

static inline void texts_measure(struct texts *t, const struct group *g)
{
	const uint8_t *start[LANES];
	u64x8 len, blocks, end;

	for (unsigned i = 0; i < LANES; i++) {
		t->len[i] = g->job[i]->len;
		start[i] = g->job[i]->text;
	}
	len = (u64x8)_mm512_loadu_si512(t->len);
	blocks = ((u64x8)_mm512_max_epu64((__m512i)len, (__m512i)all(1)) - 1) >> 4;
	end = (u64x8)_mm512_loadu_si512(start) + (blocks << 4);
	memcpy(t->end, &end, sizeof(t->end));
	memcpy(t->blocks, &blocks, sizeof(t->blocks));
	t->fewest = _mm512_reduce_min_epu64((__m512i)blocks);
	t->most = _mm512_reduce_max_epu64((__m512i)blocks);
}

// h = (h + block) * r, where part[i] is the block of lane i. Lanes that do not have one yet are
// zero and stay so.
static inline void absorb(struct group *g, const __m128i *part, __mmask8 lanes)
{
	u64x8 low, high;

	turn(part, &low, &high);
	g->h = multiply(add(g->h, split(low, high, block_bit(lanes))), &g->r);
}

// The block that has `left` behind it to the texts' ends, in all lanes.
static inline void absorb_all(struct group *g, const struct texts *t, uint64_t left)
{
	__m128i part[LANES];

	for (int i = 0; i < LANES; i++)
		part[i] = _mm_loadu_si128((const __m128i *)(t->end[i] - 16 * left));
	absorb(g, part, 0xff);
}

// The same in the lanes that have one.
static void absorb_some(struct group *g, const struct texts *t, uint64_t left)
{
	static const uint8_t none[16];
	const __m512i blocks = _mm512_loadu_si512(t->blocks);
	__m128i part[LANES];

	for (int i = 0; i < LANES; i++) {
		const uint8_t *at = left <= t->blocks[i] ? t->end[i] - 16 * left : none;

		part[i] = _mm_loadu_si128((const __m128i *)at);
	}
	absorb(g, part, _mm512_cmpge_epu64_mask(blocks, (__m512i)all(left)));
}

// The last block of each text, padded with zeroes (RFC 8439 section 2.8). A masked load of nothing
// would do where there is none, but is slow where nothing is mapped.
static inline void absorb_last(struct group *g, const struct texts *t)
{
	const __m512i len = _mm512_loadu_si512(t->len);
	__m128i part[LANES];

	for (int i = 0; i < LANES; i++) {
		const uint32_t rest = (uint32_t)(t->len[i] - 16 * t->blocks[i]);

		part[i] = _mm_setzero_si128();
		if (rest > 0)
			part[i] = _mm_maskz_loadu_epi8((__mmask16)_bzhi_u32(0xffff, rest),
						       t->end[i]);
	}
	absorb(g, part, _mm512_test_epi64_mask(len, len));
}

// The block with the lengths of additional data, 0, and text.
static inline void absorb_lengths(struct group *g, const struct texts *t)
{
	const u64x8 len = (u64x8)_mm512_loadu_si512(t->len);

	g->h = multiply(add(g->h, split(all(0), len, block_bit(0xff))), &g->r);
}

// Up to PASS messages. Groups go side by side, so that one's multiplication hides another's
// latency. The frame is not to be added to its caller's.
static __attribute__((noinline)) void short_messages(struct sl_poly1305_job *const *jobs, size_t n)
{
	struct group g[GROUPS];
	struct texts t[GROUPS];
	const size_t groups = (n + LANES - 1) / LANES;
	uint64_t most = 0;

	for (size_t i = 0; i < groups; i++) {
		group_start(&g[i], jobs + i * LANES, n - i * LANES);
		texts_measure(&t[i], &g[i]);
		most = t[i].most > most ? t[i].most : most;
	}
	for (uint64_t left = most; left > 0; left--)
		for (size_t i = 0; i < groups; i++) {
			if (left <= t[i].fewest)
				absorb_all(&g[i], &t[i], left);
			else if (left <= t[i].most)
				absorb_some(&g[i], &t[i], left);
		}
	for (size_t i = 0; i < groups; i++)
		absorb_last(&g[i], &t[i]);
	for (size_t i = 0; i < groups; i++)
		absorb_lengths(&g[i], &t[i]);
	for (size_t i = 0; i < groups; i++)
		group_finish(&g[i]);
}

// ---- all lanes for one message

// A message as vectors of eight blocks. Blocks 0 to 7 of one are in lanes 0, 2, 4, 6, 1, 3, 5, 7.
struct long_message {
	const struct sl_poly1305_job *job;
	struct numbers h;  // the lanes' sums
	const uint8_t *at; // of the text: what was not summed up yet
	uint64_t whole;    // vectors from there on, but for the last
	unsigned lane;     // of the group
};

// Limbs of r^8 of each message of a group, 20 times the upper ones behind them. Vectors of one
// message are made of it when it is its turn: they would take more of the cache than the text does.
struct powers {
	uint64_t r[3][LANES], r20[2][LANES];
};

static inline void powers_store(struct powers *p, const struct factors *f)
{
	memcpy(p->r, f->r, sizeof(p->r));
	memcpy(p->r20, &f->r20[1], sizeof(p->r20));
}

static inline struct factors in_all_lanes(const struct powers *p, unsigned i)
{
	return (struct factors){{all(p->r[0][i]), all(p->r[1][i]), all(p->r[2][i])},
				{all(0), all(p->r20[0][i]), all(p->r20[1][i])}};
}

static inline struct numbers split_vector(__m512i a, __m512i b, __mmask8 present)
{
	return split((u64x8)_mm512_unpacklo_epi64(a, b), (u64x8)_mm512_unpackhi_epi64(a, b),
		     block_bit(present));
}

// The next whole vector of a text.
static inline struct numbers take_vector(const uint8_t **at)
{
	const __m512i a = _mm512_loadu_si512(*at), b = _mm512_loadu_si512(*at + 64);

	*at += 128;
	return split_vector(a, b, 0xff);
}

// The first vector, whose first blocks may be missing: its text from `at` on, which begins in front
// of the text then.
static inline struct numbers first_vector(const uint8_t *at, unsigned missing)
{
	static const uint8_t present[LANES] = {0xff, 0xfe, 0xfa, 0xea, 0xaa, 0xa8, 0xa0, 0x80};
	const uint32_t halves = 0xffffu << 2 * missing;

	return split_vector(_mm512_maskz_loadu_epi64((__mmask8)halves, at),
			    _mm512_maskz_loadu_epi64((__mmask8)(halves >> 8), at + 64),
			    present[missing]);
}

// The last vector: seven blocks of text, of the last one what there is, and the lengths.
static inline struct numbers last_vector(const struct long_message *m)
{
	const struct sl_poly1305_job *j = m->job;
	const uint8_t *b = m->at + 64;
	const uint32_t rest = (uint32_t)(j->text + j->len - b);

	return split_vector(
		_mm512_loadu_si512(m->at),
		_mm512_mask_mov_epi64(
			_mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, rest), b), 0xc0,
			_mm512_setr_epi64(0, 0, 0, 0, 0, 0, (int64_t)j->aad_len, (int64_t)j->len)),
		0xff);
}

// The sum of additional data in the lane of the text's first block, to which it is added.
static __attribute__((noinline)) struct numbers aad_sum(struct sl_poly1305_job *job,
							unsigned missing)
{
	static const uint8_t lane_bit[LANES] = {1, 4, 16, 64, 2, 8, 32, 128};
	const __mmask8 lane = lane_bit[missing];
	struct sl_poly1305_message m;

	message_start(&m, job);
	return split(choose(lane, all(m.h[0]), all(0)), choose(lane, all(m.h[1]), all(0)),
		     choose(lane, all(m.h[2] << 40), all(0)));
}

// Begin a message with its first vector.
static inline void long_start(struct long_message *m, struct sl_poly1305_job *job, unsigned lane)
{
	const uint64_t blocks = (job->len + 15) / 16 + 1, vectors = (blocks + LANES - 1) / LANES;
	const unsigned missing = (unsigned)(vectors * LANES - blocks);
	const uint8_t *at = (const uint8_t *)((uintptr_t)job->text - 16 * missing);

	m->job = job;
	m->lane = lane;
	m->h = first_vector(at, missing);
	if (job->aad_len > 0)
		m->h = add(m->h, aad_sum(job, missing));
	m->at = job->text + (128 - 16 * missing);
	m->whole = vectors - 2;
}

// h = h * r^8 + the next vector, for so many vectors.
static inline void sum_alone(struct long_message *m, const struct powers *r8, uint64_t vectors)
{
	const struct factors f = in_all_lanes(r8, m->lane);
	const uint8_t *at = m->at;
	struct numbers h = m->h;

	for (uint64_t i = 0; i < vectors; i++)
		h = add(multiply(h, &f), take_vector(&at));
	m->h = h;
	m->at = at;
	m->whole -= vectors;
}

// The same for two messages side by side, so that one's multiplication hides another's latency.
static inline void sum_together(struct long_message *a, struct long_message *b,
				const struct powers *r8)
{
	const uint64_t both = a->whole < b->whole ? a->whole : b->whole;
	const struct factors fa = in_all_lanes(r8, a->lane), fb = in_all_lanes(r8, b->lane);
	const uint8_t *at_a = a->at, *at_b = b->at;
	struct numbers ha = a->h, hb = b->h;

	for (uint64_t i = 0; i < both; i++) {
		ha = add(multiply(ha, &fa), take_vector(&at_a));
		hb = add(multiply(hb, &fb), take_vector(&at_b));
	}
	a->h = ha;
	b->h = hb;
	a->at = at_a;
	b->at = at_b;
	a->whole -= both;
	b->whole -= both;
}

// The whole vectors that are left and the last one: the lanes' sums.
static inline void long_end(struct long_message *m, const struct powers *r8, u64x8 (*sums)[LANES])
{
	struct factors f;
	struct numbers h;

	sum_alone(m, r8, m->whole);
	f = in_all_lanes(r8, m->lane);
	h = add(multiply(m->h, &f), last_vector(m));
	for (int i = 0; i < 3; i++)
		sums[i][m->lane] = h.limb[i];
}

// All messages of a group. Of two messages the one that gets through makes room for the next.
static void sum_group(const struct group *g, const struct powers *r8, u64x8 (*sums)[LANES])
{
	struct long_message a, b;

	long_start(&a, g->job[0], 0);
	for (unsigned i = 1; i < g->used; i++) {
		long_start(&b, g->job[i], i);
		sum_together(&a, &b, r8);
		if (a.whole > 0) {
			long_end(&b, r8, sums);
		} else {
			long_end(&a, r8, sums);
			a = b;
		}
	}
	long_end(&a, r8, sums);
}

// out[i] gets element i of every in[j].
static inline void transpose(u64x8 *out, const u64x8 *in)
{
	__m512i a[8];

#pragma GCC unroll 4
	for (int i = 0; i < 8; i += 2) {
		a[i] = _mm512_unpacklo_epi64((__m512i)in[i], (__m512i)in[i + 1]);
		a[i + 1] = _mm512_unpackhi_epi64((__m512i)in[i], (__m512i)in[i + 1]);
	}
	// Quarter q of a[2 * n + i] has element 2 * q + i of in[2 * n] and in[2 * n + 1].
#pragma GCC unroll 2
	for (int i = 0; i < 2; i++) {
		__m512i t0 = _mm512_shuffle_i64x2(a[i], a[2 + i], 0x44);
		__m512i t1 = _mm512_shuffle_i64x2(a[4 + i], a[6 + i], 0x44);
		__m512i t2 = _mm512_shuffle_i64x2(a[i], a[2 + i], 0xee);
		__m512i t3 = _mm512_shuffle_i64x2(a[4 + i], a[6 + i], 0xee);

		out[i] = (u64x8)_mm512_shuffle_i64x2(t0, t1, 0x88);
		out[2 + i] = (u64x8)_mm512_shuffle_i64x2(t0, t1, 0xdd);
		out[4 + i] = (u64x8)_mm512_shuffle_i64x2(t2, t3, 0x88);
		out[6 + i] = (u64x8)_mm512_shuffle_i64x2(t2, t3, 0xdd);
	}
}

// Up to eight messages. What is left to do in the end is, for each, the sum of
// sum[i] * r^(8 - i), where sum[i] is of its lane i: it is in the order of the blocks that these
// are of.
static void long_group(struct sl_poly1305_job *const *jobs, size_t n)
{
	static const uint8_t lane_of_block[LANES] = {0, 2, 4, 6, 1, 3, 5, 7};
	u64x8 sums[3][LANES] = {{{0}}};
	struct numbers power, sum[LANES];
	struct factors r2, r4, r8;
	struct powers powers;
	struct group g;

	group_start(&g, jobs, n);
	power = multiply((struct numbers){{g.r.r[0], g.r.r[1], g.r.r[2]}}, &g.r);
	r2 = factors(power);
	power = multiply(power, &r2);
	r4 = factors(power);
	r8 = factors(multiply(power, &r4));
	powers_store(&powers, &r8);
	sum_group(&g, &powers, sums);
	for (int limb = 0; limb < 3; limb++) {
		u64x8 out[LANES];

		transpose(out, sums[limb]);
		for (int i = 0; i < LANES; i++)
			sum[i].limb[limb] = out[lane_of_block[i]];
	}
	for (int i = 0; i < 8; i += 2)
		sum[i] = add(multiply(sum[i], &g.r), sum[i + 1]);
	for (int i = 0; i < 8; i += 4)
		sum[i] = add(multiply(sum[i], &r2), sum[i + 2]);
	sum[0] = add(multiply(sum[0], &r4), sum[4]);
	g.h = multiply(sum[0], &g.r);
	group_finish(&g);
}

static __attribute__((noinline)) void long_messages(struct sl_poly1305_job *const *jobs, size_t n)
{
	for (size_t i = 0; i < n; i += LANES)
		long_group(jobs + i, n - i);
}

// ----

// A short message with additional data.
static __attribute__((noinline)) void tag_alone(struct sl_poly1305_job *job)
{
	struct sl_poly1305_message m;

	message_start(&m, job);
	message_finish(&m);
}

static void tag_pass(struct sl_poly1305_job *jobs, size_t n)
{
	struct sl_poly1305_job *of_kind[KINDS][PASS], **end[KINDS];

	for (int kind = 0; kind < KINDS; kind++)
		end[kind] = of_kind[kind];
	for (struct sl_poly1305_job *j = jobs; j < jobs + n; j++) {
		const size_t kind = (size_t)(j->len > SMALL) + (j->len > BRIEF);

		if (j->done)
			continue;
		if (j->aad_len > 0 && j->len <= BRIEF)
			tag_alone(j);
		else
			*end[kind]++ = j;
	}
	for (int kind = 0; kind < KINDS - 1; kind++)
		short_messages(of_kind[kind], (size_t)(end[kind] - of_kind[kind]));
	long_messages(of_kind[KINDS - 1], (size_t)(end[KINDS - 1] - of_kind[KINDS - 1]));
}

void sl_poly1305_ifma(struct sl_poly1305_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i += PASS)
		tag_pass(jobs + i, n - i < PASS ? n - i : PASS);
}
