// service_text: a service of a tunnel as one line of text.
//
//	NAME PATTERN key=FILE [pool=ADDRESS/LEN,...] [networks=PREFIX,...] [rate=RATE] [mtu=BYTES]
//
// The pool's address is the service's own inside the tunnel; its clients get others of the network.
#pragma once

#include "core/tunnel/grant.h"
#include "core/tunnel/handshake.h"

enum { SL_SERVICE_NAME = 31 + 1 }; // bytes of the longest name, with its end

struct sl_service_text {
	char name[SL_SERVICE_NAME];
	enum sl_tunnel_pattern pattern;
	char *key_path;
	struct sl_prefix ipv4, ipv6; // of the pool; family 0 = none
	struct sl_grant grant;       // to all clients
};

// Parse a line.
//
// Returns 0 and *out, to be freed with sl_service_text_fini; -EINVAL, with err->text naming the
// word that is wrong, or -ENOMEM.
int sl_service_text_parse(const char *line, struct sl_service_text *out, struct sl_error *err);

// Zeroed memory is legal.
void sl_service_text_fini(struct sl_service_text *t);
