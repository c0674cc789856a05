#include "simd/aead.h"

#include "simd/aead_scalar.h"
#include "simd/chacha20.h"
#include "simd/poly1305.h"
#include <sodium.h>
#include <string.h>

enum {
	// A packet alone leaves most lanes empty: below this length libsodium is faster.
	SHORT_ALONE = 1280,
};

// A pass over a burst. Wiped at its end: it held the Poly1305 keys and, for open, the right tags.
struct pass {
	uint8_t poly_keys[SL_AEAD_BURST][32];
	uint8_t right_tags[SL_AEAD_BURST][SL_AEAD_TAG]; // for open
	struct sl_poly1305_job tags[SL_AEAD_BURST];
	struct sl_chacha20_job texts[SL_AEAD_BURST];
};

static struct sl_chacha20_job text_job(const struct sl_aead_item *p, uint32_t len,
				       uint8_t *poly_key)
{
	return (struct sl_chacha20_job){
		.key = p->key,
		.nonce = p->nonce,
		.in = p->in,
		.out = p->out,
		.len = len,
		.poly_key = poly_key,
	};
}

static struct sl_poly1305_job tag_job(const struct sl_aead_item *p, const uint8_t *poly_key,
				      const uint8_t *ciphertext, uint8_t *tag)
{
	return (struct sl_poly1305_job){
		.key = poly_key,
		.aad = p->aad,
		.text = ciphertext,
		.aad_len = p->aad_len,
		.len = p->len,
		.tag = tag,
	};
}

// RFC 8439 section 2.8: the Poly1305 keys and the ciphertexts are one stream of independent blocks.
static void seal_pass(const struct sl_simd_kernels *k, struct sl_aead_item *items, size_t n)
{
	struct pass w;

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		w.texts[i] = text_job(&items[i], items[i].len, w.poly_keys[i]);
	k->chacha20(w.texts, n);
	for (size_t i = 0; i < n; i++)
		w.tags[i] = tag_job(&items[i], w.poly_keys[i], items[i].out, items[i].tag);
	k->poly1305(w.tags, n);
	sodium_memzero(w.poly_keys, n * sizeof(w.poly_keys[0]));
}

// All 128 bits, in constant time.
static bool tags_equal(const uint8_t *a, const uint8_t *b)
{
	uint64_t x[2], y[2], difference;

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	difference = (x[0] ^ y[0]) | (x[1] ^ y[1]);
	return difference == 0;
}

// Keys, tags, and only then the texts whose tags are right.
static size_t open_pass(const struct sl_simd_kernels *k, struct sl_aead_item *items, size_t n)
{
	struct pass w;
	size_t right = 0;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		w.texts[i] = text_job(&items[i], 0, w.poly_keys[i]);
	k->chacha20(w.texts, n);
	for (size_t i = 0; i < n; i++)
		w.tags[i] = tag_job(&items[i], w.poly_keys[i], items[i].in, w.right_tags[i]);
	k->poly1305(w.tags, n);
	for (size_t i = 0; i < n; i++) {
		struct sl_aead_item *p = &items[i];

		p->ok = tags_equal(w.right_tags[i], p->tag);
		if (p->ok)
			w.texts[right++] = text_job(p, p->len, NULL);
		else if (p->len > 0)
			sodium_memzero(p->out, p->len);
	}
	k->chacha20(w.texts, right);
	sodium_memzero(w.poly_keys, n * sizeof(w.poly_keys[0]));
	sodium_memzero(w.right_tags, n * sizeof(w.right_tags[0]));
	return right;
}

static bool for_libsodium(const struct sl_simd_kernels *k, const struct sl_aead_item *items,
			  size_t n)
{
	return !k->chacha20 || (n == 1 && items[0].len < SHORT_ALONE);
}

void sl_aead_seal_with(const struct sl_simd_kernels *k, struct sl_aead_item *items, size_t n)
{
	if (for_libsodium(k, items, n)) {
		sl_aead_seal_scalar(items, n);
		return;
	}
	for (size_t i = 0; i < n; i += SL_AEAD_BURST)
		seal_pass(k, items + i, n - i < SL_AEAD_BURST ? n - i : SL_AEAD_BURST);
}

size_t sl_aead_open_with(const struct sl_simd_kernels *k, struct sl_aead_item *items, size_t n)
{
	size_t right = 0;

	if (for_libsodium(k, items, n))
		return sl_aead_open_scalar(items, n);
	for (size_t i = 0; i < n; i += SL_AEAD_BURST)
		right += open_pass(k, items + i, n - i < SL_AEAD_BURST ? n - i : SL_AEAD_BURST);
	return right;
}

void sl_aead_seal(struct sl_aead_item *items, size_t n)
{
	sl_aead_seal_with(sl_simd_kernels(), items, n);
}

size_t sl_aead_open(struct sl_aead_item *items, size_t n)
{
	return sl_aead_open_with(sl_simd_kernels(), items, n);
}
