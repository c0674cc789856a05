#include "bench/peer.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BURST = 64,
	LOOPS = 4096,
	DESCRIPTORS = 512,
	LENGTH = 60,
};

struct rte_mempool *bench_peer_pool(void)
{
	static struct rte_mempool *pool;

	if (!pool)
		pool = rte_pktmbuf_pool_create("peer", 4095, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
					       SOCKET_ID_ANY);
	return pool;
}

void bench_peer_open(struct bench_peer *p, const char *device)
{
	struct rte_eth_conf conf = {0};
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(device, ","), device);
	p->device = device;
	if (rte_dev_probe(device) < 0 || rte_eth_dev_get_port_by_name(name, &p->port) < 0 ||
	    rte_eth_dev_configure(p->port, 1, 1, &conf) < 0 ||
	    rte_eth_rx_queue_setup(p->port, 0, DESCRIPTORS, 0, NULL, bench_peer_pool()) < 0 ||
	    rte_eth_tx_queue_setup(p->port, 0, DESCRIPTORS, 0, NULL) < 0 ||
	    rte_eth_dev_start(p->port) < 0) {
		fprintf(stderr, "bench: %s does not start\n", device);
		exit(1);
	}
}

void bench_peer_close(struct bench_peer *p)
{
	struct rte_eth_dev_info info;

	rte_eth_dev_info_get(p->port, &info);
	rte_eth_dev_stop(p->port);
	rte_eth_dev_close(p->port);
	rte_dev_remove(info.device);
}

uint64_t bench_peer_rx_turn(void *arg)
{
	const struct bench_peer *peer = arg;
	struct rte_mbuf *p[BURST];
	uint64_t sum = 0;

	for (unsigned i = 0; i < LOOPS; i++) {
		uint16_t n = rte_eth_rx_burst(peer->port, 0, p, BURST);

		rte_pktmbuf_free_bulk(p, n);
		sum += n;
	}
	return sum;
}

uint64_t bench_peer_rx_all(struct bench_peer *peer)
{
	struct rte_mbuf *p[BURST];
	uint64_t sum = 0;
	uint16_t n;

	do {
		n = rte_eth_rx_burst(peer->port, 0, p, BURST);
		rte_pktmbuf_free_bulk(p, n);
		sum += n;
	} while (n > 0);
	return sum;
}

uint64_t bench_peer_tx_turn(void *arg)
{
	const struct bench_peer *peer = arg;
	struct rte_mbuf *p[BURST];
	uint64_t sum = 0;

	for (unsigned i = 0; i < LOOPS; i++) {
		if (rte_pktmbuf_alloc_bulk(bench_peer_pool(), p, BURST) < 0)
			break;
		for (unsigned k = 0; k < BURST; k++) {
			p[k]->data_len = LENGTH;
			p[k]->pkt_len = LENGTH;
			memset(rte_pktmbuf_mtod(p[k], void *), 0, LENGTH);
		}
		sum += rte_eth_tx_burst(peer->port, 0, p, BURST);
	}
	return sum;
}
