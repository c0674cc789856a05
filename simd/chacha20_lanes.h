// chacha20_lanes: which lane of a vector computes which block, the same at every width.
//
// Included by the kernels alone, and compiled with their flags.
#pragma once

#include "simd/chacha20.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BLOCK = 64,    // bytes of keystream in a block
	POLY_KEY = 32, // bytes of block 0 that are used (RFC 8439 section 2.6)
};

// Blocks of one job, on successive lanes.
struct run {
	const struct sl_chacha20_job *job;
	uint32_t block, count;
};

// How far the jobs have been given to lanes.
struct cursor {
	const struct sl_chacha20_job *job, *end;
	uint32_t block, stop; // of this job: the next block, and the one behind the last
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

// Where the text of a block is: block 1 is the first that encrypts.
static inline uint32_t text_offset(uint32_t block)
{
	return (block - 1) * BLOCK;
}

// Have the text of a run on its way while the keystream is made.
static inline void run_prefetch(const struct run *r)
{
	const uint8_t *text = r->job->in + text_offset(r->block > 0 ? r->block : 1);

	for (uint32_t i = r->block > 0 ? 0 : 1; i < r->count; i++, text += BLOCK)
		__builtin_prefetch(text);
}
