// endpoint: where a peer of a tunnel is reached: an address and a UDP port.
//
// A link-local IPv6 address is one of a single link, and it takes an interface of the host to reach
// it: the scope. Its index is kept in bytes 4 to 7 of the address, which are zero on every wire
// (RFC 4291 section 2.5.6), so that whoever keeps, compares or answers an endpoint need not know of
// it: only text and the kernel's sockets do.
#pragma once

#include "core/ip/address.h"

#include <string.h>

struct sl_endpoint {
	struct sl_ip ip; // family 0 = not known
	uint16_t port;
};

enum { SL_ENDPOINT_TEXT = SL_IP_TEXT + 8 }; // bytes that hold any as text, with its end

// Parse "192.0.2.1:51820", "[2001:db8::1]:51820" or "[fe80::1%eth0]:51820"; the interface, which
// has to be there, may also be said by its index. Returns false, out untouched, where it is none.
bool sl_endpoint_parse(const char *text, struct sl_endpoint *out);

// Print into buf, of SL_ENDPOINT_TEXT bytes; of an interface that is gone, the index. Returns buf.
char *sl_endpoint_print(const struct sl_endpoint *e, char *buf);

// Put a scope into a link-local address that has none; of others it is no part.
void sl_scope_put(struct sl_ip *ip, uint32_t scope);

// Take it out again, which leaves the address as it is on the wire. Returns it, 0 = none.
uint32_t sl_scope_take(struct sl_ip *ip);

// Every packet that is opened asks, so this is in line; what an IPv4 address leaves of its bytes is
// zero.
static inline bool sl_endpoint_equal(const struct sl_endpoint *a, const struct sl_endpoint *b)
{
	return a->port == b->port && memcmp(&a->ip, &b->ip, sizeof(a->ip)) == 0;
}
