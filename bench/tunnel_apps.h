// tunnel_apps: what stands around tunnel-data in its bench: captures in memory that are looped into
// it, peers that have their sessions from the start, and a place that keeps what was sealed.
//
// Apps are made from text, so they find their loops by number.
//
//	bench-peers  n peers with a prefix and a session each -> commands
//	bench-feed   the packets of a loop; the tunnel that sealed ones are given to forgets, each
//	             time the loop begins anew, that it has seen them
//	bench-keep   appends packets to a loop
#pragma once

#include <stddef.h>
#include <stdint.h>

struct sl_tunnel;

enum { BENCH_PLAIN, BENCH_SEALED, BENCH_KINDS };
enum { BENCH_LOOPS = 2 * BENCH_KINDS }; // pairs of a plain and a sealed one

struct bench_packet {
	const uint8_t *bytes;
	uint16_t len;
};

// A capture in memory.
struct bench_loop {
	uint8_t *bytes; // of all packets, one behind the other
	size_t used, size;
	struct bench_packet *packets;
	unsigned n, max;
	unsigned next; // packet to be given
	uint64_t left; // packets still to be given
};

extern struct bench_loop bench_loops[BENCH_LOOPS];

// Make an empty loop with room for n packets of up to len bytes. What was in it goes.
void bench_loop_init(unsigned loop, unsigned n, uint16_t len);

// Append a packet, if there is room.
void bench_loop_add(struct bench_loop *l, const uint8_t *bytes, uint16_t len);

// The address of a peer: its prefix is that alone.
void bench_peer_address(uint32_t peer, uint8_t address[4]);

// The tunnel of the graph that was made last, whose name is "tunnel"; NULL = it has none.
struct sl_tunnel *bench_tunnel(void);

// Let graphs name the apps.
void bench_tunnel_register(void);
