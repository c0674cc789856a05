// The line is "sluicecap1_" and the base64url (no padding) of: key (32), psk (32), length of the
// pattern (1), pattern, length of the endpoint (1), endpoint, checksum (4). The checksum is
// BLAKE2s with 4 bytes of output over "sluicecap1_" and all bytes before it.

#include "core/noise/base64.h"
#include "core/noise/blake2s.h"
#include "core/noise/pattern.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sluice/capability.h>
#include <sluice/noise.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
	CHECKSUM = 4,
	BYTES_MAX = 2 * SL_KEY + 1 + SL_CAPABILITY_PATTERN + 1 + SL_CAPABILITY_ENDPOINT + CHECKSUM,
};

static const char family[] = "sluicecap";
static const char prefix[] = "sluicecap1_";

_Static_assert(sizeof(prefix) + (BYTES_MAX + 2) / 3 * 4 <= SL_CAPABILITY_TEXT, "any line fits");

static void checksum(const uint8_t *bytes, size_t len, uint8_t out[CHECKSUM])
{
	struct sl_blake2s s;

	sl_blake2s_init(&s, CHECKSUM, NULL, 0);
	sl_blake2s_update(&s, prefix, strlen(prefix));
	sl_blake2s_update(&s, bytes, len);
	sl_blake2s_final(&s, out);
}

static int pattern_error(const char *pattern, struct sl_error *err)
{
	return sl_error_set(err, -EINVAL,
			    "'%s': the pattern of a capability is N, K, X, NK, KK, XK or IK, with "
			    "one psk modifier such as psk0",
			    pattern);
}

// Of the patterns in which the initiator knows the service's key, with the one psk there is.
static int check_pattern(const char *pattern, struct sl_error *err)
{
	static const char *const bases[] = {"N", "K", "X", "NK", "KK", "XK", "IK"};
	struct sl_capability c;
	struct sl_noise_protocol p;
	char name[SL_CAPABILITY_PROTOCOL];

	snprintf(c.pattern, sizeof(c.pattern), "%s", pattern);
	sl_capability_protocol(&c, name);
	if (sl_noise_parse(&p, name, err) < 0)
		return pattern_error(pattern, err);
	if (__builtin_popcount(p.psks) != 1)
		return pattern_error(pattern, err);
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		if (!strcmp(sl_noise_pattern_at(p.pattern)->name, bases[i]))
			return 0;
	return pattern_error(pattern, err);
}

// A name, or an IPv4 address: who ends in a number is one (RFC 1123 section 2.1).
static bool is_name_or_ipv4(const char *host, size_t len)
{
	char text[SL_CAPABILITY_ENDPOINT];
	struct in_addr in;
	const char *last;

	if (strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789.-_") != len ||
	    len >= sizeof(text))
		return false;
	memcpy(text, host, len);
	text[len] = '\0';
	last = strrchr(text, '.');
	last = last ? last + 1 : text;
	return !*last || last[strspn(last, "0123456789")] || inet_pton(AF_INET, text, &in) == 1;
}

static bool is_host(const char *host, size_t len)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr in6;

	if (len == 0)
		return false;
	if (host[0] != '[')
		return is_name_or_ipv4(host, len);
	if (len < 4 || len - 2 >= sizeof(address) || host[len - 1] != ']')
		return false;
	memcpy(address, host + 1, len - 2);
	address[len - 2] = '\0';
	return inet_pton(AF_INET6, address, &in6) == 1;
}

static bool is_port(const char *text)
{
	unsigned port = 0;
	size_t len = strlen(text);

	if (len == 0 || len > 5 || text[0] == '0' || strspn(text, "0123456789") != len)
		return false;
	for (; *text; text++)
		port = 10 * port + (unsigned)(*text - '0');
	return port <= 65535;
}

static int check_endpoint(const char *endpoint, struct sl_error *err)
{
	const char *colon = strrchr(endpoint, ':');

	if (!*endpoint ||
	    (colon && is_host(endpoint, (size_t)(colon - endpoint)) && is_port(colon + 1)))
		return 0;
	return sl_error_set(err, -EINVAL,
			    "'%s': an endpoint is host:port, such as 192.0.2.1:51820 or "
			    "[2001:db8::1]:51820",
			    endpoint);
}

int sl_capability_check(const struct sl_capability *c, struct sl_error *err)
{
	int ret = check_pattern(c->pattern, err);

	if (ret == 0)
		ret = check_endpoint(c->endpoint, err);
	if (ret < 0)
		return ret;
	if (sl_key_is_weak(c->key))
		return sl_error_set(err, -EINVAL, "its public key is of low order: no key");
	if (sodium_is_zero(c->psk, SL_KEY))
		return sl_error_set(err, -EINVAL, "its pre-shared key is all zeros");
	return 0;
}

// Take a text with its length in front. Returns the bytes used, 0 where it is malformed.
static size_t take_text(const uint8_t *at, size_t left, char *out, size_t size)
{
	size_t len = left ? at[0] : SIZE_MAX;

	if (len == SIZE_MAX || len + 1 > left || len + 1 > size)
		return 0;
	for (size_t i = 1; i <= len; i++)
		if (at[i] <= ' ' || at[i] > '~')
			return 0;
	memcpy(out, at + 1, len);
	out[len] = '\0';
	return len + 1;
}

