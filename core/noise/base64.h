// base64: decoding by libsodium, which takes no time that depends on the digits.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Decode all of text.
//
// variant  One of sodium_base64_VARIANT_*.
//
// Returns the bytes written, at most size, or -EINVAL: a character that is no digit, wrong padding,
// bits left over, or too long.
int sl_base64_decode(const char *text, int variant, uint8_t *out, size_t size);
