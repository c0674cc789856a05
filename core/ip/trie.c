// An entry is 32 bits: a leaf has its prefix's length above its value, so that leaves compare by
// length first, and 0 is an empty one; with the flag CHUNK it stands for a chunk, by number. A
// chunk whose 256 entries are few runs of equal ones is kept as these runs, in two cache lines;
// others are kept entry by entry.

#include "core/ip/trie.h"

#include "core/pages.h"
#include "core/proto/bytes.h"

#include <errno.h>
#include <rte_common.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
	ROOT_BITS = 24,
	ROOT_BYTES = ROOT_BITS / 8,
	SHORT_BITS = 8,
	DEPTH_SHIFT = 23,
	RUNS_MAX = 22,
	RUNS_AGAIN = 12, // a chunk kept entry by entry is kept as runs again from here down
	BURST = 64,
	READY4 = 8,  // bytes in chunks of either kind that an IPv4 route takes
	READY6 = 96, // and one of IPv6, where most are of 48 bits or fewer
};

static const uint32_t CHUNK = UINT32_C(1) << 31, FULL = UINT32_C(1) << 30;

// A chunk as runs.
struct runs {
	uint64_t starts[4]; // a bit for each entry: it differs from the one in front of it
	uint8_t before[4];  // of each word of starts: bits in the words before
	uint32_t users;     // prefixes that end in the chunk, and chunks below it
	uint32_t entries[RUNS_MAX];
} __attribute__((aligned(128)));
_Static_assert(sizeof(struct runs) == 128, "two cache lines");

// A chunk entry by entry.
struct full {
	uint32_t entries[SL_TRIE_SPAN];
	uint32_t users;
} __attribute__((aligned(64)));

// Items of one size, numbered, those that are free in a list through their first bytes.
struct pool {
	uint8_t *items;
	size_t size;
	uint32_t fresh; // those from here on have never been used
	uint32_t free;  // number + 1 of the first; 0 = none
};

struct sl_trie {
	uint32_t *root;                  // 2^24
	uint32_t brief[1 << SHORT_BITS]; // prefixes shorter than SHORT_BITS
	struct pool runs, full;
	uint32_t max_chunks, n_chunks;
	unsigned key_len;
	uint64_t work;
};

static uint32_t leaf(unsigned depth, uint32_t value)
{
	return depth << DEPTH_SHIFT | value;
}

static uint32_t number(uint32_t entry)
{
	return entry & ~(CHUNK | FULL);
}

// ---- memory

static void *pool_at(const struct pool *p, uint32_t i)
{
	return p->items + p->size * i;
}

static uint32_t pool_take(struct pool *p)
{
	uint32_t i = p->free;

	if (i == 0)
		return p->fresh++;
	memcpy(&p->free, pool_at(p, i - 1), sizeof(p->free));
	return i - 1;
}

static void pool_give(struct pool *p, uint32_t i)
{
	memcpy(pool_at(p, i), &p->free, sizeof(p->free));
	p->free = i + 1;
}

static inline struct runs *runs_at(const struct sl_trie *t, uint32_t entry)
{
	return (struct runs *)t->runs.items + number(entry);
}

static inline struct full *full_at(const struct sl_trie *t, uint32_t entry)
{
	return (struct full *)t->full.items + number(entry);
}

static uint32_t *users_of(const struct sl_trie *t, uint32_t entry)
{
	return entry & FULL ? &full_at(t, entry)->users : &runs_at(t, entry)->users;
}

// Memory of which `ready` bytes are there from the start, or comes as it is used.
static void *map(size_t bytes, size_t ready)
{
	return ready ? sl_pages_map_large(bytes, RTE_MIN(bytes, ready)) : sl_pages_map(bytes);
}

struct sl_trie *sl_trie_create(unsigned key_len, uint32_t chunks, uint32_t ready)
{
	const size_t root = sizeof(uint32_t) << ROOT_BITS, bytes = key_len == 4 ? READY4 : READY6;
	struct sl_trie *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->key_len = key_len;
	t->max_chunks = chunks;
	t->runs.size = sizeof(struct runs);
	t->full.size = sizeof(struct full);
	t->root = map(root, ready ? root : 0);
	t->runs.items = map(t->runs.size * chunks, bytes * ready);
	t->full.items = map(t->full.size * chunks, bytes * ready);
	if (t->root && t->runs.items && t->full.items)
		return t;
	sl_trie_destroy(t);
	return NULL;
}

void sl_trie_destroy(struct sl_trie *t)
{
	if (!t)
		return;
	sl_pages_unmap(t->root, sizeof(*t->root) << ROOT_BITS);
	sl_pages_unmap(t->runs.items, t->runs.size * t->max_chunks);
	sl_pages_unmap(t->full.items, t->full.size * t->max_chunks);
	free(t);
}

// ---- chunks

static unsigned runs_count(const struct runs *r)
{
	return r->before[3] + (unsigned)__builtin_popcountll(r->starts[3]);
}

