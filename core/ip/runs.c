#include "core/ip/runs.h"

#include <assert.h>

void sl_runs_push(struct sl_runs_draft *d, uint16_t last, uint32_t entry, bool join)
{
	if (!join)
		d->n++;
	assert(d->n > 0 && d->n <= SL_RUNS_DRAFT_MAX);
	d->lasts[d->n - 1] = last;
	d->entries[d->n - 1] = entry;
}

// The last index of a part.
static uint16_t end_of(unsigned part, unsigned bits)
{
	return (uint16_t)(((part + 1) << (16 - bits)) - 1);
}

// A part's last run is the next one's first, unless it ends with the part.
bool sl_runs_fit(const struct sl_runs_draft *d, unsigned bits)
{
	unsigned first = 0;

	for (unsigned part = 0; part < 1u << bits; part++) {
		uint16_t end = end_of(part, bits);
		unsigned last = first;

		while (d->lasts[last] < end)
			last++;
		if (last - first >= SL_RUNS_MAX)
			return false;
		first = d->lasts[last] == end ? last + 1 : last;
	}
	return true;
}

void sl_runs_store(struct sl_runs *r, const struct sl_runs_draft *d, unsigned part, unsigned bits)
{
	unsigned run = 0, first = 0;
	uint16_t end = end_of(part, bits);

	while (part > 0 && d->lasts[first] <= end_of(part - 1, bits))
		first++;
	for (; d->lasts[first + run] < end; run++) {
		assert(run < SL_RUNS_MAX - 1);
		r->lasts[run] = (int16_t)(d->lasts[first + run] - 0x8000);
		r->entries[run] = d->entries[first + run];
	}
	r->entries[run] = d->entries[first + run];
	for (; run < SL_RUNS_MAX - 1; run++)
		r->lasts[run] = INT16_MAX;
}
