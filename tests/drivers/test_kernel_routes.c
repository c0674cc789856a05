// A real kernel's tables, in a network namespace of the test's own; skipped where there may be
// none. The harness's clock is the app's: nothing here waits.

#include "tests/drivers/router_model.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { IPV4, IPV6, ICMP, LOCAL, LAN, WAN, OUTPUTS };
enum { MS = 1000000 };

static const char *const names[] = {"lan", "wan"};
static bool has_namespace;

static const char everyday[] = "kernel-routes interfaces=lan interfaces=wan devices=lan0 "
			       "devices=wan0";

struct rig {
	struct sl_harness *h;
	struct router_model told[OUTPUTS];
};

static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int run(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return system(line);
}

static void ip(const char *line)
{
	if (run("ip %s", line) != 0)
		fail_msg("ip %s", line);
}

static int enter_namespace(void **state)
{
	(void)state;
	has_namespace = unshare(CLONE_NEWNET) == 0 && run("ip link set lo up 2>/dev/null") == 0;
	if (!has_namespace)
		print_message("not root, or no iproute2: tests with the kernel are skipped\n");
	return 0;
}

static int make_devices(void **state)
{
	(void)state;
	if (!has_namespace)
		return 0;
	assert_int_equal(unshare(CLONE_NEWNET), 0); // nothing of another test
	ip("link set lo up");
	run("sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.addr_gen_mode=1");
	ip("link add lan0 type veth peer name lan1");
	ip("link add wan0 type veth peer name wan1");
	for (unsigned i = 0; i < 2; i++) {
		ip(i ? "link set wan1 up" : "link set lan1 up");
		ip(i ? "link set wan0 up" : "link set lan0 up");
	}
	ip("address add 10.0.0.1/24 dev lan0");
	ip("address add 10.0.1.1/24 dev wan0");
	return 0;
}

static struct rig *make(const char *line, unsigned link_size)
{
	struct sl_error err = {.text = ""};
	struct rig *r;

	if (!has_namespace)
		skip();
	r = calloc(1, sizeof(*r));
	r->h = sl_harness_create(
		&(struct sl_harness_options){
			.line = line, .outputs = 2, .output_names = names, .link_size = link_size},
		&err);
	assert_string_equal(err.text, "");
	assert_non_null(r->h);
	return r;
}

static void finish(struct rig *r)
{
	assert_string_equal(sl_harness_destroy(r->h), "");
	free(r);
}

static void drain(struct rig *r)
{
	for (unsigned i = 0; i < OUTPUTS; i++)
		router_model_drain(&r->told[i], r->h, i);
}

// Until all is told: the kernel has queued its events before a command of ours ends.
static void catch_up(struct rig *r)
{
	for (unsigned i = 0; i < 100; i++) {
		sl_harness_breathe(r->h);
		drain(r);
		sl_harness_advance(r->h, 20 * MS);
	}
}

// The routes but for the two connected ones.
static const char *routes(struct rig *r, unsigned output)
{
	static const char *const connected[] = {"10.0.0.0/24 if 0", "10.0.1.0/24 if 1"};
	static char text[4096];
	char *at;

	catch_up(r);
	snprintf(text, sizeof(text), "%s", router_model_text(&r->told[output], SL_CONTROL_ROUTE));
	for (unsigned i = 0; i < RTE_DIM(connected); i++)
		if ((at = strstr(text, connected[i]))) {
			size_t len = strlen(connected[i]);

			memmove(at, at + len + (at[len] == '\n'), strlen(at + len) + 1);
		}
	if (*text && text[strlen(text) - 1] == '\n')
		text[strlen(text) - 1] = '\0';
	return text;
}

static void expect(struct rig *r, const char *want)
{
	assert_string_equal(routes(r, IPV4), want);
}

static void expect6(struct rig *r, const char *want)
{
	assert_string_equal(routes(r, IPV6), want);
}

