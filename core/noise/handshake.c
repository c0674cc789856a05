// handshake: HandshakeState. Spec section 5.3.
//
// A message is made and read on a copy of the state, which replaces it at the end: whatever goes
// wrong in between, nothing has changed.

#include "core/noise/hash.h"
#include "core/noise/pattern.h"
#include "core/noise/symmetric.h"
#include "core/noise/x25519.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

// Bits of keys_known.
enum {
	KNOWS_S = 1,
	KNOWS_RS = 2,
	KNOWS_TEST_E = 4, // e was given, not to be made
};

// A message as far as it is not written or read yet.
struct writing {
	uint8_t *at;
};

struct reading {
	const uint8_t *at;
	size_t left;
};

static const struct sl_noise_pattern *pattern_of(const struct sl_noise *hs)
{
	return sl_noise_pattern_at(hs->protocol.pattern);
}

static enum sl_noise_token token_at(const struct sl_noise *hs, unsigned i, unsigned *psk)
{
	return sl_noise_pattern_token(pattern_of(hs), hs->protocol.psks, hs->message, i, psk);
}

// "e" on both sides: with psks, the ephemeral key is also mixed into the key. Spec section 9.2.
static void mix_e(struct sl_noise *hs, const uint8_t *public)
{
	sl_noise_mix_hash(&hs->symmetric, public, SL_NOISE_KEY);
	if (hs->protocol.psks)
		sl_noise_mix_key(&hs->symmetric, public);
}

static int mix_dh(struct sl_noise *hs, const uint8_t *secret, const uint8_t *public)
{
	uint8_t shared[SL_NOISE_KEY];
	int ret = sl_x25519_shared(secret, public, shared);

	if (ret == 0)
		sl_noise_mix_key(&hs->symmetric, shared);
	sodium_memzero(shared, sizeof(shared));
	return ret;
}

// "psk"
static int mix_psk(struct sl_noise *hs, unsigned psk)
{
	if (!(hs->psks_known >> psk & 1))
		return -ENOKEY;
	sl_noise_mix_key_and_hash(&hs->symmetric, hs->psks[psk]);
	return 0;
}

// The tokens that are alike in writing and reading: the initiator's key is named first.
static int mix_token(struct sl_noise *hs, enum sl_noise_token token, unsigned psk)
{
	switch (token) {
	case SL_NOISE_TOKEN_EE:
		return mix_dh(hs, hs->e, hs->re);
	case SL_NOISE_TOKEN_ES:
		return hs->is_initiator ? mix_dh(hs, hs->e, hs->rs) : mix_dh(hs, hs->s, hs->re);
	case SL_NOISE_TOKEN_SE:
		return hs->is_initiator ? mix_dh(hs, hs->s, hs->re) : mix_dh(hs, hs->e, hs->rs);
	case SL_NOISE_TOKEN_SS:
		return mix_dh(hs, hs->s, hs->rs);
	case SL_NOISE_TOKEN_PSK:
		return mix_psk(hs, psk);
	default:
		return -EINVAL;
	}
}

// "e"
static int write_e(struct sl_noise *hs, struct writing *w)
{
	if (!(hs->keys_known & KNOWS_TEST_E))
		sl_x25519_generate(hs->e, hs->e_public);
	memcpy(w->at, hs->e_public, SL_NOISE_KEY);
	w->at += SL_NOISE_KEY;
	mix_e(hs, hs->e_public);
	return 0;
}

// "s"
static int write_s(struct sl_noise *hs, struct writing *w)
{
	w->at += sl_noise_encrypt_and_hash(&hs->symmetric, hs->s_public, SL_NOISE_KEY, w->at);
	return 0;
}

// "e"
static int read_e(struct sl_noise *hs, struct reading *r)
{
	if (r->left < SL_NOISE_KEY)
		return -EBADMSG;
	if (sl_x25519_is_weak(r->at))
		return -EKEYREJECTED;
	memcpy(hs->re, r->at, SL_NOISE_KEY);
	r->at += SL_NOISE_KEY;
	r->left -= SL_NOISE_KEY;
	mix_e(hs, hs->re);
	return 0;
}

// "s"
static int read_s(struct sl_noise *hs, struct reading *r)
{
	size_t len = SL_NOISE_KEY + (hs->symmetric.cipher.has_key ? SL_NOISE_TAG : 0);

	if (r->left < len)
		return -EBADMSG;
	if (sl_noise_decrypt_and_hash(&hs->symmetric, r->at, len, hs->rs) < 0)
		return -EBADMSG;
	if (sl_x25519_is_weak(hs->rs))
		return -EKEYREJECTED;
	hs->keys_known |= KNOWS_RS;
	r->at += len;
	r->left -= len;
	return 0;
}

