// Poly1305 in 8 lanes of 64 bits, with the 52-bit multiplier (AVX-512 IFMA).
//
// A number modulo p = 2^130 - 5 is three limbs of 44, 44 and 42 bits, a vector holds one limb of
// eight numbers. Short messages go one per lane. A long one takes all lanes: lane i sums every
// eighth block by powers of r^8; the eight sums are then one short message of eight blocks.
#include "simd/poly1305_message.h"

#include <immintrin.h>
#include <stdbool.h>

enum {
	LANES = 8,
	GROUPS = 8, // what one pass takes: as many messages as a burst has packets
	LONG = 32,  // blocks from which a message takes all lanes
};

typedef uint64_t u64x8 __attribute__((vector_size(64)));

// Eight numbers, one per lane: limb[0] + 2^44 limb[1] + 2^88 limb[2]. Limbs may be a little longer
// than 44 bits, for multiplication below 2^52.
struct numbers {
	u64x8 limb[3];
};

// Eight factors: their limbs, and 20 times the upper ones, because 2^132 = 4 * 2^130 is 20 modulo
// p.
struct factors {
	u64x8 r[3];
	u64x8 r20[3]; // [0] is not used
};

// Eight messages, one per lane, and their sums.
struct group {
	struct factors r;
	struct numbers h;
	u64x8 s_low, s_high;
	struct sl_poly1305_job *job[LANES];
	unsigned used; // lanes
};

// Up to 8 whole blocks and a part of one for each lane: additional data or text.
struct strand {
	u64x8 start;          // addresses
	u64x8 blocks;         // whole ones
	__mmask8 tail;        // lanes that have a part of a block
	uint32_t rest[LANES]; // its bytes
};

static inline u64x8 all(uint64_t x)
{
	return (u64x8){0} + x;
}

static inline u64x8 choose(__mmask8 lanes, u64x8 yes, u64x8 no)
{
	return (u64x8)_mm512_mask_mov_epi64((__m512i)no, lanes, (__m512i)yes);
}

// The numbers low + 2^64 high, plus `bit` in limb 2.
static inline struct numbers split(u64x8 low, u64x8 high, u64x8 bit)
{
	const u64x8 mask = all((UINT64_C(1) << 44) - 1);

	return (struct numbers){{low & mask, (low >> 44 | high << 20) & mask, high >> 24 | bit}};
}

// 2^128, which every block carries above its 16 bytes (RFC 8439 section 2.5.1), as limb 2 has it.
static inline u64x8 block_bit(__mmask8 lanes)
{
	return choose(lanes, all(UINT64_C(1) << (128 - 88)), all(0));
}

static inline struct factors factors(struct numbers n)
{
	struct factors f;

	for (int i = 0; i < 3; i++) {
		f.r[i] = n.limb[i];
		f.r20[i] = n.limb[i] * 4 + n.limb[i] * 16;
	}
	return f;
}

// Sums of products: the multiplier gives the lower and the upper 52 bits one at a time.
struct product {
	u64x8 low, high;
};

static inline void add_product(struct product *p, u64x8 a, u64x8 b)
{
	p->low = (u64x8)_mm512_madd52lo_epu64((__m512i)p->low, (__m512i)a, (__m512i)b);
	p->high = (u64x8)_mm512_madd52hi_epu64((__m512i)p->high, (__m512i)a, (__m512i)b);
}

// What p has above its lowest `bits`.
static inline u64x8 carry(struct product p, int bits)
{
	return (p.low >> bits) + (p.high << (52 - bits));
}

// h * f modulo p, limbs 0 and 2 below 2^44 and 2^42, limb 1 a little above 2^44 at most.
static inline struct numbers multiply(struct numbers h, const struct factors *f)
{
	const u64x8 mask44 = all((UINT64_C(1) << 44) - 1), mask42 = all((UINT64_C(1) << 42) - 1);
	struct product d[3] = {{all(0), all(0)}, {all(0), all(0)}, {all(0), all(0)}};
	struct numbers out;
	u64x8 top;

	add_product(&d[0], h.limb[0], f->r[0]);
	add_product(&d[1], h.limb[0], f->r[1]);
	add_product(&d[2], h.limb[0], f->r[2]);
	add_product(&d[0], h.limb[1], f->r20[2]);
	add_product(&d[1], h.limb[1], f->r[0]);
	add_product(&d[2], h.limb[1], f->r[1]);
	add_product(&d[0], h.limb[2], f->r20[1]);
	add_product(&d[1], h.limb[2], f->r20[2]);
	add_product(&d[2], h.limb[2], f->r[0]);

	d[1].low += carry(d[0], 44);
	d[2].low += carry(d[1], 44);
	top = carry(d[2], 42); // times 2^130, which is 5
	out.limb[0] = (d[0].low & mask44) + top + top * 4;
	out.limb[1] = (d[1].low & mask44) + (out.limb[0] >> 44);
	out.limb[2] = d[2].low & mask42;
	out.limb[0] &= mask44;
	return out;
}

