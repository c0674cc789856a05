// trie: the longest prefix of an address, found for bursts of addresses.
//
// A table of 2^24 entries is indexed by an address's first three bytes. An entry is a leaf, which
// has the value of the longest prefix there, or stands for a chunk: a table indexed by the next
// byte or two, and so on. Most IPv4 lookups read one entry; most of IPv6 go through two chunks.
// Each leaf knows the length of its prefix, so that a change touches the entries below its prefix
// and nothing else. Prefixes shorter than 8 bits, the default route among them, are in a table of
// 256 beside it, to which empty entries refer: they change as fast as the others.
//
// The trie does not remember prefixes: who removes one says what is below it, and nobody adds one
// twice. All functions: one thread at a time, any.
#pragma once

#include <stdint.h>

enum {
	SL_TRIE_VALUES = 1 << 23, // values are below; 0 stands for no prefix
	SL_TRIE_LINES_MAX = 50 << 20,
};

struct sl_trie;

// key_len  4 or 16: bytes of an address.
// lines    How many cache lines chunks may take, up to SL_TRIE_LINES_MAX. They take memory when
//          they are first used.
// ready    Prefixes for whose usual number of chunks, and the first table, memory shall be there
//          from the start (sl_pages_map_large); 0 = memory comes as it is used.
//
// Returns it, owned by the caller, or NULL (out of memory).
struct sl_trie *sl_trie_create(unsigned key_len, uint32_t lines, uint32_t ready);

void sl_trie_destroy(struct sl_trie *t);

// Add a prefix that is not there: key, whose bits behind depth do not count, and its value.
// Returns 0 or -ENOSPC: fewer lines left than it might take, nothing has changed.
int sl_trie_add(struct sl_trie *t, const uint8_t *key, unsigned depth, uint32_t value);

// Change the value of a prefix that is there.
void sl_trie_replace(struct sl_trie *t, const uint8_t *key, unsigned depth, uint32_t value);

// Remove a prefix that is there. below is the value of the next shorter one that covers it and
// below_depth that one's length, both 0 where there is none.
void sl_trie_remove(struct sl_trie *t, const uint8_t *key, unsigned depth, uint32_t below,
		    unsigned below_depth);

// Look n addresses up.
//
// keys    n times key_len bytes, one behind the other, 4-aligned.
// values  Filled: of each the value of its longest prefix, or 0.
// n       Up to 64.
void sl_trie_lookup(const struct sl_trie *t, const uint8_t *keys, uint32_t *values, unsigned n);

// Entries that changes have looked at since the trie was made: what the next ones may cost.
uint64_t sl_trie_work(const struct sl_trie *t);

// Lines in use.
uint32_t sl_trie_lines(const struct sl_trie *t);
