#include "simd/aead_scalar.h"

#include <sodium.h>

void sl_aead_seal_scalar(struct sl_aead_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sl_aead_item *p = &items[i];

		crypto_aead_chacha20poly1305_ietf_encrypt_detached(p->out, p->tag, NULL, p->in,
								   p->len, p->aad, p->aad_len, NULL,
								   p->nonce, p->key);
	}
}

size_t sl_aead_open_scalar(struct sl_aead_item *items, size_t n)
{
	size_t right = 0;

	for (size_t i = 0; i < n; i++) {
		struct sl_aead_item *p = &items[i];

		p->ok = crypto_aead_chacha20poly1305_ietf_decrypt_detached(
				p->out, NULL, p->in, p->len, p->tag, p->aad, p->aad_len, p->nonce,
				p->key) == 0;
		if (p->ok)
			right++;
		else
			sodium_memzero(p->out, p->len);
	}
	return right;
}
