// wg_file: a wg file, ready for a device: the names of hosts are addresses.
#pragma once

#include "cli/wg_device.h"

#include <sluice/wgconf.h>

struct wg_file {
	struct sl_wgconf conf;
	char (*endpoints)[SL_TUNNEL_ENDPOINT_TEXT]; // of the peers
};

// Read the file and ask for the addresses of its hosts, which may take its time.
//
// f  Filled; freed by wg_file_fini, also on failure.
//
// Returns 0 or -errno.
int wg_file_read(struct wg_file *f, const char *path, struct sl_error *err);

// Zeroed memory is legal.
void wg_file_fini(struct wg_file *f);

// What it says of the interface and the port; points into it.
struct wg_setting wg_file_setting(const struct wg_file *f);

// Give a device the key and the peers of the file, and no others. Sessions with those that are the
// same go on. Returns 0 or -errno.
int wg_file_apply(const struct wg_file *f, struct wg_device *d, struct sl_error *err);
