// The first table beside a plain one.

#include "core/ip/trie_chunk.h"
#include "core/ip/trie_root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
	PART = 1 << SL_TRIE_PART_BITS,
	SPAN = 2 * PART, // entries tested: a part and its neighbour
	OPERATIONS = 300000,
};

static struct sl_trie_root *make(int init(struct sl_trie_root *, bool))
{
	struct sl_trie_root *r = malloc(sizeof(*r));

	assert_int_equal(init(r, false), 0);
	return r;
}

static void destroy(struct sl_trie_root *r)
{
	sl_trie_root_fini(r);
	free(r);
}

// None, a leaf of any length with a short value or a long one, or a chunk.
static uint32_t random_entry(void)
{
	uint32_t depth = (uint32_t)(8 + rand() % 17) << SL_TRIE_DEPTH_SHIFT;

	switch (rand() % 4) {
	case 0:
		return 0;
	case 1:
		return depth | (uint32_t)(1 + rand() % (SL_TRIE_LEAF - 1));
	case 2:
		return depth | (uint32_t)(SL_TRIE_LEAF + rand() % (1 << 22));
	default:
		return SL_TRIE_CHUNK | (uint32_t)rand();
	}
}

static void compare(struct sl_trie_root *r)
{
	uint32_t *naive = calloc(SPAN, sizeof(*naive)), first = 5 * PART;

	for (unsigned i = 0; i < OPERATIONS; i++) {
		uint32_t at = (uint32_t)rand() % SPAN;

		naive[at] = random_entry();
		sl_trie_root_set(r, first + at, naive[at]);
	}
	for (unsigned i = 0; i < SPAN; i++) {
		uint16_t quick = r->quick ? r->quick[first + i] : SL_TRIE_LEAF;

		assert_int_equal(sl_trie_root_get(r, first + i), naive[i]);
		if (!(quick & SL_TRIE_LEAF))
			assert_int_equal(sl_trie_root_wide(r, first + i, quick), naive[i]);
	}
	assert_int_equal(sl_trie_root_get(r, first - 1), 0);
	assert_int_equal(sl_trie_root_get(r, first + SPAN), 0);
	destroy(r);
	free(naive);
}

static void entries_are_what_was_set_last(void **state)
{
	(void)state;
	compare(make(sl_trie_root_init));
	compare(make(sl_trie_root_init_plain));
}

static void a_part_has_room_for_nothing_but_chunks(void **state)
{
	struct sl_trie_root *r = make(sl_trie_root_init);

	(void)state;
	for (unsigned turn = 0; turn < 3; turn++) {
		for (uint32_t i = 0; i < SPAN; i++)
			sl_trie_root_set(r, i, SL_TRIE_CHUNK | (turn + i));
		for (uint32_t i = 0; i < SPAN; i++)
			assert_int_equal(sl_trie_root_get(r, i), SL_TRIE_CHUNK | (turn + i));
		for (uint32_t i = 0; i < SPAN; i++)
			sl_trie_root_set(r, i, 0);
		assert_int_equal(r->fresh[0], PART);
	}
	destroy(r);
}

// As when what else a trie needs finds no memory.
static void memory_is_given_back_once(void **state)
{
	struct sl_trie_root *r = make(sl_trie_root_init);

	(void)state;
	sl_trie_root_fini(r);
	assert_null(r->quick);
	assert_null(r->depths);
	assert_null(r->wide);
	destroy(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_what_was_set_last),
		cmocka_unit_test(a_part_has_room_for_nothing_but_chunks),
		cmocka_unit_test(memory_is_given_back_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