static inline struct numbers add(struct numbers a, struct numbers b)
{
	return (struct numbers){
		{a.limb[0] + b.limb[0], a.limb[1] + b.limb[1], a.limb[2] + b.limb[2]}};
}

// h = (h + block) * r in these lanes (RFC 8439 section 2.5.1); the others have no block now.
static inline void absorb(struct group *g, struct numbers block, __mmask8 lanes)
{
	struct numbers next = multiply(add(g->h, block), &g->r);

	for (int i = 0; i < 3; i++)
		g->h.limb[i] = choose(lanes, next.limb[i], g->h.limb[i]);
}

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
static void group_start(struct group *g, struct sl_poly1305_job *const *jobs, size_t n)
{
	static const uint8_t no_key[32];
	__m128i r[LANES], s[LANES];
	u64x8 low, high;

	g->used = n < LANES ? (unsigned)n : LANES;
	for (unsigned i = 0; i < LANES; i++) {
		const uint8_t *key = i < g->used ? jobs[i]->key : no_key;

		g->job[i] = i < g->used ? jobs[i] : NULL;
		r[i] = _mm_loadu_si128((const __m128i *)key);
		s[i] = _mm_loadu_si128((const __m128i *)(key + 16));
	}
	turn(s, &g->s_low, &g->s_high);
	turn(r, &low, &high);
	g->r = factors(split(low & all(UINT64_C(0x0ffffffc0fffffff)),
			     high & all(UINT64_C(0x0ffffffc0ffffffc)), all(0)));
	g->h = (struct numbers){{all(0), all(0), all(0)}};
}

// h modulo p, plus s modulo 2^128: the tags (RFC 8439 section 2.5.1).
static void group_finish(struct group *g)
{
	const u64x8 mask44 = all((UINT64_C(1) << 44) - 1), mask42 = all((UINT64_C(1) << 42) - 1);
	u64x8 a = g->h.limb[0], b = g->h.limb[1], c = g->h.limb[2];
	u64x8 a5, b5, c5, low, high;
	__mmask8 above, carries;

	for (int i = 0; i < 2; i++) { // if the second carries 5 into limb 0, that was nearly 0
		b += a >> 44;
		a &= mask44;
		c += b >> 44;
		b &= mask44;
		a += (c >> 42) * 4 + (c >> 42);
		c &= mask42;
	}
	// If h + 5 reaches 2^130, h is p or more, and h - p is h + 5 - 2^130.
	a5 = a + 5;
	b5 = b + (a5 >> 44);
	c5 = c + (b5 >> 44);
	above = _mm512_test_epi64_mask((__m512i)c5, (__m512i)all(UINT64_C(1) << 42));
	a = choose(above, a5 & mask44, a);
	b = choose(above, b5 & mask44, b);
	c = choose(above, c5 & mask42, c);

	low = (a | b << 44) + g->s_low;
	carries = _mm512_cmplt_epu64_mask((__m512i)low, (__m512i)g->s_low);
	high = (b >> 20 | c << 24) + g->s_high + choose(carries, all(1), all(0));
	for (unsigned i = 0; i < g->used; i++) {
		const uint64_t tag[2] = {low[i], high[i]};

		memcpy(g->job[i]->tag, tag, sizeof(tag));
	}
}

static inline void strand_set(struct strand *s, unsigned lane, const uint8_t *start, uint32_t len)
{
	((uint64_t *)&s->start)[lane] = (uintptr_t)start;
	((uint64_t *)&s->blocks)[lane] = len / 16;
	s->rest[lane] = len % 16;
	s->tail |= (__mmask8)((len % 16 != 0) << lane);
}

