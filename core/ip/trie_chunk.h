// trie_chunk: the tables of a trie below its first one.
//
// An entry of any table is 32 bits: a leaf has its prefix's length above its value, so that leaves
// compare by length first, and 0 is none; with the flag CHUNK it stands for a chunk, by the number
// of its first cache line.
//
// A chunk begins at byte 3 of the key or at an even one from 4 on. It is kept as runs, which are
// indexed by as many bytes as bring it to the next even one: one line of runs, or two, four or
// eight, of which the index's highest bits choose one. Where these are too few, it is kept in full:
// a table for one byte. Under a full one that begins at an even byte are chunks of the odd one.
//
// From byte 6 on, where hardly two prefixes begin alike, the first one makes a lone chunk: itself,
// to the end of the key, in one line. The next one makes runs of it.
//
// All functions: one thread at a time, any.
#pragma once

#include "core/ip/runs.h"
#include "core/proto/bytes.h"

#include <stddef.h>

#define SL_TRIE_CHUNK (UINT32_C(1) << 31)
#define SL_TRIE_FULL  (UINT32_C(1) << 30) // of chunks: not of runs
#define SL_TRIE_LONE  (SL_TRIE_FULL | UINT32_C(1) << SL_TRIE_BITS_SHIFT)

enum {
	SL_TRIE_DEPTH_SHIFT = 23,
	SL_TRIE_BITS_SHIFT = 28, // in an entry, of a chunk of runs: the logarithm of its lines
	SL_TRIE_BITS_MAX = 3,
	SL_TRIE_NUMBERS = 1 << SL_TRIE_BITS_SHIFT,
	SL_TRIE_FULL_BITS = 4, // the logarithm of the lines of one in full
	SL_TRIE_FULL_ENTRIES = 256,
	SL_TRIE_CLASSES = SL_TRIE_FULL_BITS + 1,
};

struct sl_trie_lone {
	uint8_t key[16];
	uint64_t mask[2];         // of the prefix, in host order
	uint32_t inside, outside; // leaves: its own, and what is around it
};
_Static_assert(sizeof(struct sl_trie_lone) <= sizeof(struct sl_runs), "a cache line");

struct sl_trie_chunks {
	struct sl_runs *lines;
	uint32_t max, n;
	uint32_t fresh;                 // lines from here on have never been used
	uint32_t free[SL_TRIE_CLASSES]; // first line + 1 of a free chunk of 2^i lines; 0 = none
	bool first_full;                // those at byte 3 are always in full
	uint64_t work;                  // entries looked at so far
};

// Make room for `max` lines in the caller's memory, up to SL_TRIE_NUMBERS / SL_TRIE_CLASSES, of
// which there are `ready` bytes from the start (sl_pages_map_large). Returns 0 or -ENOMEM.
int sl_trie_chunks_init(struct sl_trie_chunks *c, uint32_t max, size_t ready, bool first_full);

// Give the memory back. Legal on what is all zero, as it is afterwards.
void sl_trie_chunks_fini(struct sl_trie_chunks *c);

// Add a run to the draft of a chunk that begins at a byte. Runs of one prefix become one. Those of
// two prefixes with the same length and value stay two: the removal of a prefix then never needs
// more runs than there are.
void sl_trie_chunk_push(struct sl_runs_draft *d, unsigned byte, uint16_t last, uint32_t entry);

// Draft what a chunk of runs, at a byte, has.
void sl_trie_chunk_read(const struct sl_trie_chunks *c, uint32_t chunk, unsigned byte,
			struct sl_runs_draft *d);

// Make what a draft says of the table at a byte: a chunk, or a leaf where nothing ends in it.
// Returns the entry. There is room.
uint32_t sl_trie_chunk_make(struct sl_trie_chunks *c, const struct sl_runs_draft *d, unsigned byte);

// Make a chunk of one prefix, whose leaf `inside` is, with `outside` around it. Returns its entry.
// There is room.
uint32_t sl_trie_lone_make(struct sl_trie_chunks *c, const uint8_t *key, uint32_t inside,
			   uint32_t outside);

