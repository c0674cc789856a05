#include "drivers/seal.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static int load(struct sl_seal *s, const char *cap, const char *key, struct sl_error *err)
{
	int ret = sl_capability_load(cap, &s->to, err);

	if (ret == 0 && key)
		ret = sl_key_load(key, s->key, err);
	s->has_key = key != NULL;
	return ret;
}

struct sl_sealer_keys sl_seal_keys(const struct sl_seal *s)
{
	return (struct sl_sealer_keys){.to = &s->to, .key = s->has_key ? s->key : NULL};
}

int sl_seal_open(struct sl_seal *s, const char *cap, const char *key, size_t max,
		 struct sl_error *err)
{
	struct sl_sealer_keys keys;
	int ret;

	*s = (struct sl_seal){0};
	if (sodium_init() < 0)
		return sl_error_set(err, -ENOTSUP, "libsodium does not start");
	s->bytes = malloc(SL_SEALED_HEADER_MAX + sl_sealer_size(max));
	if (!s->bytes)
		return sl_error_set(err, -ENOMEM, "%s: no memory to seal with", cap);
	ret = load(s, cap, key, err);
	if (ret < 0)
		return ret;
	keys = sl_seal_keys(s);
	ret = sl_sealer_init(&s->sealer, &keys, &(struct sl_sealed_place){0}, s->bytes, err);
	sl_sealer_wipe(&s->sealer);
	return ret < 0 ? sl_error_prefix(err, ret, "%s", cap) : 0;
}

bool sl_seal_is_same(const struct sl_seal *a, const struct sl_seal *b)
{
	return a->has_key == b->has_key && strcmp(a->to.pattern, b->to.pattern) == 0 &&
	       sodium_memcmp(a->to.key, b->to.key, SL_KEY) == 0 &&
	       sodium_memcmp(a->to.psk, b->to.psk, SL_KEY) == 0 &&
	       sodium_memcmp(a->key, b->key, SL_KEY) == 0;
}

int sl_seal_begin(struct sl_seal *s)
{
	struct sl_sealer_keys keys = sl_seal_keys(s);
	int len = sl_sealer_init(&s->sealer, &keys, &(struct sl_sealed_place){0}, s->bytes, NULL);

	s->header = s->used = len < 0 ? 0 : (size_t)len;
	return len < 0 ? len : 0;
}

void sl_seal_begin_with(struct sl_seal *s, struct sl_sealer *sealer, const uint8_t *header,
			size_t len)
{
	s->sealer = *sealer;
	sl_sealer_wipe(sealer);
	memcpy(s->bytes, header, len);
	s->header = s->used = len;
}

void sl_seal_adopt(struct sl_seal *s, struct sl_seal *old)
{
	uint8_t *bytes = s->bytes;

	s->sealer = old->sealer;
	s->bytes = old->bytes;
	s->header = old->header;
	s->used = old->used;
	old->bytes = bytes;
	old->header = old->used = 0;
	sl_sealer_wipe(&old->sealer);
}

int sl_seal_add(struct sl_seal *s, const uint8_t *text, size_t len, unsigned flags)
{
	ssize_t n = sl_sealer_seal(&s->sealer, text, len, flags, s->bytes + s->used);

	if (n < 0)
		return (int)n;
	s->used += (size_t)n;
	return 0;
}

size_t sl_seal_whole(const struct sl_seal *s, size_t done, size_t *text)
{
	size_t whole = s->header;

	*text = 0;
	if (done < s->header)
		return 0;
	while (done - whole >= SL_SEALED_EXTRA) {
		struct sl_sealed_head head;

		sl_sealed_head_read(&head, s->bytes + whole);
		if (done - whole < head.len + SL_SEALED_EXTRA)
			break;
		whole += head.len + SL_SEALED_EXTRA;
		*text += head.len;
	}
	return whole;
}

void sl_seal_close(struct sl_seal *s)
{
	free(s->bytes);
	sodium_memzero(s, sizeof(*s));
}
