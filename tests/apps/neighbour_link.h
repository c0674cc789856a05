// neighbour_link: the app neighbour with what is around it: packets that come from the router, and
// the stations of a link, whose addresses are 10.0.0.N, fd00::N and 02:00:00:00:00:N; the router's
// N is 1, its networks are 10.0.0.0/24 and fd00::/64.
#pragma once

#include "apps/neighbour.h"
#include "core/proto/arp.h"
#include "core/proto/nd.h"
#include "tests/harness/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LINK_INDEX = 3, SECOND_NS = 1000000000 };

// The app with these keys, and others; its announcements are made and taken away.
struct sl_harness *link_make(const char *keys);

// Time passes, in ticks of a millisecond.
void link_pass(struct sl_harness *h, uint64_t ns);

void link_mac(uint8_t mac[6], uint8_t n);
void link_ip(uint8_t ip[16], const char *text);

// A packet from the router to the next hop; its payload is marked by a number.
void link_send(struct sl_harness *h, const char *next_hop, uint32_t mark);

// The same on the input of the app that divides packets.
void link_send_fragment(struct sl_harness *h, const char *next_hop, uint32_t mark);

// The oldest frame on the wire is that packet, to the station n.
void link_expect(struct sl_harness *h, const char *next_hop, uint32_t mark, uint8_t n);

// Nothing is on the wire.
void link_expect_nothing(struct sl_harness *h);

// A station's ARP message comes in: from 10.0.0.sender, who says to be at mac, about
// 10.0.0.target.
void link_arp(struct sl_harness *h, enum sl_arp_op op, uint8_t sender, uint8_t mac, uint8_t target);

// A station's packet of neighbour discovery comes in, in a frame from nd->mac.
void link_nd(struct sl_harness *h, const struct sl_nd *nd);

// A message of a station, its address in the option; NULL as dst: whom the type is for.
struct sl_nd link_message(uint8_t type, const char *src, const char *dst, const char *target,
			  uint8_t n);

// Bytes come in on `arp` or `nd` as they are, in a frame from the station n.
void link_bytes(struct sl_harness *h, unsigned input, const void *bytes, uint16_t len, uint8_t n);

// The oldest frame on the wire is this.
void link_take_arp(struct sl_harness *h, struct sl_ether_hdr *ether, struct sl_arp *arp);
void link_take_nd(struct sl_harness *h, struct sl_ether_hdr *ether, struct sl_nd *nd);

// The oldest frame on the wire is a report of the groups listened to.
void link_skip_report(struct sl_harness *h);

// The app ends, and all packets are accounted for.
void link_end(struct sl_harness *h);
