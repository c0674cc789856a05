// tunnel_peer: the other end of a tunnel, for tests. It is WireGuard's paper written out with
// libsodium and BLAKE2s and knows nothing of the code that it tests, so that the two cannot be
// wrong together. It is no more careful than a test needs.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PEER_INITIATION = 148, // bytes of messages
	PEER_RESPONSE = 92,
	PEER_COOKIE = 64,
	PEER_KEEPALIVE = 32,
	PEER_STAMP = 12,
};

struct peer {
	const char *at;   // its endpoint, "192.0.2.2:2"
	const char *line; // what the tunnel is told of it behind its keys
	bool has_psk;

	uint8_t private_key[32], public_key[32], psk[32];
	uint8_t tunnel_key[32];    // public, of the tunnel
	uint64_t stamp_s;          // of its next initiation
	uint8_t stamp[PEER_STAMP]; // of the latest initiation that it read

	// The handshake under way.
	uint8_t ck[32], h[32];
	uint8_t e[32], e_public[32], their_e[32];
	uint32_t index, their_index;

	// Its latest session.
	uint8_t send[32], receive[32];
	uint32_t local, remote; // indices
	uint64_t sent;          // number of the next packet
	uint64_t counter;       // of the latest packet that it opened

	// Cookies: of its latest message, and the one it was given.
	uint8_t mac1[16], cookie[16];
	bool has_cookie;
	const uint8_t *given; // the one that it gave the tunnel, NULL = none
};

// Make keys: private, and a psk where the peer has one.
void peer_init(struct peer *p);

// Write an initiation and remember the handshake.
void peer_initiate(struct peer *p, uint8_t message[PEER_INITIATION]);

// Read an initiation of the tunnel's. Returns whether all of it is right.
bool peer_read_initiation(struct peer *p, const uint8_t *message, size_t len);

// Answer it, and derive a session.
void peer_respond(struct peer *p, uint8_t message[PEER_RESPONSE]);

// Read the tunnel's answer, and derive a session. Returns whether all of it is right.
bool peer_read_response(struct peer *p, const uint8_t *message, size_t len);

// Seal len bytes, as they are, under the latest session. Returns the length of the message.
size_t peer_seal(struct peer *p, const void *plaintext, size_t len, uint8_t *message);

// Open a data message. Returns the length of the plaintext, or -1.
int peer_open(struct peer *p, const uint8_t *message, size_t len, uint8_t *plaintext);

// Write both MACs at the end of a message to the tunnel.
void peer_put_macs(struct peer *p, uint8_t *message, size_t len);

// Whether the MACs of a message from the tunnel are right: mac1, and mac2 under this cookie, or
// zeros where it is NULL.
bool peer_macs_good(const struct peer *p, const uint8_t *message, size_t len,
		    const uint8_t *cookie);

// Write the reply that gives the sender of a message of the tunnel's this cookie.
void peer_give_cookie(struct peer *p, const uint8_t *message, size_t len, const uint8_t cookie[16],
		      uint8_t reply[PEER_COOKIE]);

// Read a reply to the latest message. Returns whether it is right; the cookie is used from now on.
bool peer_take_cookie(struct peer *p, const uint8_t *reply, size_t len);
