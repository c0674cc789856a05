#include "core/ip/source_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { SECOND_NS = 1000000000 };

static struct sl_source_limit *make(unsigned sources)
{
	return sl_source_limit_create(&(struct sl_source_limit_options){.rate = 10,
									.burst = 5,
									.group_rate = 100,
									.group_burst = 50,
									.groups = 3,
									.sources = sources});
}

// How many of n at that instant get a token.
static unsigned take(struct sl_source_limit *l, uint64_t source, unsigned group, uint64_t now,
		     unsigned n)
{
	unsigned got = 0;

	for (unsigned i = 0; i < n; i++)
		got += sl_source_limit_take(l, source, group, now);
	return got;
}

static void a_burst_at_once_and_then_the_rate(void **state)
{
	struct sl_source_limit *l = make(64);
	uint64_t now = SECOND_NS;

	(void)state;
	assert_int_equal(take(l, 7, 0, now, 100), 5);
	for (unsigned i = 0; i < 50; i++) {
		now += SECOND_NS / 10;
		assert_int_equal(take(l, 7, 0, now - 1, 3), 0);
		assert_int_equal(take(l, 7, 0, now, 3), 1);
	}
	now += 10 * (uint64_t)SECOND_NS;
	assert_int_equal(take(l, 7, 0, now, 100), 5);
	sl_source_limit_destroy(l);
}

static void one_source_takes_nothing_from_another(void **state)
{
	struct sl_source_limit *l = make(64);

	(void)state;
	assert_int_equal(take(l, 1, 0, SECOND_NS, 1000), 5);
	assert_int_equal(take(l, 2, 0, SECOND_NS, 1000), 5);
	assert_int_equal(take(l, 3, 1, SECOND_NS, 1000), 5);
	sl_source_limit_destroy(l);
}

// Forged sources: each has a burst, all together no more than their group's.
static void many_sources_take_nothing_from_another_group(void **state)
{
	struct sl_source_limit *l = make(64);
	unsigned got = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		got += take(l, 1000 + i, 0, SECOND_NS, 1);
	assert_int_equal(got, 50);
	assert_int_equal(take(l, 1, 1, SECOND_NS, 1000), 5);
	assert_int_equal(take(l, 1, 0, SECOND_NS, 1000), 0);
	assert_int_equal(take(l, 2, 0, SECOND_NS + SECOND_NS / 10, 1000), 5);
	sl_source_limit_destroy(l);
}

// A source that waits for its bucket to fill is not forgotten because idle ones come by.
static void a_bucket_in_use_outlives_those_that_are_full(void **state)
{
	struct sl_source_limit *l = make(4); // one set
	uint64_t now = SECOND_NS;

	(void)state;
	assert_int_equal(take(l, 7, 0, now, 100), 5);
	for (unsigned i = 0; i < 20; i++) {
		now += SECOND_NS / 10;
		assert_int_equal(take(l, 100 + i, 1, now, 1), 1);
		assert_int_equal(take(l, 7, 0, now, 3), 1);
	}
	sl_source_limit_destroy(l);
}

static void sources_are_an_address_or_a_64(void **state)
{
	static const uint8_t a4[4] = {10, 0, 0, 1}, b4[4] = {10, 0, 0, 2};
	static const uint8_t a6[16] = {0x20, 1, [7] = 1, [15] = 1}, b6[16] = {0x20, 1, [7] = 1, 9};
	static const uint8_t c6[16] = {0x20, 1, [7] = 2};

	(void)state;
	assert_true(sl_source_limit_ipv4(a4) != sl_source_limit_ipv4(b4));
	assert_true(sl_source_limit_ipv6(a6) == sl_source_limit_ipv6(b6));
	assert_true(sl_source_limit_ipv6(a6) != sl_source_limit_ipv6(c6));
	sl_source_limit_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_at_once_and_then_the_rate),
		cmocka_unit_test(one_source_takes_nothing_from_another),
		cmocka_unit_test(many_sources_take_nothing_from_another_group),
		cmocka_unit_test(a_bucket_in_use_outlives_those_that_are_full),
		cmocka_unit_test(sources_are_an_address_or_a_64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
