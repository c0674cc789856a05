#include "core/ip/control.h"
#include "core/proto/icmp.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "tests/apps/local_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

// ---- echo

static void echo_requests_are_answered_from_the_address_asked(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 1400; n += 97) {
		echo4(n);
		feed();
		expect_reply("10.0.0.1");
		echo6("fd00:1::1", n);
		feed();
		expect_reply("fd00:1::1");
	}
	ip_build_icmp(&sent, "10.0.0.9", "192.0.2.1", SL_ICMP_ECHO, 0, 1,
		      20); // of another interface
	feed();
	expect_reply("192.0.2.1");
	echo6("fd00:2::1", 20);
	feed();
	expect_reply("fd00:2::1");
}

// Of a graph that is wired wrongly.
static void what_is_no_ip_packet_is_dropped(void **state)
{
	(void)state;
	for (unsigned len = 0; len < 28 + 40; len++) {
		echo4(40);
		sent.len = len;
		is_dropped("no_ip");
		sent.bytes[0] = 0x60;
		is_dropped("no_ip");
	}
}

// Put options, a multiple of four bytes, into the request.
static void add_options(const uint8_t *options, size_t n)
{
	memmove(sent.bytes + 20 + n, sent.bytes + 20, sent.len - 20);
	memcpy(sent.bytes + 20, options, n);
	sent.bytes[0] = (uint8_t)(0x45 + n / 4);
	sent.len += (uint32_t)n;
	ip_seal(&sent);
}

static void replies_are_made_without_the_options_of_the_request(void **state)
{
	(void)state;
	echo4(40);
	add_options((uint8_t[]){0x94, 4, 0, 0, 0x1e, 4, 9, 9}, 8);
	feed();
	expect_reply("10.0.0.1");
}

// RFC 1812 section 4.3.3.6: but for these two, which are brought up to date.
static void replies_have_record_route_and_timestamp(void **state)
{
	const uint8_t options[] = {1, 0x1e, 3,  9, 7, 11, 8, 10, 0, 0, 7, 0, 0, 0,
				   0, 68,   12, 5, 1, 0,  0, 0,  0, 0, 0, 0, 0, 0};
	const uint8_t *b = got.bytes + 20;

	(void)state;
	echo4(40);
	add_options(options, sizeof(options));
	feed();
	assert_true(ip_take(rig, OUT4, &got));
	assert_int_equal(got.bytes[0], 0x4b);
	assert_int_equal(load_be16(got.bytes + 2), got.len);
	assert_int_equal(got.len, 20 + 24 + 8 + 40);
	assert_int_equal(ip_checksum(got.bytes, 44, NULL), 0);
	assert_int_equal(ip_checksum(got.bytes + 44, got.len - 44, NULL), 0);
	assert_memory_equal(b, ((uint8_t[]){7, 11, 12, 10, 0, 0, 7, 10, 0, 0, 1}), 11);
	assert_memory_equal(b + 11, ((uint8_t[]){68, 12, 13, 1, 10, 0, 0, 1}), 8);
	assert_memory_equal(got.bytes + 12, ((uint8_t[]){10, 0, 0, 1, 10, 0, 0, 9}), 8);
}

static void replies_have_the_type_of_service_of_the_request_but_its_ecn(void **state)
{
	(void)state;
	echo4(40);
	sent.bytes[1] = 0xbb;
	ip_seal(&sent);
	feed();
	expect_reply("10.0.0.1");
	assert_int_equal(got.bytes[1], 0xb8);
}

// RFC 4443 section 2.3, RFC 1122 section 3.2.2.
static void an_echo_request_with_a_wrong_checksum_is_dropped(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 8; bit++) {
		echo4(40);
		sent.bytes[50] ^= (uint8_t)(1 << bit);
		is_dropped("bad_checksum");
		echo6("fd00:1::1", 40);
		sent.bytes[70] ^= (uint8_t)(1 << bit);
		is_dropped("bad_checksum");
	}
	echo6("fd00:1::1", 40);
	store_be16(sent.bytes + 42,
		   ip_checksum(sent.bytes + 40, sent.len - 40, NULL)); // no pseudo-header
	is_dropped("bad_checksum");
}

static void messages_cut_short_are_dropped(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 8; n++) {
		ip_build(&sent, "10.0.0.9", "10.0.0.1", SL_PROTO_ICMP, NULL, n);
		is_dropped("bad_checksum");
		ip_build(&sent, "2001:db8::9", "fd00:1::1", SL_PROTO_ICMPV6, NULL, n);
		is_dropped("bad_checksum");
		ip_build(&sent, "10.0.0.9", "10.0.0.1", SL_PROTO_UDP, NULL, n);
		is_dropped("bad_checksum");
		ip_build(&sent, "2001:db8::9", "fd00:1::1", SL_PROTO_UDP, NULL, n);
		is_dropped("bad_checksum");
	}
}

