// chacha20_lanes: which lane of a vector computes which block, the same at every width.
//
// Included by the kernels alone, and compiled with their flags.
#pragma once

#include "simd/chacha20.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BLOCK = 64,          // bytes of keystream in a block
	POLY_KEY_BLOCK = 32, // bytes of block 0 that are used
};

// Where a lane's keystream goes: out = in ^ keystream, len bytes of it, at most a block.
struct target {
	const uint8_t *in;
	uint8_t *out;
	uint32_t len;
};

// How far the jobs have been given to lanes.
struct cursor {
	const struct sl_chacha20_job *job, *end;
	uint32_t block, stop; // of this job: the next block, and the one behind the last
};

// Blocks of one job that go to successive lanes.
struct run {
	const struct sl_chacha20_job *job;
	uint32_t block, count;
};

static inline void cursor_enter(struct cursor *c)
{
	c->block = c->job->poly_key ? 0 : 1;
	c->stop = 1 + (c->job->len + BLOCK - 1) / BLOCK;
}

static inline struct cursor cursor_start(const struct sl_chacha20_job *jobs, size_t n)
{
	struct cursor c = {.job = jobs, .end = jobs + n};

	if (n > 0)
		cursor_enter(&c);
	return c;
}

// Take up to max blocks of one job. Returns false when none is left.
static inline bool cursor_next(struct cursor *c, uint32_t max, struct run *run)
{
	while (c->block == c->stop) {
		if (c->job == c->end || ++c->job == c->end)
			return false;
		cursor_enter(c);
	}
	run->job = c->job;
	run->block = c->block;
	run->count = c->stop - c->block < max ? c->stop - c->block : max;
	c->block += run->count;
	return true;
}

// Block 0 is no keystream for text: its first half is the Poly1305 key (RFC 8439 section 2.6).
static inline struct target target_of(const struct sl_chacha20_job *job, uint32_t block)
{
	static const uint8_t zeroes[POLY_KEY_BLOCK];
	uint32_t offset = (block - 1) * BLOCK;

	if (block == 0)
		return (struct target){zeroes, job->poly_key, POLY_KEY_BLOCK};
	return (struct target){job->in + offset, job->out + offset,
			       job->len - offset < BLOCK ? job->len - offset : BLOCK};
}
