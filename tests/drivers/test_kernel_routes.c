// A real kernel's tables, in a network namespace of the test's own; skipped where there may be
// none. The harness's clock is the app's: nothing here waits.

#include "tests/drivers/kernel_rig.h"

static void expect(struct rig *r, const char *want)
{
	assert_string_equal(rig_routes(r, RIG_IPV4), want);
}

static void expect6(struct rig *r, const char *want)
{
	assert_string_equal(rig_routes(r, RIG_IPV6), want);
}

static void what_is_there_at_the_start_is_told(void **state)
{
	struct rig *r;

	(void)state;
	rig_need();
	rig_ip("address add fd00::1/64 dev lan0 nodad");
	rig_ip("route add 10.1.0.0/16 via 10.0.0.2");
	rig_ip("route add default via 10.0.1.2");
	rig_ip("route add blackhole 10.2.0.0/16");
	rig_ip("route add unreachable 10.3.0.0/16");
	rig_ip("route add prohibit 10.4.0.0/16");
	rig_ip("route add 10.5.0.0/16 via 10.0.0.2 table 100");
	rig_ip("-6 route add fd01::/64 via fd00::2");
	rig_ip("-6 route add fd02::/64 via fe80::2 dev wan0");
	rig_ip("neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev lan0");
	r = rig_make(rig_everyday, 0);
	expect(r, "0.0.0.0/0 via 10.0.1.2 if 1\n10.1.0.0/16 via 10.0.0.2 if 0\n"
		  "10.2.0.0/16 blackhole\n10.3.0.0/16 unreachable\n10.4.0.0/16 prohibit");
	expect6(r, "fd00::/64 if 0\nfd01::/64 via fd00::2 if 0\nfd02::/64 via fe80::2 if 1");
	assert_string_equal(router_model_text(&r->told[RIG_IPV4], SL_CONTROL_ADDRESS),
			    "10.0.0.1/24 if 0\n10.0.1.1/24 if 1");
	assert_string_equal(router_model_text(&r->told[RIG_IPV6], SL_CONTROL_ADDRESS),
			    "fd00::1/64 if 0");
	assert_string_equal(router_model_text(&r->told[RIG_ICMP], SL_CONTROL_ADDRESS),
			    "10.0.0.1/24 if 0\n10.0.1.1/24 if 1\nfd00::1/64 if 0");
	assert_string_equal(router_model_text(&r->told[RIG_LOCAL], SL_CONTROL_ADDRESS),
			    "10.0.0.1/24 if 0\n10.0.1.1/24 if 1\nfd00::1/64 if 0");
	assert_string_equal(router_model_text(&r->told[RIG_WAN], SL_CONTROL_ADDRESS),
			    "10.0.1.1/24 if 1");
	assert_string_equal(router_model_text(&r->told[RIG_LAN], SL_CONTROL_NEIGHBOUR),
			    "10.0.0.9 02:00:00:00:00:09 if 0");
	assert_int_equal(sl_harness_metric(r->h, "routes"), 10);
	assert_int_equal(sl_harness_metric(r->h, "addresses"), 3);
	assert_int_equal(sl_harness_metric(r->h, "neighbours"), 1);
	assert_int_equal(sl_harness_metric(r->h, "resyncs"), 0);
	rig_finish(r);
}

static void changes_are_followed(void **state)
{
	struct rig *r = rig_make(rig_everyday, 0);

	(void)state;
	expect(r, "");
	rig_ip("route add 10.1.0.0/16 via 10.0.0.2");
	expect(r, "10.1.0.0/16 via 10.0.0.2 if 0");
	rig_ip("route replace 10.1.0.0/16 via 10.0.1.2");
	expect(r, "10.1.0.0/16 via 10.0.1.2 if 1");
	rig_ip("route add 10.1.0.0/24 nexthop via 10.0.0.2 weight 3 nexthop via 10.0.1.2");
	expect(r, "10.1.0.0/16 via 10.0.1.2 if 1\n"
		  "10.1.0.0/24 via 10.0.0.2 if 0 weight 3 via 10.0.1.2 if 1");
	rig_ip("route del 10.1.0.0/16");
	rig_ip("route del 10.1.0.0/24");
	expect(r, "");
	rig_ip("route add 10.6.0.0/16 via 10.77.0.1 dev wan0 onlink");
	expect(r, "10.6.0.0/16 via 10.77.0.1 if 1");
	assert_int_equal(sl_harness_metric(r->h, "resyncs"), 0);
	rig_finish(r);
}

