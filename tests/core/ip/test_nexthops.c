#include "core/ip/nexthops.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST = 8 };

static struct sl_nexthops t;
static struct sl_sync sync_now;

static int make(void **state)
{
	(void)state;
	sync_now = (struct sl_sync){.round = 0};
	return sl_nexthops_init(&t, MOST) ? 0 : -1;
}

static int finish(void **state)
{
	(void)state;
	sl_nexthops_fini(&t);
	return 0;
}

static int add(uint32_t id, uint16_t iface, bool by_event)
{
	return sl_nexthops_add(&t,
			       &(struct sl_nexthop){.id = id, .hop = {.iface = iface, .weight = 1}},
			       &sync_now, by_event);
}

static unsigned resolve(uint32_t place, struct sl_hop *hops)
{
	uint8_t kind;
	unsigned n = sl_nexthops_resolve(&t, place, &kind, hops);

	assert_int_equal(kind, SL_ROUTE_FORWARD);
	return n;
}

static void object_may_be_named_before_it_is_known(void **state)
{
	struct sl_hop hops[SL_ROUTE_HOPS_MAX];
	uint32_t place = sl_nexthops_get(&t, 7);

	(void)state;
	assert_int_not_equal(place, 0);
	assert_int_equal(resolve(place, hops), 0);
	assert_int_equal(add(7, 3, true), 1); // somebody waits for it
	assert_int_equal(resolve(place, hops), 1);
	assert_int_equal(hops[0].iface, 3);
	assert_int_equal(add(7, 3, true), 0); // as it was
	assert_int_equal(add(7, 4, true), 1);
	sl_nexthops_put(&t, place);
	assert_int_equal(sl_nexthops_get(&t, 7), place); // the kernel still has it
}

static void group_leads_where_its_members_do(void **state)
{
	struct sl_nexthop group = {.id = 9, .n_members = 3, .members = {{1, 2}, {2, 5}, {3, 1}}};
	struct sl_hop hops[SL_ROUTE_HOPS_MAX];
	uint32_t place = sl_nexthops_get(&t, 9);

	(void)state;
	add(1, 10, true);
	add(2, 20, true);
	sl_nexthops_add(&t, &group, &sync_now, true);
	assert_int_equal(resolve(place, hops), 2); // the third is not known
	assert_int_equal(hops[0].iface, 10);
	assert_int_equal(hops[0].weight, 2);
	assert_int_equal(hops[1].weight, 5);
	sl_nexthops_remove(&t, 1, &sync_now);
	assert_int_equal(resolve(place, hops), 1);
	assert_int_equal(hops[0].iface, 20);
}

static void object_of_the_same_number_is_another(void **state)
{
	struct sl_hop hops[SL_ROUTE_HOPS_MAX];
	uint32_t before = sl_nexthops_get(&t, 7), after;

	(void)state;
	add(7, 3, true);
	sl_nexthops_remove(&t, 7, &sync_now);
	add(7, 4, true);
	after = sl_nexthops_get(&t, 7);
	assert_int_not_equal(before, after);
	assert_int_equal(resolve(before, hops), 0);
	assert_int_equal(resolve(after, hops), 1);
	sl_nexthops_put(&t, before);
	assert_int_equal(t.slots.used, 1);
}

static void what_a_round_has_not_met_goes(void **state)
{
	struct sl_hop hops[SL_ROUTE_HOPS_MAX];
	uint32_t place = sl_nexthops_get(&t, 7);

	(void)state;
	add(7, 3, true);
	add(8, 3, true);
	sync_now = (struct sl_sync){.round = 1, .under_way = true};
	add(8, 3, false);
	sl_nexthops_sweep(&t, &sync_now);
	assert_int_equal(resolve(place, hops), 0);
	sl_nexthops_put(&t, place);
	assert_int_equal(t.slots.used, 1);
}

static void event_of_a_round_has_the_last_word(void **state)
{
	(void)state;
	add(7, 3, true);
	sync_now = (struct sl_sync){.round = 1, .under_way = true};
	sl_nexthops_remove(&t, 7, &sync_now);
	sl_nexthops_remove(&t, 8, &sync_now); // not known yet
	assert_int_equal(add(7, 3, false), 0);
	assert_int_equal(add(8, 3, false), 0);
	sl_nexthops_sweep(&t, &sync_now);
	assert_int_equal(t.slots.used, 0);
}

static void more_than_there_is_room_for_is_refused(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= MOST; i++)
		assert_int_equal(add(i, 0, true), 0);
	assert_int_equal(add(MOST + 1, 0, true), -ENOSPC);
	assert_int_equal(sl_nexthops_get(&t, MOST + 1), 0);
	assert_int_not_equal(sl_nexthops_get(&t, MOST), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(object_may_be_named_before_it_is_known, make,
						finish),
		cmocka_unit_test_setup_teardown(group_leads_where_its_members_do, make, finish),
		cmocka_unit_test_setup_teardown(object_of_the_same_number_is_another, make, finish),
		cmocka_unit_test_setup_teardown(what_a_round_has_not_met_goes, make, finish),
		cmocka_unit_test_setup_teardown(event_of_a_round_has_the_last_word, make, finish),
		cmocka_unit_test_setup_teardown(more_than_there_is_room_for_is_refused, make,
						finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
