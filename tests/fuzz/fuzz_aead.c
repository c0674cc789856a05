// A burst of any packets, sealed and opened at every level and held against libsodium.
//
// Each packet takes 4 bytes of the input: length, length of additional data, and what is special:
// sealed in place, one bit flipped before it is opened. Keys, nonces and texts are hashes of these.

#include "simd/aead.h"
#include "tests/fuzz/fuzz.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEADER = 4,
	ROOM = 4096,
	IN_PLACE = 1,
	FLIP = 2,
};

struct packet {
	uint8_t key[SL_AEAD_KEY], nonce[SL_AEAD_NONCE], aad[256], tag[SL_AEAD_TAG];
	uint8_t plain[ROOM], in[ROOM], out[ROOM];
	uint8_t expected[ROOM], expected_tag[SL_AEAD_TAG];
	uint32_t len, aad_len;
	uint8_t special;
};

static struct packet packets[SL_AEAD_BURST + 8];
static struct sl_aead_item items[SL_AEAD_BURST + 8];

// Bytes that depend on header and number alone.
static void fill(uint8_t *out, size_t len, const uint8_t *header, uint8_t number)
{
	uint8_t seed[randombytes_SEEDBYTES] = {header[0], header[1], header[2], header[3], number};

	randombytes_buf_deterministic(out, len, seed);
}

static void packet_read(struct packet *p, const uint8_t *header)
{
	p->len = (header[0] | (uint32_t)header[1] << 8) % ROOM;
	p->aad_len = header[2];
	p->special = header[3];
	fill(p->key, sizeof(p->key), header, 0);
	fill(p->nonce, sizeof(p->nonce), header, 1);
	fill(p->aad, sizeof(p->aad), header, 2);
	fill(p->plain, p->len, header, 3);
	crypto_aead_chacha20poly1305_ietf_encrypt_detached(p->expected, p->expected_tag, NULL,
							   p->plain, p->len, p->aad, p->aad_len,
							   NULL, p->nonce, p->key);
}

static struct sl_aead_item item_of(struct packet *p, const uint8_t *text)
{
	struct sl_aead_item item = {
		.key = p->key,
		.aad = p->aad,
		.aad_len = p->aad_len,
		.in = p->special & IN_PLACE ? p->out : p->in,
		.out = p->out,
		.tag = p->tag,
		.len = p->len,
	};

	memcpy(item.nonce, p->nonce, sizeof(item.nonce));
	memcpy(p->special & IN_PLACE ? p->out : p->in, text, p->len);
	return item;
}

static void seal(const struct sl_simd_kernels *k, size_t n)
{
	for (size_t i = 0; i < n; i++)
		items[i] = item_of(&packets[i], packets[i].plain);
	sl_aead_seal_with(k, items, n);
	for (size_t i = 0; i < n; i++) {
		must(memcmp(packets[i].out, packets[i].expected, packets[i].len) == 0);
		must(memcmp(packets[i].tag, packets[i].expected_tag, SL_AEAD_TAG) == 0);
	}
}

static void open_again(const struct sl_simd_kernels *k, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct packet *p = &packets[i];

		items[i] = item_of(p, p->expected);
		if (p->special & FLIP)
			p->tag[p->special >> 4] ^= (uint8_t)(1 << (p->special >> 2 & 3));
	}
	sl_aead_open_with(k, items, n);
	for (size_t i = 0; i < n; i++) {
		const struct packet *p = &packets[i];

		must(items[i].ok == !(p->special & FLIP));
		if (items[i].ok)
			must(memcmp(p->out, p->plain, p->len) == 0);
		else
			must(sodium_is_zero(p->out, p->len));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t most = sizeof(packets) / sizeof(packets[0]);
	const size_t n = size / HEADER < most ? size / HEADER : most;
	const enum sl_simd_level best = sl_simd_level_best(sl_simd_cpu_detect());

	must(sodium_init() >= 0);
	for (size_t i = 0; i < n; i++)
		packet_read(&packets[i], data + HEADER * i);
	for (enum sl_simd_level level = SL_SIMD_SCALAR; level <= best; level++) {
		seal(sl_simd_level_kernels(level), n);
		open_again(sl_simd_level_kernels(level), n);
	}
	return 0;
}
