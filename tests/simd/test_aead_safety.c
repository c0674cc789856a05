// What attackers try, and what must not leak: forged packets, buffers' ends, the stack.
#include "simd/aead.h"
#include "tests/simd/aead_packets.h"
#include "tests/simd/guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// Item 0 has key, additional data, both texts and tag each against a page that no one may touch.
static void set_guarded_item(const struct guard *g, uint32_t len, bool at_end)
{
	const uint32_t aad_len = len % 50;

	set_item(0, len, aad_len, 0);
	items[0].in = at_end ? g[0].end - len : g[0].first;
	items[0].out = at_end ? g[1].end - len : g[1].first;
	items[0].aad = at_end ? g[2].end - aad_len : g[2].first;
	items[0].tag = at_end ? g[3].end - SL_AEAD_TAG : g[3].first;
	items[0].key = at_end ? g[4].end - SL_AEAD_KEY : g[4].first;
}

static void check_guards_at(const struct sl_simd_kernels *k, const struct guard *g, bool at_end)
{
	for (uint32_t len = 0; len <= 600; len++) {
		for (unsigned n = 2; n <= 9; n += 7) {
			set_guarded_item(g, len, at_end);
			for (unsigned i = 1; i < n; i++)
				set_item(i, i * 40, 3, 0);
			sl_aead_seal_with(k, items, n);
			for (unsigned i = 1; i < n; i++)
				turn_to_open(i);
			items[0].in = items[0].out;
			items[0].out = at_end ? g[0].end - len : g[0].first;
			assert_int_equal(sl_aead_open_with(k, items, n), n);
			items[0].tag[3] ^= 1;
			assert_int_equal(sl_aead_open_with(k, items, n), n - 1);
		}
	}
}

static void check_guards(const struct sl_simd_kernels *k)
{
	struct guard g[5];

	for (unsigned i = 0; i < 5; i++)
		g[i] = guard_create(4096);
	check_guards_at(k, g, false);
	check_guards_at(k, g, true);
	for (unsigned i = 0; i < 5; i++)
		guard_destroy(g[i]);
}

static void nothing_outside_the_buffers_is_touched(void **state)
{
	(void)state;
	for_each_level(check_guards);
}

static void assert_all_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		assert_int_equal(p[i], 0);
}

// Open three items, of which the middle one is wrong.
static void check_refused(const struct sl_simd_kernels *k)
{
	assert_int_equal(sl_aead_open_with(k, items, 3), 2);
	assert_true(items[0].ok && !items[1].ok && items[2].ok);
	assert_all_zero(items[1].out, items[1].len);
	assert_memory_equal(items[0].out, packets[0].plain, items[0].len);
	assert_memory_equal(items[2].out, packets[2].plain, items[2].len);
}

