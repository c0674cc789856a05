// trie_root: the first table of a trie, of 2^24 entries of 32 bits, which lookups find in half of
// that or in few cache lines.
//
// Nearly all entries of IPv4 are leaves whose value has at most 15 bits: lookups find it in a table
// of 16 bits an entry, and the length of its prefix, which only changes read, is in another. The
// few other entries are in a third, in which each part of 16,384 entries has its own place, close
// together, so that lookups find them in the cache.
//
// Of IPv6, lookups meet few entries, and most of these do not fit: it has the third table alone,
// with each entry at its own index.
//
// What an entry is: core/ip/trie_chunk.h. All functions: one thread at a time, any.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	SL_TRIE_ROOT_BITS = 24,
	SL_TRIE_LEAF = 1 << 15, // in `quick`: a value below this is there
	SL_TRIE_PART_BITS = 14,
	SL_TRIE_PARTS = 1 << (SL_TRIE_ROOT_BITS - SL_TRIE_PART_BITS),
};

struct sl_trie_root {
	uint16_t *quick; // a value with SL_TRIE_LEAF; 0: no entry; else its place in `wide`, from 1
	uint8_t *depths; // of leaves
	uint32_t *wide;  // where there is no `quick`: all entries
	uint16_t fresh[SL_TRIE_PARTS]; // places of each part that have ever been used
	uint16_t free[SL_TRIE_PARTS];  // the first of those that are free, in a list; 0 = none
};

// Make a table without entries in the caller's memory. ready: as of sl_trie_create, whether memory
// shall be there from the start. Returns 0 or -ENOMEM.
int sl_trie_root_init(struct sl_trie_root *r, bool ready);

// The same without `quick`.
int sl_trie_root_init_plain(struct sl_trie_root *r, bool ready);

// Give the memory back. Legal on what is all zero, as it is afterwards.
void sl_trie_root_fini(struct sl_trie_root *r);

uint32_t sl_trie_root_get(const struct sl_trie_root *r, uint32_t index);

void sl_trie_root_set(struct sl_trie_root *r, uint32_t index, uint32_t entry);

// The entry at index where `quick` says that it is not there: quick is what it says.
static inline uint32_t sl_trie_root_wide(const struct sl_trie_root *r, uint32_t index,
					 uint16_t quick)
{
	uint32_t part = index >> SL_TRIE_PART_BITS << SL_TRIE_PART_BITS;

	return quick ? r->wide[part + quick - 1] : 0;
}