static void what_is_there_at_the_start_is_told(void **state)
{
	struct rig *r;

	(void)state;
	if (!has_namespace)
		skip();
	ip("address add fd00::1/64 dev lan0 nodad");
	ip("route add 10.1.0.0/16 via 10.0.0.2");
	ip("route add default via 10.0.1.2");
	ip("route add blackhole 10.2.0.0/16");
	ip("route add unreachable 10.3.0.0/16");
	ip("route add prohibit 10.4.0.0/16");
	ip("route add 10.5.0.0/16 via 10.0.0.2 table 100");
	ip("-6 route add fd01::/64 via fd00::2");
	ip("-6 route add fd02::/64 via fe80::2 dev wan0");
	ip("neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev lan0");
	r = make(everyday, 0);
	expect(r, "0.0.0.0/0 via 10.0.1.2 if 1\n10.1.0.0/16 via 10.0.0.2 if 0\n"
		  "10.2.0.0/16 blackhole\n10.3.0.0/16 unreachable\n10.4.0.0/16 prohibit");
	expect6(r, "fd00::/64 if 0\nfd01::/64 via fd00::2 if 0\nfd02::/64 via fe80::2 if 1");
	assert_string_equal(router_model_text(&r->told[IPV4], SL_CONTROL_ADDRESS),
			    "10.0.0.1/24 if 0\n10.0.1.1/24 if 1");
	assert_string_equal(router_model_text(&r->told[IPV6], SL_CONTROL_ADDRESS),
			    "fd00::1/64 if 0");
	assert_string_equal(router_model_text(&r->told[ICMP], SL_CONTROL_ADDRESS),
			    "10.0.0.1/24 if 0\n10.0.1.1/24 if 1\nfd00::1/64 if 0");
	assert_string_equal(router_model_text(&r->told[LOCAL], SL_CONTROL_ADDRESS),
			    "10.0.0.1/24 if 0\n10.0.1.1/24 if 1\nfd00::1/64 if 0");
	assert_string_equal(router_model_text(&r->told[WAN], SL_CONTROL_ADDRESS),
			    "10.0.1.1/24 if 1");
	assert_string_equal(router_model_text(&r->told[LAN], SL_CONTROL_NEIGHBOUR),
			    "10.0.0.9 02:00:00:00:00:09 if 0");
	assert_int_equal(sl_harness_metric(r->h, "routes"), 10);
	assert_int_equal(sl_harness_metric(r->h, "addresses"), 3);
	assert_int_equal(sl_harness_metric(r->h, "neighbours"), 1);
	assert_int_equal(sl_harness_metric(r->h, "resyncs"), 0);
	finish(r);
}

static void changes_are_followed(void **state)
{
	struct rig *r = make(everyday, 0);

	(void)state;
	expect(r, "");
	ip("route add 10.1.0.0/16 via 10.0.0.2");
	expect(r, "10.1.0.0/16 via 10.0.0.2 if 0");
	ip("route replace 10.1.0.0/16 via 10.0.1.2");
	expect(r, "10.1.0.0/16 via 10.0.1.2 if 1");
	ip("route add 10.1.0.0/24 nexthop via 10.0.0.2 weight 3 nexthop via 10.0.1.2");
	expect(r, "10.1.0.0/16 via 10.0.1.2 if 1\n"
		  "10.1.0.0/24 via 10.0.0.2 if 0 weight 3 via 10.0.1.2 if 1");
	ip("route del 10.1.0.0/16");
	ip("route del 10.1.0.0/24");
	expect(r, "");
	ip("route add 10.6.0.0/16 via 10.77.0.1 dev wan0 onlink");
	expect(r, "10.6.0.0/16 via 10.77.0.1 if 1");
	assert_int_equal(sl_harness_metric(r->h, "resyncs"), 0);
	finish(r);
}

static void best_metric_wins_and_the_next_best_follows(void **state)
{
	struct rig *r = make(everyday, 0);

	(void)state;
	ip("route add 10.1.0.0/16 via 10.0.0.2 metric 20");
	expect(r, "10.1.0.0/16 via 10.0.0.2 if 0");
	ip("route add 10.1.0.0/16 via 10.0.1.2 metric 10");
	ip("route add blackhole 10.1.0.0/16 metric 30");
	expect(r, "10.1.0.0/16 via 10.0.1.2 if 1");
	ip("route del 10.1.0.0/16 metric 10");
	expect(r, "10.1.0.0/16 via 10.0.0.2 if 0");
	ip("route del 10.1.0.0/16 metric 20");
	expect(r, "10.1.0.0/16 blackhole");
	ip("route del blackhole 10.1.0.0/16 metric 30");
	expect(r, "");
	finish(r);
}

