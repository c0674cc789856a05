// interface_route: routes of the kernel's main table, added and removed. Control thread.
#pragma once

#include "core/ip/address.h"

#include <sluice/error.h>

// A way to a prefix.
struct sl_kernel_way {
	struct sl_prefix to;  // masked
	unsigned device;      // the kernel's index
	struct sl_ip gateway; // family 0 = none
};

// Add a way, or remove one. One that is there already, or is not, is no error.
// Returns 0 or -errno with err filled.
int sl_kernel_add_way(const struct sl_kernel_way *w, struct sl_error *err);
int sl_kernel_remove_way(const struct sl_kernel_way *w, struct sl_error *err);

// The way that the kernel would send a packet to an address now, as a way to it alone.
// Returns 0 or -errno with err filled.
int sl_kernel_find_way(const struct sl_ip *to, struct sl_kernel_way *out, struct sl_error *err);
