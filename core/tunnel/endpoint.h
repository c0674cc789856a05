// endpoint: where a peer of a tunnel is reached: an address and a UDP port.
#pragma once

#include "core/ip/address.h"

#include <string.h>

struct sl_endpoint {
	struct sl_ip ip; // family 0 = not known
	uint16_t port;
};

enum { SL_ENDPOINT_TEXT = SL_IP_TEXT + 8 }; // bytes that hold any as text, with its end

// Parse "192.0.2.1:51820" or "[2001:db8::1]:51820". Returns false, out untouched, where it is none.
bool sl_endpoint_parse(const char *text, struct sl_endpoint *out);

// Print into buf, of SL_ENDPOINT_TEXT bytes. Returns buf.
char *sl_endpoint_print(const struct sl_endpoint *e, char *buf);

// Every packet that is opened asks, so this is in line; what an IPv4 address leaves of its bytes is
// zero.
static inline bool sl_endpoint_equal(const struct sl_endpoint *a, const struct sl_endpoint *b)
{
	return a->port == b->port && memcmp(&a->ip, &b->ip, sizeof(a->ip)) == 0;
}
