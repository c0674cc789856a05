// udp_send: bursts of packets, IP and UDP headers around, out of a UDP socket. One thread.
#pragma once

#include "core/tunnel/outer.h"
#include "drivers/udp.h"

// Packets that leave as one message: to one place, of one length but for the last.
struct sl_udp_run {
	struct sl_outer_packet first; // headers of the first
	uint16_t start, n;            // which packets of the burst
	uint32_t bytes;
	bool ended; // by a shorter packet
};

struct sl_udp_sender {
	struct sl_app *app;
	bool has_segments; // the kernel takes runs as one message
	uint8_t family;    // of the burst
	unsigned n_packets, n_runs;
	struct rte_mbuf *packets[SL_BURST];
	struct iovec payloads[SL_BURST];
	struct sl_udp_run runs[SL_BURST];
	struct mmsghdr messages[SL_BURST];
	struct sockaddr_in6 to[SL_BURST]; // or in
	struct sl_udp_control control[SL_BURST];
};

// Send n packets, at most SL_BURST, by the sockets of the two families (-1 = none), and count them
// as consumed or dropped.
void sl_udp_send(struct sl_udp_sender *s, const int fd[2], struct rte_mbuf *const *p, unsigned n);
