// More routes than a link, or the kernel's buffer of events, has room for.

#include "tests/drivers/kernel_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// A batch of `ip route` commands: verb and count of /24s from 10.0.x.y on.
static void batch(const char *verb, unsigned count)
{
	char path[] = "/tmp/sluice-routes-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");

	assert_non_null(f);
	for (unsigned i = 0; i < count; i++)
		fprintf(f, "route %s 11.%u.%u.0/24 via 10.0.0.2\n", verb, i / 256, i % 256);
	fclose(f);
	assert_int_equal(rig_run("ip -batch %s", path), 0);
	unlink(path);
}

static void link_without_room_delays_and_loses_nothing(void **state)
{
	enum { LINK = SL_BURST }; // the shortest there is
	struct rig *r = rig_make(rig_everyday, LINK);

	(void)state;
	batch("add", 3000);
	for (unsigned i = 0; i < 100; i++) // nobody takes anything
		rig_breathe(r);
	assert_int_equal(sl_harness_waiting_out(r->h, RIG_IPV4), LINK);
	for (unsigned i = 0; i < 200; i++)
		rig_catch_up(r);
	assert_int_equal(r->told[RIG_IPV4].n, 3000 + 2 + 2);
	rig_finish(r);
}

static void change_undone_before_it_is_told_is_not_told(void **state)
{
	struct rig *r = rig_make(rig_everyday, 0);
	unsigned records;

	(void)state;
	rig_catch_up(r);
	records = r->told[RIG_IPV4].records;
	batch("add", 30); // with what follows, no more than is read at once
	batch("del", 30);
	rig_catch_up(r);
	assert_int_equal(r->told[RIG_IPV4].records, records);
	assert_int_equal(r->told[RIG_IPV4].n, 2 + 2);
	rig_finish(r);
}

static void lost_events_are_made_good(void **state)
{
	struct rig *r = rig_make(rig_everyday, 0);

	(void)state;
	rig_ip("route add 10.1.0.0/16 via 10.0.0.2");
	rig_ip("route add 10.2.0.0/16 via 10.0.0.2");
	rig_catch_up(r);
	for (unsigned i = 0; i < 8; i++) { // more than any buffer for them holds
		batch("add", 4000);
		if (i < 7)
			batch("del", 4000);
	}
	rig_ip("route del 10.1.0.0/16");
	rig_ip("route replace 10.2.0.0/16 via 10.0.1.2");
	for (unsigned i = 0; i < 50; i++)
		rig_catch_up(r);
	assert_true(sl_harness_metric(r->h, "resyncs") >= 1);
	assert_int_equal(r->told[RIG_IPV4].n, 2 + 2 + 1 + 4000);
	batch("del", 4000);
	for (unsigned i = 0; i < 10; i++)
		rig_catch_up(r);
	assert_string_equal(rig_routes(r, RIG_IPV4), "10.2.0.0/16 via 10.0.1.2 if 1");
	rig_finish(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test("link_without_room_delays_and_loses_nothing",
			 link_without_room_delays_and_loses_nothing),
		rig_test("change_undone_before_it_is_told_is_not_told",
			 change_undone_before_it_is_told_is_not_told),
		rig_test("lost_events_are_made_good", lost_events_are_made_good),
	};

	return cmocka_run_group_tests(tests, rig_enter, NULL);
}
