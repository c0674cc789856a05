// Changes go down to the entries below their prefix and keep on the way back what has become of the
// chunks. Lookups are in core/ip/trie_lookup.c.

#include "core/ip/trie.h"

#include "core/ip/trie_state.h"

#include <errno.h>
#include <rte_common.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
	READY4 = 8,  // bytes in chunks that an IPv4 route takes
	READY6 = 96, // and one of IPv6, where most are of 48 bits or fewer

	// Lines that a chunk of runs takes at most when it is kept in full: its own, and below it
	// those of as many in full as its runs are enough for, and one.
	GROWTH = (2 + SL_RUNS_DRAFT_MAX / SL_RUNS_MAX) << SL_TRIE_FULL_BITS,
	// Those of a lone chunk that gets a second prefix: two bytes each, and two lone ones.
	LONE_GROWTH = 7,
};

_Static_assert(SL_TRIE_LINES_MAX <= SL_TRIE_NUMBERS / SL_TRIE_CLASSES, "lines have numbers");

static uint32_t leaf(unsigned depth, uint32_t value)
{
	return depth << SL_TRIE_DEPTH_SHIFT | value;
}

// ---- life

// Nearly every lookup of IPv6 comes by the chunks of its first byte, of which there are few: in
// full they cost one cache line, not two.
struct sl_trie *sl_trie_create(unsigned key_len, uint32_t lines, uint32_t ready)
{
	size_t bytes = (size_t)ready * (key_len == 4 ? READY4 : READY6);
	struct sl_trie *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return NULL;
	t->key_len = key_len;
	rc = key_len == 4 ? sl_trie_root_init(&t->root, ready > 0)
			  : sl_trie_root_init_plain(&t->root, ready > 0);
	if (rc < 0 || sl_trie_chunks_init(&t->chunks, lines, bytes, key_len > 4) < 0) {
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

static uint32_t cover(struct sl_trie *t, uint32_t entry, const struct change *c);

static void cover_entries(struct sl_trie *t, uint32_t *entries, unsigned n, const struct change *c)
{
	t->chunks.work += n;
	for (unsigned i = 0; i < n; i++)
		entries[i] = cover(t, entries[i], c);
}

// Give each leaf of at most the prefix's length, which covers the whole entry, a new value. Returns
// the new entry.
static uint32_t cover(struct sl_trie *t, uint32_t entry, const struct change *c)
{
	struct sl_runs *r;

	if (!(entry & SL_TRIE_CHUNK))
		return entry >> SL_TRIE_DEPTH_SHIFT <= c->depth ? c->leaf : entry;
	if (sl_trie_is_lone(entry)) {
		cover_entries(t, &sl_trie_lone(&t->chunks, entry)->outside, 1, c);
		return entry;
	}
	if (sl_trie_is_full(entry)) {
		cover_entries(t, sl_trie_full(&t->chunks, entry), SL_TRIE_FULL_ENTRIES, c);
		return entry;
	}
	r = sl_trie_runs(&t->chunks, entry, 0);
	for (unsigned i = 0; i < 1u << sl_trie_bits(entry); i++)
		cover_entries(t, r[i].entries, sl_runs_count(&r[i]), c);
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

// Cut what the prefix covers out of the runs of a table at a byte, and change it.
static void change_draft(struct sl_trie *t, const struct sl_runs_draft *was, unsigned byte,
			 const struct change *c, struct sl_runs_draft *d)
{
	struct range r = range_of(c, byte, sl_trie_span(byte));
	uint32_t first = 0;

	d->n = 0;
	t->chunks.work += SL_RUNS_DRAFT_MAX;
	for (unsigned i = 0; i < was->n; first = was->lasts[i++] + 1u) {
		uint32_t last = was->lasts[i], entry = was->entries[i];

		if (first < r.first)
			sl_trie_chunk_push(d, byte, (uint16_t)RTE_MIN(last, r.first - 1), entry);
		if (first <= r.last && last >= r.first)
			sl_trie_chunk_push(d, byte, (uint16_t)RTE_MIN(last, r.last),
					   change_entry(t, entry, sl_trie_behind(byte), c));
		if (last > r.last)
			sl_trie_chunk_push(d, byte, (uint16_t)last, entry);
	}
}

// A table that is one leaf.
static struct sl_runs_draft draft_of(uint32_t leaf)
{
	return (struct sl_runs_draft){{UINT16_MAX}, {leaf}, 1};
}

// Change a chunk that is kept as runs, or a leaf that becomes one.
static uint32_t change_runs(struct sl_trie *t, uint32_t entry, unsigned byte,
			    const struct change *c)
{
	struct sl_runs_draft was = draft_of(entry), d;

	if (entry & SL_TRIE_CHUNK) {
		sl_trie_chunk_read(&t->chunks, entry, byte, &was);
		sl_trie_chunk_give(&t->chunks, entry);
	}
	change_draft(t, &was, byte, c, &d);
	return sl_trie_chunk_make(&t->chunks, &d, byte);
}

// Change or remove the only prefix of a chunk, or add a second one.
static uint32_t change_lone(struct sl_trie *t, uint32_t entry, unsigned byte,
			    const struct change *c)
{
	struct sl_trie_lone *l = sl_trie_lone(&t->chunks, entry), was = *l;
	struct change first = {was.key, was.inside >> SL_TRIE_DEPTH_SHIFT, was.inside};
	struct sl_runs_draft none = draft_of(was.outside), one, two;
	bool same = c->depth == first.depth && sl_trie_lone_get(&was, c->key) == was.inside;

	if (same && c->leaf >> SL_TRIE_DEPTH_SHIFT == c->depth) {
		l->inside = c->leaf;
		return entry;
	}
	sl_trie_chunk_give(&t->chunks, entry);
	if (same)
		return was.outside;
	change_draft(t, &none, byte, &first, &one);
	change_draft(t, &one, byte, c, &two);
	return sl_trie_chunk_make(&t->chunks, &two, byte);
}

// Change an entry whose table is indexed by the bytes in front of this one. Returns the new entry.
static uint32_t change_entry(struct sl_trie *t, uint32_t entry, unsigned byte,
			     const struct change *c)
{
	if (c->depth <= 8 * byte)
		return cover(t, entry, c);
	if (sl_trie_is_full(entry))
		return change_full(t, entry, byte, c);
	if (sl_trie_is_lone(entry))
		return change_lone(t, entry, byte, c);
	if (!(entry & SL_TRIE_CHUNK) && sl_trie_may_be_lone(byte))
		return sl_trie_lone_make(&t->chunks, c->key, c->leaf, entry);
	return change_runs(t, entry, byte, c);
}

static void change_root(struct sl_trie *t, const struct change *c)
{
	uint32_t less = ((1u << SL_TRIE_ROOT_BITS) - 1) >> RTE_MIN(c->depth, 8u * TRIE_ROOT_BYTES);
	uint32_t index = load_be32(c->key) >> 8;

	t->chunks.work += less + 1;
	for (uint32_t i = index & ~less; i <= (index | less); i++) {
		uint32_t entry = sl_trie_root_get(&t->root, i);

		sl_trie_root_set(&t->root, i, change_entry(t, entry, TRIE_ROOT_BYTES, c));
	}
}

static void change(struct sl_trie *t, const struct change *c)
{
	uint32_t less;

	if (c->depth >= TRIE_SHORT_BITS) {
		change_root(t, c);
		return;
	}
	less = ((1u << TRIE_SHORT_BITS) - 1) >> c->depth;
	for (uint32_t i = c->key[0] & ~less; i <= (c->key[0] | less); i++)
		t->brief[i] = cover(t, t->brief[i], c);
}

// Lines that a change of a chunk of runs, by one prefix, may need beyond what it has.
static unsigned runs_missing(const struct sl_trie *t, uint32_t chunk)
{
	bool fits = sl_trie_bits(chunk) == 0 &&
		    sl_runs_count(sl_trie_runs(&t->chunks, chunk, 0)) <= SL_RUNS_MAX - 2;

	return fits ? 0 : GROWTH;
}

// Lines that a prefix needs below a leaf whose table is indexed by the bytes in front of this one.
static unsigned new_lines(const struct sl_trie *t, unsigned byte, unsigned depth)
{
	unsigned lines = 0;

	for (; depth > 8 * byte; byte = sl_trie_behind(byte)) {
		if (sl_trie_may_be_lone(byte))
			return lines + 1;
		lines += t->chunks.first_full && byte == TRIE_ROOT_BYTES ? 1u << SL_TRIE_FULL_BITS
									 : 1;
	}
	return lines;
}

// Lines that a prefix may need and that are not there: of the last chunk on its way, and of new
// ones.
static unsigned lines_missing(const struct sl_trie *t, const uint8_t *key, unsigned depth)
{
	unsigned byte = TRIE_ROOT_BYTES, missing = 0;
	uint32_t entry = sl_trie_root_get(&t->root, load_be32(key) >> 8);

	while (depth > 8 * byte && entry & SL_TRIE_CHUNK) {
		if (sl_trie_is_lone(entry))
			return LONE_GROWTH;
		if (sl_trie_is_full(entry)) {
			entry = sl_trie_full(&t->chunks, entry)[key[byte++]];
			missing = 0;
			continue;
		}
		missing = runs_missing(t, entry);
		entry = sl_trie_runs_get(&t->chunks, entry, sl_trie_index(key, byte));
		byte = sl_trie_behind(byte);
	}
	return missing + new_lines(t, byte, depth);
}

int sl_trie_add(struct sl_trie *t, const uint8_t *key, unsigned depth, uint32_t value)
{
	if (lines_missing(t, key, depth) > t->chunks.max - t->chunks.n)
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
	bool other_table = depth >= TRIE_SHORT_BITS && below_depth < TRIE_SHORT_BITS;

	change(t, &(struct change){key, depth, other_table ? 0 : leaf(below_depth, below)});
}

uint64_t sl_trie_work(const struct sl_trie *t)
{
	return t->chunks.work;
}

uint32_t sl_trie_lines(const struct sl_trie *t)
{
	return t->chunks.n;
}
