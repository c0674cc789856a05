// confine: give up root, and every system call that a running Sluice does not make.
#pragma once

#include <sluice/error.h>
#include <sys/types.h>

// Whom the process becomes.
struct confine {
	char name[33];
	uid_t uid;
	gid_t gid;
};

// Look up a user by name.
//
// Returns 0, or -ENOENT where there is none.
int confine_find(struct confine *c, const char *name, struct sl_error *err);

// Become that user, in all threads, for good. Of root's capabilities the calling thread keeps those
// that open ports and sockets, if it has them, and threads that it makes later get them from it;
// those that are there keep none. No thread can get others, start a program, or make a system call
// that is not in confine_calls.c: such a call fails with EPERM.
//
// The caller ends where this fails, as part of it may be done.
//
// Returns 0, or -errno: -EPERM where the process is not root's.
int confine_begin(const struct confine *c, struct sl_error *err);
