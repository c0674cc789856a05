// An entry is 32 bits: a chunk's number below the flag CHUNK, or a leaf: its prefix's length above
// its value, so that leaves compare by length first. 0 is an empty leaf.

#include "core/ip/trie.h"

#include "core/pages.h"
#include "core/proto/bytes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
	ROOT_BITS = 24,
	ROOT_BYTES = ROOT_BITS / 8,
	SHORT_BITS = 8,
	DEPTH_SHIFT = 23,
	LEVELS_MAX = 16 - ROOT_BYTES,
	BURST = 64,
};

static const uint32_t CHUNK = UINT32_C(1) << 31;

struct sl_trie {
	uint32_t *root;                   // 2^24
	uint32_t (*chunks)[SL_TRIE_SPAN]; // max_chunks
	uint32_t brief[1 << SHORT_BITS];  // prefixes shorter than SHORT_BITS

	uint32_t *users; // of each chunk: prefixes that end in it, and chunks below it
	uint32_t max_chunks;
	uint32_t n_chunks; // in use
	uint32_t n_fresh;  // ever used: those from here on have never been touched
	uint32_t free;     // number + 1 of the first of a list through entry 0 of each; 0 = none
	unsigned key_len;
	uint64_t work;
};

static uint32_t leaf(unsigned depth, uint32_t value)
{
	return depth << DEPTH_SHIFT | value;
}

static uint32_t number(uint32_t entry)
{
	return entry & ~CHUNK;
}

struct sl_trie *sl_trie_create(unsigned key_len, uint32_t chunks)
{
	struct sl_trie *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->key_len = key_len;
	t->max_chunks = chunks;
	t->root = sl_pages_map(sizeof(*t->root) << ROOT_BITS);
	t->chunks = sl_pages_map(sizeof(*t->chunks) * chunks);
	t->users = sl_pages_map(sizeof(*t->users) * chunks);
	if (t->root && t->chunks && t->users)
		return t;
	sl_trie_destroy(t);
	return NULL;
}

void sl_trie_destroy(struct sl_trie *t)
{
	if (!t)
		return;
	sl_pages_unmap(t->root, sizeof(*t->root) << ROOT_BITS);
	sl_pages_unmap(t->chunks, sizeof(*t->chunks) * t->max_chunks);
	sl_pages_unmap(t->users, sizeof(*t->users) * t->max_chunks);
	free(t);
}

// The entries of a table that a prefix covers, and the way there.
struct place {
	uint32_t *entries;
	unsigned n;
	uint32_t *slots[LEVELS_MAX]; // entries that stand for the chunks on the way
	unsigned levels;
};

// Byte of the key that indexes the table in which a prefix ends.
static unsigned last_byte(unsigned depth)
{
	return (depth - 1) / 8;
}

// Those from key's on that a prefix of depth covers in a table indexed up to bit `bits`.
static void span(struct place *p, uint32_t *table, uint32_t index, unsigned bits, unsigned depth)
{
	p->n = 1u << (bits - depth);
	p->entries = table + (index & ~(p->n - 1));
}

static uint32_t *root_slot(struct sl_trie *t, const uint8_t *key)
{
	return &t->root[load_be32(key) >> 8];
}

// Find the place of a prefix, whose chunks are all there.
static void find(struct sl_trie *t, const uint8_t *key, unsigned depth, struct place *p)
{
	uint32_t *slot = root_slot(t, key), *table;

	p->levels = 0;
	if (depth < SHORT_BITS) {
		span(p, t->brief, key[0], SHORT_BITS, depth);
		return;
	}
	if (depth <= ROOT_BITS) {
		span(p, t->root, load_be32(key) >> 8, ROOT_BITS, depth);
		return;
	}
	for (unsigned byte = ROOT_BYTES;; byte++) {
		p->slots[p->levels++] = slot;
		table = t->chunks[number(*slot)];
		slot = &table[key[byte]];
		if (byte < last_byte(depth))
			continue;
		span(p, table, key[byte], 8 * (byte + 1), depth);
		return;
	}
}

// Give each leaf of at most this depth a new value.
static void cover(struct sl_trie *t, uint32_t *entries, unsigned n, unsigned depth, uint32_t new)
{
	t->work += n;
	for (unsigned i = 0; i < n; i++) {
		if (entries[i] & CHUNK)
			cover(t, t->chunks[number(entries[i])], SL_TRIE_SPAN, depth, new);
		else if (entries[i] >> DEPTH_SHIFT <= depth)
			entries[i] = new;
	}
}

