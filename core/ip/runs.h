// runs: a table of 65,536 entries in which neighbours are mostly alike, kept as up to 31 runs of
// like ones, in three cache lines of which reading an entry takes two.
//
// All functions: any thread, one at a time for each table.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	SL_RUNS_MAX = 31,
	SL_RUNS_DRAFT_MAX = 64,
};

struct sl_runs {
	int16_t lasts[SL_RUNS_MAX +
		      1]; // of each run its last index, less 2^15; behind them the end
	uint32_t entries[SL_RUNS_MAX];
	uint32_t n;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct sl_runs) == 192, "three cache lines");

// Runs while they are being put together: there may be more.
struct sl_runs_draft {
	uint16_t lasts[SL_RUNS_DRAFT_MAX];
	uint32_t entries[SL_RUNS_DRAFT_MAX];
	uint32_t n;
};

// The entry at an index. Compilers make vector instructions of this loop.
static inline uint32_t sl_runs_get(const struct sl_runs *r, uint16_t index)
{
	int16_t wanted = (int16_t)(index - 0x8000);
	uint16_t run = 0;

	for (unsigned i = 0; i <= SL_RUNS_MAX; i++)
		run = (uint16_t)(run + (r->lasts[i] < wanted));
	return r->entries[run];
}

// The last index of a run.
static inline uint16_t sl_runs_last(const struct sl_runs *r, unsigned run)
{
	return (uint16_t)(r->lasts[run] + 0x8000);
}

// Add the next run: what is behind the draft's last one, up to `last`. There is room. join: make
// the last one longer instead.
void sl_runs_push(struct sl_runs_draft *d, uint16_t last, uint32_t entry, bool join);

// Keep a draft of 1 to SL_RUNS_MAX runs, which reaches to the end.
void sl_runs_store(struct sl_runs *r, const struct sl_runs_draft *d);