// The entry of a chunk kept as runs.
static inline uint32_t runs_entry(const struct runs *r, uint8_t i)
{
	uint64_t upto = r->starts[i >> 6] << (63 - (i & 63));

	return r->entries[r->before[i >> 6] + (unsigned)__builtin_popcountll(upto) - 1];
}

static unsigned count_runs(const uint32_t *table)
{
	unsigned n = 1;

	for (unsigned i = 1; i < SL_TRIE_SPAN; i++)
		n += table[i] != table[i - 1];
	return n;
}

// Keep a table as runs, of which there are not too many.
static void runs_store(struct runs *r, const uint32_t *table)
{
	unsigned n = 0;

	for (unsigned word = 0; word < 4; word++) {
		uint64_t starts = 0;

		r->before[word] = (uint8_t)n;
		for (unsigned i = word * 64; i < word * 64 + 64; i++) {
			if (i > 0 && table[i] == table[i - 1])
				continue;
			starts |= 1ULL << (i & 63);
			r->entries[n++] = table[i];
		}
		r->starts[word] = starts;
	}
}

static void runs_load(const struct runs *r, uint32_t *table)
{
	for (unsigned i = 0; i < SL_TRIE_SPAN; i++)
		table[i] = runs_entry(r, (uint8_t)i);
}

// Turn a leaf into a chunk of such leaves. There is a free one.
static uint32_t chunk_open(struct sl_trie *t, uint32_t entry)
{
	uint32_t chunk = CHUNK | pool_take(&t->runs);

	*runs_at(t,
		 chunk) = (struct runs){.starts = {1}, .before = {0, 1, 1, 1}, .entries = {entry}};
	t->n_chunks++;
	return chunk;
}

static void chunk_free(struct sl_trie *t, uint32_t chunk)
{
	pool_give(chunk & FULL ? &t->full : &t->runs, number(chunk));
}

// Keep the table of a chunk, which is copied out of it or, if it is FULL, in it. Returns the
// chunk's new entry: the way it is kept may change, and one that nothing ends in, whose entries are
// all alike, becomes a leaf again.
static uint32_t chunk_store(struct sl_trie *t, uint32_t chunk, const uint32_t *table)
{
	uint32_t users = *users_of(t, chunk), entry = table[0], as;
	unsigned n = count_runs(table);

	if (users == 0) {
		chunk_free(t, chunk);
		t->n_chunks--;
		return entry;
	}
	if (!(chunk & FULL) && n <= RUNS_MAX) {
		runs_store(runs_at(t, chunk), table);
		return chunk;
	}
	if (chunk & FULL && n > RUNS_AGAIN)
		return chunk;
	if (chunk & FULL) {
		as = CHUNK | pool_take(&t->runs);
		runs_store(runs_at(t, as), table);
	} else {
		as = CHUNK | FULL | pool_take(&t->full);
		memcpy(full_at(t, as)->entries, table, sizeof(full_at(t, as)->entries));
	}
	*users_of(t, as) = users;
	chunk_free(t, chunk);
	return as;
}

// ---- changes

// A prefix whose leaves become `leaf`; and by how many prefixes there are more.
struct change {
	const uint8_t *key;
	unsigned depth;
	uint32_t leaf;
	int users;
};

// Byte of the key that indexes the table in which a prefix ends.
static unsigned last_byte(unsigned depth)
{
	return (depth - 1) / 8;
}

// Give each leaf of at most this depth a new value.
static void cover(struct sl_trie *t, uint32_t *entries, unsigned n, unsigned depth, uint32_t new)
{
	t->work += n;
	for (unsigned i = 0; i < n; i++) {
		uint32_t e = entries[i];

		if (!(e & CHUNK)) {
			entries[i] = e >> DEPTH_SHIFT <= depth ? new : e;
		} else if (e & FULL) {
			cover(t, full_at(t, e)->entries, SL_TRIE_SPAN, depth, new);
		} else {
			struct runs *r = runs_at(t, e);

			cover(t, r->entries, runs_count(r), depth, new);
		}
	}
}

// Cover what a prefix covers of a table that is indexed by the key up to bit `bits`.
static void cover_table(struct sl_trie *t, uint32_t *table, uint32_t index, unsigned bits,
			const struct change *c)
{
	unsigned n = 1u << (bits - c->depth);

	cover(t, table + (index & ~(n - 1)), n, c->depth, c->leaf);
}

// Change the chunk that an entry stands for, or shall stand for, and those below it, which the
// key's byte indexes. Returns the new entry.
static uint32_t change_chunk(struct sl_trie *t, uint32_t entry, unsigned byte,
			     const struct change *c)
{
	uint32_t chunk = entry & CHUNK ? entry : chunk_open(t, entry), copy[SL_TRIE_SPAN];
	uint32_t *table = chunk & FULL ? full_at(t, chunk)->entries : copy;
	int users = c->users;

	t->work += SL_TRIE_SPAN;
	if (table == copy)
		runs_load(runs_at(t, chunk), copy);
	if (byte < last_byte(c->depth)) {
		uint32_t *slot = &table[c->key[byte]], before = *slot;

		*slot = change_chunk(t, before, byte + 1, c);
		users = (int)(*slot >> 31) - (int)(before >> 31);
	} else {
		cover_table(t, table, c->key[byte], 8 * (byte + 1), c);
	}
	*users_of(t, chunk) += (uint32_t)users;
	return chunk_store(t, chunk, table);
}

