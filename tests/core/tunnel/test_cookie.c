#include "core/tunnel/cookie.h"

#include "core/noise/blake2s.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND_NS 1000000000ull
#define NOW_NS    (1000 * SECOND_NS)

enum { LEN = sizeof(struct sl_message_initiation) };

static const struct sl_endpoint here = {.ip = {.family = 4, .bytes = {192, 0, 2, 1}}, .port = 7};

struct party {
	struct sl_mac_keys keys;
	struct sl_cookie cookie;
	struct sl_cookie_mint mint;
	uint8_t message[LEN];
};

static struct party party(void)
{
	struct party p = {0};
	uint8_t public[32];

	memset(public, 9, sizeof(public));
	sl_mac_keys_init(&p.keys, public);
	for (unsigned i = 0; i < LEN; i++)
		p.message[i] = (uint8_t)i;
	sl_macs_put(&p.cookie, &p.keys, NOW_NS, p.message, LEN);
	return p;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	while (n > 0 && p[n - 1] == 0)
		n--;
	return n == 0;
}

static void mac1_is_keyed_blake2s_under_the_hash_of_label_and_key(void **state)
{
	struct party p = party();
	uint8_t text[8 + 32] = "mac1----", key[32], right[16];
	struct sl_blake2s s;

	(void)state;
	memset(text + 8, 9, 32);
	sl_blake2s_init(&s, 32, NULL, 0);
	sl_blake2s_update(&s, text, sizeof(text));
	sl_blake2s_final(&s, key);
	sl_blake2s_init(&s, 16, key, 32);
	sl_blake2s_update(&s, p.message, LEN - 32);
	sl_blake2s_final(&s, right);
	assert_memory_equal(p.message + LEN - 32, right, 16);
	assert_true(is_zero(p.message + LEN - 16, 16));
}

