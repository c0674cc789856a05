// aead: the peers that bench/aead runs beside simd/aead.
#pragma once

#include "simd/aead.h"
#include <stdbool.h>
#include <stddef.h>

// Seals, or opens, n items; the peers' items have their tag right behind the text, and no
// additional data.
struct aead_peer {
	const char *name;
	bool (*start)(void); // false: not on this machine
	void (*seal)(struct sl_aead_item *items, size_t n);
	void (*open)(struct sl_aead_item *items, size_t n);
};

// Ends with an entry without a name.
extern const struct aead_peer aead_peers[];
