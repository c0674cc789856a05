// sleeper: how an idle worker sleeps: until its time is up, one of its sources has something, or
// somebody wakes it.
#pragma once

#include <poll.h>
#include <sluice/app.h>

enum { SL_SLEEPER_FDS = 64 }; // of sources; of more, the others are not watched

struct sl_sleeper {
	int wake; // eventfd
	struct pollfd fds[1 + SL_SLEEPER_FDS];
	nfds_t n;
	bool woken; // by a source; until it has shown what for
};

// Returns 0 or -errno.
int sl_sleeper_init(struct sl_sleeper *s);
void sl_sleeper_fini(struct sl_sleeper *s);

// Watch what n sources name (sl_app_watch) during the next sleep. Where a source has woken the
// worker for nothing, none is watched this once, so that it does not keep it awake.
void sl_sleeper_watch(struct sl_sleeper *s, struct sl_app *const *sources, size_t n);

// Packets have moved.
static inline void sl_sleeper_moved(struct sl_sleeper *s)
{
	s->woken = false;
}

void sl_sleeper_sleep(struct sl_sleeper *s, uint64_t ns);

// End the sleep, or else the next one. Any thread.
void sl_sleeper_wake(struct sl_sleeper *s);
