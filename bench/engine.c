// engine: what the engine itself costs a packet: source to sink, a tee, chains of apps. Beside
// them what DPDK alone costs: taking 64 buffers from a pool and putting them back, and receiving
// from net_null (64 bytes a packet, not written) and freeing.

#include "bench/harness.h"
#include "bench/peer.h"
#include "bench/pipeline.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	BURST = 64,
	LOOPS = 4096,
};

static struct rte_mempool *pool;

static uint64_t alloc_free(void *arg)
{
	struct rte_mbuf *p[BURST];

	(void)arg;
	for (unsigned i = 0; i < LOOPS; i++) {
		if (rte_pktmbuf_alloc_bulk(pool, p, BURST) < 0)
			return 0;
		rte_pktmbuf_free_bulk(p, BURST);
	}
	return (uint64_t)LOOPS * BURST;
}

static struct sl_graph *chain(unsigned hops)
{
	struct sl_graph *g = sl_graph_create();
	char line[1024] = "source";
	struct sl_error err = {0};

	for (unsigned i = 0; i < hops; i++)
		strcat(line, " -> counter");
	strcat(line, " -> sink");
	if (sl_graph_pipeline(g, line, NULL, NULL, &err) < 0) {
		fprintf(stderr, "bench: %s\n", err.text);
		exit(1);
	}
	return g;
}

static struct sl_graph *two_sinks(void)
{
	struct sl_graph *g = sl_graph_create();

	sl_graph_pipeline(g, "source -> tee -> a=sink", NULL, NULL, NULL);
	sl_graph_add(g, "b", "sink", NULL);
	sl_graph_link(g, "tee -> b", NULL);
	return g;
}

int main(void)
{
	struct bench_pipeline basic, tee, chain1, chain4, chain16;
	struct bench_peer null;
	struct bench benches[] = {
		{"rte_pktmbuf alloc + free", alloc_free, NULL, NULL},
		{"net_null rx + free", bench_peer_rx_turn, &null, NULL},
		{"source -> sink", bench_pipeline_turn, &basic, "net_null rx + free"},
		{"source -> tee -> 2 sinks", bench_pipeline_turn, &tee, NULL},
		{"source -> 1 app -> sink", bench_pipeline_turn, &chain1, NULL},
		{"source -> 4 apps -> sink", bench_pipeline_turn, &chain4, NULL},
		{"source -> 16 apps -> sink", bench_pipeline_turn, &chain16, NULL},
	};
	const struct bench_table table = {"engine, 60-byte frames", "packet", benches,
					  RTE_DIM(benches)};
	bench_eal();
	bench_start("engine");
	bench_pipeline_open(&basic, "source -> sink", "sink");
	bench_pipeline_open_graph(&tee, two_sinks(), "a");
	bench_pipeline_open_graph(&chain1, chain(1), "sink");
	bench_pipeline_open_graph(&chain4, chain(4), "sink");
	bench_pipeline_open_graph(&chain16, chain(16), "sink");
	pool = bench_peer_pool();
	bench_peer_open(&null, "net_null_bench");
	bench_run(&table);
	printf("\n  per hop in the chain of 16: %.2f cycles a packet\n",
	       (bench_result("source -> 16 apps -> sink") - bench_result("source -> sink")) / 16);
	bench_pipeline_close(&basic);
	bench_pipeline_close(&tee);
	bench_pipeline_close(&chain1);
	bench_pipeline_close(&chain4);
	bench_pipeline_close(&chain16);
	return 0;
}
