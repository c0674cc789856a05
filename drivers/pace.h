// pace: when each packet of a replay is due.
//
// A pure function of the packets so far: nothing here reads a clock. Every deadline is computed
// from the start of the replay, never from the packet before, so that no error adds up.
#pragma once

#include <sluice/error.h>
#include <stdbool.h>
#include <stdint.h>

enum sl_pace_mode {
	SL_PACE_MAX,      // at once
	SL_PACE_ORIGINAL, // by the time stamps of the capture
	SL_PACE_PACKETS,  // so many packets a second
	SL_PACE_BITS,     // so many bits of frames a second
};

struct sl_pace {
	enum sl_pace_mode mode;
	double ns_per_unit; // units are nanoseconds of the capture, packets or bits
	uint64_t units;     // behind the last packet (ORIGINAL: at it), since the start

	// ORIGINAL: the part of the time line that the present capture covers
	uint64_t base;        // units at its first packet
	uint64_t first_stamp; // of its first packet
	uint64_t packets;     // of it so far
};

// Read "max", "original", "x2" or a rate such as "5Mpps" and "2Gbps".
// Returns 0 or -EINVAL.
int sl_pace_parse(struct sl_pace *p, const char *text, struct sl_error *err);

// Count the next packet in.
//
// At original timing a packet whose time stamp lies before one already sent is due with it. The
// first packet of the next capture, or of the same one again, follows the last by the mean gap
// of the capture that ended (one of a single packet has no gap).
//
// first      It is the first of its capture.
// len_bytes  Of its frame.
//
// Returns the nanoseconds since the start of the replay at which it is due.
uint64_t sl_pace_next(struct sl_pace *p, bool first, uint64_t stamp_ns, uint32_t len_bytes);
