#include "core/noise/cipher.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

enum { NONCE = 12 };

_Static_assert(crypto_aead_chacha20poly1305_ietf_ABYTES == SL_NOISE_TAG, "tag");
_Static_assert(crypto_aead_aes256gcm_ABYTES == SL_NOISE_TAG, "tag");
_Static_assert(crypto_aead_chacha20poly1305_ietf_KEYBYTES == SL_NOISE_KEY, "key");
_Static_assert(crypto_aead_aes256gcm_KEYBYTES == SL_NOISE_KEY, "key");

bool sl_noise_aead_is_available(enum sl_noise_aead aead)
{
	return aead == SL_NOISE_CHACHAPOLY || crypto_aead_aes256gcm_is_available();
}

// 32 bits of zeros and the number: little-endian for ChaChaPoly, big-endian for AESGCM. Spec
// sections 12.3 and 12.4.
static void nonce_bytes(enum sl_noise_aead aead, uint64_t nonce, uint8_t *out)
{
	memset(out, 0, 4);
	for (unsigned i = 0; i < 8; i++)
		out[4 + i] = (uint8_t)(nonce >> 8 * (aead == SL_NOISE_AESGCM ? 7 - i : i));
}

void sl_noise_aead_seal(enum sl_noise_aead aead, const uint8_t *key, uint64_t nonce,
			const struct sl_noise_text *t)
{
	crypto_aead_aes256gcm_state schedule;
	uint8_t n[NONCE];

	nonce_bytes(aead, nonce, n);
	if (aead == SL_NOISE_CHACHAPOLY) {
		crypto_aead_chacha20poly1305_ietf_encrypt(t->out, NULL, t->in, t->len, t->ad,
							  t->ad_len, NULL, n, key);
		return;
	}
	crypto_aead_aes256gcm_beforenm(&schedule, key);
	crypto_aead_aes256gcm_encrypt_afternm(t->out, NULL, t->in, t->len, t->ad, t->ad_len, NULL,
					      n, (const void *)&schedule);
	sodium_memzero(&schedule, sizeof(schedule));
}

int sl_noise_aead_open(enum sl_noise_aead aead, const uint8_t *key, uint64_t nonce,
		       const struct sl_noise_text *t)
{
	crypto_aead_aes256gcm_state schedule;
	uint8_t n[NONCE];
	int ret;

	assert(t->len >= SL_NOISE_TAG);
	nonce_bytes(aead, nonce, n);
	if (aead == SL_NOISE_CHACHAPOLY) {
		ret = crypto_aead_chacha20poly1305_ietf_decrypt(t->out, NULL, NULL, t->in, t->len,
								t->ad, t->ad_len, n, key);
	} else {
		crypto_aead_aes256gcm_beforenm(&schedule, key);
		ret = crypto_aead_aes256gcm_decrypt_afternm(t->out, NULL, NULL, t->in, t->len,
							    t->ad, t->ad_len, n,
							    (const void *)&schedule);
		sodium_memzero(&schedule, sizeof(schedule));
	}
	if (ret == 0)
		return 0;
	if (t->len > SL_NOISE_TAG)
		sodium_memzero(t->out, t->len - SL_NOISE_TAG);
	return -EBADMSG;
}
