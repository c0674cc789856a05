// The app neighbour and ARP: bytes in, bytes out. RFC 826, RFC 5227.

#include "tests/apps/neighbour_link.h"

static const char plain[] = "mac=02:00:00:00:00:01 addresses=10.0.0.1/24 reachable=10s";
static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, zero[6];

static void expect_ip(const uint8_t ip[4], uint8_t n)
{
	assert_memory_equal(ip, ((uint8_t[]){10, 0, 0, n}), 4);
}

static void expect_mac(const uint8_t mac[6], uint8_t n)
{
	assert_memory_equal(mac, ((uint8_t[]){2, 0, 0, 0, 0, n}), 6);
}

static void the_question_goes_to_everybody(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_ether_hdr ether;
	struct sl_arp arp;

	(void)state;
	link_send(h, "10.0.0.9", 1);
	link_take_arp(h, &ether, &arp);
	assert_memory_equal(ether.dst, broadcast, 6);
	expect_mac(ether.src, 1);
	assert_int_equal(load_be16(arp.op), SL_ARP_REQUEST);
	expect_mac(arp.sender_mac, 1);
	expect_ip(arp.sender_ip, 1);
	assert_memory_equal(arp.target_mac, zero, 6);
	expect_ip(arp.target_ip, 9);
	assert_int_equal(sl_harness_metric(h, "solicitations"), 1);
	link_end(h);
}

static void the_question_comes_from_the_neighbours_network(void **state)
{
	struct sl_harness *h = link_make("mac=02:00:00:00:00:01 addresses=192.0.2.1/24 "
					 "addresses=10.0.0.1/24 addresses=10.1.0.1/16");
	struct sl_ether_hdr ether;
	struct sl_arp arp;

	(void)state;
	link_send(h, "10.0.0.9", 1);
	link_take_arp(h, &ether, &arp);
	expect_ip(arp.sender_ip, 1);
	link_send(h, "10.1.2.3", 1);
	link_take_arp(h, &ether, &arp);
	assert_memory_equal(arp.sender_ip, ((uint8_t[]){10, 1, 0, 1}), 4);
	link_send(h, "172.16.0.1", 1); // on the link by a route alone
	link_take_arp(h, &ether, &arp);
	assert_memory_equal(arp.sender_ip, ((uint8_t[]){192, 0, 2, 1}), 4);
	link_end(h);
}

// RFC 826, Packet Reception: swap, and send it back.
static void a_request_for_us_is_answered(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_ether_hdr ether;
	struct sl_arp arp;

	(void)state;
	link_arp(h, SL_ARP_REQUEST, 9, 9, 1);
	link_take_arp(h, &ether, &arp);
	expect_mac(ether.dst, 9);
	expect_mac(ether.src, 1);
	assert_int_equal(load_be16(arp.op), SL_ARP_REPLY);
	expect_mac(arp.sender_mac, 1);
	expect_ip(arp.sender_ip, 1);
	expect_mac(arp.target_mac, 9);
	expect_ip(arp.target_ip, 9);
	assert_int_equal(sl_harness_metric(h, "answers"), 1);
	link_send(h, "10.0.0.9", 1); // who asked is known
	link_expect(h, "10.0.0.9", 1, 9);
	link_end(h);
}

static void requests_for_others_are_not_answered_nor_remembered(void **state)
{
	struct sl_harness *h = link_make(plain);

	(void)state;
	sl_harness_disconnect(h, SL_NEIGHBOUR_TAP);
	link_arp(h, SL_ARP_REQUEST, 9, 9, 2);
	link_arp(h, SL_ARP_REPLY, 9, 9, 2);
	link_expect_nothing(h);
	sl_harness_tick(h);
	assert_int_equal(sl_harness_metric(h, "ipv4_neighbours"), 0);
	assert_int_equal(sl_harness_app(h)->consumed, 2);
	link_end(h);
}

