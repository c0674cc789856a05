// ipv4-route and ipv6-route: changes by the kernel and of the file.

#include "tests/apps/route_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

// ---- the kernel's routes

static struct rte_mbuf *records(struct sl_harness *h)
{
	struct rte_mbuf *m;

	assert_true(sl_alloc_burst(sl_harness_app(h)->pool, &m, 1));
	return m;
}

static void say(struct sl_harness *h, const struct sl_control *c)
{
	struct rte_mbuf *m = records(h);

	assert_true(sl_control_put(m, c));
	sl_harness_feed_packet(h, CONTROL, m);
	sl_harness_advance(h, 1);
	sl_harness_breathe(h);
	sl_harness_tick(h);
}

static struct sl_control kernel_route(const char *prefix, const char *gateway, uint16_t iface)
{
	struct sl_control c = {.kind = SL_CONTROL_ROUTE, .route = {.n_hops = 1}};

	assert_true(sl_prefix_parse(prefix, &c.route.prefix));
	c.route.hops[0].weight = 1;
	c.route.hops[0].iface = iface;
	if (gateway)
		assert_true(sl_ip_parse(gateway, &c.route.hops[0].gateway));
	return c;
}

static void say_route(struct sl_harness *h, const char *prefix, const char *gateway, uint16_t iface)
{
	struct sl_control c = kernel_route(prefix, gateway, iface);

	say(h, &c);
}

static void unsay_route(struct sl_harness *h, const char *prefix)
{
	struct sl_control c = kernel_route(prefix, NULL, 0);

	c.remove = true;
	say(h, &c);
}

static void say_address(struct sl_harness *h, const char *address, uint16_t iface, bool remove)
{
	struct sl_control c = {.kind = SL_CONTROL_ADDRESS, .iface = iface, .remove = remove};

	assert_true(sl_prefix_parse(address, &c.address));
	say(h, &c);
}

static void routes_of_the_kernel_come_and_go(void **state)
{
	struct sl_harness *h = make(V4);

	(void)state;
	say_route(h, "172.16.0.0/12", "192.0.2.2", 1);
	assert_int_equal(sl_harness_metric(h, "kernel_routes"), 1);
	to("172.16.0.1");
	leaves(h, WAN);
	expect_forwarded("192.0.2.2", 1);
	say_route(h, "172.16.0.0/12", "10.0.0.5", 0);
	leaves(h, LAN);
	expect_forwarded("10.0.0.5", 0);
	unsay_route(h, "172.16.0.0/12");
	expect_error(h, SL_IP_NO_ROUTE);
	unsay_route(h, "172.16.0.0/12");
	assert_int_equal(sl_harness_metric(h, "kernel_routes"), 0);
	assert_int_equal(sl_harness_metric(h, "changes"), 4);
	assert_int_equal(sl_harness_metric(h, "refused"), 0);
	done(h);
}

static void routes_of_the_file_hide_those_of_the_kernel(void **state)
{
	struct sl_harness *h = make(V4);

	(void)state;
	say_route(h, "10.1.0.0/16", "192.0.2.2", 1);
	to("10.1.0.1");
	leaves(h, LAN);
	say_route(h, "10.0.0.0/24", "192.0.2.2", 1);
	to("10.0.0.7");
	leaves(h, LAN);
	done(h);
}

static void groups_and_link_local_stay_local_whatever_the_kernel_says(void **state)
{
	struct sl_harness *h4 = make(V4), *h6 = make(V6);

	(void)state;
	say_route(h6, "fe80::/64", NULL, 1);
	say_route(h6, "ff00::/8", NULL, 1);
	to("fe80::9");
	leaves(h6, LOCAL);
	to("ff02::9");
	leaves(h6, LOCAL);
	say_route(h4, "224.0.0.0/4", NULL, 1);
	to("224.0.0.9");
	leaves(h4, LOCAL);
	say_route(h4, "fd07::/16", NULL, 1); // of the other family: none of its business
	assert_int_equal(sl_harness_metric(h4, "kernel_routes"), 0);
	done(h4);
	done(h6);
}

static void next_hops_elsewhere_are_left_out(void **state)
{
	struct sl_control c = kernel_route("172.16.0.0/12", "192.0.2.2", 7);
	struct sl_harness *h = make(V4);

	(void)state;
	say(h, &c); // on an interface that is not ours
	to("172.16.0.1");
	expect_error(h, SL_IP_REJECTED);
	c.route.n_hops = 2;
	c.route.hops[1] = (struct sl_route_hop){.iface = 1, .weight = 1};
	say(h, &c);
	leaves(h, WAN);
	expect_forwarded("172.16.0.1", 1);
	done(h);
}