// Bytes whose checksum is right.
static int take_fields(struct sl_capability *c, const uint8_t *bytes, size_t len,
		       struct sl_error *err)
{
	size_t at = 2 * SL_KEY, n;

	memcpy(c->key, bytes, SL_KEY);
	memcpy(c->psk, bytes + SL_KEY, SL_KEY);
	n = take_text(bytes + at, len - at, c->pattern, sizeof(c->pattern));
	at += n;
	if (n)
		n = take_text(bytes + at, len - at, c->endpoint, sizeof(c->endpoint));
	if (!n || at + n != len)
		return sl_error_set(err, -EINVAL, "a malformed capability: not made by sluice");
	return sl_capability_check(c, err);
}

static int take_bytes(struct sl_capability *c, const uint8_t *bytes, size_t len,
		      struct sl_error *err)
{
	uint8_t sum[CHECKSUM];

	if (len < 2 * SL_KEY + CHECKSUM)
		return sl_error_set(err, -EINVAL, "a capability that is cut short");
	len -= CHECKSUM;
	checksum(bytes, len, sum);
	if (sodium_memcmp(sum, bytes + len, CHECKSUM) != 0)
		return sl_error_set(err, -EINVAL,
				    "a capability with a typo, or cut short: its checksum is "
				    "wrong");
	return take_fields(c, bytes, len, err);
}

int sl_capability_parse(struct sl_capability *c, const char *text, struct sl_error *err)
{
	uint8_t bytes[BYTES_MAX];
	int len, ret;

	memset(c, 0, sizeof(*c));
	if (strncmp(text, family, strlen(family)) != 0)
		return sl_error_set(err, -EINVAL, "not a capability: it would begin with %s",
				    prefix);
	if (strncmp(text, prefix, strlen(prefix)) != 0)
		return sl_error_set(err, -EINVAL,
				    "a capability of another version: this program reads %s",
				    prefix);
	len = sl_base64_decode(text + strlen(prefix), sodium_base64_VARIANT_URLSAFE_NO_PADDING,
			       bytes, sizeof(bytes));
	if (len < 0)
		ret = sl_error_set(err, -EINVAL,
				   "a capability with a typo, or cut short: it is no base64url");
	else
		ret = take_bytes(c, bytes, (size_t)len, err);
	sodium_memzero(bytes, sizeof(bytes));
	if (ret < 0)
		sl_capability_wipe(c);
	return ret;
}

static size_t put_text(uint8_t *at, const char *text)
{
	size_t len = strlen(text);

	at[0] = (uint8_t)len;
	memcpy(at + 1, text, len);
	return len + 1;
}

int sl_capability_format(const struct sl_capability *c, char *text, struct sl_error *err)
{
	int ret = sl_capability_check(c, err);
	size_t len = 2 * SL_KEY;
	uint8_t bytes[BYTES_MAX];

	text[0] = '\0';
	if (ret < 0)
		return ret;
	memcpy(bytes, c->key, SL_KEY);
	memcpy(bytes + SL_KEY, c->psk, SL_KEY);
	len += put_text(bytes + len, c->pattern);
	len += put_text(bytes + len, c->endpoint);
	checksum(bytes, len, bytes + len);
	len += CHECKSUM;
	memcpy(text, prefix, sizeof(prefix));
	sodium_bin2base64(text + strlen(prefix), SL_CAPABILITY_TEXT - strlen(prefix), bytes, len,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof(bytes));
	return 0;
}

int sl_capability_set_pattern(struct sl_capability *c, const char *pattern, struct sl_error *err)
{
	char whole[SL_CAPABILITY_PATTERN];
	int ret;

	if (strlen(pattern) + strlen("psk0") >= sizeof(whole))
		return pattern_error(pattern, err);
	snprintf(whole, sizeof(whole), "%s%s", pattern,
		 strstr(pattern, "psk")  ? ""
		 : strcmp(pattern, "IK") ? "psk0"
					 : "psk2");
	ret = check_pattern(whole, err);
	if (ret == 0)
		memcpy(c->pattern, whole, sizeof(whole));
	return ret;
}

void sl_capability_protocol(const struct sl_capability *c, char *name)
{
	snprintf(name, SL_CAPABILITY_PROTOCOL, "Noise_%s_25519_ChaChaPoly_BLAKE2s", c->pattern);
}

void sl_capability_id(const struct sl_capability *c, uint8_t *id)
{
	static const char label[] = "sluice capability id";
	struct sl_blake2s s;

	sl_blake2s_init(&s, SL_KEY, NULL, 0);
	sl_blake2s_update(&s, label, strlen(label));
	sl_blake2s_update(&s, c->key, SL_KEY);
	sl_blake2s_update(&s, c->psk, SL_KEY);
	sl_blake2s_update(&s, c->pattern, strlen(c->pattern));
	sl_blake2s_final(&s, id);
}

int sl_capability_load(const char *path, struct sl_capability *c, struct sl_error *err)
{
	char line[SL_CAPABILITY_TEXT + 64]; // and blanks around it
	int ret = sl_secret_load(path, line, sizeof(line), err);

	if (ret < 0)
		return ret;
	ret = sl_capability_parse(c, line, err);
	sodium_memzero(line, sizeof(line));
	return ret < 0 ? sl_error_prefix(err, ret, "%s", path) : 0;
}

void sl_capability_wipe(struct sl_capability *c)
{
	sodium_memzero(c, sizeof(*c));
}
