// tunnel: what the parts of the app tunnel-data share. Internal to it.
#pragma once

#include "core/ip/meta.h"
#include "core/tunnel/allowed.h"
#include "core/tunnel/indices.h"
#include "core/tunnel/outer.h"
#include "core/tunnel/path.h"
#include "core/tunnel/record.h"
#include "core/tunnel/session.h"
#include "core/tunnel/stage.h"
#include "simd/aead.h"

#include <sluice/app.h>
#include <sluice/tunnel.h>

enum { SL_TUNNEL_IN_INNER, SL_TUNNEL_IN_OUTER, SL_TUNNEL_IN_COMMANDS };
enum {
	SL_TUNNEL_OUT_INNER4,
	SL_TUNNEL_OUT_INNER6,
	SL_TUNNEL_OUT_OUTER4,
	SL_TUNNEL_OUT_OUTER6,
	SL_TUNNEL_OUT_HANDSHAKE,
	SL_TUNNEL_OUT_EVENTS,
	SL_TUNNEL_OUT_ERROR,
};
enum sl_tunnel_drop {
	SL_TUNNEL_DROP_INNER_MALFORMED, // to be sealed, and no IP packet
	SL_TUNNEL_DROP_NO_PEER,
	SL_TUNNEL_DROP_NO_ENDPOINT,
	SL_TUNNEL_DROP_NO_SESSION, // waited for one in vain
	SL_TUNNEL_DROP_STAGE_FULL,
	SL_TUNNEL_DROP_NO_ROOM,
	SL_TUNNEL_DROP_OUTER_MALFORMED,
	SL_TUNNEL_DROP_BAD_CHECKSUM,
	SL_TUNNEL_DROP_UNKNOWN_TYPE,
	SL_TUNNEL_DROP_UNKNOWN_INDEX,
	SL_TUNNEL_DROP_EXPIRED,
	SL_TUNNEL_DROP_BAD_TAG,
	SL_TUNNEL_DROP_REPLAY,
	SL_TUNNEL_DROP_OPENED_MALFORMED,
	SL_TUNNEL_DROP_FOREIGN_SOURCE,
	SL_TUNNEL_DROP_FOREIGN_DESTINATION, // a client's, to where it may not
	SL_TUNNEL_DROP_OVER_RATE,
	SL_TUNNEL_DROP_CONGESTION, // RFC 6040: marked outside, and inside not able to be
	SL_TUNNEL_DROP_NESTED,     // in too many tunnels of ours, perhaps over and over in this one
	SL_TUNNEL_DROP_LOOPED,     // a message of ours to this peer: the way there leads here
	SL_TUNNEL_DROP_TOO_BIG,    // for what is known of the way to the peer
	SL_TUNNEL_DROP_ICMP_IGNORED,
	SL_TUNNEL_DROPS,
};
enum {
	SL_TUNNEL_METRIC_SEALED,
	SL_TUNNEL_METRIC_OPENED,
	SL_TUNNEL_METRIC_KEEPALIVES_SENT,
	SL_TUNNEL_METRIC_KEEPALIVES_RECEIVED,
	SL_TUNNEL_METRIC_PEERS,
	SL_TUNNEL_METRIC_SESSIONS,
	SL_TUNNEL_METRIC_PATHS_LOWERED,
	SL_TUNNEL_METRIC_ERRORS_FORGED,
};

// In the order of its cache lines: with ten thousand peers each comes from far away, and there is
// no time to wait for many. A packet touches three, either way: its half of a session, the line
// that begins with the slots, and the one of the outer headers, by which what comes in is also
// known to come from where it came from before. The rest is for what is rare. What is large as
// well, the past of the windows, lies elsewhere, so that many peers share few pages: a miss of the
// TLB costs as much as one of the cache.
struct sl_tunnel_peer {
	_Alignas(SL_LINE) struct sl_sessions sessions; // its last line goes on with
	bool used;
	bool wants, restart, moved, confirmed; // not said yet: see struct sl_tunnel_record
	bool flagged;                          // one of sl_tunnel.flagged
	bool is_limited;                       // a client of a service
	bool is_narrow;                        // path knows of a limit
	struct sl_timers timers;
	uint64_t rx_bytes; // UDP payload

	_Alignas(SL_LINE) struct sl_outer outer; // from source to endpoint
	uint64_t tx_bytes;                       // UDP payload

