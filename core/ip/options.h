// options: those of an IPv4 header, as a router on the way treats them. Pure. Spec: RFC 791 section
// 3.1, RFC 1812 section 5.3.13, RFC 7126.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SL_OPTION_END = 0,
	SL_OPTION_NOTHING = 1,
	SL_OPTION_RECORD_ROUTE = 7,
	SL_OPTION_TIMESTAMP = 68,
	SL_OPTION_LOOSE_ROUTE = 131,
	SL_OPTION_STRICT_ROUTE = 137,
	SL_OPTION_COPIED = 0x80,  // into every fragment
	SL_OPTIONS_MAX = 60 - 20, // bytes of all together
};

enum sl_options_verdict {
	SL_OPTIONS_GOOD,
	SL_OPTIONS_SOURCE_ROUTE, // the packet says itself which way to go
	SL_OPTIONS_BAD,          // its source is to be told
};

// The router that a packet passes.
struct sl_options_router {
	const uint8_t *address; // where the packet leaves it, 4 bytes; NULL = none
	uint32_t ms;            // since midnight UT
	bool (*own)(const void *context, const uint8_t *ip); // whether an address is the router's
	const void *context;
};

// Milliseconds since midnight UT at a time since 1970.
static inline uint32_t sl_options_ms(uint64_t wall_ns)
{
	return (uint32_t)(wall_ns / 1000000 % 86400000);
}

// Length of the option at p, which is not the end of the list, of which `left` bytes, at least one,
// are there; 0 where it makes no sense.
static inline size_t sl_option_len(const uint8_t *p, size_t left)
{
	if (*p == SL_OPTION_NOTHING)
		return 1;
	return left < 2 || p[1] < 2 || p[1] > left ? 0 : p[1];
}

// Look at the options of a packet whose header is whole. Those that nobody knows are good.
//
// pointer  Filled where the result is SL_OPTIONS_BAD: the byte of the packet that is wrong.
enum sl_options_verdict sl_options_check(const uint8_t *packet, uint32_t *pointer);

// Write into record route and timestamp what the router has to, and correct the checksum of the
// header. What follows an option that makes no sense is left alone.
void sl_options_fill(uint8_t *packet, const struct sl_options_router *r);

// Copy the options that the answer to a packet takes along, record route and timestamp, up to one
// that makes no sense, and pad them. Returns their length, a multiple of 4.
size_t sl_options_collect(uint8_t to[SL_OPTIONS_MAX], const uint8_t *packet);
