// Chunks are in core/ip/trie_chunk.h, which also says what an entry is, the first table in
// core/ip/trie_root.h. Changes go down to the entries below their prefix and keep on the way back
// what has become of the chunks; lookups go through bursts.

#include "core/ip/trie.h"

#include "core/ip/trie_chunk.h"
#include "core/ip/trie_root.h"

#include <errno.h>
#include <rte_common.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
	ROOT_BYTES = SL_TRIE_ROOT_BITS / 8,
	SHORT_BITS = 8,
	READY4 = 8,  // bytes in chunks of either kind that an IPv4 route takes
	READY6 = 64, // and one of IPv6, where most are of 48 bits or fewer
};

struct sl_trie {
	struct sl_trie_root root;
	uint32_t brief[1 << SHORT_BITS]; // prefixes shorter than SHORT_BITS
	struct sl_trie_chunks chunks;
	unsigned key_len;
};

static uint32_t leaf(unsigned depth, uint32_t value)
{
	return depth << SL_TRIE_DEPTH_SHIFT | value;
}

// ---- life

// Nearly every lookup of IPv6 comes by the chunks of its first byte, of which there are few: in
// full they cost one cache line, not two.
struct sl_trie *sl_trie_create(unsigned key_len, uint32_t chunks, uint32_t ready)
{
	size_t bytes = (size_t)ready * (key_len == 4 ? READY4 : READY6);
	struct sl_trie *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->key_len = key_len;
	if (sl_trie_root_init(&t->root, ready > 0) < 0 ||
	    sl_trie_chunks_init(&t->chunks, chunks, bytes, key_len > 4) < 0) {
		sl_trie_destroy(t);
		return NULL;
	}
	return t;
}

void sl_trie_destroy(struct sl_trie *t)
{
	if (!t)
		return;
	sl_trie_root_fini(&t->root);
	sl_trie_chunks_fini(&t->chunks);
	free(t);
}

// ---- changes

// A prefix whose leaves become `leaf`.
struct change {
	const uint8_t *key;
	unsigned depth;
	uint32_t leaf;
};

// Part of a table.
struct range {
	uint32_t first, last;
};

static uint32_t change_entry(struct sl_trie *t, uint32_t entry, unsigned byte,
			     const struct change *c);

// Give each leaf of at most the prefix's length, which covers the whole entry, a new value. Returns
// the new entry.
static uint32_t cover(struct sl_trie *t, uint32_t entry, const struct change *c)
{
	uint32_t *entries;
	unsigned n;

	if (!(entry & SL_TRIE_CHUNK))
		return entry >> SL_TRIE_DEPTH_SHIFT <= c->depth ? c->leaf : entry;
	if (entry & SL_TRIE_FULL) {
		entries = sl_trie_full(&t->chunks, entry);
		n = SL_TRIE_FULL_ENTRIES;
	} else {
		entries = sl_trie_runs(&t->chunks, entry)->entries;
		n = sl_trie_runs(&t->chunks, entry)->n;
	}
	t->chunks.work += n;
	for (unsigned i = 0; i < n; i++)
		entries[i] = cover(t, entries[i], c);
	return entry;
}

// What of a table of 65,536 that is indexed by `bits` of the key from a byte on, the prefix covers,
// or goes on below.
static struct range range_of(const struct change *c, unsigned byte, unsigned bits)
{
	uint32_t less = 0xffff >> RTE_MIN(c->depth - 8 * byte, bits);
	uint32_t index = sl_trie_index(c->key, byte);

	return (struct range){index & ~less, index | less};
}

static uint32_t change_full(struct sl_trie *t, uint32_t chunk, unsigned byte,
			    const struct change *c)
{
	uint32_t *entries = sl_trie_full(&t->chunks, chunk);
	struct range r = range_of(c, byte, 8);

	for (uint32_t i = r.first >> 8; i <= r.last >> 8; i++)
		entries[i] = change_entry(t, entries[i], byte + 1, c);
	return sl_trie_chunk_settle(&t->chunks, chunk, byte);
}