// RFC 1812 section 4.3.3.6, RFC 1122 section 3.2.2.6.
static void echo_requests_to_or_from_many_are_not_answered(void **state)
{
	static const char *const to[] = {"10.0.0.255", "255.255.255.255", "224.0.0.1",
					 "192.0.2.255"};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(to); i++) {
		ip_build_icmp(&sent, "10.0.0.9", to[i], SL_ICMP_ECHO, 0, 1, 20);
		is_dropped("group");
	}
	ip_build_icmp(&sent, "10.0.0.255", "10.0.0.1", SL_ICMP_ECHO, 0, 1, 20);
	is_dropped("bad_source");
	ip_build_icmp(&sent, "::", "fd00:1::1", SL_ICMPV6_ECHO, 0, 1, 20);
	is_dropped("bad_source");
	ip_build_icmp(&sent, "ff02::1", "fd00:1::1", SL_ICMPV6_ECHO, 0, 1, 20);
	is_dropped("bad_source");
}

// RFC 4443 section 4.2.
static void a_multicast_echo_request_is_answered_from_the_interface(void **state)
{
	(void)state;
	ip_build_icmp(&sent, "fe80::9", "ff02::1", SL_ICMPV6_ECHO, 0, 1, 20);
	sent.meta.flags = SL_META_L2_GROUP;
	feed();
	expect_reply("fd00:1::1");
	assert_int_equal(got.meta.iface_out, LAN);
}

static void a_link_local_address_is_that_of_the_station(void **state)
{
	(void)state;
	ip_build_icmp(&sent, "fe80::9", "fe80::ff:fe00:1", SL_ICMPV6_ECHO, 0, 1, 20);
	feed();
	expect_reply("fe80::ff:fe00:1");
	assert_int_equal(got.meta.iface_out, LAN);
	ip_build_icmp(&sent, "fe80::9", "fe80::ff:fe00:2", SL_ICMPV6_ECHO, 0, 1, 20);
	is_dropped("not_ours");
	udp("fe80::9", "fe80::ff:fe00:2");
	is_dropped("not_ours");
}

// ---- what nobody listens to

static void udp_meets_an_unreachable_port(void **state)
{
	(void)state;
	udp("10.0.0.9", "10.0.0.1");
	feed();
	expect_error(SL_IP_PORT_UNREACHABLE, 0);
	udp("2001:db8::9", "fd00:1::1");
	feed();
	expect_error(SL_IP_PORT_UNREACHABLE, 0);
	udp("10.0.0.9", "10.0.0.1");
	store_be16(sent.bytes + 26, 0); // without checksum, which IPv4 allows
	feed();
	expect_error(SL_IP_PORT_UNREACHABLE, 0);
}

static void udp_with_a_wrong_checksum_is_dropped_in_silence(void **state)
{
	(void)state;
	udp("10.0.0.9", "10.0.0.1");
	sent.bytes[40] ^= 1;
	is_dropped("bad_checksum");
	udp("2001:db8::9", "fd00:1::1");
	sent.bytes[60] ^= 1;
	is_dropped("bad_checksum");
	udp("2001:db8::9", "fd00:1::1");
	store_be16(sent.bytes + 46, 0); // RFC 8200 section 8.1
	is_dropped("bad_checksum");
	udp("10.0.0.9", "10.0.0.1");
	store_be16(sent.bytes + 24, 31);
	is_dropped("bad_checksum");
}

static void other_protocols_are_unreachable(void **state)
{
	static const uint8_t protocols[] = {SL_PROTO_TCP, SL_PROTO_GRE, 89, 253};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(protocols); i++) {
		ip_build(&sent, "10.0.0.9", "10.0.0.1", protocols[i], NULL, 30);
		feed();
		expect_error(SL_IP_PROTOCOL_UNREACHABLE, 9);
		ip_build(&sent, "2001:db8::9", "fd00:1::1", protocols[i], NULL, 30);
		feed();
		expect_error(SL_IP_PARAM_NEXT_HEADER, 6);
	}
}

static void other_icmp_is_ignored(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		ip_build_icmp(&sent, "10.0.0.9", "10.0.0.1", (uint8_t)type, 0, 0, 40);
		if (type != SL_ICMP_ECHO)
			is_dropped("icmp_ignored");
		ip_build_icmp(&sent, "2001:db8::9", "fd00:1::1", (uint8_t)type, 0, 0, 40);
		if (type != SL_ICMPV6_ECHO)
			is_dropped("icmp_ignored");
	}
	// the router's own replies, to itself
	ip_build_icmp(&sent, "10.0.0.1", "10.0.0.1", SL_ICMP_ECHO_REPLY, 0, 0, 40);
	assert_int_equal(waiting(), 0);
	feed_on(SL_IFACE_NONE);
	assert_int_equal(waiting(), 0);
}

static void groups_meet_silence(void **state)
{
	(void)state;
	udp("10.0.0.9", "224.0.0.9");
	is_dropped("group");
	udp("10.0.0.9", "10.0.0.255");
	is_dropped("group");
	udp("2001:db8::9", "ff02::fb");
	is_dropped("group");
	ip_build(&sent, "2001:db8::9", "ff02::5", 89, NULL, 30);
	is_dropped("group");
}

