// fib: the routes of one family and the lookup that forwards by them.
//
// A prefix may have a route of each origin; the first origin that has one decides, and when that
// route goes the next one's comes back. Addresses are looked up in bursts. Whoever looks up also
// changes, between two bursts: no lookup ever sees half a change.
//
// Memory: for the first table 48 MiB, in IPv6 16; 26 to 52 bytes for each route there may be; and
// 64 bytes to 1 KiB for each /24 with longer prefixes in it and, in IPv6, each /32, /48, /64...
// with longer ones in it. It comes when it is used; where many routes are allowed, it is there from
// the start, so that no packet has to wait while a route takes memory.
//
// All functions: one thread at a time.
#pragma once

#include "core/ip/hops.h"

#include <sluice/error.h>

struct sl_fib;

enum sl_fib_origin {
	SL_FIB_ADDRESS,        // by the file: the router's addresses, and what is never forwarded
	SL_FIB_KERNEL_ADDRESS, // the router's addresses, by the kernel
	SL_FIB_STATIC,         // by the file: routes
	SL_FIB_KERNEL,         // by the kernel: routes
	SL_FIB_ORIGINS,
};

enum {
	SL_FIB_ROUTES_MAX = 16 << 20,
	SL_FIB_BURST = 64,
};

struct sl_fib_limits {
	uint32_t routes;  // different prefixes, 1 to SL_FIB_ROUTES_MAX
	uint32_t targets; // different targets; 0 = 65535, which is also the most
	uint32_t lines;   // of the trie; 0 = for any IPv4 routes, on average 20 for one of IPv6
};

// Make an empty FIB of a family (4 or 6). Returns 0 and *f, owned by the caller, or -errno with err
// filled.
int sl_fib_create(struct sl_fib **f, uint8_t family, const struct sl_fib_limits *limits,
		  struct sl_error *err);

void sl_fib_destroy(struct sl_fib *f);

// Add an origin's route, or replace the one it has for that prefix.
//
// route  Borrowed. Its kind may also be of enum sl_target_kind. Bits behind the prefix do not
//        count.
//
// Returns 0; -EINVAL (another family); -ENOSPC with err filled: too many routes, targets or lines,
// and nothing has changed.
int sl_fib_set(struct sl_fib *f, enum sl_fib_origin origin, const struct sl_route *route,
	       struct sl_error *err);

// Remove an origin's route. Returns 0 or -ENOENT.
int sl_fib_remove(struct sl_fib *f, enum sl_fib_origin origin, const struct sl_prefix *prefix);

// Remove the routes of an origin, or some of them: it goes through the table of routes from *at on,
// which begins at 0, for about as long as looking at `most` places takes, some nanoseconds each.
// Returns whether it is done.
bool sl_fib_flush(struct sl_fib *f, enum sl_fib_origin origin, size_t *at, size_t most);

// Look up to SL_FIB_BURST addresses up.
//
// addresses  Their bytes (4 or 16 each), one behind the other, 4-aligned.
// ids        Filled: what they are sent to, by number in sl_fib_targets; 0 = no route.
void sl_fib_lookup(const struct sl_fib *f, const uint8_t *addresses, uint32_t *ids, unsigned n);

// The targets by id; they change with the routes, the pointer does not.
const struct sl_target *sl_fib_targets(const struct sl_fib *f);

// The route of an origin for just this prefix. Returns its target or NULL.
const struct sl_target *sl_fib_find(const struct sl_fib *f, enum sl_fib_origin origin,
				    const struct sl_prefix *prefix);

// Set the routes that an origin has in another FIB of the same family. Returns how many found no
// room.
uint32_t sl_fib_copy(struct sl_fib *to, const struct sl_fib *from, enum sl_fib_origin origin);

// As sl_hops_renumber.
void sl_fib_renumber(struct sl_fib *f, const uint16_t *map, unsigned n);

uint32_t sl_fib_routes(const struct sl_fib *f); // prefixes
uint32_t sl_fib_count(const struct sl_fib *f, enum sl_fib_origin origin);
uint32_t sl_fib_targets_used(const struct sl_fib *f);

// What changes have cost since the FIB was made, in table entries looked at: about a nanosecond
// each. A route costs 1000 and what its prefix covers.
uint64_t sl_fib_work(const struct sl_fib *f);
