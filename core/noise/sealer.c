#include "core/noise/sealer.h"

#include "core/noise/pattern.h"
#include "simd/aead.h"
#include <errno.h>
#include <string.h>

_Static_assert((int)SL_AEAD_TAG == (int)SL_NOISE_TAG, "one cipher");

static int begin(struct sl_noise *hs, const struct sl_sealer_keys *keys,
		 const struct sl_sealed_place *place, uint8_t *header, struct sl_error *err)
{
	const struct sl_capability *to = keys->to;
	struct sl_noise_config c = {
		.is_initiator = true,
		.prologue = header,
		.static_private = keys->key,
		.remote_public = to->key,
		.psks = to->psk,
		.n_psks = 1,
	};
	struct sl_noise_protocol p;
	size_t message = 32 + SL_NOISE_TAG;
	int ret = sl_sealed_protocol(&p, to->pattern, err);

	if (ret < 0)
		return ret;
	if (sl_noise_pattern_uses(sl_noise_pattern_at(p.pattern), true, SL_NOISE_TOKEN_S))
		message = SL_SEALED_MESSAGE_MAX;
	c.prologue_len = sl_sealed_prologue(to->pattern, place, message, header);
	ret = sl_noise_init(hs, &p, &c, err);
	return ret < 0 ? ret : (int)c.prologue_len;
}

int sl_sealer_init(struct sl_sealer *s, const struct sl_sealer_keys *keys,
		   const struct sl_sealed_place *place, uint8_t *header, struct sl_error *err)
{
	struct sl_noise_cipher none;
	struct sl_noise hs;
	int prologue = begin(&hs, keys, place, header, err), message;

	memset(s, 0, sizeof(*s));
	if (prologue < 0)
		return prologue;
	message = sl_noise_write(&hs, NULL, 0, header + prologue, SL_SEALED_MESSAGE_MAX);
	if (message < 0)
		sl_error_set(err, message, "no handshake for pattern %s: %s", keys->to->pattern,
			     strerror(-message));
	else
		message = sl_noise_split(&hs, &s->cipher, &none) < 0 ? -EPROTO : message;
	sl_noise_wipe(&hs);
	return message < 0 ? message : prologue + message;
}

static size_t chunks_of(size_t len)
{
	return (len + SL_SEALED_TEXT - 1) / SL_SEALED_TEXT;
}

size_t sl_sealer_size(size_t len)
{
	return len + (len ? chunks_of(len) : 1) * SL_SEALED_EXTRA;
}

// Write the head of the next chunk, and say in item what is to be sealed. Returns the chunk's
// length.
static size_t prepare(struct sl_sealer *s, struct sl_aead_item *item, const uint8_t *text,
		      const struct sl_sealed_head *head, uint8_t *out)
{
	sl_sealed_head_write(head, out);
	*item = (struct sl_aead_item){
		.key = s->cipher.key,
		.aad = out,
		.in = text,
		.out = out + SL_SEALED_HEAD,
		.tag = out + SL_SEALED_HEAD + head->len,
		.aad_len = SL_SEALED_HEAD,
		.len = (uint32_t)head->len,
	};
	sl_sealed_nonce(head->number, item->nonce);
	return head->len + SL_SEALED_EXTRA;
}

ssize_t sl_sealer_seal(struct sl_sealer *s, const uint8_t *text, size_t len, unsigned flags,
		       uint8_t *out)
{
	size_t chunks = chunks_of(len), made = 0, n = 0;
	struct sl_aead_item items[SL_AEAD_BURST];

	if (chunks == 0 && flags & SL_SEALED_LAST)
		chunks = 1;
	if (!s->cipher.has_key || s->cipher.nonce + chunks > sl_sealed_chunks_max)
		return -EKEYEXPIRED;
	for (size_t i = 0; i < chunks; i++) {
		size_t done = i * SL_SEALED_TEXT;
		struct sl_sealed_head head = {.number = s->cipher.nonce++, .len = SL_SEALED_TEXT};

		if (i == chunks - 1) {
			head.len = len - done;
			head.flags = flags & SL_SEALED_LAST ? flags : SL_SEALED_RATCHET;
		}
		made += prepare(s, &items[n++], head.len ? text + done : out, &head, out + made);
		if (n == SL_AEAD_BURST || i == chunks - 1) {
			sl_aead_seal(items, n);
			n = 0;
		}
	}
	if (flags & SL_SEALED_LAST)
		sl_sealer_wipe(s);
	else if (chunks > 0)
		sl_noise_rekey(&s->cipher);
	return (ssize_t)made;
}

void sl_sealer_wipe(struct sl_sealer *s)
{
	sl_noise_cipher_wipe(&s->cipher);
}