static void change(struct sl_trie *t, const struct change *c)
{
	uint32_t index = load_be32(c->key) >> 8;

	if (c->depth < SHORT_BITS)
		cover_table(t, t->brief, c->key[0], SHORT_BITS, c);
	else if (c->depth <= ROOT_BITS)
		cover_table(t, t->root, index, ROOT_BITS, c);
	else
		t->root[index] = change_chunk(t, t->root[index], ROOT_BYTES, c);
}

static inline uint32_t chunk_entry(const struct sl_trie *t, uint32_t chunk, uint8_t i)
{
	return chunk & FULL ? full_at(t, chunk)->entries[i] : runs_entry(runs_at(t, chunk), i);
}

// Chunks that a prefix needs and that are not there.
static unsigned chunks_missing(const struct sl_trie *t, const uint8_t *key, unsigned depth)
{
	uint32_t entry = t->root[load_be32(key) >> 8];
	unsigned byte = ROOT_BYTES;

	if (depth <= ROOT_BITS)
		return 0;
	for (; byte <= last_byte(depth) && entry & CHUNK; byte++)
		entry = chunk_entry(t, entry, key[byte]);
	return last_byte(depth) + 1 - byte;
}

int sl_trie_add(struct sl_trie *t, const uint8_t *key, unsigned depth, uint32_t value)
{
	if (chunks_missing(t, key, depth) > t->max_chunks - t->n_chunks)
		return -ENOSPC;
	change(t, &(struct change){key, depth, leaf(depth, value), 1});
	return 0;
}

void sl_trie_replace(struct sl_trie *t, const uint8_t *key, unsigned depth, uint32_t value)
{
	change(t, &(struct change){key, depth, leaf(depth, value), 0});
}

void sl_trie_remove(struct sl_trie *t, const uint8_t *key, unsigned depth, uint32_t below,
		    unsigned below_depth)
{
	bool other_table = depth >= SHORT_BITS && below_depth < SHORT_BITS;

	change(t, &(struct change){key, depth, other_table ? 0 : leaf(below_depth, below), -1});
}

// ---- lookup

// The lookups of a burst that stand at a chunk: which, and the chunks' entries.
struct going {
	uint8_t at[BURST];
	uint32_t chunks[BURST];
	unsigned n;
};

// Note a lookup that goes on if it stands at a chunk, without a branch, which could not be
// foreseen.
static inline void note(struct going *g, unsigned at, uint32_t entry)
{
	g->at[g->n] = (uint8_t)at;
	g->chunks[g->n] = entry;
	g->n += entry >> 31;
}

// Finish the lookups that the first table has not: go on to the leaves, in rounds, one for each
// byte of the keys, in which no load waits for another; and look for short prefixes where nothing
// is.
static inline __attribute__((always_inline)) void lookup_rest(const struct sl_trie *t,
							      const uint8_t *keys, uint32_t *values,
							      unsigned n, unsigned key_len)
{
	struct going on;

	on.n = 0;
	for (unsigned i = 0; i < n; i++)
		note(&on, i, values[i]);
	for (unsigned byte = ROOT_BYTES; on.n > 0; byte++) {
		unsigned n_on = on.n;

		on.n = 0;
		for (unsigned k = 0; k < n_on; k++) {
			unsigned at = on.at[k];

			values[at] = chunk_entry(t, on.chunks[k], keys[at * key_len + byte]);
			note(&on, at, values[at]);
		}
	}
	for (unsigned i = 0; i < n; i++) {
		uint32_t brief = t->brief[keys[i * key_len]];

		values[i] = values[i] ? values[i] : brief;
	}
}

static inline __attribute__((always_inline)) void lookup(const struct sl_trie *t,
							 const uint8_t *keys, uint32_t *values,
							 unsigned n, unsigned key_len)
{
	uint32_t any = 0;
	bool empty = false;

	for (unsigned i = 0; i < n; i++) {
		values[i] = t->root[load_be32(keys + i * key_len) >> 8];
		any |= values[i];
		empty |= values[i] == 0;
	}
	if (any & CHUNK || empty)
		lookup_rest(t, keys, values, n, key_len);
	for (unsigned i = 0; i < n; i++)
		values[i] &= SL_TRIE_VALUES - 1;
}

void sl_trie_lookup(const struct sl_trie *t, const uint8_t *keys, uint32_t *values, unsigned n)
{
	if (t->key_len == 4)
		lookup(t, keys, values, n, 4);
	else
		lookup(t, keys, values, n, 16);
}

uint64_t sl_trie_work(const struct sl_trie *t)
{
	return t->work;
}

uint32_t sl_trie_chunks(const struct sl_trie *t)
{
	return t->n_chunks;
}
