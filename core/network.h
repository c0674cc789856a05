// network: the network level of a file: ports, addresses, routes and neighbours, as data.
//
// A file's words are read into a struct sl_network (core/network_yaml.c), which is checked as a
// whole (core/network_check.c) and then compiled into apps and links of a graph
// (core/network_compile.c). Every item knows where it was written.
#pragma once

#include "core/graph.h"
#include "core/tunnel/endpoint.h"

#include <sluice/key.h>

enum {
	SL_NETWORK_PORTS_MAX = 60,      // SL_IFACES_MAX of core/ip/meta.h; tunnels count
	SL_NETWORK_ADDRESSES_MAX = 100, // of one port: neighbour and tap have room for 127
	SL_NETWORK_ALL_MAX = 1000,  // of all ports: SL_IFACE_ADDRESSES_MAX of core/ip/interfaces.h
	SL_NETWORK_HOPS_MAX = 16,   // SL_ROUTE_HOPS_MAX of core/ip/control.h
	SL_NETWORK_PORT_NAME = 40,  // bytes of a port's name, with its end: apps are named by it
	SL_NETWORK_INTERFACE = 16,  // bytes of the name of a kernel interface, with its end
	SL_NETWORK_MTU_MIN6 = 1280, // RFC 8200 section 5
	SL_NETWORK_NO_PORT = UINT16_MAX,

	// What a tunnel has where the file does not say it.
	SL_NETWORK_LISTEN = 51820,
	SL_NETWORK_PEERS = 256,
	SL_NETWORK_PREFIXES = 65536,
};

// A text with its place; NULL = not given.
struct sl_network_text {
	char *text;
	struct sl_place at;
};

// A number with its place; 0 = not given, until the check has put in what it is then.
struct sl_network_number {
	uint32_t value;
	struct sl_place at;
};

struct sl_network_allowed {
	struct sl_prefix prefix;
	struct sl_place at;
};

// Who is at the other end of a tunnel, in wg's words.
struct sl_network_peer {
	struct sl_network_text key;  // its public key, or a file that holds it
	uint8_t public_key[SL_KEY];  // the same: set by the check
	struct sl_network_text psk;  // a file
	struct sl_endpoint endpoint; // family 0 = none
	struct sl_place endpoint_at;
	uint16_t keepalive_s; // 0 = off
	struct sl_network_allowed *allowed;
	size_t n_allowed;
	struct sl_place at;
};

// Keys of a tunnel for who holds a capability, as lines of tunnel-handshake's settings.
struct sl_network_services {
	struct sl_network_text *services, *clients;
	size_t n_services, n_clients;
	struct sl_network_text *own; // their inner addresses: "10.9.0.1/24"
	size_t n_own;
};

// Zeroed memory is legal.
void sl_network_services_fini(struct sl_network_services *s);

struct sl_network_tunnel {
	struct sl_network_text noise; // the pattern
	struct sl_network_text key;   // file of the private key
	struct sl_network_text mss_clamp;
	struct sl_network_number listen, max_peers, max_prefixes;
	struct sl_network_peer *peers;
	size_t n_peers;
	struct sl_network_services services;
};

// One interface of the router: exactly one of device, interface, in and tunnel is given.
struct sl_network_port {
	char *name;
	struct sl_place at;
	struct sl_network_text device;    // what DPDK calls it
	struct sl_network_text interface; // a TAP of the host
	struct sl_network_text in, out;   // apps of the graph level, "app" or "app.port"
	struct sl_network_text tap;       // of the host, for local traffic
	struct sl_network_text mac;
	struct sl_network_text promiscuous;
	uint32_t mtu; // 0 = the graph's; of a tunnel, the check puts in what fits
	struct sl_place mtu_at;
	struct sl_network_tunnel *tunnel; // NULL = none; tunnels are behind all others
};

struct sl_network_address {
	struct sl_prefix prefix; // not masked
	unsigned port;
	struct sl_place at;
};

// A way on: a gateway, a port, or a gateway behind a given port.
struct sl_network_hop {
	struct sl_ip gateway; // family 0 = none
	unsigned port;        // of a gateway alone: set by the check
	struct sl_place at;
};

enum sl_network_action {
	SL_NETWORK_FORWARD,
	SL_NETWORK_BLACKHOLE,
	SL_NETWORK_UNREACHABLE,
	SL_NETWORK_PROHIBIT,
};

