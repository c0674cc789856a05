// sealer: the writing end of a sealed capture.
//
// Thread rule: one thread at a time.
#pragma once

#include "core/noise/sealed.h"

#include <sys/types.h>

// The key of a segment that is being written. A secret; all zero is ended.
struct sl_sealer {
	struct sl_noise_cipher cipher; // its nonce is the number of the next chunk
};

// Whom a segment is for, and by whom.
struct sl_sealer_keys {
	const struct sl_capability *to; // with pattern N, K or X
	const uint8_t *key;             // the writer's own private key for K and X; NULL for N
};

// Begin a segment: make an ephemeral key and write the header.
//
// header  Caller's buffer of SL_SEALED_HEADER_MAX bytes.
//
// Returns the header's length, or -EINVAL with err filled: another pattern, or a key that is
// missing or superfluous. Takes some 100 us: two or three X25519.
int sl_sealer_init(struct sl_sealer *s, const struct sl_sealer_keys *keys,
		   const struct sl_sealed_place *place, uint8_t *header, struct sl_error *err);

// Bytes that sl_sealer_seal makes of len bytes, at most.
size_t sl_sealer_size(size_t len);

// Seal len bytes, and then forget the key that they were sealed with: not even s opens them.
//
// flags  0; or SL_SEALED_LAST, with SL_SEALED_MORE or without, which ends the segment.
// out    Caller's buffer of sl_sealer_size(len) bytes, not overlapping text.
//
// Returns how many bytes were made: 0 for no text, unless it ends the segment; or -EKEYEXPIRED
// (ended before, or too many chunks).
ssize_t sl_sealer_seal(struct sl_sealer *s, const uint8_t *text, size_t len, unsigned flags,
		       uint8_t *out);

// Forget the key. Nothing can be sealed any more.
void sl_sealer_wipe(struct sl_sealer *s);