static void ipv6_next_hops_come_and_go_one_by_one(void **state)
{
	struct rig *r = make(everyday, 0);

	(void)state;
	ip("-6 route add fd01::/64 via fe80::2 dev lan0 metric 20");
	ip("-6 route append fd01::/64 via fe80::3 dev wan0 metric 20");
	expect6(r, "fd01::/64 via fe80::2 if 0 via fe80::3 if 1");
	ip("-6 route add fd01::/64 via fe80::4 dev wan0 metric 30");
	ip("-6 route del fd01::/64 via fe80::2 dev lan0 metric 20");
	expect6(r, "fd01::/64 via fe80::3 if 1");
	ip("-6 route del fd01::/64 via fe80::3 dev wan0 metric 20");
	expect6(r, "fd01::/64 via fe80::4 if 1");
	ip("-6 route replace fd01::/64 metric 30 nexthop via fe80::5 dev lan0 "
	   "nexthop via fe80::6 dev wan0");
	expect6(r, "fd01::/64 via fe80::5 if 0 via fe80::6 if 1");
	ip("-6 route del fd01::/64 metric 30");
	expect6(r, "");
	ip("-6 route add unreachable fd03::/64");
	expect6(r, "fd03::/64 unreachable");
	finish(r);
}

static void routes_go_by_next_hop_objects(void **state)
{
	struct rig *r = make(everyday, 0);

	(void)state;
	run("sysctl -qw net.ipv4.nexthop_compat_mode=0");
	ip("nexthop add id 1 via 10.0.0.2 dev lan0");
	ip("nexthop add id 2 via 10.0.1.2 dev wan0");
	ip("nexthop add id 3 group 1,2/2,5");
	ip("nexthop add id 4 blackhole");
	ip("route add 10.1.0.0/16 nhid 3");
	ip("route add 10.2.0.0/16 nhid 1");
	ip("route add 10.3.0.0/16 nhid 4");
	expect(r, "10.1.0.0/16 via 10.0.0.2 if 0 weight 2 via 10.0.1.2 if 1 weight 5\n"
		  "10.2.0.0/16 via 10.0.0.2 if 0\n10.3.0.0/16 blackhole");
	ip("nexthop replace id 1 via 10.0.0.3 dev lan0");
	expect(r, "10.1.0.0/16 via 10.0.0.3 if 0 weight 2 via 10.0.1.2 if 1 weight 5\n"
		  "10.2.0.0/16 via 10.0.0.3 if 0\n10.3.0.0/16 blackhole");
	ip("nexthop replace id 3 group 2");
	expect(r, "10.1.0.0/16 via 10.0.1.2 if 1\n"
		  "10.2.0.0/16 via 10.0.0.3 if 0\n10.3.0.0/16 blackhole");
	ip("nexthop del id 1");
	expect(r, "10.1.0.0/16 via 10.0.1.2 if 1\n10.3.0.0/16 blackhole");
	// the same number again is another object: the kernel has removed the route
	ip("nexthop add id 1 via 10.0.0.2 dev lan0");
	expect(r, "10.1.0.0/16 via 10.0.1.2 if 1\n10.3.0.0/16 blackhole");
	run("sysctl -qw net.ipv4.nexthop_compat_mode=1");
	finish(r);
}

static void objects_there_at_the_start_are_found(void **state)
{
	struct rig *r;

	(void)state;
	if (!has_namespace)
		skip();
	ip("nexthop add id 1 via 10.0.0.2 dev lan0");
	ip("nexthop add id 3 group 1");
	ip("route add 10.1.0.0/16 nhid 3");
	r = make(everyday, 0);
	expect(r, "10.1.0.0/16 via 10.0.0.2 if 0");
	finish(r);
}

