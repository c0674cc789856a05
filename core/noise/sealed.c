#include "core/noise/sealed.h"

#include "core/noise/pattern.h"
#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { VERSION = 1 };

static const uint8_t magic[SL_SEALED_MAGIC] = {0x9c, 'S', 'E', 'A', 'L', 'E', 'D', '\n'};

static uint8_t *put_u64(uint8_t *at, uint64_t value)
{
	value = htobe64(value);
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static uint8_t *put_u16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static uint64_t load_u64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return be64toh(value);
}

static unsigned load_u16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

int sl_sealed_protocol(struct sl_noise_protocol *p, const char *pattern, struct sl_error *err)
{
	static const char *const bases[] = {"N", "K", "X"};
	struct sl_capability c = {0};
	char name[SL_CAPABILITY_PROTOCOL];

	snprintf(c.pattern, sizeof(c.pattern), "%s", pattern);
	sl_capability_protocol(&c, name);
	if (sl_noise_parse(p, name, NULL) == 0 && __builtin_popcount(p->psks) == 1)
		for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
			if (!strcmp(sl_noise_pattern_at(p->pattern)->name, bases[i]))
				return 0;
	return sl_error_set(err, -EINVAL,
			    "'%s': captures are sealed by the one-way patterns N, K and X with a "
			    "psk; make a capability with: sluice cap mint KEY --pattern N",
			    pattern);
}

size_t sl_sealed_prologue(const char *pattern, const struct sl_sealed_place *place,
			  size_t message_len, uint8_t *out)
{
	size_t len = strlen(pattern);
	uint8_t *at = out;

	memcpy(at, magic, sizeof(magic));
	at += sizeof(magic);
	*at++ = VERSION;
	*at++ = (uint8_t)len;
	memcpy(at, pattern, len);
	at = put_u64(at + len, place->number);
	memcpy(at, place->previous, SL_SEALED_ID);
	at = put_u16(at + SL_SEALED_ID, message_len);
	return (size_t)(at - out);
}

void sl_sealed_id(const uint8_t *header, size_t len, uint8_t id[SL_SEALED_ID])
{
	crypto_hash_sha256(id, header, len);
}

// The fields behind magic and version, of which there are enough bytes.
static int read_fields(struct sl_sealed_header *h, const uint8_t *bytes, size_t pattern_len,
		       struct sl_error *err)
{
	const uint8_t *at = bytes + SL_SEALED_MAGIC + 2;
	struct sl_noise_protocol p;
	size_t message, psk_and_e = 32 + SL_NOISE_TAG;

	memcpy(h->pattern, at, pattern_len);
	h->pattern[pattern_len] = '\0';
	at += pattern_len;
	h->place.number = load_u64(at);
	memcpy(h->place.previous, at + 8, SL_SEALED_ID);
	message = load_u16(at + 8 + SL_SEALED_ID);
	h->prologue = (size_t)(at - bytes) + 8 + SL_SEALED_ID + 2;
	h->len = h->prologue + message;
	if (strlen(h->pattern) != pattern_len || sl_sealed_protocol(&p, h->pattern, NULL) < 0)
		return sl_error_set(err, -EBADMSG, "damaged: its header names no pattern");
	if (message != psk_and_e && message != SL_SEALED_MESSAGE_MAX)
		return sl_error_set(err, -EBADMSG, "damaged: a handshake of %zu bytes", message);
	if (h->place.number == 0 && !sodium_is_zero(h->place.previous, SL_SEALED_ID))
		return sl_error_set(err, -EBADMSG, "damaged: the first segment has one before it");
	return 0;
}

int sl_sealed_header_read(struct sl_sealed_header *h, const uint8_t *bytes, size_t len,
			  struct sl_error *err)
{
	size_t known = len < SL_SEALED_MAGIC ? len : SL_SEALED_MAGIC, pattern_len, prologue;
	int ret;

	memset(h, 0, sizeof(*h));
	if (memcmp(bytes, magic, known) != 0)
		return sl_error_set(err, -EPROTO, "not a sealed capture");
	if (len < SL_SEALED_MAGIC + 2)
		return -EMSGSIZE;
	if (bytes[SL_SEALED_MAGIC] != VERSION)
		return sl_error_set(err, -EPROTONOSUPPORT,
				    "a sealed capture of version %u; this program reads version %u",
				    bytes[SL_SEALED_MAGIC], VERSION);
	pattern_len = bytes[SL_SEALED_MAGIC + 1];
	if (pattern_len >= sizeof(h->pattern))
		return sl_error_set(err, -EBADMSG, "damaged: its header names no pattern");
	prologue = SL_SEALED_MAGIC + 2 + pattern_len + 8 + SL_SEALED_ID + 2;
	if (len < prologue)
		return -EMSGSIZE;
	ret = read_fields(h, bytes, pattern_len, err);
	if (ret < 0)
		return ret;
	if (len < h->len)
		return -EMSGSIZE;
	sl_sealed_id(bytes, h->len, h->id);
	return 0;
}

void sl_sealed_head_write(const struct sl_sealed_head *h, uint8_t out[SL_SEALED_HEAD])
{
	out = put_u64(out, h->number);
	out = put_u16(out, h->flags);
	put_u16(out, h->len);
}

int sl_sealed_head_read(struct sl_sealed_head *h, const uint8_t bytes[SL_SEALED_HEAD])
{
	bool ends;

	h->number = load_u64(bytes);
	h->flags = load_u16(bytes + 8);
	h->len = load_u16(bytes + 10);
	ends = h->flags == SL_SEALED_LAST || h->flags == (SL_SEALED_LAST | SL_SEALED_MORE);
	if (h->number >= sl_sealed_chunks_max || h->len > SL_SEALED_TEXT)
		return -EBADMSG;
	if (ends)
		return 0;
	return h->len > 0 && (h->flags & ~(unsigned)SL_SEALED_RATCHET) == 0 ? 0 : -EBADMSG;
}

void sl_sealed_nonce(uint64_t number, uint8_t nonce[12])
{
	number = htole64(number);
	memset(nonce, 0, 4);
	memcpy(nonce + 4, &number, sizeof(number));
}
