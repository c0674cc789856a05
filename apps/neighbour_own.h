// neighbour_own: the addresses that an interface answers for.
#pragma once

#include "core/ip/control.h"

#include <sluice/app.h>

enum {
	SL_NEIGHBOUR_OWN_MAX = 128,  // addresses of one interface
	SL_NEIGHBOUR_LINK_LOCAL = 0, // the one that comes from the MAC address is always the first
};

struct sl_neighbour_address {
	struct sl_prefix prefix; // family 0: none
	bool filed;              // the file says it
	bool learned;            // a control record says it
	bool announced;
	uint64_t defended_ns; // when it was last defended; 0 = never
};

struct sl_neighbour_own {
	struct sl_neighbour_address items[SL_NEIGHBOUR_OWN_MAX];
	unsigned n;
	bool news;    // some address is not announced
	bool changed; // not the same addresses as when the groups were last looked at
};

// Read the key `addresses`: "10.0.0.1/24", "fd00::1/64". own is empty before.
// Returns 0, or -errno with err filled.
int sl_neighbour_own_read(struct sl_neighbour_own *own, const struct sl_strings *texts,
			  struct sl_error *err);

// Our MAC address is this one: it brings a link-local address, and all is to be announced again.
void sl_neighbour_own_set_mac(struct sl_neighbour_own *own, const uint8_t mac[6]);

// Do what a control record says about an address. Returns false where there is no room.
bool sl_neighbour_own_control(struct sl_neighbour_own *own, const struct sl_control *c);

// Take over what the predecessor had learned, and, where the MAC address is the same, what it had
// announced.
void sl_neighbour_own_adopt(struct sl_neighbour_own *own, const struct sl_neighbour_own *old,
			    bool same_mac);

// Returns the address of ours that is ip, of the family, or NULL.
struct sl_neighbour_address *sl_neighbour_own_find(struct sl_neighbour_own *own, uint8_t family,
						   const uint8_t *ip);

// Whether ip is the subnet-router anycast address of a network of ours.
bool sl_neighbour_own_anycast(const struct sl_neighbour_own *own, const uint8_t ip[16]);

// Whether ip, of the family, lies in a network of ours: it may be a neighbour.
bool sl_neighbour_own_reaches(const struct sl_neighbour_own *own, uint8_t family,
			      const uint8_t *ip);

// Whether ip is the broadcast address of a network of ours. Spec: RFC 919, RFC 3021.
bool sl_neighbour_own_broadcast(const struct sl_neighbour_own *own, const uint8_t ip[4]);

// Whether ip is that of a network of ours itself, which some once took for its broadcast address:
// no station has it. Spec: RFC 1812 section 4.2.3.1, RFC 3021.
bool sl_neighbour_own_network(const struct sl_neighbour_own *own, const uint8_t ip[4]);

// The address to ask a neighbour from: the first that shares a network with it, or else the first
// of the family; of IPv6 the link-local one, where there is one. NULL = none.
const uint8_t *sl_neighbour_own_source(const struct sl_neighbour_own *own, uint8_t family,
				       const uint8_t *ip);
