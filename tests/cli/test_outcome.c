#include "cli/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// after the four above
#include <cmocka.h>

static const struct sl_named_count drops[] = {{"no_match", 30}, {"malformed", 0}};
static const struct sl_app_stats apps[] = {
	{.name = "in", .created = 100, .out = 100},
	{.name = "mid", .in = 90, .out = 60, .drops = drops, .n_drops = 2},
	{.name = "out", .in = 60, .consumed = 50, .held = 10},
};
static const struct sl_link_stats links[] = {
	{.from = "in",
	 .from_port = "out",
	 .to = "mid",
	 .to_port = "in",
	 .bytes = 9000,
	 .drops = 9,
	 .held = 1},
	{.from = "mid", .from_port = "out", .to = "out", .to_port = "in", .bytes = 6000},
};
static const struct sl_worker_stats workers[] = {
	{.first_ns = 2000, .last_ns = 1000000000},
	{.first_ns = 0, .last_ns = 0}, // moved nothing
	{.first_ns = 1000, .last_ns = 500001000},
};

static struct sl_stats stats(void)
{
	return (struct sl_stats){.apps = apps,
				 .n_apps = 3,
				 .links = links,
				 .n_links = 2,
				 .workers = workers,
				 .n_workers = 3};
}

static void every_packet_is_found_again(void **state)
{
	struct sl_stats s = stats();
	struct outcome o;
	char name[128];

	(void)state;
	assert_int_equal(outcome_read(&o, &s, "in", "out"), 0);
	assert_int_equal(o.in, 100);
	assert_int_equal(o.out, 50);
	assert_int_equal(o.dropped, 39);
	assert_int_equal(o.held, 11);
	assert_true(outcome_balances(&o));
	assert_int_equal(o.n_drops, 2);
	assert_string_equal(outcome_drop_name(&o.drops[0], name, sizeof(name)), "mid: no_match");
	assert_string_equal(outcome_drop_name(&o.drops[1], name, sizeof(name)),
			    "link in.out -> mid.in: full");
	outcome_fini(&o);
}

static void bytes_out_are_those_of_packets_gone(void **state)
{
	struct sl_stats s = stats();
	struct outcome o;

	(void)state;
	assert_int_equal(outcome_read(&o, &s, "in", "out"), 0);
	assert_int_equal(o.in_bytes, 9000);
	assert_int_equal(o.out_bytes, 5000);
	outcome_fini(&o);
}

static void time_spans_all_workers_that_moved(void **state)
{
	struct sl_stats s = stats();
	struct outcome o;

	(void)state;
	assert_int_equal(outcome_read(&o, &s, NULL, NULL), 0);
	assert_true(o.seconds == 0.999999);
	outcome_fini(&o);
}

static void what_a_reload_removed_counts(void **state)
{
	struct sl_stats s = stats();
	struct outcome o;

	(void)state;
	s.gone = (struct sl_gone){.created = 10, .consumed = 3, .dropped = 5, .removed = 2};
	assert_int_equal(outcome_read(&o, &s, NULL, NULL), 0);
	assert_int_equal(o.in, 110);
	assert_int_equal(o.out, 53);
	assert_int_equal(o.dropped, 46);
	assert_true(outcome_balances(&o));
	outcome_fini(&o);
}

static void a_lost_packet_is_noticed(void **state)
{
	struct sl_stats s = stats();
	struct outcome o;

	(void)state;
	s.gone.created = 1;
	assert_int_equal(outcome_read(&o, &s, "in", "out"), 0);
	assert_false(outcome_balances(&o));
	outcome_fini(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_packet_is_found_again),
		cmocka_unit_test(bytes_out_are_those_of_packets_gone),
		cmocka_unit_test(time_spans_all_workers_that_moved),
		cmocka_unit_test(what_a_reload_removed_counts),
		cmocka_unit_test(a_lost_packet_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
