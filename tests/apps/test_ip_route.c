// ipv4-route and ipv6-route: what becomes of packets.

#include "tests/apps/route_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

// ---- kinds of destinations

static void ipv4_goes_to_its_next_hop(void **state)
{
	struct sl_harness *h = make(V4);

	(void)state;
	to("10.1.2.3");
	leaves(h, LAN);
	expect_forwarded("10.0.0.2", 0);
	to("10.2.2.3");
	leaves(h, WAN);
	expect_forwarded("192.0.2.2", 1);
	to("10.0.0.7"); // on the link
	leaves(h, LAN);
	expect_forwarded("10.0.0.7", 0);
	assert_int_equal(sl_harness_metric(h, "forwarded_packets"), 3);
	done(h);
}

static void ipv6_goes_to_its_next_hop(void **state)
{
	struct sl_harness *h = make(V6);

	(void)state;
	to("fd01::3");
	leaves(h, LAN);
	expect_forwarded("fd00::2", 0);
	to("fd02::3");
	leaves(h, WAN);
	expect_forwarded("fe80::2", 1);
	to("fd00::7");
	leaves(h, LAN);
	expect_forwarded("fd00::7", 0);
	done(h);
}

static void what_is_not_forwarded_goes_to_local_as_it_came(void **state)
{
	static const char *const locals4[] = {"10.0.0.1",  "192.0.2.1", "10.0.0.255",
					      "192.0.2.3", "224.0.0.5", "255.255.255.255"};
	static const char *const locals6[] = {"fd00::1", "ff02::1", "ff0e::5", "fe80::1",
					      "febf::1"};
	struct sl_harness *h4 = make(V4), *h6 = make(V6);

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(locals4); i++) {
		to(locals4[i]);
		set_hops(&p, 1);
		leaves(h4, LOCAL);
		expect_untouched();
	}
	for (unsigned i = 0; i < RTE_DIM(locals6); i++) {
		to(locals6[i]);
		set_hops(&p, 1);
		leaves(h6, LOCAL);
		expect_untouched();
	}
	done(h4);
	done(h6);
}

static void routes_that_refuse_say_why(void **state)
{
	struct sl_harness *h4 = make(V4), *h6 = make(V6);

	(void)state;
	to("172.16.0.1");
	expect_error(h4, SL_IP_NO_ROUTE);
	to("10.10.0.1");
	expect_error(h4, SL_IP_REJECTED);
	to("10.11.0.1");
	expect_error(h4, SL_IP_PROHIBITED);
	to("10.9.0.1");
	is_dropped(h4, IN, "blackhole");
	to("2001:db8::1");
	expect_error(h6, SL_IP_NO_ROUTE);
	to("fd10::1");
	expect_error(h6, SL_IP_REJECTED);
	to("fd11::1");
	expect_error(h6, SL_IP_PROHIBITED);
	to("fd09::1");
	is_dropped(h6, IN, "blackhole");
	done(h4);
	done(h6);
}

// RFC 1812 section 5.3.7, and those for the router no more than the others.
static void packets_from_outside_do_not_come_from_the_router(void **state)
{
	static const char *const own4[] = {"10.0.0.1", "192.0.2.1", "10.0.0.255", "192.0.2.3"};
	static const char *const own6[] = {"fd00::1", "fd00::"};
	struct sl_harness *h4 = make(V4), *h6 = make(V6);

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(own4); i++) {
		ip_build(&p, own4[i], "10.1.2.3", SL_PROTO_UDP, NULL, 100);
		is_dropped(h4, IN, "martian_source");
		ip_build(&p, own4[i], "10.0.0.1", SL_PROTO_UDP, NULL, 100);
		is_dropped(h4, IN, "martian_source");
	}
	for (unsigned i = 0; i < RTE_DIM(own6); i++) {
		ip_build(&p, own6[i], "fd01::3", SL_PROTO_UDP, NULL, 100);
		is_dropped(h6, IN, "martian_source");
	}
	ip_build(&p, "10.5.0.1", "10.1.2.3", SL_PROTO_UDP, NULL, 100); // ends like one of ours
	leaves(h4, LAN);
	ip_build(&p, "fd00:1::1", "fd01::3", SL_PROTO_UDP, NULL, 100);
	leaves(h6, LAN);
	ip_build(&p, "10.0.0.1", "10.1.2.3", SL_PROTO_UDP, NULL, 100);
	leaves_from(h4, SELF, LAN);
	done(h4);
	done(h6);
}