// RFC 5227 section 2.1.1: who probes is answered, and not known yet.
static void a_probe_for_our_address_is_answered(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_ether_hdr ether;
	struct sl_arp arp;
	uint8_t mac[6];

	(void)state;
	link_mac(mac, 9);
	sl_arp_write(&arp, SL_ARP_REQUEST, mac, zero);
	memcpy(arp.target_ip, (uint8_t[]){10, 0, 0, 1}, 4);
	link_bytes(h, SL_NEIGHBOUR_ARP, &arp, sizeof(arp), 9);
	link_take_arp(h, &ether, &arp);
	expect_mac(ether.dst, 9);
	expect_ip(arp.sender_ip, 1);
	assert_memory_equal(arp.target_ip, zero, 4);
	sl_harness_tick(h);
	assert_int_equal(sl_harness_metric(h, "ipv4_neighbours"), 0);
	link_end(h);
}

// A request from somewhere that is no network of ours: answered, as everybody does, but nothing is
// kept of it.
static void strangers_are_not_remembered(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_ether_hdr ether;
	struct sl_arp arp;
	uint8_t mac[6];

	(void)state;
	link_mac(mac, 9);
	sl_arp_write(&arp, SL_ARP_REQUEST, mac, (uint8_t[]){203, 0, 113, 9});
	memcpy(arp.target_ip, (uint8_t[]){10, 0, 0, 1}, 4);
	link_bytes(h, SL_NEIGHBOUR_ARP, &arp, sizeof(arp), 9);
	link_take_arp(h, &ether, &arp);
	assert_int_equal(load_be16(arp.op), SL_ARP_REPLY);
	sl_harness_tick(h);
	assert_int_equal(sl_harness_metric(h, "ipv4_neighbours"), 0);
	link_end(h);
}

static void gratuitous_messages_update_whom_we_know(void **state)
{
	static const enum sl_arp_op ops[] = {SL_ARP_REQUEST, SL_ARP_REPLY};
	struct sl_harness *h = link_make(plain);

	(void)state;
	for (uint8_t i = 0; i < 2; i++) {
		uint8_t n = 20 + i;
		char ip[] = "10.0.0.20";

		ip[8] = (char)('0' + i);
		link_arp(h, ops[i], n, 9, n); // unknown: ignored
		sl_harness_tick(h);
		assert_int_equal(sl_harness_metric(h, "ipv4_neighbours"), i);
		link_send(h, ip, 1);
		sl_free(sl_harness_take_packet(h, SL_NEIGHBOUR_OUT));
		link_arp(h, SL_ARP_REPLY, n, n, 1);
		link_expect(h, ip, 1, n);
		link_arp(h, ops[i], n, 99, n); // it has moved
		link_send(h, ip, 2);
		link_expect(h, ip, 2, 99);
	}
	link_end(h);
}

// Nobody asked: whatever an answer says, it does not make a neighbour, and confirms nothing.
static void answers_to_no_question_make_no_neighbour(void **state)
{
	struct sl_harness *h = link_make(plain);

	(void)state;
	for (uint8_t n = 2; n < 200; n++)
		link_arp(h, SL_ARP_REPLY, n, n, 1);
	sl_harness_tick(h);
	assert_int_equal(sl_harness_metric(h, "ipv4_neighbours"), 0);
	link_end(h);
}

// RFC 4861 section 7.3.3 in ARP's words: the probe is a request to the station itself.
static void a_neighbour_long_not_heard_of_is_asked_itself(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_ether_hdr ether;
	struct sl_arp arp;

	(void)state;
	link_send(h, "10.0.0.9", 1);
	link_take_arp(h, &ether, &arp);
	link_arp(h, SL_ARP_REPLY, 9, 9, 1);
	link_expect(h, "10.0.0.9", 1, 9);
	link_pass(h, 15 * (uint64_t)SECOND_NS + 1); // stale by now, whatever the random time
	link_expect_nothing(h);
	link_send(h, "10.0.0.9", 2);
	link_expect(h, "10.0.0.9", 2, 9);
	link_pass(h, 5 * (uint64_t)SECOND_NS);
	link_take_arp(h, &ether, &arp);
	expect_mac(ether.dst, 9);
	expect_ip(arp.target_ip, 9);
	link_arp(h, SL_ARP_REPLY, 9, 9, 1);
	link_pass(h, 4 * (uint64_t)SECOND_NS);
	link_expect_nothing(h);
	link_end(h);
}

