#include "tests/apps/tunnel_peer.h"

#include "core/noise/blake2s.h"
#include "core/proto/bytes.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { TAG = 16, MAC = 16, HASH = 32, BLOCK = 64 };

static const char construction[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
static const char identifier[] = "WireGuard v1 zx2c4 Jason@zx2c4.com";
static const uint8_t zeros[32];

struct bytes {
	const void *at;
	size_t len;
};

static struct bytes bytes(const void *at, size_t len)
{
	return (struct bytes){at, len};
}

// ---- paper section 5.4: HASH, MAC, HMAC, KDF, DH, AEAD

static void hash(uint8_t out[HASH], struct bytes a, struct bytes b)
{
	struct sl_blake2s s;

	sl_blake2s_init(&s, HASH, NULL, 0);
	sl_blake2s_update(&s, a.at, a.len);
	sl_blake2s_update(&s, b.at, b.len);
	sl_blake2s_final(&s, out);
}

static void mac(uint8_t out[MAC], struct bytes key, struct bytes data)
{
	struct sl_blake2s s;

	sl_blake2s_init(&s, MAC, key.at, key.len);
	sl_blake2s_update(&s, data.at, data.len);
	sl_blake2s_final(&s, out);
}

// HMAC of RFC 2104, not keyed BLAKE2s.
static void hmac(uint8_t out[HASH], const uint8_t key[HASH], struct bytes a, struct bytes b)
{
	uint8_t inner_pad[BLOCK] = {0}, outer_pad[BLOCK] = {0}, inner[HASH], text[2 * HASH];

	memcpy(inner_pad, key, HASH);
	memcpy(outer_pad, key, HASH);
	for (unsigned i = 0; i < BLOCK; i++) {
		inner_pad[i] ^= 0x36;
		outer_pad[i] ^= 0x5c;
	}
	if (a.len + b.len > sizeof(text))
		abort();
	memcpy(text, a.at, a.len);
	if (b.len > 0)
		memcpy(text + a.len, b.at, b.len);
	hash(inner, bytes(inner_pad, BLOCK), bytes(text, a.len + b.len));
	hash(out, bytes(outer_pad, BLOCK), bytes(inner, HASH));
}

// KDF of n outputs; the first may be the key itself.
static void kdf(const uint8_t key[HASH], struct bytes input, uint8_t *const out[], unsigned n)
{
	uint8_t secret[HASH], last[HASH];
	size_t len = 0;

	hmac(secret, key, input, bytes(zeros, 0));
	for (uint8_t i = 1; i <= n; i++) {
		hmac(last, secret, bytes(last, len), bytes(&i, 1));
		memcpy(out[i - 1], last, HASH);
		len = HASH;
	}
}

static void dh(uint8_t out[32], const uint8_t private_key[32], const uint8_t public_key[32])
{
	if (crypto_scalarmult_curve25519(out, private_key, public_key) != 0)
		abort();
}

static void nonce(uint8_t out[12], uint64_t counter)
{
	memset(out, 0, 4);
	store_le64(out + 4, counter);
}

static void seal(uint8_t *out, const uint8_t key[32], uint64_t counter, struct bytes plain,
		 struct bytes ad)
{
	uint8_t n[12];

	nonce(n, counter);
	crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain.at, plain.len, ad.at, ad.len,
						  NULL, n, key);
}

static bool open(uint8_t *out, const uint8_t key[32], uint64_t counter, struct bytes sealed,
		 struct bytes ad)
{
	uint8_t n[12];

	nonce(n, counter);
	return crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.at, sealed.len,
							 ad.at, ad.len, n, key) == 0;
}

// ---- section 5.4.1: the handshake's state

static void mix_hash(struct peer *p, const void *at, size_t len)
{
	hash(p->h, bytes(p->h, HASH), bytes(at, len));
}

static void mix_ephemeral(struct peer *p, const uint8_t public_key[32])
{
	mix_hash(p, public_key, 32);
	kdf(p->ck, bytes(public_key, 32), (uint8_t *const[]){p->ck}, 1);
}

static void mix_dh(struct peer *p, const uint8_t private_key[32], const uint8_t public_key[32],
		   uint8_t key[HASH])
{
	uint8_t shared[32];

	dh(shared, private_key, public_key);
	kdf(p->ck, bytes(shared, 32), (uint8_t *const[]){p->ck, key}, key ? 2 : 1);
}