static void what_goes_by_a_link_goes_with_it(void **state)
{
	struct rig *r = make(everyday, 0);

	(void)state;
	ip("nexthop add id 1 via 10.0.0.2 dev lan0");
	ip("route add 10.1.0.0/16 via 10.0.0.2");
	ip("route add 10.2.0.0/16 nexthop via 10.0.0.2 nexthop via 10.0.1.2");
	ip("route add 10.3.0.0/16 nhid 1");
	ip("route add 10.4.0.0/16 via 10.0.0.2 metric 10");
	ip("route add 10.4.0.0/16 via 10.0.1.2 metric 20");
	catch_up(r);
	ip("link set lan0 down");
	assert_string_equal(routes(r, IPV4), "10.2.0.0/16 via 10.0.1.2 if 1\n"
					     "10.4.0.0/16 via 10.0.1.2 if 1");
	assert_string_equal(router_model_text(&r->told[ICMP], SL_CONTROL_ADDRESS),
			    "10.0.1.1/24 if 1");
	// The kernel brings the shared route's other half back without a word, and no other.
	ip("link set lan0 up");
	expect(r, "10.2.0.0/16 via 10.0.0.2 if 0 via 10.0.1.2 if 1\n"
		  "10.4.0.0/16 via 10.0.1.2 if 1");
	assert_string_equal(router_model_text(&r->told[ICMP], SL_CONTROL_ADDRESS),
			    "10.0.0.1/24 if 0\n10.0.1.1/24 if 1");
	assert_true(sl_harness_metric(r->h, "resyncs") >= 2);
	finish(r);
}

static void device_may_vanish_and_return(void **state)
{
	struct rig *r = make(everyday, 0);

	(void)state;
	ip("route add 10.1.0.0/16 via 10.0.0.2");
	catch_up(r);
	ip("link del lan0");
	expect(r, "");
	assert_string_equal(router_model_text(&r->told[IPV4], SL_CONTROL_ADDRESS),
			    "10.0.1.1/24 if 1");
	ip("link add lan0 type veth peer name lan1");
	ip("link set lan0 up");
	ip("address add 10.0.7.1/24 dev lan0");
	ip("route add 10.1.0.0/16 via 10.0.7.2");
	expect(r, "10.0.7.0/24 if 0\n10.1.0.0/16 via 10.0.7.2 if 0");
	finish(r);
}

static void routes_by_other_devices_are_not_ours(void **state)
{
	struct rig *r;

	(void)state;
	if (!has_namespace)
		skip();
	ip("link add eth7 type veth peer name eth8");
	ip("link set eth7 up");
	ip("address add 10.9.0.1/24 dev eth7");
	ip("route add default via 10.9.0.2");
	r = make(everyday, 0);
	expect(r, "");
	ip("route add 10.1.0.0/16 via 10.9.0.2");
	ip("route add 10.2.0.0/16 nexthop via 10.9.0.2 nexthop via 10.0.0.2");
	ip("route add 10.3.0.0/16 via 10.0.0.2");
	ip("route replace 10.3.0.0/16 via 10.9.0.2");
	expect(r, "10.2.0.0/16 via 10.0.0.2 if 0");
	ip("link del eth7");
	assert_string_equal(router_model_text(&r->told[ICMP], SL_CONTROL_ADDRESS),
			    "10.0.0.1/24 if 0\n10.0.1.1/24 if 1");
	finish(r);
}

static void what_the_router_cannot_do_is_counted(void **state)
{
	struct rig *r = make(everyday, 0);

	(void)state;
	catch_up(r);
	ip("address add fd00::1/64 dev lan0 nodad");
	ip("route add 10.1.0.0/16 via inet6 fd00::2 dev lan0");
	expect(r, "10.1.0.0/16 unreachable"); // not by a wider route that is not meant
	assert_int_equal(sl_harness_metric(r->h, "refused"), 1);
	ip("route add 10.2.0.0/16 tos 0x10 via 10.0.0.2");
	expect(r, "10.1.0.0/16 unreachable");
	assert_int_equal(sl_harness_metric(r->h, "refused"), 2);
	ip("route add 10.1.0.0/16 via 10.0.0.2 metric 7");
	ip("route del 10.1.0.0/16 metric 0");
	expect(r, "10.1.0.0/16 via 10.0.0.2 if 0");
	finish(r);
}

static void table_of_ones_choice_is_followed(void **state)
{
	struct rig *r = make("kernel-routes 1000 interfaces=lan interfaces=wan devices=lan0 "
			     "devices=wan0",
			     0);

	(void)state;
	assert_string_equal(routes(r, IPV4), "");
	ip("route add 10.1.0.0/16 via 10.0.0.2");
	ip("route add 10.2.0.0/16 via 10.0.0.2 table 1000");
	expect(r, "10.2.0.0/16 via 10.0.0.2 if 0");
	ip("link set wan0 down"); // a round of dumps
	expect(r, "10.2.0.0/16 via 10.0.0.2 if 0");
	finish(r);
}

