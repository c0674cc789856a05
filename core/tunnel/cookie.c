#include "core/tunnel/cookie.h"

#include "core/noise/blake2s.h"

#include <sodium.h>

#define SECOND_NS 1000000000ull

enum {
	COOKIE_REFRESH_S = 120, // the secret's life
	COOKIE_LATENCY_S = 5,   // a cookie on its way counts as younger than it is
};

void sl_mac_key(const char label[8], const uint8_t data[32], uint8_t key[SL_MAC_KEY])
{
	struct sl_blake2s s;

	sl_blake2s_init(&s, SL_MAC_KEY, NULL, 0);
	sl_blake2s_update(&s, label, 8);
	sl_blake2s_update(&s, data, 32);
	sl_blake2s_final(&s, key);
}

void sl_mac_keys_init(struct sl_mac_keys *k, const uint8_t public[32])
{
	sl_mac_key("mac1----", public, k->mac1);
	sl_mac_key("cookie--", public, k->cookie);
}

void sl_mac(const uint8_t *key, size_t key_len, const uint8_t *data, size_t len,
	    uint8_t out[SL_MAC])
{
	struct sl_blake2s s;

	sl_blake2s_init(&s, SL_MAC, key, key_len);
	sl_blake2s_update(&s, data, len);
	sl_blake2s_final(&s, out);
}

// ---- who sends handshakes

static bool is_fresh(uint64_t since_ns, uint64_t now_ns, unsigned seconds)
{
	return now_ns - since_ns < seconds * SECOND_NS;
}

void sl_macs_put(struct sl_cookie *c, const struct sl_mac_keys *keys, uint64_t now_ns,
		 uint8_t *message, size_t len)
{
	uint8_t *mac2 = message + len - SL_MAC, *mac1 = mac2 - SL_MAC;

	sl_mac(keys->mac1, SL_MAC_KEY, message, (size_t)(mac1 - message), mac1);
	memcpy(c->mac1, mac1, SL_MAC);
	c->sent_mac1 = true;
	if (c->has_cookie && is_fresh(c->since_ns, now_ns, COOKIE_REFRESH_S - COOKIE_LATENCY_S))
		sl_mac(c->cookie, SL_MAC, message, (size_t)(mac2 - message), mac2);
	else
		memset(mac2, 0, SL_MAC);
}

bool sl_cookie_take(struct sl_cookie *c, const struct sl_mac_keys *keys, uint64_t now_ns,
		    const struct sl_message_cookie *reply)
{
	uint8_t cookie[SL_MAC];

	if (!c->sent_mac1 || crypto_aead_xchacha20poly1305_ietf_decrypt(
				     cookie, NULL, NULL, reply->cookie, sizeof(reply->cookie),
				     c->mac1, SL_MAC, reply->nonce, keys->cookie) != 0)
		return false;
	memcpy(c->cookie, cookie, SL_MAC);
	sodium_memzero(cookie, sizeof(cookie));
	c->since_ns = now_ns;
	c->has_cookie = true;
	c->sent_mac1 = false; // one cookie for one message
	return true;
}

// ---- who receives them

bool sl_mac1_good(const struct sl_mac_keys *keys, const uint8_t *message, size_t len)
{
	const uint8_t *mac1 = message + len - 2 * SL_MAC;
	uint8_t right[SL_MAC];

	sl_mac(keys->mac1, SL_MAC_KEY, message, (size_t)(mac1 - message), right);
	return sodium_memcmp(right, mac1, SL_MAC) == 0;
}

// MAC(secret, address || port)
static void make_cookie(struct sl_cookie_mint *m, uint64_t now_ns, const struct sl_endpoint *from,
			uint8_t cookie[SL_MAC])
{
	size_t n = sl_ip_len(from->ip.family);
	uint8_t source[16 + 2];

	if (!m->has_secret || !is_fresh(m->since_ns, now_ns, COOKIE_REFRESH_S)) {
		randombytes_buf(m->secret, sizeof(m->secret));
		m->since_ns = now_ns;
		m->has_secret = true;
	}
	memcpy(source, from->ip.bytes, n);
	store_be16(source + n, from->port);
	sl_mac(m->secret, sizeof(m->secret), source, n + 2, cookie);
}

// Each is given once.
static const uint8_t *next_nonce(struct sl_cookie_mint *m)
{
	if (m->nonces_left == 0) {
		randombytes_buf(m->nonces, sizeof(m->nonces));
		m->nonces_left = SL_COOKIE_NONCES;
	}
	return m->nonces[--m->nonces_left];
}

bool sl_mac2_good(struct sl_cookie_mint *m, uint64_t now_ns, const struct sl_endpoint *from,
		  const uint8_t *message, size_t len)
{
	const uint8_t *mac2 = message + len - SL_MAC;
	uint8_t cookie[SL_MAC], right[SL_MAC];

	if (sodium_is_zero(mac2, SL_MAC))
		return false;
	make_cookie(m, now_ns, from, cookie);
	sl_mac(cookie, SL_MAC, message, (size_t)(mac2 - message), right);
	sodium_memzero(cookie, sizeof(cookie));
	return sodium_memcmp(right, mac2, SL_MAC) == 0;
}

void sl_cookie_reply(struct sl_cookie_mint *m, const struct sl_mac_keys *keys, uint64_t now_ns,
		     const struct sl_endpoint *from, const uint8_t *message, size_t len,
		     struct sl_message_cookie *reply)
{
	const uint8_t *mac1 = message + len - 2 * SL_MAC;
	uint8_t cookie[SL_MAC];

	store_le32(reply->type, SL_MESSAGE_COOKIE);
	memcpy(reply->receiver, message + 4, sizeof(reply->receiver));
	memcpy(reply->nonce, next_nonce(m), sizeof(reply->nonce));
	make_cookie(m, now_ns, from, cookie);
	crypto_aead_xchacha20poly1305_ietf_encrypt(reply->cookie, NULL, cookie, SL_MAC, mac1,
						   SL_MAC, NULL, reply->nonce, keys->cookie);
	sodium_memzero(cookie, sizeof(cookie));
}