static int write_tokens(struct sl_noise *hs, struct writing *w)
{
	enum sl_noise_token token;
	unsigned psk = 0;
	int ret = 0;

	for (unsigned i = 0; ret == 0 && (token = token_at(hs, i, &psk)); i++)
		ret = token == SL_NOISE_TOKEN_E   ? write_e(hs, w)
		      : token == SL_NOISE_TOKEN_S ? write_s(hs, w)
						  : mix_token(hs, token, psk);
	return ret;
}

static int read_tokens(struct sl_noise *hs, struct reading *r)
{
	enum sl_noise_token token;
	unsigned psk = 0;
	int ret = 0;

	for (unsigned i = 0; ret == 0 && (token = token_at(hs, i, &psk)); i++)
		ret = token == SL_NOISE_TOKEN_E   ? read_e(hs, r)
		      : token == SL_NOISE_TOKEN_S ? read_s(hs, r)
						  : mix_token(hs, token, psk);
	return ret;
}

size_t sl_noise_overhead(const struct sl_noise *hs)
{
	bool has_key = hs->symmetric.cipher.has_key;
	enum sl_noise_token token;
	unsigned psk = 0;
	size_t n = 0;

	if (!hs->is_ready || sl_noise_is_done(hs))
		return 0;
	for (unsigned i = 0; (token = token_at(hs, i, &psk)); i++) {
		if (token == SL_NOISE_TOKEN_E || token == SL_NOISE_TOKEN_S)
			n += SL_NOISE_KEY;
		if (token == SL_NOISE_TOKEN_S && has_key)
			n += SL_NOISE_TAG;
		if (token == SL_NOISE_TOKEN_E ? hs->protocol.psks != 0 : token != SL_NOISE_TOKEN_S)
			has_key = true; // by MixKey
	}
	return n + (has_key ? SL_NOISE_TAG : 0);
}

int sl_noise_write(struct sl_noise *hs, const void *payload, size_t len, void *out, size_t size)
{
	size_t overhead = sl_noise_overhead(hs);
	struct writing w = {out};
	struct sl_noise next;
	int ret;

	if (!sl_noise_is_my_turn(hs))
		return -EPROTO;
	if (len > SL_NOISE_MESSAGE_MAX - overhead || len + overhead > size)
		return -EMSGSIZE;
	memcpy(&next, hs, sizeof(next));
	ret = write_tokens(&next, &w);
	if (ret == 0) {
		sl_noise_encrypt_and_hash(&next.symmetric, payload, len, w.at);
		next.message++;
		memcpy(hs, &next, sizeof(*hs));
		ret = (int)(len + overhead);
	}
	sodium_memzero(&next, sizeof(next));
	return ret;
}

int sl_noise_read(struct sl_noise *hs, const void *message, size_t len, void *payload, size_t size)
{
	struct reading r = {message, len};
	struct sl_noise next;
	int ret;

	if (!hs->is_ready || sl_noise_is_done(hs) || sl_noise_is_my_turn(hs))
		return -EPROTO;
	if (len > SL_NOISE_MESSAGE_MAX || len < sl_noise_overhead(hs))
		return -EBADMSG;
	if (len - sl_noise_overhead(hs) > size)
		return -EMSGSIZE;
	memcpy(&next, hs, sizeof(next));
	ret = read_tokens(&next, &r);
	if (ret == 0)
		ret = sl_noise_decrypt_and_hash(&next.symmetric, r.at, r.left, payload);
	if (ret >= 0) {
		next.message++;
		memcpy(hs, &next, sizeof(*hs));
	}
	sodium_memzero(&next, sizeof(next));
	return ret;
}

static int init_static(struct sl_noise *hs, const uint8_t *key, struct sl_error *err)
{
	const struct sl_noise_pattern *p = pattern_of(hs);
	bool is_pre = hs->is_initiator ? p->pre_initiator : p->pre_responder;
	bool is_used = is_pre || sl_noise_pattern_uses(p, hs->is_initiator, SL_NOISE_TOKEN_S);
	const char *role = hs->is_initiator ? "initiator" : "responder";

	if (is_used && !key)
		return sl_error_set(err, -EINVAL, "%s: the %s needs a private key of its own",
				    hs->protocol.name, role);
	if (!is_used && key)
		return sl_error_set(err, -EINVAL, "%s: the %s has no key of its own",
				    hs->protocol.name, role);
	if (!key)
		return 0;
	memcpy(hs->s, key, SL_NOISE_KEY);
	sl_x25519_public(hs->s, hs->s_public);
	hs->keys_known |= KNOWS_S;
	return 0;
}

