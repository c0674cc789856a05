// trie_chunk: the tables of a trie below its first one.
//
// An entry of any table is 32 bits: a leaf has its prefix's length above its value, so that leaves
// compare by length first, and 0 is none; with the flag CHUNK it stands for a chunk, by number.
//
// A chunk begins at byte 3 of the key or at an even one from 4 on. It is kept as runs, which are
// indexed by as many bytes as bring it to the next even one, or, where these are too many, in full:
// a table for one byte. Under a full one that begins at an even byte are chunks of the odd one.
//
// All functions: one thread at a time, any.
#pragma once

#include "core/ip/runs.h"
#include "core/proto/bytes.h"

#include <stddef.h>

#define SL_TRIE_CHUNK (UINT32_C(1) << 31)
#define SL_TRIE_FULL  (UINT32_C(1) << 30) // of chunks: which of the two

enum {
	SL_TRIE_DEPTH_SHIFT = 23,
	SL_TRIE_FULL_ENTRIES = 256,
};

struct sl_trie_full {
	uint32_t entries[SL_TRIE_FULL_ENTRIES];
} __attribute__((aligned(64)));

// Items of one size, numbered, those that are free in a list through their first bytes.
struct sl_trie_pool {
	uint8_t *items;
	size_t size;
	uint32_t fresh; // those from here on have never been used
	uint32_t free;  // number + 1 of the first; 0 = none
};

struct sl_trie_chunks {
	struct sl_trie_pool runs, full;
	uint32_t max, n;
	bool first_full; // those at byte 3 are always in full
	uint64_t work;   // entries looked at so far
};

// Make room for `max` chunks in the caller's memory, of which there are `ready` bytes of either
// kind from the start (sl_pages_map_large). Returns 0 or -ENOMEM.
int sl_trie_chunks_init(struct sl_trie_chunks *c, uint32_t max, size_t ready, bool first_full);

// Give the memory back. Legal on what is all zero, as it is afterwards.
void sl_trie_chunks_fini(struct sl_trie_chunks *c);

// Add a run to the draft of a chunk that begins at a byte. Runs of one prefix become one. Those of
// two prefixes with the same length and value stay two: the removal of a prefix then never needs
// more runs than there are.
void sl_trie_chunk_push(struct sl_runs_draft *d, unsigned byte, uint16_t last, uint32_t entry);

// Make what a draft says of the table at a byte: a chunk, or a leaf where nothing ends in it.
// Returns the entry. There is room.
uint32_t sl_trie_chunk_make(struct sl_trie_chunks *c, const struct sl_runs_draft *d, unsigned byte);

// Free a chunk, though not those below it.
void sl_trie_chunk_give(struct sl_trie_chunks *c, uint32_t chunk);

// A chunk in full, at a byte, has changed: keep it so, or as runs if these are few again, or as a
// leaf. Returns its entry.
uint32_t sl_trie_chunk_settle(struct sl_trie_chunks *c, uint32_t chunk, unsigned byte);

static inline bool sl_trie_is_full(uint32_t entry)
{
	return (entry & (SL_TRIE_CHUNK | SL_TRIE_FULL)) == (SL_TRIE_CHUNK | SL_TRIE_FULL);
}

static inline struct sl_runs *sl_trie_runs(const struct sl_trie_chunks *c, uint32_t chunk)
{
	return (struct sl_runs *)c->runs.items + (chunk & ~SL_TRIE_CHUNK);
}

static inline uint32_t *sl_trie_full(const struct sl_trie_chunks *c, uint32_t chunk)
{
	uint32_t number = chunk & ~(SL_TRIE_CHUNK | SL_TRIE_FULL);

	return ((struct sl_trie_full *)c->full.items)[number].entries;
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
