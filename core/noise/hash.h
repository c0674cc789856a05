// hash: the hashes of Noise behind one door, HMAC and HKDF over them. Spec sections 4.3, 5.1.
#pragma once

#include "core/noise/blake2s.h"

#include <sluice/noise.h>
#include <sodium.h>

struct sl_noise_hashing {
	union {
		struct sl_blake2s blake2s;
		crypto_generichash_state blake2b;
		crypto_hash_sha256_state sha256;
		crypto_hash_sha512_state sha512;
	};
	enum sl_noise_hash hash;
};

// HASHLEN: 32 or 64.
size_t sl_noise_hash_size(enum sl_noise_hash hash);

void sl_noise_hash_init(struct sl_noise_hashing *s, enum sl_noise_hash hash);
void sl_noise_hash_update(struct sl_noise_hashing *s, const void *data, size_t len);
// Write HASHLEN bytes and wipe the state.
void sl_noise_hash_final(struct sl_noise_hashing *s, uint8_t *out);

// HMAC-HASH(key, data), RFC 2104. key has HASHLEN bytes; out may be key or data.
void sl_noise_hmac(enum sl_noise_hash hash, const uint8_t *key, const void *data, size_t len,
		   uint8_t *out);

// HKDF(ck, ikm, n): n outputs, 1 to 3, of HASHLEN bytes each. Secret.
void sl_noise_hkdf(enum sl_noise_hash hash, const uint8_t *ck, const uint8_t *ikm, size_t ikm_len,
		   uint8_t out[][SL_NOISE_HASH_MAX], unsigned n);