// ---- the TAP

static void what_has_a_tap_goes_there_as_the_frame_it_was(void **state)
{
	static const char *const to4[] = {"192.0.2.1", "224.0.0.5", "255.255.255.255", "10.0.0.1"};
	static const char *const to6[] = {"fd00:2::1", "ff02::5", "fe80::77", "fd00:1::1"};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(to4); i++) {
		udp("192.0.2.9", to4[i]);
		feed_on(WAN);
		expect_tap();
		udp("2001:db8::9", to6[i]);
		feed_on(WAN);
		expect_tap();
		ip_build(&sent, "192.0.2.9", to4[i], SL_PROTO_TCP, NULL, 30);
		feed_on(WAN);
		expect_tap();
		ip_build_icmp(&sent, "2001:db8::9", to6[i], SL_ICMPV6_ECHO_REPLY, 0, 0, 30);
		feed_on(WAN);
		expect_tap();
	}
	assert_int_equal(sl_harness_metric(rig, "to_tap"), 16);
}

static void echo_requests_are_answered_with_a_tap_too(void **state)
{
	(void)state;
	ip_build_icmp(&sent, "192.0.2.9", "192.0.2.1", SL_ICMP_ECHO, 0, 1, 20);
	feed_on(WAN);
	expect_reply("192.0.2.1");
	echo6("fd00:2::1", 20);
	feed_on(WAN);
	expect_reply("fd00:2::1");
	echo6("ff02::1", 20); // of all that listen, the host is one
	feed_on(WAN);
	expect_tap();
}

static void the_host_puts_its_fragments_together(void **state)
{
	(void)state;
	udp("192.0.2.9", "192.0.2.1");
	store_be16(sent.bytes + 6, SL_IPV4_MF);
	ip_seal(&sent);
	feed_on(WAN);
	expect_tap();
	ip_build(&sent, "2001:db8::9", "fd00:2::1", SL_PROTO_FRAGMENT, NULL, 40);
	feed_on(WAN);
	expect_tap();
	assert_int_equal(sl_harness_app(rig)->held, 0);
}

// ---- changes

static void addresses_follow_the_control_records(void **state)
{
	struct sl_control c = {.kind = SL_CONTROL_ADDRESS, .iface = LAN};
	struct rte_mbuf *m;

	(void)state;
	ip_build_icmp(&sent, "10.0.9.9", "10.0.9.255", SL_ICMP_ECHO, 0, 1, 20);
	feed();
	expect_reply("10.0.9.255"); // so far, just an address
	assert_true(sl_prefix_parse("10.0.9.1/24", &c.address));
	assert_true(sl_alloc_burst(sl_harness_app(rig)->pool, &m, 1));
	assert_true(sl_control_put(m, &c));
	sl_harness_feed_packet(rig, CONTROL, m);
	sl_harness_breathe(rig);
	is_dropped("group");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(echo_requests_are_answered_from_the_address_asked,
						begin, end),
		cmocka_unit_test_setup_teardown(what_is_no_ip_packet_is_dropped, begin, end),
		cmocka_unit_test_setup_teardown(replies_are_made_without_the_options_of_the_request,
						begin, end),
		cmocka_unit_test_setup_teardown(replies_have_record_route_and_timestamp, begin,
						end),
		cmocka_unit_test_setup_teardown(
			replies_have_the_type_of_service_of_the_request_but_its_ecn, begin, end),
		cmocka_unit_test_setup_teardown(an_echo_request_with_a_wrong_checksum_is_dropped,
						begin, end),
		cmocka_unit_test_setup_teardown(messages_cut_short_are_dropped, begin, end),
		cmocka_unit_test_setup_teardown(echo_requests_to_or_from_many_are_not_answered,
						begin, end),
		cmocka_unit_test_setup_teardown(
			a_multicast_echo_request_is_answered_from_the_interface, begin, end),
		cmocka_unit_test_setup_teardown(a_link_local_address_is_that_of_the_station, begin,
						end),
		cmocka_unit_test_setup_teardown(udp_meets_an_unreachable_port, begin, end),
		cmocka_unit_test_setup_teardown(udp_with_a_wrong_checksum_is_dropped_in_silence,
						begin, end),
		cmocka_unit_test_setup_teardown(other_protocols_are_unreachable, begin, end),
		cmocka_unit_test_setup_teardown(other_icmp_is_ignored, begin, end),
		cmocka_unit_test_setup_teardown(groups_meet_silence, begin, end),
		cmocka_unit_test_setup_teardown(what_has_a_tap_goes_there_as_the_frame_it_was,
						begin, end),
		cmocka_unit_test_setup_teardown(echo_requests_are_answered_with_a_tap_too, begin,
						end),
		cmocka_unit_test_setup_teardown(the_host_puts_its_fragments_together, begin, end),
		cmocka_unit_test_setup_teardown(addresses_follow_the_control_records, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
