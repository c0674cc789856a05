// wg_connection: one conversation on the socket of a device.
#pragma once

#include "cli/loop.h"

#include <sluice/uapi.h>

struct wg_connection;

// Serve a connection as the loop runs, until the other side ends it.
//
// slot  Holds the connection as long as it lasts, then NULL.
// fd    Non-blocking; taken, also on failure.
//
// Returns 0, -ENOMEM or -ENOSPC (the loop watches too much).
int wg_connection_open(struct wg_connection **slot, int fd, struct loop *loop,
		       const struct sl_uapi_device *device, void *context);

// End it. NULL in the slot is legal.
void wg_connection_close(struct wg_connection **slot);
