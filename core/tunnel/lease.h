// lease: what a service tells its client in message 2: the client's inner addresses, the MTU inside
// the tunnel and the networks behind it. As bytes: docs/capabilities.md.
#pragma once

#include "core/ip/address.h"

enum {
	SL_LEASE_LEN = 128,    // bytes, always
	SL_LEASE_NETWORKS = 4, // at most
};

struct sl_lease {
	struct sl_prefix ipv4, ipv6; // the client's own, each with its host part; family 0 = none
	uint16_t mtu;                // of inner packets; 0 = not said
	uint8_t n_networks;
	struct sl_prefix networks[SL_LEASE_NETWORKS]; // beside those of the addresses; masked
};

void sl_lease_write(const struct sl_lease *l, uint8_t out[SL_LEASE_LEN]);

// Read what a service says. Bytes that later versions may fill are ignored.
//
// Returns false, out untouched, where it says nothing (version 0) or what makes no sense.
bool sl_lease_read(const uint8_t in[SL_LEASE_LEN], struct sl_lease *out);

// Network i of all that are behind the tunnel: those listed, then those of the addresses. Returns
// false behind the last.
bool sl_lease_network(const struct sl_lease *l, unsigned i, struct sl_prefix *out);
