// aead_packets: packets for the tests of simd/aead, and the reference's results for them.
#pragma once

#include "simd/aead.h"

enum {
	AEAD_ITEMS = 200,   // the largest burst tried: several passes
	AEAD_ROOM = 2400,   // the longest text of most tests
	AEAD_OUTPUT = 0xa5, // what outputs are filled with before
};

// What one packet is made of. The item points into it.
struct packet {
	uint8_t key[SL_AEAD_KEY];
	uint8_t aad[64 + AEAD_ROOM];
	uint8_t plain[64 + AEAD_ROOM];
	uint8_t sealed[64 + AEAD_ROOM];
	uint8_t opened[64 + AEAD_ROOM];
	uint8_t tag[SL_AEAD_TAG + 3];
	uint8_t expected[AEAD_ROOM];
	uint8_t expected_tag[SL_AEAD_TAG];
};

extern struct packet packets[AEAD_ITEMS];
extern struct sl_aead_item items[AEAD_ITEMS];

// The same numbers in every run: each level starts from the same seed.
uint32_t random_below(uint32_t n);
void fill_random(uint8_t *p, size_t len);

// Run check at every level that this CPU has.
void for_each_level(void (*check)(const struct sl_simd_kernels *k));

// Seal p's text by libsodium.
void reference_seal(const struct sl_aead_item *p, uint8_t *out, uint8_t *tag);

// Point item i at packet i, to seal its text at offset, and compute the reference's result.
void set_item(unsigned i, uint32_t len, uint32_t aad_len, unsigned offset);

// What was sealed is to be opened, into the packet's `opened`.
void turn_to_open(unsigned i);
