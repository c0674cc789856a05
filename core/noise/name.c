// name: reading "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s". Spec section 8.

#include "core/noise/cipher.h"
#include "core/noise/pattern.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { PATTERN, DH, CIPHER, HASH, PARTS };

// One part of a name: not terminated.
struct part {
	const char *text;
	size_t len;
};

static const char *const aeads[] = {
	[SL_NOISE_CHACHAPOLY] = "ChaChaPoly", [SL_NOISE_AESGCM] = "AESGCM", NULL};
static const char *const hashes[] = {[SL_NOISE_BLAKE2S] = "BLAKE2s",
				     [SL_NOISE_BLAKE2B] = "BLAKE2b",
				     [SL_NOISE_SHA256] = "SHA256",
				     [SL_NOISE_SHA512] = "SHA512",
				     NULL};

static bool part_is(const struct part *p, const char *text)
{
	return p->len == strlen(text) && !memcmp(p->text, text, p->len);
}

// The number of p in a list, -1 where it is none of it.
static int find(const struct part *p, const char *const *list)
{
	for (int i = 0; list[i]; i++)
		if (part_is(p, list[i]))
			return i;
	return -1;
}

static int cut_name(const char *name, struct part *parts, struct sl_error *err)
{
	static const char prefix[] = "Noise_";
	size_t n = 0;

	if (strlen(name) > SL_NOISE_NAME_MAX)
		return sl_error_set(err, -EINVAL, "a Noise protocol name has at most %d characters",
				    SL_NOISE_NAME_MAX);
	if (strncmp(name, prefix, strlen(prefix)) != 0)
		return sl_error_set(err, -EINVAL, "'%s': a Noise protocol name begins with Noise_",
				    name);
	for (const char *at = name + strlen(prefix); n < PARTS; n++) {
		parts[n] = (struct part){at, strcspn(at, "_")};
		at += parts[n].len;
		if (!*at) {
			n++;
			break;
		}
		at++;
	}
	if (n == PARTS && parts[HASH].text[parts[HASH].len] == '\0')
		return 0;
	return sl_error_set(err, -EINVAL,
			    "'%s': a Noise protocol name has five parts, such as "
			    "Noise_NK_25519_ChaChaPoly_BLAKE2s",
			    name);
}

// Read "psk0+psk2" behind the pattern's name.
static int parse_psks(struct sl_noise_protocol *p, const struct part *part, const char *at,
		      struct sl_error *err)
{
	unsigned messages = sl_noise_pattern_length(sl_noise_pattern_at(p->pattern));
	const char *end = part->text + part->len;

	while (at < end) {
		unsigned number = end - at >= 4 ? (unsigned)(at[3] - '0') : 10;

		if (number > 9 || strncmp(at, "psk", 3) != 0 ||
		    (end - at > 4 && (at[4] != '+' || end - at == 5)))
			return sl_error_set(err, -EINVAL,
					    "'%.*s': a pattern's modifiers are psk0 to psk4, "
					    "joined by +, not '%.*s'",
					    (int)part->len, part->text, (int)(end - at), at);
		if (number > messages)
			return sl_error_set(err, -EINVAL,
					    "'%.*s': there is no psk%u in a pattern of %u %s",
					    (int)part->len, part->text, number, messages,
					    messages > 1 ? "messages" : "message");
		// One spelling for one protocol: the name is hashed.
		if (p->psks >> number)
			return sl_error_set(err, -EINVAL,
					    "'%.*s': modifiers stand in order, each once",
					    (int)part->len, part->text);
		p->psks |= (uint8_t)(1 << number);
		at += 5;
	}
	return 0;
}

static int parse_pattern(struct sl_noise_protocol *p, const struct part *part, struct sl_error *err)
{
	struct part base = {part->text, 0};
	const struct sl_noise_pattern *row;

	while (base.len < part->len && (base.text[base.len] < 'a' || base.text[base.len] > 'z'))
		base.len++;
	for (size_t i = 0; (row = sl_noise_pattern_at(i)); i++) {
		if (!part_is(&base, row->name))
			continue;
		p->pattern = (uint8_t)i;
		return parse_psks(p, part, part->text + base.len, err);
	}
	return sl_error_set(err, -EINVAL,
			    "'%.*s': no such handshake pattern; they are N, K, X and the pairs of "
			    "N, K, X, I with N, K, X",
			    (int)part->len, part->text);
}

static int parse_suite(struct sl_noise_protocol *p, const struct part *parts, struct sl_error *err)
{
	int aead = find(&parts[CIPHER], aeads), hash = find(&parts[HASH], hashes);

	if (!part_is(&parts[DH], "25519"))
		return sl_error_set(err, -EINVAL, "'%.*s': the only key exchange is 25519",
				    (int)parts[DH].len, parts[DH].text);
	if (aead < 0)
		return sl_error_set(err, -EINVAL, "'%.*s': the ciphers are ChaChaPoly and AESGCM",
				    (int)parts[CIPHER].len, parts[CIPHER].text);
	if (hash < 0)
		return sl_error_set(err, -EINVAL,
				    "'%.*s': the hashes are BLAKE2s, BLAKE2b, SHA256 and SHA512",
				    (int)parts[HASH].len, parts[HASH].text);
	p->aead = (enum sl_noise_aead)aead;
	p->hash = (enum sl_noise_hash)hash;
	return 0;
}

int sl_noise_parse(struct sl_noise_protocol *p, const char *name, struct sl_error *err)
{
	struct part parts[PARTS];
	int ret;

	if (sodium_init() < 0)
		return sl_error_set(err, -ENOTSUP, "libsodium does not start");
	memset(p, 0, sizeof(*p));
	ret = cut_name(name, parts, err);
	if (ret == 0)
		ret = parse_pattern(p, &parts[PATTERN], err);
	if (ret == 0)
		ret = parse_suite(p, parts, err);
	if (ret < 0)
		return ret;
	if (!sl_noise_aead_is_available(p->aead))
		return sl_error_set(err, -ENOTSUP,
				    "'%s': AESGCM needs a CPU with AES-NI; take ChaChaPoly", name);
	snprintf(p->name, sizeof(p->name), "%s", name);
	return 0;
}
