// udp: what the parts of the app udp share. Internal to it.
#pragma once

#include <netinet/in.h>
#include <sluice/app.h>
#include <sys/socket.h>

enum { SL_UDP_RX };
enum {
	SL_UDP_DROP_TX_FULL,
	SL_UDP_DROP_TOO_LONG,
	SL_UDP_DROP_NO_ROUTE,
	SL_UDP_DROP_PROHIBITED,
	SL_UDP_DROP_MALFORMED,
};
enum { SL_UDP_METRIC_PORT, SL_UDP_METRIC_RX_OVERFLOW, SL_UDP_METRIC_RX_NO_BUFFER };

enum { SL_UDP_CONTROL = 192 }; // bytes that hold what kernel and app say about one message

struct sl_udp_control {
	_Alignas(struct cmsghdr) uint8_t bytes[SL_UDP_CONTROL];
};