// Free a chunk, though not those below it.
void sl_trie_chunk_give(struct sl_trie_chunks *c, uint32_t chunk);

// A chunk in full, at a byte, has changed: keep it so, or as runs if these are few again, or as a
// leaf. Returns its entry.
uint32_t sl_trie_chunk_settle(struct sl_trie_chunks *c, uint32_t chunk, unsigned byte);

// Whether a chunk that begins at a byte may be a lone one.
static inline bool sl_trie_may_be_lone(unsigned byte)
{
	return byte >= 6 && byte % 2 == 0;
}

static inline bool sl_trie_is_full(uint32_t entry)
{
	return entry >> SL_TRIE_BITS_SHIFT == (SL_TRIE_CHUNK | SL_TRIE_FULL) >> SL_TRIE_BITS_SHIFT;
}

static inline bool sl_trie_is_lone(uint32_t entry)
{
	return entry >> SL_TRIE_BITS_SHIFT == (SL_TRIE_CHUNK | SL_TRIE_LONE) >> SL_TRIE_BITS_SHIFT;
}

static inline bool sl_trie_is_runs(uint32_t entry)
{
	return (entry & (SL_TRIE_CHUNK | SL_TRIE_FULL)) == SL_TRIE_CHUNK;
}

// The logarithm of the lines of a chunk of runs.
static inline unsigned sl_trie_bits(uint32_t chunk)
{
	return chunk >> SL_TRIE_BITS_SHIFT & SL_TRIE_BITS_MAX;
}

// Where a chunk's first line is; of what is none, that of some memory which can be read. Without a
// branch, which nobody could foresee.
static inline uint32_t sl_trie_line(uint32_t entry)
{
	return entry & (SL_TRIE_NUMBERS - 1) & (0 - (entry >> 31));
}

// The line of a chunk of runs that has the indices which begin with a byte; of a leaf or a chunk in
// full, some line which can be read. CHUNK stands above the logarithm of the lines, and shifts by 8
// bits more.
static inline struct sl_runs *sl_trie_runs(const struct sl_trie_chunks *c, uint32_t chunk,
					   uint8_t first)
{
	uint32_t part = (uint32_t)first << (chunk >> SL_TRIE_BITS_SHIFT) >> (8 + 8);

	return &c->lines[sl_trie_line(chunk) + part];
}

// The entry of a chunk of runs at an index.
static inline uint32_t sl_trie_runs_get(const struct sl_trie_chunks *c, uint32_t chunk,
					uint16_t index)
{
	return sl_runs_get(sl_trie_runs(c, chunk, (uint8_t)(index >> 8)), index);
}

static inline uint32_t *sl_trie_full(const struct sl_trie_chunks *c, uint32_t chunk)
{
	return (uint32_t *)(void *)&c->lines[sl_trie_line(chunk)];
}

static inline struct sl_trie_lone *sl_trie_lone(const struct sl_trie_chunks *c, uint32_t chunk)
{
	return (struct sl_trie_lone *)(void *)&c->lines[sl_trie_line(chunk)];
}

// The leaf of a key that comes by a lone chunk.
static inline uint32_t sl_trie_lone_get(const struct sl_trie_lone *l, const uint8_t *key)
{
	uint64_t upper = (load_be64(key) ^ load_be64(l->key)) & l->mask[0];
	uint64_t lower = (load_be64(key + 8) ^ load_be64(l->key + 8)) & l->mask[1];

	return upper | lower ? l->outside : l->inside;
}

// Bits of the key that runs at a byte span.
static inline unsigned sl_trie_span(unsigned byte)
{
	return byte & 1 ? 8 : 16;
}

// The byte behind that span.
static inline unsigned sl_trie_behind(unsigned byte)
{
	return (byte + 2) & ~1u;
}

// What indexes runs: the key's bytes from an even one on, or an odd one alone above 8 bits of no
// meaning.
static inline uint16_t sl_trie_index(const uint8_t *key, unsigned byte)
{
	return (uint16_t)(load_be32(key + (byte | 1) - 3) << (byte & 1) * 8);
}
