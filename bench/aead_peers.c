#include "bench/aead.h"

#include "simd/aead_scalar.h"
#include <dlfcn.h>
#include <intel-ipsec-mb.h>
#include <openssl/evp.h>
#include <sodium.h>

static bool sodium_start(void)
{
	return sodium_init() >= 0;
}

static void sodium_open(struct sl_aead_item *items, size_t n)
{
	sl_aead_open_scalar(items, n);
}

// OpenSSL: one context, the key set anew for each packet, as a router of many tunnels must.

static EVP_CIPHER_CTX *openssl;

static bool openssl_start(void)
{
	openssl = EVP_CIPHER_CTX_new();
	return openssl && EVP_CipherInit_ex(openssl, EVP_chacha20_poly1305(), NULL, NULL, NULL, 1);
}

static void openssl_seal(struct sl_aead_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sl_aead_item *p = &items[i];
		int len;

		EVP_CipherInit_ex(openssl, NULL, NULL, p->key, p->nonce, 1);
		EVP_CipherUpdate(openssl, p->out, &len, p->in, (int)p->len);
		EVP_CipherFinal_ex(openssl, p->out + len, &len);
		EVP_CIPHER_CTX_ctrl(openssl, EVP_CTRL_AEAD_GET_TAG, SL_AEAD_TAG, p->tag);
	}
}

static void openssl_open(struct sl_aead_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sl_aead_item *p = &items[i];
		int len;

		EVP_CipherInit_ex(openssl, NULL, NULL, p->key, p->nonce, 0);
		EVP_CIPHER_CTX_ctrl(openssl, EVP_CTRL_AEAD_SET_TAG, SL_AEAD_TAG, p->tag);
		EVP_CipherUpdate(openssl, p->out, &len, p->in, (int)p->len);
		p->ok = EVP_CipherFinal_ex(openssl, p->out + len, &len) == 1;
	}
}

// BoringSSL has OpenSSL's names, so it is loaded on its own.

static struct {
	const void *(*chacha20_poly1305)(void);
	void *(*ctx_new)(const void *aead, const uint8_t *key, size_t key_len, size_t tag_len);
	int (*seal)(const void *ctx, uint8_t *out, size_t *out_len, size_t max,
		    const uint8_t *nonce, size_t nonce_len, const uint8_t *in, size_t in_len,
		    const uint8_t *ad, size_t ad_len);
	int (*open)(const void *ctx, uint8_t *out, size_t *out_len, size_t max,
		    const uint8_t *nonce, size_t nonce_len, const uint8_t *in, size_t in_len,
		    const uint8_t *ad, size_t ad_len);
	void *ctx;
	const uint8_t *key; // that ctx is for
} boring;

static bool boring_start(void)
{
	void *lib = dlopen("/usr/lib/x86_64-linux-gnu/android/libcrypto.so.0",
			   RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);

	if (!lib)
		return false;
	*(void **)&boring.chacha20_poly1305 = dlsym(lib, "EVP_aead_chacha20_poly1305");
	*(void **)&boring.ctx_new = dlsym(lib, "EVP_AEAD_CTX_new");
	*(void **)&boring.seal = dlsym(lib, "EVP_AEAD_CTX_seal");
	*(void **)&boring.open = dlsym(lib, "EVP_AEAD_CTX_open");
	return boring.chacha20_poly1305 && boring.ctx_new && boring.seal && boring.open;
}

// A key costs BoringSSL an allocation, so all items are taken to have the first one's.
static void boring_key(const uint8_t *key)
{
	if (key != boring.key)
		boring.ctx = boring.ctx_new(boring.chacha20_poly1305(), key, SL_AEAD_KEY, 0);
	boring.key = key;
}

static void boring_seal(struct sl_aead_item *items, size_t n)
{
	boring_key(items[0].key);
	for (size_t i = 0; i < n; i++) {
		struct sl_aead_item *p = &items[i];
		size_t len;

		boring.seal(boring.ctx, p->out, &len, p->len + SL_AEAD_TAG, p->nonce, SL_AEAD_NONCE,
			    p->in, p->len, NULL, 0);
	}
}