static void addresses_of_the_kernel_are_local(void **state)
{
	struct sl_harness *h = make(V4);

	(void)state;
	say_address(h, "172.16.5.1/24", 1, false);
	say_address(h, "172.16.5.2/24", 1, false);
	say_route(h, "172.16.5.1/32", NULL, 1); // as the kernel has for some: does not matter
	to("172.16.5.1");
	leaves(h, LOCAL);
	to("172.16.5.255");
	leaves(h, LOCAL);
	ip_build(&p, "172.16.5.2", "10.1.2.3", SL_PROTO_UDP, NULL, 100); // and nobody else's
	is_dropped(h, IN, "martian_source");
	to("172.16.5.255");
	say_address(h, "172.16.5.1/24", 1, true);
	leaves(h, LOCAL); // the other address has the same broadcast
	to("172.16.5.1");
	leaves(h, WAN);
	say_address(h, "172.16.5.2/24", 1, true);
	to("172.16.5.255");
	expect_error(h, SL_IP_NO_ROUTE);
	say_address(h, "10.0.0.1/24", 0, false); // both: stays with the file
	say_address(h, "10.0.0.1/24", 0, true);
	to("10.0.0.1");
	leaves(h, LOCAL);
	done(h);
}

static void more_routes_than_allowed_are_refused_and_counted(void **state)
{
	struct sl_harness *h = make(V4 "max-routes=2");

	(void)state;
	say_route(h, "172.16.0.0/16", "192.0.2.2", 1);
	say_route(h, "172.17.0.0/16", "192.0.2.2", 1);
	say_route(h, "172.18.0.0/16", "192.0.2.2", 1);
	assert_int_equal(sl_harness_metric(h, "refused"), 1);
	say_route(h, "172.17.0.0/16", "10.0.0.2", 0); // a change of one that is there
	assert_int_equal(sl_harness_metric(h, "refused"), 1);
	to("172.17.0.1");
	leaves(h, LAN);
	to("172.18.0.1");
	expect_error(h, SL_IP_NO_ROUTE);
	done(h);
}

// Many changes at once are done a portion at a time, with packets between them.
static void changes_are_done_in_portions(void **state)
{
	struct sl_harness *h = make(V4);
	unsigned breaths = 0;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct rte_mbuf *m = records(h);

		for (unsigned k = 0; k < 30; k++) {
			struct sl_control c = kernel_route("172.16.0.0/24", "192.0.2.2", 1);

			c.route.prefix.ip.bytes[1] = (uint8_t)(16 + i % 16);
			c.route.prefix.ip.bytes[2] = (uint8_t)(k + 100 * (i / 16));
			assert_true(sl_control_put(m, &c));
		}
		sl_harness_feed_packet(h, CONTROL, m);
	}
	to("10.1.0.1");
	while (sl_harness_metric(h, "changes") < 600) {
		uint64_t before = sl_harness_metric(h, "changes");

		leaves(h, LAN);
		sl_harness_tick(h);
		assert_in_range(sl_harness_metric(h, "changes") - before, 1, 150);
		sl_harness_advance(h, 1000);
		breaths++;
	}
	sl_harness_tick(h);
	assert_true(breaths >= 4);
	assert_int_equal(sl_harness_metric(h, "kernel_routes"), 600);
	done(h);
}

static void a_packet_that_is_no_record_is_absorbed(void **state)
{
	struct sl_harness *h = make(V4);

	(void)state;
	for (uint16_t len = 0; len < 200; len++) {
		uint8_t bytes[200];

		for (unsigned i = 0; i < len; i++)
			bytes[i] = (uint8_t)rand();
		assert_true(sl_harness_feed(h, CONTROL, bytes, len));
	}
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_waiting_in(h, CONTROL), 0);
	done(h);
}

// ---- changes of the file

static void change(struct sl_harness *h, const char *line)
{
	struct sl_error err = {0};

	if (sl_harness_replace(h, line, &err) < 0)
		fail_msg("%s", err.text);
}

static void a_change_of_the_file_keeps_the_kernels_routes(void **state)
{
	struct sl_harness *h = make(V4);

	(void)state;
	say_route(h, "172.16.0.0/12", "192.0.2.2", 1);
	say_route(h, "10.1.0.0/16", "192.0.2.2", 1);
	say_address(h, "172.31.0.1/24", 1, false);
	change(h, "ipv4-route interfaces=lan interfaces=wan addresses='lan 10.0.0.1/24' "
		  "routes='10.2.0.0/16 via 10.0.0.8 dev lan' routes='10.5.0.0/16 prohibit'");
	to("172.16.0.1");
	leaves(h, WAN);
	to("172.31.0.1");
	leaves(h, LOCAL);
	to("10.1.0.1"); // the file's is gone, the kernel's is back
	leaves(h, WAN);
	expect_next_hop("192.0.2.2");
	to("10.2.0.1"); // changed
	leaves(h, LAN);
	expect_next_hop("10.0.0.8");
	to("10.5.0.1"); // new
	expect_error(h, SL_IP_PROHIBITED);
	to("192.0.2.1"); // its address is gone
	expect_error(h, SL_IP_NO_ROUTE);
	to("10.9.0.1");
	expect_error(h, SL_IP_NO_ROUTE);
	say_address(h, "172.31.0.1/24", 1, true);
	to("172.31.0.1");
	leaves(h, WAN);
	done(h);
}

