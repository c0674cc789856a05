// policer: lets so many bits of packets a second pass, and so many at once. Its bucket is one
// instant, until when what has passed has spent the rate (the generic cell rate algorithm, ITU-T
// I.371 annex A); 0 = nothing has.
//
// It holds a quarter of a second of the rate. What is dropped makes a sender of TCP wait: on a way
// so short that two packets in flight are more than the rate, for its shortest timeout, 200 ms in
// Linux. A bucket that is full before then throws away what the rate is meanwhile: with 100 ms of
// it, half.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_POLICER_BYTES = 16384 }; // at once, where it is more

static const uint64_t sl_policer_burst_ns = 250000000;

// How long a rate needs for so many bytes.
static inline uint64_t sl_policer_time(uint64_t bits_per_second, uint64_t bytes)
{
	return bytes * 8 * 1000000000 / bits_per_second;
}

// Whether a packet passes, which spends what it is long.
//
// until_ns  The bucket.
static inline bool sl_policer_pass(uint64_t *until_ns, uint64_t bits_per_second, uint64_t now_ns,
				   size_t len)
{
	uint64_t burst_ns = sl_policer_time(bits_per_second, SL_POLICER_BYTES);
	uint64_t from_ns = *until_ns > now_ns ? *until_ns : now_ns;
	uint64_t to_ns = from_ns + sl_policer_time(bits_per_second, len);

	if (burst_ns < sl_policer_burst_ns)
		burst_ns = sl_policer_burst_ns;
	if (to_ns > now_ns + burst_ns)
		return false;
	*until_ns = to_ns;
	return true;
}
