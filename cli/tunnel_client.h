// tunnel_client: a TUN interface connected to the service of a capability.
#pragma once

#include "cli/tunnel_graph.h"

#include <net/if.h>
#include <sluice/capability.h>
#include <sluice/stats.h>
#include <sluice/tunnel.h>

enum tunnel_routes {
	TUNNEL_ROUTES_LISTED, // to what the service lists, but no default route
	TUNNEL_ROUTES_ALL,
	TUNNEL_ROUTES_NONE,
};

enum tunnel_state {
	TUNNEL_TRYING,    // no answer ever
	TUNNEL_CONNECTED, // or, for as long as a session lasts, it was
	TUNNEL_LOST,
};

struct tunnel_client {
	// Set by the caller.
	struct sl_capability capability; // a secret
	const char *key;                 // file of our own, or NULL
	const char *endpoint;            // "host:port"
	const char *interface;           // NULL = the first free one
	enum tunnel_routes routes;

	struct sl_engine *engine;
	char name[IFNAMSIZ];                   // of the interface
	char address[SL_TUNNEL_ENDPOINT_TEXT]; // of the service
	struct sl_tunnel_lease lease;          // that the interface has
	enum tunnel_state state;
	uint64_t since_ns, told_ns; // of the state, and when it was last spoken of
	uint64_t handshake_ns;      // of the newest session, since 1970 by a clock that may jump,
	uint64_t shaken_ns;         // and when it was first seen
};

// Make the interface, which is down, and begin to connect; no thread is started.
//
// c  To be closed, also on failure.
//
// Returns 0 or -errno.
int tunnel_client_open(struct tunnel_client *c, struct sl_error *err);

// The interface goes, and the secrets.
void tunnel_client_close(struct tunnel_client *c);

// Look at how it is, give the interface what the service says, and tell what has changed. To be
// called a few times a second.
void tunnel_client_look(struct tunnel_client *c);
