// copy: bursts of packets, copied.
#pragma once

#include <sluice/app.h>

// Copy n packets (at most SL_BURST) of the app into fresh ones of its pool, bytes and time
// stamps, and count the copies as created.
//
// Where the pool is empty or its buffers are too small, the copies that cannot be made count as
// created and dropped for that reason, so that every packet is accounted for.
//
// src     Caller keeps them.
// copies  Filled with those made, in order; the caller owns them.
//
// Returns how many were made.
unsigned sl_app_copy(struct sl_app *app, struct rte_mbuf *const *src, unsigned n,
		     struct rte_mbuf **copies, unsigned no_copy_reason);
