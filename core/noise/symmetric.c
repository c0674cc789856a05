#include "core/noise/symmetric.h"

#include "core/noise/hash.h"

#include <errno.h>
#include <string.h>

// InitializeKey(key): a hash of 64 bytes is cut to the key's 32.
static void initialize_key(struct sl_noise_cipher *c, const uint8_t *key)
{
	memcpy(c->key, key, SL_NOISE_KEY);
	c->nonce = 0;
	c->has_key = true;
}

void sl_noise_symmetric_init(struct sl_noise_symmetric *s, const struct sl_noise_protocol *p)
{
	size_t len = strlen(p->name);
	struct sl_noise_hashing hashing;

	memset(s, 0, sizeof(*s));
	s->hash = p->hash;
	s->cipher.aead = p->aead;
	if (len <= sl_noise_hash_size(p->hash)) {
		memcpy(s->h, p->name, len);
	} else {
		sl_noise_hash_init(&hashing, p->hash);
		sl_noise_hash_update(&hashing, p->name, len);
		sl_noise_hash_final(&hashing, s->h);
	}
	memcpy(s->ck, s->h, sizeof(s->ck));
}

void sl_noise_mix_key(struct sl_noise_symmetric *s, const uint8_t ikm[SL_NOISE_KEY])
{
	uint8_t out[2][SL_NOISE_HASH_MAX];

	sl_noise_hkdf(s->hash, s->ck, ikm, SL_NOISE_KEY, out, 2);
	memcpy(s->ck, out[0], sl_noise_hash_size(s->hash));
	initialize_key(&s->cipher, out[1]); // temp_k
	sodium_memzero(out, sizeof(out));
}

void sl_noise_mix_hash(struct sl_noise_symmetric *s, const void *data, size_t len)
{
	struct sl_noise_hashing hashing;

	sl_noise_hash_init(&hashing, s->hash);
	sl_noise_hash_update(&hashing, s->h, sl_noise_hash_size(s->hash));
	sl_noise_hash_update(&hashing, data, len);
	sl_noise_hash_final(&hashing, s->h);
}

void sl_noise_mix_key_and_hash(struct sl_noise_symmetric *s, const uint8_t ikm[SL_NOISE_KEY])
{
	uint8_t out[3][SL_NOISE_HASH_MAX];

	sl_noise_hkdf(s->hash, s->ck, ikm, SL_NOISE_KEY, out, 3);
	memcpy(s->ck, out[0], sl_noise_hash_size(s->hash));
	sl_noise_mix_hash(s, out[1], sl_noise_hash_size(s->hash)); // temp_h
	initialize_key(&s->cipher, out[2]);                        // temp_k
	sodium_memzero(out, sizeof(out));
}

size_t sl_noise_encrypt_and_hash(struct sl_noise_symmetric *s, const void *plain, size_t len,
				 uint8_t *out)
{
	struct sl_noise_text t = {s->h, sl_noise_hash_size(s->hash), plain, len, out};

	if (s->cipher.has_key)
		len = (size_t)sl_noise_encrypt(&s->cipher, &t);
	else if (len)
		memcpy(out, plain, len);
	sl_noise_mix_hash(s, out, len);
	return len;
}

int sl_noise_decrypt_and_hash(struct sl_noise_symmetric *s, const void *sealed, size_t len,
			      uint8_t *out)
{
	struct sl_noise_text t = {s->h, sl_noise_hash_size(s->hash), sealed, len, out};
	int ret = (int)len;

	if (s->cipher.has_key)
		ret = sl_noise_decrypt(&s->cipher, &t);
	else if (len)
		memcpy(out, sealed, len);
	if (ret >= 0)
		sl_noise_mix_hash(s, sealed, len);
	return ret;
}

void sl_noise_symmetric_split(const struct sl_noise_symmetric *s, struct sl_noise_cipher *first,
			      struct sl_noise_cipher *second)
{
	uint8_t out[2][SL_NOISE_HASH_MAX];

	sl_noise_hkdf(s->hash, s->ck, NULL, 0, out, 2); // zerolen
	*first = *second = (struct sl_noise_cipher){.aead = s->cipher.aead};
	initialize_key(first, out[0]);
	initialize_key(second, out[1]);
	sodium_memzero(out, sizeof(out));
}
