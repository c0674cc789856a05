// What the trie promises on its own: lines are never more than allowed, come back when nothing
// ends in them, and removals find room. test_fib.c compares lookups with a list.

#include "core/ip/trie.h"
#include "core/proto/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
	MANY = 256,
	BURST = 64,
};

// Number i of prefixes of 48 bits side by side, in one of 32, and one of 56 in each.
static void key_of(unsigned i, uint8_t *key)
{
	memset(key, 0, 16);
	store_be32(key, 0x20010db8);
	store_be16(key + 4, (uint16_t)i);
	key[6] = 0x80;
}

static uint32_t look(const struct sl_trie *t, const uint8_t *key)
{
	_Alignas(4) uint8_t copy[16];
	uint32_t value;

	memcpy(copy, key, sizeof(copy));
	sl_trie_lookup(t, copy, &value, 1);
	return value;
}

// Whoever removes every other one of many like prefixes must not need more than was there.
static void removals_among_like_neighbours_need_no_line(void **state)
{
	struct sl_trie *t = sl_trie_create(16, 2 + MANY, 0);
	uint8_t key[16];
	uint32_t lines;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		key_of(i, key);
		assert_int_equal(sl_trie_add(t, key, 48, 7), 0);
	}
	lines = sl_trie_lines(t);
	for (unsigned i = 0; i < MANY; i += 2) {
		key_of(i, key);
		sl_trie_remove(t, key, 48, 0, 0);
		assert_true(sl_trie_lines(t) <= lines);
	}
	for (unsigned i = 0; i < MANY; i++) {
		key_of(i, key);
		assert_int_equal(look(t, key), i % 2 ? 7 : 0);
	}
	for (unsigned i = 1; i < MANY; i += 2) {
		key_of(i, key);
		sl_trie_remove(t, key, 48, 0, 0);
	}
	assert_int_equal(sl_trie_lines(t), 0);
	sl_trie_destroy(t);
}

// Add as many prefixes as find room, each under its own chunk; what is there stays as it was.
static void lines_stay_below_the_limit(void **state)
{
	(void)state;
	for (unsigned most = 1; most < 800; most += 1 + most / 16) {
		struct sl_trie *t = sl_trie_create(16, most, 0);
		bool added[MANY];
		uint8_t key[16];

		for (unsigned i = 0; i < MANY; i++) {
			key_of(257 * i, key);
			added[i] = sl_trie_add(t, key, 56, 1 + i) == 0;
			assert_true(sl_trie_lines(t) <= most);
		}
		for (unsigned i = 0; i < MANY; i++) {
			key_of(257 * i, key);
			assert_int_equal(look(t, key), added[i] ? 1 + i : 0);
			if (added[i])
				sl_trie_remove(t, key, 56, 0, 0);
			assert_true(sl_trie_lines(t) <= most);
		}
		assert_int_equal(sl_trie_lines(t), 0);
		sl_trie_destroy(t);
	}
}

// A chunk of many runs is kept in full, and as a line of them again when few are left.
static void chunks_come_back_as_prefixes_go(void **state)
{
	struct sl_trie *t = sl_trie_create(16, 4 * MANY, 0);
	uint8_t key[16];
	uint32_t most;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		key_of(257 * i, key);
		assert_int_equal(sl_trie_add(t, key, 48, 1 + i), 0);
	}
	most = sl_trie_lines(t);
	for (unsigned i = 4; i < MANY; i++) {
		key_of(257 * i, key);
		sl_trie_remove(t, key, 48, 0, 0);
	}
	assert_true(most > MANY);
	assert_int_equal(sl_trie_lines(t), 16 + 1);
	for (unsigned i = 0; i < MANY; i++) {
		key_of(257 * i, key);
		assert_int_equal(look(t, key), i < 4 ? 1 + i : 0);
	}
	sl_trie_destroy(t);
}

// Below 48 bits a prefix takes a line for itself; a second one makes a line of each two bytes that
// they share.
static void a_lone_prefix_takes_one_line(void **state)
{
	struct sl_trie *t = sl_trie_create(16, 100, 0);
	uint8_t first[16], second[16];

	(void)state;
	key_of(7, first);
	memcpy(second, first, sizeof(second));
	second[15] ^= 1;
	assert_int_equal(sl_trie_add(t, first, 128, 1), 0);
	assert_int_equal(sl_trie_lines(t), 16 + 1 + 1);
	assert_int_equal(look(t, first), 1);
	assert_int_equal(look(t, second), 0);
	assert_int_equal(sl_trie_add(t, second, 128, 2), 0);
	assert_int_equal(sl_trie_lines(t), 16 + 1 + 5);
	sl_trie_replace(t, first, 128, 3);
	assert_int_equal(look(t, first), 3);
	assert_int_equal(look(t, second), 2);
	sl_trie_remove(t, first, 128, 0, 0);
	assert_int_equal(look(t, first), 0);
	assert_int_equal(look(t, second), 2);
	sl_trie_remove(t, second, 128, 0, 0);
	assert_int_equal(sl_trie_lines(t), 0);
	sl_trie_destroy(t);
}

