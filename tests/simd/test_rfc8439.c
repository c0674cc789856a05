// RFC 8439's appendix A at every level: ChaCha20 blocks and texts, Poly1305, its keys, the AEAD.
//
// The kernels have no Poly1305 of plain messages: they add padding and lengths. So appendix A.3 is
// held against a model, and the model against the kernels.
#include "simd/aead.h"
#include "simd/chacha20.h"
#include "simd/poly1305.h"
#include "tests/simd/aead_packets.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	JOBS = 37,   // more than a vector's lanes, and no multiple of them
	TEXT = 3072, // room for 42 blocks and a text behind them
};

static const char ietf_text[] = "416e79207375626d697373696f6e20746f20746865204945544620696e74656e"
				"6465642062792074686520436f6e7472696275746f7220666f72207075626c69"
				"636174696f6e20617320616c6c206f722070617274206f6620616e2049455446"
				"20496e7465726e65742d4472616674206f722052464320616e6420616e792073"
				"746174656d656e74206d6164652077697468696e2074686520636f6e74657874"
				"206f6620616e204945544620616374697669747920697320636f6e7369646572"
				"656420616e20224945544620436f6e747269627574696f6e222e205375636820"
				"73746174656d656e747320696e636c756465206f72616c2073746174656d656e"
				"747320696e20494554462073657373696f6e732c2061732077656c6c20617320"
				"7772697474656e20616e6420656c656374726f6e696320636f6d6d756e696361"
				"74696f6e73206d61646520617420616e792074696d65206f7220706c6163652c"
				"207768696368206172652061646472657373656420746f";

static const char jabberwocky[] = "2754776173206272696c6c69672c20616e642074686520736c6974687920746f"
				  "7665730a446964206779726520616e642067696d626c6520696e207468652077"
				  "6162653a0a416c6c206d696d737920776572652074686520626f726f676f7665"
				  "732c0a416e6420746865206d6f6d65207261746873206f757467726162652e";

// Appendix A.1.
static const struct {
	const char *key, *nonce;
	uint32_t counter;
	const char *keystream;
} blocks[] = {
	{"0000000000000000000000000000000000000000000000000000000000000000",
	 "000000000000000000000000", 0,
	 "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
	 "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"},
	{"0000000000000000000000000000000000000000000000000000000000000000",
	 "000000000000000000000000", 1,
	 "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
	 "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"},
	{"0000000000000000000000000000000000000000000000000000000000000001",
	 "000000000000000000000000", 1,
	 "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
	 "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0"},
	{"00ff000000000000000000000000000000000000000000000000000000000000",
	 "000000000000000000000000", 2,
	 "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca"
	 "13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096"},
	{"0000000000000000000000000000000000000000000000000000000000000000",
	 "000000000000000000000002", 0,
	 "c2c64d378cd536374ae204b9ef933fcd1a8b2288b3dfa49672ab765b54ee27c7"
	 "8a970e0e955c14f3a88e741b97c286f75f8fc299e8148362fa198a39531bed6d"},
};

// Appendix A.2.
static const struct {
	const char *key, *nonce;
	uint32_t counter;
	const char *plain, *sealed;
} texts[] = {
	{"0000000000000000000000000000000000000000000000000000000000000000",
	 "000000000000000000000000", 0,
	 "0000000000000000000000000000000000000000000000000000000000000000"
	 "0000000000000000000000000000000000000000000000000000000000000000",
	 "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
	 "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"},
	{"0000000000000000000000000000000000000000000000000000000000000001",
	 "000000000000000000000002", 1, ietf_text,
	 "a3fbf07df3fa2fde4f376ca23e82737041605d9f4f4f57bd8cff2c1d4b7955ec"
	 "2a97948bd3722915c8f3d337f7d370050e9e96d647b7c39f56e031ca5eb6250d"
	 "4042e02785ececfa4b4bb5e8ead0440e20b6e8db09d881a7c6132f420e527950"
	 "42bdfa7773d8a9051447b3291ce1411c680465552aa6c405b7764d5e87bea85a"
	 "d00f8449ed8f72d0d662ab052691ca66424bc86d2df80ea41f43abf937d3259d"
	 "c4b2d0dfb48a6c9139ddd7f76966e928e635553ba76c5c879d7b35d49eb2e62b"
	 "0871cdac638939e25e8a1e0ef9d5280fa8ca328b351c3c765989cbcf3daa8b6c"
	 "cc3aaf9f3979c92b3720fc88dc95ed84a1be059c6499b9fda236e7e818b04b0b"
	 "c39c1e876b193bfe5569753f88128cc08aaa9b63d1a16f80ef2554d7189c411f"
	 "5869ca52c5b83fa36ff216b9c1d30062bebcfd2dc5bce0911934fda79a86f6e6"
	 "98ced759c3ff9b6477338f3da4f9cd8514ea9982ccafb341b2384dd902f3d1ab"
	 "7ac61dd29c6f21ba5b862f3730e37cfdc4fd806c22f221"},
	{"1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0",
	 "000000000000000000000002", 42, jabberwocky,
	 "62e6347f95ed87a45ffae7426f27a1df5fb69110044c0d73118effa95b01e5cf"
	 "166d3df2d721caf9b21e5fb14c616871fd84c54f9d65b283196c7fe4f60553eb"
	 "f39c6402c42234e32a356b3e764312a61a5532055716ead6962568f87d3f3f77"
	 "04c6a8d1bcd1bf4d50d6154b6da731b187b58dfd728afa36757a797ac188d1"},
};