static int init_remote(struct sl_noise *hs, const uint8_t *key, struct sl_error *err)
{
	const struct sl_noise_pattern *p = pattern_of(hs);
	bool is_used = hs->is_initiator ? p->pre_responder : p->pre_initiator;
	const char *peer = hs->is_initiator ? "responder" : "initiator";

	if (is_used && !key)
		return sl_error_set(err, -EINVAL, "%s: the %s's public key must be known",
				    hs->protocol.name, peer);
	if (!is_used && key)
		return sl_error_set(err, -EINVAL, "%s: the %s's key is not known beforehand",
				    hs->protocol.name, peer);
	if (!key)
		return 0;
	if (sl_x25519_is_weak(key))
		return sl_error_set(err, -EINVAL, "%s: the %s's public key is of low order: no key",
				    hs->protocol.name, peer);
	memcpy(hs->rs, key, SL_NOISE_KEY);
	hs->keys_known |= KNOWS_RS;
	return 0;
}

static int init_psks(struct sl_noise *hs, const uint8_t *psks, size_t n, struct sl_error *err)
{
	size_t used = 0;

	for (unsigned number = 0; number < SL_NOISE_PSKS_MAX && used < n; number++)
		if (sl_noise_set_psk(hs, number, psks + used * SL_NOISE_KEY) == 0)
			used++;
	if (used == n)
		return 0;
	return sl_error_set(err, -EINVAL, "%s: takes %zu pre-shared keys, not %zu",
			    hs->protocol.name, used, n);
}

// The prologue, and the pre-messages: the initiator's comes first.
static void mix_before(struct sl_noise *hs, const struct sl_noise_config *c)
{
	const struct sl_noise_pattern *p = pattern_of(hs);

	sl_noise_symmetric_init(&hs->symmetric, &hs->protocol);
	sl_noise_mix_hash(&hs->symmetric, c->prologue, c->prologue_len);
	if (p->pre_initiator)
		sl_noise_mix_hash(&hs->symmetric, hs->is_initiator ? hs->s_public : hs->rs,
				  SL_NOISE_KEY);
	if (p->pre_responder)
		sl_noise_mix_hash(&hs->symmetric, hs->is_initiator ? hs->rs : hs->s_public,
				  SL_NOISE_KEY);
}

int sl_noise_init(struct sl_noise *hs, const struct sl_noise_protocol *p,
		  const struct sl_noise_config *c, struct sl_error *err)
{
	int ret;

	memset(hs, 0, sizeof(*hs));
	hs->protocol = *p;
	hs->is_initiator = c->is_initiator;
	ret = init_static(hs, c->static_private, err);
	if (ret == 0)
		ret = init_remote(hs, c->remote_public, err);
	if (ret == 0)
		ret = init_psks(hs, c->psks, c->n_psks, err);
	if (ret < 0) {
		sl_noise_wipe(hs);
		return ret;
	}
	if (c->test_ephemeral) {
		memcpy(hs->e, c->test_ephemeral, SL_NOISE_KEY);
		sl_x25519_public(hs->e, hs->e_public);
		hs->keys_known |= KNOWS_TEST_E;
	}
	mix_before(hs, c);
	hs->is_ready = true;
	return 0;
}

int sl_noise_set_psk(struct sl_noise *hs, unsigned number, const uint8_t psk[SL_NOISE_KEY])
{
	if (number >= SL_NOISE_PSKS_MAX || !(hs->protocol.psks >> number & 1))
		return -EINVAL;
	memcpy(hs->psks[number], psk, SL_NOISE_KEY);
	hs->psks_known |= (uint8_t)(1 << number);
	return 0;
}

bool sl_noise_is_done(const struct sl_noise *hs)
{
	return hs->is_ready && hs->message == sl_noise_pattern_length(pattern_of(hs));
}

bool sl_noise_is_my_turn(const struct sl_noise *hs)
{
	return hs->is_ready && !sl_noise_is_done(hs) && (hs->message % 2 == 0) == hs->is_initiator;
}

const uint8_t *sl_noise_remote_public(const struct sl_noise *hs)
{
	return hs->keys_known & KNOWS_RS ? hs->rs : NULL;
}

size_t sl_noise_handshake_hash(const struct sl_noise *hs, uint8_t *out)
{
	size_t size = sl_noise_hash_size(hs->symmetric.hash);

	memcpy(out, hs->symmetric.h, size);
	return size;
}

int sl_noise_split(struct sl_noise *hs, struct sl_noise_cipher *send,
		   struct sl_noise_cipher *receive)
{
	bool is_one_way;

	if (!sl_noise_is_done(hs))
		return -EPROTO;
	is_one_way = hs->message == 1;
	if (hs->is_initiator)
		sl_noise_symmetric_split(&hs->symmetric, send, receive);
	else
		sl_noise_symmetric_split(&hs->symmetric, receive, send);
	if (is_one_way)
		sl_noise_cipher_wipe(hs->is_initiator ? receive : send);
	sl_noise_wipe(hs);
	return 0;
}

void sl_noise_wipe(struct sl_noise *hs)
{
	sodium_memzero(hs, sizeof(*hs));
}
