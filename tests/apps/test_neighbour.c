// The app neighbour: packets on their way, and the app's own life.

#include "tests/apps/neighbour_link.h"

#include <stdio.h>

static const char plain[] = "mac=02:00:00:00:00:01 addresses=10.0.0.1/24 addresses=fd00::1/64";

static void take_question(struct sl_harness *h)
{
	struct rte_mbuf *p = sl_harness_take_packet(h, SL_NEIGHBOUR_OUT);

	assert_non_null(p);
	sl_free(p);
}

// Make 10.0.0.n a neighbour that has answered.
static void meet(struct sl_harness *h, uint8_t n)
{
	char ip[16];

	snprintf(ip, sizeof(ip), "10.0.0.%u", n);
	link_send(h, ip, n);
	take_question(h);
	link_arp(h, SL_ARP_REPLY, n, n, 1);
	link_expect(h, ip, n, n);
}

static void packets_wait_for_the_answer_and_go_in_order(void **state)
{
	struct sl_harness *h = link_make(plain);

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		link_send(h, "10.0.0.9", i);
	assert_int_equal(sl_harness_app(h)->held, 5);
	take_question(h);
	link_expect_nothing(h);
	link_arp(h, SL_ARP_REPLY, 9, 9, 1);
	for (uint32_t i = 0; i < 5; i++)
		link_expect(h, "10.0.0.9", i, 9);
	assert_int_equal(sl_harness_app(h)->held, 0);
	link_send(h, "10.0.0.9", 6);
	link_expect(h, "10.0.0.9", 6, 9);
	link_end(h);
}

static void ipv6_packets_wait_for_the_advertisement(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_nd nd = link_message(SL_ND_ADVERTISEMENT, "fd00::9", "fd00::1", "fd00::9", 9);

	(void)state;
	link_send(h, "fd00::9", 1);
	take_question(h);
	nd.flags = SL_ND_SOLICITED | SL_ND_OVERRIDE;
	link_nd(h, &nd);
	link_expect(h, "fd00::9", 1, 9);
	link_send(h, "fd00::9", 2);
	link_expect(h, "fd00::9", 2, 9);
	link_end(h);
}

// Of both families, from the app that makes them.
static void fragments_go_the_same_way(void **state)
{
	static const char *const hops[] = {"10.0.0.5", "fd00::5"};
	struct sl_harness *h = link_make(
		"mac=02:00:00:00:00:01 addresses=10.0.0.1/24 addresses=fd00::1/64 "
		"neighbours='10.0.0.5 02:00:00:00:00:05' "
		"neighbours='fd00::5 02:00:00:00:00:05'");

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		link_send_fragment(h, hops[i], 7);
		link_expect(h, hops[i], 7, 5);
	}
	link_end(h);
}

// RFC 1812 section 3.3.2, RFC 4861 section 7.2.2.
static void silence_sends_what_waits_to_error(void **state)
{
	static const char *const hops[] = {"10.0.0.9", "fd00::9"};
	struct sl_harness *h = link_make(plain);
	struct ip_packet got;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		link_send(h, hops[i], 1);
		link_send(h, hops[i], 2);
		link_pass(h, 3 * (uint64_t)SECOND_NS - SECOND_NS / 1000);
		for (unsigned n = 0; n < 3; n++)
			take_question(h);
		link_expect_nothing(h);
		assert_int_equal(sl_harness_waiting_out(h, SL_NEIGHBOUR_ERROR), 0);
		link_pass(h, SECOND_NS / 500);
		for (uint32_t n = 1; n <= 2; n++) {
			assert_true(ip_take(h, SL_NEIGHBOUR_ERROR, &got));
			assert_int_equal(got.meta.error, SL_IP_HOST_UNREACHABLE);
			assert_memory_equal(got.bytes + got.len - 4, &n, 4);
		}
		assert_int_equal(sl_harness_app(h)->held, 0);
	}
	link_expect_nothing(h);
	link_end(h);
}

static void without_anyone_to_tell_the_unreachable_is_dropped(void **state)
{
	struct sl_harness *h = link_make(plain);

	(void)state;
	sl_harness_disconnect(h, SL_NEIGHBOUR_ERROR);
	link_send(h, "10.0.0.9", 1);
	link_pass(h, 4 * (uint64_t)SECOND_NS);
	assert_int_equal(sl_harness_drop(h, "unreachable"), 1);
	link_end(h);
}

