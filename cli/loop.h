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

// Until loop_take_signals, let the signals end the program as if there were no loop: it may be
// stuck in opening something, and nothing has begun yet. Threads that were started before, with
// the signals blocked, and those of EAL among them, keep them blocked.
void loop_leave_signals(void);

// From now on the signals go to loop_wait. By the thread that calls that.
void loop_take_signals(void);

// Sleep until a signal comes or the monotonic clock reaches until_ns.
// Returns the signal's number, or 0 at the deadline.
int loop_wait(struct loop *l, uint64_t until_ns);

// The monotonic clock, ns.
uint64_t loop_now_ns(void);
