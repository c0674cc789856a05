// poly1305_lanes: messages as rows of blocks, and which lanes take them; the same at every width.
//
// A kernel takes messages in one of two ways. One per lane: step i takes block i of as many
// messages as a vector has lanes. Or all lanes for one message: step i takes as many blocks of it
// as there are lanes. Included by the kernels alone, and compiled with their flags.
#pragma once

#include "simd/poly1305.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t aad_blocks(const struct sl_poly1305_job *j)
{
	return (uint32_t)((j->aad_len + 15) / 16);
}

static inline uint32_t text_blocks(const struct sl_poly1305_job *j)
{
	return (uint32_t)((j->len + 15) / 16);
}

// All blocks: the additional data's, the text's, and the one with their lengths.
static inline uint32_t message_blocks(const struct sl_poly1305_job *j)
{
	return aad_blocks(j) + text_blocks(j) + 1;
}

// Copy what of data's block i there is; the rest of out stays.
static inline void copy_block(uint8_t *out, const uint8_t *data, uint64_t len, uint64_t i)
{
	uint64_t rest = len - 16 * i;

	memcpy(out, data + 16 * i, rest < 16 ? rest : 16);
}

// Write block i of the message to out, which is all zero.
static inline void message_block(const struct sl_poly1305_job *j, uint32_t i, uint8_t *out)
{
	const uint32_t aad = aad_blocks(j), text = text_blocks(j);
	const uint64_t lengths[2] = {j->aad_len, j->len};

	if (i < aad)
		copy_block(out, j->aad, j->aad_len, i);
	else if (i < aad + text)
		copy_block(out, j->text, j->len, i - aad);
	else
		memcpy(out, lengths, 16);
}

enum {
	MOST_LANES = 8,
	PASS = 64,  // messages that a kernel takes at a time
	BRIEF = 16, // blocks below which the choice of lanes costs more than it gains
};

// A part of some messages, one per lane: additional data or text.
struct strand {
	const uint8_t *start[MOST_LANES];
	uint64_t len[MOST_LANES];   // bytes
	uint64_t shortest, longest; // whole blocks
};

static inline void strand_measure(struct strand *s, unsigned lanes)
{
	uint64_t shortest = s->len[0], longest = s->len[0];

	for (unsigned i = 1; i < lanes; i++) {
		shortest = s->len[i] < shortest ? s->len[i] : shortest;
		longest = s->len[i] > longest ? s->len[i] : longest;
	}
	s->shortest = shortest / 16;
	s->longest = longest / 16;
}

// What a lane has from block `step` on, at most a block's bytes.
static inline uint32_t strand_rest(const struct strand *s, unsigned lane, uint64_t step)
{
	const uint64_t at = 16 * step;

	if (s->len[lane] <= at)
		return 0;
	return s->len[lane] - at < 16 ? (uint32_t)(s->len[lane] - at) : 16;
}

// The jobs that are not done by falling length, in classes of a factor of 2: what shares a vector
// should be of a length. The longest one has less blocks than *bound.
//
// Returns how many there are.
static inline size_t sort_by_length(struct sl_poly1305_job **sorted, struct sl_poly1305_job *jobs,
				    size_t n, uint64_t *bound)
{
	enum {
		CLASSES = 32,
	};
	struct sl_poly1305_job *job[PASS];
	uint8_t class[PASS], end[CLASSES + 1] = {0};
	uint8_t longest = CLASSES, shortest = 0;
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		if (jobs[i].done)
			continue;
		class[left] = (uint8_t)__builtin_clz(message_blocks(&jobs[i]));
		longest = class[left] < longest ? class[left] : longest;
		shortest = class[left] > shortest ? class[left] : shortest;
		job[left++] = &jobs[i];
	}
	*bound = UINT64_C(1) << (CLASSES - longest);
	if (longest >= shortest) {
		memcpy(sorted, job, left * sizeof(job[0]));
		return left;
	}
	for (size_t i = 0; i < left; i++)
		end[class[i] + 1]++;
	for (int i = 0; i < CLASSES; i++)
		end[i + 1] = (uint8_t)(end[i + 1] + end[i]);
	for (size_t i = 0; i < left; i++)
		sorted[end[class[i]]++] = job[i];
	return left;
}

// Whether these messages, at most one for each lane, are better off one per lane. That takes as
// many steps as the longest has blocks, each a quarter slower than a step with all lanes in one
// message, because it collects its blocks from everywhere, and twice as slow when some lanes have
// run out. All lanes for each message in turn take a fraction of the steps, but some four more at
// its start and end.
static inline bool one_per_lane(struct sl_poly1305_job *const *jobs, size_t n, uint32_t lanes)
{
	uint32_t shortest = UINT32_MAX, longest = 0, in_turn = 0;

	for (size_t i = 0; i < n && i < lanes; i++) {
		const uint32_t blocks = message_blocks(jobs[i]);

		shortest = blocks < shortest ? blocks : shortest;
		longest = blocks > longest ? blocks : longest;
		in_turn += (blocks + lanes - 1) / lanes + 4;
	}
	return (2 * longest - shortest) * 9 / 8 <= in_turn;
}
