// endpoint: where a peer of a tunnel is reached: an address and a UDP port.
#pragma once

#include "core/ip/address.h"

struct sl_endpoint {
	struct sl_ip ip; // family 0 = not known
	uint16_t port;
};

enum { SL_ENDPOINT_TEXT = SL_IP_TEXT + 8 }; // bytes that hold any as text, with its end

// Parse "192.0.2.1:51820" or "[2001:db8::1]:51820". Returns false, out untouched, where it is none.
bool sl_endpoint_parse(const char *text, struct sl_endpoint *out);

// Print into buf, of SL_ENDPOINT_TEXT bytes. Returns buf.
char *sl_endpoint_print(const struct sl_endpoint *e, char *buf);

bool sl_endpoint_equal(const struct sl_endpoint *a, const struct sl_endpoint *b);
