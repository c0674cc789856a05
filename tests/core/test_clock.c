#include "core/clock.h"

#include "core/eal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
// after those above
#include <cmocka.h>

#define HOUR UINT64_C(3600000000000)

static time_t asleep_s; // that the host has spent so far

// In place of the C library's.
int clock_gettime(clockid_t id, struct timespec *t)
{
	int ret = (int)syscall(SYS_clock_gettime, id, t);

	if (id == CLOCK_BOOTTIME)
		t->tv_sec += asleep_s;
	return ret;
}

// For the rate of the counter.
static int setup(void **state)
{
	static const struct sl_engine_options options;

	(void)state;
	return sl_eal_init(&options, NULL);
}

static void grows_from_there(struct sl_clock *c, uint64_t ns)
{
	uint64_t before = sl_clock_ns(c, rte_rdtsc()), after;

	usleep(1000);
	after = sl_clock_ns(c, rte_rdtsc());
	assert_true(before >= ns);
	assert_true(before < ns + HOUR);
	assert_true(after > before);
}

static void time_asleep_counts(void **state)
{
	struct sl_clock c = {0};
	uint64_t ns;

	(void)state;
	sl_clock_set(&c);
	ns = sl_clock_ns(&c, rte_rdtsc());
	asleep_s += 3600 * 3 / 2;
	sl_clock_set(&c);
	grows_from_there(&c, ns + HOUR);
}

// As if it had begun anew, or been set to that of another machine.
static void a_counter_that_jumps_does_not_stop_the_clock(void **state)
{
	static const int64_t jumps[] = {INT64_C(1) << 60, -(INT64_C(1) << 60)};

	(void)state;
	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		struct sl_clock c = {0};
		uint64_t ns;

		sl_clock_set(&c);
		ns = sl_clock_ns(&c, rte_rdtsc());
		c.tsc += (uint64_t)jumps[i];
		grows_from_there(&c, ns);
	}
}

static void time_never_goes_back(void **state)
{
	struct sl_clock c = {0};
	uint64_t ns;

	(void)state;
	sl_clock_set(&c);
	ns = sl_clock_ns(&c, rte_rdtsc());
	asleep_s -= 3600;
	sl_clock_set(&c);
	assert_true(sl_clock_ns(&c, rte_rdtsc()) >= ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_asleep_counts),
		cmocka_unit_test(a_counter_that_jumps_does_not_stop_the_clock),
		cmocka_unit_test(time_never_goes_back),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