// Two places are taken by the networks of lan0 and wan0.
static void routes_beyond_max_routes_follow_when_there_is_room(void **state)
{
	char line[200];
	struct rig *r;

	(void)state;
	rig_need();
	snprintf(line, sizeof(line), "%s max-routes=3", rig_everyday);
	r = rig_make(line, 0);
	expect(r, "");
	rig_ip("route add 10.1.0.0/16 via 10.0.0.2");
	rig_ip("route add 10.2.0.0/16 via 10.0.0.2");
	expect(r, "10.1.0.0/16 via 10.0.0.2 if 0");
	assert_int_equal(sl_harness_metric(r->h, "withheld"), 1);
	rig_ip("route del 10.1.0.0/16");
	rig_catch_up(r);
	sl_harness_advance(r->h, 1000000000);
	expect(r, "10.2.0.0/16 via 10.0.0.2 if 0");
	assert_int_equal(sl_harness_metric(r->h, "withheld"), 0);
	rig_ip("route add 10.3.0.0/16 via 10.0.0.2");
	rig_catch_up(r);
	assert_int_equal(sl_harness_metric(r->h, "withheld"), 1);
	assert_int_equal(sl_harness_replace(r->h, rig_everyday, NULL), 0);
	expect(r, "10.2.0.0/16 via 10.0.0.2 if 0\n10.3.0.0/16 via 10.0.0.2 if 0");
	rig_finish(r);
}

static void best_metric_wins_and_the_next_best_follows(void **state)
{
	struct rig *r = rig_make(rig_everyday, 0);

	(void)state;
	rig_ip("route add 10.1.0.0/16 via 10.0.0.2 metric 20");
	expect(r, "10.1.0.0/16 via 10.0.0.2 if 0");
	rig_ip("route add 10.1.0.0/16 via 10.0.1.2 metric 10");
	rig_ip("route add blackhole 10.1.0.0/16 metric 30");
	expect(r, "10.1.0.0/16 via 10.0.1.2 if 1");
	rig_ip("route del 10.1.0.0/16 metric 10");
	expect(r, "10.1.0.0/16 via 10.0.0.2 if 0");
	rig_ip("route del 10.1.0.0/16 metric 20");
	expect(r, "10.1.0.0/16 blackhole");
	rig_ip("route del blackhole 10.1.0.0/16 metric 30");
	expect(r, "");
	rig_finish(r);
}

static void ipv6_next_hops_come_and_go_one_by_one(void **state)
{
	struct rig *r = rig_make(rig_everyday, 0);

	(void)state;
	rig_ip("-6 route add fd01::/64 via fe80::2 dev lan0 metric 20");
	rig_ip("-6 route append fd01::/64 via fe80::3 dev wan0 metric 20");
	expect6(r, "fd01::/64 via fe80::2 if 0 via fe80::3 if 1");
	rig_ip("-6 route add fd01::/64 via fe80::4 dev wan0 metric 30");
	rig_ip("-6 route del fd01::/64 via fe80::2 dev lan0 metric 20");
	expect6(r, "fd01::/64 via fe80::3 if 1");
	rig_ip("-6 route del fd01::/64 via fe80::3 dev wan0 metric 20");
	expect6(r, "fd01::/64 via fe80::4 if 1");
	rig_ip("-6 route replace fd01::/64 metric 30 nexthop via fe80::5 dev lan0 "
	       "nexthop via fe80::6 dev wan0");
	expect6(r, "fd01::/64 via fe80::5 if 0 via fe80::6 if 1");
	rig_ip("-6 route del fd01::/64 metric 30");
	expect6(r, "");
	rig_ip("-6 route add unreachable fd03::/64");
	expect6(r, "fd03::/64 unreachable");
	rig_finish(r);
}