// Appendix A.3.
static const struct {
	const char *key, *text, *tag;
} macs[] = {
	{"0000000000000000000000000000000000000000000000000000000000000000",
	 "0000000000000000000000000000000000000000000000000000000000000000"
	 "0000000000000000000000000000000000000000000000000000000000000000",
	 "00000000000000000000000000000000"},
	{"0000000000000000000000000000000036e5f6b5c5e06070f0efca96227a863e", ietf_text,
	 "36e5f6b5c5e06070f0efca96227a863e"},
	{"36e5f6b5c5e06070f0efca96227a863e00000000000000000000000000000000", ietf_text,
	 "f3477e7cd95417af89a6b8794c310cf0"},
	{"1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0", jabberwocky,
	 "4541669a7eaaee61e708dc7cbcc5eb62"},
	{"0200000000000000000000000000000000000000000000000000000000000000",
	 "ffffffffffffffffffffffffffffffff", "03000000000000000000000000000000"},
	{"02000000000000000000000000000000ffffffffffffffffffffffffffffffff",
	 "02000000000000000000000000000000", "03000000000000000000000000000000"},
	{"0100000000000000000000000000000000000000000000000000000000000000",
	 "fffffffffffffffffffffffffffffffff0ffffffffffffffffffffffffffffff"
	 "11000000000000000000000000000000",
	 "05000000000000000000000000000000"},
	{"0100000000000000000000000000000000000000000000000000000000000000",
	 "fffffffffffffffffffffffffffffffffbfefefefefefefefefefefefefefefe"
	 "01010101010101010101010101010101",
	 "00000000000000000000000000000000"},
	{"0200000000000000000000000000000000000000000000000000000000000000",
	 "fdffffffffffffffffffffffffffffff", "faffffffffffffffffffffffffffffff"},
	{"0100000000000000040000000000000000000000000000000000000000000000",
	 "e33594d7505e43b900000000000000003394d7505e4379cd0100000000000000"
	 "0000000000000000000000000000000001000000000000000000000000000000",
	 "14000000000000005500000000000000"},
	{"0100000000000000040000000000000000000000000000000000000000000000",
	 "e33594d7505e43b900000000000000003394d7505e4379cd0100000000000000"
	 "00000000000000000000000000000000",
	 "13000000000000000000000000000000"},
};

// Appendix A.4.
static const struct {
	const char *key, *nonce, *poly_key;
} keys[] = {
	{"0000000000000000000000000000000000000000000000000000000000000000",
	 "000000000000000000000000",
	 "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"},
	{"0000000000000000000000000000000000000000000000000000000000000001",
	 "000000000000000000000002",
	 "ecfa254f845f647473d3cb140da9e87606cb33066c447b87bc2666dde3fbb739"},
	{"1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0",
	 "000000000000000000000002",
	 "965e3bc6f9ec7ed9560808f4d229f94b137ff275ca9b3fcbdd59deaad23310ae"},
};

static uint8_t out[JOBS][TEXT], in[TEXT], poly_keys[JOBS][32];

static size_t bytes(uint8_t *to, size_t size, const char *hex)
{
	size_t len;

	assert_int_equal(sodium_hex2bin(to, size, hex, strlen(hex), NULL, &len, NULL), 0);
	return len;
}

