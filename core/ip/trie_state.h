// trie_state: what a trie is made of, for its changes and its lookups.
//
// Chunks are in core/ip/trie_chunk.h, which also says what an entry is, the first table in
// core/ip/trie_root.h.
#pragma once

#include "core/ip/trie_chunk.h"
#include "core/ip/trie_root.h"

enum {
	TRIE_ROOT_BYTES = SL_TRIE_ROOT_BITS / 8,
	TRIE_SHORT_BITS = 8,
};

struct sl_trie {
	struct sl_trie_root root;
	uint32_t brief[1 << TRIE_SHORT_BITS]; // prefixes shorter than TRIE_SHORT_BITS
	struct sl_trie_chunks chunks;
	unsigned key_len;
};
