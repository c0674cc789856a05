// tap_routes: what the kernel sends to a virtual interface, and what it does not although such a
// route would say so. Control thread.
#pragma once

#include "drivers/interface_route.h"

#include <sluice/app.h>

enum { SL_TAP_ROUTES = 128, SL_TAP_BYPASSES = 8 };

struct sl_tap_routes {
	struct sl_prefix routes[SL_TAP_ROUTES]; // masked
	size_t n_routes;
	struct sl_kernel_way bypasses[SL_TAP_BYPASSES]; // device 0 = not there (yet)
	size_t n_bypasses;
};

// Read them from settings. Returns 0, -EINVAL or -E2BIG with err filled.
int sl_tap_routes_read(struct sl_tap_routes *r, const struct sl_strings *routes,
		       const struct sl_strings *bypasses, struct sl_error *err);

// Make the kernel's routes to an interface that is up those of r, in place of those of `before`,
// which no longer has any. What is bypassed keeps the way that it had before the routes.
//
// Returns 0, or the first -errno with err filled; the others are there then.
int sl_tap_routes_set(const char *name, struct sl_tap_routes *before, struct sl_tap_routes *r,
		      struct sl_error *err);

// Remove what does not go with the interface.
void sl_tap_routes_end(struct sl_tap_routes *r);
