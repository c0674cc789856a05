// Poly1305 in 4 lanes (AVX2).
//
// Short messages go one per lane. A long one takes all lanes: lane i sums every fourth block by
// powers of r^4; the four sums are then one short message of four blocks.
#include "simd/poly1305_lanes.h"
#include "simd/poly1305_limbs26.h"

#include <immintrin.h>

enum {
	LANES = 4,
	GROUPS = PASS / LANES,
};

// Four messages, one per lane, and their sums.
struct group {
	struct factors r;
	struct numbers h;
	u64x4 s_low, s_high;
	const struct sl_poly1305_job *job[LANES];
	unsigned used; // lanes; the others repeat the first
};

// Sixteen bytes for each lane: low[i] and high[i] are the halves of part[i].
static inline void turn(const __m128i *part, u64x4 *low, u64x4 *high)
{
	const __m256i even = _mm256_setr_m128i(part[0], part[2]);
	const __m256i odd = _mm256_setr_m128i(part[1], part[3]);

	*low = (u64x4)_mm256_unpacklo_epi64(even, odd);
	*high = (u64x4)_mm256_unpackhi_epi64(even, odd);
}

// RFC 8439 section 2.5: r is the key's first half, clamped; s is the second.
static inline void group_start(struct group *g, struct sl_poly1305_job *const *jobs, size_t n)
{
	__m128i r[LANES], s[LANES];
	u64x4 low, high;

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
	for (int i = 0; i < LIMBS; i++)
		g->h.limb[i] = all(0);
}

// The sums modulo p, plus s modulo 2^128: the tags (RFC 8439 section 2.5.1).
static void group_finish(struct group *g)
{
	const u64x4 sign = all(UINT64_C(1) << 63);
	const struct numbers n = reduce(g->h);
	const u64x4 *h = n.limb;
	const u64x4 low = (h[0] | h[1] << 26 | h[2] << 52) + g->s_low;
	// Unsigned low < s_low, by a comparison that is signed: all ones, or -1, where it carries.
	const __m256i carries = _mm256_cmpgt_epi64((__m256i)(g->s_low ^ sign),
						   (__m256i)(low ^ sign));
	const u64x4 high = (h[2] >> 12 | h[3] << 14 | h[4] << 40) + g->s_high - (u64x4)carries;
	uint8_t tags[2][2][16] __attribute__((aligned(32))); // of even lanes and of odd ones

	_mm256_store_si256((__m256i *)tags[0], _mm256_unpacklo_epi64((__m256i)low, (__m256i)high));
	_mm256_store_si256((__m256i *)tags[1], _mm256_unpackhi_epi64((__m256i)low, (__m256i)high));
	for (unsigned i = 0; i < g->used; i++)
		memcpy(g->job[i]->tag, tags[i % 2][i / 2], 16);
}

// Whole block `step` of every lane; all lanes have so many.
static inline void absorb_step(struct group *g, const struct strand *s, uint64_t step)
{
	__m128i part[LANES];
	u64x4 low, high;

	for (int i = 0; i < LANES; i++)
		part[i] = _mm_loadu_si128((const __m128i *)(s->start[i] + 16 * step));
	turn(part, &low, &high);
	g->h = multiply(add(g->h, split(low, high, block_bit(all(UINT64_MAX)))), &g->r);
}

// What a lane has from block `step` on, at most a block, padded with zeroes.
static inline __m128i load_rest(const struct strand *s, unsigned lane, uint64_t step)
{
	const uint32_t rest = strand_rest(s, lane, step);
	uint8_t block[16] = {0};

	if (rest == 0)
		return _mm_setzero_si128();
	if (rest == 16)
		return _mm_loadu_si128((const __m128i *)(s->start[lane] + 16 * step));
	memcpy(block, s->start[lane] + 16 * step, rest);
	return _mm_loadu_si128((const __m128i *)block);
}

