// Poly1305 in 8 lanes (AVX-512 IFMA).
//
// Short messages go one per lane. A long one takes all lanes: lane i sums every eighth block by
// powers of r^8; the eight sums are then one short message of eight blocks.
#include "simd/poly1305_lanes.h"
#include "simd/poly1305_limbs44.h"

#include <immintrin.h>

enum {
	LANES = 8,
	GROUPS = 4, // side by side
};

// Eight messages, one per lane, and their sums.
struct group {
	struct factors r;
	struct numbers h;
	u64x8 s_low, s_high;
	const struct sl_poly1305_job *job[LANES];
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

// RFC 8439 section 2.5: r is the key's first half, clamped; s is the second.
static inline void group_start(struct group *g, struct sl_poly1305_job *const *jobs, size_t n)
{
	__m128i r[LANES], s[LANES];
	u64x8 low, high;

	g->used = n < LANES ? (unsigned)n : LANES;
	for (unsigned i = 0; i < LANES; i++) {
		g->job[i] = jobs[i < g->used ? i : 0];
		r[i] = _mm_loadu_si128((const __m128i *)g->job[i]->key);
		s[i] = _mm_loadu_si128((const __m128i *)(g->job[i]->key + 16));
	}
	turn(s, &g->s_low, &g->s_high);
	turn(r, &low, &high);
	g->r = factors(split(low & all(UINT64_C(0x0ffffffc0fffffff)),
			     high & all(UINT64_C(0x0ffffffc0ffffffc)), all(0)));
	g->h = (struct numbers){{all(0), all(0), all(0)}};
}

// Returns whether there is additional data.
static inline bool group_strands(const struct group *g, struct strand *aad, struct strand *text)
{
	uint32_t any_aad = 0;

	for (unsigned i = 0; i < LANES; i++) {
		const struct sl_poly1305_job *j = g->job[i];

		text->start[i] = j->text;
		text->len[i] = j->len;
		aad->start[i] = j->aad;
		aad->len[i] = j->aad_len;
		any_aad |= j->aad_len;
	}
	return any_aad > 0;
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

// Whole block `step` of every lane; all lanes have so many.
static inline void absorb_step(struct group *g, const struct strand *s, uint64_t step)
{
	__m128i part[LANES];
	u64x8 low, high;

	for (int i = 0; i < LANES; i++)
		part[i] = _mm_loadu_si128((const __m128i *)(s->start[i] + 16 * step));
	turn(part, &low, &high);
	g->h = multiply(add(g->h, split(low, high, block_bit(0xff))), &g->r);
}

// What a lane has from block `step` on, at most a block, padded with zeroes. A masked load of
// nothing would do, but is slow where nothing is mapped.
static inline __m128i load_rest(const struct strand *s, unsigned lane, uint64_t step)
{
	const uint32_t rest = strand_rest(s, lane, step);

	if (rest == 0)
		return _mm_setzero_si128();
	return _mm_maskz_loadu_epi8((__mmask16)_bzhi_u32(0xffff, rest), s->start[lane] + 16 * step);
}

// The last block of each lane, or a part of it (RFC 8439 section 2.8). A lane that has nothing left
// keeps its sum.
static void absorb_rest(struct group *g, const struct strand *s, uint64_t step)
{
	struct numbers next;
	__m128i part[LANES];
	__mmask8 lanes = 0;
	u64x8 low, high;

	for (unsigned i = 0; i < LANES; i++) {
		part[i] = load_rest(s, i, step);
		lanes |= (__mmask8)((s->len[i] > 16 * step) << i);
	}
	if (lanes == 0)
		return;
	turn(part, &low, &high);
	next = multiply(add(g->h, split(low, high, block_bit(lanes))), &g->r);
	for (int i = 0; i < 3; i++)
		g->h.limb[i] = choose(lanes, next.limb[i], g->h.limb[i]);
}

// Additional data or text of n groups: side by side, so that one's multiplication hides another's
// latency.
static void absorb_strands(struct group *g, const struct strand *s, size_t n)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < n; i++)
		longest = s[i].longest > longest ? s[i].longest : longest;
	for (uint64_t step = 0; step <= longest; step++) {
		for (size_t i = 0; i < n; i++) {
			if (step < s[i].shortest)
				absorb_step(&g[i], &s[i], step);
			else if (step <= s[i].longest)
				absorb_rest(&g[i], &s[i], step);
		}
	}
}

// The last block: the lengths of additional data and text.
static inline void absorb_lengths(struct group *g, const struct strand *aad,
				  const struct strand *text)
{
	const u64x8 aad_len = (u64x8)_mm512_loadu_si512(aad->len);
	const u64x8 len = (u64x8)_mm512_loadu_si512(text->len);

	g->h = multiply(add(g->h, split(aad_len, len, block_bit(0xff))), &g->r);
}

