// tunnel: the peers of a running tunnel, read and changed from outside.
//
// A tunnel is two apps of a graph: tunnel-data, by whose name it is known, and the tunnel-handshake
// called as it is with "-handshake" behind. Its peers are those of the handshake's settings, and
// what is changed here. A graph that is applied with other settings of the handshake makes the
// peers what these say.
//
// Thread rule: all functions belong to the control thread, and stop the tunnel's workers for as
// long as they look or write, which is some microseconds, and about 0.1 us more for each prefix.
#pragma once

#include <sluice/engine.h>
#include <sluice/key.h>

#pragma GCC visibility push(default)

enum {
	SL_TUNNEL_ENDPOINT_TEXT = 72, // "[2001:db8::1]:51820", terminated
	SL_TUNNEL_PREFIX_TEXT = 64,   // "2001:db8::/32", terminated
	SL_TUNNEL_NETWORKS = 4,       // that a lease lists, at most
	SL_TUNNEL_OUTER = 80,         // bytes around an inner packet, at most: IPv6, UDP, its own
	SL_TUNNEL_MTU_MAX = 64920,    // longest inner packet: with those, what a buffer holds
};

// Add to a graph the apps and links of a tunnel between a TUN interface and a UDP port of the host.
// They are called NAME (tunnel-data), NAME-handshake, NAME-tun (tun), NAME-udp (udp), NAME-to-tun
// and NAME-error (icmp-error); their settings are the caller's. Where it fails, some are there.
//
// Returns 0, -EEXIST, -EINVAL (not a name) or -ENOMEM.
int sl_tunnel_add(struct sl_graph *g, const char *name, struct sl_error *err);

// What to change about one peer. All zero but the key: there is such a peer.
struct sl_tunnel_change {
	uint8_t public_key[SL_KEY];
	bool remove;          // it goes, with all it has
	bool update_only;     // where there is no such peer, nothing happens
	bool has_psk;         // it gets this psk; zeros = none
	bool has_keepalive;   // it gets this interval of persistent keepalives; 0 = off
	bool replace_allowed; // it has no prefixes but those of `allowed`
	uint8_t psk[SL_KEY];
	uint16_t keepalive_s;
	const char *endpoint;       // "192.0.2.1:51820", "[2001:db8::1]:51820"; NULL = as it is
	const char *const *allowed; // "10.0.0.0/8" becomes the peer's, "-10.0.0.0/8" no longer is
	size_t n_allowed;
};

// What the client of a service was told about the inside of the tunnel. Texts are empty where
// nothing was said.
struct sl_tunnel_lease {
	char ipv4[SL_TUNNEL_PREFIX_TEXT], ipv6[SL_TUNNEL_PREFIX_TEXT]; // its own: "10.9.0.7/24"
	uint16_t mtu;                                                  // 0 = not said
	char networks[SL_TUNNEL_NETWORKS][SL_TUNNEL_PREFIX_TEXT];
	size_t n_networks;
};

// One peer as it is.
struct sl_tunnel_peer_view {
	uint8_t public_key[SL_KEY]; // of a client of ours: the id of its capability
	uint8_t psk[SL_KEY];        // zero = none
	bool is_client;             // of a service of ours
	bool has_lease;             // that we told it or, where it is a service, it told us
	struct sl_tunnel_lease lease;
	char endpoint[SL_TUNNEL_ENDPOINT_TEXT]; // empty = not known
	uint64_t handshake_ns;                  // of the newest session, since 1970; 0 = never
	uint64_t rx_bytes, tx_bytes;            // UDP payload: data, keepalives, handshakes
	uint16_t keepalive_s;                   // 0 = off
	char (*allowed)[SL_TUNNEL_PREFIX_TEXT];
	size_t n_allowed;
};

// All of them. It holds secrets; sl_tunnel_free wipes it.
struct sl_tunnel_view {
	uint8_t private_key[SL_KEY];
	bool has_key;
	struct sl_tunnel_peer_view *peers;
	size_t n_peers;
};

// Change a peer, or make one, or remove it. The client of a service can be removed, by the id of
// its capability, until settings name it again.
//
// c  Borrowed. A peer whose key is the tunnel's own is passed over in silence.
//
// Returns 0; -ENOENT (no such tunnel), -EINVAL (a text that cannot be read, or a change to the
// client of a service; nothing has changed), -ENOSPC (max-peers or max-prefixes are there; of the
// prefixes, those before it have been added), -ENOMEM.
int sl_tunnel_change(struct sl_engine *e, const char *tunnel, const struct sl_tunnel_change *c,
		     struct sl_error *err);

// Give a tunnel another private key, or none (NULL). Its peers stay, their sessions end; a peer
// with the very key is removed. Returns 0, -ENOENT or -ENOMEM.
int sl_tunnel_set_key(struct sl_engine *e, const char *tunnel, const uint8_t *private_key,
		      struct sl_error *err);

// Returns 0 and what there is, owned by the caller; -ENOENT or -ENOMEM.
int sl_tunnel_read(struct sl_engine *e, const char *tunnel, struct sl_tunnel_view **view,
		   struct sl_error *err);

// Wipe and free. NULL is legal.
void sl_tunnel_free(struct sl_tunnel_view *view);

#pragma GCC visibility pop
