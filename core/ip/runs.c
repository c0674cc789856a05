#include "core/ip/runs.h"

#include <assert.h>
#include <string.h>

void sl_runs_push(struct sl_runs_draft *d, uint16_t last, uint32_t entry, bool join)
{
	if (!join)
		d->n++;
	assert(d->n > 0 && d->n <= SL_RUNS_DRAFT_MAX);
	d->lasts[d->n - 1] = last;
	d->entries[d->n - 1] = entry;
}

void sl_runs_store(struct sl_runs *r, const struct sl_runs_draft *d)
{
	assert(d->n > 0 && d->n <= SL_RUNS_MAX && d->lasts[d->n - 1] == UINT16_MAX);
	for (unsigned i = 0; i <= SL_RUNS_MAX; i++)
		r->lasts[i] = i < d->n ? (int16_t)(d->lasts[i] - 0x8000) : INT16_MAX;
	memcpy(r->entries, d->entries, d->n * sizeof(*r->entries));
	r->n = d->n;
}
