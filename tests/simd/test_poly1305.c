#include "simd/level.h"
#include "simd/poly1305.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	JOBS = 64,
	ROOM = 4400,
};

static uint8_t keys[JOBS][32], tags[JOBS][16], texts[JOBS][ROOM];
static struct sl_poly1305_job jobs[JOBS];

// The tag of RFC 8439 section 2.8's message, by libsodium.
static void reference_tag(const struct sl_poly1305_job *j, uint8_t *tag)
{
	static const uint8_t zeroes[16];
	const uint64_t lengths[2] = {j->aad_len, j->len};
	crypto_onetimeauth_poly1305_state state;

	crypto_onetimeauth_poly1305_init(&state, j->key);
	crypto_onetimeauth_poly1305_update(&state, j->aad, j->aad_len);
	crypto_onetimeauth_poly1305_update(&state, zeroes, (16 - j->aad_len % 16) % 16);
	crypto_onetimeauth_poly1305_update(&state, j->text, j->len);
	crypto_onetimeauth_poly1305_update(&state, zeroes, (16 - j->len % 16) % 16);
	crypto_onetimeauth_poly1305_update(&state, (const uint8_t *)lengths, sizeof(lengths));
	crypto_onetimeauth_poly1305_final(&state, tag);
}

static void assert_tags(const struct sl_simd_kernels *k, unsigned n)
{
	k->poly1305(jobs, n);
	for (unsigned i = 0; i < n; i++) {
		uint8_t tag[16];

		reference_tag(&jobs[i], tag);
		assert_memory_equal(tags[i], tag, sizeof(tag));
	}
}

static void set_job(unsigned i, uint32_t len)
{
	jobs[i] = (struct sl_poly1305_job){
		.key = keys[i], .text = texts[i], .len = len, .tag = tags[i]};
}

static void for_each_level(void (*check)(const struct sl_simd_kernels *k))
{
	enum sl_simd_level best = sl_simd_level_best(sl_simd_cpu_detect());

	for (enum sl_simd_level i = SL_SIMD_AVX2; i <= best; i++)
		check(sl_simd_level_kernels(i));
}

// Values of r and s whose limbs are at an edge: r is clamped, so ones are as large as it gets.
static void set_edge_key(uint8_t *key, unsigned kind)
{
	static const uint8_t small[] = {0, 1, 2, 4, 5};

	memset(key, kind & 1 ? 0xff : 0, 32);
	if (kind / 2 % 6 < 5) {
		memset(key, 0, 16);
		key[0] = small[kind / 2 % 6];
	} else {
		memset(key, 0xff, 16);
	}
}

static void check_edges(const struct sl_simd_kernels *k)
{
	static const uint8_t fills[] = {0x00, 0xff, 0xfe, 0xfb, 0x80, 0x7f};

	for (unsigned fill = 0; fill < sizeof(fills); fill++) {
		memset(texts, fills[fill], sizeof(texts));
		for (uint32_t len = 0; len <= 1600; len += len < 300 ? 1 : 16) {
			for (unsigned i = 0; i < 24; i++) {
				set_edge_key(keys[i], i);
				set_job(i, len);
			}
			assert_tags(k, 24);
			for (unsigned i = 0; i < 12; i++) { // all lanes for one message
				set_edge_key(keys[0], i);
				assert_tags(k, 1);
			}
		}
	}
}

static void limbs_at_their_edges_carry_right(void **state)
{
	(void)state;
	for_each_level(check_edges);
}

// With r = 1 the sum is that of the blocks. These texts of n blocks, n a multiple of 4, sum up to
// k - 9 modulo p for last byte k: each block and the lengths add 2^128, so 4 of them add 5 modulo
// p.
static void set_sum_around_p(unsigned i, uint32_t blocks, unsigned k)
{
	const uint32_t len = 16 * blocks;
	uint64_t third[2] = {-(uint64_t)(5 * (blocks / 4) + 12), UINT64_MAX - len};

	memset(texts[i], 0, len);
	memset(texts[i], 0xff, 32);
	memcpy(texts[i] + 32, third, sizeof(third));
	texts[i][len - 16] = (uint8_t)k;
	memset(keys[i], 0, sizeof(keys[i]));
	keys[i][0] = 1;
	set_job(i, len);
}

static void check_sums_around_p(const struct sl_simd_kernels *k)
{
	static const uint32_t blocks[] = {4, 8, 12, 16, 64, 128, 256};
	static const uint8_t near_zero[16];
	bool was_p = false;

	for (unsigned b = 0; b < sizeof(blocks) / sizeof(blocks[0]); b++) {
		for (unsigned together = 1; together <= JOBS; together += JOBS - 1) {
			for (unsigned i = 0; i < JOBS; i++)
				set_sum_around_p(i, blocks[b], i);
			for (unsigned i = 0; i < JOBS; i += together)
				k->poly1305(jobs + i, together);
			was_p |= memcmp(tags[9], near_zero, 16) == 0;
			assert_tags(k, JOBS);
		}
	}
	assert_true(was_p); // or these are not the sums that they are meant to be
}

static void sums_around_p_are_reduced_right(void **state)
{
	(void)state;
	for_each_level(check_sums_around_p);
}

static void check_one_long(const struct sl_simd_kernels *k)
{
	for (uint32_t len = 0; len < ROOM - 64; len += 7) {
		set_job(0, len);
		jobs[0].aad = texts[1];
		jobs[0].aad_len = len % 300;
		assert_tags(k, 1);
	}
}

static void message_alone_takes_all_lanes_right(void **state)
{
	(void)state;
	randombytes_buf(texts, sizeof(texts));
	randombytes_buf(keys, sizeof(keys));
	for_each_level(check_one_long);
}

static void check_mixed(const struct sl_simd_kernels *k)
{
	for (unsigned round = 0; round < 300; round++) {
		const unsigned n = 1 + randombytes_uniform(JOBS);

		for (unsigned i = 0; i < n; i++) {
			set_job(i, randombytes_uniform(1 + randombytes_uniform(ROOM)));
			jobs[i].aad = texts[0];
			jobs[i].aad_len = randombytes_uniform(3) ? 0 : randombytes_uniform(200);
		}
		assert_tags(k, n);
	}
}

static void unequal_messages_share_lanes_right(void **state)
{
	(void)state;
	for_each_level(check_mixed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limbs_at_their_edges_carry_right),
		cmocka_unit_test(sums_around_p_are_reduced_right),
		cmocka_unit_test(message_alone_takes_all_lanes_right),
		cmocka_unit_test(unequal_messages_share_lanes_right),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
