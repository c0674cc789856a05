// claims: who wants what only one can have, such as a key or a prefix. Pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { SL_CLAIM_BYTES = 32 };

struct sl_claim {
	uint8_t bytes[SL_CLAIM_BYTES]; // of what is wanted, zeros behind it
	size_t order;                  // of who wants it; the first one may have it
	const void *of;                // whatever the caller wants to find again
};

// The first claim to what another of lower order has claimed; *first is that one's. Claims of one
// order are no two. Sorts them.
//
// Returns NULL, *first untouched, where there is none.
const struct sl_claim *sl_claims_second(struct sl_claim *claims, size_t n,
					const struct sl_claim **first);
