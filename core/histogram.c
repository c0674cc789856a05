#include "core/histogram.h"

#include <math.h>

// Largest value that a cell counts.
static uint64_t upper_edge(unsigned cell)
{
	unsigned octave = cell / SL_HISTOGRAM_STEPS;
	uint64_t step = cell % SL_HISTOGRAM_STEPS;

	if (octave == 0)
		return cell;
	return ((step + SL_HISTOGRAM_STEPS + 1) << (octave - 1)) - 1;
}

uint64_t sl_histogram_quantile(const struct sl_histogram *h, double q)
{
	uint64_t rank = (uint64_t)ceil(q * (double)h->count), seen = 0;

	if (rank < 1)
		rank = 1;
	for (unsigned i = 0; i + 1 < SL_HISTOGRAM_CELLS; i++) {
		seen += h->cells[i];
		if (seen >= rank)
			return upper_edge(i) < h->max ? upper_edge(i) : h->max;
	}
	return h->max;
}