static void a_full_queue_drops_its_oldest(void **state)
{
	struct sl_harness *h = link_make(
		"mac=02:00:00:00:00:01 addresses=10.0.0.1/24 hold=3 holds=5");

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		link_send(h, "10.0.0.9", i);
	assert_int_equal(sl_harness_drop(h, "queue_full"), 2);
	for (uint32_t i = 0; i < 3; i++)
		link_send(h, "10.0.0.10", i);
	assert_int_equal(sl_harness_drop(h, "queue_full"), 3);
	assert_int_equal(sl_harness_app(h)->held, 5);
	take_question(h);
	take_question(h);
	link_arp(h, SL_ARP_REPLY, 9, 9, 1);
	link_expect(h, "10.0.0.9", 3, 9);
	link_expect(h, "10.0.0.9", 4, 9);
	link_end(h); // with packets held
}

static void groups_are_reached_without_asking(void **state)
{
	static const struct {
		const char *hop;
		uint8_t mac[6];
	} cases[] = {
		{"224.0.0.5", {1, 0, 0x5e, 0, 0, 5}},
		{"239.129.2.3", {1, 0, 0x5e, 1, 2, 3}}, // 23 bits of the group
		{"255.255.255.255", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
		{"10.0.0.255", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
		{"ff02::1", {0x33, 0x33, 0, 0, 0, 1}},
		{"ff05::a1b2:c3d4", {0x33, 0x33, 0xa1, 0xb2, 0xc3, 0xd4}},
	};
	struct sl_harness *h = link_make(plain);
	uint8_t got[256];

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		link_send(h, cases[i].hop, i);
		assert_true(sl_harness_take(h, SL_NEIGHBOUR_OUT, got, sizeof(got)) > 14);
		assert_memory_equal(got, cases[i].mac, 6);
		link_expect_nothing(h);
	}
	link_end(h);
}

static void a_next_hop_that_is_no_station_is_dropped(void **state)
{
	static const char *const hops[] = {"0.0.0.0",  "127.0.0.1", "240.0.0.1",
					   "10.0.0.0", "::",        "::1"};
	struct sl_harness *h = link_make(plain);

	(void)state;
	for (unsigned i = 0; i < sizeof(hops) / sizeof(hops[0]); i++) {
		link_send(h, hops[i], 1);
		assert_int_equal(sl_harness_drop(h, "bad_next_hop"), i + 1);
	}
	link_expect_nothing(h);
	link_end(h);
}

static void neighbours_of_the_file_are_not_asked(void **state)
{
	struct sl_harness *h = link_make(
		"mac=02:00:00:00:00:01 addresses=10.0.0.1/24 "
		"neighbours='10.0.0.5 02:00:00:00:00:05' neighbours='fd00::6 02:00:00:00:00:06'");

	(void)state;
	link_send(h, "10.0.0.5", 1);
	link_expect(h, "10.0.0.5", 1, 5);
	link_send(h, "fd00::6", 2);
	link_expect(h, "fd00::6", 2, 6);
	link_arp(h, SL_ARP_REPLY, 5, 99, 1);
	link_pass(h, 2 * (uint64_t)SECOND_NS);
	link_send(h, "10.0.0.5", 3);
	link_expect(h, "10.0.0.5", 3, 5);
	link_end(h);
}

// Hops known and unknown in one burst: all that can go goes at once, in order.
static void a_burst_to_many_next_hops_parts_rightly(void **state)
{
	static const uint8_t hops[] = {5, 5, 6, 5, 7, 6, 8, 7, 7, 5, 224, 5, 6};
	struct sl_harness *h = link_make(plain);
	struct ip_packet p;
	uint8_t got[256];

	(void)state;
	meet(h, 5);
	meet(h, 6);
	for (uint8_t i = 0; i < sizeof(hops); i++) {
		ip_build(&p, "192.0.2.1", "198.51.100.1", 17, NULL, 20);
		p.bytes[39] = i;
		memcpy(p.meta.next_hop, (uint8_t[]){10, 0, 0, hops[i]}, 4);
		if (hops[i] == 224)
			memcpy(p.meta.next_hop, (uint8_t[]){224, 0, 0, 224}, 4);
		assert_true(ip_feed(h, SL_NEIGHBOUR_IPV4, &p));
	}
	sl_harness_breathe(h);
	take_question(h); // for 7 and 8
	take_question(h);
	for (uint8_t i = 0; i < sizeof(hops); i++) {
		if (hops[i] == 7 || hops[i] == 8)
			continue;
		assert_int_equal(sl_harness_take(h, SL_NEIGHBOUR_OUT, got, sizeof(got)), 54);
		assert_int_equal(got[5], hops[i]);
		assert_int_equal(got[0], hops[i] == 224 ? 1 : 2);
		assert_int_equal(got[14 + 39], i);
	}
	link_expect_nothing(h);
	assert_int_equal(sl_harness_app(h)->held, 4);
	link_end(h);
}

static void without_an_address_nothing_is_sent(void **state)
{
	struct sl_harness *h = link_make("port=port-lan addresses=10.0.0.1/24");
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};

	(void)state;
	link_send(h, "10.0.0.9", 1);
	link_arp(h, SL_ARP_REQUEST, 9, 9, 1);
	assert_int_equal(sl_harness_drop(h, "no_address"), 2);
	link_expect_nothing(h);
	sl_harness_settle(h, "port-lan", mac);
	link_send(h, "10.0.0.9", 2);
	assert_int_equal(sl_harness_app(h)->held, 1);
	link_end(h);
}