// Up to GROUPS * LANES messages, one per lane. Its frame is not to be added to its caller's.
static __attribute__((noinline)) void short_group(struct sl_poly1305_job *const *jobs, size_t n)
{
	struct group g[GROUPS];
	struct strand aad[GROUPS], text[GROUPS];
	const size_t groups = (n + LANES - 1) / LANES;
	bool any_aad = false;

	for (size_t i = 0; i < groups; i++) {
		group_start(&g[i], jobs + i * LANES, n - i * LANES);
		any_aad |= group_strands(&g[i], &aad[i], &text[i]);
		strand_measure(&text[i], LANES);
	}
	if (any_aad) {
		for (size_t i = 0; i < groups; i++)
			strand_measure(&aad[i], LANES);
		absorb_strands(g, aad, groups);
	}
	absorb_strands(g, text, groups);
	for (size_t i = 0; i < groups; i++)
		absorb_lengths(&g[i], &aad[i], &text[i]);
	for (size_t i = 0; i < groups; i++)
		group_finish(&g[i]);
}

static void short_messages(struct sl_poly1305_job *const *jobs, size_t n)
{
	const size_t most = GROUPS * LANES;

	for (size_t i = 0; i < n; i += most)
		short_group(jobs + i, n - i < most ? n - i : most);
}

// A long message as vectors of eight blocks. Blocks that are absent in front of the first vector
// are zero and carry no bit, so that they add nothing.
struct long_message {
	const struct sl_poly1305_job *job;
	struct numbers h; // lane 2 i sums the blocks i modulo 8, lane 2 i + 1 the blocks 4 + i
	uint32_t vectors, absent;
	uint32_t text, whole; // from vector `text` on so many are of text alone
	int64_t start;        // where vector 0 is, as an offset in the text
};

static inline struct numbers split_vector(__m512i a, __m512i b, __mmask8 present)
{
	return split((u64x8)_mm512_unpacklo_epi64(a, b), (u64x8)_mm512_unpackhi_epi64(a, b),
		     block_bit(present));
}

// Of the 64 bytes at text + at those that lie in the text; the others are not read and become zero.
static inline __m512i load_inside(const uint8_t *text, int64_t at, int64_t len)
{
	const int64_t from = at < 0 ? -at : 0, to = len - at < 64 ? len - at : 64;

	if (from >= to)
		return _mm512_setzero_si512();
	return _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX << from, (unsigned)to), text + at);
}

// The lanes of a vector whose blocks are not absent. Blocks 0 to 7 are in lanes 0, 2, 4, 6, 1, 3,
// 5, 7.
static inline __mmask8 lanes_present(uint32_t absent)
{
	static const uint8_t lanes[LANES] = {0xff, 0xfe, 0xfa, 0xea, 0xaa, 0xa8, 0xa0, 0x80};

	return lanes[absent];
}

// A vector with additional data in it.
static struct numbers aad_vector(const struct long_message *m, uint32_t v)
{
	uint8_t blocks[LANES][16] __attribute__((aligned(64))) = {{0}};

	for (uint32_t i = v == 0 ? m->absent : 0; i < LANES; i++)
		message_block(m->job, v * LANES + i - m->absent, blocks[i]);
	return split_vector(_mm512_load_si512(blocks[0]), _mm512_load_si512(blocks[4]),
			    lanes_present(v == 0 ? m->absent : 0));
}

// A vector with an edge of the text in it, or with the last block: the lengths.
static struct numbers edge_vector(const struct long_message *m, uint32_t v)
{
	const struct sl_poly1305_job *j = m->job;
	const int64_t at = m->start + 128 * (int64_t)v;
	__m512i a = load_inside(j->text, at, j->len), b = load_inside(j->text, at + 64, j->len);

	if (v + 1 == m->vectors)
		b = _mm512_mask_mov_epi64(b, 0xc0,
					  _mm512_setr_epi64(0, 0, 0, 0, 0, 0, j->aad_len, j->len));
	return split_vector(a, b, lanes_present(v == 0 ? m->absent : 0));
}

static inline struct numbers message_vector(const struct long_message *m, uint32_t v)
{
	if (v - m->text < m->whole) {
		const uint8_t *at = m->job->text + m->start + 128 * (int64_t)v;

		return split_vector(_mm512_loadu_si512(at), _mm512_loadu_si512(at + 64), 0xff);
	}
	if (v < m->text && m->job->aad_len > 0)
		return aad_vector(m, v);
	return edge_vector(m, v);
}

// Begin with vector 0.
static inline void long_start(struct long_message *m, const struct sl_poly1305_job *job)
{
	const uint32_t blocks = message_blocks(job);
	uint32_t before, end;

	m->job = job;
	m->vectors = (blocks + LANES - 1) / LANES;
	m->absent = m->vectors * LANES - blocks;
	before = m->absent + aad_blocks(job);
	m->start = -16 * (int64_t)before;
	m->text = (before + LANES - 1) / LANES;
	end = (before + job->len / 16) / LANES;
	m->whole = end > m->text ? end - m->text : 0;
	m->h = message_vector(m, 0);
}

