// symmetric: the chaining key, the transcript hash and the key of a handshake. Spec section 5.2.
#pragma once

#include <sluice/noise.h>

// InitializeSymmetric(protocol_name).
void sl_noise_symmetric_init(struct sl_noise_symmetric *s, const struct sl_noise_protocol *p);

// MixKey(input_key_material).
void sl_noise_mix_key(struct sl_noise_symmetric *s, const uint8_t ikm[SL_NOISE_KEY]);

// MixHash(data).
void sl_noise_mix_hash(struct sl_noise_symmetric *s, const void *data, size_t len);

// MixKeyAndHash(input_key_material).
void sl_noise_mix_key_and_hash(struct sl_noise_symmetric *s, const uint8_t ikm[SL_NOISE_KEY]);

// EncryptAndHash(plaintext): out gets len bytes, and SL_NOISE_TAG more where there is a key.
// Returns how many.
size_t sl_noise_encrypt_and_hash(struct sl_noise_symmetric *s, const void *plain, size_t len,
				 uint8_t *out);

// DecryptAndHash(ciphertext): out gets the len bytes, SL_NOISE_TAG fewer where there is a key.
// Returns how many, or -EBADMSG.
int sl_noise_decrypt_and_hash(struct sl_noise_symmetric *s, const void *sealed, size_t len,
			      uint8_t *out);

// Split(): the initiator's sending cipher and its receiving one.
void sl_noise_symmetric_split(const struct sl_noise_symmetric *s, struct sl_noise_cipher *first,
			      struct sl_noise_cipher *second);
