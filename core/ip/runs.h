// runs: a table of 65,536 entries in which neighbours are mostly alike, or a part of one, kept as
// up to 11 runs of like ones in one cache line.
//
// All functions: any thread, one at a time for each table.
#pragma once

#include <emmintrin.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	SL_RUNS_MAX = 11,
	SL_RUNS_DRAFT_MAX = 96,
};

struct sl_runs {
	int16_t lasts[SL_RUNS_MAX - 1]; // of each run but the last: its last index, less 2^15
	uint32_t entries[SL_RUNS_MAX];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct sl_runs) == 64, "a cache line");

// Runs while they are being put together: there may be more.
struct sl_runs_draft {
	uint16_t lasts[SL_RUNS_DRAFT_MAX];
	uint32_t entries[SL_RUNS_DRAFT_MAX];
	uint32_t n;
};

// The run of an index: as many as end before it. The second half of the vector has only two of
// them, the rest are entries.
static inline unsigned sl_runs_find(const struct sl_runs *r, uint16_t index)
{
	const __m128i *line = (const __m128i *)r;
	__m128i wanted = _mm_set1_epi16((int16_t)(index ^ 0x8000));
	__m128i low = _mm_cmplt_epi16(_mm_load_si128(&line[0]), wanted);
	__m128i high = _mm_cmplt_epi16(_mm_load_si128(&line[1]), wanted);
	int before = _mm_movemask_epi8(_mm_packs_epi16(low, high));

	return (unsigned)__builtin_popcount((unsigned)before & ((1 << (SL_RUNS_MAX - 1)) - 1));
}

// The entry at an index.
static inline uint32_t sl_runs_get(const struct sl_runs *r, uint16_t index)
{
	return r->entries[sl_runs_find(r, index)];
}

// How many there are: the last index is in the last one.
static inline unsigned sl_runs_count(const struct sl_runs *r)
{
	return sl_runs_find(r, UINT16_MAX) + 1;
}

// The last index of a run; of the last one, that of the whole table.
static inline uint16_t sl_runs_last(const struct sl_runs *r, unsigned run)
{
	return run < SL_RUNS_MAX - 1 ? (uint16_t)(r->lasts[run] + 0x8000) : UINT16_MAX;
}

// Add the next run: what is behind the draft's last one, up to `last`. There is room. join: make
// the last one longer instead.
void sl_runs_push(struct sl_runs_draft *d, uint16_t last, uint32_t entry, bool join);

// Whether each of 2^bits equal parts of a draft's table has SL_RUNS_MAX runs at most.
bool sl_runs_fit(const struct sl_runs_draft *d, unsigned bits);

// Keep one of 2^bits parts of a draft, which fit.
void sl_runs_store(struct sl_runs *r, const struct sl_runs_draft *d, unsigned part, unsigned bits);
