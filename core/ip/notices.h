// notices: the kernel's addresses and neighbours on our interfaces, and who has yet to hear of
// them.
//
// Each is told to a set of listeners, as a mask of bits. What changes before a listener was told
// is told once, as it is then.
#pragma once

#include "core/ip/control.h"
#include "core/ip/slots.h"
#include "core/ip/sync.h"

struct sl_notice {
	uint32_t unused;          // of the slot
	struct sl_control record; // to add it; SL_CONTROL_ADDRESS or SL_CONTROL_NEIGHBOUR
	bool is_there;            // the kernel has it
	struct sl_heard heard;
	uint64_t audience; // who is to know
	uint64_t told;     // who has been told that it is there
};

struct sl_notices {
	struct sl_slots slots; // of struct sl_notice
	const struct sl_sync *sync;
	uint64_t up;     // mask of interfaces: what is on others is told as removed
	uint32_t cursor; // the next to look at
	bool has_news;   // there may be something to tell
};

// sync  Borrowed for as long as n is used. Returns false (out of memory).
bool sl_notices_init(struct sl_notices *n, uint32_t max, const struct sl_sync *sync);
void sl_notices_fini(struct sl_notices *n);

// The kernel has this, as an event or (not by_event) a dump says. Returns 0 or -ENOSPC.
int sl_notices_add(struct sl_notices *n, const struct sl_control *record, uint64_t audience,
		   bool by_event);

// It has not any longer.
void sl_notices_remove(struct sl_notices *n, const struct sl_control *record);

// Forget, at the end of a round, what it has not met.
void sl_notices_sweep(struct sl_notices *n);

// An interface goes up or down.
void sl_notices_set_up(struct sl_notices *n, uint16_t iface, bool up);

// Tell everybody again. audience says who is to know of a record now.
void sl_notices_retell(struct sl_notices *n,
		       uint64_t (*audience)(const struct sl_control *record, void *context),
		       void *context);

// Interfaces have other numbers: to[old], SL_IFACE_NONE for those that are no more.
void sl_notices_renumber(struct sl_notices *n, const uint16_t *to);

// Fetch the next record for one of the listeners in `ready`, and which one in *listener.
// Returns false where there is none.
bool sl_notices_tell(struct sl_notices *n, uint64_t ready, unsigned *listener,
		     struct sl_control *record);

// How many of a kind are there, on interfaces that are up.
uint32_t sl_notices_count(const struct sl_notices *n, enum sl_control_kind kind);
