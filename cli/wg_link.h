// wg_link: what others do to the interface of a device, as the kernel tells it.
#pragma once

#include "cli/loop.h"

struct wg_link {
	struct loop *loop;
	int fd; // netlink
	void (*changed)(void *context);
	void *context;
};

// As the loop runs, call changed(context) when any interface has changed: its MTU, for instance, or
// it has gone. Returns 0 or -errno; then nothing is left to close.
int wg_link_open(struct wg_link *l, struct loop *loop, void (*changed)(void *context),
		 void *context, struct sl_error *err);

void wg_link_close(struct wg_link *l);

// The MTU of an interface, or 0 where there is none of that name.
uint32_t wg_link_mtu(const char *name);
