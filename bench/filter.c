// filter: what an expression costs a packet: the machine code alone, libpcap's interpreter, and
// the app in a pipeline. Its cost is the difference to the pipeline without it.

#include "apps/packet_filter.h"
#include "bench/harness.h"
#include "bench/peer.h"
#include "bench/pipeline.h"

#include <stdio.h>
#include <stdlib.h>

#define EXPRESSION "udp dst port 9" // what source sends

enum {
	BURST = 64,
	LOOPS = 4096,
};

static struct rte_mbuf *packets[BURST];

static uint64_t run_filter(void *arg)
{
	const struct sl_packet_filter *f = arg;
	uint64_t matched = 0;

	for (unsigned i = 0; i < LOOPS; i++)
		for (unsigned k = 0; k < BURST; k++)
			matched += sl_packet_filter_match(f, packets[k]);
	return matched;
}

// Packets such as source makes.
static void make_packets(void)
{
	if (rte_pktmbuf_alloc_bulk(bench_peer_pool(), packets, BURST) < 0)
		exit(1);
	for (unsigned i = 0; i < BURST; i++) {
		static const uint8_t frame[60] = {
			2, 0, 0,  0,  0, 2, 2,   0,  0, 0, 0,   1,  8, 0, 0x45, 0, 0, 46, 0, 0,
			0, 0, 64, 17, 0, 0, 198, 18, 0, 1, 198, 19, 0, 1, 0,    9, 0, 9,  0, 26,
		};

		memcpy(sl_data(packets[i]), frame, sizeof(frame));
		sl_set_len(packets[i], sizeof(frame));
	}
}

int main(void)
{
	struct sl_packet_filter compiled, interpreted;
	struct bench_pipeline without, with;
	struct bench benches[] = {
		{"libpcap's interpreter alone", run_filter, &interpreted, NULL},
		{"machine code alone", run_filter, &compiled, NULL},
		{"source -> sink", bench_pipeline_turn, &without, NULL},
		{"source -> filter -> sink", bench_pipeline_turn, &with, NULL},
	};
	struct sl_error err = {0};

	bench_eal();
	bench_start("filter");
	make_packets();
	if (sl_packet_filter_init(&compiled, EXPRESSION, &err) < 0 ||
	    sl_packet_filter_init(&interpreted, EXPRESSION, &err) < 0)
		return 1;
	sl_packet_filter_interpret(&interpreted);
	bench_pipeline_open(&without, "source -> sink", "sink");
	bench_pipeline_open(&with, "source -> filter '" EXPRESSION "' -> sink", "sink");
	bench_run(&(struct bench_table){"filter '" EXPRESSION "'", "packet", benches,
					RTE_DIM(benches)});
	printf("\n  the app adds %.2f cycles a packet\n",
	       bench_result("source -> filter -> sink") - bench_result("source -> sink"));
	bench_pipeline_close(&without);
	bench_pipeline_close(&with);
	sl_packet_filter_fini(&compiled);
	sl_packet_filter_fini(&interpreted);
	return 0;
}
