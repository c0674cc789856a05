// ChaCha20 in 8 lanes: a vector holds one word of the state of 8 blocks, of whatever packets.
// Where there is enough to do, two such sets of vectors take turns, to hide latency.
#include "simd/chacha20_lanes.h"

#include <immintrin.h>
#include <string.h>

enum {
	LANES = 8,
	SETS = 2,
};

typedef uint32_t u32x8 __attribute__((vector_size(32)));

// Eight blocks. First row[i] and row[8 + i] are the two halves of the initial state of lane i, 16
// words (RFC 8439 section 2.3), then row[i] is word i of every lane, and in the end row[i] and
// row[8 + i] are the keystream of lane i.
struct set {
	u32x8 row[2 * LANES];
	u32x8 round[16]; // the words while two sets take turns
	bool one_job;    // successive blocks of one job: lane 0 says it all
};

// What the lanes work on.
struct batch {
	struct set set[SETS];
	struct run run[SETS * LANES];
	uint32_t runs;
	uint32_t used; // lanes
};

// RFC 8439 section 2.3: constants and half the key, the other half, block counter and nonce.
static inline void initial_state(const struct sl_chacha20_job *job, uint32_t block, u32x8 *half)
{
	const __m128i constants = _mm_setr_epi32(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);
	const __m128i *key = (const __m128i *)job->key;
	uint32_t nonce[3];
	__m128i counter_nonce;

	memcpy(nonce, job->nonce, sizeof(nonce));
	counter_nonce = _mm_setr_epi32((int)block, (int)nonce[0], (int)nonce[1], (int)nonce[2]);
	half[0] = (u32x8)_mm256_setr_m128i(constants, _mm_loadu_si128(key));
	half[1] = (u32x8)_mm256_setr_m128i(_mm_loadu_si128(key + 1), counter_nonce);
}

