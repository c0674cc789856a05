// rig: one app on a test bench, called as a worker would, at times that the test makes up.
#pragma once

#include <sluice/app.h>

struct rig {
	struct sl_graph *graph;
	void *config;
	struct sl_app *app;
	struct sl_link *in, *out;
};

enum {
	RIG_PACKETS = 2048,   // in the pool
	RIG_FRAME_MAX = 1920, // longest frame of the pool, bytes
	RIG_LINK = 1024,      // slots
};

// cmocka group fixtures: start EAL without hugepages and make the pool, in a scratch folder.
int rig_enter(void **state);
int rig_leave(void **state);
struct rte_mempool *rig_pool(void);

// Configure an app of a class. Returns what configure did; the rig is filled in either case and
// wants rig_close.
//
// settings  Keys and values in turn, a key again for one more item of its list; NULL at the end.
// old       The rig that the new app replaces, or NULL.
int rig_open(struct rig *r, const struct sl_app_class *class, const char *const *settings,
	     struct rig *old, struct sl_error *err);

// Stop the app; every packet must have come back to the pool then.
void rig_close(struct rig *r);

// One callback at a time since the start, and what it gives is published.
void rig_pull(struct rig *r, uint64_t now_ns);
void rig_push(struct rig *r, uint64_t now_ns);
void rig_tick(struct rig *r, uint64_t now_ns);

// Take what stands in the output link and free it. Returns how many packets.
unsigned rig_drain(struct rig *r);

// Put n packets of one length, filled with their number, and one time stamp on the input link.
void rig_feed(struct rig *r, unsigned n, uint16_t len, uint64_t stamp_ns);

uint64_t rig_metric(const struct rig *r, const char *name);
uint64_t rig_dropped(const struct rig *r, const char *name);
const char *rig_failure(const struct rig *r);