static void check_flips_in(const struct sl_simd_kernels *k, uint8_t *bytes, uint32_t len)
{
	for (uint32_t bit = 0; bit < len * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		memset(items[1].out, 0xee, items[1].len);
		check_refused(k);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void check_flips(const struct sl_simd_kernels *k)
{
	static const uint32_t lengths[] = {0, 1, 16, 70, 513};

	for (unsigned l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
		for (unsigned i = 0; i < 3; i++)
			set_item(i, lengths[l], 19, 0);
		sl_aead_seal_with(k, items, 3);
		for (unsigned i = 0; i < 3; i++)
			turn_to_open(i);
		check_flips_in(k, items[1].tag, SL_AEAD_TAG);
		check_flips_in(k, packets[1].sealed + 63, lengths[l]);
		check_flips_in(k, packets[1].aad, items[1].aad_len);
		check_flips_in(k, packets[1].key, SL_AEAD_KEY);
		check_flips_in(k, items[1].nonce, SL_AEAD_NONCE);
		assert_int_equal(sl_aead_open_with(k, items, 3), 3);
	}
}

static void every_flipped_bit_is_refused_and_its_output_wiped(void **state)
{
	(void)state;
	for_each_level(check_flips);
}

static void check_truncations(const struct sl_simd_kernels *k)
{
	for (unsigned i = 0; i < 3; i++)
		set_item(i, 300, 20, 0);
	sl_aead_seal_with(k, items, 3);
	for (unsigned i = 0; i < 3; i++)
		turn_to_open(i);
	for (items[1].len = 0; items[1].len < 300; items[1].len++)
		check_refused(k);
	for (items[1].aad_len = 0; items[1].aad_len < 20; items[1].aad_len++)
		check_refused(k);
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	for_each_level(check_truncations);
}

static void check_wiped_in_place(const struct sl_simd_kernels *k)
{
	for (unsigned i = 0; i < 64; i++) {
		set_item(i, 20 * i, 0, 0);
		items[i].out = packets[i].plain;
		items[i].tag[0] ^= 1;
	}
	assert_int_equal(sl_aead_open_with(k, items, 64), 0);
	for (unsigned i = 0; i < 64; i++)
		assert_all_zero(packets[i].plain, items[i].len);
}

static void forged_packet_in_place_is_wiped(void **state)
{
	(void)state;
	for_each_level(check_wiped_in_place);
}

// Long packets, some of them forged, in runs of every length: open verifies ahead of decrypting.
static void check_forged_among(const struct sl_simd_kernels *k)
{
	for (unsigned run = 1; run <= 40; run += 3) {
		size_t right = 0;

		for (unsigned i = 0; i < 64; i++)
			set_item(i, 150 * (i % 16), i % 3, i);
		sl_aead_seal_with(k, items, 64);
		for (unsigned i = 0; i < 64; i++) {
			turn_to_open(i);
			items[i].tag[i % SL_AEAD_TAG] ^= i / run % 2;
			right += i / run % 2 == 0;
		}
		assert_int_equal(sl_aead_open_with(k, items, 64), right);
		for (unsigned i = 0; i < 64; i++) {
			assert_int_equal(items[i].ok, i / run % 2 == 0);
			if (items[i].ok)
				assert_memory_equal(items[i].out, packets[i].plain + i,
						    items[i].len);
			else
				assert_all_zero(items[i].out, items[i].len);
		}
	}
}

static void forged_packets_do_not_harm_their_neighbours(void **state)
{
	(void)state;
	for_each_level(check_forged_among);
}

enum {
	STACK = 1 << 18,
	SECRET_ITEMS = 40,
};

static void *seal_and_open(void *kernels)
{
	for (unsigned i = 0; i < SECRET_ITEMS; i++)
		items[i].out = packets[i].sealed;
	sl_aead_seal_with(kernels, items, SECRET_ITEMS);
	for (unsigned i = 0; i < SECRET_ITEMS; i++)
		turn_to_open(i);
	sl_aead_open_with(kernels, items, SECRET_ITEMS);
	for (unsigned i = 0; i < SECRET_ITEMS; i++)
		items[i].in = packets[i].plain;
	return NULL;
}

static void assert_absent(const uint8_t *stack, const uint8_t *secret, size_t len)
{
	for (size_t at = 0; at + 16 <= len; at += 16)
		assert_null(memmem(stack, STACK, secret + at, 16));
}

// A thread on a stack of ours, looked through for keys and keystream when it has ended. The first
// run is for the dynamic linker, which saves registers on the stack.
static void check_stack(const struct sl_simd_kernels *k)
{
	uint8_t *stack = guard_create(STACK).first;
	struct guard g = {stack, stack + STACK};
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	assert_int_equal(pthread_attr_setstack(&attr, stack, STACK), 0);
	for (unsigned i = 0; i < SECRET_ITEMS; i++) {
		fill_random(packets[i].plain,
			    sizeof(packets[i].plain)); // or ciphertext is keystream
		set_item(i, 30 * i, 5, 0);
	}
	for (int run = 0; run < 2; run++) {
		memset(stack, 0, STACK);
		assert_int_equal(pthread_create(&thread, &attr, seal_and_open, (void *)k), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
	for (unsigned i = 0; i < SECRET_ITEMS; i++) {
		uint8_t keystream[64 * 4];

		crypto_stream_chacha20_ietf(keystream, sizeof(keystream), items[i].nonce,
					    items[i].key);
		assert_true(items[i].ok);
		assert_absent(stack, items[i].key, SL_AEAD_KEY);
		assert_absent(stack, keystream, sizeof(keystream));
	}
	pthread_attr_destroy(&attr);
	guard_destroy(g);
}

// AddressSanitizer's frames are several times as large as those that simd/level.c knows of.
static bool frames_are_padded(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return true;
#elif defined(__has_feature)
	return __has_feature(address_sanitizer);
#else
	return false;
#endif
}

static void no_key_or_keystream_is_left_on_the_stack(void **state)
{
	(void)state;
	if (frames_are_padded()) {
		print_message("skipped: AddressSanitizer pads the stack\n");
		skip();
	}
	for_each_level(check_stack);
}
static int setup(void **state)
{
	(void)state;
	return sodium_init() < 0;
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_outside_the_buffers_is_touched),
		cmocka_unit_test(every_flipped_bit_is_refused_and_its_output_wiped),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(forged_packet_in_place_is_wiped),
		cmocka_unit_test(forged_packets_do_not_harm_their_neighbours),
		cmocka_unit_test(no_key_or_keystream_is_left_on_the_stack),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