// A power of r of one message. The vectors of it are made anew when it is its turn: they would take
// more of the cache than the text does.
struct power {
	uint64_t r[3], r20[3];
};

static inline struct factors in_all_lanes(const struct power *p)
{
	return (struct factors){{all(p->r[0]), all(p->r[1]), all(p->r[2])},
				{all(0), all(p->r20[1]), all(p->r20[2])}};
}

// h = h * r^8 + the next vector, from vector 1 to the last.
static void sum_alone(struct long_message *m, const struct power *r8)
{
	const struct factors f = in_all_lanes(r8);
	struct numbers h = m->h;

	for (uint32_t v = 1; v < m->vectors; v++)
		h = add(multiply(h, &f), message_vector(m, v));
	m->h = h;
}

// The same for n messages side by side, so that one's multiplication hides another's latency.
static void sum_together(struct long_message *m, const struct power *r8, unsigned n)
{
	uint32_t steps = 0;

	for (unsigned i = 0; i < n; i++)
		steps = m[i].vectors > steps ? m[i].vectors : steps;
	for (uint32_t v = 1; v < steps; v++)
		for (unsigned i = 0; i < n; i++) {
			struct numbers next;
			struct factors f;

			if (v >= m[i].vectors)
				continue;
			next = message_vector(&m[i], v);
			f = in_all_lanes(&r8[i]); // not before: no vector outlives a call
			m[i].h = add(multiply(m[i].h, &f), next);
		}
}

static void sum_vectors(struct long_message *m, const struct numbers *power, unsigned n)
{
	struct power r8[LANES];
	uint64_t limb[3][LANES];

	memcpy(limb, power, sizeof(limb));
	for (unsigned i = 0; i < n; i++)
		for (int j = 0; j < 3; j++) {
			r8[i].r[j] = limb[j][i];
			r8[i].r20[j] = limb[j][i] * 20;
		}
	if (n == 1)
		sum_alone(m, r8);
	else
		sum_together(m, r8, n);
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

// From the lanes' sums of each message to a message's sums in one lane, in the order of their
// blocks.
static void turn_sums(struct numbers *sum, const struct long_message *m)
{
	static const uint8_t lane_of_block[LANES] = {0, 2, 4, 6, 1, 3, 5, 7};

	for (int limb = 0; limb < 3; limb++) {
		u64x8 in[LANES], out[LANES];

		for (int i = 0; i < LANES; i++)
			in[i] = m[i].h.limb[limb];
		transpose(out, in);
		for (int i = 0; i < LANES; i++)
			sum[i].limb[limb] = out[lane_of_block[i]];
	}
}

// Up to eight messages, each of which takes all lanes. What is left to do in the end is, for each,
// the sum of sum[i] * r^(8 - i).
static __attribute__((noinline)) void long_messages(struct sl_poly1305_job *const *jobs, size_t n)
{
	struct group g;
	struct factors r2, r4;
	struct long_message m[LANES];
	struct numbers power, sum[LANES];

	group_start(&g, jobs, n);
	power = multiply((struct numbers){{g.r.r[0], g.r.r[1], g.r.r[2]}}, &g.r);
	r2 = factors(power);
	power = multiply(power, &r2);
	r4 = factors(power);
	power = multiply(power, &r4);
	for (unsigned i = 0; i < g.used; i++)
		long_start(&m[i], g.job[i]);
	for (unsigned i = g.used; i < LANES; i++)
		m[i].h = (struct numbers){{all(0), all(0), all(0)}};
	sum_vectors(m, &power, g.used);
	turn_sums(sum, m);
	for (int i = 0; i < 8; i += 2)
		sum[i] = add(multiply(sum[i], &g.r), sum[i + 1]);
	for (int i = 0; i < 8; i += 4)
		sum[i] = add(multiply(sum[i], &r2), sum[i + 2]);
	sum[0] = add(multiply(sum[0], &r4), sum[4]);
	g.h = multiply(sum[0], &g.r);
	group_finish(&g);
}

static void tag_pass(struct sl_poly1305_job *jobs, size_t n)
{
	struct sl_poly1305_job *sorted[PASS], *brief[PASS];
	size_t n_brief = 0;
	uint64_t bound;

	n = sort_by_length(sorted, jobs, n, &bound);
	if (bound <= BRIEF) {
		short_messages(sorted, n);
		return;
	}
	for (size_t i = 0; i < n; i += LANES) {
		if (!one_per_lane(sorted + i, n - i, LANES))
			long_messages(sorted + i, n - i);
		else
			for (size_t j = i; j < n && j < i + LANES; j++)
				brief[n_brief++] = sorted[j];
	}
	short_messages(brief, n_brief);
}

void sl_poly1305_ifma(struct sl_poly1305_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i += PASS)
		tag_pass(jobs + i, n - i < PASS ? n - i : PASS);
}
