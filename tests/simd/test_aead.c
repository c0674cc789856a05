#include "simd/aead.h"
#include "tests/simd/guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	ITEMS = 200,        // the largest burst tried: several passes
	ROOM = 2400,        // the longest text of most tests
	VECTORS = 1024 + 80 // two vectors of AVX-512 and a tail
};

// What one packet is made of. The item points into it.
struct packet {
	uint8_t key[SL_AEAD_KEY];
	uint8_t aad[64 + ROOM];
	uint8_t plain[64 + ROOM];
	uint8_t sealed[64 + ROOM];
	uint8_t opened[64 + ROOM];
	uint8_t tag[SL_AEAD_TAG + 3];
	uint8_t expected[ROOM];
	uint8_t expected_tag[SL_AEAD_TAG];
};

static struct packet packets[ITEMS];
static struct sl_aead_item items[ITEMS];
static uint32_t seed;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * n >> 32);
}

static void fill_random(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)random_below(256);
}

// Run check at every level that this CPU has.
static void for_each_level(void (*check)(const struct sl_simd_kernels *k))
{
	enum sl_simd_level best = sl_simd_level_best(sl_simd_cpu_detect());

	for (enum sl_simd_level i = SL_SIMD_SCALAR; i <= best; i++) {
		seed = 1;
		check(sl_simd_level_kernels(i));
	}
}

static void reference_seal(const struct sl_aead_item *p, uint8_t *out, uint8_t *tag)
{
	crypto_aead_chacha20poly1305_ietf_encrypt_detached(out, tag, NULL, p->in, p->len, p->aad,
							   p->aad_len, NULL, p->nonce, p->key);
}

// Point item i at packet i: plain text at offset, and the reference's result.
static void set_item(unsigned i, uint32_t len, uint32_t aad_len, unsigned offset)
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
	memset(s->sealed, 0xa5, sizeof(s->sealed));
}

static void turn_to_open(unsigned i)
{
	items[i].in = items[i].out;
	items[i].out = packets[i].opened + 7;
}

// Nothing in front of the output or behind it was written.
static void assert_frame_is_whole(unsigned i)
{
	const struct packet *s = &packets[i];
	const uint8_t *end = s->sealed + sizeof(s->sealed);

	for (const uint8_t *p = s->sealed; p < items[i].out; p++)
		assert_int_equal(*p, 0xa5);
	for (const uint8_t *p = items[i].out + items[i].len; p < end; p++)
		assert_int_equal(*p, 0xa5);
}

// Seal items 0 to n - 1, compare with the reference, open them again.
static void check_burst(const struct sl_simd_kernels *k, unsigned n)
{
	sl_aead_seal_with(k, items, n);
	for (unsigned i = 0; i < n; i++) {
		assert_memory_equal(items[i].out, packets[i].expected, items[i].len);
		assert_memory_equal(items[i].tag, packets[i].expected_tag, SL_AEAD_TAG);
		assert_frame_is_whole(i);
		turn_to_open(i);
	}
	assert_int_equal(sl_aead_open_with(k, items, n), n);
	for (unsigned i = 0; i < n; i++) {
		assert_true(items[i].ok);
		assert_memory_equal(items[i].out,
				    packets[i].plain + (items[i].aad - packets[i].aad),
				    items[i].len);
	}
}

static void check_lengths(const struct sl_simd_kernels *k)
{
	for (uint32_t len = 0; len <= VECTORS; len++) {
		for (unsigned i = 0; i < 64; i++)
			set_item(i, len, 0, i);
		check_burst(k, 64);
	}
}

static void every_length_at_every_offset_seals_as_libsodium(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 64; i++)
		fill_random(packets[i].plain, sizeof(packets[i].plain));
	for_each_level(check_lengths);
}

static void text_of_zeroes_seals_as_libsodium(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 64; i++)
		memset(packets[i].plain, 0, sizeof(packets[i].plain));
	for_each_level(check_lengths);
}

static void text_of_ones_seals_as_libsodium(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 64; i++)
		memset(packets[i].plain, 0xff, sizeof(packets[i].plain));
	for_each_level(check_lengths);
}