// Encrypt `in` from block `counter` on, jobs with more or less of what is in front of it: zeroes.
// Block 0 is a Poly1305 key, of which there are 32 bytes. Returns how many bytes there are at
// *result.
static size_t encrypt(const struct sl_simd_kernels *k, const uint8_t *key, const uint8_t *nonce,
		      uint32_t counter, size_t len, unsigned job, const uint8_t **result)
{
	const size_t before = counter > 0 ? 64 * (size_t)(counter - 1) : 0;
	struct sl_poly1305_queue none = {0};
	struct sl_chacha20_job jobs[JOBS];

	for (unsigned i = 0; i < JOBS; i++) {
		const uint32_t skipped = counter > 0 ? i % counter : 0;

		jobs[i] = (struct sl_chacha20_job){
			.key = key,
			.nonce = nonce,
			.in = in + 64 * (size_t)skipped,
			.out = out[i] + 64 * (size_t)skipped,
			.len = counter > 0 ? (uint32_t)(before + len) - 64 * skipped : 0,
			.block = 1 + skipped,
			.poly_key = counter > 0 ? NULL : poly_keys[i],
		};
	}
	k->chacha20(jobs, JOBS, &none);
	*result = counter > 0 ? out[job] + before : poly_keys[job];
	return counter > 0 ? len : 32;
}

static void check_encrypted(const struct sl_simd_kernels *k, const char *key_hex,
			    const char *nonce_hex, uint32_t counter, const char *plain_hex,
			    const char *sealed_hex)
{
	uint8_t key[32], nonce[12], plain[512], sealed[512];
	const uint8_t *result;
	size_t len = bytes(sealed, sizeof(sealed), sealed_hex);

	bytes(key, sizeof(key), key_hex);
	bytes(nonce, sizeof(nonce), nonce_hex);
	memset(plain, 0, sizeof(plain));
	if (plain_hex)
		bytes(plain, sizeof(plain), plain_hex);
	if (!k->chacha20) {
		crypto_stream_chacha20_ietf_xor_ic(out[0], plain, len, nonce, counter, key);
		assert_memory_equal(out[0], sealed, len);
		return;
	}
	memset(in, 0, sizeof(in));
	if (counter > 0)
		memcpy(in + 64 * (size_t)(counter - 1), plain, len);
	for (unsigned job = 0; job < JOBS; job++) {
		size_t n = encrypt(k, key, nonce, counter, len, job, &result);

		assert_memory_equal(result, sealed, n);
	}
}

static void check_blocks(const struct sl_simd_kernels *k)
{
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		check_encrypted(k, blocks[i].key, blocks[i].nonce, blocks[i].counter, NULL,
				blocks[i].keystream);
}

static void a1_block_functions(void **state)
{
	(void)state;
	for_each_level(check_blocks);
}

static void check_texts(const struct sl_simd_kernels *k)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check_encrypted(k, texts[i].key, texts[i].nonce, texts[i].counter, texts[i].plain,
				texts[i].sealed);
}

static void a2_encryption(void **state)
{
	(void)state;
	for_each_level(check_texts);
}

static void check_keys(const struct sl_simd_kernels *k)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		check_encrypted(k, keys[i].key, keys[i].nonce, 0, NULL, keys[i].poly_key);
}

static void a4_poly1305_key_generation(void **state)
{
	(void)state;
	for_each_level(check_keys);
}

__extension__ typedef unsigned __int128 u128;

// A number below 2^130 as two halves of 65 bits: slow, and simple enough to be believed.
struct number {
	u128 low, high;
};

static const u128 half_mask = ((u128)1 << 65) - 1;

// a + b modulo p = 2^130 - 5.
static struct number sum(struct number a, struct number b)
{
	struct number n = {a.low + b.low, a.high + b.high};

	for (int i = 0; i < 2; i++) {
		n.high += n.low >> 65;
		n.low &= half_mask;
		n.low += 5 * (n.high >> 65);
		n.high &= half_mask;
	}
	if (n.high == half_mask && n.low >= half_mask - 4) { // from p on
		n.high = 0;
		n.low -= half_mask - 4;
	}
	return n;
}

static u128 load_128(const uint8_t *p)
{
	u128 n;

	memcpy(&n, p, sizeof(n));
	return n;
}

// h * r, bit by bit of r.
static struct number product(struct number h, u128 r)
{
	struct number n = {0, 0};

	for (int bit = 127; bit >= 0; bit--) {
		n = sum(n, n);
		if (r >> bit & 1)
			n = sum(n, h);
	}
	return n;
}

// RFC 8439 section 2.5.1.
static void model_tag(const uint8_t *key, const uint8_t *text, size_t len, uint8_t *tag)
{
	const u128 clamp = (u128)UINT64_C(0x0ffffffc0ffffffc) << 64 | UINT64_C(0x0ffffffc0fffffff);
	struct number h = {0, 0};
	u128 n;

	for (size_t at = 0; at < len; at += 16) {
		const size_t rest = len - at < 16 ? len - at : 16;
		uint8_t block[32] = {0};

		memcpy(block, text + at, rest);
		block[rest] = 1;
		n = load_128(block);
		h = sum(h, (struct number){n & half_mask, n >> 65 | (u128)block[16] << 63});
		h = product(h, load_128(key) & clamp);
	}
	n = (h.low | h.high << 65) + load_128(key + 16);
	memcpy(tag, &n, 16);
}

