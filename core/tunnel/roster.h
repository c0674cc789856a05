// roster: the peers of a tunnel as the handshake knows them, by number and by public key.
//
// All state of a peer's handshakes is in one struct. Numbers are small and used again; the data
// path has its own struct for the same number. One thread at a time.
#pragma once

#include "core/tunnel/handshake.h"

enum { SL_ROSTER_INDICES = 4 }; // that a peer has at a time: one under way, three sessions

struct sl_roster_peer {
	uint8_t key[SL_NOISE_KEY]; // that it is found by
	struct sl_tunnel_remote remote;
	uint8_t told[SL_LEASE_LEN]; // the lease that it told us, as our service
	struct sl_handshake handshake;
	struct sl_cookie cookie;
	struct sl_endpoint endpoint, source; // its, and ours towards it
	struct sl_endpoint configured;       // its, as the settings have it
	uint8_t stamp[SL_TAI64N];            // latest that came from it
	uint64_t stamp_ns;                   // of our own latest, since 1970
	uint64_t heard_ns;                   // when its last initiation was taken
	uint64_t sent_ns;                    // when our last initiation or response went out
	uint64_t since_ns;                   // when this attempt began
	uint64_t retry_ns;                   // next initiation; 0 = none under way
	uint64_t keepalive_ns;
	uint64_t rx_bytes, tx_bytes;         // UDP payload of handshake messages
	uint32_t generation;                 // differs from those that had the number before
	uint32_t round;                      // when it was last found wanted; the owner's
	uint32_t indices[SL_ROSTER_INDICES]; // a ring
	uint8_t n_indices;
	bool used;
	uint8_t service;  // of ours that it is a client of, from 1; 0 = a peer of our own key
	bool known;       // its keys are set
	bool pinned;      // with XK: it must show the key remote.public_key
	bool has_allowed; // its prefixes are not those of the lease
};

struct sl_roster;

// Returns an empty roster for max peers, owned by the caller, or NULL (out of memory).
struct sl_roster *sl_roster_create(uint32_t max);

// Wipes what it holds. NULL is legal.
void sl_roster_destroy(struct sl_roster *r);

// Add a peer with this public key. Returns its number, or UINT32_MAX where there are max, or one
// has the key.
uint32_t sl_roster_add(struct sl_roster *r, const uint8_t public_key[SL_NOISE_KEY]);

// Remove and wipe a peer.
void sl_roster_remove(struct sl_roster *r, uint32_t id);

// The number of the peer with this key, or UINT32_MAX.
uint32_t sl_roster_find(const struct sl_roster *r, const uint8_t public_key[SL_NOISE_KEY]);

// The peer of that number; used or not.
struct sl_roster_peer *sl_roster_peer(struct sl_roster *r, uint32_t id);

// Numbers are below this.
uint32_t sl_roster_end(const struct sl_roster *r);
