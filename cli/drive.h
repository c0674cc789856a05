// drive: runs an engine from the control thread until it ends.
#pragma once

#include "cli/confine.h"
#include "cli/loop.h"
#include <sluice/stats.h>

enum drive_end {
	DRIVE_DRAINED, // the sources have ended and no packet is left on its way
	DRIVE_SIGNAL,
	DRIVE_LIMIT,  // the time was up
	DRIVE_FAILED, // an app failed, and the caller wanted to stop then
};

struct drive {
	// set by the caller
	struct sl_engine *engine;
	struct loop *loop;
	uint64_t limit_ns; // sources stop after this long; 0 = never
	uint64_t show_ns;  // show is called this often; 0 = never
	void (*show)(void *context, const struct sl_stats *stats);
	void (*reload)(void *context); // on SIGHUP; NULL = that ends it, like SIGINT and SIGTERM
	void *context;
	bool ends_on_failure;
	const struct confine *user; // whom to become when all is open; NULL = nobody else

	// result
	enum drive_end end;
	int signal;      // that ended it, or 0
	size_t failures; // apps that failed; each was told on stderr

	uint64_t next_poll_ns, next_show_ns, end_ns;
	uint64_t pause_ns; // between two polls
	bool ending;       // sources have been told to stop
};

// Start the engine, wait for its end, stop it. At the end of the time or on a signal the sources
// stop and what is on its way gets a second to arrive; a second signal does not wait.
//
// Returns 0, or -errno where the workers cannot start or the process cannot become the user.
int drive_run(struct drive *d, struct sl_error *err);
