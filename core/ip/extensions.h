// extensions: the extension headers of an IPv6 packet that is for this node, in their order, up to
// what is to be done next. Pure. Spec: RFC 8200 section 4.
#pragma once

#include "core/ip/meta.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_extensions_verdict {
	SL_EXTENSIONS_UPPER,    // a header of another protocol
	SL_EXTENSIONS_FRAGMENT, // a fragment header
	SL_EXTENSIONS_NOTHING,  // no next header (RFC 8200 section 4.7)
	SL_EXTENSIONS_DISCARD,  // an unknown option asks for that
	SL_EXTENSIONS_ERROR,    // the source is to be told
};

struct sl_extensions {
	uint8_t verdict;  // enum sl_extensions_verdict
	uint8_t protocol; // of UPPER
	uint8_t error;    // of ERROR: enum sl_ip_error
	uint32_t pointer; // of ERROR: the byte it is about
	uint32_t at;      // where the header is that the walk ended at
	uint32_t named;   // where the byte is that says which header that is
};

// Go through the extension headers of a whole packet, of len bytes.
//
// Options other than padding are unknown, and do what their type asks for; so do routing headers
// that are not done. AH and ESP are other protocols.
void sl_extensions_walk(struct sl_extensions *x, const uint8_t *packet, size_t len);