static void interface_may_have_no_device(void **state)
{
	struct rig *r = make("kernel-routes interfaces=lan interfaces=wan devices=- devices=wan0",
			     0);

	(void)state;
	ip("route add 10.1.0.0/16 via 10.0.0.2");
	ip("route add 10.2.0.0/16 via 10.0.1.2");
	expect(r, "10.2.0.0/16 via 10.0.1.2 if 1");
	finish(r);
}

static void addresses_and_neighbours_come_and_go(void **state)
{
	struct rig *r = make(everyday, 0);

	(void)state;
	ip("address add 10.0.7.1/32 dev lan0");
	ip("neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev lan0");
	ip("neigh add 10.0.0.8 lladdr 02:00:00:00:00:08 nud reachable dev lan0");
	catch_up(r);
	assert_string_equal(router_model_text(&r->told[LAN], SL_CONTROL_ADDRESS),
			    "10.0.0.1/24 if 0\n10.0.7.1/32 if 0");
	assert_string_equal(router_model_text(&r->told[LAN], SL_CONTROL_NEIGHBOUR),
			    "10.0.0.9 02:00:00:00:00:09 if 0");
	ip("neigh replace 10.0.0.9 lladdr 02:00:00:00:00:0a dev lan0");
	ip("address del 10.0.7.1/32 dev lan0");
	catch_up(r);
	assert_string_equal(router_model_text(&r->told[LAN], SL_CONTROL_ADDRESS),
			    "10.0.0.1/24 if 0");
	assert_string_equal(router_model_text(&r->told[LAN], SL_CONTROL_NEIGHBOUR),
			    "10.0.0.9 02:00:00:00:00:0a if 0");
	ip("neigh del 10.0.0.9 dev lan0");
	catch_up(r);
	assert_string_equal(router_model_text(&r->told[LAN], SL_CONTROL_NEIGHBOUR), "");
	finish(r);
}

// A batch of `ip route` commands: verb and count of /24s from 10.0.x.y on.
static void batch(const char *verb, unsigned count)
{
	char path[] = "/tmp/sluice-routes-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");

	assert_non_null(f);
	for (unsigned i = 0; i < count; i++)
		fprintf(f, "route %s 11.%u.%u.0/24 via 10.0.0.2\n", verb, i / 256, i % 256);
	fclose(f);
	assert_int_equal(run("ip -batch %s", path), 0);
	unlink(path);
}

static void link_without_room_delays_and_loses_nothing(void **state)
{
	enum { LINK = SL_BURST }; // the shortest there is
	struct rig *r = make(everyday, LINK);

	(void)state;
	batch("add", 3000);
	for (unsigned i = 0; i < 100; i++) { // nobody takes anything
		sl_harness_breathe(r->h);
		sl_harness_advance(r->h, 20 * MS);
	}
	assert_int_equal(sl_harness_waiting_out(r->h, IPV4), LINK);
	for (unsigned i = 0; i < 200; i++)
		catch_up(r);
	assert_int_equal(r->told[IPV4].n, 3000 + 2 + 2);
	finish(r);
}

static void change_undone_before_it_is_told_is_not_told(void **state)
{
	struct rig *r = make(everyday, 0);
	unsigned records;

	(void)state;
	catch_up(r);
	records = r->told[IPV4].records;
	batch("add", 100);
	batch("del", 100);
	catch_up(r);
	// an event may be told before the one that undoes it is read
	assert_in_range(r->told[IPV4].records - records, 0, 200);
	assert_int_equal(r->told[IPV4].n, 2 + 2);
	finish(r);
}

static void lost_events_are_made_good(void **state)
{
	struct rig *r = make(everyday, 0);

	(void)state;
	ip("route add 10.1.0.0/16 via 10.0.0.2");
	ip("route add 10.2.0.0/16 via 10.0.0.2");
	catch_up(r);
	for (unsigned i = 0; i < 8; i++) { // more than any buffer for them holds
		batch("add", 4000);
		if (i < 7)
			batch("del", 4000);
	}
	ip("route del 10.1.0.0/16");
	ip("route replace 10.2.0.0/16 via 10.0.1.2");
	for (unsigned i = 0; i < 50; i++)
		catch_up(r);
	assert_true(sl_harness_metric(r->h, "resyncs") >= 1);
	assert_int_equal(r->told[IPV4].n, 2 + 2 + 1 + 4000);
	batch("del", 4000);
	for (unsigned i = 0; i < 10; i++)
		catch_up(r);
	expect(r, "10.2.0.0/16 via 10.0.1.2 if 1");
	finish(r);
}

