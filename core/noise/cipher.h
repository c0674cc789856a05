// cipher: ENCRYPT and DECRYPT of Noise's two ciphers under a key and a number. Spec section 4.2.
#pragma once

#include <sluice/noise.h>

// Whether this machine has it: AESGCM needs AES-NI. After sodium_init.
bool sl_noise_aead_is_available(enum sl_noise_aead aead);

// out gets t->len + SL_NOISE_TAG bytes.
void sl_noise_aead_seal(enum sl_noise_aead aead, const uint8_t *key, uint64_t nonce,
			const struct sl_noise_text *t);

// out gets t->len - SL_NOISE_TAG bytes; t->len is at least SL_NOISE_TAG.
//
// Returns 0 or -EBADMSG, out wiped.
int sl_noise_aead_open(enum sl_noise_aead aead, const uint8_t *key, uint64_t nonce,
		       const struct sl_noise_text *t);