// The last block of each lane, or a part of it (RFC 8439 section 2.8). A lane that has nothing left
// keeps its sum.
static void absorb_rest(struct group *g, const struct strand *s, uint64_t step)
{
	struct numbers next;
	__m128i part[LANES];
	u64x4 low, high, lanes, len;

	for (unsigned i = 0; i < LANES; i++)
		part[i] = load_rest(s, i, step);
	memcpy(&len, s->len, sizeof(len));
	lanes = (u64x4)(len > 16 * step);
	if (_mm256_testz_si256((__m256i)lanes, (__m256i)lanes))
		return;
	turn(part, &low, &high);
	next = multiply(add(g->h, split(low, high, block_bit(lanes))), &g->r);
	for (int i = 0; i < LIMBS; i++)
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
	const u64x4 aad_len = (u64x4)_mm256_loadu_si256((const __m256i *)aad->len);
	const u64x4 len = (u64x4)_mm256_loadu_si256((const __m256i *)text->len);

	g->h = multiply(add(g->h, split(aad_len, len, block_bit(all(UINT64_MAX)))), &g->r);
}

// Messages one per lane, n of them.
static void short_messages(struct sl_poly1305_job *const *jobs, size_t n)
{
	struct group g[GROUPS];
	struct strand aad[GROUPS], text[GROUPS];
	const size_t groups = (n + LANES - 1) / LANES;
	bool any_aad = false;

	for (size_t i = 0; i < groups * LANES; i++) {
		const struct sl_poly1305_job *j = jobs[i < n ? i : i - i % LANES];

		text[i / LANES].start[i % LANES] = j->text;
		text[i / LANES].len[i % LANES] = j->len;
		aad[i / LANES].start[i % LANES] = j->aad;
		aad[i / LANES].len[i % LANES] = j->aad_len;
		any_aad |= j->aad_len > 0;
	}
	for (size_t i = 0; i < groups; i++) {
		group_start(&g[i], jobs + i * LANES, n - i * LANES);
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
	explicit_bzero(g, groups * sizeof(g[0]));
}

// A long message as vectors of four blocks. Blocks that are absent in front of the first vector are
// zero and carry no bit, so that they add nothing.
struct long_message {
	const struct sl_poly1305_job *job;
	struct numbers h; // lanes 0, 2, 1, 3 sum the blocks 0, 1, 2, 3 modulo 4
	uint32_t vectors, absent;
	uint32_t text, whole; // the vectors from `text` on up to `whole` are of text alone
	int64_t start;        // where vector 0 is, as an offset in the text
};

static inline void long_start(struct long_message *m, const struct sl_poly1305_job *job)
{
	const uint32_t blocks = message_blocks(job);
	uint32_t before;

	m->job = job;
	memset(&m->h, 0, sizeof(m->h));
	m->vectors = (blocks + LANES - 1) / LANES;
	m->absent = m->vectors * LANES - blocks;
	before = m->absent + aad_blocks(job);
	m->start = -16 * (int64_t)before;
	m->text = (before + LANES - 1) / LANES;
	m->whole = (before + job->len / 16) / LANES;
}

static inline struct numbers split_vector(const uint8_t *blocks, u64x4 present)
{
	const __m256i a = _mm256_loadu_si256((const __m256i *)blocks);
	const __m256i b = _mm256_loadu_si256((const __m256i *)(blocks + 32));

	return split((u64x4)_mm256_unpacklo_epi64(a, b), (u64x4)_mm256_unpackhi_epi64(a, b),
		     block_bit(present));
}

// A vector with an edge in it: of the message, of additional data or of text.
static struct numbers edge_vector(const struct long_message *m, uint32_t v)
{
	const uint32_t absent = v == 0 ? m->absent : 0;
	const u64x4 block_of_lane = {0, 2, 1, 3};
	uint8_t blocks[LANES][16] = {{0}};

	for (uint32_t i = absent; i < LANES; i++)
		message_block(m->job, v * LANES + i - m->absent, blocks[i]);
	return split_vector(blocks[0], (u64x4)(block_of_lane >= absent));
}

static inline struct numbers message_vector(const struct long_message *m, uint32_t v)
{
	if (v >= m->text && v < m->whole)
		return split_vector(m->job->text + m->start + 64 * (int64_t)v, all(UINT64_MAX));
	return edge_vector(m, v);
}

// h = h * r^4 + the next vector, until the last.
static void sum_alone(struct long_message *m, const struct factors *f)
{
	struct numbers h = m->h;

	for (uint32_t v = 0; v < m->vectors; v++)
		h = add(multiply(h, f), message_vector(m, v));
	m->h = h;
}

// The same for n messages side by side, so that one's multiplication hides another's latency.
static void sum_together(struct long_message *m, const struct factors *f, unsigned n)
{
	uint32_t steps = 0;

	for (unsigned i = 0; i < n; i++)
		steps = m[i].vectors > steps ? m[i].vectors : steps;
	for (uint32_t v = 0; v < steps; v++)
		for (unsigned i = 0; i < n; i++)
			if (v < m[i].vectors)
				m[i].h = add(multiply(m[i].h, &f[i]), message_vector(&m[i], v));
}

static void sum_vectors(struct long_message *m, const struct numbers *r4, unsigned n)
{
	struct factors f[LANES];
	uint64_t limb[LIMBS][LANES];

	memcpy(limb, r4, sizeof(limb));
	for (unsigned i = 0; i < n; i++)
		f[i] = factors((struct numbers){{all(limb[0][i]), all(limb[1][i]), all(limb[2][i]),
						 all(limb[3][i]), all(limb[4][i])}});
	if (n == 1)
		sum_alone(m, f);
	else
		sum_together(m, f, n);
	explicit_bzero(f, n * sizeof(f[0]));
	explicit_bzero(limb, sizeof(limb));
}

// out[i] gets element i of every in[j].
static inline void transpose(u64x4 *out, const u64x4 *in)
{
	const __m256i a = _mm256_unpacklo_epi64((__m256i)in[0], (__m256i)in[1]);
	const __m256i b = _mm256_unpackhi_epi64((__m256i)in[0], (__m256i)in[1]);
	const __m256i c = _mm256_unpacklo_epi64((__m256i)in[2], (__m256i)in[3]);
	const __m256i d = _mm256_unpackhi_epi64((__m256i)in[2], (__m256i)in[3]);

	out[0] = (u64x4)_mm256_permute2x128_si256(a, c, 0x20);
	out[1] = (u64x4)_mm256_permute2x128_si256(b, d, 0x20);
	out[2] = (u64x4)_mm256_permute2x128_si256(a, c, 0x31);
	out[3] = (u64x4)_mm256_permute2x128_si256(b, d, 0x31);
}

// From the lanes' sums of each message to a message's sums in one lane, in the order of their
// blocks.
static void turn_sums(struct numbers *sum, const struct long_message *m)
{
	static const uint8_t lane_of_block[LANES] = {0, 2, 1, 3};

	for (int limb = 0; limb < LIMBS; limb++) {
		u64x4 in[LANES], out[LANES];

		for (int i = 0; i < LANES; i++)
			in[i] = m[i].h.limb[limb];
		transpose(out, in);
		for (int i = 0; i < LANES; i++)
			sum[i].limb[limb] = out[lane_of_block[i]];
	}
}

// Up to four messages, each of which takes all lanes. What is left to do in the end is, for each,
// the sum of sum[i] * r^(4 - i).
static void long_messages(struct sl_poly1305_job *const *jobs, size_t n)
{
	struct group g;
	struct factors r2;
	struct long_message m[LANES];
	struct numbers power, sum[LANES];

	group_start(&g, jobs, n);
	memcpy(&power, g.r.r, sizeof(power));
	power = multiply(power, &g.r);
	r2 = factors(power);
	power = multiply(power, &r2);
	for (unsigned i = 0; i < LANES; i++)
		long_start(&m[i], g.job[i]);
	sum_vectors(m, &power, g.used);
	turn_sums(sum, m);
	sum[0] = add(multiply(sum[0], &g.r), sum[1]);
	sum[2] = add(multiply(sum[2], &g.r), sum[3]);
	sum[0] = add(multiply(sum[0], &r2), sum[2]);
	g.h = multiply(sum[0], &g.r);
	group_finish(&g);
	explicit_bzero(&g, sizeof(g));
	explicit_bzero(&r2, sizeof(r2));
	explicit_bzero(&power, sizeof(power));
}

static void tag_pass(struct sl_poly1305_job *jobs, size_t n)
{
	struct sl_poly1305_job *sorted[PASS], *brief[PASS];
	size_t n_brief = 0;

	if (sort_by_length(sorted, jobs, n) <= BRIEF) {
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

void sl_poly1305_avx2(struct sl_poly1305_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i += PASS)
		tag_pass(jobs + i, n - i < PASS ? n - i : PASS);
}