static void check_few(const struct sl_simd_kernels *k)
{
	for (uint32_t len = 0; len <= ROOM; len++) {
		for (unsigned n = 1; n <= 2; n++) {
			for (unsigned i = 0; i < n; i++)
				set_item(i, len, len % 37, len % 64);
			check_burst(k, n);
		}
	}
}

static void one_or_two_packets_of_every_length_seal_as_libsodium(void **state)
{
	(void)state;
	for_each_level(check_few);
}

static void check_aad(const struct sl_simd_kernels *k)
{
	for (uint32_t aad_len = 0; aad_len <= 600; aad_len++) {
		for (unsigned i = 0; i < 9; i++)
			set_item(i, i * 59, i == 4 ? 0 : aad_len, i);
		check_burst(k, 9);
	}
}

static void every_length_of_additional_data_seals_as_libsodium(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 9; i++)
		fill_random(packets[i].aad, sizeof(packets[i].aad));
	for_each_level(check_aad);
}

static uint32_t mixed_length(void)
{
	static const uint32_t below[] = {2, 65, 128, 300, 800, 1500, ROOM};

	return random_below(below[random_below(7)]);
}

static void check_mixed(const struct sl_simd_kernels *k)
{
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned n = 0; n <= 64; n++) {
			for (unsigned i = 0; i < n; i++) {
				uint32_t aad_len = random_below(2) ? 0 : random_below(70);

				set_item(i, mixed_length(), aad_len, random_below(64));
			}
			check_burst(k, n);
		}
	}
}

static void mixed_bursts_seal_as_libsodium(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		fill_random(packets[i].plain, sizeof(packets[i].plain));
		fill_random(packets[i].aad, sizeof(packets[i].aad));
	}
	for_each_level(check_mixed);
}

static void check_more_than_a_burst(const struct sl_simd_kernels *k)
{
	static const unsigned counts[] = {65, 127, 128, 129, ITEMS};

	for (unsigned c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		for (unsigned i = 0; i < counts[c]; i++)
			set_item(i, mixed_length(), random_below(20), i % 64);
		check_burst(k, counts[c]);
	}
}

static void more_items_than_a_burst_are_taken_in_passes(void **state)
{
	(void)state;
	for_each_level(check_more_than_a_burst);
}

static void check_in_place(const struct sl_simd_kernels *k)
{
	for (uint32_t len = 0; len < 700; len += 3) {
		for (unsigned i = 0; i < 40; i++) {
			set_item(i, len + i, 5, i);
			memcpy(packets[i].opened, items[i].in, items[i].len);
			items[i].out = packets[i].plain + i;
		}
		sl_aead_seal_with(k, items, 40);
		for (unsigned i = 0; i < 40; i++) {
			assert_memory_equal(items[i].out, packets[i].expected, items[i].len);
			assert_memory_equal(items[i].tag, packets[i].expected_tag, SL_AEAD_TAG);
		}
		assert_int_equal(sl_aead_open_with(k, items, 40), 40);
		for (unsigned i = 0; i < 40; i++)
			assert_memory_equal(items[i].out, packets[i].opened, items[i].len);
	}
}

static void packets_are_sealed_and_opened_in_place(void **state)
{
	(void)state;
	for_each_level(check_in_place);
}

static void check_largest(const struct sl_simd_kernels *k)
{
	static uint8_t text[3][70000], expected[70000];
	static const uint32_t lengths[] = {8192, 16384, 65519, 65535, 65536, 70000};
	uint8_t tag[3][SL_AEAD_TAG], expected_tag[SL_AEAD_TAG];

	for (unsigned l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
		memset(text, 0x5c, sizeof(text));
		for (unsigned i = 0; i < 3; i++) {
			set_item(i, 0, 13, 0);
			items[i].len = lengths[l];
			items[i].in = items[i].out = text[i];
			items[i].tag = tag[i];
		}
		items[2].key = items[1].key = items[0].key;
		memcpy(items[1].nonce, items[0].nonce, SL_AEAD_NONCE);
		memcpy(items[2].nonce, items[0].nonce, SL_AEAD_NONCE);
		reference_seal(&items[0], expected, expected_tag);
		sl_aead_seal_with(k, items, 3);
		for (unsigned i = 0; i < 3; i++)
			assert_memory_equal(text[i], expected, lengths[l]);
		assert_memory_equal(tag[0], expected_tag, SL_AEAD_TAG);
	}
}