static void every_bit_in_front_of_mac2_counts_for_mac1(void **state)
{
	struct party p = party();

	(void)state;
	assert_true(sl_mac1_good(&p.keys, p.message, LEN));
	for (unsigned i = 0; i < 8 * (LEN - 16); i++) {
		p.message[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(sl_mac1_good(&p.keys, p.message, LEN));
		p.message[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	p.message[LEN - 1] ^= 1;
	assert_true(sl_mac1_good(&p.keys, p.message, LEN));
}

// Give p the cookie for its message. Returns whether it took it.
static bool exchange(struct party *p, uint64_t now_ns)
{
	struct sl_message_cookie reply;

	sl_cookie_reply(&p->mint, &p->keys, now_ns, &here, p->message, LEN, &reply);
	assert_int_equal(sl_message_type(reply.type, sizeof(reply)), SL_MESSAGE_COOKIE);
	assert_memory_equal(reply.receiver, p->message + 4, 4);
	return sl_cookie_take(&p->cookie, &p->keys, now_ns, &reply);
}

static void a_cookie_makes_mac2_right_for_its_address_alone(void **state)
{
	struct party p = party();
	struct sl_endpoint other = here;

	(void)state;
	assert_false(sl_mac2_good(&p.mint, NOW_NS, &here, p.message, LEN));
	assert_true(exchange(&p, NOW_NS));
	sl_macs_put(&p.cookie, &p.keys, NOW_NS, p.message, LEN);
	assert_true(sl_mac2_good(&p.mint, NOW_NS, &here, p.message, LEN));
	other.port++;
	assert_false(sl_mac2_good(&p.mint, NOW_NS, &other, p.message, LEN));
	other = here;
	other.ip.bytes[3]++;
	assert_false(sl_mac2_good(&p.mint, NOW_NS, &other, p.message, LEN));
	p.message[40] ^= 1;
	assert_false(sl_mac2_good(&p.mint, NOW_NS, &here, p.message, LEN));
}

static void one_message_takes_one_cookie(void **state)
{
	struct party p = party();

	(void)state;
	assert_true(exchange(&p, NOW_NS));
	assert_false(exchange(&p, NOW_NS));
	sl_macs_put(&p.cookie, &p.keys, NOW_NS, p.message, LEN);
	assert_true(exchange(&p, NOW_NS));
}

static void a_reply_to_another_message_or_of_another_key_is_refused(void **state)
{
	struct party p = party(), other = party();
	struct sl_message_cookie reply;

	(void)state;
	other.message[0] ^= 1;
	sl_macs_put(&other.cookie, &other.keys, NOW_NS, other.message, LEN);
	sl_cookie_reply(&p.mint, &p.keys, NOW_NS, &here, other.message, LEN, &reply);
	assert_false(sl_cookie_take(&p.cookie, &p.keys, NOW_NS, &reply));
	other.keys.cookie[0] ^= 1;
	sl_cookie_reply(&p.mint, &other.keys, NOW_NS, &here, p.message, LEN, &reply);
	assert_false(sl_cookie_take(&p.cookie, &p.keys, NOW_NS, &reply));
	sl_cookie_reply(&p.mint, &p.keys, NOW_NS, &here, p.message, LEN, &reply);
	for (unsigned i = 0; i < 8 * sizeof(reply.cookie); i++) {
		reply.cookie[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(sl_cookie_take(&p.cookie, &p.keys, NOW_NS, &reply));
		reply.cookie[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_true(sl_cookie_take(&p.cookie, &p.keys, NOW_NS, &reply));
}

static int compare_nonces(const void *a, const void *b)
{
	return memcmp(a, b, 24);
}

static void no_nonce_is_used_twice(void **state)
{
	enum { REPLIES = 3 * SL_COOKIE_NONCES + 1 };
	static uint8_t nonces[REPLIES][24];
	struct party p = party();

	(void)state;
	for (unsigned i = 0; i < REPLIES; i++) {
		struct sl_message_cookie reply;

		sl_cookie_reply(&p.mint, &p.keys, NOW_NS, &here, p.message, LEN, &reply);
		memcpy(nonces[i], reply.nonce, sizeof(nonces[i]));
	}
	qsort(nonces, REPLIES, sizeof(nonces[0]), compare_nonces);
	for (unsigned i = 1; i < REPLIES; i++)
		assert_memory_not_equal(nonces[i - 1], nonces[i], sizeof(nonces[i]));
}

static void a_cookie_is_used_for_115_seconds(void **state)
{
	struct party p = party();

	(void)state;
	assert_true(exchange(&p, NOW_NS));
	sl_macs_put(&p.cookie, &p.keys, NOW_NS + 115 * SECOND_NS - 1, p.message, LEN);
	assert_false(is_zero(p.message + LEN - 16, 16));
	sl_macs_put(&p.cookie, &p.keys, NOW_NS + 115 * SECOND_NS, p.message, LEN);
	assert_true(is_zero(p.message + LEN - 16, 16));
}

static void the_secret_lives_for_120_seconds(void **state)
{
	struct party p = party();

	(void)state;
	assert_true(exchange(&p, NOW_NS));
	sl_macs_put(&p.cookie, &p.keys, NOW_NS, p.message, LEN);
	assert_true(sl_mac2_good(&p.mint, NOW_NS + 120 * SECOND_NS - 1, &here, p.message, LEN));
	assert_false(sl_mac2_good(&p.mint, NOW_NS + 120 * SECOND_NS, &here, p.message, LEN));
}

static void a_type_has_its_length_and_zeros_behind_it(void **state)
{
	uint8_t bytes[148] = {4};

	(void)state;
	assert_int_equal(sl_message_type(bytes, 31), SL_MESSAGE_NONE);
	assert_int_equal(sl_message_type(bytes, 32), SL_MESSAGE_DATA);
	bytes[0] = 3;
	assert_int_equal(sl_message_type(bytes, 63), SL_MESSAGE_NONE);
	assert_int_equal(sl_message_type(bytes, 64), SL_MESSAGE_COOKIE);
	assert_int_equal(sl_message_type(bytes, 65), SL_MESSAGE_NONE);
	for (unsigned i = 1; i < 4; i++) {
		bytes[i] = 1;
		assert_int_equal(sl_message_type(bytes, 64), SL_MESSAGE_NONE);
		bytes[i] = 0;
	}
	for (unsigned type = 6; type < 256; type++) {
		bytes[0] = (uint8_t)type;
		assert_int_equal(sl_message_type(bytes, 148), SL_MESSAGE_NONE);
	}
	bytes[0] = 1;
	assert_int_equal(sl_message_type(bytes, 3), SL_MESSAGE_NONE);
	assert_int_equal(sl_message_type(bytes, 148), SL_MESSAGE_INITIATION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mac1_is_keyed_blake2s_under_the_hash_of_label_and_key),
		cmocka_unit_test(every_bit_in_front_of_mac2_counts_for_mac1),
		cmocka_unit_test(a_cookie_makes_mac2_right_for_its_address_alone),
		cmocka_unit_test(one_message_takes_one_cookie),
		cmocka_unit_test(a_reply_to_another_message_or_of_another_key_is_refused),
		cmocka_unit_test(no_nonce_is_used_twice),
		cmocka_unit_test(a_cookie_is_used_for_115_seconds),
		cmocka_unit_test(the_secret_lives_for_120_seconds),
		cmocka_unit_test(a_type_has_its_length_and_zeros_behind_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
