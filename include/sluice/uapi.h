// uapi: what `wg` says to a WireGuard device in user space, and what that answers.
//
// The cross-platform configuration protocol is text on a stream: requests of lines `key=value`,
// each ended by an empty line. Here it knows no stream: bytes are fed in as they come, calls go
// out. Spec: https://www.wireguard.com/xplatform/.
//
// Thread rule: a conversation is used by one thread at a time.
#pragma once

#include <sluice/tunnel.h>

#pragma GCC visibility push(default)

struct sl_uapi;

// The device spoken to. What returns an int returns 0 or -errno, which ends the request and is its
// answer; what was done before stays done.
struct sl_uapi_device {
	int (*set_key)(void *context, const uint8_t *private_key); // NULL = none
	int (*set_port)(void *context, uint16_t port);             // 0 = any
	int (*set_mark)(void *context, uint32_t mark);             // 0 = none
	int (*remove_peers)(void *context);

	// One peer may come in several parts. c, and what it points to, is the conversation's.
	int (*change_peer)(void *context, const struct sl_tunnel_change *c);

	// Returns what sl_uapi_print does, which the conversation then owns.
	char *(*print)(void *context, size_t *len);
};

// Begin a conversation. Returns it, owned by the caller, or NULL (out of memory).
//
// device  Must outlive it; called with the context.
// answer  Called with `to`, and text to be sent, which may hold secrets and is the conversation's.
struct sl_uapi *sl_uapi_create(const struct sl_uapi_device *device, void *context,
			       void (*answer)(void *to, const char *text, size_t len), void *to);

// Wipe and free. NULL is legal.
void sl_uapi_destroy(struct sl_uapi *u);

// Hear the next of len bytes: all, or those up to the end of a request. An answer may be long, so
// whoever speaks hears it before the next request is looked at.
//
// Returns how many bytes were heard; not 0 unless len is.
size_t sl_uapi_hear(struct sl_uapi *u, const char *bytes, size_t len);

// All of a device as a get is answered, but for the lines that end the answer.
//
// len  Set to its bytes.
//
// Returns heap text that holds secrets, or NULL (out of memory).
char *sl_uapi_print(const struct sl_tunnel_view *v, uint16_t port, uint32_t mark, size_t *len);

#pragma GCC visibility pop
