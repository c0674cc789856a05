#include "tests/core/noise/pair.h"

#include "core/noise/x25519.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 512 };

// All that an interactive tunnel may use, every kind of token, and one-way patterns.
static const char *const patterns[] = {
	"N",     "K",     "X",      "NN",     "NK",     "NX",     "KN",          "KK",
	"KX",    "XN",    "XK",     "XX",     "IN",     "IK",     "IX",          "X1K1",
	"Npsk0", "Xpsk1", "NKpsk0", "KKpsk0", "XKpsk3", "IKpsk2", "NNpsk0+psk2", "X1Npsk4",
};

// A state and a copy of its bytes, padding included.
static void assert_unchanged(const struct sl_noise *hs, const struct sl_noise *before)
{
	assert_memory_equal(hs, before, sizeof(*hs));
}

// The reader refuses the message and is as before.
static void assert_refused(struct sl_noise *hs, const uint8_t *message, int len)
{
	uint8_t payload[SIZE];
	struct sl_noise before;
	int ret;

	memcpy(&before, hs, sizeof(before));
	ret = sl_noise_read(hs, message, (size_t)len, payload, sizeof(payload));
	if (ret >= 0)
		fail_msg("%s: message %d is accepted", hs->protocol.name, hs->message);
	assert_unchanged(hs, &before);
}

// Where nothing of a message is encrypted, a change is another valid message, which shows itself
// when the transcripts meet: in the answer, which is authenticated.
static void assert_derails(const struct pair *pair, const uint8_t *message, int len)
{
	uint8_t answer[SIZE], payload[SIZE];
	struct pair copy = *pair;
	int n;

	if (sl_noise_read(&copy.responder, message, (size_t)len, payload, SIZE) < 0)
		return; // a flipped key may be one of low order
	n = sl_noise_write(&copy.responder, NULL, 0, answer, SIZE);
	assert_true(n > 0);
	assert_refused(&copy.initiator, answer, n);
}

// Damage a message in every way, then let the right one pass. Returns whether there is a next.
static bool damage_message(struct pair *pair)
{
	uint8_t message[SIZE], payload[SIZE];
	struct sl_noise *writer = pair_writer(pair), *reader = pair_reader(pair);
	int n = sl_noise_write(writer, "hello", 5, message, sizeof(message));
	bool is_sealed = writer->symmetric.cipher.has_key; // and there is a tag at the end

	assert_true(n > 5);
	for (int len = 0; len < (is_sealed ? n : n - 5); len++)
		assert_refused(reader, message, len);
	for (int len = n - 5; !is_sealed && len < n; len++)
		assert_derails(pair, message, len);
	for (int bit = 0; bit < 8 * n; bit++) {
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (is_sealed)
			assert_refused(reader, message, n);
		else
			assert_derails(pair, message, n);
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	message[n] = 0;
	if (is_sealed)
		assert_refused(reader, message, n + 1);
	else
		assert_derails(pair, message, n + 1);
	assert_int_equal(sl_noise_read(reader, message, (size_t)n, payload, sizeof(payload)), 5);
	assert_memory_equal(payload, "hello", 5);
	assert_refused(reader, message, n); // replayed
	return !sl_noise_is_done(reader);
}

static void assert_same_session(struct pair *pair)
{
	uint8_t hashes[2][SL_NOISE_HASH_MAX], sealed[4 + SL_NOISE_TAG], opened[4];
	struct sl_noise_cipher send, receive, back_send, back_receive;
	struct sl_noise_text t = {.in = "ping", .len = 4, .out = sealed};

	assert_int_equal(sl_noise_handshake_hash(&pair->initiator, hashes[0]), 32);
	assert_int_equal(sl_noise_handshake_hash(&pair->responder, hashes[1]), 32);
	assert_memory_equal(hashes[0], hashes[1], 32);
	assert_int_equal(sl_noise_split(&pair->initiator, &send, &back_receive), 0);
	assert_int_equal(sl_noise_split(&pair->responder, &back_send, &receive), 0);
	assert_int_equal(sl_noise_encrypt(&send, &t), 4 + SL_NOISE_TAG);
	t = (struct sl_noise_text){.in = sealed, .len = sizeof(sealed), .out = opened};
	assert_int_equal(sl_noise_decrypt(&receive, &t), 4);
	assert_memory_equal(opened, "ping", 4);
}

static void damaged_messages_change_nothing(void **state)
{
	struct pair pair;

	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		pair_init(&pair, patterns[i]);
		while (damage_message(&pair))
			;
		assert_same_session(&pair);
	}
}