static void a_neighbour_that_has_gone_is_looked_for_anew(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_ether_hdr ether;
	struct sl_arp arp;

	(void)state;
	link_arp(h, SL_ARP_REQUEST, 9, 9, 1);
	link_take_arp(h, &ether, &arp);
	link_send(h, "10.0.0.9", 1);
	link_expect(h, "10.0.0.9", 1, 9);
	link_pass(h, 9 * (uint64_t)SECOND_NS);
	for (unsigned i = 0; i < 3; i++) {
		link_take_arp(h, &ether, &arp);
		expect_mac(ether.dst, 9);
	}
	link_send(h, "10.0.0.9", 2);
	link_take_arp(h, &ether, &arp);
	assert_memory_equal(ether.dst, broadcast, 6);
	assert_int_equal(sl_harness_app(h)->held, 1);
	link_end(h);
}

// RFC 5227 section 2.3: once, when the address comes into use.
static void own_addresses_are_announced_once(void **state)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(
		&(struct sl_harness_options){.line = "neighbour mac=02:00:00:00:00:01 "
						     "addresses=10.0.0.1/24 addresses=10.0.0.2/24"},
		&err);
	struct sl_ether_hdr ether;
	struct sl_arp arp;

	(void)state;
	assert_non_null(h);
	link_expect_nothing(h);
	sl_harness_tick(h);
	link_skip_report(h);
	sl_free(sl_harness_take_packet(h, SL_NEIGHBOUR_OUT)); // the link-local address
	for (uint8_t n = 1; n <= 2; n++) {
		link_take_arp(h, &ether, &arp);
		assert_memory_equal(ether.dst, broadcast, 6);
		assert_int_equal(load_be16(arp.op), SL_ARP_REQUEST);
		expect_mac(arp.sender_mac, 1);
		expect_ip(arp.sender_ip, n);
		expect_ip(arp.target_ip, n);
	}
	link_pass(h, SECOND_NS);
	link_skip_report(h);
	link_expect_nothing(h);
	link_end(h);
}

// RFC 5227 section 2.4 (c).
static void an_address_of_ours_is_defended_once_in_ten_seconds(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_ether_hdr ether;
	struct sl_arp arp;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		link_arp(h, SL_ARP_REPLY, 1, 66, 9);
	link_arp(h, SL_ARP_REQUEST, 1, 66, 1);
	link_take_arp(h, &ether, &arp);
	assert_memory_equal(ether.dst, broadcast, 6);
	assert_true(sl_arp_is_gratuitous(&arp));
	expect_ip(arp.sender_ip, 1);
	expect_mac(arp.sender_mac, 1);
	link_expect_nothing(h);
	assert_int_equal(sl_harness_metric(h, "conflicts"), 4);
	assert_int_equal(sl_harness_drop(h, "conflict"), 4);
	link_pass(h, 10 * (uint64_t)SECOND_NS);
	link_arp(h, SL_ARP_REPLY, 1, 66, 9);
	link_take_arp(h, &ether, &arp);
	link_expect_nothing(h);
	link_end(h);
}

static void our_own_frames_come_to_nothing(void **state)
{
	struct sl_harness *h = link_make(plain);

	(void)state;
	link_arp(h, SL_ARP_REQUEST, 1, 1, 1); // reflected
	link_expect_nothing(h);
	assert_int_equal(sl_harness_drop(h, "looped"), 1);
	assert_int_equal(sl_harness_metric(h, "conflicts"), 0);
	link_end(h);
}

static void broken_messages_are_dropped(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_arp arp;
	uint8_t mac[6], bytes[sizeof(arp)];

	(void)state;
	link_mac(mac, 9);
	sl_arp_write(&arp, SL_ARP_REQUEST, mac, (uint8_t[]){10, 0, 0, 9});
	memcpy(arp.target_ip, (uint8_t[]){10, 0, 0, 1}, 4);
	memcpy(bytes, &arp, sizeof(bytes));
	for (uint16_t len = 0; len < sizeof(arp); len++)
		link_bytes(h, SL_NEIGHBOUR_ARP, bytes, len, 9);
	for (unsigned i = 0; i < 7; i++) { // hardware, protocol, lengths, operation
		bytes[i] ^= 0x40;
		link_bytes(h, SL_NEIGHBOUR_ARP, bytes, sizeof(bytes), 9);
		bytes[i] ^= 0x40;
	}
	assert_int_equal(sl_harness_drop(h, "bad_arp"), sizeof(arp) + 7);
	link_expect_nothing(h);
	link_end(h);
}

