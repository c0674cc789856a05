// daemon: a command that goes on in the background once it is ready.
#pragma once

struct daemon {
	int ready; // end of a pipe to whoever waits; -1 = stays in the foreground
};

// Split in two. The process that was called waits until the other one, where this function returns,
// is ready or has ended, and exits as that says. Before any thread starts.
//
// Returns 0 or -errno.
int daemon_begin(struct daemon *d);

// Let go of the terminal, and have the waiting process exit with STATUS_DONE. Nothing can be said
// any more. Without effect in the foreground.
void daemon_ready(struct daemon *d);
