#include "core/tunnel/handshake.h"

#include <errno.h>
#include <sodium.h>

// What distinguishes a pattern.
struct pattern {
	const char *name, *protocol, *prologue;
	bool tagged;       // message 1 carries a tag, and psk0 its psk
	bool has_static;   // the initiator has a key of its own
	bool knows_static; // the responder knows it before message 1
	size_t first_len;  // of message 1, with header, tag and MACs
	size_t second_len, third_len;
};

enum {
	INDEX = 4, // bytes
	HEADER_1 = 4 + INDEX,
	HEADER_2 = 4 + 2 * INDEX,
	EPHEMERAL = 32,
	STATIC = 32 + SL_MESSAGE_TAG,
	STAMP = SL_TAI64N + SL_MESSAGE_TAG,
	MACS = sizeof(struct sl_message_macs),
	TAGGED_1 = HEADER_1 + EPHEMERAL + STAMP + SL_MAC + MACS,
	MESSAGE_2 = HEADER_2 + EPHEMERAL + SL_MESSAGE_TAG + MACS,
	TOLD_2 = MESSAGE_2 + SL_LEASE_LEN,
};

static const char capability_prologue[] = "Sluice capability tunnel 1";

static const struct pattern patterns[] = {
	[SL_TUNNEL_IK] = {.name = "IKpsk2",
			  .protocol = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s",
			  .prologue = "WireGuard v1 zx2c4 Jason@zx2c4.com",
			  .has_static = true,
			  .first_len = HEADER_1 + EPHEMERAL + STATIC + STAMP + MACS,
			  .second_len = MESSAGE_2},
	[SL_TUNNEL_NK] = {.name = "NKpsk0",
			  .protocol = "Noise_NKpsk0_25519_ChaChaPoly_BLAKE2s",
			  .prologue = capability_prologue,
			  .tagged = true,
			  .first_len = TAGGED_1,
			  .second_len = TOLD_2},
	[SL_TUNNEL_KK] = {.name = "KKpsk0",
			  .protocol = "Noise_KKpsk0_25519_ChaChaPoly_BLAKE2s",
			  .prologue = capability_prologue,
			  .tagged = true,
			  .has_static = true,
			  .knows_static = true,
			  .first_len = TAGGED_1,
			  .second_len = TOLD_2},
	[SL_TUNNEL_XK] = {.name = "XKpsk0",
			  .protocol = "Noise_XKpsk0_25519_ChaChaPoly_BLAKE2s",
			  .prologue = capability_prologue,
			  .tagged = true,
			  .has_static = true,
			  .first_len = TAGGED_1,
			  .second_len = TOLD_2,
			  .third_len = HEADER_2 + STATIC + SL_MESSAGE_TAG + MACS},
};

bool sl_tunnel_pattern_parse(const char *name, enum sl_tunnel_pattern *out)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (strcmp(patterns[i].name, name) == 0) {
			*out = (enum sl_tunnel_pattern)i;
			return true;
		}
	return false;
}

const char *sl_tunnel_pattern_name(enum sl_tunnel_pattern p)
{
	return patterns[p].name;
}

bool sl_tunnel_pattern_is_tagged(enum sl_tunnel_pattern p)
{
	return patterns[p].tagged;
}

bool sl_tunnel_pattern_has_static(enum sl_tunnel_pattern p)
{
	return patterns[p].has_static;
}

bool sl_tunnel_pattern_knows_static(enum sl_tunnel_pattern p)
{
	return patterns[p].knows_static;
}

void sl_tunnel_local_init(struct sl_tunnel_local *l, enum sl_tunnel_pattern pattern,
			  const uint8_t *private_key)
{
	*l = (struct sl_tunnel_local){.pattern = pattern, .has_key = private_key != NULL};
	if (!private_key)
		return;
	memcpy(l->private_key, private_key, SL_NOISE_KEY);
	crypto_scalarmult_curve25519_base(l->public_key, l->private_key);
	sl_mac_keys_init(&l->macs, l->public_key);
}

void sl_tunnel_remote_init(struct sl_tunnel_remote *r, const struct sl_tunnel_local *l,
			   const uint8_t *public_key, const uint8_t *psk)
{
	*r = (struct sl_tunnel_remote){.has_key = public_key != NULL};
	if (public_key) {
		memcpy(r->public_key, public_key, SL_NOISE_KEY);
		sl_mac_keys_init(&r->first, public_key);
	}
	if (psk)
		memcpy(r->psk, psk, SL_NOISE_KEY);
	r->to = r->first;
	r->from = l->macs;
	if (!patterns[l->pattern].tagged)
		return;
	// A client may have no key, and hides it if it has one: both ends know the psk.
	sl_mac_key("tag-----", r->psk, r->tag_key);
	sl_mac_keys_init(&r->to, r->psk);
	r->from = r->to;
}