// A kernel behind a TAP shares the address: it gets answers, as whole frames, and nothing else.
static void answers_go_to_the_tap(void **state)
{
	struct sl_harness *h = link_make(plain);
	uint8_t got[128];

	(void)state;
	link_arp(h, SL_ARP_REQUEST, 9, 9, 1);
	assert_int_equal(sl_harness_waiting_out(h, SL_NEIGHBOUR_TAP), 0);
	link_arp(h, SL_ARP_REPLY, 9, 9, 1);
	assert_int_equal(sl_harness_take(h, SL_NEIGHBOUR_TAP, got, sizeof(got)), 14 + 46);
	expect_mac(got, 1);
	expect_mac(got + 6, 9);
	assert_int_equal(load_be16(got + 12), SL_ETHER_ARP);
	assert_int_equal(load_be16(got + 20), SL_ARP_REPLY);
	sl_harness_disconnect(h, SL_NEIGHBOUR_TAP);
	link_arp(h, SL_ARP_REPLY, 9, 9, 1);
	assert_int_equal(sl_harness_app(h)->unconnected, 0);
	link_end(h);
}

// A flood of requests from made-up senders: all answered, memory bounded, neighbours stay.
static void a_flood_of_requests_does_not_cost_the_neighbours(void **state)
{
	struct sl_harness *h = link_make("mac=02:00:00:00:00:01 addresses=10.0.0.1/8 entries=128");
	struct sl_ether_hdr ether;
	struct sl_arp arp;

	(void)state;
	link_send(h, "10.0.0.9", 1);
	link_take_arp(h, &ether, &arp);
	link_arp(h, SL_ARP_REPLY, 9, 9, 1);
	link_expect(h, "10.0.0.9", 1, 9);
	for (uint32_t n = 0; n < 100000; n++) {
		struct sl_arp request;
		uint8_t ip[4], mac[6] = {2, 1, 0, 0, 0, 9};

		store_be32(ip, 0x0a800000 + n);
		store_be32(mac + 2, n);
		sl_arp_write(&request, SL_ARP_REQUEST, mac, ip);
		memcpy(request.target_ip, (uint8_t[]){10, 0, 0, 1}, 4);
		link_bytes(h, SL_NEIGHBOUR_ARP, &request, sizeof(request), 9);
		link_take_arp(h, &ether, &arp);
		assert_memory_equal(arp.target_ip, ip, 4);
	}
	sl_harness_tick(h);
	assert_int_equal(sl_harness_metric(h, "ipv4_neighbours"), 1 + 128 / 4);
	link_send(h, "10.0.0.9", 2);
	link_expect(h, "10.0.0.9", 2, 9);
	link_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_question_goes_to_everybody),
		cmocka_unit_test(the_question_comes_from_the_neighbours_network),
		cmocka_unit_test(a_request_for_us_is_answered),
		cmocka_unit_test(requests_for_others_are_not_answered_nor_remembered),
		cmocka_unit_test(a_probe_for_our_address_is_answered),
		cmocka_unit_test(strangers_are_not_remembered),
		cmocka_unit_test(gratuitous_messages_update_whom_we_know),
		cmocka_unit_test(answers_to_no_question_make_no_neighbour),
		cmocka_unit_test(a_neighbour_long_not_heard_of_is_asked_itself),
		cmocka_unit_test(a_neighbour_that_has_gone_is_looked_for_anew),
		cmocka_unit_test(own_addresses_are_announced_once),
		cmocka_unit_test(an_address_of_ours_is_defended_once_in_ten_seconds),
		cmocka_unit_test(our_own_frames_come_to_nothing),
		cmocka_unit_test(broken_messages_are_dropped),
		cmocka_unit_test(answers_go_to_the_tap),
		cmocka_unit_test(a_flood_of_requests_does_not_cost_the_neighbours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
