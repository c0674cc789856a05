// chacha20: keystream blocks of many packets at once (RFC 8439 section 2.4).
#pragma once

#include <stddef.h>
#include <stdint.h>

struct sl_poly1305_queue;

// What to do for one packet: block 0 for the Poly1305 key, blocks 1 and on for the text, or both,
// or a later part of the text.
struct sl_chacha20_job {
	const uint8_t *key;   // 32 bytes
	const uint8_t *nonce; // 12 bytes
	const uint8_t *in;    // text to encrypt or decrypt
	uint8_t *out;         // equal to in, or not overlapping it
	uint32_t len;         // bytes of text
	uint32_t block;       // that the text begins with: 1, or more where it is a later part
	uint8_t *poly_key;    // 32 bytes written from block 0 (section 2.6), with text from block 1
			      // on; NULL leaves block 0 out
};

// The kernels. Blocks of successive jobs share a vector, so the number of jobs is what makes short
// packets fast. Beside them a kernel does what fits of the queue; without jobs it finishes what was
// begun of it. Any alignment; nothing outside the buffers is touched. What they leave on the stack
// is the caller's to wipe, with what the compiler left there (level.h).
void sl_chacha20_avx2(const struct sl_chacha20_job *jobs, size_t n,
		      struct sl_poly1305_queue *queue);
void sl_chacha20_avx512(const struct sl_chacha20_job *jobs, size_t n,
			struct sl_poly1305_queue *queue);
