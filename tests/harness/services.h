// services: the app tunnel-handshake with a key of each pattern on one port, and one who may
// connect by each: as WireGuard's peer, and with a capability of each kind.
#pragma once

#include "core/tunnel/handshake.h"
#include "tests/harness/app_harness.h"

enum { SERVICES = 4, SERVICES_PORT = 9 };

struct services {
	struct sl_harness *shake;
	// By enum sl_tunnel_pattern: both ends, as who connects sees them.
	struct sl_tunnel_local client[SERVICES];
	struct sl_tunnel_remote service[SERVICES];
};

// Returns false where it cannot be made. No file is left.
bool services_open(struct services *s);

// All packets must be accounted for.
bool services_close(struct services *s);

// Put a message from 192.0.2.2 and that port on the way; sl_harness_breathe lets it come.
void services_feed(struct services *s, uint16_t port, const uint8_t *message, size_t len);

// Take the next message that was sent, at most size bytes. Returns its length, 0 where there is
// none.
size_t services_take(struct services *s, uint8_t *message, size_t size);

// Put the tag (of a message 1 with the length of that pattern) and mac1 at the end of a message of
// at least 48 bytes, as one does who has these keys. mac2 is as it was.
void services_put_tag(const struct sl_tunnel_remote *r, uint8_t *message, size_t len);
void services_put_mac1(const struct sl_mac_keys *keys, uint8_t *message, size_t len);
