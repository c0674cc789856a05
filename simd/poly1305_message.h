// poly1305_message: the message of RFC 8439 section 2.8 as a row of 16-byte blocks.
//
// Included by the kernels alone, and compiled with their flags.
#pragma once

#include "simd/poly1305.h"
#include <stdint.h>
#include <string.h>

static inline uint32_t aad_blocks(const struct sl_poly1305_job *j)
{
	return (j->aad_len + 15) / 16;
}

static inline uint32_t text_blocks(const struct sl_poly1305_job *j)
{
	return (j->len + 15) / 16;
}

// All blocks: the additional data's, the text's, and the one with their lengths.
static inline uint32_t message_blocks(const struct sl_poly1305_job *j)
{
	return aad_blocks(j) + text_blocks(j) + 1;
}

// Copy what of data's block i there is; the rest of out stays.
static inline void copy_block(uint8_t *out, const uint8_t *data, uint32_t len, uint32_t i)
{
	uint32_t rest = len - 16 * i;

	memcpy(out, data + 16 * i, rest < 16 ? rest : 16);
}

// Write block i of the message to out, which is all zero.
static inline void message_block(const struct sl_poly1305_job *j, uint32_t i, uint8_t *out)
{
	const uint32_t aad = aad_blocks(j), text = text_blocks(j);
	const uint64_t lengths[2] = {j->aad_len, j->len};

	if (i < aad)
		copy_block(out, j->aad, j->aad_len, i);
	else if (i < aad + text)
		copy_block(out, j->text, j->len, i - aad);
	else
		memcpy(out, lengths, 16);
}
