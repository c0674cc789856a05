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

// One double round of each set for each of the steps planned, and some of those that are left
// behind each message, beside its end. Returns the rounds that are left.
static inline __attribute__((always_inline)) unsigned planned_rounds(
	words (*x)[16], unsigned sets, struct sl_poly1305_queue *queue)
{
	unsigned left = DOUBLE_ROUNDS;

	for (unsigned i = 0; i < queue->begun; i++) {
		struct sl_poly1305_message m = queue->message[i]; // in registers

		for (unsigned step = 0; step < m.steps; step++) {
#pragma GCC unroll 2
			for (unsigned set = 0; set < sets; set++, m.at += 16 * BESIDE_BLOCKS)
				double_round_beside(x[set], &m, m.at);
		}
		left -= m.steps + m.alone;
		m.whole -= m.steps * sets * BESIDE_BLOCKS;
		if (m.whole < sets * BESIDE_BLOCKS)
			queue_end(&m);
		else
			message_keep(&queue->message[i], &m);
		for (unsigned alone = m.alone; alone > 0; alone--)
#pragma GCC unroll 2
			for (unsigned set = 0; set < sets; set++)
				double_round(x[set]);
	}
	return left;
}

// 20 rounds on so many sets of states by word, and the states added: the keystream, by lane, in
// place of the states.
static inline __attribute__((always_inline)) void block_function(union set *set, unsigned sets,
								 struct sl_poly1305_queue *queue)
{
	words x[SETS][16];

#pragma GCC unroll 2
	for (unsigned i = 0; i < sets; i++)
		memcpy(x[i], set[i].state, sizeof(x[i]));
	for (unsigned left = planned_rounds(x, sets, queue); left > 0; left--)
#pragma GCC unroll 2
		for (unsigned i = 0; i < sets; i++)
			double_round(x[i]);
#pragma GCC unroll 2
	for (unsigned i = 0; i < sets; i++) {
#pragma GCC unroll 16
		for (int word = 0; word < 16; word++)
			x[i][word] += set[i].state[word];
		turn(set[i].keystream, x[i]);
	}
}
