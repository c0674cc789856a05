// local_listen: which outputs of the app local take the datagrams to a UDP port, and the errors
// about datagrams from there. Internal to it.
#pragma once

#include "core/ip/interfaces.h"

struct sl_listener {
	const char *name; // of the output, not terminated
	size_t name_len;
	uint16_t port;
	uint8_t output; // SL_IFACE_NO_OUTPUT where it leads nowhere
};

struct sl_listeners {
	struct sl_listener items[SL_IFACES_MAX];
	unsigned n;
};

// Read "site2 51820", the items of the key `listen`, which must live as long as l. Returns 0, or
// -EINVAL with err filled.
int sl_listeners_read(struct sl_listeners *l, const struct sl_strings *texts, struct sl_error *err);

// Find the outputs of app. From configure on; again at each settle.
void sl_listeners_wire(struct sl_listeners *l, const struct sl_app *app);

// Whether an output is that of a listener.
bool sl_listeners_have(const struct sl_listeners *l, uint8_t output);

// Whom a whole packet for one of the router's addresses is for.
//
// protocol  Of the header at byte `at`, behind all extension headers.
//
// Returns an output, or SL_IFACE_NO_OUTPUT.
uint8_t sl_listeners_find(const struct sl_listeners *l, const uint8_t *packet, size_t len,
			  uint8_t protocol, size_t at);
