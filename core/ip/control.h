// control: what the kernel's tables say, on its way to the apps that act on it.
//
// Routes, addresses and neighbours travel as packets on links, like everything else: they are
// counted, they wait where there is no room, and the app that owns a table changes it itself
// between two bursts. A packet holds any number of records, one behind the other; a record is
// used in the order it was written. They are never sent out: plain structs in host order.
#pragma once

#include "core/ip/address.h"

#include <sluice/packet.h>

enum sl_control_kind { SL_CONTROL_ROUTE, SL_CONTROL_ADDRESS, SL_CONTROL_NEIGHBOUR };

enum sl_route_kind {
	SL_ROUTE_FORWARD,
	SL_ROUTE_BLACKHOLE,   // drop
	SL_ROUTE_UNREACHABLE, // SL_IP_REJECTED
	SL_ROUTE_PROHIBIT,    // SL_IP_PROHIBITED
};

enum { SL_ROUTE_HOPS_MAX = 16 }; // equal-cost next hops of one route

struct sl_route_hop {
	struct sl_ip gateway; // family 0: the destination is on the link
	uint16_t iface;       // index
	uint8_t weight;       // at least 1
};

struct sl_route {
	struct sl_prefix prefix; // masked
	uint8_t kind;            // enum sl_route_kind
	uint8_t n_hops;          // 0 unless SL_ROUTE_FORWARD
	struct sl_route_hop hops[SL_ROUTE_HOPS_MAX];
};

struct sl_control {
	uint8_t kind;   // enum sl_control_kind
	bool remove;    // else add, or replace what is there
	uint16_t iface; // of an address or neighbour
	uint8_t mac[6]; // of a neighbour
	union {
		struct sl_route route;    // removing looks at the prefix alone
		struct sl_prefix address; // of an interface
		struct sl_ip neighbour;
	};
};

// Append a record to a packet. Returns false, p untouched, where it has no room for one more.
bool sl_control_put(struct rte_mbuf *p, const struct sl_control *c);

// Copy the first record out of a packet and cut it off. Returns false where there is none.
bool sl_control_get(struct rte_mbuf *p, struct sl_control *c);
