// kernel_socket: talks with the kernel about its routing tables. No root needed. Never waits.
#pragma once

#include <libmnl/libmnl.h>
#include <sluice/error.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	SL_KERNEL_BUFFER = 32768, // bytes that hold whatever the kernel sends at once
	SL_KERNEL_PORTION = 8192, // of a dump: the kernel makes it as long as it is read
};

// What there is to ask for.
enum sl_kernel_dump {
	SL_KERNEL_LINKS,
	SL_KERNEL_ADDRESSES,
	SL_KERNEL_NEXTHOPS,
	SL_KERNEL_ROUTES_4,
	SL_KERNEL_ROUTES_6,
	SL_KERNEL_NEIGHBOURS,
	SL_KERNEL_DUMPS,
};

// Open a socket that hears of every change of links, addresses, neighbours, next hop objects and
// routes; or one for dumps. The process's network namespace of now is the one.
// Returns it, owned by the caller (mnl_socket_close), or NULL with err filled.
struct mnl_socket *sl_kernel_open_events(struct sl_error *err);
struct mnl_socket *sl_kernel_open_dumps(struct sl_error *err);

// Ask for a dump, which is answered by messages that bear seq. table is that of routes.
// Returns 0 or -errno.
int sl_kernel_request(struct mnl_socket *s, enum sl_kernel_dump what, uint32_t table, uint32_t seq);

// Read what the kernel has sent.
//
// buf  Of `size` bytes, aligned to 4.
//
// Returns its length, 0 where nothing waits, or -errno: -ENOBUFS and -ENOSPC say that something
// has been lost.
int sl_kernel_read(struct mnl_socket *s, void *buf, size_t size);
