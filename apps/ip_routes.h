// ip_routes: the control side of ipv4-route and ipv6-route: which routes there are, by the file
// and by the kernel, and the FIB that they end up in.
#pragma once

#include "core/ip/fib.h"
#include "core/ip/interfaces.h"
#include "core/ip/route_text.h"

#include <sluice/app.h>

// What the file says, the same for both families.
struct sl_ip_routes_config {
	struct sl_strings interfaces, mtus, routes, addresses;
	uint64_t max_routes;
};

// A route of the file, or one that follows from an address in it.
struct sl_file_route {
	enum sl_fib_origin origin;
	struct sl_route route;
};

struct sl_ip_routes {
	uint8_t family;
	struct sl_fib *fib;  // NULL between init and adopt, where old's goes on
	uint32_t max_routes; // of the kernel's
	struct sl_strings interfaces;

	struct sl_file_route *file; // sorted by prefix and origin, each of these once
	size_t n_file;
	struct sl_iface_addresses own;    // addresses of the file
	struct sl_iface_addresses kernel; // those that the kernel has given to our interfaces

	bool suspects[256]; // by sl_ip_routes_digest: whether an address of the router is, or was,
			    // so

	uint64_t refused; // records that found no room
	size_t flush_at;  // see sl_ip_routes_flush
};

// Read the file's routes and make a FIB of them, unless that of `before` will do. Control thread.
//
// r       All zero but for its family.
// before  What sl_ip_routes_adopt will take over, running; NULL = none.
//
// Returns 0 or -errno with err filled; fini is legal then, too.
int sl_ip_routes_init(struct sl_ip_routes *r, const struct sl_ip_routes_config *c,
		      const struct sl_ip_routes *before, struct sl_error *err);

void sl_ip_routes_fini(struct sl_ip_routes *r);

// Take over the running FIB, and change in it what the files say differently. Workers paused.
// Returns false where a route of the file found no room.
bool sl_ip_routes_adopt(struct sl_ip_routes *r, struct sl_ip_routes *old);

// Do what a record of the kernel says.
void sl_ip_routes_control(struct sl_ip_routes *r, const struct sl_control *c);

// The address for the router to speak from on an interface, towards a next hop: one of the hop's
// subnet, else what sl_iface_addresses_source says.
//
// Returns an address of the family, or NULL where the router has none.
const uint8_t *sl_ip_routes_source(const struct sl_ip_routes *r, uint16_t iface,
				   const uint8_t *next_hop);

// Whether an address, of the family, is one of the router's or the broadcast of one of its
// networks.
bool sl_ip_routes_own(const struct sl_ip_routes *r, const uint8_t *ip);

// A byte made of two that tell networks, and hosts in them, apart.
static inline uint8_t sl_ip_routes_digest(uint8_t family, const uint8_t *ip)
{
	return family == 4 ? ip[2] ^ ip[3] : ip[7] ^ ip[15];
}

// Whether it may be: nearly all addresses may not, and are found out by four instructions.
static inline bool sl_ip_routes_suspect(const struct sl_ip_routes *r, uint8_t family,
					const uint8_t *ip)
{
	return __builtin_expect(r->suspects[sl_ip_routes_digest(family, ip)], 0);
}

// Forget what the kernel has said, a portion at a time. Returns whether it is done.
bool sl_ip_routes_flush(struct sl_ip_routes *r);
