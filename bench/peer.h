// peer: a DPDK device used directly, with nothing of Sluice around it, to measure against.
#pragma once

#include <rte_mempool.h>
#include <stdint.h>

struct bench_peer {
	const char *device; // as given to bench_peer_open
	uint16_t port;
};

// The pool of all peers: as DPDK's own applications make it, 4095 buffers of 2 KiB, cache of 256.
struct rte_mempool *bench_peer_pool(void);

// Open a device by its device string, or exit with the error.
void bench_peer_open(struct bench_peer *p, const char *device);

void bench_peer_close(struct bench_peer *p);

// A turn: receive bursts of 64 and free them; arg is a struct bench_peer. Returns packets.
uint64_t bench_peer_rx_turn(void *arg);

// Receive and free until nothing comes any more. Returns packets.
uint64_t bench_peer_rx_all(struct bench_peer *p);

// A turn: send bursts of 64 frames of 60 bytes; arg is a struct bench_peer. Returns packets.
uint64_t bench_peer_tx_turn(void *arg);
