// loop: what the control thread waits for: signals and one timer, as file descriptors.
#pragma once

#include <sluice/error.h>
#include <stdint.h>

struct loop {
	int signals; // signalfd: SIGINT, SIGTERM, SIGHUP
	int timer;   // timerfd on the monotonic clock
};

// Block the signals and open the descriptors. Before any thread starts, since threads inherit
// what is blocked. Returns 0 or -errno.
int loop_init(struct loop *l, struct sl_error *err);

// Close the descriptors. The signals stay blocked.
void loop_fini(struct loop *l);

// Sleep until a signal comes or the monotonic clock reaches until_ns.
// Returns the signal's number, or 0 at the deadline.
int loop_wait(struct loop *l, uint64_t until_ns);

// The monotonic clock, ns.
uint64_t loop_now_ns(void);
