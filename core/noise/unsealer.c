#include "core/noise/unsealer.h"

#include "core/noise/pattern.h"
#include "simd/aead.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>

static bool knows_writer_before(const struct sl_noise_protocol *p)
{
	return sl_noise_pattern_at(p->pattern)->pre_initiator;
}

static int read_message(struct sl_noise *hs, const uint8_t *message, size_t len,
			struct sl_error *err)
{
	uint8_t payload[SL_SEALED_MESSAGE_MAX];

	if (sl_noise_read(hs, message, len, payload, sizeof(payload)) == 0)
		return 0;
	return sl_error_set(err, -EKEYREJECTED,
			    "not sealed for this key and capability, or its header was changed");
}

// With X the writer's key is in the handshake. With N, whoever has the capability may have sealed.
static int take_writer(struct sl_unsealer *u, const struct sl_noise *hs,
		       const struct sl_unseal_keys *keys, struct sl_error *err)
{
	const uint8_t *writer = sl_noise_remote_public(hs);

	if (!writer && keys->writer_known)
		return sl_error_set(err, -EINVAL,
				    "pattern %s does not say who sealed: its writer cannot be "
				    "verified",
				    hs->protocol.name);
	if (!writer)
		return 0;
	if (keys->writer_known && sodium_memcmp(writer, keys->writer, SL_KEY) != 0)
		return sl_error_set(err, -EKEYREJECTED, "sealed by another writer");
	memcpy(u->writer, writer, SL_KEY);
	return 0;
}

int sl_unsealer_init(struct sl_unsealer *u, const struct sl_sealed_header *h, const uint8_t *bytes,
		     const struct sl_unseal_keys *keys, struct sl_error *err)
{
	struct sl_noise_config c = {
		.prologue = bytes,
		.prologue_len = h->prologue,
		.static_private = keys->key,
		.psks = keys->psk,
		.n_psks = 1,
	};
	struct sl_noise_cipher none;
	struct sl_noise_protocol p;
	struct sl_noise hs;
	int ret = sl_sealed_protocol(&p, h->pattern, err);

	memset(u, 0, sizeof(*u));
	if (ret < 0)
		return ret;
	if (knows_writer_before(&p)) {
		if (!keys->writer_known)
			return sl_error_set(err, -EINVAL,
					    "pattern %s: the public key of who sealed it is needed",
					    h->pattern);
		c.remote_public = keys->writer;
	}
	ret = sl_noise_init(&hs, &p, &c, err);
	if (ret < 0)
		return ret;
	ret = read_message(&hs, bytes + h->prologue, h->len - h->prologue, err);
	if (ret == 0)
		ret = take_writer(u, &hs, keys, err);
	if (ret == 0)
		ret = sl_noise_split(&hs, &none, &u->cipher);
	sl_noise_wipe(&hs);
	if (ret < 0)
		sl_unsealer_wipe(u);
	return ret;
}

// The chunks of one key: heads that look right, tags not verified yet.
struct batch {
	struct sl_aead_item items[SL_UNSEALER_BURST];
	size_t n, max;
	size_t used, len; // as in struct sl_unsealed
	unsigned flags;   // of the last one
	int error;        // what ended it, found in the head of the chunk behind
	uint64_t found;
};

static void add(const struct sl_unsealer *u, struct batch *b, const uint8_t *chunk,
		const struct sl_sealed_head *head, uint8_t *text)
{
	struct sl_aead_item *item = &b->items[b->n++];

	*item = (struct sl_aead_item){
		.key = u->cipher.key,
		.aad = chunk,
		.in = chunk + SL_SEALED_HEAD,
		.out = text,
		.tag = (uint8_t *)(uintptr_t)chunk + SL_SEALED_HEAD + head->len, // only read
		.aad_len = SL_SEALED_HEAD,
		.len = (uint32_t)head->len,
	};
	sl_sealed_nonce(head->number, item->nonce);
	b->used += head->len + SL_SEALED_EXTRA;
	b->len += head->len;
	b->flags = head->flags;
}

// Gather chunks, at most b->max, until the key changes, the segment ends or one is not whole.
static void gather(const struct sl_unsealer *u, struct batch *b, const uint8_t *bytes, size_t len,
		   uint8_t *text)
{
	struct sl_sealed_head head;

	while (b->n < b->max && b->flags == 0 && len - b->used >= SL_SEALED_HEAD) {
		const uint8_t *chunk = bytes + b->used;

		b->error = sl_sealed_head_read(&head, chunk);
		if (b->error == 0 && head.number != u->cipher.nonce + b->n) {
			b->error = -EILSEQ;
			b->found = head.number;
		}
		if (b->error < 0 || len - b->used < head.len + SL_SEALED_EXTRA)
			return;
		add(u, b, chunk, &head, text + b->len);
	}
}

// Verify and decrypt a batch. Returns 0 or -EBADMSG, with what is good in front counted in done.
static int open_batch(struct sl_unsealer *u, struct batch *b, struct sl_unsealed *done)
{
	size_t right = sl_aead_open(b->items, b->n);

	if (right == b->n) {
		done->used += b->used;
		done->len += b->len;
		u->cipher.nonce += b->n;
		return 0;
	}
	for (size_t i = 0; b->items[i].ok; i++) {
		done->used += b->items[i].len + SL_SEALED_EXTRA;
		done->len += b->items[i].len;
		u->cipher.nonce++;
	}
	return -EBADMSG;
}

int sl_unsealer_open(struct sl_unsealer *u, const uint8_t *bytes, size_t len, uint8_t *text,
		     struct sl_unsealed *done)
{
	size_t chunks = 0;

	*done = (struct sl_unsealed){0};
	while (!u->ended && chunks < SL_UNSEALER_BURST) {
		struct batch b = {.max = SL_UNSEALER_BURST - chunks};
		int ret;

		gather(u, &b, bytes + done->used, len - done->used, text + done->len);
		ret = open_batch(u, &b, done);
		if (ret < 0)
			return ret;
		if (b.error < 0) {
			done->found = b.found;
			return b.error;
		}
		if (b.n == 0)
			return 0;
		chunks += b.n;
		u->ended = b.flags & SL_SEALED_LAST;
		u->more = b.flags & SL_SEALED_MORE;
		if (b.flags & SL_SEALED_RATCHET)
			sl_noise_rekey(&u->cipher);
	}
	return 0;
}

void sl_unsealer_wipe(struct sl_unsealer *u)
{
	sodium_memzero(u, sizeof(*u));
}
