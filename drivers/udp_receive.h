// udp_receive: bursts of datagrams from a UDP socket, as packets. One thread.
#pragma once

#include <netinet/in.h>
#include <sluice/app.h>
#include <sys/socket.h>

enum {
	SL_UDP_MESSAGES = 16,  // received at once
	SL_UDP_SEGMENTS = 128, // datagrams that the kernel makes one message of, at most
	SL_UDP_CONTROL = 192,  // bytes that hold what the kernel says about one message
	SL_UDP_REST = 1 << 16, // bytes that hold what is behind a packet's end
};

struct sl_udp_control {
	_Alignas(struct cmsghdr) uint8_t bytes[SL_UDP_CONTROL];
};

struct sl_udp_receiver {
	struct sl_app *app;
	unsigned output, drop_too_long, metric_no_buffer, metric_overflow; // of the app
	struct mmsghdr messages[SL_UDP_MESSAGES];
	struct iovec parts[SL_UDP_MESSAGES][2];
	struct sockaddr_in6 from[SL_UDP_MESSAGES]; // or in
	struct sl_udp_control control[SL_UDP_MESSAGES];
	struct rte_mbuf *packets[SL_UDP_MESSAGES];
	uint8_t *rest; // SL_UDP_REST for each
};

// Allocate. app, output and the numbers of the app's drop and metrics have been filled in.
// Returns 0 or -ENOMEM; sl_udp_receiver_fini is right in both cases.
int sl_udp_receiver_init(struct sl_udp_receiver *r);
void sl_udp_receiver_fini(struct sl_udp_receiver *r);

// Receive what waits on a socket of sl_udp_open, as much as the output has room for, up to
// SL_UDP_MESSAGES messages. Each datagram becomes a packet with IP and UDP headers, as it was sent
// but for what only routers look at, with meta in front; it is counted as created and given.
//
// port  That the socket is bound to.
void sl_udp_receive(struct sl_udp_receiver *r, int fd, uint16_t port);