// Make p a UDP packet to an address, with these options, a multiple of four bytes.
static void to_with_options(const char *dst, const uint8_t *options, size_t n)
{
	to(dst);
	memmove(p.bytes + 20 + n, p.bytes + 20, p.len - 20);
	memcpy(p.bytes + 20, options, n);
	p.bytes[0] = (uint8_t)(0x45 + n / 4);
	p.len += (uint32_t)n;
	ip_seal(&p);
}

static const uint8_t record[12] = {7, 11, 4};

// RFC 1812 section 5.3.13.5: with the address of the interface that the packet leaves by.
static void routes_are_recorded_in_packets_on_their_way(void **state)
{
	struct sl_harness *h = make(V4);

	(void)state;
	to_with_options("10.2.2.3", record, sizeof(record));
	leaves(h, WAN);
	assert_memory_equal(got.bytes + 20, ((uint8_t[]){7, 11, 8, 192, 0, 2, 1, 0}), 8);
	assert_int_equal(ip_checksum(got.bytes, 32, NULL), 0);
	assert_int_equal(got.bytes[8], p.bytes[8] - 1);
	p = got;
	p.meta.iface_in = 0;
	memcpy(p.bytes + 16, (uint8_t[]){10, 1, 2, 3}, 4);
	ip_seal(&p);
	leaves(h, LAN);
	assert_memory_equal(got.bytes + 20, ((uint8_t[]){7, 11, 12, 192, 0, 2, 1, 10, 0, 0, 1}),
			    11);
	to_with_options("10.1.2.3", record, sizeof(record));
	leaves_from(h, SELF, LAN); // whoever made it knows what to write
	expect_untouched();
	done(h);
}

// What will be quoted, or is for the router, stays as it came.
static void routes_are_recorded_in_no_other_packets(void **state)
{
	struct sl_harness *h = make(V4);

	(void)state;
	to_with_options("10.0.0.1", record, sizeof(record));
	leaves(h, LOCAL);
	expect_untouched();
	to_with_options("10.1.2.3", record, sizeof(record));
	set_hops(&p, 1);
	expect_error(h, SL_IP_TTL_EXCEEDED);
	ip_build(&p, "10.0.0.9", "10.2.2.3", SL_PROTO_UDP, NULL, 1450);
	p.bytes[0] = 0x48; // the payload's first bytes
	memcpy(p.bytes + 20, record, sizeof(record));
	p.bytes[6] = 0x40;
	ip_seal(&p);
	leaves(h, BIG);
	expect_untouched();
	p.bytes[6] = 0; // divided, and so on its way
	ip_seal(&p);
	leaves(h, BIG);
	assert_memory_equal(got.bytes + 20, ((uint8_t[]){7, 11, 8, 192, 0, 2, 1, 0}), 8);
	done(h);
}

static void bad_options_are_pointed_at(void **state)
{
	struct sl_harness *h = make(V4);

	(void)state;
	to_with_options("10.1.2.3", (uint8_t[]){1, 7, 7, 5, 0, 0, 0, 0}, 8);
	expect_error(h, SL_IP_PARAM_HEADER);
	assert_int_equal(got.meta.pointer, 23);
	done(h);
}

// Of a graph that is wired wrongly.
static void what_has_no_whole_header_is_dropped(void **state)
{
	struct sl_harness *h = make(V4);

	(void)state;
	to("10.1.2.3");
	p.bytes[0] = 0x4f;
	p.len = 40;
	is_dropped(h, IN, "no_ip");
	p.bytes[0] = 0x65;
	is_dropped(h, IN, "no_ip");
	done(h);
}

// RFC 7126 sections 4.3 and 4.4.
static void source_routes_are_dropped(void **state)
{
	static const uint8_t route[] = {131, 7, 4, 10, 0, 0, 2, 0};
	struct sl_harness *h = make(V4);

	(void)state;
	to_with_options("10.1.2.3", route, sizeof(route));
	is_dropped(h, IN, "source_route");
	to_with_options("10.0.0.1", route, sizeof(route));
	is_dropped(h, IN, "source_route");
	done(h);
}

// RFC 4291 section 2.5.6, RFC 3927 section 7.
static void packets_from_a_link_local_address_stay_on_their_link(void **state)
{
	struct sl_harness *h = make(V6), *h4 = make(V4 "addresses='lan 169.254.1.1/24'");

	(void)state;
	ip_build(&p, "fe80::9", "fd01::3", SL_PROTO_UDP, NULL, 8);
	expect_error(h, SL_IP_BEYOND_SCOPE);
	ip_build(&p, "fe80::9", "fd00::1", SL_PROTO_UDP, NULL, 8);
	leaves(h, LOCAL);
	ip_build(&p, "169.254.1.9", "10.1.2.3", SL_PROTO_UDP, NULL, 8);
	is_dropped(h4, IN, "link_local");
	ip_build(&p, "10.0.0.9", "169.254.1.9", SL_PROTO_UDP, NULL, 8);
	is_dropped(h4, IN, "link_local");
	done(h);
	done(h4);
}

