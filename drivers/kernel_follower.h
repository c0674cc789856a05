// kernel_follower: keeps kernel_tables in step with the kernel.
//
// Two sockets: one for events, one for dumps. A round of dumps at the start, and whenever the
// kernel has dropped events or removes routes without telling (a link goes down, an address or a
// next hop object goes), makes the copy right again. All of it happens in portions, none of which
// takes long: packets pass meanwhile. Spec: rtnetlink(7).
#pragma once

#include "core/error.h"
#include "drivers/kernel_socket.h"
#include "drivers/kernel_tables.h"

struct sl_kernel_follower {
	struct sl_kernel_tables *tables; // the owner's
	struct mnl_socket *events, *dumps;
	uint8_t *buf; // SL_KERNEL_BUFFER bytes

	enum sl_kernel_dump stage; // of the round; SL_KERNEL_DUMPS = none under way
	uint32_t seq;
	bool is_lost;      // events were dropped; those before are still to be read
	bool is_spoilt;    // something changed under the dumps of this round
	unsigned spoilt;   // rounds so, one after the other
	uint64_t pause_ns; // until when no round begins
	uint64_t resyncs;  // rounds that have ended, but the first
};

// Begin to follow: the tables' devices are known when it returns, the rest comes with steps.
//
// f  Zeroed but for its tables, which are ready.
//
// Returns 0 or -errno with err filled; to be closed in either case.
int sl_kernel_follower_open(struct sl_kernel_follower *f, struct sl_error *err);
void sl_kernel_follower_close(struct sl_kernel_follower *f);

// Take in a portion of what the kernel says. Returns whether there is more to do.
bool sl_kernel_follower_step(struct sl_kernel_follower *f, uint64_t now_ns);