static void largest_packets_seal_as_libsodium(void **state)
{
	(void)state;
	for_each_level(check_largest);
}

// Item 0 has key, additional data, both texts and tag each against a page that no one may touch.
static void set_guarded_item(const struct guard *g, uint32_t len, bool at_end)
{
	const uint32_t aad_len = len % 50;

	set_item(0, len, aad_len, 0);
	items[0].in = at_end ? g[0].end - len : g[0].first;
	items[0].out = at_end ? g[1].end - len : g[1].first;
	items[0].aad = at_end ? g[2].end - aad_len : g[2].first;
	items[0].tag = at_end ? g[3].end - SL_AEAD_TAG : g[3].first;
	items[0].key = at_end ? g[4].end - SL_AEAD_KEY : g[4].first;
}

static void check_guards_at(const struct sl_simd_kernels *k, const struct guard *g, bool at_end)
{
	for (uint32_t len = 0; len <= 600; len++) {
		for (unsigned n = 2; n <= 9; n += 7) {
			set_guarded_item(g, len, at_end);
			for (unsigned i = 1; i < n; i++)
				set_item(i, i * 40, 3, 0);
			sl_aead_seal_with(k, items, n);
			for (unsigned i = 1; i < n; i++)
				turn_to_open(i);
			items[0].in = items[0].out;
			items[0].out = at_end ? g[0].end - len : g[0].first;
			assert_int_equal(sl_aead_open_with(k, items, n), n);
			items[0].tag[3] ^= 1;
			assert_int_equal(sl_aead_open_with(k, items, n), n - 1);
		}
	}
}

static void check_guards(const struct sl_simd_kernels *k)
{
	struct guard g[5];

	for (unsigned i = 0; i < 5; i++)
		g[i] = guard_create(4096);
	check_guards_at(k, g, false);
	check_guards_at(k, g, true);
	for (unsigned i = 0; i < 5; i++)
		guard_destroy(g[i]);
}

static void nothing_outside_the_buffers_is_touched(void **state)
{
	(void)state;
	for_each_level(check_guards);
}

static void assert_all_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		assert_int_equal(p[i], 0);
}

// Open three items, of which the middle one is wrong.
static void check_refused(const struct sl_simd_kernels *k)
{
	assert_int_equal(sl_aead_open_with(k, items, 3), 2);
	assert_true(items[0].ok && !items[1].ok && items[2].ok);
	assert_all_zero(items[1].out, items[1].len);
	assert_memory_equal(items[0].out, packets[0].plain, items[0].len);
	assert_memory_equal(items[2].out, packets[2].plain, items[2].len);
}