// Change a chunk that is kept as runs, or a leaf that becomes one: what the prefix covers is cut
// out of the runs.
static uint32_t change_runs(struct sl_trie *t, uint32_t chunk, unsigned byte,
			    const struct change *c)
{
	struct range r = range_of(c, byte, sl_trie_span(byte));
	struct sl_runs was = {.lasts = {INT16_MAX}, .entries = {chunk}, .n = 1};
	struct sl_runs_draft d = {.n = 0};
	uint32_t first = 0;

	if (chunk & SL_TRIE_CHUNK) {
		was = *sl_trie_runs(&t->chunks, chunk);
		sl_trie_chunk_give(&t->chunks, chunk);
	}
	t->chunks.work += SL_RUNS_DRAFT_MAX;
	for (unsigned i = 0; i < was.n; first = sl_runs_last(&was, i++) + 1u) {
		uint32_t last = sl_runs_last(&was, i), entry = was.entries[i];

		if (first < r.first)
			sl_trie_chunk_push(&d, byte, (uint16_t)RTE_MIN(last, r.first - 1), entry);
		if (first <= r.last && last >= r.first)
			sl_trie_chunk_push(&d, byte, (uint16_t)RTE_MIN(last, r.last),
					   change_entry(t, entry, sl_trie_behind(byte), c));
		if (last > r.last)
			sl_trie_chunk_push(&d, byte, (uint16_t)last, entry);
	}
	return sl_trie_chunk_make(&t->chunks, &d, byte);
}

// Change an entry whose table is indexed by the bytes in front of this one. Returns the new entry.
static uint32_t change_entry(struct sl_trie *t, uint32_t entry, unsigned byte,
			     const struct change *c)
{
	if (c->depth <= 8 * byte)
		return cover(t, entry, c);
	return sl_trie_is_full(entry) ? change_full(t, entry, byte, c)
				      : change_runs(t, entry, byte, c);
}

static void change_root(struct sl_trie *t, const struct change *c)
{
	uint32_t less = ((1u << SL_TRIE_ROOT_BITS) - 1) >> RTE_MIN(c->depth, 8u * ROOT_BYTES);
	uint32_t index = load_be32(c->key) >> 8;

	t->chunks.work += less + 1;
	for (uint32_t i = index & ~less; i <= (index | less); i++) {
		uint32_t entry = sl_trie_root_get(&t->root, i);

		sl_trie_root_set(&t->root, i, change_entry(t, entry, ROOT_BYTES, c));
	}
}

static void change(struct sl_trie *t, const struct change *c)
{
	uint32_t less;

	if (c->depth >= SHORT_BITS) {
		change_root(t, c);
		return;
	}
	less = ((1u << SHORT_BITS) - 1) >> c->depth;
	for (uint32_t i = c->key[0] & ~less; i <= (c->key[0] | less); i++)
		t->brief[i] = cover(t, t->brief[i], c);
}

// Chunks that a prefix may need and that are not there. An even chunk of too many runs becomes one
// in full and as many below it.
static unsigned chunks_missing(const struct sl_trie *t, const uint8_t *key, unsigned depth)
{
	unsigned byte = ROOT_BYTES, missing = 0;
	uint32_t entry = sl_trie_root_get(&t->root, load_be32(key) >> 8);

	while (depth > 8 * byte && entry & SL_TRIE_CHUNK) {
		if (entry & SL_TRIE_FULL) {
			entry = sl_trie_full(&t->chunks, entry)[key[byte++]];
			continue;
		}
		if (sl_trie_runs(&t->chunks, entry)->n > SL_RUNS_MAX - 2 &&
		    sl_trie_span(byte) == 16)
			missing = 1 + SL_RUNS_MAX + 2;
		entry = sl_runs_get(sl_trie_runs(&t->chunks, entry), sl_trie_index(key, byte));
		byte = sl_trie_behind(byte);
	}
	for (; depth > 8 * byte; byte = sl_trie_behind(byte))
		missing++;
	return missing;
}

int sl_trie_add(struct sl_trie *t, const uint8_t *key, unsigned depth, uint32_t value)
{
	if (chunks_missing(t, key, depth) > t->chunks.max - t->chunks.n)
		return -ENOSPC;
	change(t, &(struct change){key, depth, leaf(depth, value)});
	return 0;
}

void sl_trie_replace(struct sl_trie *t, const uint8_t *key, unsigned depth, uint32_t value)
{
	change(t, &(struct change){key, depth, leaf(depth, value)});
}

