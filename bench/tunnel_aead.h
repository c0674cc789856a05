// tunnel_aead: the AEAD kernel alone on the bursts that a tunnel seals or opens, to know what
// everything around it costs.
#pragma once

#include "bench/tunnel_apps.h"
#include "simd/aead.h"

enum {
	BENCH_AEAD_PACKETS = 192, // three bursts, and a multiple of what an IMIX repeats after
	BENCH_AEAD_ROUNDS = 3,    // of a turn
};

struct bench_aead {
	struct sl_aead_item items[BENCH_AEAD_PACKETS];
	uint8_t *texts; // a buffer for each packet
};

// Make items of the first packets of a loop of inner ones, padded as the tunnel does for the MTU.
void bench_aead_init(struct bench_aead *a, const struct bench_loop *l, uint16_t mtu);
void bench_aead_fini(struct bench_aead *a);

// Turns of a struct bench: arg is a struct bench_aead. All is in place, as in the tunnel. What is
// to be opened is sealed before, which is not measured.
uint64_t bench_aead_seal_turn(void *arg);
uint64_t bench_aead_open_turn(void *arg);