static void routes_go_by_next_hop_objects(void **state)
{
	struct rig *r = rig_make(rig_everyday, 0);

	(void)state;
	rig_run("sysctl -qw net.ipv4.nexthop_compat_mode=0");
	rig_ip("nexthop add id 1 via 10.0.0.2 dev lan0");
	rig_ip("nexthop add id 2 via 10.0.1.2 dev wan0");
	rig_ip("nexthop add id 3 group 1,2/2,5");
	rig_ip("nexthop add id 4 blackhole");
	rig_ip("route add 10.1.0.0/16 nhid 3");
	rig_ip("route add 10.2.0.0/16 nhid 1");
	rig_ip("route add 10.3.0.0/16 nhid 4");
	expect(r, "10.1.0.0/16 via 10.0.0.2 if 0 weight 2 via 10.0.1.2 if 1 weight 5\n"
		  "10.2.0.0/16 via 10.0.0.2 if 0\n10.3.0.0/16 blackhole");
	rig_ip("nexthop replace id 1 via 10.0.0.3 dev lan0");
	expect(r, "10.1.0.0/16 via 10.0.0.3 if 0 weight 2 via 10.0.1.2 if 1 weight 5\n"
		  "10.2.0.0/16 via 10.0.0.3 if 0\n10.3.0.0/16 blackhole");
	rig_ip("nexthop replace id 3 group 2");
	expect(r, "10.1.0.0/16 via 10.0.1.2 if 1\n"
		  "10.2.0.0/16 via 10.0.0.3 if 0\n10.3.0.0/16 blackhole");
	rig_ip("nexthop del id 1");
	expect(r, "10.1.0.0/16 via 10.0.1.2 if 1\n10.3.0.0/16 blackhole");
	// the same number again is another object: the kernel has removed the route
	rig_ip("nexthop add id 1 via 10.0.0.2 dev lan0");
	expect(r, "10.1.0.0/16 via 10.0.1.2 if 1\n10.3.0.0/16 blackhole");
	rig_run("sysctl -qw net.ipv4.nexthop_compat_mode=1");
	rig_finish(r);
}

static void objects_there_at_the_start_are_found(void **state)
{
	struct rig *r;

	(void)state;
	rig_need();
	rig_ip("nexthop add id 1 via 10.0.0.2 dev lan0");
	rig_ip("nexthop add id 3 group 1");
	rig_ip("route add 10.1.0.0/16 nhid 3");
	r = rig_make(rig_everyday, 0);
	expect(r, "10.1.0.0/16 via 10.0.0.2 if 0");
	rig_finish(r);
}

static void what_goes_by_a_link_goes_with_it(void **state)
{
	struct rig *r = rig_make(rig_everyday, 0);

	(void)state;
	rig_ip("nexthop add id 1 via 10.0.0.2 dev lan0");
	rig_ip("route add 10.1.0.0/16 via 10.0.0.2");
	rig_ip("route add 10.2.0.0/16 nexthop via 10.0.0.2 nexthop via 10.0.1.2");
	rig_ip("route add 10.3.0.0/16 nhid 1");
	rig_ip("route add 10.4.0.0/16 via 10.0.0.2 metric 10");
	rig_ip("route add 10.4.0.0/16 via 10.0.1.2 metric 20");
	rig_catch_up(r);
	rig_ip("link set lan0 down");
	assert_string_equal(rig_routes(r, RIG_IPV4), "10.2.0.0/16 via 10.0.1.2 if 1\n"
						     "10.4.0.0/16 via 10.0.1.2 if 1");
	assert_string_equal(router_model_text(&r->told[RIG_ICMP], SL_CONTROL_ADDRESS),
			    "10.0.1.1/24 if 1");
	// The kernel brings the shared route's other half back without a word, and no other.
	rig_ip("link set lan0 up");
	expect(r, "10.2.0.0/16 via 10.0.0.2 if 0 via 10.0.1.2 if 1\n"
		  "10.4.0.0/16 via 10.0.1.2 if 1");
	assert_string_equal(router_model_text(&r->told[RIG_ICMP], SL_CONTROL_ADDRESS),
			    "10.0.0.1/24 if 0\n10.0.1.1/24 if 1");
	assert_true(sl_harness_metric(r->h, "resyncs") >= 2);
	rig_finish(r);
}

