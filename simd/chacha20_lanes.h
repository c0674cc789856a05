// chacha20_lanes: which lane of a vector computes which block, of whatever packets, and what
// becomes of it: the whole kernel, the same at every width.
//
// Included by the kernels alone, and compiled with their flags.
#pragma once

#include "simd/chacha20.h"
#include "simd/chacha20_rounds.h"

enum {
	BLOCK = 64,    // bytes of keystream in a block
	POLY_KEY = 32, // bytes of block 0 that are used (RFC 8439 section 2.6)
};

// Blocks of one job, on successive lanes. The next run's lanes are the ones behind them.
struct run {
	uint8_t *poly_key; // where block 0 goes; NULL if that is not the first one
	const uint8_t *in; // text of the other blocks
	uint8_t *out;
	uint32_t len; // bytes of text
};

// How far the jobs have been given to lanes: what is left of `job`, unless that is the end.
struct cursor {
	const struct sl_chacha20_job *job, *end;
	struct run left;
	uint32_t block; // the next one
};

static inline void cursor_enter(struct cursor *c)
{
	if (c->job == c->end)
		return;
	c->left.poly_key = c->job->poly_key;
	c->left.in = c->job->in;
	c->left.out = c->job->out;
	c->left.len = c->job->len;
	c->block = c->left.poly_key ? 0 : c->job->block;
}

static inline struct cursor cursor_start(const struct sl_chacha20_job *jobs, size_t n)
{
	struct cursor c = {.job = jobs, .end = jobs + n};

	cursor_enter(&c);
	return c;
}

// Take up to max blocks of one job. Returns how many.
static inline uint32_t cursor_take(struct cursor *c, uint32_t max, struct run *run)
{
	const uint32_t keys = c->left.poly_key ? 1 : 0;
	const uint32_t blocks = keys + (c->left.len + BLOCK - 1) / BLOCK;

	*run = c->left;
	if (blocks <= max) {
		c->job++;
		cursor_enter(c);
		return blocks;
	}
	run->len = (max - keys) * BLOCK;
	c->left.poly_key = NULL;
	c->left.in += run->len;
	c->left.out += run->len;
	c->left.len -= run->len;
	c->block += max;
	return max;
}

// Have the text of a run on its way while the keystream is made. What little may lie behind it does
// no harm, nor does an address without text.
static inline void run_prefetch(const struct run *r)
{
	__builtin_prefetch(r->in);
#pragma GCC unroll 1
	for (size_t at = BLOCK; at < r->len; at += 2 * BLOCK) {
		__builtin_prefetch(r->in + at);
		__builtin_prefetch(r->in + at + BLOCK);
	}
}

// What the lanes work on.
struct batch {
	union set set[SETS];
	struct run run[SETS * LANES];
	unsigned runs, sets;
};

// The initial states of the lanes from `lane` on (RFC 8439 section 2.3): key, block counter, nonce.
static inline void lanes_start(words *w, unsigned lane, const struct cursor *c, bool same_key)
{
	const struct sl_chacha20_job *job = c->job;

	if (!same_key)
#pragma GCC unroll 8
		for (int i = 0; i < 8; i++)
			w[4 + i] = from_lane_load(w[4 + i], lane, job->key + 4 * i);
	w[12] = from_lane(w[12], lane, c->block - lane);
#pragma GCC unroll 3
	for (int i = 0; i < 3; i++)
		w[13 + i] = from_lane_load(w[13 + i], lane, job->nonce + 4 * i);
}

// Fill the lanes of a set. Each run writes the lanes from its first one on, and the next one those
// from its own on. Returns the run behind its last one.
static inline struct run *set_fill(union set *set, struct cursor *c, struct run *run)
{
	static const uint32_t constants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	const uint8_t *key = NULL;
	words w[16] = {{0}};

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		w[i] += constants[i];
	for (unsigned lane = 0; lane < LANES && c->job < c->end; run++) {
		lanes_start(w, lane, c, c->job->key == key);
		key = c->job->key;
		lane += cursor_take(c, LANES - lane, run);
		run_prefetch(run);
	}
	w[12] += lane_numbers();
	memcpy(set->state, w, sizeof(w));
	return run;
}

// Fill the lanes. There is a block left.
static inline void batch_fill(struct batch *b, struct cursor *cursor)
{
	struct cursor c = *cursor; // in registers: it must not alias what is stored
	struct run *run = b->run;
	unsigned sets = 0;

	for (; sets < SETS && c.job < c.end; sets++)
		run = set_fill(&b->set[sets], &c, run);
	b->sets = sets;
	b->runs = (unsigned)(run - b->run);
	*cursor = c;
}

// Use the keystream of a run's blocks: out = in ^ keystream. Returns that of the next run.
static inline const uint8_t *run_apply(struct run r, const uint8_t *keystream)
{
	const size_t whole = r.len / BLOCK * BLOCK;
	size_t at = 0;

	if (r.poly_key) {
		memcpy(r.poly_key, keystream, POLY_KEY);
		keystream += BLOCK;
	}
#pragma GCC unroll 1
	for (; at < whole; at += BLOCK)
		xor_block(r.out + at, r.in + at, keystream + at);
	if (at < r.len) {
		xor_part(r.out + at, r.in + at, r.len - at, keystream + at);
		at += BLOCK;
	}
	return keystream + at;
}

static inline void batch_run(struct batch *b, struct sl_poly1305_queue *queue, size_t ready)
{
	const uint8_t *keystream = b->set[0].keystream[0];
	const struct run *end = b->run + b->runs;

	if (SETS == 1 || b->sets == SETS)
		block_function(b->set, SETS, queue, ready);
	else
		block_function(b->set, 1, queue, ready);
	for (const struct run *r = b->run; r < end; r++)
		keystream = run_apply(*r, keystream);
}

// All jobs, and beside them what fits of the queue; or, where there are none, what was begun of the
// queue.
static inline void chacha20(const struct sl_chacha20_job *jobs, size_t n,
			    struct sl_poly1305_queue *queue)
{
	struct batch b;
	struct cursor c;

	if (n == 0) {
		queue_finish(queue);
		return;
	}
	for (c = cursor_start(jobs, n); c.job < c.end;) {
		size_t ready = queue->n;

		if (queue->follows && (size_t)(c.job - jobs) < ready)
			ready = (size_t)(c.job - jobs);
		batch_fill(&b, &c);
		batch_run(&b, queue, ready);
	}
}
