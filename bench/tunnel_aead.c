#include "bench/tunnel_aead.h"

#include "bench/harness.h"

#include <rte_cycles.h>
#include <sluice/packet.h>
#include <stdio.h>
#include <stdlib.h>

enum { STRIDE = 2048 + SL_HEADROOM + 64 }; // about that of packets in a pool

static uint16_t padded(uint16_t len, uint16_t mtu)
{
	return (uint16_t)RTE_MIN(RTE_ALIGN_CEIL(len, 16), mtu);
}

static uint8_t *buffers(void)
{
	uint8_t *p = calloc(BENCH_AEAD_PACKETS, STRIDE);

	if (p)
		return p;
	fprintf(stderr, "bench: out of memory\n");
	exit(1);
}

void bench_aead_init(struct bench_aead *a, const struct bench_loop *l, uint16_t mtu)
{
	static const uint8_t key[SL_AEAD_KEY] = {1};

	a->texts = buffers();
	for (unsigned i = 0; i < BENCH_AEAD_PACKETS; i++) {
		struct sl_aead_item *item = &a->items[i];
		uint8_t *text = a->texts + (size_t)i * STRIDE;

		*item = (struct sl_aead_item){.key = key, .in = text, .out = text};
		item->len = padded(l->packets[i % l->n].len, mtu);
		item->tag = text + item->len;
		memcpy(item->nonce + 4, &i, sizeof(i));
	}
}

void bench_aead_fini(struct bench_aead *a)
{
	free(a->texts);
}

static void seal_all(struct bench_aead *a)
{
	for (unsigned i = 0; i < BENCH_AEAD_PACKETS; i += SL_BURST)
		sl_aead_seal(a->items + i, SL_BURST);
}

uint64_t bench_aead_seal_turn(void *arg)
{
	for (unsigned i = 0; i < BENCH_AEAD_ROUNDS; i++)
		seal_all(arg);
	return (uint64_t)BENCH_AEAD_ROUNDS * BENCH_AEAD_PACKETS;
}

uint64_t bench_aead_open_turn(void *arg)
{
	struct bench_aead *a = arg;
	uint64_t right = 0;

	for (unsigned r = 0; r < BENCH_AEAD_ROUNDS; r++) {
		uint64_t start = rte_rdtsc();

		seal_all(a);
		bench_exclude(rte_rdtsc() - start);
		for (unsigned i = 0; i < BENCH_AEAD_PACKETS; i += SL_BURST)
			right += sl_aead_open(a->items + i, SL_BURST);
	}
	if (right == (uint64_t)BENCH_AEAD_ROUNDS * BENCH_AEAD_PACKETS)
		return right;
	fprintf(stderr, "bench: the AEAD does not open what it sealed\n");
	exit(1);
}