static void begin(struct peer *p, const uint8_t responder[32])
{
	hash(p->ck, bytes(construction, strlen(construction)), bytes(zeros, 0));
	hash(p->h, bytes(p->ck, HASH), bytes(identifier, strlen(identifier)));
	mix_hash(p, responder, 32);
}

static void make_ephemeral(struct peer *p)
{
	randombytes_buf(p->e, sizeof(p->e));
	crypto_scalarmult_curve25519_base(p->e_public, p->e);
	p->index = randombytes_random();
}

static void mix_psk(struct peer *p, uint8_t key[HASH])
{
	uint8_t t[HASH];

	kdf(p->ck, bytes(p->psk, sizeof(p->psk)), (uint8_t *const[]){p->ck, t, key}, 3);
	mix_hash(p, t, HASH);
}

// Section 5.4.5.
static void derive(struct peer *p, bool is_initiator)
{
	uint8_t *first = is_initiator ? p->send : p->receive;
	uint8_t *second = is_initiator ? p->receive : p->send;

	kdf(p->ck, bytes(zeros, 0), (uint8_t *const[]){first, second}, 2);
	p->local = p->index;
	p->remote = p->their_index;
	p->sent = 0;
}

// ---- sections 5.4.2 and 5.4.3

void peer_init(struct peer *p)
{
	randombytes_buf(p->private_key, sizeof(p->private_key));
	crypto_scalarmult_curve25519_base(p->public_key, p->private_key);
	if (p->has_psk)
		randombytes_buf(p->psk, sizeof(p->psk));
	p->stamp_s = 1000000;
}

void peer_initiate(struct peer *p, uint8_t m[PEER_INITIATION])
{
	uint8_t key[HASH], stamp[PEER_STAMP] = {0};

	begin(p, p->tunnel_key);
	make_ephemeral(p);
	store_le32(m, 1);
	store_le32(m + 4, p->index);
	memcpy(m + 8, p->e_public, 32);
	mix_ephemeral(p, p->e_public);
	mix_dh(p, p->e, p->tunnel_key, key);
	seal(m + 40, key, 0, bytes(p->public_key, 32), bytes(p->h, HASH));
	mix_hash(p, m + 40, 48);
	mix_dh(p, p->private_key, p->tunnel_key, key);
	store_be64(stamp, 0x400000000000000aull + p->stamp_s++);
	seal(m + 88, key, 0, bytes(stamp, PEER_STAMP), bytes(p->h, HASH));
	mix_hash(p, m + 88, 28);
	peer_put_macs(p, m, PEER_INITIATION);
}

bool peer_read_initiation(struct peer *p, const uint8_t *m, size_t len)
{
	uint8_t key[HASH], from[32];

	if (len != PEER_INITIATION || load_le32(m) != 1)
		return false;
	begin(p, p->public_key);
	p->their_index = load_le32(m + 4);
	memcpy(p->their_e, m + 8, 32);
	mix_ephemeral(p, p->their_e);
	mix_dh(p, p->private_key, p->their_e, key);
	if (!open(from, key, 0, bytes(m + 40, 48), bytes(p->h, HASH)) ||
	    memcmp(from, p->tunnel_key, 32) != 0)
		return false;
	mix_hash(p, m + 40, 48);
	mix_dh(p, p->private_key, p->tunnel_key, key);
	if (!open(p->stamp, key, 0, bytes(m + 88, 28), bytes(p->h, HASH)))
		return false;
	mix_hash(p, m + 88, 28);
	return true;
}

void peer_respond(struct peer *p, uint8_t m[PEER_RESPONSE])
{
	uint8_t key[HASH];

	make_ephemeral(p);
	store_le32(m, 2);
	store_le32(m + 4, p->index);
	store_le32(m + 8, p->their_index);
	memcpy(m + 12, p->e_public, 32);
	mix_ephemeral(p, p->e_public);
	mix_dh(p, p->e, p->their_e, NULL);
	mix_dh(p, p->e, p->tunnel_key, NULL);
	mix_psk(p, key);
	seal(m + 44, key, 0, bytes(zeros, 0), bytes(p->h, HASH));
	derive(p, false);
	peer_put_macs(p, m, PEER_RESPONSE);
}

