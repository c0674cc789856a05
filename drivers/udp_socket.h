// udp_socket: a pair of kernel UDP sockets, one of each family, on one port. Control thread, but
// for the descriptors.
#pragma once

#include <sluice/error.h>
#include <stdbool.h>
#include <stdint.h>

enum { SL_UDP_IPV4, SL_UDP_IPV6, SL_UDP_FAMILIES };

struct sl_udp_setting {
	uint16_t port; // 0 = one that is free
	uint32_t mark; // of what is sent (fwmark); 0 = none
	bool ipv6;     // whether to have IPv6
};

struct sl_udp_sockets {
	int fd[SL_UDP_FAMILIES]; // -1 = none
	uint16_t port;           // that both are bound to
};

// None yet, fit for sl_udp_close.
void sl_udp_init(struct sl_udp_sockets *s);

// Open sockets on a port and every address of the host: non-blocking, with large buffers, telling
// of each datagram where it was sent to and its traffic class, and merging on arrival datagrams
// that belong together (UDP_GRO), where the kernel can. What they send may be fragmented on its
// way. A kernel without IPv6 leaves that fd -1.
//
// before  Sockets on the same port that are to be shared, or NULL; their mark stays.
//
// Returns 0 or -errno with err filled; sl_udp_close is right in both cases.
int sl_udp_open(struct sl_udp_sockets *s, const struct sl_udp_setting *setting,
		const struct sl_udp_sockets *before, struct sl_error *err);

// Change the mark of what they send.
void sl_udp_set_mark(const struct sl_udp_sockets *s, uint32_t mark);

// Whether the kernel takes several datagrams as one message (UDP_SEGMENT).
bool sl_udp_has_segments(const struct sl_udp_sockets *s);

void sl_udp_close(struct sl_udp_sockets *s);
