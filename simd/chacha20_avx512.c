// ChaCha20 in 16 lanes: a vector holds one word of the state of 16 blocks, of whatever packets.
// Where there is enough to do, two such sets of vectors are in flight to hide latency.
#include "simd/chacha20_lanes.h"

#include <immintrin.h>
#include <string.h>

enum {
	LANES = 16,
	SETS = 2,
};

typedef uint32_t u32x16 __attribute__((vector_size(64)));

// Sixteen blocks. First row[i] is the initial state of lane i, 16 words (RFC 8439 section 2.3),
// then word i of every lane, and in the end the keystream of lane i.
struct set {
	u32x16 row[LANES];
	bool one_job; // successive blocks of one job: row[0] says it all
};

// What the lanes work on.
struct batch {
	struct set set[SETS];
	struct run run[SETS * LANES];
	uint32_t runs;
	uint32_t used; // lanes
};

// RFC 8439 section 2.3: constants, key, block counter, nonce. The loads touch only the words that
// their masks name.
static inline u32x16 initial_state(const struct sl_chacha20_job *job, uint32_t block)
{
	__m512i state = _mm512_zextsi128_si512(
		_mm_setr_epi32(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574));

	state = _mm512_mask_loadu_epi32(state, 0x0ff0, job->key - 4 * 4);
	state = _mm512_mask_set1_epi32(state, 0x1000, (int)block);
	return (u32x16)_mm512_mask_loadu_epi32(state, 0xe000, job->nonce - 13 * 4);
}

// Give the run's blocks to the set's lanes from `lane` on.
static inline void set_add(struct set *s, const struct run *run, uint32_t lane)
{
	const u32x16 next = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0};
	u32x16 state = initial_state(run->job, run->block);

	s->row[lane] = state;
	s->one_job = run->count == LANES;
	if (s->one_job)
		return;
	for (uint32_t i = 1; i < run->count; i++) {
		state += next;
		s->row[lane + i] = state;
	}
}

// Fill the lanes. Returns false when nothing was left.
static inline bool batch_fill(struct batch *b, struct cursor *cursor)
{
	struct cursor c = *cursor; // in registers: it must not alias what is stored
	uint32_t runs = 0, used = 0;

	while (used < SETS * LANES && cursor_next(&c, LANES - used % LANES, &b->run[runs])) {
		set_add(&b->set[used / LANES], &b->run[runs], used % LANES);
		run_prefetch(&b->run[runs]);
		used += b->run[runs++].count;
	}
	b->runs = runs;
	b->used = used;
	*cursor = c;
	return used > 0;
}

// out[i] gets element i of every in[j].
static inline void transpose(u32x16 *out, const u32x16 *in)
{
	__m512i a[16], b[16];

	// Within the 128-bit quarters first: pairs of words, then pairs of pairs.
#pragma GCC unroll 8
	for (int i = 0; i < 16; i += 2) {
		__m512i even = (__m512i)in[i], odd = (__m512i)in[i + 1];

		a[i] = _mm512_unpacklo_epi32(even, odd);
		a[i + 1] = _mm512_unpackhi_epi32(even, odd);
	}
#pragma GCC unroll 4
	for (int i = 0; i < 16; i += 4) {
		b[i] = _mm512_unpacklo_epi64(a[i], a[i + 2]);
		b[i + 1] = _mm512_unpackhi_epi64(a[i], a[i + 2]);
		b[i + 2] = _mm512_unpacklo_epi64(a[i + 1], a[i + 3]);
		b[i + 3] = _mm512_unpackhi_epi64(a[i + 1], a[i + 3]);
	}
	// Quarter q of b[4 * n + i] has element 4 * q + i of in[4 * n] to in[4 * n + 3].
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		__m512i t0 = _mm512_shuffle_i32x4(b[i], b[4 + i], 0x44);
		__m512i t1 = _mm512_shuffle_i32x4(b[8 + i], b[12 + i], 0x44);
		__m512i t2 = _mm512_shuffle_i32x4(b[i], b[4 + i], 0xee);
		__m512i t3 = _mm512_shuffle_i32x4(b[8 + i], b[12 + i], 0xee);

		out[i] = (u32x16)_mm512_shuffle_i32x4(t0, t1, 0x88);
		out[4 + i] = (u32x16)_mm512_shuffle_i32x4(t0, t1, 0xdd);
		out[8 + i] = (u32x16)_mm512_shuffle_i32x4(t2, t3, 0x88);
		out[12 + i] = (u32x16)_mm512_shuffle_i32x4(t2, t3, 0xdd);
	}
}

