// transport: CipherState, alone after Split and inside a handshake. Spec section 5.1.

#include "core/noise/cipher.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

// The number that REKEY uses and no message may have.
static const uint64_t nonce_max = UINT64_MAX;

int sl_noise_encrypt_at(const struct sl_noise_cipher *c, uint64_t nonce,
			const struct sl_noise_text *t)
{
	if (!c->has_key)
		return -ENOKEY;
	if (nonce == nonce_max)
		return -EKEYEXPIRED;
	if (t->len > SL_NOISE_MESSAGE_MAX - SL_NOISE_TAG)
		return -EMSGSIZE;
	sl_noise_aead_seal(c->aead, c->key, nonce, t);
	return (int)t->len + SL_NOISE_TAG;
}

int sl_noise_decrypt_at(const struct sl_noise_cipher *c, uint64_t nonce,
			const struct sl_noise_text *t)
{
	int ret;

	if (!c->has_key)
		return -ENOKEY;
	if (nonce == nonce_max)
		return -EKEYEXPIRED;
	if (t->len > SL_NOISE_MESSAGE_MAX)
		return -EMSGSIZE;
	if (t->len < SL_NOISE_TAG)
		return -EBADMSG;
	ret = sl_noise_aead_open(c->aead, c->key, nonce, t);
	return ret < 0 ? ret : (int)t->len - SL_NOISE_TAG;
}

int sl_noise_encrypt(struct sl_noise_cipher *c, const struct sl_noise_text *t)
{
	int ret = sl_noise_encrypt_at(c, c->nonce, t);

	if (ret >= 0)
		c->nonce++;
	return ret;
}

int sl_noise_decrypt(struct sl_noise_cipher *c, const struct sl_noise_text *t)
{
	int ret = sl_noise_decrypt_at(c, c->nonce, t);

	if (ret >= 0)
		c->nonce++;
	return ret;
}

int sl_noise_rekey(struct sl_noise_cipher *c)
{
	static const uint8_t zeros[SL_NOISE_KEY];
	uint8_t out[SL_NOISE_KEY + SL_NOISE_TAG];

	if (!c->has_key)
		return -ENOKEY;
	sl_noise_aead_seal(c->aead, c->key, nonce_max,
			   &(struct sl_noise_text){.in = zeros, .len = sizeof(zeros), .out = out});
	memcpy(c->key, out, SL_NOISE_KEY);
	sodium_memzero(out, sizeof(out));
	return 0;
}

void sl_noise_cipher_wipe(struct sl_noise_cipher *c)
{
	sodium_memzero(c, sizeof(*c));
}