static void messages_out_of_turn_are_refused(void **state)
{
	uint8_t first[SIZE], second[SIZE], third[SIZE];
	int n_first, n_second, n_third;
	struct pair pair, later;

	(void)state;
	pair_init(&pair, "XX");
	assert_int_equal(sl_noise_write(&pair.responder, NULL, 0, first, SIZE), -EPROTO);
	n_first = sl_noise_write(&pair.initiator, NULL, 0, first, SIZE);
	assert_int_equal(sl_noise_write(&pair.initiator, NULL, 0, second, SIZE), -EPROTO);
	assert_refused(&pair.responder, first, 0);
	later = pair;
	assert_int_equal(sl_noise_read(&later.responder, first, (size_t)n_first, third, SIZE), 0);
	n_second = sl_noise_write(&later.responder, NULL, 0, second, SIZE);
	assert_int_equal(sl_noise_read(&later.initiator, second, (size_t)n_second, third, SIZE), 0);
	n_third = sl_noise_write(&later.initiator, NULL, 0, third, SIZE);
	assert_true(n_third > 0);
	assert_refused(&pair.initiator, third, n_third);  // its own, and the last before the second
	assert_refused(&later.responder, first, n_first); // an old one
	assert_refused(&later.responder, second, n_second); // its own
	assert_refused(&later.initiator, second, n_second); // when it is done
	assert_int_equal(sl_noise_write(&later.initiator, NULL, 0, first, SIZE), -EPROTO);
	assert_int_equal(sl_noise_read(&later.responder, third, (size_t)n_third, second, SIZE), 0);
	assert_same_session(&later);
}

// Begin a pair of which the initiator knows something else.
static void begin_with(struct pair *pair, const char *pattern, void (*change)(struct pair *))
{
	struct sl_noise_config c;
	struct pair other;

	pair_init(pair, pattern);
	other = *pair;
	change(&other);
	c = pair_config(&other, true);
	assert_int_equal(sl_noise_init(&pair->initiator, &pair->protocol, &c, NULL), 0);
}

// It goes wrong, at the latest in the given message, and whoever sees it is not disturbed.
static void assert_fails_by(struct pair *pair, unsigned message)
{
	uint8_t text[SIZE], payload[SIZE];
	struct sl_noise *reader = pair_reader(pair);
	struct sl_noise before;
	int n = sl_noise_write(pair_writer(pair), "hello", 5, text, SIZE), ret;

	assert_true(n > 0);
	memcpy(&before, reader, sizeof(before));
	ret = sl_noise_read(reader, text, (size_t)n, payload, SIZE);
	if (ret >= 0 && before.message < message) {
		assert_fails_by(pair, message);
		return;
	}
	assert_int_equal(ret, -EBADMSG);
	assert_unchanged(reader, &before);
}

static void change_psk(struct pair *pair)
{
	pair->psks[0][31] ^= 1;
}

static void change_key(struct pair *pair)
{
	pair->secrets[0][7] ^= 1;
}

static void change_peer(struct pair *pair)
{
	memcpy(pair->publics[1], pair->publics[0], SL_NOISE_KEY);
}

static void a_wrong_psk_is_seen(void **state)
{
	struct pair pair;

	(void)state;
	begin_with(&pair, "NKpsk0", change_psk);
	assert_fails_by(&pair, 0);
	begin_with(&pair, "Npsk0", change_psk);
	assert_fails_by(&pair, 0);
	begin_with(&pair, "IKpsk2", change_psk);
	assert_fails_by(&pair, 1);
	begin_with(&pair, "XKpsk3", change_psk);
	assert_fails_by(&pair, 2);
}

static void a_wrong_key_is_seen(void **state)
{
	struct pair pair;

	(void)state;
	begin_with(&pair, "KK", change_key);
	assert_fails_by(&pair, 0);
	begin_with(&pair, "K", change_key);
	assert_fails_by(&pair, 0);
	begin_with(&pair, "NK", change_peer);
	assert_fails_by(&pair, 0);
	begin_with(&pair, "IK", change_peer);
	assert_fails_by(&pair, 0);
	begin_with(&pair, "XK", change_peer);
	assert_fails_by(&pair, 0);
}

static void another_prologue_is_seen(void **state)
{
	struct sl_noise_config c;
	struct pair pair;

	(void)state;
	pair_init(&pair, "NK");
	c = pair_config(&pair, true);
	c.prologue_len--;
	assert_int_equal(sl_noise_init(&pair.initiator, &pair.protocol, &c, NULL), 0);
	assert_fails_by(&pair, 0);
}

