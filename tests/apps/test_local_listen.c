// What the app local hands to tunnels: `wan` has a TAP, `site2` is a tunnel's output.
#include "core/ip/fragment.h"
#include "core/proto/icmp.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "tests/apps/local_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { TUNNEL = TAP + 1, SITE2 = WAN + 1 };

static int begin_listening(void **state)
{
	static const char *const names[] = {"wan", "site2"};
	char line[400];
	struct sl_error err;
	struct sl_harness_options o = {.line = line, .outputs = 2, .output_names = names};

	(void)state;
	snprintf(line, sizeof(line),
		 "%s addresses='site2 10.255.0.1/24' listen='site2 51820' interfaces=site2",
		 local_line);
	rig = sl_harness_create(&o, &err);
	if (!rig)
		print_error("%s\n", err.text);
	return rig ? 0 : -1;
}

static void udp_to(const char *src, const char *dst, uint16_t port, unsigned n)
{
	ip_build(&sent, src, dst, SL_PROTO_UDP, NULL, n);
	store_be16(sent.bytes + (sent.bytes[0] >> 4 == 4 ? 22 : 42), port);
	seal_udp();
}

// `sent` leaves for the tunnel, and nothing else does.
static void expect_tunnel(void)
{
	assert_true(ip_take(rig, TUNNEL, &got));
	assert_int_equal(waiting(), 0);
	assert_int_equal(got.len, sent.len);
	assert_memory_equal(got.bytes, sent.bytes, sent.len);
}

static void datagrams_to_the_port_go_to_the_tunnel(void **state)
{
	(void)state;
	for (uint16_t iface = LAN; iface <= SITE2; iface++) {
		udp_to("10.0.0.9", "10.0.0.1", 51820, 100);
		feed_on(iface);
		expect_tunnel();
		udp_to("10.0.0.9", "192.0.2.1", 51820, 100);
		feed_on(iface);
		expect_tunnel();
		udp_to("2001:db8::9", "fd00:1::1", 51820, 100);
		feed_on(iface);
		expect_tunnel();
	}
	assert_int_equal(sl_harness_metric(rig, "to_tunnel"), 9);
}

static void others_go_where_they_went(void **state)
{
	(void)state;
	udp_to("10.0.0.9", "10.0.0.1", 51821, 100);
	feed_on(LAN);
	expect_error(SL_IP_PORT_UNREACHABLE, 0);
	feed_on(WAN);
	expect_tap();
	feed_on(SITE2); // it has no TAP, though an output bears its name
	expect_error(SL_IP_PORT_UNREACHABLE, 0);
	udp_to("2001:db8::9", "fd00:1::1", 51821, 100);
	feed_on(WAN);
	expect_tap();
	udp_to("10.0.0.9", "10.0.0.255", 51820, 100); // to many
	is_dropped("group");
	udp_to("2001:db8::9", "ff02::1", 51820, 100);
	is_dropped("group");
}

// Feed `sent` as fragments.
static void feed_fragments(uint16_t iface)
{
	static struct ip_packet piece;
	struct sl_fragments f;

	sl_fragments_begin(&f, sent.bytes, sent.len, 1280, 77);
	while ((piece.len = (uint32_t)sl_fragments_len(&f)) > 0) {
		sl_fragments_next(&f, piece.bytes);
		piece.meta = sent.meta;
		piece.meta.iface_in = iface;
		assert_true(ip_feed(rig, piece.bytes[0] >> 4 == 4 ? IN4 : IN6, &piece));
		sl_harness_breathe(rig);
	}
}

static void fragments_are_put_together_first_tap_or_none(void **state)
{
	(void)state;
	for (uint16_t iface = LAN; iface <= WAN; iface++) {
		udp_to("10.0.0.9", "10.0.0.1", 51820, 1480);
		feed_fragments(iface);
		expect_tunnel();
		udp_to("2001:db8::9", "fd00:1::1", 51820, 1480);
		feed_fragments(iface);
		expect_tunnel();
	}
	udp_to("10.0.0.9", "10.0.0.1", 51821, 1480);
	feed_fragments(WAN);
	expect_tap(); // whole, for it has the port
	udp_to("2001:db8::9", "fd00:1::1", 51821, 1480);
	feed_fragments(WAN);
	expect_tap();
	ip_build(&sent, "10.0.0.9", "10.0.0.1", SL_PROTO_TCP, NULL, 1480);
	feed_fragments(WAN);
	assert_int_equal(sl_harness_waiting_out(rig, TAP), 2); // no tunnel's: as they came
}

// "Too big" about a datagram of ours from a port.
static void too_big(bool v6, uint16_t port)
{
	uint8_t *quoted;

	ip_build_icmp(&sent, v6 ? "2001:db8::9" : "10.0.0.9", v6 ? "fd00:1::1" : "10.0.0.1",
		      v6 ? SL_ICMPV6_PACKET_TOO_BIG : SL_ICMP_UNREACHABLE,
		      v6 ? 0 : SL_ICMP_FRAGMENTATION_NEEDED, 1300, 80);
	quoted = sent.bytes + (v6 ? 48 : 28);
	memset(quoted, 0, 80);
	quoted[0] = v6 ? 0x60 : 0x45;
	quoted[v6 ? 6 : 9] = SL_PROTO_UDP;
	store_be16(quoted + (v6 ? 4 : 2), 1400);
	store_be16(quoted + (v6 ? 40 : 20), port);
	store_be16(sent.bytes + (v6 ? 42 : 22), 0);
	store_be16(sent.bytes + (v6 ? 42 : 22),
		   ip_checksum(sent.bytes + (v6 ? 40 : 20), sent.len - (v6 ? 40 : 20),
			       v6 ? sent.bytes : NULL));
}

static void errors_about_its_datagrams_go_to_the_tunnel(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		too_big(v6, 51820);
		feed_on(LAN);
		expect_tunnel();
		feed_on(WAN);
		expect_tunnel();
		too_big(v6, 51821);
		is_dropped("icmp_ignored");
		feed_on(WAN);
		expect_tap();
	}
}

static void what_the_key_may_say(void **state)
{
	static const char *const wrong[][2] = {
		{"listen=site2", "listen: 'site2' is not like 'site2 51820'"},
		{"listen='site2 0'", "listen: 'site2 0' is not like 'site2 51820'"},
		{"listen='site2 65536'", "listen: 'site2 65536' is not like 'site2 51820'"},
		{"listen='site2 1x'", "listen: 'site2 1x' is not like 'site2 51820'"},
		{"listen=' 1'", "listen: ' 1' is not like 'site2 51820'"},
		{"listen='a 7' listen='b 7'", "listen: port 7 stands there twice"},
	};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(wrong); i++) {
		char line[400];
		struct sl_error err = {0};
		struct sl_harness_options o = {.line = line};

		snprintf(line, sizeof(line), "%s %s", local_line, wrong[i][0]);
		assert_null(sl_harness_create(&o, &err));
		if (!strstr(err.text, wrong[i][1]))
			fail_msg("%s", err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(datagrams_to_the_port_go_to_the_tunnel,
						begin_listening, end),
		cmocka_unit_test_setup_teardown(others_go_where_they_went, begin_listening, end),
		cmocka_unit_test_setup_teardown(fragments_are_put_together_first_tap_or_none,
						begin_listening, end),
		cmocka_unit_test_setup_teardown(errors_about_its_datagrams_go_to_the_tunnel,
						begin_listening, end),
		cmocka_unit_test(what_the_key_may_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
