#include "tests/simd/aead_packets.h"

#include <sodium.h>
#include <string.h>

struct packet packets[AEAD_ITEMS];
struct sl_aead_item items[AEAD_ITEMS];
static uint32_t seed;

uint32_t random_below(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * n >> 32);
}

void fill_random(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)random_below(256);
}

void for_each_level(void (*check)(const struct sl_simd_kernels *k))
{
	enum sl_simd_level best = sl_simd_level_best(sl_simd_cpu_detect());

	for (enum sl_simd_level i = SL_SIMD_SCALAR; i <= best; i++) {
		seed = 1;
		check(sl_simd_level_kernels(i));
	}
}

void reference_seal(const struct sl_aead_item *p, uint8_t *out, uint8_t *tag)
{
	crypto_aead_chacha20poly1305_ietf_encrypt_detached(out, tag, NULL, p->in, p->len, p->aad,
							   p->aad_len, NULL, p->nonce, p->key);
}

void set_item(unsigned i, uint32_t len, uint32_t aad_len, unsigned offset)
{
	struct packet *s = &packets[i];
	struct sl_aead_item *p = &items[i];

	memset(p, 0, sizeof(*p));
	p->key = s->key;
	p->aad = s->aad + offset;
	p->aad_len = aad_len;
	p->in = s->plain + offset;
	p->out = s->sealed + (63 - offset);
	p->tag = s->tag + offset % 4;
	p->len = len;
	fill_random(p->nonce, sizeof(p->nonce));
	fill_random(s->key, sizeof(s->key));
	reference_seal(p, s->expected, s->expected_tag);
	memset(s->sealed, AEAD_OUTPUT, sizeof(s->sealed));
}

void turn_to_open(unsigned i)
{
	items[i].in = items[i].out;
	items[i].out = packets[i].opened + 7;
}