// Give the run's blocks to the set's lanes from `lane` on.
static inline void set_add(struct set *s, const struct run *run, uint32_t lane)
{
	const u32x8 next = {0, 0, 0, 0, 1, 0, 0, 0};
	u32x8 half[2];
	uint32_t end = lane + run->count;

	initial_state(run->job, run->block, half);
	s->one_job = run->count == LANES;
	if (s->one_job)
		end = 1;
	for (uint32_t i = lane; i < end; i++) {
		s->row[i] = half[0];
		s->row[LANES + i] = half[1];
		half[1] += next;
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
static inline void transpose(u32x8 *out, const u32x8 *in)
{
	__m256i a[8], b[8];

	// Within the 128-bit halves first: pairs of words, then pairs of pairs.
#pragma GCC unroll 4
	for (int i = 0; i < 8; i += 2) {
		a[i] = _mm256_unpacklo_epi32((__m256i)in[i], (__m256i)in[i + 1]);
		a[i + 1] = _mm256_unpackhi_epi32((__m256i)in[i], (__m256i)in[i + 1]);
	}
#pragma GCC unroll 2
	for (int i = 0; i < 8; i += 4) {
		b[i] = _mm256_unpacklo_epi64(a[i], a[i + 2]);
		b[i + 1] = _mm256_unpackhi_epi64(a[i], a[i + 2]);
		b[i + 2] = _mm256_unpacklo_epi64(a[i + 1], a[i + 3]);
		b[i + 3] = _mm256_unpackhi_epi64(a[i + 1], a[i + 3]);
	}
	// Half h of b[4 * n + i] has element 4 * h + i of in[4 * n] to in[4 * n + 3].
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		out[i] = (u32x8)_mm256_permute2x128_si256(b[i], b[4 + i], 0x20);
		out[4 + i] = (u32x8)_mm256_permute2x128_si256(b[i], b[4 + i], 0x31);
	}
}

// From states by lane to states by word, and back.
static inline void set_turn(struct set *s)
{
	transpose(s->row, s->row);
	transpose(s->row + LANES, s->row + LANES);
}

static inline void initial_words(struct set *s)
{
	const u32x8 lane = {0, 1, 2, 3, 4, 5, 6, 7};
	uint32_t first[16];

	if (!s->one_job) {
		set_turn(s);
		return;
	}
	memcpy(first, &s->row[0], sizeof(s->row[0]));
	memcpy(first + 8, &s->row[LANES], sizeof(s->row[0]));
	for (int i = 0; i < 16; i++)
		s->row[i] = (u32x8){0} + first[i];
	s->row[12] += lane; // the block counters
}

// x <<< bits in every lane; whole bytes are moved by one shuffle.
static inline u32x8 rotate(u32x8 x, int bits)
{
	const __m256i by16 = _mm256_broadcastsi128_si256(
		_mm_setr_epi8(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
	const __m256i by8 = _mm256_broadcastsi128_si256(
		_mm_setr_epi8(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14));

	if (bits == 16)
		return (u32x8)_mm256_shuffle_epi8((__m256i)x, by16);
	if (bits == 8)
		return (u32x8)_mm256_shuffle_epi8((__m256i)x, by8);
	return x << bits | x >> (32 - bits);
}

// A line of a quarter round (RFC 8439 section 2.1): a += b; d ^= a; d <<<= bits.
static inline void mix(u32x8 *a, u32x8 b, u32x8 *d, int bits)
{
	*a += b;
	*d = rotate(*d ^ *a, bits);
}

// Four quarter rounds side by side: on the columns, or with the rows moved by 0, 1, 2 and 3 on the
// diagonals (section 2.3).
static inline void quarter_rounds(u32x8 *x, int by)
{
	u32x8 *a = x, *b = x + 4, *c = x + 8, *d = x + 12;

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

// The block function (section 2.3): 20 rounds, and the initial state added.
static void block_function(u32x8 *w)
{
	u32x8 x[16];

	memcpy(x, w, sizeof(x));
	for (int i = 0; i < 10; i++) {
		quarter_rounds(x, 0);
		quarter_rounds(x, 1);
	}
	for (int i = 0; i < 16; i++)
		w[i] += x[i];
}

// Two sets do not fit in 16 registers: each is in memory while it is the other's turn.
static inline void quarter_rounds_in_memory(u32x8 *x, int by)
{
	u32x8 registers[16];

	memcpy(registers, x, sizeof(registers));
	quarter_rounds(registers, by);
	memcpy(x, registers, sizeof(registers));
	__asm__ volatile("" : : "r"(x) : "memory"); // or the compiler mixes both and spills more
}

static void block_function_twice(struct set *a, struct set *b)
{
	memcpy(a->round, a->row, sizeof(a->round));
	memcpy(b->round, b->row, sizeof(b->round));
	for (int i = 0; i < 10; i++) {
		quarter_rounds_in_memory(a->round, 0);
		quarter_rounds_in_memory(b->round, 0);
		quarter_rounds_in_memory(a->round, 1);
		quarter_rounds_in_memory(b->round, 1);
	}
	for (int i = 0; i < 16; i++) {
		a->row[i] += a->round[i];
		b->row[i] += b->round[i];
	}
}

static inline void xor_half(uint8_t *out, const uint8_t *in, u32x8 keystream)
{
	const __m256i text = _mm256_loadu_si256((const __m256i *)in);

	_mm256_storeu_si256((__m256i *)out, _mm256_xor_si256(text, (__m256i)keystream));
}

// Less than a block goes through a copy, so that nothing else is touched.
static void xor_part(uint8_t *out, const uint8_t *in, uint32_t len, u32x8 low, u32x8 high)
{
	uint8_t text[BLOCK];

	memcpy(text, in, len);
	xor_half(text, text, low);
	xor_half(text + 32, text + 32, high);
	memcpy(out, text, len);
	explicit_bzero(text, sizeof(text));
}

// Use the keystream of a run's blocks: out = in ^ keystream.
static inline void run_apply(const struct run *r, const u32x8 *low)
{
	const struct sl_chacha20_job *job = r->job;
	const u32x8 *end = low + r->count;
	uint32_t at = text_offset(r->block);

	if (r->block == 0) {
		memcpy(job->poly_key, low++, POLY_KEY);
		at = text_offset(1);
	}
	for (; low < end && job->len - at >= BLOCK; low++, at += BLOCK) {
		xor_half(job->out + at, job->in + at, low[0]);
		xor_half(job->out + at + 32, job->in + at + 32, low[LANES]);
	}
	if (low < end)
		xor_part(job->out + at, job->in + at, job->len - at, low[0], low[LANES]);
}

static void batch_run(struct batch *b)
{
	const int sets = b->used > LANES ? 2 : 1;
	uint32_t lane = 0;

	for (int i = 0; i < sets; i++)
		initial_words(&b->set[i]);
	if (sets == 2)
		block_function_twice(&b->set[0], &b->set[1]);
	else
		block_function(b->set[0].row);
	for (int i = 0; i < sets; i++)
		set_turn(&b->set[i]);
	for (uint32_t i = 0; i < b->runs; i++) {
		run_apply(&b->run[i], &b->set[lane / LANES].row[lane % LANES]);
		lane += b->run[i].count;
	}
}

void sl_chacha20_avx2(const struct sl_chacha20_job *jobs, size_t n)
{
	struct batch b;
	struct cursor c = cursor_start(jobs, n);

	while (batch_fill(&b, &c))
		batch_run(&b);
	explicit_bzero(b.set, sizeof(b.set));
}
