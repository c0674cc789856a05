#include "core/tunnel/policer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND_NS 1000000000ull
#define START_NS  (7 * SECOND_NS)

enum { MBIT = 1000000, FULL = 1420 };

// Offer packets back to back. Returns how many passed.
static unsigned offer(uint64_t *until_ns, uint64_t rate, uint64_t now_ns, size_t len, unsigned n)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < n; i++)
		passed += sl_policer_pass(until_ns, rate, now_ns, len);
	return passed;
}

static void a_quarter_of_a_second_passes_at_once(void **state)
{
	uint64_t until_ns = 0;

	(void)state;
	assert_int_equal(offer(&until_ns, 8 * MBIT, START_NS, 1000, 10000), 250);
	assert_int_equal(offer(&until_ns, 8 * MBIT, START_NS + SECOND_NS / 100, 1000, 10000), 10);
	assert_int_equal(offer(&until_ns, 8 * MBIT, START_NS + SECOND_NS, 1000, 10000), 250);
}

static void a_slow_rate_lets_some_packets_pass_at_once(void **state)
{
	uint64_t until_ns = 0;

	(void)state;
	assert_int_equal(offer(&until_ns, 8000, START_NS, 1024, 100), 16);
	assert_int_equal(offer(&until_ns, 8000, START_NS + SECOND_NS, 1000, 100), 1);
}

static void in_the_long_run_no_more_than_the_rate_passes(void **state)
{
	uint64_t until_ns = 0, bytes = 0;
	const unsigned rate = 10 * MBIT, seconds = 20;

	(void)state;
	for (uint64_t ns = 0; ns < seconds * SECOND_NS; ns += 100000)
		bytes += FULL * offer(&until_ns, rate, START_NS + ns, FULL, 1);
	assert_in_range(bytes * 8, (seconds + 0.24) * rate, (seconds + 0.26) * rate);
}

static void what_is_refused_costs_nothing(void **state)
{
	uint64_t until_ns = 0, before;

	(void)state;
	offer(&until_ns, 8 * MBIT, START_NS, FULL, 10000);
	before = until_ns;
	assert_int_equal(offer(&until_ns, 8 * MBIT, START_NS, FULL, 10000), 0);
	assert_int_equal(until_ns, before);
}

// TCP where two packets in each round trip are more than the rate: it cannot send less, so it ends
// in a timeout, and Linux's is 200 ms at least.
static void who_waits_200_ms_whenever_something_is_lost_gets_the_rate(void **state)
{
	const uint64_t rtt_ns = 200000, timeout_ns = SECOND_NS / 5 + rtt_ns;
	uint64_t until_ns = 0, ns = 0, bytes = 0;
	const unsigned rate = 10 * MBIT, seconds = 20;

	(void)state;
	while (ns < seconds * SECOND_NS) {
		unsigned passed = offer(&until_ns, rate, START_NS + ns, FULL, 2);

		bytes += FULL * passed;
		ns += passed == 2 ? rtt_ns : timeout_ns;
	}
	assert_true(bytes * 8 >= (uint64_t)seconds * rate * 95 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quarter_of_a_second_passes_at_once),
		cmocka_unit_test(a_slow_rate_lets_some_packets_pass_at_once),
		cmocka_unit_test(in_the_long_run_no_more_than_the_rate_passes),
		cmocka_unit_test(what_is_refused_costs_nothing),
		cmocka_unit_test(who_waits_200_ms_whenever_something_is_lost_gets_the_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
