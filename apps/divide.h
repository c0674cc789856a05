// divide: fragments as packets.
#pragma once

#include "core/ip/fragment.h"

#include <sluice/app.h>

// Write up to SL_BURST of the fragments of p into fresh packets of the app's pool, with the meta
// and the time stamp of p, and count them as created.
//
// p          The packet that f was begun with; caller keeps it.
// fragments  Filled with those written, in order; the caller owns them.
//
// Returns how many; 0 where the pool has not enough.
unsigned sl_app_divide(struct sl_app *app, struct sl_fragments *f, const struct rte_mbuf *p,
		       struct rte_mbuf **fragments);