static void a_new_address_of_the_port_is_used_at_once(void **state)
{
	struct sl_harness *h = link_make("port=port-lan addresses=10.0.0.1/24");
	uint8_t mac[6] = {2, 0, 0, 0, 0, 1}, got[128];

	(void)state;
	sl_harness_settle(h, "port-lan", mac);
	meet(h, 5);
	mac[5] = 0x77;
	sl_harness_settle(h, "port-lan", mac);
	link_send(h, "10.0.0.5", 1);
	assert_true(sl_harness_take(h, SL_NEIGHBOUR_OUT, got, sizeof(got)) > 0);
	assert_memory_equal(got + 6, mac, 6);
	sl_harness_tick(h); // 10.0.0.1 and the link-local address, again; the groups
	assert_int_equal(sl_harness_waiting_out(h, SL_NEIGHBOUR_OUT), 3);
	link_end(h);
}

static void neighbours_outlive_a_change_of_the_file(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_error err;

	(void)state;
	meet(h, 5);
	link_send(h, "10.0.0.6", 6);
	take_question(h);
	assert_int_equal(sl_harness_replace(h,
					    "neighbour index=3 mac=02:00:00:00:00:01 "
					    "addresses=10.0.0.1/24 addresses=fd00::1/64 hold=4",
					    &err),
			 0);
	assert_int_equal(sl_harness_app(h)->held, 1);
	link_send(h, "10.0.0.5", 1);
	link_expect(h, "10.0.0.5", 1, 5);
	link_arp(h, SL_ARP_REPLY, 6, 6, 1);
	link_expect(h, "10.0.0.6", 6, 6);
	sl_harness_tick(h);
	link_expect_nothing(h); // what was announced is not announced again
	link_end(h);
}

static void control(struct sl_harness *h, const struct sl_control *c)
{
	struct rte_mbuf *p;

	assert_true(sl_alloc_burst(sl_harness_app(h)->pool, &p, 1));
	assert_true(sl_control_put(p, c));
	sl_harness_feed_packet(h, SL_NEIGHBOUR_CONTROL, p);
	sl_harness_breathe(h);
}

static void the_kernel_adds_and_removes_addresses(void **state)
{
	struct sl_harness *h = link_make("mac=02:00:00:00:00:01");
	struct sl_control c = {.kind = SL_CONTROL_ADDRESS, .iface = LINK_INDEX};
	struct sl_ether_hdr ether;
	struct sl_arp arp;

	(void)state;
	assert_true(sl_prefix_parse("10.0.0.1/24", &c.address));
	c.iface = LINK_INDEX + 1; // of another
	control(h, &c);
	link_arp(h, SL_ARP_REQUEST, 9, 9, 1);
	link_expect_nothing(h);
	c.iface = LINK_INDEX;
	control(h, &c);
	sl_harness_tick(h);
	link_take_arp(h, &ether, &arp); // announced
	assert_true(sl_arp_is_gratuitous(&arp));
	link_arp(h, SL_ARP_REQUEST, 9, 9, 1);
	link_take_arp(h, &ether, &arp);
	assert_int_equal(load_be16(arp.op), SL_ARP_REPLY);
	c.remove = true;
	control(h, &c);
	link_arp(h, SL_ARP_REQUEST, 9, 9, 1);
	link_expect_nothing(h);
	link_end(h);
}

static void the_kernel_fixes_neighbours_that_outlive_a_change(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_control c = {
		.kind = SL_CONTROL_NEIGHBOUR, .iface = LINK_INDEX, .mac = {2, 0, 0, 0, 0, 8}};
	struct sl_error err;

	(void)state;
	assert_true(sl_ip_parse("10.0.0.8", &c.neighbour));
	control(h, &c);
	link_send(h, "10.0.0.8", 1);
	link_expect(h, "10.0.0.8", 1, 8);
	assert_int_equal(sl_harness_replace(h,
					    "neighbour index=3 mac=02:00:00:00:00:01 "
					    "addresses=10.0.0.1/24 hold=4",
					    &err),
			 0);
	link_send(h, "10.0.0.8", 2);
	link_expect(h, "10.0.0.8", 2, 8);
	c.remove = true;
	control(h, &c);
	link_send(h, "10.0.0.8", 3);
	assert_int_equal(sl_harness_app(h)->held, 1);
	link_end(h);
}

