// poly1305: the tags of many packets at once (RFC 8439 sections 2.5 and 2.8).
#pragma once

#include <stddef.h>
#include <stdint.h>

// The message is aad, padded to 16 bytes with zeroes, text, padded likewise, and both lengths.
struct sl_poly1305_job {
	const uint8_t *key;  // 32 bytes, r and s
	const uint8_t *aad;  // NULL where aad_len is 0
	const uint8_t *text; // NULL where len is 0
	uint32_t aad_len;    // bytes
	uint32_t len;        // bytes
	uint8_t *tag;        // 16 bytes: the result
};

// The kernels. Nothing outside the buffers is read; what was on the stack of keys is wiped.
void sl_poly1305_avx2(struct sl_poly1305_job *jobs, size_t n);
void sl_poly1305_ifma(struct sl_poly1305_job *jobs, size_t n);
