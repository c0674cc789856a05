// peer_text: a peer of a tunnel as one line of text, in wg's words.
//
//	PUBLIC-KEY [psk=FILE] [endpoint=ADDRESS:PORT] [keepalive=SECONDS] [allowed=PREFIX,...]
//
// or, who holds a capability, as a client of one of our services:
//
//	service=NAME psk=FILE|cap=FILE [key=PUBLIC-KEY] [allowed=PREFIX,...] and the words of
// core/tunnel/grant.h
//
// The key is wg's base64. The psk is in a file, because lines are shown and compared.
#pragma once

#include "core/tunnel/endpoint.h"
#include "core/tunnel/grant.h"

#include <sluice/error.h>
#include <sluice/key.h>

struct sl_peer_text {
	bool has_key;
	uint8_t public_key[SL_KEY];
	char *service;  // NULL = none: a peer of the tunnel's own key
	char *psk_path; // NULL = none
	char *cap_path; // of a client: the capability that has the psk; NULL = none
	struct sl_endpoint endpoint;
	uint64_t keepalive_ns; // 0 = off
	struct sl_prefix *allowed;
	size_t n_allowed;
	struct sl_grant grant; // to a client of a service
};

// Parse a line.
//
// Returns 0 and *out, to be freed with sl_peer_text_fini; -EINVAL, with err->text naming the word
// that is wrong, or -ENOMEM.
int sl_peer_text_parse(const char *line, struct sl_peer_text *out, struct sl_error *err);

// Zeroed memory is legal.
void sl_peer_text_fini(struct sl_peer_text *t);
