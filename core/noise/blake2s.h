// blake2s: the hash BLAKE2s, plain and keyed. Spec: RFC 7693.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	SL_BLAKE2S_BLOCK = 64,
	SL_BLAKE2S_SIZE = 32, // bytes of the longest output, and of the longest key
};

struct sl_blake2s {
	uint32_t h[8];
	uint64_t count; // bytes compressed
	uint8_t block[SL_BLAKE2S_BLOCK];
	uint8_t used; // bytes of block
	uint8_t size; // bytes of the output
};

// Begin a hash of `size` bytes, 1 to 32.
//
// key  key_len bytes, 0 to 32; may be NULL where key_len is 0.
//
// The state holds what was hashed: sl_blake2s_final wipes it.
void sl_blake2s_init(struct sl_blake2s *s, size_t size, const void *key, size_t key_len);

void sl_blake2s_update(struct sl_blake2s *s, const void *data, size_t len);

// Write the output, as many bytes as were asked for, and wipe the state.
void sl_blake2s_final(struct sl_blake2s *s, uint8_t *out);
