#include "core/clock.h"

#include <time.h>

static uint64_t read_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

void sl_clock_set(struct sl_clock *c)
{
	c->tsc = rte_rdtsc();
	c->now_ns = read_ns(CLOCK_BOOTTIME); // goes on while the host sleeps, as keys grow old
	c->wall_ns = read_ns(CLOCK_REALTIME);
	c->ns_per_tick = 1e9 / (double)rte_get_tsc_hz();
	c->trusted = rte_get_tsc_hz();
}