	struct sl_endpoint endpoint, source;
	uint64_t handshake_ns; // when its newest session was made, since 1970; 0 = never
	uint32_t generation;   // see struct sl_tunnel_record
	uint32_t tried;        // index of our latest initiation; 0 = none
	struct sl_staged staged;
	struct sl_tunnel_limit limit;
	uint64_t in_ns, out_ns; // until when its rate is spent, each way
	struct sl_path path;
};
_Static_assert(offsetof(struct sl_tunnel_peer, outer) ==
			       RTE_ALIGN_CEIL(sizeof(struct sl_sessions), SL_LINE) &&
		       offsetof(struct sl_tunnel_peer, endpoint) ==
			       offsetof(struct sl_tunnel_peer, outer) + SL_LINE,
	       "a packet touches three lines");

// What an ICMP error says of a packet that we may have sent.
struct sl_tunnel_claim {
	struct sl_endpoint from, to;
	uint64_t counter;
	uint32_t index, mtu;
	uint32_t left; // peers that have not been held against it; 0 = free
};

enum { SL_TUNNEL_CLAIMS = 8 };

struct sl_tunnel {
	struct sl_app app;
	struct sl_tunnel_peer *peers;
	uint32_t max_peers, end;      // numbers of peers are below this; 1 or more
	uint32_t scanned;             // the next peer whose timers are looked at
	struct sl_replay_past *pasts; // of sessions: SL_SLOTS of each peer
	struct sl_allowed *allowed;
	struct sl_indices *indices; // of sessions, to their numbers
	struct sl_stage *stage;
	uint64_t max_prefixes, max_staged;
	uint32_t mtu;                          // of inner packets
	uint16_t iface;                        // what inner packets come from
	uint64_t random;                       // of jitter
	uint32_t flagged[SL_BURST], n_flagged; // peers with something to say
	bool clamps_mss;
	uint32_t n_claims;
	struct sl_tunnel_claim claims[SL_TUNNEL_CLAIMS];
};

// Sessions are numbered, those of a peer in a row, so that the places are whole bits.
enum { SL_TUNNEL_PLACES = 4 };
_Static_assert((int)SL_TUNNEL_PLACES >= (int)SL_SLOTS, "a number for each");

static inline uint32_t sl_tunnel_number(uint32_t peer, unsigned place)
{
	return peer * SL_TUNNEL_PLACES + place;
}

static inline uint32_t sl_tunnel_peer_of(uint32_t number)
{
	return number / SL_TUNNEL_PLACES;
}

static inline unsigned sl_tunnel_place_of(uint32_t number)
{
	return number % SL_TUNNEL_PLACES;
}

static inline struct sl_replay_past *sl_tunnel_past(const struct sl_tunnel *t, uint32_t number)
{
	return &t->pasts[sl_tunnel_peer_of(number) * (size_t)SL_SLOTS + sl_tunnel_place_of(number)];
}

// What the class's `call` is asked: how a peer is. Zeroed where it is not known yet, or again.
struct sl_tunnel_look {
	uint32_t peer, generation;
	struct sl_endpoint endpoint;
	uint64_t rx_bytes, tx_bytes, handshake_ns;
};

struct sl_tunnel_looks {
	struct sl_tunnel_look *items;
	size_t n;
};

// A view under way: what tunnel-handshake knows, and whom to ask tunnel-data about.
struct sl_tunnel_reading {
	struct sl_tunnel_view *view;
	struct sl_tunnel_looks looks; // one for each peer of the view
};

// Packets that are sealed together.
struct sl_tunnel_seals {
	unsigned n;
	struct sl_aead_item items[SL_BURST];
	struct rte_mbuf *packets[SL_BURST];
	uint32_t peers[SL_BURST];
	uint8_t tos[SL_BURST];
	uint8_t nested[SL_BURST]; // flags, of SL_META_NESTED
};

// Packets that leave together, by family.
struct sl_tunnel_leaving {
	unsigned n[2];
	struct rte_mbuf *packets[2][SL_BURST];
};

static inline void sl_tunnel_leave(struct sl_tunnel_leaving *l, struct rte_mbuf *p, bool is_ipv6)
{
	l->packets[is_ipv6][l->n[is_ipv6]++] = p;
}

