#include "tests/core/noise/vector.h"

#include "core/noise/hash.h"
#include "core/noise/pattern.h"
#include "core/noise/symmetric.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Both parties of one run.
struct play {
	struct sl_noise_protocol protocol;
	struct sl_noise hs[PARTIES];
	struct sl_noise_cipher send[PARTIES], receive[PARTIES];
	uint8_t message[SL_NOISE_MESSAGE_MAX], payload[SL_NOISE_MESSAGE_MAX];
	char *why;
	size_t why_size;
};

static bool __attribute__((format(printf, 2, 3))) wrong(struct play *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->why, p->why_size, format, args);
	va_end(args);
	return false;
}

static bool in_list(const char *text, size_t len, const char *const *list)
{
	for (; *list; list++)
		if (strlen(*list) == len && !memcmp(text, *list, len))
			return true;
	return false;
}

// Whether one of the modifiers, such as psk0+psk2, is none of psk.
static bool has_foreign_modifier(const char *modifiers)
{
	const char *end = modifiers + strcspn(modifiers, "_");

	for (const char *at = modifiers; at < end; at += strcspn(at, "+_") + 1)
		if (strncmp(at, "psk", 3) != 0)
			return true;
	return false;
}

// Whether the name is of a protocol with something else than what the library has: another key
// exchange, cipher, hash, pattern, modifier, or the names of an older revision.
static bool is_foreign(const char *name)
{
	static const char *const suites[4][5] = {
		{NULL},
		{"25519"},
		{"ChaChaPoly", "AESGCM"},
		{"BLAKE2s", "BLAKE2b", "SHA256", "SHA512"},
	};
	const char *at = strchr(name, '_'), *base;
	size_t len;

	if (!at || strncmp(name, "Noise", 5) != 0)
		return false;
	if (at != name + 5)
		return true;
	base = ++at;
	len = strspn(base, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
	if (len == 0 || len > 4 || len != strspn(base, "NKXI1"))
		return true;
	if (has_foreign_modifier(base + len))
		return true;
	for (unsigned part = 1; part < 4; part++) {
		at = strchr(at, '_');
		if (!at)
			return false;
		at++;
		if (!in_list(at, strcspn(at, "_"), suites[part]))
			return true;
	}
	return false;
}

static const uint8_t *key_of(const struct vector_bytes *b)
{
	return b->len == SL_NOISE_KEY ? b->data : NULL;
}

// Vectors may name keys that the pattern does not use.
static bool begin_party(struct play *p, const struct vector *v, int who)
{
	const struct sl_noise_pattern *pattern = sl_noise_pattern_at(p->protocol.pattern);
	bool pre[PARTIES] = {pattern->pre_initiator, pattern->pre_responder};
	uint8_t psks[SL_NOISE_PSKS_MAX * SL_NOISE_KEY], peer[SL_NOISE_KEY];
	struct sl_noise_config c = {
		.is_initiator = who == INITIATOR,
		.prologue = v->prologue[who].data,
		.prologue_len = v->prologue[who].len,
		.test_ephemeral = key_of(&v->ephemeral[who]),
		.psks = psks,
		.n_psks = v->n_psks[who],
	};
	struct sl_error err;

	if (pre[who] || sl_noise_pattern_uses(pattern, c.is_initiator, SL_NOISE_TOKEN_S))
		c.static_private = key_of(&v->secret[who]);
	if (pre[!who] && key_of(&v->remote[who])) {
		c.remote_public = v->remote[who].data;
	} else if (pre[!who] && key_of(&v->secret[!who])) {
		crypto_scalarmult_curve25519_base(peer, v->secret[!who].data);
		c.remote_public = peer;
	}
	for (size_t i = 0; i < v->n_psks[who]; i++) {
		if (!key_of(&v->psks[who][i]))
			return wrong(p, "a psk is not of 32 bytes");
		memcpy(psks + i * SL_NOISE_KEY, v->psks[who][i].data, SL_NOISE_KEY);
	}
	if (!c.test_ephemeral && sl_noise_pattern_uses(pattern, c.is_initiator, SL_NOISE_TOKEN_E))
		return wrong(p, "it has no ephemeral key of 32 bytes for each party");
	if (sl_noise_init(&p->hs[who], &p->protocol, &c, &err) < 0)
		return wrong(p, "%s", err.text);
	return true;
}

static bool same(const struct vector_bytes *b, const void *data, int len)
{
	return len >= 0 && b->len == (size_t)len && (len == 0 || !memcmp(b->data, data, b->len));
}

static bool play_handshake(struct play *p, const struct vector_message *m, size_t i, int who)
{
	int n = sl_noise_write(&p->hs[who], m->payload.data, m->payload.len, p->message,
			       sizeof(p->message));
	if (n < 0)
		return wrong(p, "message %zu is not written: %s", i, strerror(-n));
	if (!same(&m->ciphertext, p->message, n))
		return wrong(p, "message %zu is another one", i);
	n = sl_noise_read(&p->hs[!who], p->message, (size_t)n, p->payload, sizeof(p->payload));
	if (!same(&m->payload, p->payload, n))
		return wrong(p, "message %zu is not read: %s", i,
			     n < 0 ? strerror(-n) : "another payload");
	return true;
}

// Split both, and hold what the library hands out against Split() itself: in a one-way pattern,
// the way back is none.
static bool split(struct play *p, bool is_one_way)
{
	struct sl_noise_cipher first, second, send, receive;

	for (int who = 0; who < PARTIES; who++) {
		bool has_send = !is_one_way || who == INITIATOR;
		bool has_receive = !is_one_way || who == RESPONDER;

		sl_noise_symmetric_split(&p->hs[who].symmetric, &first, &second);
		p->send[who] = who == INITIATOR ? first : second;
		p->receive[who] = who == INITIATOR ? second : first;
		if (sl_noise_split(&p->hs[who], &send, &receive) < 0)
			return wrong(p, "a handshake that is done does not split");
		if (send.has_key != has_send || receive.has_key != has_receive)
			return wrong(p, "a cipher too many or too few");
		if ((has_send && memcmp(send.key, p->send[who].key, SL_NOISE_KEY) != 0) ||
		    (has_receive && memcmp(receive.key, p->receive[who].key, SL_NOISE_KEY) != 0))
			return wrong(p, "the ciphers have other keys");
	}
	return true;
}

static bool finish(struct play *p, const struct vector *v, bool is_one_way)
{
	uint8_t hash[PARTIES][SL_NOISE_HASH_MAX];
	int len = 0;

	for (int who = 0; who < PARTIES; who++)
		len = (int)sl_noise_handshake_hash(&p->hs[who], hash[who]);
	if (memcmp(hash[0], hash[1], (size_t)len) != 0)
		return wrong(p, "the parties' handshake hashes differ");
	if (v->handshake_hash.data && !same(&v->handshake_hash, hash[0], len))
		return wrong(p, "the handshake hash is another one");
	return split(p, is_one_way);
}

static bool play_transport(struct play *p, const struct vector_message *m, size_t i, int who)
{
	struct sl_noise_text t = {.in = m->payload.data, .len = m->payload.len, .out = p->message};
	int n = m->payload.len > SL_NOISE_MESSAGE_MAX - SL_NOISE_TAG
			? -EMSGSIZE
			: sl_noise_encrypt(&p->send[who], &t);

	if (!same(&m->ciphertext, p->message, n))
		return wrong(p, "message %zu is another one", i);
	t = (struct sl_noise_text){.in = p->message, .len = (size_t)n, .out = p->payload};
	n = sl_noise_decrypt(&p->receive[!who], &t);
	if (!same(&m->payload, p->payload, n))
		return wrong(p, "message %zu is not read", i);
	return true;
}

// The reader refuses the message, and is as before.
static bool play_refusal(struct play *p, const struct vector_message *m, int who, bool is_transport)
{
	struct sl_noise_text t = {
		.in = m->ciphertext.data, .len = m->ciphertext.len, .out = p->payload};
	struct sl_noise before;
	int n;

	memcpy(&before, &p->hs[!who], sizeof(before));
	if (is_transport)
		n = sl_noise_decrypt(&p->receive[!who], &t);
	else
		n = sl_noise_read(&p->hs[!who], t.in, t.len, p->payload, sizeof(p->payload));
	if (n >= 0 || memcmp(&before, &p->hs[!who], sizeof(before)) != 0)
		return wrong(p, "the last message must be refused");
	return true;
}

// Who sends message i, as far as the format has a say.
static int sender(const struct vector *v, size_t i, size_t handshake)
{
	if (i < handshake)
		return i % 2;
	if (v->is_transport_fresh)
		return (i - handshake) % 2;
	return handshake == 1 ? INITIATOR : i % 2;
}

static bool play_message(struct play *p, const struct vector *v, size_t i, size_t handshake)
{
	const struct vector_message *m = &v->messages[i];
	int who = sender(v, i, handshake);

	if (v->is_bad && i + 1 == v->n_messages)
		return play_refusal(p, m, who, i >= handshake);
	if (i >= handshake)
		return play_transport(p, m, i, who);
	return play_handshake(p, m, i, who) && (i + 1 < handshake || finish(p, v, handshake == 1));
}

static bool play_vector(struct play *p, const struct vector *v)
{
	size_t length = sl_noise_pattern_length(sl_noise_pattern_at(p->protocol.pattern));
	bool is_right = true;

	if (v->n_messages < (v->is_bad ? 1 : length))
		return wrong(p, "it has %zu messages, a handshake has %zu", v->n_messages, length);
	if (!begin_party(p, v, INITIATOR) || !begin_party(p, v, RESPONDER))
		return false;
	for (size_t i = 0; is_right && i < v->n_messages; i++)
		is_right = play_message(p, v, i, length);
	return is_right;
}

bool vector_is_skipped(const struct vector *v)
{
	return v->is_fallback || is_foreign(v->name);
}

enum vector_result vector_run(const struct vector *v, char *why, size_t size)
{
	static struct play play;
	struct sl_error err = {0};
	int ret;

	memset(&play, 0, sizeof(play));
	play.why = why;
	play.why_size = size;
	if (v->is_fallback) {
		snprintf(why, size, "there is no fallback");
		return VECTOR_SKIPPED;
	}
	ret = sl_noise_parse(&play.protocol, v->name, &err);
	if (ret == 0)
		return play_vector(&play, v) ? VECTOR_PASSED : VECTOR_FAILED;
	snprintf(why, size, "%s", err.text);
	return ret == -ENOTSUP || vector_is_skipped(v) ? VECTOR_SKIPPED : VECTOR_FAILED;
}

void vector_count(struct vector_count *count, const struct vector *v, const char *file)
{
	static const char *const words[] = {
		[VECTOR_FAILED] = "failed", [VECTOR_SKIPPED] = "skipped"};
	char why[256] = "";
	enum vector_result r = vector_run(v, why, sizeof(why));

	count->n[r]++;
	if (r != VECTOR_PASSED)
		printf("%s: %s: %s: %s\n", file, v->name, words[r], why);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

int vector_hex(struct vector_bytes *out, const char *text, size_t len)
{
	*out = (struct vector_bytes){malloc(len / 2 + 1), len / 2};
	if (!out->data)
		return -ENOMEM;
	if (len % 2)
		return -EINVAL;
	for (size_t i = 0; i < out->len; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		out->data[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

void vector_clear(struct vector *v)
{
	for (int who = 0; who < PARTIES; who++) {
		free(v->prologue[who].data);
		free(v->secret[who].data);
		free(v->ephemeral[who].data);
		free(v->remote[who].data);
		for (size_t i = 0; i < SL_NOISE_PSKS_MAX; i++)
			free(v->psks[who][i].data);
	}
	free(v->handshake_hash.data);
	for (size_t i = 0; i < v->n_messages; i++) {
		free(v->messages[i].payload.data);
		free(v->messages[i].ciphertext.data);
	}
	free(v->messages);
	memset(v, 0, sizeof(*v));
}
