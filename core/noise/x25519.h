// x25519: the key exchange of Noise. Spec section 12.1, RFC 7748.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Fill both halves of a new pair of keys.
void sl_x25519_generate(uint8_t secret[32], uint8_t public[32]);

void sl_x25519_public(const uint8_t secret[32], uint8_t public[32]);

// Whether the point has a low order, so that what is agreed with it is no secret.
bool sl_x25519_is_weak(const uint8_t public[32]);

// DH(secret, public).
//
// Returns 0 or -EKEYREJECTED (the result is all zeros), out wiped.
int sl_x25519_shared(const uint8_t secret[32], const uint8_t public[32], uint8_t out[32]);