static void device_may_vanish_and_return(void **state)
{
	struct rig *r = rig_make(rig_everyday, 0);

	(void)state;
	rig_ip("route add 10.1.0.0/16 via 10.0.0.2");
	rig_catch_up(r);
	rig_ip("link del lan0");
	expect(r, "");
	assert_string_equal(router_model_text(&r->told[RIG_IPV4], SL_CONTROL_ADDRESS),
			    "10.0.1.1/24 if 1");
	rig_ip("link add lan0 type veth peer name lan1");
	rig_ip("link set lan0 up");
	rig_ip("address add 10.0.7.1/24 dev lan0");
	rig_ip("route add 10.1.0.0/16 via 10.0.7.2");
	expect(r, "10.0.7.0/24 if 0\n10.1.0.0/16 via 10.0.7.2 if 0");
	rig_finish(r);
}

static void routes_by_other_devices_are_not_ours(void **state)
{
	struct rig *r;

	(void)state;
	rig_need();
	rig_ip("link add eth7 type veth peer name eth8");
	rig_ip("link set eth7 up");
	rig_ip("address add 10.9.0.1/24 dev eth7");
	rig_ip("route add default via 10.9.0.2");
	r = rig_make(rig_everyday, 0);
	expect(r, "");
	rig_ip("route add 10.1.0.0/16 via 10.9.0.2");
	rig_ip("route add 10.2.0.0/16 nexthop via 10.9.0.2 nexthop via 10.0.0.2");
	rig_ip("route add 10.3.0.0/16 via 10.0.0.2");
	rig_ip("route replace 10.3.0.0/16 via 10.9.0.2");
	expect(r, "10.2.0.0/16 via 10.0.0.2 if 0");
	rig_ip("link del eth7");
	assert_string_equal(router_model_text(&r->told[RIG_ICMP], SL_CONTROL_ADDRESS),
			    "10.0.0.1/24 if 0\n10.0.1.1/24 if 1");
	rig_finish(r);
}

static void what_the_router_cannot_do_is_counted(void **state)
{
	struct rig *r = rig_make(rig_everyday, 0);

	(void)state;
	rig_catch_up(r);
	rig_ip("address add fd00::1/64 dev lan0 nodad");
	rig_ip("route add 10.1.0.0/16 via inet6 fd00::2 dev lan0");
	expect(r, "10.1.0.0/16 unreachable"); // not by a wider route that is not meant
	assert_int_equal(sl_harness_metric(r->h, "refused"), 1);
	rig_ip("route add 10.2.0.0/16 tos 0x10 via 10.0.0.2");
	expect(r, "10.1.0.0/16 unreachable");
	assert_int_equal(sl_harness_metric(r->h, "refused"), 2);
	rig_ip("route add 10.1.0.0/16 via 10.0.0.2 metric 7");
	rig_ip("route del 10.1.0.0/16 metric 0");
	expect(r, "10.1.0.0/16 via 10.0.0.2 if 0");
	rig_finish(r);
}