static void records_that_make_no_sense_are_counted(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_control c = {.kind = SL_CONTROL_NEIGHBOUR, .iface = LINK_INDEX};

	(void)state;
	assert_true(sl_ip_parse("224.0.0.8", &c.neighbour));
	c.mac[0] = 2;
	control(h, &c);
	assert_true(sl_ip_parse("10.0.0.8", &c.neighbour));
	c.mac[0] = 3;
	control(h, &c);
	assert_int_equal(sl_harness_metric(h, "records_refused"), 2);
	link_end(h);
}

// An address space is scanned through the router: its neighbours stay, packets are accounted for.
static void a_scan_does_not_cost_the_neighbours(void **state)
{
	struct sl_harness *h = link_make("mac=02:00:00:00:00:01 addresses=10.0.0.1/8 entries=256");
	struct ip_packet p;

	(void)state;
	for (uint8_t n = 5; n < 15; n++)
		meet(h, n);
	ip_build(&p, "192.0.2.1", "198.51.100.1", 17, NULL, 20);
	for (uint32_t n = 0; n < 20000; n++) {
		store_be32(p.meta.next_hop, 0x0a010000 + n);
		assert_true(ip_feed(h, SL_NEIGHBOUR_IPV4, &p));
		sl_harness_breathe(h);
		take_question(h);
	}
	for (uint8_t n = 5; n < 15; n++) {
		char ip[16];

		snprintf(ip, sizeof(ip), "10.0.0.%u", n);
		link_send(h, ip, n);
		link_expect(h, ip, n, n);
	}
	sl_harness_tick(h);
	assert_int_equal(sl_harness_metric(h, "ipv4_neighbours"), 10 + 256 / 4);
	assert_int_equal(sl_harness_metric(h, "displaced"), 20000 - 256 / 4);
	meet(h, 77); // who answers gets in
	link_end(h);
}

static void an_empty_pool_is_counted(void **state)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(
		&(struct sl_harness_options){.line = "neighbour mac=02:00:00:00:00:01 "
						     "addresses=10.0.0.1/24",
					     .packets = 63},
		&err);
	struct rte_mbuf *p[64];
	unsigned n = 0;

	(void)state;
	assert_non_null(h);
	while (sl_alloc_burst(sl_harness_app(h)->pool, &p[n], 1))
		n++;
	sl_harness_tick(h); // two announcements and a report
	assert_int_equal(sl_harness_metric(h, "no_buffer"), 3);
	sl_free_burst(p, n);
	link_end(h);
}

static void nonsense_in_the_file_is_refused(void **state)
{
	static const char *const lines[] = {
		"neighbour mac=02:00:00:00:00",
		"neighbour mac=ff:ff:ff:ff:ff:ff",
		"neighbour addresses=10.0.0",
		"neighbour addresses=10.0.0.1/33",
		"neighbour addresses=224.0.0.1/24",
		"neighbour neighbours=10.0.0.1",
		"neighbour neighbours='10.0.0.1 02:00:00:00:00'",
		"neighbour neighbours='224.0.0.1 02:00:00:00:00:01'",
		"neighbour neighbours='10.0.0.1 03:00:00:00:00:01'",
		"neighbour entries=15",
		"neighbour hold=0",
		"neighbour retransmit=1us",
		"neighbour index=60",
	};
	struct sl_error err;

	(void)state;
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct sl_harness_options o = {.line = lines[i]};

		assert_null(sl_harness_create(&o, &err));
		assert_true(err.text[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_wait_for_the_answer_and_go_in_order),
		cmocka_unit_test(ipv6_packets_wait_for_the_advertisement),
		cmocka_unit_test(fragments_go_the_same_way),
		cmocka_unit_test(silence_sends_what_waits_to_error),
		cmocka_unit_test(without_anyone_to_tell_the_unreachable_is_dropped),
		cmocka_unit_test(a_full_queue_drops_its_oldest),
		cmocka_unit_test(groups_are_reached_without_asking),
		cmocka_unit_test(a_next_hop_that_is_no_station_is_dropped),
		cmocka_unit_test(neighbours_of_the_file_are_not_asked),
		cmocka_unit_test(a_burst_to_many_next_hops_parts_rightly),
		cmocka_unit_test(without_an_address_nothing_is_sent),
		cmocka_unit_test(a_new_address_of_the_port_is_used_at_once),
		cmocka_unit_test(neighbours_outlive_a_change_of_the_file),
		cmocka_unit_test(the_kernel_adds_and_removes_addresses),
		cmocka_unit_test(the_kernel_fixes_neighbours_that_outlive_a_change),
		cmocka_unit_test(records_that_make_no_sense_are_counted),
		cmocka_unit_test(a_scan_does_not_cost_the_neighbours),
		cmocka_unit_test(an_empty_pool_is_counted),
		cmocka_unit_test(nonsense_in_the_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