// A lone prefix knows what is around it, also when that changes.
static void what_is_around_a_lone_prefix_changes(void **state)
{
	struct sl_trie *t = sl_trie_create(16, 100, 0);
	uint8_t inside[16], outside[16];

	(void)state;
	key_of(7, inside);
	memcpy(outside, inside, sizeof(outside));
	outside[7] = 1;
	assert_int_equal(sl_trie_add(t, inside, 64, 1), 0);
	assert_int_equal(look(t, outside), 0);
	assert_int_equal(sl_trie_add(t, inside, 48, 2), 0);
	assert_int_equal(sl_trie_add(t, inside, 20, 3), 0);
	assert_int_equal(look(t, outside), 2);
	sl_trie_replace(t, inside, 64, 4);
	sl_trie_remove(t, inside, 48, 3, 20);
	assert_int_equal(look(t, outside), 3);
	assert_int_equal(look(t, inside), 4);
	sl_trie_remove(t, inside, 64, 3, 20);
	assert_int_equal(look(t, inside), 3);
	assert_int_equal(sl_trie_lines(t), 0);
	sl_trie_destroy(t);
}

// All addresses of a /24 fit in a chunk in full.
static void an_ipv4_network_needs_one_chunk(void **state)
{
	struct sl_trie *t = sl_trie_create(4, MANY, 0);
	_Alignas(4) uint8_t keys[BURST * 4];
	uint32_t values[BURST];

	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		store_be32(keys, 0x0a010200 + i * 151 % 256);
		assert_int_equal(sl_trie_add(t, keys, 32, 1 + i), 0);
	}
	assert_int_equal(sl_trie_lines(t), 16);
	for (unsigned i = 0; i < BURST; i++)
		store_be32(keys + 4 * i, 0x0a010200 + i * 151 % 256);
	sl_trie_lookup(t, keys, values, BURST);
	for (unsigned i = 0; i < BURST; i++)
		assert_int_equal(values[i], 1 + i);
	sl_trie_destroy(t);
}

// The values around the ones that the first table keeps in two bytes, and the largest, for every
// length.
static void every_value_is_found(void **state)
{
	static const uint32_t set[] = {1,     32766, 32767, 32768,
				       32769, 65535, 65536, SL_TRIE_VALUES - 1};
	_Alignas(4) const uint8_t key[16] = {0x20, 1, 0x0d, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9};

	(void)state;
	for (unsigned len = 4; len <= 16; len += 12) {
		struct sl_trie *t = sl_trie_create(len, 2000, 0);

		for (unsigned i = 0; i < sizeof(set) / sizeof(set[0]); i++) {
			for (unsigned depth = 0; depth <= 8 * len; depth++) {
				assert_int_equal(sl_trie_add(t, key, depth, set[i]), 0);
				assert_int_equal(look(t, key), set[i]);
			}
			for (unsigned depth = 8 * len; depth > 0; depth--) {
				sl_trie_remove(t, key, depth, set[i], depth - 1);
				assert_int_equal(look(t, key), set[i]);
			}
			sl_trie_remove(t, key, 0, 0, 0);
			assert_int_equal(look(t, key), 0);
			assert_int_equal(sl_trie_lines(t), 0);
		}
		sl_trie_destroy(t);
	}
}

// Runs in the trie's very first line, to which a line of runs leads: its entry is the least there
// is.
static void the_first_line_is_found(void **state)
{
	struct sl_trie *t = sl_trie_create(16, 100, 0);
	uint8_t first[16], second[16];

	(void)state;
	key_of(7, first);
	key_of(7, second);
	second[7] = 1;
	assert_int_equal(sl_trie_add(t, first, 64, 1), 0);
	assert_int_equal(sl_trie_add(t, second, 64, 2), 0);
	assert_int_equal(look(t, first), 1);
	assert_int_equal(look(t, second), 2);
	sl_trie_destroy(t);
}

// Each address has a prefix that ends at another step of the lookup than the next one's; what is
// behind the values of a burst stays as it was.
static void bursts_of_every_size_are_looked_up(void **state)
{
	static const uint8_t depths[] = {128, 48, 29, 64, 32, 20, 46};
	struct sl_trie *t = sl_trie_create(16, 40 * BURST, 0);
	_Alignas(4) uint8_t keys[BURST * 16] = {0};
	uint32_t values[BURST + 1];

	(void)state;
	assert_int_equal(sl_trie_add(t, keys, 1, 1 + BURST), 0);
	for (unsigned i = 0; i < BURST; i++) {
		unsigned depth = depths[i % sizeof(depths)];

		store_be32(keys + 16 * i, i << 20);
		if (i > 0)
			assert_int_equal(sl_trie_add(t, keys + 16 * i, depth, 1 + i), 0);
	}
	for (unsigned n = 1; n <= BURST; n++) {
		values[n] = 0;
		sl_trie_lookup(t, keys, values, n);
		assert_int_equal(values[0], 1 + BURST);
		for (unsigned i = 1; i < n; i++)
			assert_int_equal(values[i], 1 + i);
		assert_int_equal(values[n], 0);
	}
	sl_trie_destroy(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(removals_among_like_neighbours_need_no_line),
		cmocka_unit_test(lines_stay_below_the_limit),
		cmocka_unit_test(chunks_come_back_as_prefixes_go),
		cmocka_unit_test(a_lone_prefix_takes_one_line),
		cmocka_unit_test(what_is_around_a_lone_prefix_changes),
		cmocka_unit_test(an_ipv4_network_needs_one_chunk),
		cmocka_unit_test(every_value_is_found),
		cmocka_unit_test(the_first_line_is_found),
		cmocka_unit_test(bursts_of_every_size_are_looked_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