static void boring_open(struct sl_aead_item *items, size_t n)
{
	boring_key(items[0].key);
	for (size_t i = 0; i < n; i++) {
		struct sl_aead_item *p = &items[i];
		size_t len;

		p->ok = boring.open(boring.ctx, p->out, &len, p->len, p->nonce, SL_AEAD_NONCE,
				    p->in, p->len + SL_AEAD_TAG, NULL, 0) == 1;
	}
}

// intel-ipsec-mb, its burst interface.

static IMB_MGR *mb_avx2, *mb_avx512;

static bool mb_avx2_start(void)
{
	mb_avx2 = alloc_mb_mgr(0);
	if (!mb_avx2 || !(mb_avx2->features & IMB_FEATURE_AVX2))
		return false;
	init_mb_mgr_avx2(mb_avx2);
	return true;
}

static bool mb_avx512_start(void)
{
	mb_avx512 = alloc_mb_mgr(0);
	if (!mb_avx512 || !(mb_avx512->features & IMB_FEATURE_AVX512_SKX))
		return false;
	init_mb_mgr_avx512(mb_avx512);
	return true;
}

static void mb_fill(IMB_JOB *job, struct sl_aead_item *p, IMB_CIPHER_DIRECTION direction,
		    uint8_t *tag)
{
	job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
	job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
	job->cipher_direction = direction;
	job->chain_order = direction == IMB_DIR_ENCRYPT ? IMB_ORDER_CIPHER_HASH
							: IMB_ORDER_HASH_CIPHER;
	job->enc_keys = job->dec_keys = p->key;
	job->key_len_in_bytes = SL_AEAD_KEY;
	job->src = p->in;
	job->dst = p->out;
	job->cipher_start_src_offset_in_bytes = 0;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_cipher_in_bytes = p->len;
	job->msg_len_to_hash_in_bytes = p->len;
	job->iv = p->nonce;
	job->iv_len_in_bytes = SL_AEAD_NONCE;
	job->auth_tag_output = tag;
	job->auth_tag_output_len_in_bytes = SL_AEAD_TAG;
	job->u.CHACHA20_POLY1305.aad = NULL;
	job->u.CHACHA20_POLY1305.aad_len_in_bytes = 0;
}

static void mb_burst(IMB_MGR *mb, struct sl_aead_item *items, size_t n,
		     IMB_CIPHER_DIRECTION direction)
{
	IMB_JOB *jobs[SL_AEAD_BURST];
	uint8_t tags[SL_AEAD_BURST][SL_AEAD_TAG];
	uint32_t got = IMB_GET_NEXT_BURST(mb, (uint32_t)n, jobs);

	for (uint32_t i = 0; i < got; i++)
		mb_fill(jobs[i], &items[i], direction,
			direction == IMB_DIR_ENCRYPT ? items[i].tag : tags[i]);
	got = IMB_SUBMIT_BURST(mb, got, jobs);
	got += IMB_FLUSH_BURST(mb, (uint32_t)n - got, jobs);
	if (direction == IMB_DIR_DECRYPT)
		for (size_t i = 0; i < got; i++)
			items[i].ok = sodium_memcmp(tags[i], items[i].tag, SL_AEAD_TAG) == 0;
}

static void mb_avx2_seal(struct sl_aead_item *items, size_t n)
{
	mb_burst(mb_avx2, items, n, IMB_DIR_ENCRYPT);
}

static void mb_avx2_open(struct sl_aead_item *items, size_t n)
{
	mb_burst(mb_avx2, items, n, IMB_DIR_DECRYPT);
}

static void mb_avx512_seal(struct sl_aead_item *items, size_t n)
{
	mb_burst(mb_avx512, items, n, IMB_DIR_ENCRYPT);
}

static void mb_avx512_open(struct sl_aead_item *items, size_t n)
{
	mb_burst(mb_avx512, items, n, IMB_DIR_DECRYPT);
}

const struct aead_peer aead_peers[] = {
	{"libsodium", sodium_start, sl_aead_seal_scalar, sodium_open},
	{"OpenSSL", openssl_start, openssl_seal, openssl_open},
	{"BoringSSL", boring_start, boring_seal, boring_open},
	{"ipsec-mb AVX2", mb_avx2_start, mb_avx2_seal, mb_avx2_open},
	{"ipsec-mb AVX-512", mb_avx512_start, mb_avx512_seal, mb_avx512_open},
	{NULL, NULL, NULL, NULL},
};
