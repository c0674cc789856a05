#include "core/ip/control.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "tests/harness/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { CONTROL, ROUTE, FRAGMENT };
enum { IPV4, IPV6 };
enum { LAN, WAN };

static const char *const line =
	"icmp-error interfaces=lan interfaces=wan addresses='lan 10.0.0.1/24' "
	"addresses='lan fd00:1::1/64' addresses='wan 192.0.2.1/24' addresses='wan fe80::2/64' "
	"addresses='wan fd00:2::1/64' rate=10 burst=5 total-rate=100 total-burst=20";

static struct ip_packet p, got;

static struct sl_harness *make(const char *text)
{
	struct sl_error err;
	struct sl_harness_options o = {.line = text, .inputs = 2};
	struct sl_harness *h = sl_harness_create(&o, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static void feed(struct sl_harness *h, unsigned error)
{
	p.meta.error = (uint8_t)error;
	assert_true(ip_feed(h, ROUTE, &p));
	sl_harness_breathe(h);
}

static void udp4(const char *src, uint16_t iface)
{
	ip_build(&p, src, "10.1.0.7", SL_PROTO_UDP, NULL, 100);
	p.meta.iface_in = iface;
}

static void udp6(const char *src, uint16_t iface)
{
	ip_build(&p, src, "2001:db8:1::7", SL_PROTO_UDP, NULL, 100);
	p.meta.iface_in = iface;
}

// The only packet there is, an error of that type from that address to the source of p.
static void expect_error(struct sl_harness *h, const char *from, uint8_t type, uint8_t code)
{
	struct sl_ip source;
	unsigned port = strchr(from, ':') ? IPV6 : IPV4;
	const uint8_t *b = got.bytes;

	assert_true(sl_ip_parse(from, &source));
	if (!ip_take(h, port, &got))
		fail_msg("no error came");
	assert_int_equal(sl_harness_waiting_out(h, IPV4) + sl_harness_waiting_out(h, IPV6), 0);
	if (port == IPV4) {
		assert_memory_equal(b + 12, source.bytes, 4);
		assert_memory_equal(b + 16, p.bytes + 12, 4);
		assert_int_equal(ip_checksum(b + 20, got.len - 20, NULL), 0);
	} else {
		assert_memory_equal(b + 8, source.bytes, 16);
		assert_memory_equal(b + 24, p.bytes + 8, 16);
		assert_int_equal(ip_checksum(b + 40, got.len - 40, b), 0);
	}
	b += port == IPV4 ? 20 : 40;
	assert_int_equal(b[0], type);
	assert_int_equal(b[1], code);
	assert_memory_equal(b + 8, p.bytes, p.len);
	assert_int_equal(got.meta.iface_in, SL_IFACE_NONE);
	assert_int_equal(got.meta.error, 0);
}

static void expect_nothing(struct sl_harness *h)
{
	assert_int_equal(sl_harness_waiting_out(h, IPV4) + sl_harness_waiting_out(h, IPV6), 0);
}

static void packets_are_dropped_by_the_name_of_the_reason(void **state)
{
	static const char *const names[SL_IP_ERRORS] = {
		[SL_IP_ERROR_NONE] = "no_reason",
		[SL_IP_NO_ROUTE] = "no_route",
		[SL_IP_HOST_UNREACHABLE] = "host_unreachable",
		[SL_IP_PROTOCOL_UNREACHABLE] = "protocol_unreachable",
		[SL_IP_PORT_UNREACHABLE] = "port_unreachable",
		[SL_IP_TOO_BIG] = "too_big",
		[SL_IP_PROHIBITED] = "prohibited",
		[SL_IP_TTL_EXCEEDED] = "ttl_exceeded",
		[SL_IP_REASSEMBLY_TIME] = "reassembly_time",
		[SL_IP_PARAM_HEADER] = "param_header",
		[SL_IP_PARAM_NEXT_HEADER] = "param_next_header",
		[SL_IP_PARAM_OPTION] = "param_option",
		[SL_IP_PARAM_CHAIN] = "param_chain",
		[SL_IP_REJECTED] = "rejected",
		[SL_IP_BEYOND_SCOPE] = "beyond_scope",
	};
	struct sl_harness *h = make(line);

	(void)state;
	for (unsigned error = 0; error < SL_IP_ERRORS; error++) {
		udp4("10.0.0.9", LAN);
		feed(h, error);
		assert_int_equal(sl_harness_drop(h, names[error]), 1);
		sl_harness_advance(h, 1000000000);
	}
	feed(h, SL_IP_ERRORS);
	assert_int_equal(sl_harness_drop(h, "no_reason"), 2);
	assert_int_equal(sl_harness_waiting_out(h, IPV4), SL_IP_ERRORS - 1);
	assert_int_equal(sl_harness_metric(h, "sent"), SL_IP_ERRORS - 1);
	assert_string_equal(sl_harness_destroy(h), "");
}

// RFC 1812 section 4.3.2.4.
// Of a graph that is wired wrongly.
static void what_is_no_ip_packet_is_dropped(void **state)
{
	struct sl_harness *h = make(line);

	(void)state;
	for (unsigned len = 0; len < 40; len++) {
		udp4("10.0.0.9", LAN);
		p.len = len;
		p.bytes[0] = (uint8_t)(len % 2 ? 0x60 : 0x45);
		feed(h, SL_IP_NO_ROUTE);
		assert_int_equal(sl_harness_drop(h, "no_ip"), len + 1);
	}
	assert_int_equal(sl_harness_metric(h, "sent"), 0);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void errors_come_from_the_interface_that_the_packet_came_in_on(void **state)
{
	struct sl_harness *h = make(line);

	(void)state;
	udp4("10.0.0.9", LAN);
	feed(h, SL_IP_TTL_EXCEEDED);
	expect_error(h, "10.0.0.1", 11, 0);
	udp4("192.0.2.9", WAN);
	feed(h, SL_IP_NO_ROUTE);
	expect_error(h, "192.0.2.1", 3, 0);
	udp4("10.0.0.9", LAN); // options of packets on their way may be wrong, too
	feed(h, SL_IP_PARAM_HEADER);
	expect_error(h, "10.0.0.1", 12, 0);
	udp6("2001:db8::9", LAN);
	feed(h, SL_IP_NO_ROUTE);
	expect_error(h, "fd00:1::1", 1, 0);
	udp6("2001:db8::9", WAN);
	feed(h, SL_IP_TTL_EXCEEDED);
	expect_error(h, "fd00:2::1", 3, 0);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void a_link_local_source_is_answered_on_its_link(void **state)
{
	struct sl_harness *h = make(line);

	(void)state;
	udp6("fe80::9", WAN);
	feed(h, SL_IP_NO_ROUTE);
	expect_error(h, "fe80::2", 1, 0);
	assert_int_equal(got.meta.iface_out, WAN);
	udp6("fe80::9", LAN); // which has no such address
	feed(h, SL_IP_NO_ROUTE);
	expect_error(h, "fd00:1::1", 1, 0);
	assert_int_equal(got.meta.iface_out, LAN);
	assert_string_equal(sl_harness_destroy(h), "");
}

// RFC 4443 section 2.2 (a).
static void who_was_spoken_to_answers(void **state)
{
	struct sl_harness *h = make(line);

	(void)state;
	ip_build(&p, "10.0.0.9", "192.0.2.1", SL_PROTO_UDP, NULL, 100);
	feed(h, SL_IP_PORT_UNREACHABLE);
	expect_error(h, "192.0.2.1", 3, 3);
	ip_build(&p, "2001:db8::9", "fe80::77", SL_PROTO_UDP, NULL, 100);
	feed(h, SL_IP_PORT_UNREACHABLE);
	expect_error(h, "fe80::77", 1, 4);
	ip_build(&p, "2001:db8::9", "ff02::1", SL_PROTO_UDP, NULL, 100);
	feed(h, SL_IP_PARAM_OPTION);
	expect_error(h, "fd00:1::1", 4, 2);
	assert_string_equal(sl_harness_destroy(h), "");
}

// RFC 1191 section 4.
static void too_big_tells_the_mtu_of_the_way_on(void **state)
{
	struct sl_harness *h = make(line);

	(void)state;
	udp4("10.0.0.9", LAN);
	p.meta.mtu = 1400;
	feed(h, SL_IP_TOO_BIG);
	expect_error(h, "10.0.0.1", 3, 4);
	assert_int_equal(load_be32(got.bytes + 24), 1400);
	udp6("2001:db8::9", LAN);
	p.meta.mtu = 1400;
	feed(h, SL_IP_TOO_BIG);
	expect_error(h, "fd00:1::1", 2, 0);
	assert_int_equal(load_be32(got.bytes + 44), 1400);
	assert_string_equal(sl_harness_destroy(h), "");
}

// RFC 1812 section 4.3.2.7, RFC 2644.
static void broadcasts_of_our_networks_get_no_error_nor_cause_one(void **state)
{
	struct sl_harness *h = make(line);

	(void)state;
	udp4("10.0.0.255", LAN);
	feed(h, SL_IP_NO_ROUTE);
	ip_build(&p, "10.0.0.9", "192.0.2.255", SL_PROTO_UDP, NULL, 100);
	feed(h, SL_IP_PROHIBITED);
	expect_nothing(h);
	assert_int_equal(sl_harness_metric(h, "suppressed"), 2);
	assert_int_equal(sl_harness_drop(h, "no_route"), 1);
	assert_int_equal(sl_harness_drop(h, "prohibited"), 1);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void errors_and_what_the_router_sent_itself_cause_none(void **state)
{
	struct sl_harness *h = make(line);

	(void)state;
	ip_build_icmp(&p, "10.0.0.9", "10.1.0.7", 3, 1, 0, 40);
	feed(h, SL_IP_TTL_EXCEEDED);
	ip_build_icmp(&p, "2001:db8::9", "2001:db8:1::7", 1, 3, 0, 40);
	feed(h, SL_IP_TTL_EXCEEDED);
	udp4("10.0.0.1", SL_IFACE_NONE);
	feed(h, SL_IP_NO_ROUTE);
	expect_nothing(h);
	assert_int_equal(sl_harness_metric(h, "suppressed"), 3);
	assert_string_equal(sl_harness_destroy(h), "");
}

// RFC 1812 section 4.3.2.8; RFC 4443 section 2.4 (f).
static void a_source_is_told_no_more_often_than_the_rate(void **state)
{
	struct sl_harness *h = make(line);

	(void)state;
	udp4("10.0.0.9", LAN);
	for (unsigned i = 0; i < 100; i++)
		feed(h, SL_IP_NO_ROUTE);
	assert_int_equal(sl_harness_metric(h, "sent"), 5);
	assert_int_equal(sl_harness_metric(h, "limited"), 95);
	udp4("10.0.0.8", LAN); // somebody else is not concerned
	feed(h, SL_IP_NO_ROUTE);
	assert_int_equal(sl_harness_metric(h, "sent"), 6);
	sl_harness_advance(h, 100000000);
	udp4("10.0.0.9", LAN);
	for (unsigned i = 0; i < 10; i++)
		feed(h, SL_IP_NO_ROUTE);
	assert_int_equal(sl_harness_metric(h, "sent"), 7);
	assert_int_equal(sl_harness_drop(h, "no_route"), 111);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void a_flood_of_forged_sources_leaves_other_interfaces_their_errors(void **state)
{
	struct sl_harness *h = make(line);
	char source[32];

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(source, sizeof(source), "11.0.%u.%u", i >> 8, i & 255);
		udp4(source, LAN);
		feed(h, SL_IP_NO_ROUTE);
	}
	assert_int_equal(sl_harness_metric(h, "sent"), 20);
	while (ip_take(h, IPV4, &got))
		;
	udp4("192.0.2.9", WAN);
	feed(h, SL_IP_NO_ROUTE);
	expect_error(h, "192.0.2.1", 3, 0);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void addresses_follow_the_control_records(void **state)
{
	struct sl_harness *h = make("icmp-error interfaces=lan interfaces=wan");
	struct sl_control c = {.kind = SL_CONTROL_ADDRESS, .iface = LAN};
	struct rte_mbuf *m;
	struct sl_error err;

	(void)state;
	udp4("10.0.0.9", LAN);
	feed(h, SL_IP_NO_ROUTE);
	expect_nothing(h);
	assert_int_equal(sl_harness_metric(h, "no_source"), 1);
	assert_true(sl_prefix_parse("10.0.0.77/24", &c.address));
	assert_true(sl_alloc_burst(sl_harness_app(h)->pool, &m, 1));
	assert_true(sl_control_put(m, &c));
	sl_harness_feed_packet(h, CONTROL, m);
	feed(h, SL_IP_NO_ROUTE);
	expect_error(h, "10.0.0.77", 3, 0);
	// what was learned outlives a change of the file
	assert_int_equal(
		sl_harness_replace(h, "icmp-error interfaces=lan interfaces=wan rate=5", &err), 0);
	feed(h, SL_IP_NO_ROUTE);
	expect_error(h, "10.0.0.77", 3, 0);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void without_buffers_packets_are_dropped_in_silence(void **state)
{
	struct sl_error err;
	struct sl_harness_options o = {.line = line, .inputs = 2, .packets = 7};
	struct sl_harness *h = sl_harness_create(&o, &err);

	(void)state;
	assert_non_null(h);
	udp4("10.0.0.9", LAN);
	p.meta.error = SL_IP_NO_ROUTE;
	while (ip_feed(h, ROUTE, &p)) // until no buffer is left
		;
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_metric(h, "no_buffer"), 1);
	assert_int_equal(sl_harness_drop(h, "no_route"), 7);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void bad_settings_are_refused(void **state)
{
	static const char *const lines[] = {"icmp-error interfaces=lan interfaces=lan",
					    "icmp-error interfaces=lan addresses='wan 10.0.0.1/24'",
					    "icmp-error interfaces=lan addresses='lan 10.0.0/24'",
					    "icmp-error rate=0", "icmp-error burst=0"};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(lines); i++) {
		struct sl_error err = {0};

		assert_null(
			sl_harness_create(&(struct sl_harness_options){.line = lines[i]}, &err));
		assert_string_not_equal(err.text, "");
	}
}

static void errors_come_from_the_destination_where_that_is_wanted(void **state)
{
	struct sl_harness *h = make("icmp-error from-destination=yes");

	(void)state;
	udp4("10.0.0.9", LAN);
	feed(h, SL_IP_HOST_UNREACHABLE);
	expect_error(h, "10.1.0.7", 3, 1);
	udp6("2001:db8::9", LAN);
	feed(h, SL_IP_HOST_UNREACHABLE);
	expect_error(h, "2001:db8:1::7", 1, 3);
	assert_string_equal(sl_harness_destroy(h), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_dropped_by_the_name_of_the_reason),
		cmocka_unit_test(what_is_no_ip_packet_is_dropped),
		cmocka_unit_test(errors_come_from_the_interface_that_the_packet_came_in_on),
		cmocka_unit_test(a_link_local_source_is_answered_on_its_link),
		cmocka_unit_test(who_was_spoken_to_answers),
		cmocka_unit_test(errors_come_from_the_destination_where_that_is_wanted),
		cmocka_unit_test(too_big_tells_the_mtu_of_the_way_on),
		cmocka_unit_test(broadcasts_of_our_networks_get_no_error_nor_cause_one),
		cmocka_unit_test(errors_and_what_the_router_sent_itself_cause_none),
		cmocka_unit_test(a_source_is_told_no_more_often_than_the_rate),
		cmocka_unit_test(a_flood_of_forged_sources_leaves_other_interfaces_their_errors),
		cmocka_unit_test(addresses_follow_the_control_records),
		cmocka_unit_test(without_buffers_packets_are_dropped_in_silence),
		cmocka_unit_test(bad_settings_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