// From initial states by lane to initial states by word.
static inline void set_turn(struct set *s)
{
	const u32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	uint32_t first[16];

	if (!s->one_job) {
		transpose(s->row, s->row);
		return;
	}
	memcpy(first, s->row, sizeof(first));
	for (int i = 0; i < 16; i++)
		s->row[i] = (u32x16){0} + first[i];
	s->row[12] += lane; // the block counters
}

// Half a quarter round's line (RFC 8439 section 2.1): a += b; d ^= a; d <<<= bits.
static inline void mix(u32x16 *a, u32x16 b, u32x16 *d, int bits)
{
	*a += b;
	*d ^= *a;
	*d = *d << bits | *d >> (32 - bits);
}

// Four quarter rounds side by side: on the columns, or with the rows moved by 0, 1, 2 and 3 on the
// diagonals (section 2.3).
static inline void quarter_rounds(u32x16 *x, int by)
{
	u32x16 *a = x, *b = x + 4, *c = x + 8, *d = x + 12;

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		mix(&a[i], b[(i + by) % 4], &d[(i + 3 * by) % 4], 16);
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		mix(&c[(i + 2 * by) % 4], d[(i + 3 * by) % 4], &b[(i + by) % 4], 12);
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		mix(&a[i], b[(i + by) % 4], &d[(i + 3 * by) % 4], 8);
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		mix(&c[(i + 2 * by) % 4], d[(i + 3 * by) % 4], &b[(i + by) % 4], 7);
}

// The block function (section 2.3) on one set: 20 rounds, and the initial state added.
static void block_function(u32x16 *w)
{
	u32x16 x[16];

	memcpy(x, w, sizeof(x));
	for (int i = 0; i < 10; i++) {
		quarter_rounds(x, 0);
		quarter_rounds(x, 1);
	}
	for (int i = 0; i < 16; i++)
		w[i] += x[i];
}

// The same on two sets side by side: it takes all 32 registers and hides the latency of each step.
static void block_function_twice(u32x16 *v, u32x16 *w)
{
	u32x16 x[16], y[16];

	memcpy(x, v, sizeof(x));
	memcpy(y, w, sizeof(y));
	for (int i = 0; i < 10; i++) {
		quarter_rounds(x, 0);
		quarter_rounds(y, 0);
		quarter_rounds(x, 1);
		quarter_rounds(y, 1);
	}
	for (int i = 0; i < 16; i++) {
		v[i] += x[i];
		w[i] += y[i];
	}
}

// Use the keystream of a run's blocks: out = in ^ keystream.
static inline void run_apply(const struct run *r, const u32x16 *keystream)
{
	const struct sl_chacha20_job *job = r->job;
	const u32x16 *end = keystream + r->count;
	uint32_t at = text_offset(r->block);
	__mmask64 rest;

	if (r->block == 0) {
		memcpy(job->poly_key, keystream++, POLY_KEY);
		at = text_offset(1);
	}
	for (; keystream < end && job->len - at >= BLOCK; keystream++, at += BLOCK)
		_mm512_storeu_si512(
			job->out + at,
			_mm512_xor_si512(_mm512_loadu_si512(job->in + at), (__m512i)*keystream));
	if (keystream == end)
		return;
	rest = _bzhi_u64(UINT64_MAX, job->len - at);
	_mm512_mask_storeu_epi8(
		job->out + at, rest,
		_mm512_xor_si512(_mm512_maskz_loadu_epi8(rest, job->in + at), (__m512i)*keystream));
}

static void batch_run(struct batch *b)
{
	const int sets = b->used > LANES ? 2 : 1;
	uint32_t lane = 0;

	for (int i = 0; i < sets; i++)
		set_turn(&b->set[i]);
	if (sets == 2)
		block_function_twice(b->set[0].row, b->set[1].row);
	else
		block_function(b->set[0].row);
	for (int i = 0; i < sets; i++)
		transpose(b->set[i].row, b->set[i].row);
	for (uint32_t i = 0; i < b->runs; i++) {
		run_apply(&b->run[i], &b->set[lane / LANES].row[lane % LANES]);
		lane += b->run[i].count;
	}
}

void sl_chacha20_avx512(const struct sl_chacha20_job *jobs, size_t n)
{
	struct batch b;
	struct cursor c = cursor_start(jobs, n);

	while (batch_fill(&b, &c))
		batch_run(&b);
	explicit_bzero(b.set, sizeof(b.set));
}
