#include "core/ip/trie_chunk.h"

#include "core/pages.h"

#include <assert.h>
#include <errno.h>
#include <rte_common.h>

enum {
	RUNS_AGAIN = 16, // a chunk in full is kept as runs again from here down
};

// ---- memory

static void *pool_at(const struct sl_trie_pool *p, uint32_t i)
{
	return p->items + p->size * i;
}

static uint32_t pool_take(struct sl_trie_pool *p)
{
	uint32_t i = p->free;

	if (i == 0)
		return p->fresh++;
	memcpy(&p->free, pool_at(p, i - 1), sizeof(p->free));
	return i - 1;
}

static void pool_give(struct sl_trie_pool *p, uint32_t i)
{
	memcpy(pool_at(p, i), &p->free, sizeof(p->free));
	p->free = i + 1;
}

// Take a chunk of either kind (0 or SL_TRIE_FULL), which is not filled yet.
static uint32_t chunk_take(struct sl_trie_chunks *c, uint32_t kind)
{
	struct sl_trie_pool *pool = kind ? &c->full : &c->runs;

	assert(pool->free || pool->fresh < c->max);
	c->n++;
	return SL_TRIE_CHUNK | kind | pool_take(pool);
}

void sl_trie_chunk_give(struct sl_trie_chunks *c, uint32_t chunk)
{
	c->n--;
	pool_give(chunk & SL_TRIE_FULL ? &c->full : &c->runs,
		  chunk & ~(SL_TRIE_CHUNK | SL_TRIE_FULL));
}

// Memory of which `ready` bytes are there from the start, or comes as it is used.
static void *map(size_t bytes, size_t ready)
{
	return ready ? sl_pages_map_large(bytes, RTE_MIN(bytes, ready)) : sl_pages_map(bytes);
}

int sl_trie_chunks_init(struct sl_trie_chunks *c, uint32_t max, size_t ready, bool first_full)
{
	*c = (struct sl_trie_chunks){
		.runs = {.size = sizeof(struct sl_runs)},
		.full = {.size = sizeof(struct sl_trie_full)},
		.max = max,
		.first_full = first_full,
	};
	c->runs.items = map(c->runs.size * max, ready);
	c->full.items = map(c->full.size * max, ready);
	if (c->runs.items && c->full.items)
		return 0;
	sl_trie_chunks_fini(c);
	return -ENOMEM;
}

void sl_trie_chunks_fini(struct sl_trie_chunks *c)
{
	sl_pages_unmap(c->runs.items, c->runs.size * c->max);
	sl_pages_unmap(c->full.items, c->full.size * c->max);
	*c = (struct sl_trie_chunks){0};
}

// ---- chunks

static bool may_be_runs(const struct sl_trie_chunks *c, unsigned byte)
{
	return byte != 3 || !c->first_full;
}

// Whether a leaf is of a prefix that ends in front of a byte.
static bool ends_before(uint32_t entry, unsigned byte)
{
	return !(entry & SL_TRIE_CHUNK) && entry >> SL_TRIE_DEPTH_SHIFT <= 8 * byte;
}

void sl_trie_chunk_push(struct sl_runs_draft *d, unsigned byte, uint16_t last, uint32_t entry)
{
	unsigned depth = entry >> SL_TRIE_DEPTH_SHIFT, bits = depth - 8 * byte;
	bool join = d->n > 0 && d->entries[d->n - 1] == entry && !(entry & SL_TRIE_CHUNK);

	if (join && depth > 8 * byte) // the end of its prefix, or the middle?
		join = (d->lasts[d->n - 1] + 1) & (0xffff >> bits);
	sl_runs_push(d, last, entry, join);
}

// The part of a draft under one byte, indexed by the next.
static void draft_cut(struct sl_runs_draft *part, const struct sl_runs_draft *d, unsigned byte,
		      unsigned value)
{
	unsigned i = 0;

	part->n = 0;
	while (d->lasts[i] >> 8 < value)
		i++;
	for (; d->lasts[i] >> 8 == value; i++) {
		sl_trie_chunk_push(part, byte + 1, (uint16_t)(d->lasts[i] << 8 | 0xff),
				   d->entries[i]);
		if ((d->lasts[i] & 0xff) == 0xff)
			return;
	}
	sl_trie_chunk_push(part, byte + 1, UINT16_MAX, d->entries[i]);
}

static uint32_t full_make(struct sl_trie_chunks *c, const struct sl_runs_draft *d, unsigned byte)
{
	uint32_t chunk = chunk_take(c, SL_TRIE_FULL);
	uint32_t *entries = sl_trie_full(c, chunk);
	struct sl_runs_draft part;

	c->work += SL_TRIE_FULL_ENTRIES;
	for (unsigned i = 0, run = 0; i < SL_TRIE_FULL_ENTRIES; i++) {
		while (d->lasts[run] < i << 8)
			run++;
		entries[i] = d->entries[run];
		if (sl_trie_span(byte) == 8)
			continue;
		draft_cut(&part, d, byte, i);
		entries[i] = sl_trie_chunk_make(c, &part, byte + 1);
	}
	return chunk;
}

uint32_t sl_trie_chunk_make(struct sl_trie_chunks *c, const struct sl_runs_draft *d, unsigned byte)
{
	uint32_t chunk;

	if (d->n == 1 && ends_before(d->entries[0], byte))
		return d->entries[0];
	if (d->n > SL_RUNS_MAX || !may_be_runs(c, byte))
		return full_make(c, d, byte);
	chunk = chunk_take(c, 0);
	sl_runs_store(sl_trie_runs(c, chunk), d);
	return chunk;
}

// Draft a chunk in full, if that is few runs. Returns whether it is.
static bool full_draft(const struct sl_trie_chunks *c, const uint32_t *entries, unsigned byte,
		       struct sl_runs_draft *d)
{
	const struct sl_runs *child;

	d->n = 0;
	for (unsigned i = 0; i < SL_TRIE_FULL_ENTRIES && d->n <= RUNS_AGAIN; i++) {
		uint32_t e = entries[i];

		if (sl_trie_span(byte) == 8 || !(e & SL_TRIE_CHUNK)) {
			sl_trie_chunk_push(d, byte, (uint16_t)(i << 8 | 0xff), e);
			continue;
		}
		if (e & SL_TRIE_FULL)
			return false;
		child = sl_trie_runs(c, e);
		for (unsigned run = 0; run < child->n && d->n <= RUNS_AGAIN; run++)
			sl_trie_chunk_push(d, byte,
					   (uint16_t)(i << 8 | sl_runs_last(child, run) >> 8),
					   child->entries[run]);
	}
	return d->n <= RUNS_AGAIN;
}

uint32_t sl_trie_chunk_settle(struct sl_trie_chunks *c, uint32_t chunk, unsigned byte)
{
	uint32_t *entries = sl_trie_full(c, chunk);
	struct sl_runs_draft d;

	c->work += SL_TRIE_FULL_ENTRIES;
	if (!full_draft(c, entries, byte, &d))
		return chunk;
	if (!may_be_runs(c, byte) && !(d.n == 1 && ends_before(d.entries[0], byte)))
		return chunk;
	for (unsigned i = 0; sl_trie_span(byte) == 16 && i < SL_TRIE_FULL_ENTRIES; i++)
		if (entries[i] & SL_TRIE_CHUNK)
			sl_trie_chunk_give(c, entries[i]);
	sl_trie_chunk_give(c, chunk);
	return sl_trie_chunk_make(c, &d, byte);
}
