// clock: nanoseconds from the TSC, kept in step with the kernel's clocks.
//
// Reading costs a few cycles and no system call. The kernel's clocks are read again
// about every millisecond, so that the TSC's estimated rate cannot add up to a drift. Where a host
// was suspended, or moved to another machine, the TSC may have jumped either way: then the kernel's
// clocks are right.
#pragma once

#include <rte_cycles.h>
#include <stdint.h>

struct sl_clock {
	uint64_t tsc;       // when last set
	uint64_t now_ns;    // monotonic, of a host that never sleeps, then
	uint64_t wall_ns;   // since 1970, then
	uint64_t last_ns;   // latest time given out
	uint64_t trusted;   // ticks: what is further away is a jump
	double ns_per_tick; // of the TSC
};

// Read the kernel's clocks. Time given out never goes back.
void sl_clock_set(struct sl_clock *c);

// Monotonic ns at the TSC value `tsc`, which is the present one.
static inline uint64_t sl_clock_ns(struct sl_clock *c, uint64_t tsc)
{
	uint64_t ns;

	if (__builtin_expect(tsc - c->tsc > c->trusted, 0)) {
		sl_clock_set(c);
		tsc = c->tsc;
	}
	ns = c->now_ns + (uint64_t)((double)(tsc - c->tsc) * c->ns_per_tick);
	if (ns > c->last_ns)
		c->last_ns = ns;
	return c->last_ns;
}