static int noise_begin(struct sl_noise *hs, const struct sl_tunnel_local *me,
		       const struct sl_tunnel_remote *peer, bool is_initiator)
{
	const struct pattern *p = &patterns[me->pattern];
	bool knows = is_initiator || p->knows_static;
	struct sl_noise_protocol protocol;
	struct sl_noise_config c = {
		.is_initiator = is_initiator,
		.prologue = p->prologue,
		.prologue_len = strlen(p->prologue),
		.static_private = is_initiator && !p->has_static ? NULL : me->private_key,
		.remote_public = knows ? peer->public_key : NULL,
		.psks = peer ? peer->psk : NULL,
		.n_psks = peer != NULL,
		.test_ephemeral = me->test_ephemeral,
	};
	int ret = sl_noise_parse(&protocol, p->protocol, NULL);

	return ret ? ret : sl_noise_init(hs, &protocol, &c, NULL);
}

int sl_handshake_initiate(struct sl_handshake *h, const struct sl_tunnel_local *me,
			  const struct sl_tunnel_remote *peer, uint32_t index,
			  const uint8_t stamp[SL_TAI64N], uint8_t *out)
{
	const struct pattern *p = &patterns[me->pattern];
	size_t tag_at = p->first_len - MACS - (p->tagged ? SL_MAC : 0);
	struct sl_handshake next = {.state = SL_HANDSHAKE_INITIATED, .local = index};
	int n = noise_begin(&next.noise, me, peer, true);

	if (n == 0)
		n = sl_noise_write(&next.noise, stamp, SL_TAI64N, out + HEADER_1,
				   tag_at - HEADER_1);
	if (n < 0) {
		sl_handshake_wipe(&next);
		return -EKEYREJECTED;
	}
	store_le32(out, SL_MESSAGE_INITIATION);
	store_le32(out + 4, index);
	if (p->tagged)
		sl_mac(peer->tag_key, SL_MAC_KEY, out, tag_at, out + tag_at);
	*h = next;
	sl_handshake_wipe(&next);
	return (int)p->first_len;
}

size_t sl_handshake_len(enum sl_tunnel_pattern pattern, enum sl_message_type type)
{
	switch (type) {
	case SL_MESSAGE_INITIATION:
		return patterns[pattern].first_len;
	case SL_MESSAGE_RESPONSE:
		return patterns[pattern].second_len;
	case SL_MESSAGE_CONFIRMATION:
		return patterns[pattern].third_len;
	default:
		return 0;
	}
}

bool sl_handshake_tag_good(const struct sl_tunnel_local *me, const struct sl_tunnel_remote *peer,
			   const uint8_t *message, size_t len)
{
	const struct pattern *p = &patterns[me->pattern];
	size_t tag_at = p->first_len - MACS - SL_MAC;
	uint8_t right[SL_MAC];

	if (len != p->first_len)
		return false;
	if (!p->tagged)
		return true;
	sl_mac(peer->tag_key, SL_MAC_KEY, message, tag_at, right);
	return sodium_memcmp(right, message + tag_at, SL_MAC) == 0;
}

int sl_handshake_hear(struct sl_heard *x, const struct sl_tunnel_local *me,
		      const struct sl_tunnel_remote *peer, const uint8_t *message, size_t len)
{
	const struct pattern *p = &patterns[me->pattern];
	size_t noise_len = p->first_len - HEADER_1 - MACS - (p->tagged ? SL_MAC : 0);
	int n = len == p->first_len ? noise_begin(&x->noise, me, peer, false) : -EBADMSG;

	if (n == 0)
		n = sl_noise_read(&x->noise, message + HEADER_1, noise_len, x->stamp,
				  sizeof(x->stamp));
	if (n != SL_TAI64N) {
		sodium_memzero(x, sizeof(*x));
		return -EBADMSG;
	}
	x->sender = load_le32(message + 4);
	return 0;
}

// End a handshake whose last message has been written or read.
static void split(struct sl_handshake *h, struct sl_tunnel_keys *keys, bool is_initiator,
		  bool was_written)
{
	struct sl_noise_cipher send, receive;

	sl_noise_split(&h->noise, &send, &receive);
	memcpy(keys->send, send.key, sizeof(keys->send));
	memcpy(keys->receive, receive.key, sizeof(keys->receive));
	keys->local = h->local;
	keys->remote = h->remote;
	keys->is_initiator = is_initiator;
	keys->shared = !was_written;
	sl_noise_cipher_wipe(&send);
	sl_noise_cipher_wipe(&receive);
	sl_handshake_wipe(h);
}

