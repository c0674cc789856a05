// wg_device: a WireGuard device in user space: an engine with a TUN interface, a UDP port and the
// tunnel between them.
#pragma once

#include <net/if.h>
#include <sluice/uapi.h>

enum { WG_MTU = 1420 }; // 1500 less the headers of IPv6, UDP and the tunnel

// What can be changed while it runs.
struct wg_setting {
	uint16_t port;                // 0 = any
	uint32_t mark;                // 0 = none
	uint32_t mtu;                 // of the interface
	bool closed;                  // no port is open: the interface was up once, and is down
	bool up;                      // bring the interface up; else somebody else does
	const char *const *addresses; // of the interface, borrowed
	size_t n_addresses;
};

struct wg_device {
	char name[IFNAMSIZ];
	struct wg_setting setting;
	uint32_t tun_mtu; // what the interface was told, and its buffers are made for
	bool up;          // as it was seen last
	struct sl_engine *engine;
};

// Make the interface and open the port, and start the engine.
//
// d     Filled; closed by wg_device_close, also on failure.
// name  Of the interface, which should not be there.
//
// Returns 0 or -errno.
int wg_device_open(struct wg_device *d, const char *name, const struct wg_setting *setting,
		   struct sl_error *err);

// The interface goes. Zeroed memory is legal.
void wg_device_close(struct wg_device *d);

// Make it another setting's. On failure it is as it was. Returns 0 or -errno.
int wg_device_change(struct wg_device *d, const struct wg_setting *setting, struct sl_error *err);

// The interface has got this MTU, and is up, or down, now. Where it goes down, the port is closed
// and all sessions end; where it comes up again, the port is opened, the same one, and peers with
// persistent keepalives get one at once.
//
// Returns 0 or -errno.
int wg_device_follow(struct wg_device *d, uint32_t mtu, bool up, struct sl_error *err);

// Remove the peers for which keep, where it is given, returns false. Returns 0 or -errno.
int wg_device_remove_peers(struct wg_device *d,
			   bool (*keep)(const void *context, const uint8_t public_key[SL_KEY]),
			   const void *context, struct sl_error *err);

// Change a peer. Returns as sl_tunnel_change.
int wg_device_change_peer(struct wg_device *d, const struct sl_tunnel_change *c,
			  struct sl_error *err);

// Returns as sl_tunnel_set_key.
int wg_device_set_key(struct wg_device *d, const uint8_t *private_key, struct sl_error *err);

// Why the device can go on no longer: "tun: the interface is gone", in text of size bytes. Returns
// false where it can.
bool wg_device_failed(struct wg_device *d, char *text, size_t size);

// What may be said to it. The context is a struct wg_device.
extern const struct sl_uapi_device wg_device_uapi;