static void table_of_ones_choice_is_followed(void **state)
{
	struct rig *r = rig_make("kernel-routes 1000 interfaces=lan interfaces=wan devices=lan0 "
				 "devices=wan0",
				 0);

	(void)state;
	assert_string_equal(rig_routes(r, RIG_IPV4), "");
	rig_ip("route add 10.1.0.0/16 via 10.0.0.2");
	rig_ip("route add 10.2.0.0/16 via 10.0.0.2 table 1000");
	expect(r, "10.2.0.0/16 via 10.0.0.2 if 0");
	rig_ip("link set wan0 down"); // a round of dumps
	expect(r, "10.2.0.0/16 via 10.0.0.2 if 0");
	rig_finish(r);
}

static void interface_may_have_no_device(void **state)
{
	struct rig *r = rig_make(
		"kernel-routes interfaces=lan interfaces=wan devices=- devices=wan0", 0);

	(void)state;
	rig_ip("route add 10.1.0.0/16 via 10.0.0.2");
	rig_ip("route add 10.2.0.0/16 via 10.0.1.2");
	expect(r, "10.2.0.0/16 via 10.0.1.2 if 1");
	rig_finish(r);
}

static void addresses_and_neighbours_come_and_go(void **state)
{
	struct rig *r = rig_make(rig_everyday, 0);

	(void)state;
	rig_ip("address add 10.0.7.1/32 dev lan0");
	rig_ip("neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev lan0");
	rig_ip("neigh add 10.0.0.8 lladdr 02:00:00:00:00:08 nud reachable dev lan0");
	rig_catch_up(r);
	assert_string_equal(router_model_text(&r->told[RIG_LAN], SL_CONTROL_ADDRESS),
			    "10.0.0.1/24 if 0\n10.0.7.1/32 if 0");
	assert_string_equal(router_model_text(&r->told[RIG_LAN], SL_CONTROL_NEIGHBOUR),
			    "10.0.0.9 02:00:00:00:00:09 if 0");
	rig_ip("neigh replace 10.0.0.9 lladdr 02:00:00:00:00:0a dev lan0");
	rig_ip("address del 10.0.7.1/32 dev lan0");
	rig_catch_up(r);
	assert_string_equal(router_model_text(&r->told[RIG_LAN], SL_CONTROL_ADDRESS),
			    "10.0.0.1/24 if 0");
	assert_string_equal(router_model_text(&r->told[RIG_LAN], SL_CONTROL_NEIGHBOUR),
			    "10.0.0.9 02:00:00:00:00:0a if 0");
	rig_ip("neigh del 10.0.0.9 dev lan0");
	rig_catch_up(r);
	assert_string_equal(router_model_text(&r->told[RIG_LAN], SL_CONTROL_NEIGHBOUR), "");
	rig_finish(r);
}

static void successor_goes_on_where_the_other_was(void **state)
{
	struct rig *r = rig_make(rig_everyday, 0);
	struct sl_error err = {.text = ""};
	unsigned records;

	(void)state;
	rig_ip("route add 10.1.0.0/16 via 10.0.0.2");
	rig_ip("route add 10.2.0.0/16 via 10.0.1.2");
	rig_ip("route add 10.3.0.0/16 via 10.0.0.2 table 1000");
	rig_catch_up(r);
	records = r->told[RIG_IPV4].records;
	rig_ip("route del 10.2.0.0/16");
	assert_int_equal(sl_harness_replace(r->h,
					    "kernel-routes table=1000 interfaces=lan "
					    "interfaces=wan devices=lan0 devices=wan0",
					    &err),
			 0);
	assert_string_equal(err.text, "");
	assert_string_equal(rig_routes(r, RIG_IPV4), "10.3.0.0/16 via 10.0.0.2 if 0");
	assert_true(r->told[RIG_IPV4].records > records);
	rig_finish(r);
}

