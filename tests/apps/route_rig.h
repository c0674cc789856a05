// route_rig: one ipv4-route or ipv6-route between two interfaces, lan (0) and wan (1).
#pragma once

#include "core/ip/control.h"
#include "core/proto/protocol.h"
#include "tests/harness/ip.h"

enum { IN, SELF, CONTROL };
enum { LOCAL, ERROR, BIG, LAN, WAN, OUTPUTS };

// The routers of most tests. Interfaces: 0 lan, 1 wan.
#define V4                                                                                      \
	"ipv4-route interfaces=lan interfaces=wan mtus=1500 mtus=1400 "                         \
	"addresses='lan 10.0.0.1/24' addresses='wan 192.0.2.1/30' "                             \
	"addresses='lan fd00::1/64' "                                                           \
	"routes='10.1.0.0/16 via 10.0.0.2 dev lan' routes='10.2.0.0/16 via 192.0.2.2 dev wan' " \
	"routes='10.9.0.0/16 blackhole' routes='10.10.0.0/16 unreachable' "                     \
	"routes='10.11.0.0/16 prohibit' "                                                       \
	"routes='10.3.0.0/16 via 10.0.0.2 dev lan via 10.0.0.3 dev lan via 192.0.2.2 dev wan' "
#define V6                                                                               \
	"ipv6-route interfaces=lan interfaces=wan mtus=1500 mtus=1400 "                  \
	"addresses='lan fd00::1/64' addresses='lan 10.0.0.1/24' "                        \
	"routes='fd01::/16 via fd00::2 dev lan' routes='fd02::/16 via fe80::2 dev wan' " \
	"routes='fd09::/16 blackhole' routes='fd10::/16 unreachable' routes='fd11::/16 prohibit' "

// The packet that is fed, and the one that came out of it.
extern struct ip_packet p, got;

// Make the app, or fail the test.
struct sl_harness *make(const char *line);

// Destroy it: every packet is to be accounted for.
void done(struct sl_harness *h);

// Feed p to an input, or to `in`; it is to leave on one output alone, as got.
void leaves_from(struct sl_harness *h, unsigned input, unsigned output);
void leaves(struct sl_harness *h, unsigned output);

// Feed p to an input; it is to be dropped for this reason.
void is_dropped(struct sl_harness *h, unsigned input, const char *reason);

// Make p a UDP packet to an address.
void to(const char *dst);

// TTL or hop limit.
uint8_t hops_left(const struct ip_packet *packet);
void set_hops(struct ip_packet *packet, uint8_t hops);

// p left as got for this next hop...
void expect_next_hop(const char *expected);
// ... one hop older and otherwise the same; ...
void expect_forwarded(const char *next_hop, unsigned iface);
// ... or as it came.
void expect_untouched(void);

// Feed p to `in`; it is to leave on `error`, as it came.
void expect_error(struct sl_harness *h, enum sl_ip_error error);