static void a3_tags_of_libsodium_and_of_the_model(void **state)
{
	uint8_t key[32], text[512], tag[16], got[16];

	(void)state;
	for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
		size_t len = bytes(text, sizeof(text), macs[i].text);

		bytes(key, sizeof(key), macs[i].key);
		bytes(tag, sizeof(tag), macs[i].tag);
		crypto_onetimeauth_poly1305(got, text, len, key);
		assert_memory_equal(got, tag, sizeof(tag));
		model_tag(key, text, len, got);
		assert_memory_equal(got, tag, sizeof(tag));
	}
}

// The keys and texts of appendix A.3 as AEAD's messages (section 2.8): padded, and their lengths.
static void check_macs(const struct sl_simd_kernels *k)
{
	uint8_t key[32], text[512 + 16], tag[16], got[JOBS][16];
	struct sl_poly1305_job jobs[JOBS];

	if (!k->poly1305)
		return;
	for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
		uint64_t lengths[2] = {0};
		size_t len, padded;

		memset(text, 0, sizeof(text));
		len = bytes(text, sizeof(text) - 16, macs[i].text);
		bytes(key, sizeof(key), macs[i].key);
		padded = (len + 15) / 16 * 16;
		lengths[1] = len;
		memcpy(text + padded, lengths, sizeof(lengths));
		model_tag(key, text, padded + sizeof(lengths), tag);
		for (unsigned n = 1; n <= JOBS; n += 6) {
			for (unsigned j = 0; j < n; j++)
				jobs[j] = (struct sl_poly1305_job){
					.key = key,
					.text = text,
					.len = (uint32_t)len,
					.tag = got[j],
				};
			k->poly1305(jobs, n);
			for (unsigned j = 0; j < n; j++)
				assert_memory_equal(got[j], tag, sizeof(tag));
		}
	}
}

static void a3_keys_and_texts_as_the_model(void **state)
{
	(void)state;
	for_each_level(check_macs);
}

static const char a5_plain[] = "496e7465726e65742d4472616674732061726520647261667420646f63756d65"
			       "6e74732076616c696420666f722061206d6178696d756d206f6620736978206d"
			       "6f6e74687320616e64206d617920626520757064617465642c207265706c6163"
			       "65642c206f72206f62736f6c65746564206279206f7468657220646f63756d65"
			       "6e747320617420616e792074696d652e20497420697320696e617070726f7072"
			       "6961746520746f2075736520496e7465726e65742d4472616674732061732072"
			       "65666572656e6365206d6174657269616c206f7220746f206369746520746865"
			       "6d206f74686572207468616e206173202fe2809c776f726b20696e2070726f67"
			       "726573732e2fe2809d";

static const char a5_sealed[] = "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2"
				"4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf"
				"332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"
				"9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4"
				"b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e"
				"af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"
				"0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10"
				"49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29"
				"a6ad5cb4022b02709b";

static void check_opened(const struct sl_simd_kernels *k)
{
	uint8_t key[32], tag[16], aad[12], nonce[12], plain[512], sealed[512], opened[2][512];
	struct sl_aead_item two[2]; // one alone may be another level's
	size_t len = bytes(sealed, sizeof(sealed), a5_sealed);

	bytes(plain, sizeof(plain), a5_plain);
	bytes(key, sizeof(key), "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
	bytes(nonce, sizeof(nonce), "000000000102030405060708");
	bytes(aad, sizeof(aad), "f33388860000000000004e91");
	bytes(tag, sizeof(tag), "eead9d67890cbb22392336fea1851f38");
	for (int i = 0; i < 2; i++) {
		two[i] = (struct sl_aead_item){
			.key = key,
			.aad = aad,
			.aad_len = sizeof(aad),
			.in = sealed,
			.out = opened[i],
			.len = (uint32_t)len,
			.tag = tag,
		};
		memcpy(two[i].nonce, nonce, sizeof(nonce));
	}
	assert_int_equal(sl_aead_open_with(k, two, 2), 2);
	for (int i = 0; i < 2; i++)
		assert_memory_equal(opened[i], plain, len);
}

static void a5_aead_decryption(void **state)
{
	(void)state;
	for_each_level(check_opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a1_block_functions),
		cmocka_unit_test(a2_encryption),
		cmocka_unit_test(a3_tags_of_libsodium_and_of_the_model),
		cmocka_unit_test(a3_keys_and_texts_as_the_model),
		cmocka_unit_test(a4_poly1305_key_generation),
		cmocka_unit_test(a5_aead_decryption),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