static void everything_is_told_again_when_the_graph_changes(void **state)
{
	static const uint8_t none[6];
	struct rig *r = rig_make(rig_everyday, 0);

	(void)state;
	rig_ip("route add 10.1.0.0/16 via 10.0.0.2");
	rig_catch_up(r);
	memset(r->told, 0, sizeof(r->told)); // the listeners are new
	sl_harness_settle(r->h, "other", none);
	expect(r, "10.1.0.0/16 via 10.0.0.2 if 0");
	assert_string_equal(router_model_text(&r->told[RIG_LAN], SL_CONTROL_ADDRESS),
			    "10.0.0.1/24 if 0");
	rig_finish(r);
}

static void refuse(const char *line, const char *text)
{
	struct sl_error err = {.text = ""};
	struct sl_harness *h = sl_harness_create(
		&(struct sl_harness_options){.line = line, .outputs = 2, .output_names = rig_names},
		&err);

	if (h || !strstr(err.text, text))
		fail_msg("%s: %s '%s', not '%s'", line, h ? "taken" : "refused for", err.text,
			 text);
}

static void mistakes_are_named(void **state)
{
	(void)state;
	refuse("kernel-routes", "needs 'interfaces'");
	refuse("kernel-routes interfaces=lan", "needs 'devices'");
	refuse("kernel-routes interfaces=lan devices=a devices=b", "1 interfaces, but 2 devices");
	refuse("kernel-routes interfaces=lan devices=abcdefghijklmnop", "is no name of a device");
	refuse("kernel-routes interfaces=a interfaces=b devices=x devices=x",
	       "device 'x' stands for two interfaces");
	refuse("kernel-routes interfaces=lan devices=nosuch0",
	       "there is no device 'nosuch0' for 'lan'");
	refuse("kernel-routes mine interfaces=lan devices=lo", "'mine' is no table");
	refuse("kernel-routes 0 interfaces=lan devices=lo", "'0' is no table");
	refuse("kernel-routes 255 interfaces=lan devices=lo", "'255' is no table");
	refuse("kernel-routes 4294967296 interfaces=lan devices=lo", "is no table");
	refuse("kernel-routes -1 interfaces=lan devices=lo", "'-1' is no table");
	refuse("kernel-routes local interfaces=lan devices=lo", "the kernel's own");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_are_named),
		rig_test("what_is_there_at_the_start_is_told", what_is_there_at_the_start_is_told),
		rig_test("changes_are_followed", changes_are_followed),
		rig_test("routes_beyond_max_routes_follow_when_there_is_room",
			 routes_beyond_max_routes_follow_when_there_is_room),
		rig_test("best_metric_wins_and_the_next_best_follows",
			 best_metric_wins_and_the_next_best_follows),
		rig_test("ipv6_next_hops_come_and_go_one_by_one",
			 ipv6_next_hops_come_and_go_one_by_one),
		rig_test("routes_go_by_next_hop_objects", routes_go_by_next_hop_objects),
		rig_test("objects_there_at_the_start_are_found",
			 objects_there_at_the_start_are_found),
		rig_test("what_goes_by_a_link_goes_with_it", what_goes_by_a_link_goes_with_it),
		rig_test("device_may_vanish_and_return", device_may_vanish_and_return),
		rig_test("routes_by_other_devices_are_not_ours",
			 routes_by_other_devices_are_not_ours),
		rig_test("what_the_router_cannot_do_is_counted",
			 what_the_router_cannot_do_is_counted),
		rig_test("table_of_ones_choice_is_followed", table_of_ones_choice_is_followed),
		rig_test("interface_may_have_no_device", interface_may_have_no_device),
		rig_test("addresses_and_neighbours_come_and_go",
			 addresses_and_neighbours_come_and_go),
		rig_test("successor_goes_on_where_the_other_was",
			 successor_goes_on_where_the_other_was),
		rig_test("everything_is_told_again_when_the_graph_changes",
			 everything_is_told_again_when_the_graph_changes),
	};

	return cmocka_run_group_tests(tests, rig_enter, NULL);
}
