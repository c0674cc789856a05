#include "core/noise/blake2s.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void hash(uint8_t *out, size_t size, const void *key, size_t key_len, const void *data,
		 size_t len)
{
	struct sl_blake2s s;

	sl_blake2s_init(&s, size, key, key_len);
	sl_blake2s_update(&s, data, len);
	sl_blake2s_final(&s, out);
}

// selftest_seq of RFC 7693 appendix E.
static void sequence(uint8_t *out, size_t len, uint32_t seed)
{
	uint32_t a = 0xdead4bad * seed, b = 1;

	for (size_t i = 0; i < len; i++) {
		uint32_t t = a + b;

		a = b;
		b = t;
		out[i] = (uint8_t)(t >> 24);
	}
}

static void abc_is_as_in_appendix_b(void **state)
{
	static const uint8_t wanted[32] = {0x50, 0x8c, 0x5e, 0x8c, 0x32, 0x7c, 0x14, 0xe2,
					   0xe1, 0xa7, 0x2b, 0xa3, 0x4e, 0xeb, 0x45, 0x2f,
					   0x37, 0x45, 0x8b, 0x20, 0x9e, 0xd6, 0x3a, 0x29,
					   0x4d, 0x99, 0x9b, 0x4c, 0x86, 0x67, 0x59, 0x82};
	uint8_t out[32];

	(void)state;
	hash(out, 32, NULL, 0, "abc", 3);
	assert_memory_equal(out, wanted, 32);
}

static void the_self_test_of_appendix_e_passes(void **state)
{
	static const uint8_t wanted[32] = {0x6a, 0x41, 0x1f, 0x08, 0xce, 0x25, 0xad, 0xcd,
					   0xfb, 0x02, 0xab, 0xa6, 0x41, 0x45, 0x1c, 0xec,
					   0x53, 0xc5, 0x98, 0xb2, 0x4f, 0x4f, 0xc7, 0x87,
					   0xfb, 0xdc, 0x88, 0x79, 0x7f, 0x4c, 0x1d, 0xfe};
	static const size_t sizes[] = {16, 20, 28, 32}, lengths[] = {0, 3, 64, 65, 255, 1024};
	uint8_t data[1024], key[32], out[32];
	struct sl_blake2s all;

	(void)state;
	sl_blake2s_init(&all, 32, NULL, 0);
	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < 6; j++) {
			sequence(data, lengths[j], (uint32_t)lengths[j]);
			hash(out, sizes[i], NULL, 0, data, lengths[j]);
			sl_blake2s_update(&all, out, sizes[i]);
			sequence(key, sizes[i], (uint32_t)sizes[i]);
			hash(out, sizes[i], key, sizes[i], data, lengths[j]);
			sl_blake2s_update(&all, out, sizes[i]);
		}
	sl_blake2s_final(&all, out);
	assert_memory_equal(out, wanted, 32);
}

// The wanted hash is what Python's hashlib makes of the same loops.
static void every_size_and_key_length_is_right(void **state)
{
	static const uint8_t wanted[32] = {0xb3, 0xd5, 0x96, 0x5a, 0x01, 0x8d, 0x4d, 0x0f,
					   0x44, 0x66, 0x19, 0xdc, 0x1b, 0xef, 0x76, 0x39,
					   0xcf, 0xf0, 0xf1, 0xa4, 0x19, 0xc2, 0x25, 0xcc,
					   0x22, 0x43, 0xd4, 0xb9, 0x67, 0x03, 0xcc, 0x92};
	static const size_t lengths[] = {0, 1, 63, 64, 65, 127, 128, 129, 200};
	uint8_t data[200], key[32], out[32];
	struct sl_blake2s all;

	(void)state;
	sl_blake2s_init(&all, 32, NULL, 0);
	for (size_t size = 1; size <= 32; size++)
		for (size_t key_len = 0; key_len <= 32; key_len++)
			for (size_t i = 0; i < 9; i++) {
				sequence(key, key_len, (uint32_t)key_len + 1);
				sequence(data, lengths[i], (uint32_t)lengths[i] + 1);
				hash(out, size, key, key_len, data, lengths[i]);
				sl_blake2s_update(&all, out, size);
			}
	sl_blake2s_final(&all, out);
	assert_memory_equal(out, wanted, 32);
}

static void pieces_make_the_same_hash(void **state)
{
	uint8_t data[200], whole[32], out[32];
	struct sl_blake2s s;

	(void)state;
	sequence(data, sizeof(data), 1);
	hash(whole, 32, data, 32, data, sizeof(data));
	for (size_t cut = 0; cut <= sizeof(data); cut++) {
		sl_blake2s_init(&s, 32, data, 32);
		sl_blake2s_update(&s, data, cut);
		sl_blake2s_update(&s, data + cut, sizeof(data) - cut);
		sl_blake2s_final(&s, out);
		assert_memory_equal(out, whole, 32);
	}
}

static void final_wipes_the_state(void **state)
{
	static const struct sl_blake2s zeros;
	struct sl_blake2s s;
	uint8_t out[32];

	(void)state;
	sl_blake2s_init(&s, 32, "key", 3);
	sl_blake2s_update(&s, "secret", 6);
	sl_blake2s_final(&s, out);
	assert_memory_equal(&s, &zeros, sizeof(s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abc_is_as_in_appendix_b),
		cmocka_unit_test(the_self_test_of_appendix_e_passes),
		cmocka_unit_test(every_size_and_key_length_is_right),
		cmocka_unit_test(pieces_make_the_same_hash),
		cmocka_unit_test(final_wipes_the_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
