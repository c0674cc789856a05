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

// Blocks of one job, on successive lanes.
struct run {
	const struct sl_chacha20_job *job;
	uint32_t block, count;
	unsigned set, lane; // of the first
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

// What the lanes work on.
struct batch {
	union set set[SETS];
	struct run run[SETS * LANES];
	unsigned runs, sets;
};

static inline uint32_t load_word(const uint8_t *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

// The initial states of a set's runs (RFC 8439 section 2.3): constants, key, block counter, nonce.
// Each run writes the lanes from its first one on, and the next one those from its own on.
static inline void set_start(words *state, const struct run *run, unsigned n)
{
	static const uint32_t constants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	const uint8_t *key = NULL;
	words w[16] = {{0}};

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		w[i] = from_lane(w[i], 0, constants[i]);
	for (unsigned r = 0; r < n; r++) {
		const struct sl_chacha20_job *job = run[r].job;
		const unsigned lane = run[r].lane;

		if (job->key != key)
#pragma GCC unroll 8
			for (int i = 0; i < 8; i++)
				w[4 + i] = from_lane(w[4 + i], lane, load_word(job->key + 4 * i));
		key = job->key;
		w[12] = from_lane(w[12], lane, run[r].block - lane);
#pragma GCC unroll 3
		for (int i = 0; i < 3; i++)
			w[13 + i] = from_lane(w[13 + i], lane, load_word(job->nonce + 4 * i));
	}
	w[12] += lane_numbers();
	memcpy(state, w, sizeof(w));
}

// Fill the lanes. Returns false when nothing was left.
static inline bool batch_fill(struct batch *b, struct cursor *cursor)
{
	struct cursor c = *cursor; // in registers: it must not alias what is stored
	unsigned runs = 0, set = 0;

	for (; set < SETS; set++) {
		const unsigned first = runs;
		unsigned used = 0;

		while (used < LANES && cursor_next(&c, LANES - used, &b->run[runs])) {
			b->run[runs].set = set;
			b->run[runs].lane = used;
			run_prefetch(&b->run[runs]);
			used += b->run[runs++].count;
		}
		if (runs == first)
			break;
		set_start(b->set[set].state, &b->run[first], runs - first);
	}
	b->runs = runs;
	b->sets = set;
	*cursor = c;
	return runs > 0;
}

// Use the keystream of a run's blocks: out = in ^ keystream.
static inline void run_apply(const struct run *r, const uint8_t (*keystream)[BLOCK])
{
	const struct sl_chacha20_job *job = r->job;
	const uint8_t(*end)[BLOCK] = keystream + r->count;
	uint32_t at = text_offset(r->block);

	if (r->block == 0) {
		memcpy(job->poly_key, *keystream++, POLY_KEY);
		at = text_offset(1);
	}
	for (; keystream < end && job->len - at >= BLOCK; keystream++, at += BLOCK)
		xor_block(job->out + at, job->in + at, *keystream);
	if (keystream < end)
		xor_part(job->out + at, job->in + at, job->len - at, *keystream);
}

static inline void batch_run(struct batch *b, struct sl_poly1305_queue *queue)
{
	if (SETS == 1 || b->sets == SETS)
		block_function(b->set, SETS, queue);
	else
		block_function(b->set, 1, queue);
	for (unsigned i = 0; i < b->runs; i++) {
		const struct run *r = &b->run[i];

		run_apply(r, (const uint8_t(*)[BLOCK])b->set[r->set].keystream + r->lane);
	}
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
	for (c = cursor_start(jobs, n);;) {
		const size_t ready = queue->follows ? (size_t)(c.job - jobs) + (c.block == c.stop)
						    : queue->n;
		unsigned blocks;

		if (!batch_fill(&b, &c))
			break;
		blocks = (SETS == 1 ? 1 : b.sets) * BESIDE_BLOCKS; // a constant, if it can be one
		queue_plan(queue, ready, DOUBLE_ROUNDS, blocks);
		batch_run(&b, queue);
		queue_settle(queue);
	}
}
