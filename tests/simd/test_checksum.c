#include "simd/checksum.h"
#include "tests/simd/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
	SIZE = 1 << 16,
	LENGTHS = 1200, // through every loop of every kernel: alignment, four vectors, one, a tail
	LONG = 2040,    // and around where kernels go another way
	LONGER = 2240,
};

typedef uint16_t (*kernel)(const void *data, size_t len, uint32_t initial);

static struct guard mem;

static void fill_random(uint8_t *p, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		p[i] = (uint8_t)(seed >> 24);
	}
}

static enum sl_simd_level best(void)
{
	return sl_simd_level_best(sl_simd_cpu_detect());
}

static uint16_t sum_short(const void *data, size_t len, uint32_t initial)
{
	return sl_checksum_sum_short(data, len, initial);
}

static uint16_t sum_dispatched(const void *data, size_t len, uint32_t initial)
{
	return sl_checksum_sum(data, len, initial);
}

// Call check for everything that claims to be the same function.
static void for_each_kernel(void (*check)(kernel k))
{
	for (enum sl_simd_level i = SL_SIMD_SSE; i <= best(); i++)
		check(sl_simd_level_kernels(i)->checksum_sum);
	check(sum_short);
	check(sum_dispatched);
}

static void check_lengths_and_offsets(kernel k)
{
	for (size_t offset = 0; offset < 64; offset++) {
		for (size_t len = 0; len <= LONGER; len = len == LENGTHS ? LONG : len + 1) {
			const uint8_t *p = mem.first + offset;

			assert_int_equal(k(p, len, 0), sl_checksum_sum_scalar(p, len, 0));
		}
	}
}

static void random_bytes_sum_as_the_reference_does(void **state)
{
	(void)state;
	fill_random(mem.first, SIZE, 1);
	for_each_kernel(check_lengths_and_offsets);
}

static void ones_sum_as_the_reference_does(void **state)
{
	(void)state;
	memset(mem.first, 0xff, SIZE);
	for_each_kernel(check_lengths_and_offsets);
}

static void zeroes_sum_as_the_reference_does(void **state)
{
	(void)state;
	memset(mem.first, 0, SIZE);
	for_each_kernel(check_lengths_and_offsets);
}

static void check_guards(kernel k)
{
	for (size_t len = 0; len <= LONGER; len++) {
		assert_int_equal(k(mem.first, len, 7), sl_checksum_sum_scalar(mem.first, len, 7));
		assert_int_equal(k(mem.end - len, len, 7),
				 sl_checksum_sum_scalar(mem.end - len, len, 7));
	}
}

static void nothing_outside_the_data_is_read(void **state)
{
	(void)state;
	fill_random(mem.first, SIZE, 2);
	for_each_kernel(check_guards);
}

static void check_long(kernel k)
{
	static const size_t lengths[] = {4095,  4096,  9000,  9001,  15999, 16000, 16001, 16002,
					 17023, 17024, 17025, 32000, 32001, 32767, 32768, 32769,
					 33791, 33792, 33793, 33800, 65534, 65535, 65536};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		assert_int_equal(
			k(mem.end - lengths[i], lengths[i], UINT32_MAX),
			sl_checksum_sum_scalar(mem.end - lengths[i], lengths[i], UINT32_MAX));
}

static void long_data_and_the_largest_initial_do_not_overflow(void **state)
{
	(void)state;
	memset(mem.first, 0xff, SIZE);
	for_each_kernel(check_long);
	fill_random(mem.first, SIZE, 3);
	for_each_kernel(check_long);
}

static void check_parts(kernel k)
{
	for (size_t len = 0; len < 600; len++)
		for (size_t cut = 0; cut <= len; cut += 2)
			assert_int_equal(k(mem.first + cut, len - cut, k(mem.first, cut, 0)),
					 k(mem.first, len, 0));
}

static void parts_of_even_length_sum_as_the_whole(void **state)
{
	(void)state;
	fill_random(mem.first, SIZE, 4);
	for_each_kernel(check_parts);
}

static void check_single_bits(kernel k)
{
	memset(mem.first, 0, 1024);
	for (size_t bit = 0; bit < 1024 * 8; bit++) {
		mem.first[bit / 8] = (uint8_t)(1 << bit % 8);
		assert_int_equal(k(mem.first, 1024, 0), sl_checksum_sum_scalar(mem.first, 1024, 0));
		assert_int_not_equal(k(mem.first, 1024, 0), 0);
		mem.first[bit / 8] = 0;
	}
	assert_int_equal(k(mem.first, 1024, 0), 0);
}

static void only_zeroes_sum_to_zero(void **state)
{
	(void)state;
	for_each_kernel(check_single_bits);
}

static void rfc1071_example_sums_to_ddf2(void **state)
{
	static const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	uint16_t sum = sl_checksum_sum(data, sizeof(data), 0);

	(void)state;
	assert_memory_equal(&sum, "\xdd\xf2", 2);
}

static void header_with_its_checksum_sums_to_all_ones(void **state)
{
	uint8_t header[20] = {0x45, 0, 0,   0x73, 0, 0, 0x40, 0,   0x40, 0x11,
			      0,    0, 192, 168,  0, 1, 192,  168, 0,    199};
	uint16_t sum = (uint16_t)~sl_checksum_sum(header, sizeof(header), 0);

	(void)state;
	memcpy(header + 10, &sum, 2);
	assert_memory_equal(header + 10, "\xb8\x61", 2);
	assert_int_equal(sl_checksum_sum(header, sizeof(header), 0), 0xffff);
}

// Every sum there is, of lengths with and without a tail.
static void short_data_is_good_where_it_sums_to_all_ones(void **state)
{
	uint8_t *p = mem.first;

	(void)state;
	fill_random(p, SIZE, 5);
	for (size_t len = 2; len <= 48; len += 9) {
		for (unsigned word = 0; word <= UINT16_MAX; word++) {
			p[0] = (uint8_t)word;
			p[1] = (uint8_t)(word >> 8);
			assert_int_equal(sl_checksum_good_short(p, len, 7),
					 sl_checksum_sum_short(p, len, 7) == 0xffff);
		}
	}
	memset(p, 0xff, 20);
	assert_true(sl_checksum_good_short(p, 20, 0));
}

static int setup(void **state)
{
	(void)state;
	mem = guard_create(SIZE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	guard_destroy(mem);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_bytes_sum_as_the_reference_does),
		cmocka_unit_test(ones_sum_as_the_reference_does),
		cmocka_unit_test(zeroes_sum_as_the_reference_does),
		cmocka_unit_test(nothing_outside_the_data_is_read),
		cmocka_unit_test(long_data_and_the_largest_initial_do_not_overflow),
		cmocka_unit_test(parts_of_even_length_sum_as_the_whole),
		cmocka_unit_test(only_zeroes_sum_to_zero),
		cmocka_unit_test(rfc1071_example_sums_to_ddf2),
		cmocka_unit_test(header_with_its_checksum_sums_to_all_ones),
		cmocka_unit_test(short_data_is_good_where_it_sums_to_all_ones),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
