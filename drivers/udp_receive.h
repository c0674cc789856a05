// udp_receive: bursts of datagrams from a UDP socket, as packets. One thread.
#pragma once

#include "drivers/udp.h"

enum {
	SL_UDP_MESSAGES = 16,  // received by one call of the system
	SL_UDP_ENOUGH = 128,   // datagrams, after which there is no other in a breath
	SL_UDP_SEGMENTS = 128, // datagrams that the kernel makes one message of, at most
};

struct sl_udp_receiver {
	struct sl_app *app;
	struct mmsghdr messages[SL_UDP_MESSAGES];
	struct iovec parts[SL_UDP_MESSAGES][2];
	struct sockaddr_in6 from[SL_UDP_MESSAGES]; // or in
	struct sl_udp_control control[SL_UDP_MESSAGES];
	struct rte_mbuf *packets[SL_UDP_MESSAGES];
	uint8_t *rest; // SL_SPILL_BYTES for each
};

// Allocate for an app. Returns 0 or -ENOMEM; sl_udp_receiver_fini is right in both cases.
int sl_udp_receiver_init(struct sl_udp_receiver *r, struct sl_app *app);
void sl_udp_receiver_fini(struct sl_udp_receiver *r);

// Receive what waits on a socket of sl_udp_open, as much as the output has room for, until it is
// SL_UDP_ENOUGH datagrams or more. Each datagram becomes a packet with IP and UDP headers, as it
// was sent but for what only routers look at, with meta in front; it is counted as created and
// given.
//
// port  That the socket is bound to.
void sl_udp_receive(struct sl_udp_receiver *r, int fd, uint16_t port);
