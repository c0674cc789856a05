// dpdk_port: a DPDK device, open with one or several queues, shared by the apps that name it.
// Control thread only; the queues themselves belong to the workers of their apps.
//
// The first app that names a device opens and starts it, for as many queues as it says. Those
// that follow must want the same of it, and a queue that nobody uses yet. The last one to leave
// closes it.
#pragma once

#include <rte_mempool.h>
#include <sluice/error.h>
#include <stdbool.h>
#include <stdint.h>

enum { SL_PORT_QUEUES_MAX = 64 };

// What apps say of a device.
struct sl_port_config {
	const char *device;
	uint64_t queue, queues;
	uint64_t rx_descriptors, tx_descriptors;
	uint64_t mtu;       // to be set; 0 = leave the interface's as it is
	uint64_t graph_mtu; // largest IP packet expected where mtu is 0
	bool promiscuous;
};

struct sl_port; // an open device

// Open the device of c, or join those who have it open, and claim queue c->queue.
//
// pool   For the packets received. Must outlive the port.
// taker  The port whose holder the caller will replace, NULL = none: its queue may be claimed
//        a second time.
// p      Set to the port, on success only; give it back with sl_port_close.
//
// Returns 0 or -errno with err filled: one line that names the device.
int sl_port_open(struct sl_port **p, const struct sl_port_config *c, struct rte_mempool *pool,
		 const struct sl_port *taker, struct sl_error *err);

// Give up a claim to a queue. The last one closes the device, and packets that its software
// rings still held go back to their pool.
void sl_port_close(struct sl_port *p, uint64_t queue);

// DPDK's number of the port.
uint16_t sl_port_id(const struct sl_port *p);

// Longest IP packet that may be sent, bytes.
uint16_t sl_port_mtu(const struct sl_port *p);

// Whether received packets are to be copied out of the device's own pool, because its driver
// does not give all of them back when it is closed.
bool sl_port_copies(const struct sl_port *p);

// Complain about offloads that are on: Sluice enables none, ever. Pure.
//
// rx, tx  As DPDK says that they are configured.
// rss     Whether queues share the traffic by hash, so that its by-product may be on.
//
// Returns 0, or -ENOTSUP with err naming the device and the first such offload.
int sl_port_check_offloads(const char *device, uint64_t rx, uint64_t tx, bool rss,
			   struct sl_error *err);
