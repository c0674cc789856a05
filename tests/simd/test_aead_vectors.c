// Published vectors at every level: RFC 8439's and, from SLUICE_CORPUS, Wycheproof's.
#include "simd/aead.h"
#include "tests/simd/aead_packets.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check_rfc8439(const struct sl_simd_kernels *k)
{
	static const char plain[] =
		"Ladies and Gentlemen of the class of '99: If I could offer you "
		"only one tip for the future, sunscreen would be it.";
	static const uint8_t aad[] = {0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1,
				      0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7};
	static const uint8_t nonce[] = {7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47};
	static const char sealed_hex[] =
		"d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736"
		"ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6"
		"a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675"
		"945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116";
	uint8_t key[SL_AEAD_KEY], sealed[114], out[2][114], tag[2][SL_AEAD_TAG];

	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(0x80 + i);
	for (int i = 0; i < 2; i++) { // one alone may be another level's
		items[i] = (struct sl_aead_item){
			.key = key,
			.aad = aad,
			.aad_len = sizeof(aad),
			.in = (const uint8_t *)plain,
			.out = out[i],
			.len = sizeof(out[i]),
			.tag = tag[i],
		};
		memcpy(items[i].nonce, nonce, sizeof(nonce));
	}
	sodium_hex2bin(sealed, sizeof(sealed), sealed_hex, strlen(sealed_hex), NULL, NULL, NULL);
	sl_aead_seal_with(k, items, 2);
	for (int i = 0; i < 2; i++) {
		assert_memory_equal(out[i], sealed, sizeof(sealed));
		assert_memory_equal(
			tag[i], "\x1a\xe1\x0b\x59\x4f\x09\xe2\x6a\x7e\x90\x2e\xcb\xd0\x60\x06\x91",
			SL_AEAD_TAG);
		items[i].in = out[i];
	}
	assert_int_equal(sl_aead_open_with(k, items, 2), 2);
	for (int i = 0; i < 2; i++)
		assert_memory_equal(out[i], plain, sizeof(out[i]));
}

static void rfc8439_section_2_8_2_example(void **state)
{
	(void)state;
	for_each_level(check_rfc8439);
}

// The value of a field of the JSON object at p, as bytes; the schema has no nesting and no escapes
// where this is used. Returns its length, or -1 where the field does not follow.
static int json_bytes(const char *p, const char *field, uint8_t *out, size_t size)
{
	const char *value = strstr(p, field);
	size_t len = 0;

	if (!value)
		return -1;
	value = strchr(value, ':');
	value = value ? strchr(value, '"') : NULL;
	if (!value ||
	    sodium_hex2bin(out, size, value + 1, strcspn(value + 1, "\""), NULL, &len, NULL))
		return -1;
	return (int)len;
}

static char *read_corpus(const char *name)
{
	const char *corpus = getenv("SLUICE_CORPUS");
	static char text[1 << 20];
	char path[512];
	FILE *f;

	if (!corpus) {
		print_message("skipped: SLUICE_CORPUS is not set\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/%s", corpus, name);
	f = fopen(path, "r");
	if (!f) {
		print_message("skipped: no %s\n", path);
		skip();
	}
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

struct vector {
	uint8_t key[32], nonce[64], aad[1024], plain[1024], sealed[1024], tag[16];
	int nonce_len;
	bool valid;
};

static void check_vector(const struct sl_simd_kernels *k, const struct vector *v,
			 struct sl_aead_item item)
{
	uint8_t out[2][1024], tag[2][SL_AEAD_TAG];
	struct sl_aead_item two[2] = {item, item}; // one alone may be another level's

	for (int i = 0; i < 2; i++) {
		memcpy(tag[i], v->tag, SL_AEAD_TAG);
		two[i].tag = tag[i];
		two[i].in = v->sealed;
		two[i].out = out[i];
	}
	assert_int_equal(sl_aead_open_with(k, two, 2), v->valid ? 2 : 0);
	if (!v->valid)
		return;
	for (int i = 0; i < 2; i++) {
		assert_memory_equal(out[i], v->plain, item.len);
		two[i].in = v->plain;
	}
	sl_aead_seal_with(k, two, 2);
	for (int i = 0; i < 2; i++) {
		assert_memory_equal(out[i], v->sealed, item.len);
		assert_memory_equal(tag[i], v->tag, SL_AEAD_TAG);
	}
}

// Sizes of nonce other than RFC 8439's cannot be asked for.
static void wycheproof_vectors(void **state)
{
	enum sl_simd_level best = sl_simd_level_best(sl_simd_cpu_detect());
	const char *at = read_corpus("wycheproof/chacha20_poly1305_test.json");
	static struct vector v;
	int tried = 0;

	(void)state;
	while ((at = strstr(at, "\"tcId\""))) {
		struct sl_aead_item item = {.key = v.key, .aad = v.aad};

		assert_int_equal(json_bytes(at, "\"key\"", v.key, sizeof(v.key)), 32);
		v.nonce_len = json_bytes(at, "\"iv\"", v.nonce, sizeof(v.nonce));
		item.aad_len = (uint32_t)json_bytes(at, "\"aad\"", v.aad, sizeof(v.aad));
		item.len = (uint32_t)json_bytes(at, "\"msg\"", v.plain, sizeof(v.plain));
		assert_int_equal(json_bytes(at, "\"ct\"", v.sealed, sizeof(v.sealed)), item.len);
		json_bytes(at, "\"tag\"", v.tag, sizeof(v.tag));
		at = strstr(at, "\"result\"");
		assert_non_null(at);
		v.valid = strncmp(at, "\"result\": \"valid\"", 17) == 0;
		if (v.nonce_len != SL_AEAD_NONCE)
			continue;
		memcpy(item.nonce, v.nonce, SL_AEAD_NONCE);
		for (enum sl_simd_level l = SL_SIMD_SCALAR; l <= best; l++)
			check_vector(sl_simd_level_kernels(l), &v, item);
		tried++;
	}
	assert_true(tried > 300);
}
static int setup(void **state)
{
	(void)state;
	return sodium_init() < 0;
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc8439_section_2_8_2_example),
		cmocka_unit_test(wycheproof_vectors),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
