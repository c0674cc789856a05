// ChaCha20 in 8 lanes: a vector holds one word of the state of 8 blocks, of whatever packets.
#include "simd/chacha20_lanes.h"

#include <immintrin.h>
#include <string.h>

enum {
	LANES = 8,
};

typedef uint32_t u32x8 __attribute__((vector_size(32)));

// What the lanes work on. First row[i] and row[8 + i] are the two halves of the initial state of
// lane i, 16 words (RFC 8439 section 2.3), then row[i] is word i of every lane, and in the end
// row[i] and row[8 + i] are the keystream of lane i.
struct batch {
	u32x8 row[2 * LANES];
	struct run run[LANES];
	uint32_t runs;
	uint32_t used; // lanes
	bool one_job;  // successive blocks of one job: lane 0 says it all
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
	u32x8 half[2];

	initial_state(run->job, run->block, half);
	for (uint32_t i = lane; i < lane + run->count; i++) {
		b->row[i] = half[0];
		b->row[LANES + i] = half[1];
		half[1] += next;
	}
	b->one_job = run->count == LANES;
}

// Fill the lanes. Returns false when nothing was left.
static bool batch_fill(struct batch *b, struct cursor *c)
{
	b->runs = b->used = 0;
	while (b->used < LANES && cursor_next(c, LANES - b->used, &b->run[b->runs])) {
		batch_add(b, &b->run[b->runs], b->used);
		b->used += b->run[b->runs].count;
		b->runs++;
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

// From states by lane to states by word, and back.
static inline void batch_turn(struct batch *b)
{
	transpose(b->row, b->row);
	transpose(b->row + LANES, b->row + LANES);
}

static inline void initial_words(struct batch *b)
{
	const u32x8 lane = {0, 1, 2, 3, 4, 5, 6, 7};
	uint32_t first[16];

	if (!b->one_job) {
		batch_turn(b);
		return;
	}
	memcpy(first, &b->row[0], sizeof(b->row[0]));
	memcpy(first + 8, &b->row[LANES], sizeof(b->row[0]));
	for (int i = 0; i < 16; i++)
		b->row[i] = (u32x8){0} + first[i];
	b->row[12] += lane; // the block counters
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
	const u32x8 *high = low + LANES;

	for (uint32_t i = 0; i < r->count; i++) {
		const uint32_t block = r->block + i, at = text_offset(block);

		if (block == 0) {
			memcpy(job->poly_key, &low[i], POLY_KEY);
		} else if (job->len - at >= BLOCK) {
			xor_half(job->out + at, job->in + at, low[i]);
			xor_half(job->out + at + 32, job->in + at + 32, high[i]);
		} else {
			xor_part(job->out + at, job->in + at, job->len - at, low[i], high[i]);
		}
	}
}

static void batch_run(struct batch *b)
{
	uint32_t lane = 0;

	initial_words(b);
	block_function(b->row);
	batch_turn(b);
	for (uint32_t i = 0; i < b->runs; i++) {
		run_apply(&b->run[i], &b->row[lane]);
		lane += b->run[i].count;
	}
}

void sl_chacha20_avx2(const struct sl_chacha20_job *jobs, size_t n)
{
	struct batch b;
	struct cursor c = cursor_start(jobs, n);

	while (batch_fill(&b, &c))
		batch_run(&b);
	explicit_bzero(b.row, sizeof(b.row));
}