static void successor_goes_on_where_the_other_was(void **state)
{
	struct rig *r = make(everyday, 0);
	struct sl_error err = {.text = ""};
	unsigned records;

	(void)state;
	ip("route add 10.1.0.0/16 via 10.0.0.2");
	ip("route add 10.2.0.0/16 via 10.0.1.2");
	ip("route add 10.3.0.0/16 via 10.0.0.2 table 1000");
	catch_up(r);
	records = r->told[IPV4].records;
	ip("route del 10.2.0.0/16");
	assert_int_equal(sl_harness_replace(r->h,
					    "kernel-routes table=1000 interfaces=lan "
					    "interfaces=wan devices=lan0 devices=wan0",
					    &err),
			 0);
	assert_string_equal(err.text, "");
	assert_string_equal(routes(r, IPV4), "10.3.0.0/16 via 10.0.0.2 if 0");
	assert_true(r->told[IPV4].records > records);
	finish(r);
}

static void everything_is_told_again_when_the_graph_changes(void **state)
{
	static const uint8_t none[6];
	struct rig *r = make(everyday, 0);

	(void)state;
	ip("route add 10.1.0.0/16 via 10.0.0.2");
	catch_up(r);
	memset(r->told, 0, sizeof(r->told)); // the listeners are new
	sl_harness_settle(r->h, "other", none);
	expect(r, "10.1.0.0/16 via 10.0.0.2 if 0");
	assert_string_equal(router_model_text(&r->told[LAN], SL_CONTROL_ADDRESS),
			    "10.0.0.1/24 if 0");
	finish(r);
}

static void refuse(const char *line, const char *text)
{
	struct sl_error err = {.text = ""};
	struct sl_harness *h = sl_harness_create(
		&(struct sl_harness_options){.line = line, .outputs = 2, .output_names = names},
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

static struct CMUnitTest with_devices(const char *name, CMUnitTestFunction f)
{
	return (struct CMUnitTest){.name = name, .test_func = f, .setup_func = make_devices};
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_are_named),
		with_devices("what_is_there_at_the_start_is_told",
			     what_is_there_at_the_start_is_told),
		with_devices("changes_are_followed", changes_are_followed),
		with_devices("best_metric_wins_and_the_next_best_follows",
			     best_metric_wins_and_the_next_best_follows),
		with_devices("ipv6_next_hops_come_and_go_one_by_one",
			     ipv6_next_hops_come_and_go_one_by_one),
		with_devices("routes_go_by_next_hop_objects", routes_go_by_next_hop_objects),
		with_devices("objects_there_at_the_start_are_found",
			     objects_there_at_the_start_are_found),
		with_devices("what_goes_by_a_link_goes_with_it", what_goes_by_a_link_goes_with_it),
		with_devices("device_may_vanish_and_return", device_may_vanish_and_return),
		with_devices("routes_by_other_devices_are_not_ours",
			     routes_by_other_devices_are_not_ours),
		with_devices("what_the_router_cannot_do_is_counted",
			     what_the_router_cannot_do_is_counted),
		with_devices("table_of_ones_choice_is_followed", table_of_ones_choice_is_followed),
		with_devices("interface_may_have_no_device", interface_may_have_no_device),
		with_devices("addresses_and_neighbours_come_and_go",
			     addresses_and_neighbours_come_and_go),
		with_devices("link_without_room_delays_and_loses_nothing",
			     link_without_room_delays_and_loses_nothing),
		with_devices("change_undone_before_it_is_told_is_not_told",
			     change_undone_before_it_is_told_is_not_told),
		with_devices("lost_events_are_made_good", lost_events_are_made_good),
		with_devices("successor_goes_on_where_the_other_was",
			     successor_goes_on_where_the_other_was),
		with_devices("everything_is_told_again_when_the_graph_changes",
			     everything_is_told_again_when_the_graph_changes),
	};

	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
