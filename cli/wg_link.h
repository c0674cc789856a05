// wg_link: what others do to the interface of a device, as the kernel tells it.
#pragma once

#include "cli/loop.h"

struct wg_link {
	struct loop *loop;
	int fd; // netlink
	void (*changed)(void *context);
	void *context;
};

// As the loop runs, call changed(context) when any interface may be another than it was. Returns 0
// or -errno; then nothing is left to close.
int wg_link_open(struct wg_link *l, struct loop *loop, void (*changed)(void *context),
		 void *context, struct sl_error *err);

void wg_link_close(struct wg_link *l);

// An interface as it is now.
struct wg_link_state {
	bool is_there; // else the rest means nothing
	bool up;
	uint32_t mtu;
};

struct wg_link_state wg_link_look(const char *name);

// Give the interface another MTU. Returns 0 or -errno.
int wg_link_set_mtu(const char *name, uint32_t mtu);
