// tunnel_rig: a whole tunnel, tunnel-data and tunnel-handshake, between a test's hands: by a clock
// that the test owns, with peers that the test plays (tunnel_peer.h).
//
//	struct peer peer = {.at = "192.0.2.2:2", .line = "allowed=10.2.0.0/16"};
//	struct rig rig;
//
//	rig_open(&rig, &peer, 1);
//	rig_connect(&rig, &peer);
//	...
//	rig_close(&rig);
//
// The tunnel is at 192.0.2.1:1 and [2001:db8::1]:1. What it sends waits in order, with the time it
// was sent at; its UDP checksums have been checked.
#pragma once

#include "tests/apps/tunnel_peer.h"
#include "tests/harness/ip.h"

#define RIG_SECOND_NS 1000000000ull

enum { RIG_PEERS = 24, RIG_MESSAGES = 512, RIG_MTU = 1420 };

// A message of the tunnel's, as it is on the wire.
struct rig_message {
	uint64_t at_ns;
	char from[64], to[64]; // endpoints
	uint8_t tos;
	bool dont_fragment;
	uint16_t len;
	uint8_t bytes[2048];
};

struct rig {
	struct sl_harness *data, *shake;
	char folder[64];
	uint8_t public_key[32];
	uint64_t start_ns;
	struct rig_message sent[RIG_MESSAGES];
	unsigned n_sent, n_seen; // and how many of them the test has taken
};

// Make the tunnel and the keys of n peers. What it sends to begin with waits to be taken.
void rig_open(struct rig *r, struct peer *peers, unsigned n);

// As rig_open with one peer, who is told of at 192.0.2.2:2 and has 10.2.0.0/16 behind it.
void rig_open_one(struct rig *r, struct peer *peer, bool has_psk);

// As rig_open, with so few packets in either app's pool that it is quick.
void rig_open_with(struct rig *r, struct peer *peers, unsigned n, unsigned packets);

// Two tunnels, each the other's only peer, for a test that carries messages between them. The lines
// are what each is told of the other.
void rig_open_pair(struct rig *left, const char *left_line, struct rig *right,
		   const char *right_line);

// All packets must be accounted for, and everything the tunnel sent must have been taken.
void rig_close(struct rig *r);

// Let both apps work until nothing moves any more.
void rig_breathe(struct rig *r);

// Let time pass, with as many ticks as timers need, a hundredth of a second at a time.
void rig_wait(struct rig *r, uint64_t ns);
void rig_wait_s(struct rig *r, unsigned seconds);

// The same, all at once, as of a worker that was held up.
void rig_jump(struct rig *r, uint64_t ns);

// Since the rig was opened.
uint64_t rig_now_ns(const struct rig *r);

// Set the wall clock, which goes on from there.
void rig_set_wall(struct rig *r, uint64_t wall_ns);

// ---- the outer side

// Put a message from there to the tunnel's own endpoint on the way; rig_breathe lets it come.
void rig_feed(struct rig *r, const char *from, const void *message, size_t len);

// The same, and the tunnel hears it.
void rig_hear(struct rig *r, const char *from, const void *message, size_t len);

// The next message that was sent, or NULL.
const struct rig_message *rig_take(struct rig *r);

// The next one, which must be of that type.
const struct rig_message *rig_expect(struct rig *r, uint8_t type);

// Nothing was sent.
void rig_expect_silence(struct rig *r);

// ---- the inner side

// Send a UDP packet of len bytes in all through the tunnel.
void rig_send(struct rig *r, const char *src, const char *dst, unsigned len);

// Take what came out, of either family. Returns false where nothing did.
bool rig_receive(struct rig *r, struct ip_packet *p);

// Seal such a packet as the peer, padded, and let the tunnel hear it.
void rig_hear_inner(struct rig *r, struct peer *p, const char *src, const char *dst, unsigned len);
void rig_hear_keepalive(struct rig *r, struct peer *p);

// The next message is data for that peer, who opens it. Returns the length of the plaintext.
unsigned rig_expect_data(struct rig *r, struct peer *p, uint8_t *plaintext);
void rig_expect_keepalive(struct rig *r, struct peer *p);

// The next message is an initiation that the peer finds right; and the answer to it.
const struct rig_message *rig_expect_initiation(struct rig *r, struct peer *p);
void rig_answer(struct rig *r, struct peer *p);

// ---- a session

// The peer initiates, and confirms with a keepalive.
void rig_connect(struct rig *r, struct peer *p);

// The tunnel initiates because of a packet from 10.1.0.1 to dst, which the peer takes.
void rig_connect_out(struct rig *r, struct peer *p, const char *dst);

// Take the tunnel's private key away.
void rig_take_key(struct rig *r);

// ---- a look inside

uint64_t rig_drops(struct rig *r); // of both apps, all reasons

// All that the tunnel knows of a peer, as a hash: sessions, timers, endpoints, counters.
void rig_state(struct rig *r, uint32_t peer, uint8_t out[32]);

// UDP payload that went to and came from a peer, of both apps.
uint64_t rig_tx_bytes(struct rig *r, uint32_t peer);
uint64_t rig_rx_bytes(struct rig *r, uint32_t peer);

// Number the next packet that the current session sends.
void rig_set_counter(struct rig *r, uint32_t peer, uint64_t sent);

// Whether a key of a session, or of a handshake under way, is in memory.
bool rig_has_keys(struct rig *r, uint32_t peer);

// Where both apps think a peer is; they must agree.
const char *rig_endpoint(struct rig *r, uint32_t peer);
