// A burst goes one step at a time: each asks for the cache lines of the next one before the first
// lookup waits for one, and what may go either way is chosen without a branch, which nobody could
// foresee.

#include "core/ip/trie.h"

#include "core/ip/trie_state.h"

#include <smmintrin.h>

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

// ---- IPv6

enum {
	FULL_BYTE = TRIE_ROOT_BYTES, // which indexes the chunk in full
	RUNS_BYTE,                   // from which on there are runs
	BEHIND_RUNS = RUNS_BYTE + 2,
};

// Where the lookups of a burst are.
struct steps {
	const uint32_t *below[BURST]; // the entry that the first table leads to, or that is in it
	uint32_t entries[BURST];      // that entry; from step_end on, the last one
	const struct sl_runs *lines[BURST]; // of that entry, or some line
	uint32_t found[BURST];              // in the line
};

static inlined void step_root(const struct sl_trie *t, const uint8_t *keys, struct steps *s,
			      size_t i)
{
	const uint8_t *key = keys + i * 16;
	const uint32_t *entry = &t->root.wide[load_be32(key) >> 8];

	s->below[i] = *entry & SL_TRIE_CHUNK ? sl_trie_full(&t->chunks, *entry) + key[FULL_BYTE]
					     : entry;
	__builtin_prefetch(s->below[i]);
}

static inlined void step_full(const struct sl_trie *t, const uint8_t *keys, struct steps *s,
			      size_t i)
{
	s->entries[i] = *s->below[i];
	s->lines[i] = sl_trie_runs(&t->chunks, s->entries[i], keys[i * 16 + RUNS_BYTE]);
	__builtin_prefetch(s->lines[i]);
}

static inlined void step_runs(const uint8_t *keys, struct steps *s, size_t i)
{
	s->found[i] = sl_runs_get(s->lines[i], load_be16(keys + i * 16 + RUNS_BYTE));
}

// Four lookups from i on: where there were runs, what was found in them counts. Returns a bit for
// each whose entry is no leaf.
static inlined uint64_t step_end(struct steps *s, size_t i)
{
	const __m128i full = _mm_set1_epi32((int32_t)(SL_TRIE_CHUNK | SL_TRIE_FULL));
	__m128i *entries = (__m128i *)&s->entries[i], entry = _mm_loadu_si128(entries);
	__m128i found = _mm_loadu_si128((const __m128i *)&s->found[i]);
	__m128i is_runs = _mm_cmplt_epi32(entry, full); // signed: CHUNK makes it negative

	entry = _mm_blendv_epi8(entry, found, is_runs);
	_mm_storeu_si128(entries, entry);
	entry = _mm_cmplt_epi32(entry, _mm_set1_epi32(1)); // a chunk, or nothing
	return (uint64_t)_mm_movemask_ps(_mm_castsi128_ps(entry)) << i;
}

// Go on from the entry that a line of runs has led to; or that has none, being in full: then it is
// where the line was looked for.
static uint32_t step_last(const struct sl_trie *t, const uint8_t *keys, const struct steps *s,
			  size_t i)
{
	const uint8_t *key = keys + i * 16;
	uint32_t entry = s->entries[i];
	bool is_next = sl_trie_is_full(entry) &&
		       sl_trie_runs(&t->chunks, entry, key[RUNS_BYTE]) == s->lines[i];

	return finish(t, key, entry, is_next ? RUNS_BYTE : BEHIND_RUNS);
}

// While the cache lines for one half of the burst are on their way, the other half does the step
// before, or behind.
static inlined void go_down(const struct sl_trie *t, const uint8_t *keys, struct steps *s, size_t n)
{
	size_t half = (n + 1) / 2, rest = n - half;

	for (size_t i = 0; i < half; i++)
		step_root(t, keys, s, i);
	for (size_t i = 0; i < rest; i++) {
		step_root(t, keys, s, half + i);
		step_full(t, keys, s, i);
	}
	for (size_t i = 0; i < half; i++) {
		step_full(t, keys, s, rest + i);
		step_runs(keys, s, i);
	}
	for (size_t i = half; i < n; i++)
		step_runs(keys, s, i);
}

// Most go on, through a chunk in full and one of runs, and end there.
static void lookup_ipv6(const struct sl_trie *t, const uint8_t *keys, uint32_t *values, unsigned n)
{
	struct steps s;
	uint64_t going = 0;

	go_down(t, keys, &s, n);
	for (size_t i = 0; i < n; i += 4)
		going |= step_end(&s, i);
	going &= n < BURST ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
	for (size_t i = 0; i < n; i++)
		values[i] = s.entries[i] & (SL_TRIE_VALUES - 1);
	for (uint64_t g = going; g; g &= g - 1)
		__builtin_prefetch(&t->chunks.lines[sl_trie_line(s.entries[__builtin_ctzll(g)])]);
	for (uint64_t g = going; g; g &= g - 1) {
		unsigned i = (unsigned)__builtin_ctzll(g);

		values[i] = step_last(t, keys, &s, i);
	}
}

void sl_trie_lookup(const struct sl_trie *t, const uint8_t *keys, uint32_t *values, unsigned n)
{
	if (t->key_len == 4)
		lookup_ipv4(t, keys, values, n);
	else
		lookup_ipv6(t, keys, values, n);
}
