// cookie: the two MACs that every handshake message ends with, and the cookies behind the second.
//
// mac1 shows that the sender knows whom it talks to; a message without is not looked at. Under
// load a responder wants mac2, too, keyed with a cookie that it sends to the address the message
// claims to be from. Spec: WireGuard paper sections 5.4.4 and 5.4.7.
//
// Times are monotonic, ns. All states are plain memory; one thread at a time.
#pragma once

#include "core/tunnel/endpoint.h"
#include "core/tunnel/message.h"

enum { SL_MAC_KEY = 32 };

// The keys made of the static public key of the party that receives: mac1's and the cookie's.
struct sl_mac_keys {
	uint8_t mac1[SL_MAC_KEY];
	uint8_t cookie[SL_MAC_KEY];
};

void sl_mac_keys_init(struct sl_mac_keys *k, const uint8_t public[32]);

// MAC(key, data), keyed BLAKE2s with an output of 16 bytes, and HASH(label || data), a key for it.
void sl_mac(const uint8_t *key, size_t key_len, const uint8_t *data, size_t len,
	    uint8_t out[SL_MAC]);
void sl_mac_key(const char label[8], const uint8_t data[32], uint8_t key[SL_MAC_KEY]);

// ---- who sends handshakes

// What a peer remembers of its last message, and the cookie it was given. Zeroed: nothing.
struct sl_cookie {
	uint8_t mac1[SL_MAC]; // of the last message
	uint8_t cookie[SL_MAC];
	uint64_t since_ns; // when the cookie came
	bool has_cookie;
	bool sent_mac1; // and no cookie reply has used it
};

// Write both MACs at the end of a message of len bytes. mac2 is zero without a fresh cookie.
void sl_macs_put(struct sl_cookie *c, const struct sl_mac_keys *keys, uint64_t now_ns,
		 uint8_t *message, size_t len);

// Take the cookie of a reply. Returns false, c unchanged, where it does not answer the last
// message or is not authentic.
bool sl_cookie_take(struct sl_cookie *c, const struct sl_mac_keys *keys, uint64_t now_ns,
		    const struct sl_message_cookie *reply);

// ---- who receives them

enum { SL_COOKIE_NONCES = 64 };

// The secret that cookies are made of, renewed every two minutes, and nonces of replies to come:
// the system gives many random bytes as fast as a few. Zeroed: none yet.
struct sl_cookie_mint {
	uint8_t secret[32];
	uint64_t since_ns;
	bool has_secret;
	unsigned nonces_left;
	uint8_t nonces[SL_COOKIE_NONCES][24];
};

// Whether the mac1 of a message, at least as long as its MACs, is right. In constant time.
bool sl_mac1_good(const struct sl_mac_keys *keys, const uint8_t *message, size_t len);

// Whether mac2 is right for a message that came from there. In constant time, but for that of who
// has no cookie: zeros are wrong at once.
bool sl_mac2_good(struct sl_cookie_mint *m, uint64_t now_ns, const struct sl_endpoint *from,
		  const uint8_t *message, size_t len);

// Write the reply that gives the sender of a message its cookie. The message's bytes 4 to 7 are
// its sender index.
void sl_cookie_reply(struct sl_cookie_mint *m, const struct sl_mac_keys *keys, uint64_t now_ns,
		     const struct sl_endpoint *from, const uint8_t *message, size_t len,
		     struct sl_message_cookie *reply);