// Block `step` of every lane that has so many.
static inline void absorb_step(struct group *g, const struct strand *s, uint64_t step)
{
	static const uint8_t zeroes[16];
	const __mmask8 lanes = _mm512_cmpgt_epu64_mask((__m512i)s->blocks,
						       _mm512_set1_epi64((long long)step));
	uintptr_t at[LANES] __attribute__((aligned(64)));
	__m128i part[LANES];
	u64x8 low, high;

	*(u64x8 *)at = choose(lanes, s->start + 16 * step, all((uintptr_t)zeroes));
	for (int i = 0; i < LANES; i++)
		part[i] = _mm_loadu_si128((const __m128i *)at[i]);
	turn(part, &low, &high);
	absorb(g, split(low, high, block_bit(lanes)), lanes);
}

// What is left below a block, padded with zeroes (RFC 8439 section 2.8).
static inline void absorb_tail(struct group *g, const struct strand *s)
{
	__m128i part[LANES];
	u64x8 low, high;

	for (unsigned i = 0; i < LANES; i++) {
		const uint8_t *at = (const uint8_t *)(uintptr_t)(s->start[i] + 16 * s->blocks[i]);
		const __mmask16 bytes = (__mmask16)((1 << s->rest[i]) - 1);

		part[i] = _mm_maskz_loadu_epi8(bytes, at);
	}
	turn(part, &low, &high);
	absorb(g, split(low, high, block_bit(s->tail)), s->tail);
}

// All of a strand for n groups: side by side, so that one's multiplication hides another's latency.
static void absorb_strands(struct group *g, const struct strand *s, size_t n)
{
	uint64_t longest[GROUPS], steps = 0;

	for (size_t i = 0; i < n; i++) {
		longest[i] = _mm512_reduce_max_epu64((__m512i)s[i].blocks);
		steps = longest[i] > steps ? longest[i] : steps;
	}
	for (uint64_t step = 0; step < steps; step++)
		for (size_t i = 0; i < n; i++)
			if (step < longest[i])
				absorb_step(&g[i], &s[i], step);
	for (size_t i = 0; i < n; i++)
		if (s[i].tail)
			absorb_tail(&g[i], &s[i]);
}

// The last block: the lengths of additional data and text.
static inline void absorb_lengths(struct group *g)
{
	u64x8 aad = all(0), text = all(0);

	for (unsigned i = 0; i < g->used; i++) {
		((uint64_t *)&aad)[i] = g->job[i]->aad_len;
		((uint64_t *)&text)[i] = g->job[i]->len;
	}
	absorb(g, split(aad, text, block_bit(0xff)), 0xff);
}

// Messages one per lane, n of them.
static void short_messages(struct sl_poly1305_job *const *jobs, size_t n)
{
	struct group g[GROUPS];
	struct strand aad[GROUPS], text[GROUPS];
	const size_t groups = (n + LANES - 1) / LANES;
	bool any_aad = false;

	memset(aad, 0, groups * sizeof(aad[0]));
	memset(text, 0, groups * sizeof(text[0]));
	for (size_t i = 0; i < groups; i++)
		group_start(&g[i], jobs + i * LANES, n - i * LANES);
	for (size_t i = 0; i < n; i++) {
		strand_set(&aad[i / LANES], i % LANES, jobs[i]->aad, jobs[i]->aad_len);
		strand_set(&text[i / LANES], i % LANES, jobs[i]->text, jobs[i]->len);
		any_aad |= jobs[i]->aad_len > 0;
	}
	if (any_aad)
		absorb_strands(g, aad, groups);
	absorb_strands(g, text, groups);
	for (size_t i = 0; i < groups; i++) {
		absorb_lengths(&g[i]);
		group_finish(&g[i]);
	}
	explicit_bzero(g, groups * sizeof(g[0]));
}

// A long message: vector v of it is its blocks from 8 v - absent on; the absent ones in front of
// the first are zero and carry no bit, so they add nothing.
struct long_message {
	const struct sl_poly1305_job *job;
	struct numbers h; // lane 2 i has the blocks i modulo 8, lane 2 i + 1 the blocks 4 + i
	uint32_t vectors, absent;
};

static inline void long_start(struct long_message *m, const struct sl_poly1305_job *job)
{
	const uint32_t blocks = message_blocks(job);

	m->job = job;
	m->vectors = (blocks + LANES - 1) / LANES;
	m->absent = m->vectors * LANES - blocks;
	m->h = (struct numbers){{all(0), all(0), all(0)}};
}

static inline struct numbers split_vector(const uint8_t *blocks, __mmask8 present)
{
	const __m512i a = _mm512_loadu_si512(blocks), b = _mm512_loadu_si512(blocks + 64);

	return split((u64x8)_mm512_unpacklo_epi64(a, b), (u64x8)_mm512_unpackhi_epi64(a, b),
		     block_bit(present));
}