static void check_flips_in(const struct sl_simd_kernels *k, uint8_t *bytes, uint32_t len)
{
	for (uint32_t bit = 0; bit < len * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		memset(items[1].out, 0xee, items[1].len);
		check_refused(k);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void check_flips(const struct sl_simd_kernels *k)
{
	static const uint32_t lengths[] = {0, 1, 16, 70, 513};

	for (unsigned l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
		for (unsigned i = 0; i < 3; i++)
			set_item(i, lengths[l], 19, 0);
		sl_aead_seal_with(k, items, 3);
		for (unsigned i = 0; i < 3; i++)
			turn_to_open(i);
		check_flips_in(k, items[1].tag, SL_AEAD_TAG);
		check_flips_in(k, packets[1].sealed + 63, lengths[l]);
		check_flips_in(k, packets[1].aad, items[1].aad_len);
		check_flips_in(k, packets[1].key, SL_AEAD_KEY);
		check_flips_in(k, items[1].nonce, SL_AEAD_NONCE);
		assert_int_equal(sl_aead_open_with(k, items, 3), 3);
	}
}

static void every_flipped_bit_is_refused_and_its_output_wiped(void **state)
{
	(void)state;
	for_each_level(check_flips);
}

static void check_truncations(const struct sl_simd_kernels *k)
{
	for (unsigned i = 0; i < 3; i++)
		set_item(i, 300, 20, 0);
	sl_aead_seal_with(k, items, 3);
	for (unsigned i = 0; i < 3; i++)
		turn_to_open(i);
	for (items[1].len = 0; items[1].len < 300; items[1].len++)
		check_refused(k);
	for (items[1].aad_len = 0; items[1].aad_len < 20; items[1].aad_len++)
		check_refused(k);
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	for_each_level(check_truncations);
}

static void check_wiped_in_place(const struct sl_simd_kernels *k)
{
	for (unsigned i = 0; i < 64; i++) {
		set_item(i, 20 * i, 0, 0);
		items[i].out = packets[i].plain;
		items[i].tag[0] ^= 1;
	}
	assert_int_equal(sl_aead_open_with(k, items, 64), 0);
	for (unsigned i = 0; i < 64; i++)
		assert_all_zero(packets[i].plain, items[i].len);
}

static void forged_packet_in_place_is_wiped(void **state)
{
	(void)state;
	for_each_level(check_wiped_in_place);
}

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
	for (int i = 0; i < 2; i++) { // one alone may be libsodium's
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

enum {
	STACK = 1 << 18,
	SECRET_ITEMS = 40,
};

static void *seal_and_open(void *kernels)
{
	for (unsigned i = 0; i < SECRET_ITEMS; i++)
		items[i].out = packets[i].sealed;
	sl_aead_seal_with(kernels, items, SECRET_ITEMS);
	for (unsigned i = 0; i < SECRET_ITEMS; i++)
		turn_to_open(i);
	sl_aead_open_with(kernels, items, SECRET_ITEMS);
	for (unsigned i = 0; i < SECRET_ITEMS; i++)
		items[i].in = packets[i].plain;
	return NULL;
}

static void assert_absent(const uint8_t *stack, const uint8_t *secret, size_t len)
{
	for (size_t at = 0; at + 16 <= len; at += 16)
		assert_null(memmem(stack, STACK, secret + at, 16));
}

// A thread on a stack of ours, looked through for keys and keystream when it has ended. The first
// run is for the dynamic linker, which saves registers on the stack.
static void check_stack(const struct sl_simd_kernels *k)
{
	uint8_t *stack = guard_create(STACK).first;
	struct guard g = {stack, stack + STACK};
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	assert_int_equal(pthread_attr_setstack(&attr, stack, STACK), 0);
	for (unsigned i = 0; i < SECRET_ITEMS; i++)
		set_item(i, 30 * i, 5, 0);
	for (int run = 0; run < 2; run++) {
		memset(stack, 0, STACK);
		assert_int_equal(pthread_create(&thread, &attr, seal_and_open, (void *)k), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
	for (unsigned i = 0; i < SECRET_ITEMS; i++) {
		uint8_t keystream[64 * 4];

		crypto_stream_chacha20_ietf(keystream, sizeof(keystream), items[i].nonce,
					    items[i].key);
		assert_true(items[i].ok);
		assert_absent(stack, items[i].key, SL_AEAD_KEY);
		assert_absent(stack, keystream, sizeof(keystream));
	}
	pthread_attr_destroy(&attr);
	guard_destroy(g);
}

static void no_key_or_keystream_is_left_on_the_stack(void **state)
{
	(void)state;
	for_each_level(check_stack);
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
	struct sl_aead_item two[2] = {item, item}; // one alone may be libsodium's

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
		cmocka_unit_test(every_length_at_every_offset_seals_as_libsodium),
		cmocka_unit_test(text_of_zeroes_seals_as_libsodium),
		cmocka_unit_test(text_of_ones_seals_as_libsodium),
		cmocka_unit_test(one_or_two_packets_of_every_length_seal_as_libsodium),
		cmocka_unit_test(every_length_of_additional_data_seals_as_libsodium),
		cmocka_unit_test(mixed_bursts_seal_as_libsodium),
		cmocka_unit_test(more_items_than_a_burst_are_taken_in_passes),
		cmocka_unit_test(packets_are_sealed_and_opened_in_place),
		cmocka_unit_test(largest_packets_seal_as_libsodium),
		cmocka_unit_test(nothing_outside_the_buffers_is_touched),
		cmocka_unit_test(every_flipped_bit_is_refused_and_its_output_wiped),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(forged_packet_in_place_is_wiped),
		cmocka_unit_test(no_key_or_keystream_is_left_on_the_stack),
		cmocka_unit_test(wycheproof_vectors),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
