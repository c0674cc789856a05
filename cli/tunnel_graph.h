// tunnel_graph: the graph of a tunnel between a TUN interface and a UDP port of the kernel.
#pragma once

#include <sluice/graph.h>

#define TUNNEL           "tunnel" // what <sluice/tunnel.h> calls it
#define TUNNEL_HANDSHAKE TUNNEL "-handshake"
#define TUNNEL_TUN       TUNNEL "-tun"
#define TUNNEL_UDP       TUNNEL "-udp"

struct tunnel_graph {
	const char *interface;
	uint32_t tun_mtu;             // of the interface
	bool up;                      // bring the interface up; else somebody else does
	const char *const *addresses; // of the interface
	size_t n_addresses;
	uint16_t port; // 0 = any
	uint32_t mark; // 0 = none
	uint32_t mtu;  // of the tunnel
	uint32_t max_peers, max_prefixes;
};

// Fill an empty graph. Returns 0 or -errno.
int tunnel_graph_fill(struct sl_graph *g, const struct tunnel_graph *t, struct sl_error *err);