// ---- the router's own packets

// Who has no source gets the address of the interface in whose subnet the next hop is, and stays
// right.
static void own_packets_get_the_address_towards_their_next_hop(void **state)
{
	static const struct {
		const char *dst, *source;
		unsigned output;
	} ways[] = {
		{"10.1.2.3", "10.0.0.1", LAN}, {"10.2.2.3", "192.0.2.1", WAN},
		{"10.0.0.7", "10.0.0.1", LAN}, {"10.0.0.1", "10.0.0.1", LOCAL},
		{"10.4.0.1", "10.7.0.1", LAN},
	};
	struct sl_harness *h = make(V4 "addresses='lan 10.7.0.1/24' routes='10.4.0.0/16 via "
				       "10.7.0.2 dev lan'");

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(ways); i++) {
		struct ip_packet wanted;

		ip_build(&p, "0.0.0.0", ways[i].dst, SL_PROTO_ICMP, NULL, 40);
		ip_build(&wanted, ways[i].source, ways[i].dst, SL_PROTO_ICMP, NULL, 40);
		leaves_from(h, SELF, ways[i].output);
		assert_memory_equal(got.bytes, wanted.bytes, wanted.len);
	}
	ip_build(&p, "0.0.0.0", "10.1.2.3", SL_PROTO_UDP, NULL, 40);
	leaves(h, LAN); // of others, the source is none of our business here
	assert_int_equal(load_be32(got.bytes + 12), 0);
	done(h);
}

static void own_packets_of_ipv6_get_an_address_of_the_interface(void **state)
{
	struct sl_harness *h = make(V6);

	(void)state;
	ip_build(&p, "::", "fd02::3", SL_PROTO_ICMPV6, NULL, 40); // wan has none: that of lan
	leaves_from(h, SELF, WAN);
	ip_build(&p, "fd00::1", "fd02::3", SL_PROTO_ICMPV6, NULL, 40);
	expect_untouched();
	done(h);
	h = make("ipv6-route interfaces=lan interfaces=wan routes='fd02::/16 dev wan'");
	ip_build(&p, "::", "fd02::3", SL_PROTO_ICMPV6, NULL, 40);
	is_dropped(h, SELF, "no_source");
	done(h);
}

// A tunnel may know of a smaller link on its way than the first.
static void own_packets_bring_a_limit_with_them(void **state)
{
	struct sl_harness *h = make(V6);

	(void)state;
	ip_build(&p, "fd00::1", "fd02::3", SL_PROTO_UDP, NULL, 1340);
	p.meta.mtu = 1300;
	leaves_from(h, SELF, BIG);
	assert_int_equal(got.meta.mtu, 1300);
	ip_build(&p, "fd00::9", "fd02::3", SL_PROTO_UDP, NULL, 1340);
	p.meta.mtu = 1300;
	leaves(h, WAN); // what others' packets bring there means nothing
	ip_build(&p, "fd00::1", "fd02::3", SL_PROTO_UDP, NULL, 1340);
	p.meta.mtu = 1450;
	leaves_from(h, SELF, WAN);
	ip_build(&p, "fd00::1", "fd02::3", SL_PROTO_UDP, NULL, 1400);
	p.meta.mtu = 1450;
	leaves_from(h, SELF, BIG);
	assert_int_equal(got.meta.mtu, 1400);
	done(h);
}

// ---- TTL

static void hops_run_out(void **state)
{
	struct sl_harness *h4 = make(V4), *h6 = make(V6);

	(void)state;
	for (uint8_t hops = 0; hops < 2; hops++) {
		to("10.1.2.3");
		set_hops(&p, hops);
		expect_error(h4, SL_IP_TTL_EXCEEDED);
		to("fd01::3");
		set_hops(&p, hops);
		expect_error(h6, SL_IP_TTL_EXCEEDED);
	}
	to("10.1.2.3");
	set_hops(&p, 2);
	leaves(h4, LAN);
	expect_forwarded("10.0.0.2", 0);
	to("fd01::3");
	set_hops(&p, 255);
	leaves(h6, LAN);
	expect_forwarded("fd00::2", 0);
	done(h4);
	done(h6);
}

