#include "core/ip/trie_chunk.h"

#include "core/pages.h"

#include <assert.h>
#include <errno.h>
#include <rte_common.h>

enum {
	RUNS_AGAIN = 8, // a chunk in full is kept as runs again from here down
};

// ---- memory

// The logarithm of a chunk's lines.
static unsigned class_of(uint32_t chunk)
{
	if (sl_trie_is_lone(chunk))
		return 0;
	return sl_trie_is_full(chunk) ? (unsigned)SL_TRIE_FULL_BITS : sl_trie_bits(chunk);
}

// Take 2^class lines, which are not filled yet. Returns the number of the first.
//
// A chunk that is free serves those of its own class alone. None ever has more lines than may be in
// use at a time: so many for each class are always enough.
static uint32_t lines_take(struct sl_trie_chunks *c, unsigned class)
{
	uint32_t number = c->free[class];

	c->n += 1u << class;
	assert(c->n <= c->max);
	if (number == 0) {
		number = c->fresh;
		c->fresh += 1u << class;
		assert(c->fresh <= (uint64_t)c->max * SL_TRIE_CLASSES);
		return number;
	}
	c->free[class] = c->lines[number - 1].entries[0];
	return number - 1;
}

void sl_trie_chunk_give(struct sl_trie_chunks *c, uint32_t chunk)
{
	unsigned class = class_of(chunk);
	uint32_t number = sl_trie_line(chunk);

	c->n -= 1u << class;
	c->lines[number].entries[0] = c->free[class];
	c->free[class] = number + 1;
}

static size_t bytes_for(uint32_t max)
{
	return (size_t)max * SL_TRIE_CLASSES * sizeof(struct sl_runs);
}

int sl_trie_chunks_init(struct sl_trie_chunks *c, uint32_t max, size_t ready, bool first_full)
{
	size_t bytes = bytes_for(max);

	*c = (struct sl_trie_chunks){
		.lines = ready ? sl_pages_map_large(bytes, RTE_MIN(bytes, ready))
			       : sl_pages_map(bytes),
		.max = max,
		.first_full = first_full,
	};
	return c->lines ? 0 : -ENOMEM;
}

void sl_trie_chunks_fini(struct sl_trie_chunks *c)
{
	sl_pages_unmap(c->lines, bytes_for(c->max));
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

void sl_trie_chunk_read(const struct sl_trie_chunks *c, uint32_t chunk, unsigned byte,
			struct sl_runs_draft *d)
{
	unsigned bits = sl_trie_bits(chunk);

	d->n = 0;
	for (uint32_t part = 0; part < 1u << bits; part++) {
		const struct sl_runs *r = &c->lines[sl_trie_line(chunk) + part];
		uint16_t end = (uint16_t)(((part + 1) << (16 - bits)) - 1);

		for (unsigned run = 0; run < sl_runs_count(r); run++)
			sl_trie_chunk_push(d, byte, RTE_MIN(sl_runs_last(r, run), end),
					   r->entries[run]);
	}
}

// The part of a draft under one byte, indexed by the next; its first run is number i.
static void draft_cut(struct sl_runs_draft *part, const struct sl_runs_draft *d, unsigned i,
		      unsigned byte, unsigned value)
{
	part->n = 0;
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
	uint32_t chunk = SL_TRIE_CHUNK | SL_TRIE_FULL | lines_take(c, SL_TRIE_FULL_BITS);
	uint32_t *entries = sl_trie_full(c, chunk);
	struct sl_runs_draft part;

	c->work += SL_TRIE_FULL_ENTRIES;
	for (unsigned i = 0, run = 0; i < SL_TRIE_FULL_ENTRIES; i++) {
		while (d->lasts[run] < i << 8)
			run++;
		entries[i] = d->entries[run];
		if (sl_trie_span(byte) == 8)
			continue;
		draft_cut(&part, d, run, byte, i);
		entries[i] = sl_trie_chunk_make(c, &part, byte + 1);
	}
	return chunk;
}

static uint32_t runs_make(struct sl_trie_chunks *c, const struct sl_runs_draft *d, unsigned bits)
{
	uint32_t number = lines_take(c, bits);

	for (unsigned part = 0; part < 1u << bits; part++)
		sl_runs_store(&c->lines[number + part], d, part, bits);
	return SL_TRIE_CHUNK | bits << SL_TRIE_BITS_SHIFT | number;
}

uint32_t sl_trie_chunk_make(struct sl_trie_chunks *c, const struct sl_runs_draft *d, unsigned byte)
{
	if (d->n == 1 && ends_before(d->entries[0], byte))
		return d->entries[0];
	for (unsigned bits = 0; may_be_runs(c, byte) && bits <= SL_TRIE_BITS_MAX; bits++)
		if (sl_runs_fit(d, bits))
			return runs_make(c, d, bits);
	return full_make(c, d, byte);
}

uint32_t sl_trie_lone_make(struct sl_trie_chunks *c, const uint8_t *key, uint32_t inside,
			   uint32_t outside)
{
	unsigned depth = inside >> SL_TRIE_DEPTH_SHIFT;
	uint32_t chunk = SL_TRIE_CHUNK | SL_TRIE_LONE | lines_take(c, 0);
	struct sl_trie_lone *l = sl_trie_lone(c, chunk);

	memcpy(l->key, key, sizeof(l->key));
	l->mask[0] = depth < 64 ? ~(UINT64_MAX >> depth) : UINT64_MAX;
	l->mask[1] = depth <= 64 ? 0 : UINT64_MAX << (128 - depth);
	l->inside = inside;
	l->outside = outside;
	return chunk;
}

// Draft what a chunk in full at an even byte has from a chunk of runs below it, number i.
static void full_draft_below(const struct sl_trie_chunks *c, uint32_t chunk, unsigned byte,
			     unsigned i, struct sl_runs_draft *d)
{
	struct sl_runs_draft part;

	sl_trie_chunk_read(c, chunk, byte + 1, &part);
	for (unsigned run = 0; run < part.n && d->n <= RUNS_AGAIN; run++)
		sl_trie_chunk_push(d, byte, (uint16_t)(i << 8 | part.lasts[run] >> 8),
				   part.entries[run]);
}

// Draft a chunk in full, if that is few runs. Returns whether it is.
static bool full_draft(const struct sl_trie_chunks *c, const uint32_t *entries, unsigned byte,
		       struct sl_runs_draft *d)
{
	d->n = 0;
	for (unsigned i = 0; i < SL_TRIE_FULL_ENTRIES && d->n <= RUNS_AGAIN; i++) {
		uint32_t e = entries[i];

		if (sl_trie_span(byte) == 8 || !(e & SL_TRIE_CHUNK))
			sl_trie_chunk_push(d, byte, (uint16_t)(i << 8 | 0xff), e);
		else if (e & SL_TRIE_FULL)
			return false;
		else
			full_draft_below(c, e, byte, i, d);
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
