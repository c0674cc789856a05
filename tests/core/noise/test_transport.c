#include "tests/core/noise/pair.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 64 };

struct ends {
	struct sl_noise_cipher send, receive;
};

// A cipher of the initiator and its other end.
static void begin(struct ends *ends)
{
	struct sl_noise_cipher unused;
	struct pair pair;

	pair_init(&pair, "NN");
	pair_pass(&pair, 0);
	pair_pass(&pair, 0);
	assert_int_equal(sl_noise_split(&pair.initiator, &ends->send, &unused), 0);
	assert_int_equal(sl_noise_split(&pair.responder, &unused, &ends->receive), 0);
}

static int seal(struct ends *ends, const char *text, uint8_t *out)
{
	return sl_noise_encrypt(&ends->send,
				&(struct sl_noise_text){"ad", 2, text, strlen(text), out});
}

static int open_next(struct ends *ends, const uint8_t *sealed, int len)
{
	uint8_t out[SIZE];

	return sl_noise_decrypt(&ends->receive,
				&(struct sl_noise_text){"ad", 2, sealed, (size_t)len, out});
}

static int open_at(struct ends *ends, uint64_t nonce, const uint8_t *sealed, int len)
{
	uint8_t out[SIZE];

	return sl_noise_decrypt_at(&ends->receive, nonce,
				   &(struct sl_noise_text){"ad", 2, sealed, (size_t)len, out});
}

static void messages_come_in_order_only(void **state)
{
	uint8_t first[SIZE], second[SIZE];
	struct ends ends;
	int n;

	(void)state;
	begin(&ends);
	n = seal(&ends, "first", first);
	assert_int_equal(n, 5 + SL_NOISE_TAG);
	assert_int_equal(seal(&ends, "secnd", second), n);
	assert_int_equal(open_next(&ends, second, n), -EBADMSG);
	assert_int_equal(open_next(&ends, first, n), 5);
	assert_int_equal(open_next(&ends, first, n), -EBADMSG);
	assert_int_equal(open_next(&ends, second, n), 5);
}