// RFC 1624: every checksum that a header can have is right after the decrement, too.
static void any_checksum_stays_right(void **state)
{
	struct sl_harness *h = make(V4);

	(void)state;
	to("10.1.2.3");
	for (unsigned id = 0; id < 65536; id += 64) {
		for (unsigned i = 0; i < 64; i++) {
			store_be16(p.bytes + 4, (uint16_t)(id + i));
			set_hops(&p, (uint8_t)(2 + (id + i) % 254));
			assert_true(ip_feed(h, IN, &p));
		}
		sl_harness_breathe(h);
		for (unsigned i = 0; i < 64; i++) {
			struct rte_mbuf *m = sl_harness_take_packet(h, LAN);
			uint8_t *bytes = sl_data(m);
			uint16_t checksum = load_be16(bytes + 10);

			store_be16(bytes + 10, 0);
			assert_int_equal(checksum, ip_checksum(bytes, 20, NULL));
			sl_free(m);
		}
	}
	done(h);
}

// ---- MTU

static void build_len(const char *dst, unsigned len)
{
	to(dst);
	ip_build(&p, strchr(dst, ':') ? "fd00::9" : "10.0.0.9", dst, SL_PROTO_UDP, NULL,
		 len - (strchr(dst, ':') ? 40 : 20));
}

static void packets_longer_than_the_mtu_are_big(void **state)
{
	struct sl_harness *h = make(V4);

	(void)state;
	build_len("10.2.0.1", 1400);
	leaves(h, WAN);
	expect_forwarded("192.0.2.2", 1);
	build_len("10.2.0.1", 1401);
	leaves(h, BIG); // to be fragmented: that much older
	expect_forwarded("192.0.2.2", 1);
	assert_int_equal(got.meta.mtu, 1400);
	build_len("10.1.0.1", 1500);
	leaves(h, LAN);
	build_len("10.1.0.1", 1501);
	p.bytes[6] = 0x40; // DF: to be quoted as it came
	ip_seal(&p);
	leaves(h, BIG);
	expect_untouched();
	assert_int_equal(got.meta.mtu, 1500);
	done(h);
}

static void packets_of_ipv6_longer_than_the_mtu_are_to_be_quoted_as_they_came(void **state)
{
	struct sl_harness *h = make(V6);

	(void)state;
	build_len("fd02::1", 1400);
	leaves(h, WAN);
	build_len("fd02::1", 1401);
	leaves(h, BIG);
	expect_untouched();
	assert_int_equal(got.meta.mtu, 1400);
	assert_int_equal(got.meta.iface_out, 1);
	done(h);
}

static void the_mtu_of_the_graph_is_that_of_interfaces_without_one(void **state)
{
	struct sl_harness *h = make("ipv4-route interfaces=lan interfaces=wan mtus=600 "
				    "routes='10.0.0.0/8 dev wan'");

	(void)state;
	build_len("10.2.0.1", 1500);
	leaves(h, WAN);
	build_len("10.2.0.1", 1501);
	leaves(h, BIG);
	done(h);
}

// ---- the router's own packets

static void own_packets_keep_their_hops(void **state)
{
	struct sl_harness *h4 = make(V4), *h6 = make(V6);

	(void)state;
	to("10.1.0.1");
	p.meta.iface_in = SL_IFACE_NONE;
	set_hops(&p, 1);
	leaves_from(h4, SELF, LAN);
	expect_untouched();
	expect_next_hop("10.0.0.2");
	to("fd01::1");
	leaves_from(h6, SELF, LAN);
	expect_untouched();
	expect_next_hop("fd00::2");
	to("10.0.0.1");
	leaves_from(h4, SELF, LOCAL);
	done(h4);
	done(h6);
}

static void own_packets_to_the_link_go_to_the_interface_they_say(void **state)
{
	static const char *const dsts[] = {"fe80::9", "ff02::1"};
	struct sl_harness *h6 = make(V6), *h4 = make(V4);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		ip_build(&p, "fe80::1", dsts[i], SL_PROTO_UDP, NULL, 8);
		p.meta.iface_out = 1;
		leaves_from(h6, SELF, WAN);
		expect_untouched();
		expect_next_hop(dsts[i]);
		p.meta.iface_out = SL_IFACE_NONE;
		is_dropped(h6, SELF, "no_interface");
	}
	to("224.0.0.5");
	p.meta.iface_out = 0;
	leaves_from(h4, SELF, LAN);
	expect_next_hop("224.0.0.5");
	done(h4);
	done(h6);
}

static void an_interface_that_nothing_is_connected_to_drops(void **state)
{
	static const char *const other[] = {"lan", "dmz"};
	struct sl_harness_options o = {.line = V4, .outputs = 2, .output_names = other};
	struct sl_harness *h = sl_harness_create(&o, NULL);

	(void)state;
	to("10.2.0.1");
	is_dropped(h, IN, "no_interface");
	done(h);
}

