// ChaCha20 in 8 lanes: a vector holds one word of the state of 8 blocks, of whatever packets.
#include "simd/chacha20_lanes.h"

#include <immintrin.h>
#include <string.h>

enum {
	LANES = 8,
};

typedef uint32_t u32x8 __attribute__((vector_size(32)));

// What the lanes work on: eight blocks of 16 words in two halves (RFC 8439 section 2.3), first
// their initial states, in the end their keystream. word[i] is word i of every lane.
struct batch {
	u32x8 half[2][LANES];
	u32x8 word[16];
	struct target target[LANES];
	uint32_t used; // lanes
	bool one_job;  // all lanes belong to one job, so that lane 0 says it all
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

// Give the run's blocks to the lanes from `lane` on.
static inline void batch_add(struct batch *b, const struct run *run, uint32_t lane)
{
	const u32x8 next = {0, 0, 0, 0, 1, 0, 0, 0};
	u32x8 state[2];

	initial_state(run->job, run->block, state);
	for (uint32_t i = 0; i < run->count; i++) {
		b->half[0][lane + i] = state[0];
		b->half[1][lane + i] = state[1];
		b->target[lane + i] = target_of(run->job, run->block + i);
		state[1] += next;
	}
}

// Fill the lanes. Returns false when nothing was left.
static bool batch_fill(struct batch *b, struct cursor *c)
{
	struct run run;

	b->used = 0;
	while (b->used < LANES && cursor_next(c, LANES - b->used, &run)) {
		b->one_job = run.count == LANES;
		batch_add(b, &run, b->used);
		b->used += run.count;
	}
	return b->used > 0;
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

static inline void initial_words(struct batch *b)
{
	const u32x8 lane = {0, 1, 2, 3, 4, 5, 6, 7};

	if (!b->one_job) {
		transpose(b->word, b->half[0]);
		transpose(b->word + 8, b->half[1]);
		return;
	}
	for (int i = 0; i < 16; i++)
		b->word[i] = (u32x8){0} + ((const uint32_t *)b->half[i / 8])[i % 8];
	b->word[12] += lane;
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

static inline void xor32(uint8_t *out, const uint8_t *in, u32x8 keystream)
{
	const __m256i text = _mm256_loadu_si256((const __m256i *)in);

	_mm256_storeu_si256((__m256i *)out, _mm256_xor_si256(text, (__m256i)keystream));
}

// out = in ^ keystream. A part of a block goes through a copy, so that nothing else is touched.
static inline void apply(const struct target *t, u32x8 low, u32x8 high)
{
	uint8_t text[BLOCK];

	if (t->len == BLOCK) {
		xor32(t->out, t->in, low);
		xor32(t->out + 32, t->in + 32, high);
		return;
	}
	memcpy(text, t->in, t->len);
	xor32(text, text, low);
	xor32(text + 32, text + 32, high);
	memcpy(t->out, text, t->len);
	explicit_bzero(text, sizeof(text));
}

static void batch_run(struct batch *b)
{
	initial_words(b);
	block_function(b->word);
	transpose(b->half[0], b->word);
	transpose(b->half[1], b->word + 8);
	for (uint32_t i = 0; i < b->used; i++)
		apply(&b->target[i], b->half[0][i], b->half[1][i]);
}

void sl_chacha20_avx2(const struct sl_chacha20_job *jobs, size_t n)
{
	struct batch b;
	struct cursor c = cursor_start(jobs, n);

	while (batch_fill(&b, &c))
		batch_run(&b);
	explicit_bzero(b.half, sizeof(b.half));
	explicit_bzero(b.word, sizeof(b.word));
}