// Bytes of the payload of message 2: patterns with psk0 tell the lease there.
static size_t lease_len(const struct sl_noise *noise)
{
	return noise->protocol.psks & 1 ? SL_LEASE_LEN : 0;
}

static void put_header(uint8_t *out, enum sl_message_type type, const struct sl_handshake *h)
{
	store_le32(out, type);
	store_le32(out + 4, h->local);
	store_le32(out + 8, h->remote);
}

int sl_handshake_answer(struct sl_handshake *h, struct sl_heard *x,
			const struct sl_tunnel_remote *peer, uint32_t index, uint8_t *out,
			struct sl_tunnel_keys *keys, bool *done)
{
	struct sl_handshake next = {
		.noise = x->noise,
		.state = SL_HANDSHAKE_ANSWERED,
		.local = index,
		.remote = x->sender,
	};
	size_t told = lease_len(&next.noise), len = MESSAGE_2 + told;
	int n;

	sodium_memzero(x, sizeof(*x));
	sl_noise_set_psk(&next.noise, 2, peer->psk); // that of IK; the others had theirs
	n = sl_noise_write(&next.noise, peer->lease, told, out + HEADER_2, len - HEADER_2 - MACS);
	if (n < 0) {
		sl_handshake_wipe(&next);
		return -EKEYREJECTED;
	}
	put_header(out, SL_MESSAGE_RESPONSE, &next);
	*done = sl_noise_is_done(&next.noise);
	if (*done)
		split(&next, keys, false, true);
	*h = next;
	sl_handshake_wipe(&next);
	return (int)len;
}

// Read a message behind a header with two indices, into a copy of the handshake. Returns the
// length of what it tells, or negative where it is not for it or not right.
static int read_reply(struct sl_handshake *next, const struct sl_handshake *h,
		      const uint8_t *message, size_t len, uint8_t told[SL_LEASE_LEN])
{
	*next = *h;
	memset(told, 0, SL_LEASE_LEN);
	if (len < HEADER_2 + MACS || load_le32(message + 8) != h->local)
		return -EBADMSG;
	next->remote = load_le32(message + 4);
	return sl_noise_read(&next->noise, message + HEADER_2, len - HEADER_2 - MACS, told,
			     SL_LEASE_LEN);
}

int sl_handshake_conclude(struct sl_handshake *h, const uint8_t *message, size_t len, uint8_t *out,
			  struct sl_tunnel_keys *keys, uint8_t lease[SL_LEASE_LEN])
{
	struct sl_handshake next;
	int n = 0;

	if (h->state != SL_HANDSHAKE_INITIATED)
		goto bad;
	n = read_reply(&next, h, message, len, lease);
	if (n < 0 || (size_t)n != lease_len(&h->noise))
		goto bad;
	n = 0;
	if (!sl_noise_is_done(&next.noise)) {
		n = sl_noise_write(&next.noise, NULL, 0, out + HEADER_2,
				   SL_HANDSHAKE_MAX - HEADER_2 - MACS);
		if (n < 0)
			goto bad;
		n += HEADER_2 + MACS;
		put_header(out, SL_MESSAGE_CONFIRMATION, &next);
	}
	split(&next, keys, true, n > 0);
	sl_handshake_wipe(h);
	return n;
bad:
	sl_handshake_wipe(&next);
	return -EBADMSG;
}

int sl_handshake_confirm(struct sl_handshake *h, const uint8_t *message, size_t len,
			 struct sl_tunnel_keys *keys, uint8_t public_key[SL_NOISE_KEY])
{
	uint8_t nothing[SL_LEASE_LEN];
	struct sl_handshake next;

	if (h->state != SL_HANDSHAKE_ANSWERED || read_reply(&next, h, message, len, nothing) != 0 ||
	    next.remote != h->remote) {
		sl_handshake_wipe(&next);
		return -EBADMSG;
	}
	memcpy(public_key, sl_noise_remote_public(&next.noise), SL_NOISE_KEY);
	split(&next, keys, false, false);
	sl_handshake_wipe(h);
	return 0;
}

void sl_handshake_wipe(struct sl_handshake *h)
{
	sodium_memzero(h, sizeof(*h));
}

void sl_tai64n(uint64_t wall_ns, uint8_t out[SL_TAI64N])
{
	const uint64_t epoch = 0x400000000000000aull, second_ns = 1000000000;
	const uint32_t grid_ns = 1 << 24; // the next power of two under 20 ms

	store_be64(out, epoch + wall_ns / second_ns);
	store_be32(out + 8, (uint32_t)(wall_ns % second_ns) & ~(grid_ns - 1));
}
