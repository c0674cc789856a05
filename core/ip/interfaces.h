// interfaces: what the apps of a router know of its interfaces: names, outputs, addresses.
//
// An interface is its index in the list that every such app has as its key `interfaces`.
#pragma once

#include "core/ip/address.h"
#include "core/ip/control.h"
#include "core/ip/meta.h"

#include <sluice/app.h>

enum {
	SL_IFACE_ADDRESSES_MAX = 1024, // of all interfaces together
	SL_IFACE_NO_OUTPUT = 0xff,
};

struct sl_iface_address {
	struct sl_prefix prefix;
	uint16_t iface;
	bool filed;   // the file says so
	bool learned; // a control record did
};

struct sl_iface_addresses {
	struct sl_iface_address items[SL_IFACE_ADDRESSES_MAX];
	unsigned n;
};

// Check the key `interfaces`: not too many, no name twice. Returns 0, or -EINVAL with err filled.
int sl_ifaces_check(const struct sl_strings *interfaces, struct sl_error *err);

// Returns the index of the interface whose name is the first len bytes of name, or -1.
int sl_iface_find(const struct sl_strings *interfaces, const char *name, size_t len);

// Find the output of app that bears the name of each interface; SL_IFACE_NO_OUTPUT where none does.
// From configure on; again at each settle.
void sl_iface_outputs(uint8_t outputs[SL_IFACES_MAX], const struct sl_app *app,
		      const struct sl_strings *interfaces);

// Read "lan 10.0.0.1/24", the items of the key `addresses`. Returns 0, or -EINVAL with err filled.
int sl_iface_addresses_read(struct sl_iface_addresses *a, const struct sl_strings *interfaces,
			    const struct sl_strings *texts, struct sl_error *err);

// Do what a control record says; kinds other than SL_CONTROL_ADDRESS are none of this. An address
// of the file stays. Returns false where there is no room.
bool sl_iface_addresses_control(struct sl_iface_addresses *a, const struct sl_control *c);

// Take over what the app's predecessor had learned.
void sl_iface_addresses_adopt(struct sl_iface_addresses *a, const struct sl_iface_addresses *old);

// Whether ip, of the family, is an address of any interface.
bool sl_iface_addresses_have(const struct sl_iface_addresses *a, uint8_t family, const uint8_t *ip);

// Whether ip is the broadcast address of a network on any interface. Spec: RFC 919, RFC 3021.
bool sl_iface_addresses_broadcast(const struct sl_iface_addresses *a, const uint8_t ip[4]);

// Whether ip is the subnet-router anycast address of a network on any interface.
// Spec: RFC 4291 section 2.6.1.
bool sl_iface_addresses_anycast(const struct sl_iface_addresses *a, const uint8_t ip[16]);

// Whether the router has joined the multicast group ip: all nodes, all routers, and those that
// neighbours ask for its addresses in. Spec: RFC 4291 section 2.8.
bool sl_iface_addresses_joined(const struct sl_iface_addresses *a, const uint8_t ip[16]);

// The address of an interface in whose subnet ip lies, or NULL.
const uint8_t *sl_iface_addresses_towards(const struct sl_iface_addresses *a, uint16_t iface,
					  uint8_t family, const uint8_t *ip);

// The address to speak from on an interface: its first of the family, or else any other's, as
// RFC 1812 section 4.3.2.4 allows. A link-local address stands for its own link alone.
//
// link_local  Whether the peer is link-local, on that very link: a link-local address is preferred.
//
// Returns sl_ip_len(family) bytes, or NULL where there is none.
const uint8_t *sl_iface_addresses_source(const struct sl_iface_addresses *a, uint16_t iface,
					 uint8_t family, bool link_local);
