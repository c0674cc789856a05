// histogram: how values such as delays are spread, in fixed memory.
//
// Cells are exact up to 64 and then 64 to the octave, so a quantile is at most 1.6% too high.
// Values of 2^44 and more (4.9 hours of nanoseconds) share the last cell.
//
// Thread rule: one thread at a time.
#pragma once

#include <stdint.h>

enum {
	SL_HISTOGRAM_STEP_BITS = 6,
	SL_HISTOGRAM_STEPS = 1 << SL_HISTOGRAM_STEP_BITS, // cells to the octave
	SL_HISTOGRAM_VALUE_BITS = 44,
	SL_HISTOGRAM_CELLS = (SL_HISTOGRAM_VALUE_BITS - SL_HISTOGRAM_STEP_BITS + 1) *
			     SL_HISTOGRAM_STEPS,
};

// All zero is empty.
struct sl_histogram {
	uint64_t count, max;
	uint64_t cells[SL_HISTOGRAM_CELLS];
};

// The cell that counts a value.
static inline unsigned sl_histogram_cell(uint64_t value)
{
	unsigned shift;

	if (value < SL_HISTOGRAM_STEPS)
		return (unsigned)value;
	if (value >> SL_HISTOGRAM_VALUE_BITS)
		return SL_HISTOGRAM_CELLS - 1;
	shift = 63U - (unsigned)__builtin_clzll(value) - SL_HISTOGRAM_STEP_BITS;
	return shift * SL_HISTOGRAM_STEPS + (unsigned)(value >> shift);
}

static inline void sl_histogram_add(struct sl_histogram *h, uint64_t value)
{
	h->cells[sl_histogram_cell(value)]++;
	h->count++;
	if (value > h->max)
		h->max = value;
}

// The value that the share q (0 to 1) of all values does not exceed: the upper edge of its cell,
// and never more than the largest value. 0 where h is empty.
uint64_t sl_histogram_quantile(const struct sl_histogram *h, double q);
