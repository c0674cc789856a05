// chacha20_rounds: the block function of RFC 8439 section 2.3 on vectors of words, the same at
// every width.
//
// Included by the kernels alone, and compiled with their flags.
#pragma once

#include "simd/poly1305_beside.h"
#ifdef __AVX512F__
#include "simd/chacha20_words16.h"
#else
#include "simd/chacha20_words8.h"
#endif

enum {
	DOUBLE_ROUNDS = 10,
	BESIDE_BLOCKS = 3, // of Poly1305 that fit beside a double round of one set
};

// A vector's lanes: their states, word by word, and then their keystream, lane by lane.
union set {
	words state[16];
	uint8_t keystream[LANES][64];
};

// A line of a quarter round (section 2.1): a += b; d ^= a; d <<<= bits.
static inline void mix(words *a, words b, words *d, int bits)
{
	*a += b;
	*d = rotate(*d ^ *a, bits);
}

// The first two lines of four quarter rounds side by side: on the columns, or with the rows moved
// by 0, 1, 2 and 3 on the diagonals (section 2.3).
static inline void upper_lines(words *x, int by)
{
	words *a = x, *b = x + 4, *c = x + 8, *d = x + 12;

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		mix(&a[i], b[(i + by) % 4], &d[(i + 3 * by) % 4], 16);
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		mix(&c[(i + 2 * by) % 4], d[(i + 3 * by) % 4], &b[(i + by) % 4], 12);
}

// The last two.
static inline void lower_lines(words *x, int by)
{
	words *a = x, *b = x + 4, *c = x + 8, *d = x + 12;

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		mix(&a[i], b[(i + by) % 4], &d[(i + 3 * by) % 4], 8);
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		mix(&c[(i + 2 * by) % 4], d[(i + 3 * by) % 4], &b[(i + by) % 4], 7);
}

static inline __attribute__((always_inline)) void double_round(words *x)
{
	upper_lines(x, 0);
	lower_lines(x, 0);
	upper_lines(x, 1);
	lower_lines(x, 1);
}

// The same with BESIDE_BLOCKS blocks of a Poly1305 message strewn in.
static inline __attribute__((always_inline)) void double_round_beside(words *x,
								      struct sl_poly1305_message *s,
								      const uint8_t *text)
{
	upper_lines(x, 0);
	sum_block_at(s, text);
	lower_lines(x, 0);
	sum_block_at(s, text + 16);
	upper_lines(x, 1);
	sum_block_at(s, text + 32);
	lower_lines(x, 1);
}

static inline __attribute__((always_inline)) void double_rounds(words (*x)[16], unsigned sets)
{
#pragma GCC unroll 2
	for (unsigned i = 0; i < sets; i++)
		double_round(x[i]);
}

// So many double rounds of each set beside blocks of a message.
static inline __attribute__((always_inline)) void double_rounds_beside(
	words (*x)[16], unsigned sets, struct sl_poly1305_message *m, unsigned rounds)
{
	for (; rounds > 0; rounds--)
#pragma GCC unroll 2
		for (unsigned i = 0; i < sets; i++, m->at += 16 * BESIDE_BLOCKS)
			double_round_beside(x[i], m, m->at);
}

// Double rounds beside the messages of the jobs below `ready`. A message's end is worth one without
// blocks, if it is not needed for those that wait. Returns how many are left.
static inline __attribute__((always_inline)) unsigned rounds_beside(words (*x)[16], unsigned sets,
								    struct sl_poly1305_queue *queue,
								    size_t ready)
{
	const unsigned blocks = sets * BESIDE_BLOCKS;
	struct sl_poly1305_message m; // in registers
	unsigned left = DOUBLE_ROUNDS;

	while (left > 0 && queue_take(queue, ready, &m)) {
		const uint32_t most = m.whole / blocks;
		const unsigned rounds = most < left ? most : left;

		double_rounds_beside(x, sets, &m, rounds);
		m.whole -= rounds * blocks;
		left -= rounds;
		if (rounds < most) {
			queue_keep(queue, &m);
			break;
		}
		queue_end(&m);
		if (left > ready - queue->next) {
			double_rounds(x, sets);
			left--;
		}
	}
	return left;
}

// 20 rounds on so many sets of states by word, and the states added: the keystream, by lane, in
// place of the states. Beside them go messages of the queue's jobs below `ready`.
static inline __attribute__((always_inline)) void block_function(union set *set, unsigned sets,
								 struct sl_poly1305_queue *queue,
								 size_t ready)
{
	words x[SETS][16];

#pragma GCC unroll 2
	for (unsigned i = 0; i < sets; i++)
		memcpy(x[i], set[i].state, sizeof(x[i]));
	for (unsigned left = rounds_beside(x, sets, queue, ready); left > 0; left--)
		double_rounds(x, sets);
#pragma GCC unroll 2
	for (unsigned i = 0; i < sets; i++) {
#pragma GCC unroll 16
		for (int word = 0; word < 16; word++)
			x[i][word] += set[i].state[word];
		turn(set[i].keystream, x[i]);
	}
}
