// aead_scalar: the reference, packet by packet, by libsodium.
#pragma once

#include "simd/aead.h"

// As sl_aead_seal and sl_aead_open.
void sl_aead_seal_scalar(struct sl_aead_item *items, size_t n);
size_t sl_aead_open_scalar(struct sl_aead_item *items, size_t n);