bool peer_read_response(struct peer *p, const uint8_t *m, size_t len)
{
	uint8_t key[HASH], nothing[1];

	if (len != PEER_RESPONSE || load_le32(m) != 2 || load_le32(m + 8) != p->index)
		return false;
	p->their_index = load_le32(m + 4);
	memcpy(p->their_e, m + 12, 32);
	mix_ephemeral(p, p->their_e);
	mix_dh(p, p->e, p->their_e, NULL);
	mix_dh(p, p->private_key, p->their_e, NULL);
	mix_psk(p, key);
	if (!open(nothing, key, 0, bytes(m + 44, TAG), bytes(p->h, HASH)))
		return false;
	derive(p, true);
	return true;
}

// ---- section 5.4.6

size_t peer_seal(struct peer *p, const void *plaintext, size_t len, uint8_t *m)
{
	store_le32(m, 4);
	store_le32(m + 4, p->remote);
	store_le64(m + 8, p->sent);
	seal(m + 16, p->send, p->sent++, bytes(plaintext, len), bytes(zeros, 0));
	return 16 + len + TAG;
}

int peer_open(struct peer *p, const uint8_t *m, size_t len, uint8_t *plaintext)
{
	if (len < PEER_KEEPALIVE || load_le32(m) != 4 || load_le32(m + 4) != p->local)
		return -1;
	p->counter = load_le64(m + 8);
	if (!open(plaintext, p->receive, p->counter, bytes(m + 16, len - 16), bytes(zeros, 0)))
		return -1;
	return (int)(len - PEER_KEEPALIVE);
}

// ---- sections 5.4.4 and 5.4.7

static void mac_key(uint8_t key[HASH], const char *label, const uint8_t public_key[32])
{
	hash(key, bytes(label, 8), bytes(public_key, 32));
}

void peer_put_macs(struct peer *p, uint8_t *m, size_t len)
{
	uint8_t key[HASH];

	mac_key(key, "mac1----", p->tunnel_key);
	mac(m + len - 2 * MAC, bytes(key, HASH), bytes(m, len - 2 * MAC));
	memcpy(p->mac1, m + len - 2 * MAC, MAC);
	memset(m + len - MAC, 0, MAC);
	if (p->has_cookie)
		mac(m + len - MAC, bytes(p->cookie, MAC), bytes(m, len - MAC));
}

bool peer_macs_good(const struct peer *p, const uint8_t *m, size_t len, const uint8_t *cookie)
{
	uint8_t key[HASH], right[MAC];

	mac_key(key, "mac1----", p->public_key);
	mac(right, bytes(key, HASH), bytes(m, len - 2 * MAC));
	if (memcmp(right, m + len - 2 * MAC, MAC) != 0)
		return false;
	if (!cookie)
		return memcmp(zeros, m + len - MAC, MAC) == 0;
	mac(right, bytes(cookie, MAC), bytes(m, len - MAC));
	return memcmp(right, m + len - MAC, MAC) == 0;
}

void peer_give_cookie(struct peer *p, const uint8_t *m, size_t len, const uint8_t cookie[16],
		      uint8_t reply[PEER_COOKIE])
{
	uint8_t key[HASH];

	mac_key(key, "cookie--", p->public_key);
	store_le32(reply, 3);
	memcpy(reply + 4, m + 4, 4);
	randombytes_buf(reply + 8, 24);
	crypto_aead_xchacha20poly1305_ietf_encrypt(reply + 32, NULL, cookie, MAC, m + len - 2 * MAC,
						   MAC, NULL, reply + 8, key);
}

bool peer_take_cookie(struct peer *p, const uint8_t *reply, size_t len)
{
	uint8_t key[HASH];

	mac_key(key, "cookie--", p->tunnel_key);
	if (len != PEER_COOKIE || load_le32(reply) != 3 || load_le32(reply + 4) != p->index)
		return false;
	p->has_cookie = crypto_aead_xchacha20poly1305_ietf_decrypt(p->cookie, NULL, NULL,
								   reply + 32, MAC + TAG, p->mac1,
								   MAC, reply + 8, key) == 0;
	return p->has_cookie;
}
