// source_limit: how often something may be done for a source, and for all of a group together.
//
// Each source has a token bucket, and so has each group of sources (an interface that they come
// from), so that a flood from one, true or forged, takes nothing from the others. The buckets of
// the sources lie in a table of fixed size. A bucket that is full again knows nothing and makes
// room for another; where all that a source may use are wanted, the fullest one does: that a
// source is forgotten gives it one burst more, which its group's bucket still counts.
//
// A bucket is one instant: when it will be full again (the generic cell rate algorithm, ITU-T
// I.371 annex A).
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sl_source_limit;

struct sl_source_limit_options {
	uint64_t rate, burst;             // of one source: per second, and at once; at least 1
	uint64_t group_rate, group_burst; // of each group
	unsigned groups;
	unsigned sources; // remembered at a time; rounded up to a power of two
};

// Returns a limit, owned by the caller, or NULL (out of memory).
struct sl_source_limit *sl_source_limit_create(const struct sl_source_limit_options *o);

// NULL is legal.
void sl_source_limit_destroy(struct sl_source_limit *l);

// Take a token of a source and of its group, or none where either has none.
//
// now_ns  Monotonic.
//
// Returns whether there were. Any one thread.
bool sl_source_limit_take(struct sl_source_limit *l, uint64_t source, unsigned group,
			  uint64_t now_ns);

// The source that shares a bucket: an IPv4 address, or the /64 that an IPv6 address is in.
uint64_t sl_source_limit_ipv4(const uint8_t ip[4]);
uint64_t sl_source_limit_ipv6(const uint8_t ip[16]);
