// link: the cost of passing a packet through Sluice's link and through DPDK's rte_ring (single
// producer, single consumer), on one core and between two. Packets are pointers to real buffers,
// since a link counts their bytes.

#include "bench/harness.h"
#include "bench/pipeline.h"

#include <pthread.h>
#include <rte_cycles.h>
#include <rte_ring.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	BURST = 32,
	SLOTS = 1024,
	LOOPS = 16384,
	PACKETS = 64,
};

static struct rte_mbuf packets[PACKETS];
static struct rte_mbuf *burst[BURST];

static uint64_t same_core_link(void *arg)
{
	struct sl_link *l = arg;
	struct rte_mbuf *out[BURST];

	for (unsigned i = 0; i < LOOPS; i++) {
		sl_link_give(l, burst, BURST);
		sl_link_publish(l);
		sl_link_take(l, out, BURST);
		__asm__ volatile("" ::"r"(out) : "memory");
	}
	return (uint64_t)LOOPS * BURST;
}

static uint64_t same_core_ring(void *arg)
{
	struct rte_ring *r = arg;
	void *out[BURST];

	for (unsigned i = 0; i < LOOPS; i++) {
		rte_ring_sp_enqueue_burst(r, (void *const *)burst, BURST, NULL);
		rte_ring_sc_dequeue_burst(r, out, BURST, NULL);
		__asm__ volatile("" ::"r"(out) : "memory");
	}
	return (uint64_t)LOOPS * BURST;
}

// Between two cores: this thread consumes what the other one produces.
struct pair {
	struct sl_link *link; // or
	struct rte_ring *ring;
	int cpu; // of the producer
	uint64_t count;
};

static void produce_link(struct pair *p)
{
	for (uint64_t sent = 0; sent < p->count;) {
		if (sl_link_room(p->link) < BURST)
			continue;
		sl_link_give(p->link, burst, BURST);
		sl_link_publish(p->link);
		sent += BURST;
	}
}

static void produce_ring(struct pair *p)
{
	for (uint64_t sent = 0; sent < p->count;)
		sent += rte_ring_sp_enqueue_bulk(p->ring, (void *const *)burst, BURST, NULL);
}

static void *produce(void *arg)
{
	struct pair *p = arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(p->cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	if (p->link)
		produce_link(p);
	else
		produce_ring(p);
	return NULL;
}

static uint64_t two_cores(void *arg)
{
	struct pair *p = arg;
	void *out[BURST];
	pthread_t thread;
	uint64_t got = 0;

	if (pthread_create(&thread, NULL, produce, p) != 0)
		return 0;
	while (got < p->count) {
		got += p->link ? sl_link_take(p->link, (struct rte_mbuf **)out, BURST)
			       : rte_ring_sc_dequeue_burst(p->ring, out, BURST, NULL);
		__asm__ volatile("" ::"r"(out) : "memory");
	}
	pthread_join(thread, NULL);
	return got;
}

static struct rte_ring *make_ring(const char *name)
{
	return rte_ring_create(name, SLOTS, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

int main(void)
{
	struct pair links = {.count = (uint64_t)LOOPS * BURST * 4};
	struct pair rings = links;
	struct bench benches[] = {
		{"rte_ring SP/SC, one core", same_core_ring, NULL, NULL},
		{"link, one core", same_core_link, NULL, "rte_ring SP/SC, one core"},
		{"rte_ring SP/SC, two cores", two_cores, &rings, NULL},
		{"link, two cores", two_cores, &links, "rte_ring SP/SC, two cores"},
	};
	const struct bench_table table = {"links and rings, bursts of 32", "packet", benches,
					  RTE_DIM(benches)};

	bench_eal();
	for (unsigned i = 0; i < BURST; i++) {
		burst[i] = &packets[i];
		sl_set_len(burst[i], 60);
	}
	benches[0].arg = make_ring("same");
	benches[1].arg = sl_link_create(SLOTS);
	rings.ring = make_ring("pair");
	links.link = sl_link_create(SLOTS);
	bench_start("link");
	links.cpu = rings.cpu = sched_getcpu() == 0 ? 1 : 0;
	bench_run(&table);
	return 0;
}
