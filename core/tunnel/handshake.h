// handshake: the messages by which two parties agree on a session, for each pattern.
//
//	initiator                              responder
//	sl_handshake_initiate    -- message 1 -->  sl_handshake_hear, sl_handshake_answer
//	sl_handshake_conclude   <-- message 2 --
//	                         -- message 3 -->  sl_handshake_confirm          (XK alone)
//
// IK with psk2 is WireGuard's (paper section 5.4). NK, KK and XK with psk0 are those of capability
// tunnels, whose first message also carries a tag: a MAC under a key made of the psk, by which a
// responder finds the capability before it does anything that costs; in their second message it
// tells the initiator its lease. docs/capabilities.md specifies them.
//
// Messages have room for the MACs at their end (core/tunnel/cookie.h); writing and checking those
// is the caller's affair, and comes first on what is received. States are plain memory with secrets
// in it; a message that is refused changes none. One thread at a time.
#pragma once

#include "core/tunnel/cookie.h"
#include "core/tunnel/lease.h"

#include <sluice/noise.h>

enum sl_tunnel_pattern { SL_TUNNEL_IK, SL_TUNNEL_NK, SL_TUNNEL_KK, SL_TUNNEL_XK };

enum { SL_HANDSHAKE_MAX = 220 }; // bytes of the longest message

// A key of ours and what it is used for. A client of NK has none.
struct sl_tunnel_local {
	uint8_t private_key[SL_NOISE_KEY], public_key[SL_NOISE_KEY];
	bool has_key;
	enum sl_tunnel_pattern pattern;
	struct sl_mac_keys macs;       // of messages 1 to us
	const uint8_t *test_ephemeral; // for test vectors only; NULL = a random one
};

// What we know of a peer.
struct sl_tunnel_remote {
	uint8_t public_key[SL_NOISE_KEY];
	bool has_key; // not where we serve NK or XK
	uint8_t psk[SL_NOISE_KEY];
	struct sl_mac_keys first; // of messages 1 to it
	struct sl_mac_keys to;    // of later messages to it
	struct sl_mac_keys from;  // of later messages from it
	uint8_t tag_key[SL_MAC_KEY];
	uint8_t lease[SL_LEASE_LEN]; // that message 2 tells it, where the pattern has one
};

// A session's keys, as soon as a handshake is done.
struct sl_tunnel_keys {
	uint8_t send[SL_NOISE_KEY], receive[SL_NOISE_KEY];
	uint32_t local, remote; // indices
	bool is_initiator;
	bool shared; // the other side has them, too; else that shows when it uses them
};

enum sl_handshake_state {
	SL_HANDSHAKE_NONE,
	SL_HANDSHAKE_INITIATED, // waits for message 2
	SL_HANDSHAKE_ANSWERED,  // waits for message 3
};

// A peer's handshake under way; zeroed: none.
struct sl_handshake {
	struct sl_noise noise;
	enum sl_handshake_state state;
	uint32_t local, remote; // indices
};

// A message 1 that was read, on its way to be answered.
struct sl_heard {
	struct sl_noise noise;
	uint8_t stamp[SL_TAI64N]; // of the sender; must be later than any before
	uint32_t sender;          // index
};

// The pattern of a name with its modifier: "IKpsk2", "NKpsk0", "KKpsk0", "XKpsk0". Returns false,
// out untouched, where it is none of these.
bool sl_tunnel_pattern_parse(const char *name, enum sl_tunnel_pattern *out);

// That name.
const char *sl_tunnel_pattern_name(enum sl_tunnel_pattern p);

// Whether a pattern is one of capability tunnels: with a tag and a lease.
bool sl_tunnel_pattern_is_tagged(enum sl_tunnel_pattern p);

// Whether an initiator needs a key of its own, and whether a responder must know it beforehand.
bool sl_tunnel_pattern_has_static(enum sl_tunnel_pattern p);
bool sl_tunnel_pattern_knows_static(enum sl_tunnel_pattern p);

// Fill in the keys that follow from the others. private_key NULL = none.
void sl_tunnel_local_init(struct sl_tunnel_local *l, enum sl_tunnel_pattern pattern,
			  const uint8_t *private_key);

// The same for a peer of l. public_key NULL = not known. psk NULL = zeros, which is none.
void sl_tunnel_remote_init(struct sl_tunnel_remote *r, const struct sl_tunnel_local *l,
			   const uint8_t *public_key, const uint8_t *psk);

// Write message 1; a handshake under way is forgotten.
//
// index  Ours, random, for the responder to name the session by.
// out    SL_HANDSHAKE_MAX bytes.
//
// Returns its length, or -EKEYREJECTED (the peer's key is of low order; nothing changed).
int sl_handshake_initiate(struct sl_handshake *h, const struct sl_tunnel_local *me,
			  const struct sl_tunnel_remote *peer, uint32_t index,
			  const uint8_t stamp[SL_TAI64N], uint8_t *out);

// Whether the tag of a message 1 shows the psk of this peer. In constant time. Always where the
// pattern has no tags.
bool sl_handshake_tag_good(const struct sl_tunnel_local *me, const struct sl_tunnel_remote *peer,
			   const uint8_t *message, size_t len);

// The length that a message of this type has in a pattern; 0 where it has none.
size_t sl_handshake_len(enum sl_tunnel_pattern pattern, enum sl_message_type type);

// Read message 1, whose mac1 and tag are right.
//
// peer  Whose tag it is; NULL for IK, where sl_noise_remote_public(&x->noise) then says who it is.
//
// Returns 0 or -EBADMSG.
int sl_handshake_hear(struct sl_heard *x, const struct sl_tunnel_local *me,
		      const struct sl_tunnel_remote *peer, const uint8_t *message, size_t len);

// Write message 2; a handshake under way is forgotten. x is used up.
//
// keys  Filled where `*done`; else message 3 must come first.
//
// Returns its length, or -EKEYREJECTED (nothing changed).
int sl_handshake_answer(struct sl_handshake *h, struct sl_heard *x,
			const struct sl_tunnel_remote *peer, uint32_t index, uint8_t *out,
			struct sl_tunnel_keys *keys, bool *done);

// Read message 2, which ends the handshake of the initiator.
//
// out    Gets message 3 where there is one.
// lease  Gets what sl_lease_read reads; zeros where the pattern has none.
//
// Returns the length of message 3, 0 where there is none, or -EBADMSG (h unchanged).
int sl_handshake_conclude(struct sl_handshake *h, const uint8_t *message, size_t len, uint8_t *out,
			  struct sl_tunnel_keys *keys, uint8_t lease[SL_LEASE_LEN]);

// Read message 3, which ends the handshake of the responder.
//
// public_key  Gets the initiator's.
//
// Returns 0 or -EBADMSG (h unchanged).
int sl_handshake_confirm(struct sl_handshake *h, const uint8_t *message, size_t len,
			 struct sl_tunnel_keys *keys, uint8_t public_key[SL_NOISE_KEY]);

void sl_handshake_wipe(struct sl_handshake *h);

// A time stamp, for message 1. Coarse, so that the clock does not leak.
//
// wall_ns  Since 1970.
//
// Spec: paper section 5.1 (TAI64N).
void sl_tai64n(uint64_t wall_ns, uint8_t out[SL_TAI64N]);