// ---- bursts and flows

static void order_is_kept_on_each_output(void **state)
{
	static const char *const dsts[] = {"10.1.0.1", "10.2.0.1", "10.0.0.1", "172.16.0.1",
					   "10.9.0.1"};
	static const unsigned ways[] = {LAN, WAN, LOCAL, ERROR};
	struct sl_harness *h = make(V4);

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		to(dsts[(i * 7 + i / 3) % 5]);
		store_be16(p.bytes + 4, (uint16_t)i);
		ip_seal(&p);
		assert_true(ip_feed(h, IN, &p));
	}
	sl_harness_breathe(h);
	for (unsigned k = 0; k < 4; k++) {
		unsigned last = 0, n = 0;

		while (ip_take(h, ways[k], &got)) {
			unsigned i = load_be16(got.bytes + 4);

			assert_int_equal((i * 7 + i / 3) % 5, k);
			assert_true(n == 0 || i > last);
			last = i;
			n++;
		}
		assert_true(n > 20);
	}
	done(h);
}

static uint8_t next_hop_of_flow(struct sl_harness *h, unsigned flow, bool fragment)
{
	to("10.3.0.1");
	store_be16(p.bytes + 20, (uint16_t)(1024 + flow));
	store_be16(p.bytes + 22, 80);
	if (fragment)
		p.bytes[6] = 0x20;
	ip_seal(&p);
	assert_true(ip_feed(h, IN, &p));
	sl_harness_breathe(h);
	assert_true(ip_take(h, LAN, &got) || ip_take(h, WAN, &got));
	assert_int_equal(got.meta.iface_out, got.meta.next_hop[0] == 192);
	return got.meta.next_hop[0] == 192 ? 1 : got.meta.next_hop[3];
}

static void flows_share_equal_next_hops_and_stay(void **state)
{
	struct sl_harness *h = make(V4);
	unsigned counts[4] = {0};

	(void)state;
	for (unsigned flow = 0; flow < 3000; flow++) {
		uint8_t hop = next_hop_of_flow(h, flow, false);

		counts[hop]++;
		if (flow % 10 == 0)
			assert_int_equal(next_hop_of_flow(h, flow, false), hop);
	}
	for (unsigned hop = 1; hop <= 3; hop++)
		assert_in_range(counts[hop], 850, 1150);
	done(h);
}

static void fragments_of_a_conversation_go_one_way(void **state)
{
	struct sl_harness *h = make(V4);
	uint8_t first = next_hop_of_flow(h, 0, true);

	(void)state;
	for (unsigned flow = 1; flow < 50; flow++)
		assert_int_equal(next_hop_of_flow(h, flow, true), first);
	done(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_goes_to_its_next_hop),
		cmocka_unit_test(ipv6_goes_to_its_next_hop),
		cmocka_unit_test(what_is_not_forwarded_goes_to_local_as_it_came),
		cmocka_unit_test(routes_that_refuse_say_why),
		cmocka_unit_test(packets_from_outside_do_not_come_from_the_router),
		cmocka_unit_test(routes_are_recorded_in_packets_on_their_way),
		cmocka_unit_test(routes_are_recorded_in_no_other_packets),
		cmocka_unit_test(bad_options_are_pointed_at),
		cmocka_unit_test(what_has_no_whole_header_is_dropped),
		cmocka_unit_test(source_routes_are_dropped),
		cmocka_unit_test(packets_from_a_link_local_address_stay_on_their_link),
		cmocka_unit_test(own_packets_get_the_address_towards_their_next_hop),
		cmocka_unit_test(own_packets_of_ipv6_get_an_address_of_the_interface),
		cmocka_unit_test(own_packets_bring_a_limit_with_them),
		cmocka_unit_test(hops_run_out),
		cmocka_unit_test(any_checksum_stays_right),
		cmocka_unit_test(packets_longer_than_the_mtu_are_big),
		cmocka_unit_test(packets_of_ipv6_longer_than_the_mtu_are_to_be_quoted_as_they_came),
		cmocka_unit_test(the_mtu_of_the_graph_is_that_of_interfaces_without_one),
		cmocka_unit_test(own_packets_keep_their_hops),
		cmocka_unit_test(own_packets_to_the_link_go_to_the_interface_they_say),
		cmocka_unit_test(an_interface_that_nothing_is_connected_to_drops),
		cmocka_unit_test(order_is_kept_on_each_output),
		cmocka_unit_test(flows_share_equal_next_hops_and_stay),
		cmocka_unit_test(fragments_of_a_conversation_go_one_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