static void low_order_points_are_refused(void **state)
{
	uint8_t message[SIZE], weak[SL_NOISE_KEY] = {1}, payload[SIZE];
	struct sl_noise_config c;
	struct sl_error err;
	struct sl_noise before;
	struct pair pair;
	int n;

	(void)state;
	pair_init(&pair, "NN");
	n = sl_noise_write(&pair.initiator, "hello", 5, message, SIZE);
	memcpy(&before, &pair.responder, sizeof(before));
	memcpy(message, weak, sizeof(weak));
	assert_int_equal(sl_noise_read(&pair.responder, message, (size_t)n, payload, SIZE),
			 -EKEYREJECTED);
	message[SL_NOISE_KEY - 1] |= 0x80; // the bit that does not count
	assert_int_equal(sl_noise_read(&pair.responder, message, (size_t)n, payload, SIZE),
			 -EKEYREJECTED);
	assert_unchanged(&pair.responder, &before);

	pair_init(&pair, "NK");
	c = pair_config(&pair, true);
	c.remote_public = weak;
	assert_int_equal(sl_noise_init(&pair.initiator, &pair.protocol, &c, &err), -EINVAL);
	assert_non_null(strstr(err.text, "low order"));
}

// A static key of low order that a stranger sends in the clear.
static void low_order_static_keys_are_refused(void **state)
{
	uint8_t message[SIZE], payload[SIZE];
	struct sl_noise before;
	struct pair pair;
	int n;

	(void)state;
	pair_init(&pair, "IN");
	n = sl_noise_write(&pair.initiator, NULL, 0, message, SIZE);
	memset(message + SL_NOISE_KEY, 0, SL_NOISE_KEY);
	memcpy(&before, &pair.responder, sizeof(before));
	assert_int_equal(sl_noise_read(&pair.responder, message, (size_t)n, payload, SIZE),
			 -EKEYREJECTED);
	assert_unchanged(&pair.responder, &before);
}

static void keys_must_be_those_of_the_pattern(void **state)
{
	static const uint8_t key[SL_NOISE_KEY] = {8};
	struct sl_noise_config c = {.is_initiator = true};
	struct sl_error err;
	struct pair pair;

	(void)state;
	pair_init(&pair, "NK");
	assert_int_equal(sl_noise_init(&pair.initiator, &pair.protocol, &c, &err), -EINVAL);
	assert_non_null(strstr(err.text, "the responder's public key must be known"));
	assert_false(sl_noise_is_my_turn(&pair.initiator));
	c.remote_public = pair.publics[1];
	c.static_private = key;
	assert_int_equal(sl_noise_init(&pair.initiator, &pair.protocol, &c, &err), -EINVAL);
	assert_non_null(strstr(err.text, "the initiator has no key"));
	c.static_private = NULL;
	c.psks = key;
	c.n_psks = 1;
	assert_int_equal(sl_noise_init(&pair.initiator, &pair.protocol, &c, &err), -EINVAL);
	assert_non_null(strstr(err.text, "takes 0 pre-shared keys, not 1"));
	c = (struct sl_noise_config){.remote_public = key};
	assert_int_equal(sl_noise_init(&pair.responder, &pair.protocol, &c, &err), -EINVAL);
	assert_non_null(strstr(err.text, "the responder needs a private key"));
	c.static_private = key;
	assert_int_equal(sl_noise_init(&pair.responder, &pair.protocol, &c, &err), -EINVAL);
	assert_non_null(strstr(err.text, "the initiator's key is not known beforehand"));
}

static void a_psk_may_follow_the_first_message(void **state)
{
	uint8_t message[SIZE];
	struct sl_noise_config c;
	struct sl_noise before;
	struct pair pair;

	(void)state;
	pair_init(&pair, "IKpsk2");
	c = pair_config(&pair, false);
	c.n_psks = 0;
	assert_int_equal(sl_noise_init(&pair.responder, &pair.protocol, &c, NULL), 0);
	assert_null(sl_noise_remote_public(&pair.responder));
	pair_pass(&pair, 12);
	assert_memory_equal(sl_noise_remote_public(&pair.responder), pair.publics[0], SL_NOISE_KEY);
	memcpy(&before, &pair.responder, sizeof(before));
	assert_int_equal(sl_noise_write(&pair.responder, NULL, 0, message, SIZE), -ENOKEY);
	assert_unchanged(&pair.responder, &before);
	assert_int_equal(sl_noise_set_psk(&pair.responder, 0, pair.psks[0]), -EINVAL);
	assert_int_equal(sl_noise_set_psk(&pair.responder, 2, pair.psks[0]), 0);
	pair_pass(&pair, 0);
	assert_same_session(&pair);
}

