// loop: what the control thread waits for, all of it file descriptors: signals, one timer, and
// those that somebody wants watched.
#pragma once

#include <sluice/error.h>
#include <stdbool.h>
#include <stdint.h>

enum { LOOP_WATCHES = 64 };

struct loop_watch {
	int fd;
	short events; // POLLIN, POLLOUT
	void (*ready)(void *context);
	void *context;
};

struct loop {
	int signals; // signalfd: SIGINT, SIGTERM, SIGHUP
	int timer;   // timerfd on the monotonic clock
	struct loop_watch watches[LOOP_WATCHES];
	unsigned n_watches;
	bool ended, woken;
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

// Sleep until a signal comes or the monotonic clock reaches until_ns; what is watched is called
// meanwhile. Returns the signal's number, or 0 at the deadline.
int loop_wait(struct loop *l, uint64_t until_ns);

// From now on loop_wait calls ready(context) whenever the descriptor is ready for one of `events`,
// or has failed. A descriptor that is watched already is watched for these events instead. The
// functions here may be called by ready. Returns 0 or -ENOSPC.
int loop_watch(struct loop *l, const struct loop_watch *watch);

// No longer. Before the descriptor is closed; one that is not watched is legal.
void loop_unwatch(struct loop *l, int fd);

// Have loop_wait return SIGTERM, as if somebody had sent that.
void loop_end(struct loop *l);

// Have loop_wait return 0, as if its deadline had come.
void loop_wake(struct loop *l);

// The monotonic clock, ns.
uint64_t loop_now_ns(void);
