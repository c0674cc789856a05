#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "tests/harness/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { ERROR, WAN_OUT, LAN_OUT }; // outputs, in the order of the links
enum { LAN, WAN, DMZ };           // interfaces, in the order of the key; dmz has no link

static const char *const names[] = {"wan", "lan"};
static struct ip_packet p, got;

static struct sl_harness *make(unsigned packets)
{
	struct sl_error err;
	struct sl_harness_options o = {
		.line = "ip-fragment interfaces=lan interfaces=wan interfaces=dmz",
		.inputs = 2,
		.outputs = 2,
		.output_names = names,
		.packets = packets,
	};
	struct sl_harness *h = sl_harness_create(&o, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static void feed(struct sl_harness *h, uint16_t iface, uint16_t mtu)
{
	p.meta.iface_out = iface;
	p.meta.mtu = mtu;
	assert_true(ip_feed(h, 0, &p));
	sl_harness_breathe(h);
}

static void udp4(unsigned payload)
{
	ip_build(&p, "10.0.0.9", "10.1.0.7", SL_PROTO_UDP, NULL, payload);
}

static void fragments_leave_in_order_with_the_meta_of_the_packet(void **state)
{
	struct sl_harness *h = make(0);
	unsigned at = 0;

	(void)state;
	for (unsigned iface = LAN; iface <= WAN; iface++) {
		udp4(1380);
		memset(p.meta.next_hop, 0x5a, sizeof(p.meta.next_hop));
		feed(h, (uint16_t)iface, 576);
		assert_int_equal(sl_harness_waiting_out(h, iface == LAN ? LAN_OUT : WAN_OUT), 3);
		for (at = 0; ip_take(h, iface == LAN ? LAN_OUT : WAN_OUT, &got);
		     at += got.len - 20) {
			assert_memory_equal(&got.meta, &p.meta, sizeof(p.meta));
			assert_int_equal(load_be16(got.bytes + 6) & SL_IPV4_OFFSET, at / 8);
			assert_memory_equal(got.bytes + 20, p.bytes + 20 + at, got.len - 20);
		}
		assert_int_equal(at, 1380);
	}
	assert_int_equal(sl_harness_metric(h, "divided"), 2);
	assert_int_equal(sl_harness_metric(h, "fragments"), 6);
	assert_string_equal(sl_harness_destroy(h), "");
}

// RFC 1812 section 4.3.3.3, RFC 1191 section 3.
static void what_must_not_be_divided_goes_to_error_with_the_mtu(void **state)
{
	struct sl_harness *h = make(0);

	(void)state;
	udp4(1380);
	store_be16(p.bytes + 6, SL_IPV4_DF);
	ip_seal(&p);
	feed(h, LAN, 576);
	assert_true(ip_take(h, ERROR, &got));
	assert_int_equal(got.meta.error, SL_IP_TOO_BIG);
	assert_int_equal(got.meta.mtu, 576);
	assert_int_equal(got.len, p.len);
	assert_memory_equal(got.bytes, p.bytes, p.len);
	assert_int_equal(sl_harness_waiting_out(h, LAN_OUT), 0);
	assert_string_equal(sl_harness_destroy(h), "");
}

// RFC 8200 section 5.
static void a_router_never_divides_ipv6_of_others(void **state)
{
	struct sl_harness *h = make(0);

	(void)state;
	ip_build(&p, "2001:db8::9", "2001:db8:1::7", SL_PROTO_UDP, NULL, 1400);
	feed(h, LAN, 1280);
	assert_true(ip_take(h, ERROR, &got));
	assert_int_equal(got.meta.error, SL_IP_TOO_BIG);
	assert_int_equal(got.meta.mtu, 1280);
	assert_memory_equal(got.bytes, p.bytes, p.len);
	assert_int_equal(sl_harness_waiting_out(h, LAN_OUT), 0);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void own_ipv6_packets_are_divided(void **state)
{
	struct sl_harness *h = make(0);
	uint32_t ids[2];

	(void)state;
	ip_build(&p, "2001:db8::9", "2001:db8:1::7", SL_PROTO_UDP, NULL, 1400);
	p.meta.iface_in = SL_IFACE_NONE;
	for (unsigned i = 0; i < 2; i++) {
		feed(h, LAN, 1280);
		assert_int_equal(sl_harness_waiting_out(h, LAN_OUT), 2);
		assert_true(ip_take(h, LAN_OUT, &got));
		assert_int_equal(got.bytes[6], SL_PROTO_FRAGMENT);
		assert_true(got.len <= 1280);
		ids[i] = load_be32(got.bytes + 44);
		assert_true(ip_take(h, LAN_OUT, &got));
		assert_int_equal(load_be32(got.bytes + 44), ids[i]);
	}
	assert_int_not_equal(ids[0], ids[1]);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void what_no_output_leads_to_is_dropped(void **state)
{
	struct sl_harness *h = make(0);
	static const uint16_t ifaces[] = {DMZ, 3, 59, 60, SL_IFACE_NONE};

	(void)state;
	udp4(1380);
	for (unsigned i = 0; i < RTE_DIM(ifaces); i++)
		feed(h, ifaces[i], 576);
	assert_int_equal(sl_harness_drop(h, "no_interface"), RTE_DIM(ifaces));
	assert_string_equal(sl_harness_destroy(h), "");
}

static void options_that_make_no_sense_are_dropped(void **state)
{
	struct sl_harness *h = make(0);

	(void)state;
	udp4(1380);
	p.bytes[0] = 0x46;
	p.bytes[20] = 130;
	p.bytes[21] = 9;
	ip_seal(&p);
	feed(h, LAN, 576);
	assert_int_equal(sl_harness_drop(h, "bad_options"), 1);
	assert_string_equal(sl_harness_destroy(h), "");
}

// Of a graph that is wired wrongly.
static void what_is_no_ip_packet_is_dropped(void **state)
{
	static const struct {
		unsigned len;
		uint8_t first;
	} odd[] = {{1480, 0x02}, {19, 0x45}, {1400, 0x44}, {39, 0x60}, {30, 0x4f}, {1000, 0x45}};
	struct sl_harness *h = make(0);

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(odd); i++) {
		udp4(1480);
		p.bytes[0] = odd[i].first;
		p.len = odd[i].len;
		feed(h, LAN, 576);
		assert_int_equal(sl_harness_drop(h, "no_ip"), i + 1);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

// The offsets of its pieces would begin again at 0, in the place of true ones.
static void a_fragment_beyond_every_datagram_is_dropped(void **state)
{
	struct sl_harness *h = make(0);

	(void)state;
	udp4(1380);
	store_be16(p.bytes + 6, SL_IPV4_OFFSET - 10);
	ip_seal(&p);
	feed(h, LAN, 576);
	assert_int_equal(sl_harness_drop(h, "beyond_end"), 1);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void an_empty_pool_is_a_drop_and_loses_nothing(void **state)
{
	struct sl_harness *h = make(7);

	(void)state;
	udp4(1380);
	p.meta.mtu = 576;
	p.meta.iface_out = LAN;
	while (ip_feed(h, 0, &p)) // until no buffer is left
		;
	sl_harness_breathe(h);
	assert_true(sl_harness_drop(h, "no_buffer") > 0);
	assert_true(sl_harness_metric(h, "divided") > 0);
	assert_string_equal(sl_harness_destroy(h), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_leave_in_order_with_the_meta_of_the_packet),
		cmocka_unit_test(what_must_not_be_divided_goes_to_error_with_the_mtu),
		cmocka_unit_test(a_router_never_divides_ipv6_of_others),
		cmocka_unit_test(own_ipv6_packets_are_divided),
		cmocka_unit_test(what_no_output_leads_to_is_dropped),
		cmocka_unit_test(options_that_make_no_sense_are_dropped),
		cmocka_unit_test(what_is_no_ip_packet_is_dropped),
		cmocka_unit_test(a_fragment_beyond_every_datagram_is_dropped),
		cmocka_unit_test(an_empty_pool_is_a_drop_and_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