static void sizes_are_checked(void **state)
{
	static uint8_t big[SL_NOISE_MESSAGE_MAX + 1], message[SL_NOISE_MESSAGE_MAX + 1];
	struct sl_noise before;
	struct pair pair;
	size_t most;

	(void)state;
	pair_init(&pair, "NK");
	assert_int_equal(sl_noise_overhead(&pair.initiator), SL_NOISE_KEY + SL_NOISE_TAG);
	most = SL_NOISE_MESSAGE_MAX - sl_noise_overhead(&pair.initiator);
	memcpy(&before, &pair.initiator, sizeof(before));
	assert_int_equal(sl_noise_write(&pair.initiator, big, most + 1, message, sizeof(message)),
			 -EMSGSIZE);
	assert_int_equal(sl_noise_write(&pair.initiator, big, SIZE_MAX, message, sizeof(message)),
			 -EMSGSIZE);
	assert_int_equal(sl_noise_write(&pair.initiator, big, 10, message, 57), -EMSGSIZE);
	assert_unchanged(&pair.initiator, &before);
	assert_int_equal(sl_noise_write(&pair.initiator, big, most, message, sizeof(message)),
			 SL_NOISE_MESSAGE_MAX);
	memcpy(&before, &pair.responder, sizeof(before));
	assert_int_equal(
		sl_noise_read(&pair.responder, message, SL_NOISE_MESSAGE_MAX, big, most - 1),
		-EMSGSIZE);
	assert_int_equal(
		sl_noise_read(&pair.responder, message, SL_NOISE_MESSAGE_MAX + 1, big, sizeof(big)),
		-EBADMSG);
	assert_unchanged(&pair.responder, &before);
	assert_int_equal(sl_noise_read(&pair.responder, message, SL_NOISE_MESSAGE_MAX, big, most),
			 most);
}

static void ephemeral_keys_are_fresh(void **state)
{
	uint8_t first[SIZE], second[SIZE];
	struct pair pair, copy;

	(void)state;
	pair_init(&pair, "NN");
	copy = pair;
	sl_noise_write(&pair.initiator, NULL, 0, first, SIZE);
	sl_noise_write(&copy.initiator, NULL, 0, second, SIZE);
	assert_memory_not_equal(first, second, SL_NOISE_KEY);
}

static void the_end_wipes(void **state)
{
	static const struct sl_noise zeros;
	struct sl_noise_cipher send, receive;
	struct sl_noise before;
	struct pair pair;

	(void)state;
	pair_init(&pair, "N");
	memcpy(&before, &pair.initiator, sizeof(before));
	assert_int_equal(sl_noise_split(&pair.initiator, &send, &receive), -EPROTO);
	assert_unchanged(&pair.initiator, &before);
	pair_pass(&pair, 5);
	assert_int_equal(sl_noise_split(&pair.initiator, &send, &receive), 0);
	assert_memory_equal(&pair.initiator, &zeros, sizeof(zeros));
	assert_true(send.has_key);
	assert_false(receive.has_key);
	sl_noise_wipe(&pair.responder);
	assert_memory_equal(&pair.responder, &zeros, sizeof(zeros));
	assert_int_equal(sl_noise_overhead(&pair.responder), 0);
	assert_int_equal(sl_noise_write(&pair.responder, NULL, 0, NULL, 0), -EPROTO);
	assert_int_equal(sl_noise_read(&pair.responder, NULL, 0, NULL, 0), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_messages_change_nothing),
		cmocka_unit_test(messages_out_of_turn_are_refused),
		cmocka_unit_test(a_wrong_psk_is_seen),
		cmocka_unit_test(a_wrong_key_is_seen),
		cmocka_unit_test(another_prologue_is_seen),
		cmocka_unit_test(low_order_points_are_refused),
		cmocka_unit_test(low_order_static_keys_are_refused),
		cmocka_unit_test(keys_must_be_those_of_the_pattern),
		cmocka_unit_test(a_psk_may_follow_the_first_message),
		cmocka_unit_test(sizes_are_checked),
		cmocka_unit_test(ephemeral_keys_are_fresh),
		cmocka_unit_test(the_end_wipes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
