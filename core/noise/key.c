#include "core/noise/base64.h"
#include "core/noise/blake2s.h"
#include "core/noise/x25519.h"

#include <errno.h>
#include <sluice/key.h>
#include <sodium.h>
#include <string.h>

int sl_key_generate(uint8_t key[SL_KEY], struct sl_error *err)
{
	uint8_t public_key[SL_KEY];

	if (sodium_init() < 0)
		return sl_error_set(err, -ENOTSUP, "libsodium does not start");
	sl_x25519_generate(key, public_key);
	return 0;
}

void sl_key_public(const uint8_t key[SL_KEY], uint8_t public_key[SL_KEY])
{
	sl_x25519_public(key, public_key);
}

bool sl_key_is_weak(const uint8_t public_key[SL_KEY])
{
	return sl_x25519_is_weak(public_key);
}

int sl_key_parse(uint8_t key[SL_KEY], const char *text, struct sl_error *err)
{
	size_t len = strlen(text);

	if (len == SL_KEY_TEXT - 1 &&
	    sl_base64_decode(text, sodium_base64_VARIANT_ORIGINAL, key, SL_KEY) == SL_KEY)
		return 0;
	sodium_memzero(key, SL_KEY);
	if (len != SL_KEY_TEXT - 1)
		return sl_error_set(err, -EINVAL,
				    "not a key: a key is 44 characters of base64, this is %zu",
				    len);
	return sl_error_set(err, -EINVAL, "not a key: not the base64 of 32 bytes");
}

void sl_key_format(const uint8_t key[SL_KEY], char text[SL_KEY_TEXT])
{
	sodium_bin2base64(text, SL_KEY_TEXT, key, SL_KEY, sodium_base64_VARIANT_ORIGINAL);
}

// RFC 4648 section 6, in lower case.
static void base32(const uint8_t *data, size_t len, char *out)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned bits = 0, n_bits = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | data[i];
		for (n_bits += 8; n_bits >= 5; n_bits -= 5)
			*out++ = digits[bits >> (n_bits - 5) & 31];
	}
	if (n_bits)
		*out++ = digits[bits << (5 - n_bits) & 31];
	*out = '\0';
}

void sl_key_label(const uint8_t public_key[SL_KEY], char label[SL_KEY_LABEL])
{
	static const char domain[] = "sluice key name";
	uint8_t hash[SL_BLAKE2S_SIZE];
	struct sl_blake2s s;

	sl_blake2s_init(&s, sizeof(hash), NULL, 0);
	sl_blake2s_update(&s, domain, strlen(domain));
	sl_blake2s_update(&s, public_key, SL_KEY);
	sl_blake2s_final(&s, hash);
	base32(hash, sizeof(hash), label);
}

int sl_key_load(const char *path, uint8_t key[SL_KEY], struct sl_error *err)
{
	char line[256];
	int ret = sl_secret_load(path, line, sizeof(line), err);

	if (ret < 0)
		return ret;
	ret = sl_key_parse(key, line, err);
	sodium_memzero(line, sizeof(line));
	return ret < 0 ? sl_error_prefix(err, ret, "%s", path) : 0;
}
