// unsealer: the reading end of a sealed capture.
//
// Thread rule: one thread at a time.
#pragma once

#include "core/noise/sealed.h"

#include <sluice/unseal.h>

enum { SL_UNSEALER_BURST = 32 }; // chunks opened in one call, at most

// A segment that is being read. A secret.
struct sl_unsealer {
	struct sl_noise_cipher cipher; // its nonce is the number of the next chunk
	bool ended;                    // the last chunk was read
	bool more;                     // another segment follows
	uint8_t writer[SL_NOISE_KEY];  // whose it is, with K and X
};

// Read the handshake of a segment.
//
// bytes  The whole header, as h was read from it.
//
// Returns 0; -EINVAL (the pattern wants keys that are missing, or lacks one that was given) or
// -EKEYREJECTED (not sealed for these keys, or the header was changed), with err filled.
int sl_unsealer_init(struct sl_unsealer *u, const struct sl_sealed_header *h, const uint8_t *bytes,
		     const struct sl_unseal_keys *keys, struct sl_error *err);

// What sl_unsealer_open did.
struct sl_unsealed {
	size_t used;    // bytes of the chunks that were opened
	size_t len;     // bytes of their text
	uint64_t found; // after -EILSEQ: the number that was found
};

// Open the whole chunks among the next bytes of a segment, as many as SL_UNSEALER_BURST.
//
// bytes  Behind those used before; whatever follows the last chunk of the segment is not used.
// text   Caller's buffer of SL_UNSEALER_BURST * SL_SEALED_TEXT bytes, not overlapping bytes.
//
// Returns 0, with nothing used where no chunk is whole; -EBADMSG (the next chunk is damaged) or
// -EILSEQ (it has another number); `done` counts what is good in front of it.
int sl_unsealer_open(struct sl_unsealer *u, const uint8_t *bytes, size_t len, uint8_t *text,
		     struct sl_unsealed *done);

void sl_unsealer_wipe(struct sl_unsealer *u);