struct sl_network_route {
	struct sl_prefix prefix;
	enum sl_network_action action;
	struct sl_network_hop *hops;
	unsigned n_hops;
	struct sl_place at, value_at;
};

struct sl_network_neighbour {
	struct sl_ip ip;
	unsigned port; // where not given: set by the check
	struct sl_network_text mac;
	struct sl_place at;
};

struct sl_network {
	struct sl_network_port *ports;
	size_t n_ports;
	struct sl_network_address *addresses;
	size_t n_addresses;
	struct sl_network_route *routes;
	size_t n_routes;
	struct sl_network_neighbour *neighbours;
	size_t n_neighbours;
	struct sl_network_text kernel; // the kernel's routing table to follow
	struct sl_setting *router;     // words of `router`
	size_t n_router;
	struct sl_place at; // of the first word of the level
	bool is_there;      // a file has such a word
};

// A word of `router`, and the key of the apps that it sets.
struct sl_network_word {
	const char *name;
	const char *key;
	const char *apps[4]; // those of them that are there; NULL at the end
};

extern const struct sl_network_word sl_network_words[]; // name NULL at the end

// Free what a network owns. Zeroed memory is legal.
void sl_network_fini(struct sl_network *n);

// Returns the index of a port, or SL_NETWORK_NO_PORT.
unsigned sl_network_find_port(const struct sl_network *n, const char *name);

// "port" or "tunnel", to be followed by its name.
const char *sl_network_kind(const struct sl_network_port *p);

// The port in one of whose subnets the address lies, or SL_NETWORK_NO_PORT.
unsigned sl_network_port_towards(const struct sl_network *n, const struct sl_ip *ip);

// Whether IPv6 is used: by an address, a route, a neighbour, or perhaps by the kernel's tables.
bool sl_network_has_ipv6(const struct sl_network *n);

// The MTU of a port, its own or the graph's.
uint32_t sl_network_mtu(const struct sl_network *n, const struct sl_graph *g, unsigned port);

// The longest IP packet that a port has to do with: of a tunnel, with what is around it; 0 where
// the file does not say.
uint32_t sl_network_longest(const struct sl_network_port *p);

// Append the hop to the route, or return -ENOMEM.
int sl_network_add_hop(struct sl_network_route *route, const struct sl_network_hop *hop);

// Look for what the words say wrong together: overlapping subnets, next hops that are on no link,
// and so on. Finds the port of each next hop and neighbour.
//
// g  Where the words were read from; errors name its texts.
//
// Returns 0 or -EINVAL and the first mistake.
int sl_network_check(struct sl_network *n, const struct sl_graph *g, struct sl_error *err);

// Its parts. An odd address or prefix is one that no host has: what is wrong with it is the rest
// of a sentence. No host has the first and the last address of a subnet either; NULL where ip is
// none of these. MACs are checked as text.
const char *sl_network_odd_prefix(const struct sl_prefix *p);
const char *sl_network_odd_address(const struct sl_ip *ip);
const char *sl_network_no_host(const struct sl_prefix *subnet, const struct sl_ip *ip);
int sl_network_check_mac(const struct sl_network_text *text, const struct sl_graph *g,
			 struct sl_error *err);
int sl_network_check_ports(const struct sl_network *n, const struct sl_graph *g,
			   struct sl_error *err);
int sl_network_check_addresses(const struct sl_network *n, const struct sl_graph *g,
			       struct sl_error *err);
int sl_network_check_neighbours(struct sl_network *n, const struct sl_graph *g,
				struct sl_error *err);
int sl_network_check_routes(struct sl_network *n, const struct sl_graph *g, struct sl_error *err);
int sl_network_check_tunnels(struct sl_network *n, const struct sl_graph *g, struct sl_error *err);
int sl_network_check_ways(struct sl_network *n, const struct sl_graph *g, struct sl_error *err);

// Add the apps and links that a checked network stands for to a graph. docs/router.md draws them.
// Equal networks make equal graphs, and what is made for a port depends on that port.
//
// Returns 0, -EINVAL (an app has a name that is needed) or -ENOMEM; then g is left half way.
int sl_network_compile(const struct sl_network *n, struct sl_graph *g, struct sl_error *err);