static void interfaces_are_known_by_their_names(void **state)
{
	struct sl_harness *h = make(V4);

	(void)state;
	say_route(h, "172.16.0.0/16", "192.0.2.2", 1);
	say_route(h, "172.17.0.0/16", "10.0.0.2", 0);
	change(h, "ipv4-route interfaces=dmz interfaces=wan interfaces=lan "
		  "addresses='lan 10.0.0.1/24'");
	to("172.16.0.1");
	leaves(h, WAN);
	assert_int_equal(got.meta.iface_out, 1);
	to("172.17.0.1");
	leaves(h, LAN);
	assert_int_equal(got.meta.iface_out, 2);
	change(h, "ipv4-route interfaces=lan addresses='lan 10.0.0.1/24'");
	leaves(h, LAN);
	assert_int_equal(got.meta.iface_out, 0);
	to("172.16.0.1");
	is_dropped(h, IN, "no_interface");
	done(h);
}

static void another_size_keeps_the_routes_that_fit(void **state)
{
	struct sl_harness *h = make(V4 "max-routes=10");

	(void)state;
	say_route(h, "172.16.0.0/16", "192.0.2.2", 1);
	change(h, V4 "max-routes=1000");
	to("172.16.0.1");
	leaves(h, WAN);
	expect_forwarded("192.0.2.2", 1);
	sl_harness_tick(h);
	assert_int_equal(sl_harness_metric(h, "kernel_routes"), 1);
	done(h);
}

static void a_change_in_the_midst_of_changes_loses_none(void **state)
{
	struct sl_harness *h = make(V4);
	struct rte_mbuf *m = records(h);

	(void)state;
	for (unsigned i = 0; i < 3; i++) { // /8: more than a breath's portion
		struct sl_control c = kernel_route("20.0.0.0/8", "192.0.2.2", 1);

		c.route.prefix.ip.bytes[0] = (uint8_t)(20 + i);
		assert_true(sl_control_put(m, &c));
	}
	sl_harness_feed_packet(h, CONTROL, m);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_app(h)->held, 1);
	change(h, V4 "max-routes=99999");
	to("22.0.0.1");
	leaves(h, WAN);
	assert_int_equal(sl_harness_app(h)->held, 0);
	done(h);
}

static const char *const outputs[] = {"lan", "wan"};

static void refuses(const char *line, const char *text)
{
	struct sl_harness_options o = {.line = line, .outputs = 2, .output_names = outputs};
	struct sl_error err = {0};

	assert_null(sl_harness_create(&o, &err));
	assert_string_equal(err.text, text);
}

static void mistakes_in_the_file_are_named(void **state)
{
	(void)state;
	refuses("ipv4-route interfaces=lan routes='10.0.0.0/8 dev wan'",
		"routes: '10.0.0.0/8 dev wan': 'wan' is not the name of an interface");
	refuses("ipv4-route interfaces=lan interfaces=lan", "interface 'lan' is there twice");
	refuses("ipv4-route interfaces=lan mtus=67", "mtus: '67' is not from 68 to 65535");
	refuses("ipv4-route interfaces=lan mtus=1500 mtus=1500", "mtus: 2 for 1 interfaces");
	refuses("ipv4-route interfaces=lan addresses='wan 10.0.0.1/8'",
		"address 'wan 10.0.0.1/8': no interface of that name");
	refuses("ipv4-route interfaces=lan routes='10.0.0.0/8 dev lan' "
		"routes='10.0.0.0/8 blackhole'",
		"routes: 10.0.0.0/8 has two routes");
	refuses("ipv6-route interfaces=lan routes='10.0.0.0/8 dev lan'",
		"routes: '10.0.0.0/8 dev lan': '10.0.0.0/8' is not an IPv6 prefix");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_of_the_kernel_come_and_go),
		cmocka_unit_test(routes_of_the_file_hide_those_of_the_kernel),
		cmocka_unit_test(groups_and_link_local_stay_local_whatever_the_kernel_says),
		cmocka_unit_test(next_hops_elsewhere_are_left_out),
		cmocka_unit_test(addresses_of_the_kernel_are_local),
		cmocka_unit_test(more_routes_than_allowed_are_refused_and_counted),
		cmocka_unit_test(changes_are_done_in_portions),
		cmocka_unit_test(a_packet_that_is_no_record_is_absorbed),
		cmocka_unit_test(a_change_of_the_file_keeps_the_kernels_routes),
		cmocka_unit_test(interfaces_are_known_by_their_names),
		cmocka_unit_test(another_size_keeps_the_routes_that_fit),
		cmocka_unit_test(a_change_in_the_midst_of_changes_loses_none),
		cmocka_unit_test(mistakes_in_the_file_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
