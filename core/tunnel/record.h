// record: what a tunnel's two apps tell each other, as packets on links between them.
//
// The handshake app knows who the peers are; the data app has their sessions. A packet holds any
// number of records, used in the order they were written. They are never sent out: plain structs.
// Some hold keys: taking a record wipes it from its packet.
#pragma once

#include "core/tunnel/handshake.h"

#include <sluice/packet.h>

enum sl_tunnel_record_kind {
	// handshake -> data
	SL_TUNNEL_PEER,     // there is this peer: endpoint, keepalive
	SL_TUNNEL_FORGET,   // it is gone, with all it had
	SL_TUNNEL_ALLOW,    // an inner prefix is its
	SL_TUNNEL_DISALLOW, // no longer
	SL_TUNNEL_LIMIT,    // what it may do as a client
	SL_TUNNEL_SESSION,  // a new session, and where it was agreed from
	SL_TUNNEL_EXPIRE,   // forget its sessions
	SL_TUNNEL_GIVE_UP,  // it does not answer: drop what waits
	SL_TUNNEL_TRIED,    // an initiation was sent, which counts as a packet for the timers

	// data -> handshake
	SL_TUNNEL_WANTED,    // a session is wanted
	SL_TUNNEL_MOVED,     // an authentic packet came from elsewhere, or our address is forgotten
	SL_TUNNEL_CONFIRMED, // the peer uses the session that it initiated
};

// What a client of a service may do.
struct sl_tunnel_limit {
	uint64_t rate; // bits of inner packets a second, each way; 0 = as much as there is
	uint8_t n_networks;
	struct sl_prefix networks[SL_LEASE_NETWORKS + 2]; // that it may send to
};

struct sl_tunnel_record {
	uint8_t kind; // enum sl_tunnel_record_kind
	bool restart; // of SL_TUNNEL_WANTED: somebody waits, so tries count from the beginning
	bool has_keepalive;
	uint32_t peer;
	uint32_t generation;   // of the peer: what is said of another that had the number is void
	uint64_t keepalive_ns; // of SL_TUNNEL_PEER where has_keepalive: persistent; 0 = off
	struct sl_endpoint endpoint; // its; family 0 = not known, or unchanged
	struct sl_endpoint source;   // ours towards it; likewise
	union {
		struct sl_tunnel_keys keys;
		struct sl_prefix prefix;
		struct sl_tunnel_limit limit;
		uint32_t index; // of SL_TUNNEL_TRIED: the initiation's
	};
};

// Append a record to a packet. Returns false, p untouched, where it has no room for one more.
static inline bool sl_tunnel_record_put(struct rte_mbuf *p, const struct sl_tunnel_record *r)
{
	uint8_t *to = sl_append(p, sizeof(*r));

	if (to)
		memcpy(to, r, sizeof(*r));
	return to != NULL;
}

// Move the first record out of a packet. Returns false where there is none.
static inline bool sl_tunnel_record_get(struct rte_mbuf *p, struct sl_tunnel_record *r)
{
	if (sl_len(p) < sizeof(*r))
		return false;
	memcpy(r, sl_data(p), sizeof(*r));
	explicit_bzero(sl_data(p), sizeof(*r));
	sl_trim_head(p, sizeof(*r));
	return true;
}