// Give them to the port of IPv4 packets and to the one behind it.
static inline void sl_tunnel_give(struct sl_tunnel *t, const struct sl_tunnel_leaving *l,
				  unsigned port)
{
	for (unsigned i = 0; i < 2; i++)
		if (l->n[i] > 0)
			sl_app_give(&t->app, port + i, l->packets[i], l->n[i]);
}

// Send an inner packet, or an empty one, to a peer: under its session, or once there is one.
void sl_tunnel_send(struct sl_tunnel *t, struct sl_tunnel_seals *s, uint32_t peer,
		    struct rte_mbuf *p);

// Send an empty packet.
void sl_tunnel_keepalive(struct sl_tunnel *t, struct sl_tunnel_seals *s, uint32_t peer);

// Send what waits for the peer, or a keepalive where nothing does and `show` says so.
void sl_tunnel_unstage(struct sl_tunnel *t, struct sl_tunnel_seals *s, uint32_t peer, bool show);

// Seal what was collected and give it on.
void sl_tunnel_seals_flush(struct sl_tunnel *t, struct sl_tunnel_seals *s);

// A burst of what is to be sealed, of what came in.
void sl_tunnel_seal_push(struct sl_tunnel *t, struct sl_tunnel_seals *s);
void sl_tunnel_open_push(struct sl_tunnel *t, struct sl_tunnel_seals *s);

// Whether a packet from a client that has limits may come in, and one for it go out. Return -1, or
// the reason to drop it; what is let through is counted.
int sl_tunnel_limit_in(struct sl_tunnel *t, uint32_t peer, const uint8_t *ip, size_t len);
int sl_tunnel_limit_out(struct sl_tunnel *t, uint32_t peer, size_t len);

// The longest inner packet that the way to a peer carries.
static inline uint32_t sl_tunnel_mtu(const struct sl_tunnel *t, const struct sl_tunnel_peer *peer)
{
	const uint32_t around = sizeof(struct sl_message_data) + SL_MESSAGE_TAG;

	if (__builtin_expect(!peer->is_narrow, 1))
		return t->mtu;
	return sl_path_inside(&peer->path, t->mtu, peer->outer.len + around);
}

// Whether an inner packet is too long for the narrow way to a peer and its source must hear of it;
// *mtu is what fits.
bool sl_tunnel_is_too_big(const struct sl_tunnel *t, const struct sl_tunnel_peer *peer,
			  const struct rte_mbuf *p, uint16_t *mtu);

// A packet that came on `outer` and is no datagram; takes it.
void sl_tunnel_hear_error(struct sl_tunnel *t, struct rte_mbuf *p);

// Hold a peer against what was heard so, and let it forget what was long ago.
void sl_tunnel_judge(struct sl_tunnel *t, uint32_t peer);

// Ask for a session with a peer; somebody waits for it where `restart`.
void sl_tunnel_want(struct sl_tunnel *t, uint32_t peer, bool restart);

// Say that packets for a peer, or of it, will soon come.
static inline void sl_tunnel_prefetch(const struct sl_tunnel *t, uint32_t peer)
{
	rte_prefetch0(&t->peers[peer].timers);
	rte_prefetch0(&t->peers[peer].outer);
}

// Remember that a peer has something to say. Where there is no room, tick finds it.
void sl_tunnel_flag(struct sl_tunnel *t, uint32_t peer);

// Drop what waits for a peer.
void sl_tunnel_drop_staged(struct sl_tunnel *t, struct sl_tunnel_peer *peer);

// Say on `events` what the peers that were flagged have to say.
void sl_tunnel_say(struct sl_tunnel *t);

// Do what came on `commands`.
void sl_tunnel_commands_push(struct sl_tunnel *t, struct sl_tunnel_seals *s);

// Wipe a peer's sessions and stop its timers.
void sl_tunnel_expire(struct sl_tunnel *t, struct sl_tunnel_peer *peer);

// Give the indices of sessions back that are gone.
void sl_tunnel_gone(struct sl_tunnel *t, const struct sl_session_gone *gone);

// A random time below the most that a timer is late. Every packet that is sealed asks.
static inline uint64_t sl_tunnel_jitter_ns(struct sl_tunnel *t)
{
	t->random = t->random * 6364136223846793005u + 1442695040888963407u;
	return (t->random >> 32) * (SL_JITTER_MS * (uint64_t)1000000) >> 32;
}
