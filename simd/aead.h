// aead: ChaCha20-Poly1305 (RFC 8439) over bursts of packets.
//
// The unit of work is a burst: the vector levels fill their lanes with blocks of different packets,
// so many short packets cost as little as one long one.
#pragma once

#include "simd/level.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SL_AEAD_KEY = 32,
	SL_AEAD_NONCE = 12,
	SL_AEAD_TAG = 16,
	SL_AEAD_BURST = 64, // what one pass takes; more are taken in passes
};

// One packet to seal or open. Nothing is kept after the call. No field needs alignment.
struct sl_aead_item {
	const uint8_t *key; // SL_AEAD_KEY bytes; items may share one
	const uint8_t *aad; // additional data; NULL where aad_len is 0
	const uint8_t *in;  // seal: plaintext, open: ciphertext; NULL where len is 0
	uint8_t *out;       // the other one: equal to in, or not overlapping it
	uint8_t *tag;       // SL_AEAD_TAG bytes: written by seal, read by open
	uint32_t aad_len;   // bytes, below 2^31
	uint32_t len;       // bytes of text without the tag, below 2^31
	uint8_t nonce[SL_AEAD_NONCE];
	bool ok; // written by open: the tag was right
};

// Encrypt n items and write their tags.
//
// items  Borrowed. Outputs and tags of different items must not overlap one another's buffers.
//
// Any thread. Never fails. Nothing outside the buffers is read or written; no branch or address
// depends on keys or text. Spec: RFC 8439 section 2.8.
void sl_aead_seal(struct sl_aead_item *items, size_t n);

// Verify n items, decrypt those that are right and say in `ok` which they are. The output of an
// item that is wrong is wiped, also in place.
//
// Returns how many were right. Otherwise as sl_aead_seal.
size_t sl_aead_open(struct sl_aead_item *items, size_t n);

// The same with the kernels of a given level, for tests and benches.
void sl_aead_seal_with(const struct sl_simd_kernels *k, struct sl_aead_item *items, size_t n);
size_t sl_aead_open_with(const struct sl_simd_kernels *k, struct sl_aead_item *items, size_t n);