static void every_damage_is_seen_and_not_counted(void **state)
{
	uint8_t sealed[SIZE];
	struct ends ends, before;
	int n;

	(void)state;
	begin(&ends);
	n = seal(&ends, "text", sealed);
	memcpy(&before, &ends, sizeof(ends));
	for (int bit = 0; bit < 8 * n; bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(open_next(&ends, sealed, n), -EBADMSG);
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (int len = 0; len < n; len++)
		assert_int_equal(open_next(&ends, sealed, len), -EBADMSG);
	assert_memory_equal(&ends, &before, sizeof(ends));
	assert_int_equal(open_next(&ends, sealed, n), 4);
}

static void a_refused_text_is_wiped(void **state)
{
	static const uint8_t zeros[4];
	uint8_t sealed[SIZE], out[4] = "abc";
	struct ends ends;
	int n;

	(void)state;
	begin(&ends);
	n = seal(&ends, "text", sealed);
	sealed[n - 1] ^= 1;
	assert_int_equal(sl_noise_decrypt(&ends.receive,
					  &(struct sl_noise_text){"ad", 2, sealed, (size_t)n, out}),
			 -EBADMSG);
	assert_memory_equal(out, zeros, 4);
}

static void datagrams_carry_their_number(void **state)
{
	uint8_t sealed[3][SIZE];
	struct ends ends;
	int n = 0;

	(void)state;
	begin(&ends);
	for (int i = 0; i < 3; i++)
		n = seal(&ends, "text", sealed[i]);
	assert_int_equal(open_at(&ends, 2, sealed[2], n), 4);
	assert_int_equal(open_at(&ends, 0, sealed[0], n), 4);
	assert_int_equal(open_at(&ends, 0, sealed[1], n), -EBADMSG);
	assert_int_equal(ends.receive.nonce, 0);
}

static void rekey_is_for_both_or_none(void **state)
{
	uint8_t sealed[SIZE];
	struct ends ends;
	int n;

	(void)state;
	begin(&ends);
	n = seal(&ends, "text", sealed);
	assert_int_equal(open_next(&ends, sealed, n), 4);
	assert_int_equal(sl_noise_rekey(&ends.send), 0);
	n = seal(&ends, "text", sealed);
	assert_int_equal(open_next(&ends, sealed, n), -EBADMSG);
	assert_int_equal(sl_noise_rekey(&ends.receive), 0);
	assert_memory_equal(ends.send.key, ends.receive.key, SL_NOISE_KEY);
	assert_int_equal(open_next(&ends, sealed, n), 4);
}

// REKEY encrypts zeros, so the new key is what ChaCha20 makes for that number behind the block of
// the authenticator. Spec section 4.2, RFC 8439 section 2.8.
static void rekey_is_the_keystream_of_the_last_number(void **state)
{
	static const uint8_t nonce[12] = {0,    0,    0,    0,    0xff, 0xff,
					  0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t zeros[SL_NOISE_KEY];
	uint8_t wanted[SL_NOISE_KEY];
	struct ends ends;

	(void)state;
	begin(&ends);
	ends.send.nonce = 7;
	crypto_stream_chacha20_ietf_xor_ic(wanted, zeros, sizeof(zeros), nonce, 1, ends.send.key);
	assert_int_equal(sl_noise_rekey(&ends.send), 0);
	assert_memory_equal(ends.send.key, wanted, SL_NOISE_KEY);
	assert_int_equal(ends.send.nonce, 7);
}

static void the_last_number_is_never_used(void **state)
{
	uint8_t sealed[SIZE];
	struct ends ends;

	(void)state;
	begin(&ends);
	ends.send.nonce = UINT64_MAX - 1;
	assert_int_equal(seal(&ends, "text", sealed), 4 + SL_NOISE_TAG);
	assert_int_equal(seal(&ends, "text", sealed), -EKEYEXPIRED);
	assert_int_equal(ends.send.nonce, UINT64_MAX);
	assert_int_equal(open_at(&ends, UINT64_MAX, sealed, 20), -EKEYEXPIRED);
}

static void a_cipher_without_key_does_nothing(void **state)
{
	struct sl_noise_cipher c = {0};
	uint8_t out[SIZE] = "";

	(void)state;
	assert_int_equal(sl_noise_encrypt(&c, &(struct sl_noise_text){.in = "", .out = out}),
			 -ENOKEY);
	assert_int_equal(sl_noise_decrypt(&c, &(struct sl_noise_text){.in = "", .out = out}),
			 -ENOKEY);
	assert_int_equal(sl_noise_rekey(&c), -ENOKEY);
}

static void lengths_have_a_limit(void **state)
{
	static uint8_t text[SL_NOISE_MESSAGE_MAX + 1];
	struct sl_noise_text t = {.in = text, .out = text};
	struct ends ends;

	(void)state;
	begin(&ends);
	t.len = SL_NOISE_MESSAGE_MAX - SL_NOISE_TAG + 1;
	assert_int_equal(sl_noise_encrypt(&ends.send, &t), -EMSGSIZE);
	t.len--;
	assert_int_equal(sl_noise_encrypt(&ends.send, &t), SL_NOISE_MESSAGE_MAX); // in place
	t.len = SL_NOISE_MESSAGE_MAX + 1;
	assert_int_equal(sl_noise_decrypt(&ends.receive, &t), -EMSGSIZE);
	t.len--;
	assert_int_equal(sl_noise_decrypt(&ends.receive, &t), SL_NOISE_MESSAGE_MAX - SL_NOISE_TAG);
	assert_int_equal(text[0] | text[SL_NOISE_MESSAGE_MAX - SL_NOISE_TAG - 1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_in_order_only),
		cmocka_unit_test(every_damage_is_seen_and_not_counted),
		cmocka_unit_test(a_refused_text_is_wiped),
		cmocka_unit_test(datagrams_carry_their_number),
		cmocka_unit_test(rekey_is_for_both_or_none),
		cmocka_unit_test(rekey_is_the_keystream_of_the_last_number),
		cmocka_unit_test(the_last_number_is_never_used),
		cmocka_unit_test(a_cipher_without_key_does_nothing),
		cmocka_unit_test(lengths_have_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
