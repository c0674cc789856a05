// udp_peer: another host's side of a udp app under test, on the loopback interface.
#pragma once

#include "core/tunnel/outer.h"
#include "tests/harness/app_harness.h"

enum { UDP_ROOM = 65536 };

// cmocka group fixture: a network namespace of the test's own, where there may be one.
int udp_enter(void **state);

bool udp_has_namespace(void);

// Families that the host has: 1, IPv4 alone, or 2; and their loopback addresses.
unsigned udp_families(void);
extern const char *const udp_loopback[2];

// The app that a line describes, without a mistake; and its end, with all accounted for.
struct sl_harness *udp_make(const char *line);
void udp_finish(struct sl_harness *h);

// The port that the app is bound to, and with an address.
uint16_t udp_port(struct sl_harness *h);
struct sl_endpoint udp_at(struct sl_harness *h, const char *address);

// A plain socket, and where it is.
struct udp_peer {
	int fd;
	struct sl_endpoint at;
};

struct udp_peer udp_peer_open(const char *address);
void udp_peer_set(const struct udp_peer *p, int level, int option, int value);
void udp_peer_set_tos(const struct udp_peer *p, uint8_t tos);

// Byte i of datagram number `id`.
uint8_t udp_byte(unsigned id, unsigned i);

// Send datagram `id` of len bytes from the peer.
void udp_peer_send(const struct udp_peer *p, const struct sl_endpoint *to, unsigned id,
		   unsigned len);

// Take the next packet of the app, which may be on its way still, into bytes (UDP_ROOM).
// Returns its length, or -1.
int udp_take(struct sl_harness *h, uint8_t *bytes, struct sl_outer_packet *o);

// The app must have received datagram `id`.
void udp_expect(struct sl_harness *h, const struct udp_peer *from, const struct sl_endpoint *to,
		unsigned id, unsigned len);

// Put datagram `id` with headers on the app's input.
void udp_feed(struct sl_harness *h, const struct sl_endpoint *from, const struct sl_endpoint *to,
	      unsigned id, unsigned len, uint8_t tos);

// The peer must have received datagram `id`.
void udp_expect_sent(const struct udp_peer *p, const struct sl_endpoint *from, unsigned id,
		     unsigned len, uint8_t tos);
