// grant: what a service gives to a client, as words of text: the client's inner addresses, the
// networks it may talk to, its rate, the MTU inside.
//
//	[address=ADDRESS,...] [networks=PREFIX,...] [rate=10Mbps] [mtu=BYTES]
//
// A word of the service is a default for all its clients.
#pragma once

#include "core/tunnel/lease.h"

#include <sluice/error.h>

struct sl_grant {
	struct sl_ip ipv4, ipv6; // family 0 = from the pool
	uint64_t rate; // bits of inner packets a second, each way; 0 = as much as there is
	uint16_t mtu;  // 0 = not said
	bool has_networks;
	uint8_t n_networks;
	struct sl_prefix networks[SL_LEASE_NETWORKS];
};

// Read one word, `name=value`.
//
// value  May be cut into pieces.
//
// Returns 1; 0 where it is no word of a grant; -EINVAL with err filled.
int sl_grant_word(struct sl_grant *g, const char *name, char *value, struct sl_error *err);

// What a client gets: its own words, and those of the service where it has none.
struct sl_grant sl_grant_merge(const struct sl_grant *own, const struct sl_grant *service);
