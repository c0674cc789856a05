#include "simd/aead.h"
#include "tests/simd/aead_packets.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	VECTORS = 1024 + 80, // two vectors of AVX-512 and a tail
};

// Nothing in front of the output or behind it was written.
static void assert_frame_is_whole(unsigned i)
{
	const uint8_t *start = packets[i].sealed, *end = start + sizeof(packets[i].sealed);
	bool whole = true;

	for (const uint8_t *p = start; p < items[i].out; p++)
		whole &= *p == AEAD_OUTPUT;
	for (const uint8_t *p = items[i].out + items[i].len; p < end; p++)
		whole &= *p == AEAD_OUTPUT;
	assert_true(whole);
}

// Seal items 0 to n - 1, compare with the reference, open them again.
static void check_burst(const struct sl_simd_kernels *k, unsigned n)
{
	sl_aead_seal_with(k, items, n);
	for (unsigned i = 0; i < n; i++) {
		assert_memory_equal(items[i].out, packets[i].expected, items[i].len);
		assert_memory_equal(items[i].tag, packets[i].expected_tag, SL_AEAD_TAG);
		assert_frame_is_whole(i);
		turn_to_open(i);
	}
	assert_int_equal(sl_aead_open_with(k, items, n), n);
	for (unsigned i = 0; i < n; i++) {
		assert_true(items[i].ok);
		assert_memory_equal(items[i].out,
				    packets[i].plain + (items[i].aad - packets[i].aad),
				    items[i].len);
	}
}

static void check_lengths(const struct sl_simd_kernels *k)
{
	for (uint32_t len = 0; len <= VECTORS; len++) {
		for (unsigned i = 0; i < 64; i++)
			set_item(i, len, 0, i);
		check_burst(k, 64);
	}
}

static void every_length_at_every_offset_seals_as_libsodium(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 64; i++)
		fill_random(packets[i].plain, sizeof(packets[i].plain));
	for_each_level(check_lengths);
}

static void text_of_zeroes_seals_as_libsodium(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 64; i++)
		memset(packets[i].plain, 0, sizeof(packets[i].plain));
	for_each_level(check_lengths);
}

static void text_of_ones_seals_as_libsodium(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 64; i++)
		memset(packets[i].plain, 0xff, sizeof(packets[i].plain));
	for_each_level(check_lengths);
}

static void check_few(const struct sl_simd_kernels *k)
{
	for (uint32_t len = 0; len <= AEAD_ROOM; len++) {
		for (unsigned n = 1; n <= 2; n++) {
			for (unsigned i = 0; i < n; i++)
				set_item(i, len, len % 37, len % 64);
			check_burst(k, n);
		}
	}
}

static void one_or_two_packets_of_every_length_seal_as_libsodium(void **state)
{
	(void)state;
	for_each_level(check_few);
}

static void check_aad(const struct sl_simd_kernels *k)
{
	for (uint32_t aad_len = 0; aad_len <= 600; aad_len++) {
		for (unsigned i = 0; i < 9; i++)
			set_item(i, i * 59, i == 4 ? 0 : aad_len, i);
		check_burst(k, 9);
	}
}

static void every_length_of_additional_data_seals_as_libsodium(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 9; i++)
		fill_random(packets[i].aad, sizeof(packets[i].aad));
	for_each_level(check_aad);
}

static uint32_t mixed_length(void)
{
	static const uint32_t below[] = {2, 65, 128, 300, 800, 1500, AEAD_ROOM};

	return random_below(below[random_below(7)]);
}

static void check_mixed(const struct sl_simd_kernels *k)
{
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned n = 0; n <= 64; n++) {
			for (unsigned i = 0; i < n; i++) {
				uint32_t aad_len = random_below(2) ? 0 : random_below(70);

				set_item(i, mixed_length(), aad_len, random_below(64));
			}
			check_burst(k, n);
		}
	}
}

static void mixed_bursts_seal_as_libsodium(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		fill_random(packets[i].plain, sizeof(packets[i].plain));
		fill_random(packets[i].aad, sizeof(packets[i].aad));
	}
	for_each_level(check_mixed);
}

static void check_more_than_a_burst(const struct sl_simd_kernels *k)
{
	static const unsigned counts[] = {65, 127, 128, 129, AEAD_ITEMS};

	for (unsigned c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		for (unsigned i = 0; i < counts[c]; i++)
			set_item(i, mixed_length(), random_below(20), i % 64);
		check_burst(k, counts[c]);
	}
}

static void more_items_than_a_burst_are_taken_in_passes(void **state)
{
	(void)state;
	for_each_level(check_more_than_a_burst);
}

static void check_in_place(const struct sl_simd_kernels *k)
{
	for (uint32_t len = 0; len < 700; len += 3) {
		for (unsigned i = 0; i < 40; i++) {
			set_item(i, len + i, 5, i);
			memcpy(packets[i].opened, items[i].in, items[i].len);
			items[i].out = packets[i].plain + i;
		}
		sl_aead_seal_with(k, items, 40);
		for (unsigned i = 0; i < 40; i++) {
			assert_memory_equal(items[i].out, packets[i].expected, items[i].len);
			assert_memory_equal(items[i].tag, packets[i].expected_tag, SL_AEAD_TAG);
		}
		assert_int_equal(sl_aead_open_with(k, items, 40), 40);
		for (unsigned i = 0; i < 40; i++)
			assert_memory_equal(items[i].out, packets[i].opened, items[i].len);
	}
}

static void packets_are_sealed_and_opened_in_place(void **state)
{
	(void)state;
	for_each_level(check_in_place);
}

static void check_largest(const struct sl_simd_kernels *k)
{
	static uint8_t text[3][70000], expected[70000];
	static const uint32_t lengths[] = {8192, 16384, 65519, 65535, 65536, 70000};
	uint8_t tag[3][SL_AEAD_TAG], expected_tag[SL_AEAD_TAG];

	for (unsigned l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
		memset(text, 0x5c, sizeof(text));
		for (unsigned i = 0; i < 3; i++) {
			set_item(i, 0, 13, 0);
			items[i].len = lengths[l];
			items[i].in = items[i].out = text[i];
			items[i].tag = tag[i];
		}
		items[2].key = items[1].key = items[0].key;
		memcpy(items[1].nonce, items[0].nonce, SL_AEAD_NONCE);
		memcpy(items[2].nonce, items[0].nonce, SL_AEAD_NONCE);
		reference_seal(&items[0], expected, expected_tag);
		sl_aead_seal_with(k, items, 3);
		for (unsigned i = 0; i < 3; i++)
			assert_memory_equal(text[i], expected, lengths[l]);
		assert_memory_equal(tag[0], expected_tag, SL_AEAD_TAG);
	}
}

static void largest_packets_seal_as_libsodium(void **state)
{
	(void)state;
	for_each_level(check_largest);
}
static int setup(void **state)
{
	(void)state;
	return sodium_init() < 0;
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_at_every_offset_seals_as_libsodium),
		cmocka_unit_test(text_of_zeroes_seals_as_libsodium),
		cmocka_unit_test(text_of_ones_seals_as_libsodium),
		cmocka_unit_test(one_or_two_packets_of_every_length_seal_as_libsodium),
		cmocka_unit_test(every_length_of_additional_data_seals_as_libsodium),
		cmocka_unit_test(mixed_bursts_seal_as_libsodium),
		cmocka_unit_test(more_items_than_a_burst_are_taken_in_passes),
		cmocka_unit_test(packets_are_sealed_and_opened_in_place),
		cmocka_unit_test(largest_packets_seal_as_libsodium),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