// A vector with an edge in it: of the message, of additional data or of text.
static struct numbers edge_vector(const struct long_message *m, uint32_t v)
{
	uint8_t blocks[LANES * 16] __attribute__((aligned(64))) = {0};
	__mmask8 present = 0;

	for (uint32_t i = v == 0 ? m->absent : 0; i < LANES; i++) {
		message_block(m->job, v * LANES + i - m->absent, blocks + 16 * i);
		present |= (__mmask8)(1 << (i < 4 ? 2 * i : 2 * i - 7));
	}
	return split_vector(blocks, present);
}

static inline struct numbers message_vector(const struct long_message *m, uint32_t v)
{
	const uint32_t first = v * LANES - m->absent - aad_blocks(m->job); // of the text

	// Before the text, `first` wraps around and is large.
	if (first < m->job->len / 16 && first + LANES <= m->job->len / 16)
		return split_vector(m->job->text + 16 * (size_t)first, 0xff);
	return edge_vector(m, v);
}

// h = h * r^8 + the next vector, until the last, for n messages side by side.
static void sum_vectors(struct long_message *m, const struct numbers *r8, unsigned n)
{
	struct factors f[LANES];
	uint32_t steps = 0;

	for (unsigned i = 0; i < n; i++) {
		struct numbers r = {
			{all(r8->limb[0][i]), all(r8->limb[1][i]), all(r8->limb[2][i])}};

		f[i] = factors(r);
		steps = m[i].vectors > steps ? m[i].vectors : steps;
	}
	for (uint32_t v = 0; v < steps; v++)
		for (unsigned i = 0; i < n; i++)
			if (v < m[i].vectors)
				m[i].h = add(multiply(m[i].h, &f[i]), message_vector(&m[i], v));
	explicit_bzero(f, sizeof(f));
}

// out[i] gets element i of every in[j].
static inline void transpose(u64x8 *out, const u64x8 *in)
{
	for (int i = 0; i < LANES; i++)
		for (int j = 0; j < LANES; j++)
			((uint64_t *)&out[i])[j] = ((const uint64_t *)&in[j])[i];
}

// Up to eight messages that take all lanes in turn. In the end each one's lanes hold the last eight
// blocks of an equivalent short message: sum of lane(i) * r^(8 - i).
static void long_messages(struct sl_poly1305_job *const *jobs, size_t n)
{
	static const uint8_t lane_of_block[LANES] = {0, 2, 4, 6, 1, 3, 5, 7};
	struct group g;
	struct factors f;
	struct long_message m[LANES];
	struct numbers power, sums[LANES];
	u64x8 in[LANES], out[LANES];

	group_start(&g, jobs, n);
	power = (struct numbers){{g.r.r[0], g.r.r[1], g.r.r[2]}};
	for (int i = 0; i < 3; i++) { // r^2, r^4, r^8
		f = factors(power);
		power = multiply(power, &f);
	}
	memset(m, 0, sizeof(m));
	for (unsigned i = 0; i < g.used; i++)
		long_start(&m[i], jobs[i]);
	sum_vectors(m, &power, g.used);
	for (int limb = 0; limb < 3; limb++) {
		for (int i = 0; i < LANES; i++)
			in[i] = m[i].h.limb[limb];
		transpose(out, in);
		for (int i = 0; i < LANES; i++)
			sums[i].limb[limb] = out[lane_of_block[i]];
	}
	for (int i = 0; i < LANES; i++)
		absorb(&g, sums[i], 0xff);
	group_finish(&g);
	explicit_bzero(&g, sizeof(g));
	explicit_bzero(&f, sizeof(f));
	explicit_bzero(&power, sizeof(power));
}

void sl_poly1305_ifma(struct sl_poly1305_job *jobs, size_t n)
{
	struct sl_poly1305_job *brief[LANES * GROUPS], *lengthy[LANES];
	size_t n_brief = 0, n_lengthy = 0;

	for (size_t i = 0; i < n; i++) {
		if (message_blocks(&jobs[i]) < LONG)
			brief[n_brief++] = &jobs[i];
		else
			lengthy[n_lengthy++] = &jobs[i];
		if (n_brief == LANES * GROUPS) {
			short_messages(brief, n_brief);
			n_brief = 0;
		}
		if (n_lengthy == LANES) {
			long_messages(lengthy, n_lengthy);
			n_lengthy = 0;
		}
	}
	if (n_brief > 0)
		short_messages(brief, n_brief);
	if (n_lengthy > 0)
		long_messages(lengthy, n_lengthy);
}
