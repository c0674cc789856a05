#include "core/noise/hash.h"

#include <assert.h>
#include <string.h>

enum { BLOCK_MAX = 128 };

// HASHLEN and BLOCKLEN. Spec section 12.
static const struct {
	uint8_t size, block;
} sizes[] = {
	[SL_NOISE_BLAKE2S] = {32, 64},
	[SL_NOISE_BLAKE2B] = {64, 128},
	[SL_NOISE_SHA256] = {32, 64},
	[SL_NOISE_SHA512] = {64, 128},
};

size_t sl_noise_hash_size(enum sl_noise_hash hash)
{
	return sizes[hash].size;
}

void sl_noise_hash_init(struct sl_noise_hashing *s, enum sl_noise_hash hash)
{
	s->hash = hash;
	switch (hash) {
	case SL_NOISE_BLAKE2S:
		sl_blake2s_init(&s->blake2s, SL_BLAKE2S_SIZE, NULL, 0);
		break;
	case SL_NOISE_BLAKE2B:
		crypto_generichash_init(&s->blake2b, NULL, 0, 64);
		break;
	case SL_NOISE_SHA256:
		crypto_hash_sha256_init(&s->sha256);
		break;
	case SL_NOISE_SHA512:
		crypto_hash_sha512_init(&s->sha512);
		break;
	}
}

void sl_noise_hash_update(struct sl_noise_hashing *s, const void *data, size_t len)
{
	if (!len)
		return; // data may be NULL
	switch (s->hash) {
	case SL_NOISE_BLAKE2S:
		sl_blake2s_update(&s->blake2s, data, len);
		break;
	case SL_NOISE_BLAKE2B:
		crypto_generichash_update(&s->blake2b, data, len);
		break;
	case SL_NOISE_SHA256:
		crypto_hash_sha256_update(&s->sha256, data, len);
		break;
	case SL_NOISE_SHA512:
		crypto_hash_sha512_update(&s->sha512, data, len);
		break;
	}
}

void sl_noise_hash_final(struct sl_noise_hashing *s, uint8_t *out)
{
	switch (s->hash) {
	case SL_NOISE_BLAKE2S:
		sl_blake2s_final(&s->blake2s, out);
		break;
	case SL_NOISE_BLAKE2B:
		crypto_generichash_final(&s->blake2b, out, 64);
		break;
	case SL_NOISE_SHA256:
		crypto_hash_sha256_final(&s->sha256, out);
		break;
	case SL_NOISE_SHA512:
		crypto_hash_sha512_final(&s->sha512, out);
		break;
	}
	sodium_memzero(s, sizeof(*s));
}

static void xor_pad(uint8_t pad[BLOCK_MAX], uint8_t with)
{
	for (size_t i = 0; i < BLOCK_MAX; i++)
		pad[i] ^= with;
}

void sl_noise_hmac(enum sl_noise_hash hash, const uint8_t *key, const void *data, size_t len,
		   uint8_t *out)
{
	size_t size = sizes[hash].size, block = sizes[hash].block;
	uint8_t pad[BLOCK_MAX] = {0}, inner[SL_NOISE_HASH_MAX];
	struct sl_noise_hashing s;

	memcpy(pad, key, size);
	xor_pad(pad, 0x36); // ipad
	sl_noise_hash_init(&s, hash);
	sl_noise_hash_update(&s, pad, block);
	sl_noise_hash_update(&s, data, len);
	sl_noise_hash_final(&s, inner);
	xor_pad(pad, 0x36 ^ 0x5c); // opad
	sl_noise_hash_init(&s, hash);
	sl_noise_hash_update(&s, pad, block);
	sl_noise_hash_update(&s, inner, size);
	sl_noise_hash_final(&s, out);
	sodium_memzero(pad, sizeof(pad));
	sodium_memzero(inner, sizeof(inner));
}

void sl_noise_hkdf(enum sl_noise_hash hash, const uint8_t *ck, const uint8_t *ikm, size_t ikm_len,
		   uint8_t out[][SL_NOISE_HASH_MAX], unsigned n)
{
	size_t size = sizes[hash].size, len = 0;
	uint8_t temp_key[SL_NOISE_HASH_MAX], data[SL_NOISE_HASH_MAX + 1];

	assert(n >= 1 && n <= 3);
	sl_noise_hmac(hash, ck, ikm, ikm_len, temp_key);
	for (unsigned i = 0; i < n; i++) {
		data[len] = (uint8_t)(i + 1);
		sl_noise_hmac(hash, temp_key, data, len + 1, out[i]);
		memcpy(data, out[i], size);
		len = size;
	}
	sodium_memzero(temp_key, sizeof(temp_key));
	sodium_memzero(data, sizeof(data));
}