// ---- chunks

// Turn a leaf into a chunk of such leaves. There is a free one.
static void chunk_open(struct sl_trie *t, uint32_t *slot)
{
	uint32_t chunk = t->free ? t->free - 1 : t->n_fresh++;

	if (t->free)
		t->free = t->chunks[chunk][0];
	t->n_chunks++;
	t->users[chunk] = 0;
	t->work += SL_TRIE_SPAN;
	for (unsigned i = 0; i < SL_TRIE_SPAN; i++)
		t->chunks[chunk][i] = *slot;
	*slot = CHUNK | chunk;
}

// Turn a chunk that nothing ends in, so that its entries are alike, back into a leaf.
static void chunk_close(struct sl_trie *t, uint32_t *slot)
{
	uint32_t chunk = number(*slot);

	*slot = t->chunks[chunk][0];
	t->chunks[chunk][0] = t->free;
	t->free = chunk + 1;
	t->n_chunks--;
}

// Chunks that a prefix needs and that are not there.
static unsigned chunks_missing(struct sl_trie *t, const uint8_t *key, unsigned depth)
{
	const uint32_t *slot = root_slot(t, key);
	unsigned byte = ROOT_BYTES;

	if (depth <= ROOT_BITS)
		return 0;
	for (; byte <= last_byte(depth) && *slot & CHUNK; byte++)
		slot = &t->chunks[number(*slot)][key[byte]];
	return last_byte(depth) + 1 - byte;
}

static void chunks_open(struct sl_trie *t, const uint8_t *key, unsigned depth)
{
	uint32_t *slot = root_slot(t, key), above = 0;

	for (unsigned byte = ROOT_BYTES; depth > ROOT_BITS && byte <= last_byte(depth); byte++) {
		if (!(*slot & CHUNK)) {
			chunk_open(t, slot);
			if (byte > ROOT_BYTES)
				t->users[above]++;
		}
		above = number(*slot);
		slot = &t->chunks[above][key[byte]];
	}
}

// ---- changes

int sl_trie_add(struct sl_trie *t, const uint8_t *key, unsigned depth, uint32_t value)
{
	struct place p;

	if (chunks_missing(t, key, depth) > t->max_chunks - t->n_chunks)
		return -ENOSPC;
	chunks_open(t, key, depth);
	find(t, key, depth, &p);
	if (p.levels > 0)
		t->users[number(*p.slots[p.levels - 1])]++;
	cover(t, p.entries, p.n, depth, leaf(depth, value));
	return 0;
}

void sl_trie_replace(struct sl_trie *t, const uint8_t *key, unsigned depth, uint32_t value)
{
	struct place p;

	find(t, key, depth, &p);
	cover(t, p.entries, p.n, depth, leaf(depth, value));
}

void sl_trie_remove(struct sl_trie *t, const uint8_t *key, unsigned depth, uint32_t below,
		    unsigned below_depth)
{
	bool other_table = depth >= SHORT_BITS && below_depth < SHORT_BITS;
	struct place p;

	find(t, key, depth, &p);
	cover(t, p.entries, p.n, depth, other_table ? 0 : leaf(below_depth, below));
	while (p.levels > 0 && --t->users[number(*p.slots[p.levels - 1])] == 0)
		chunk_close(t, p.slots[--p.levels]);
}

// ---- lookup

// In rounds, one for each table on the way, in which no load waits for another. Those that go on
// are gathered without branches, which could not be foreseen.
static inline __attribute__((always_inline)) void lookup(const struct sl_trie *t,
							 const uint8_t *keys, uint32_t *values,
							 unsigned n, unsigned key_len)
{
	uint8_t on[BURST];
	unsigned n_on = 0;

	for (unsigned i = 0; i < n; i++) {
		values[i] = t->root[load_be32(keys + i * key_len) >> 8];
		on[n_on] = (uint8_t)i;
		n_on += values[i] >> 31;
	}
	for (unsigned byte = ROOT_BYTES; n_on > 0; byte++) {
		unsigned n_next = 0;

		for (unsigned k = 0; k < n_on; k++) {
			unsigned i = on[k];

			values[i] = t->chunks[number(values[i])][keys[i * key_len + byte]];
			on[n_next] = (uint8_t)i;
			n_next += values[i] >> 31;
		}
		n_on = n_next;
	}
	for (unsigned i = 0; i < n; i++) {
		uint32_t brief = t->brief[keys[i * key_len]];

		values[i] = (values[i] ? values[i] : brief) & (SL_TRIE_VALUES - 1);
	}
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
