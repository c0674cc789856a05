// A burst goes one step at a time: each asks for the cache lines of the next one before the first
// lookup waits for one, and what may go either way is chosen without a branch, which nobody could
// foresee.

#include "core/ip/trie.h"

#include "core/ip/trie_state.h"

enum { BURST = 64 };

#define inlined inline __attribute__((always_inline)) // a call costs a tenth of a lookup

// The value of a leaf, or of the short prefix where nothing is.
static inlined uint32_t value_of(const struct sl_trie *t, const uint8_t *key, uint32_t leaf)
{
	uint32_t brief = t->brief[key[0]];

	return (leaf ? leaf : brief) & (SL_TRIE_VALUES - 1);
}

// Go on from an entry, through chunks of which the first begins at a byte.
static inlined uint32_t finish(const struct sl_trie *t, const uint8_t *key, uint32_t entry,
			       unsigned byte)
{
	while (entry & SL_TRIE_CHUNK) {
		if (sl_trie_is_lone(entry)) {
			entry = sl_trie_lone_get(sl_trie_lone(&t->chunks, entry), key);
		} else if (sl_trie_is_full(entry)) {
			entry = sl_trie_full(&t->chunks, entry)[key[byte++]];
		} else {
			entry = sl_trie_runs_get(&t->chunks, entry, sl_trie_index(key, byte));
			byte = sl_trie_behind(byte);
		}
	}
	return value_of(t, key, entry);
}

// Few go on from the first table, or find nothing in it.
static void lookup_ipv4(const struct sl_trie *t, const uint8_t *keys, uint32_t *values, unsigned n)
{
	const uint16_t *table = t->root.quick;
	uint32_t index[BURST];
	uint64_t going = 0;

	for (unsigned i = 0; i < n; i++)
		index[i] = load_be32(keys + i * 4) >> 8;
	for (unsigned i = 0; i < n; i++)
		__builtin_prefetch(&table[index[i]]);
	for (unsigned i = 0; i < n; i++) {
		uint16_t quick = table[index[i]];

		values[i] = quick ^ (uint32_t)SL_TRIE_LEAF;
		if (quick & SL_TRIE_LEAF)
			continue;
		values[i] = sl_trie_root_wide(&t->root, index[i], quick);
		__builtin_prefetch(&t->chunks.lines[sl_trie_line(values[i])]);
		going |= UINT64_C(1) << i;
	}
	for (; going; going &= going - 1) {
		unsigned i = (unsigned)__builtin_ctzll(going);

		values[i] = finish(t, keys + i * 4, values[i], TRIE_ROOT_BYTES);
	}
}

// Go on from the entry that a line of runs has led to; or that has none, being in full: then it is
// where the line was looked for.
static uint32_t finish_ipv6(const struct sl_trie *t, const uint8_t *key, uint32_t entry,
			    const struct sl_runs *line)
{
	uint16_t index = load_be16(key + TRIE_ROOT_BYTES + 1);
	bool is_next = sl_trie_is_full(entry) && sl_trie_runs(&t->chunks, entry, index) == line;

	return finish(t, key, entry, TRIE_ROOT_BYTES + (is_next ? 1 : 3));
}

// Most go on, through a chunk in full and one of runs, and end there.
static void lookup_ipv6(const struct sl_trie *t, const uint8_t *keys, uint32_t *values, unsigned n)
{
	const struct sl_runs *lines[BURST];
	uint32_t entries[BURST];
	unsigned deeper[BURST], n_deeper = 0;

	for (size_t i = 0; i < n; i++) {
		const uint8_t *key = keys + i * 16;

		entries[i] = t->root.wide[load_be32(key) >> 8];
		__builtin_prefetch(&sl_trie_full(&t->chunks, entries[i])[key[TRIE_ROOT_BYTES]]);
	}
	for (size_t i = 0; i < n; i++) {
		const uint8_t *key = keys + i * 16;

		if (entries[i] & SL_TRIE_CHUNK)
			entries[i] = sl_trie_full(&t->chunks, entries[i])[key[TRIE_ROOT_BYTES]];
		lines[i] = sl_trie_runs(&t->chunks, entries[i],
					load_be16(key + TRIE_ROOT_BYTES + 1));
		__builtin_prefetch(lines[i]);
	}
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *key = keys + i * 16;
		uint32_t below = sl_runs_get(lines[i], load_be16(key + TRIE_ROOT_BYTES + 1));
		uint32_t entry = sl_trie_is_runs(entries[i]) ? below : entries[i];

		deeper[n_deeper] = i;
		n_deeper += entry >> 31;
		entries[i] = entry;
		values[i] = value_of(t, key, entry);
	}
	for (unsigned i = 0; i < n_deeper; i++)
		__builtin_prefetch(&t->chunks.lines[sl_trie_line(entries[deeper[i]])]);
	for (unsigned i = 0; i < n_deeper; i++) {
		unsigned at = deeper[i];

		values[at] = finish_ipv6(t, keys + at * 16, entries[at], lines[at]);
	}
}

void sl_trie_lookup(const struct sl_trie *t, const uint8_t *keys, uint32_t *values, unsigned n)
{
	if (t->key_len == 4)
		lookup_ipv4(t, keys, values, n);
	else
		lookup_ipv6(t, keys, values, n);
}
