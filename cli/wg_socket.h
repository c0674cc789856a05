// wg_socket: where `wg` speaks to a device: /var/run/wireguard/IFNAME.sock.
#pragma once

#include "cli/loop.h"

#include <sluice/uapi.h>
#include <sys/un.h>

struct wg_connection;

enum { WG_CONNECTIONS = 32 };

struct wg_socket {
	struct loop *loop;
	const struct sl_uapi_device *device;
	void *context; // of device
	struct sockaddr_un address;
	int fd;
	int watch;      // inotify: on the file
	uint64_t inode; // of the file
	struct wg_connection *connections[WG_CONNECTIONS];
	unsigned turn; // of them, whose it is to go when there is no place
};

// Listen, and answer as the loop runs. One that nobody listens on any more is replaced. The loop
// ends when the file is removed.
//
// s       Filled; closed by wg_socket_close, also on failure.
// device  Spoken to, with the context. Outlives s.
//
// Returns 0; -EADDRINUSE (somebody answers there), or what the system says.
int wg_socket_open(struct wg_socket *s, struct loop *loop, const char *name,
		   const struct sl_uapi_device *device, void *context, struct sl_error *err);

// The file goes, if it is still ours.
void wg_socket_close(struct wg_socket *s);