void sl_trie_remove(struct sl_trie *t, const uint8_t *key, unsigned depth, uint32_t below,
		    unsigned below_depth)
{
	bool other_table = depth >= SHORT_BITS && below_depth < SHORT_BITS;

	change(t, &(struct change){key, depth, other_table ? 0 : leaf(below_depth, below)});
}

// ---- lookup

enum { BURST = 64 };

#define inlined inline __attribute__((always_inline))

// What a lookup finds that stands at an entry: it goes on through chunks, of which the first begins
// at a byte, and looks for short prefixes where nothing is.
static inlined uint32_t finish(const struct sl_trie *t, const uint8_t *key, uint32_t entry,
			       unsigned byte)
{
	while (entry & SL_TRIE_CHUNK) {
		if (entry & SL_TRIE_FULL) {
			entry = sl_trie_full(&t->chunks, entry)[key[byte++]];
			continue;
		}
		entry = sl_runs_get(sl_trie_runs(&t->chunks, entry), sl_trie_index(key, byte));
		byte = sl_trie_behind(byte);
	}
	return (entry ? entry : t->brief[key[0]]) & (SL_TRIE_VALUES - 1);
}

// Ask for what a lookup reads next, before any of the burst waits for it. Of runs that is half of
// the entries; most have no more.
static inlined void prefetch(const struct sl_trie *t, uint32_t entry, uint8_t index)
{
	if (!(entry & SL_TRIE_CHUNK))
		return;
	if (entry & SL_TRIE_FULL) {
		__builtin_prefetch(&sl_trie_full(&t->chunks, entry)[index]);
		return;
	}
	__builtin_prefetch(sl_trie_runs(&t->chunks, entry)->lasts);
	__builtin_prefetch(sl_trie_runs(&t->chunks, entry)->entries);
}

// Look up in the first table: values become what it has, or entries to go on from. Returns which
// do.
static inlined uint64_t lookup_root(const struct sl_trie *t, const uint8_t *keys, uint32_t *values,
				    unsigned n, unsigned key_len)
{
	const uint16_t *table = t->root.quick;
	uint32_t index[BURST];
	uint64_t going = 0;

	for (unsigned i = 0; i < n; i++)
		index[i] = load_be32(keys + i * key_len) >> 8;
	for (unsigned i = 0; i < n; i++)
		__builtin_prefetch(&table[index[i]]);
	for (unsigned i = 0; i < n; i++) {
		uint16_t quick = table[index[i]];

		values[i] = quick ^ (uint32_t)SL_TRIE_LEAF;
		if (quick & SL_TRIE_LEAF)
			continue;
		values[i] = sl_trie_root_wide(&t->root, index[i], quick);
		prefetch(t, values[i], keys[i * key_len + ROOT_BYTES]);
		going |= UINT64_C(1) << i;
	}
	return going;
}

// Few go on.
static void lookup_ipv4(const struct sl_trie *t, const uint8_t *keys, uint32_t *values, unsigned n)
{
	for (uint64_t going = lookup_root(t, keys, values, n, 4); going; going &= going - 1) {
		unsigned i = (unsigned)__builtin_ctzll(going);

		values[i] = finish(t, keys + i * 4, values[i], ROOT_BYTES);
	}
}

// Most go on, through a chunk in full and one of runs.
static void lookup_ipv6(const struct sl_trie *t, const uint8_t *keys, uint32_t *values, unsigned n)
{
	lookup_root(t, keys, values, n, 16);
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *key = keys + i * 16;

		if (values[i] & SL_TRIE_CHUNK) {
			values[i] = sl_trie_full(&t->chunks, values[i])[key[ROOT_BYTES]];
			prefetch(t, values[i], key[ROOT_BYTES + 1]);
		}
	}
	for (unsigned i = 0; i < n; i++)
		values[i] = finish(t, keys + i * 16, values[i], ROOT_BYTES + 1);
}

void sl_trie_lookup(const struct sl_trie *t, const uint8_t *keys, uint32_t *values, unsigned n)
{
	if (t->key_len == 4)
		lookup_ipv4(t, keys, values, n);
	else
		lookup_ipv6(t, keys, values, n);
}

uint64_t sl_trie_work(const struct sl_trie *t)
{
	return t->chunks.work;
}

uint32_t sl_trie_chunks(const struct sl_trie *t)
{
	return t->chunks.n;
}
