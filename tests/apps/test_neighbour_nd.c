// The app neighbour and neighbour discovery: bytes in, bytes out. RFC 4861, RFC 6980.

#include "tests/apps/neighbour_link.h"

#include "core/proto/checksum.h"
#include "core/proto/ipv6.h"

static const char plain[] = "mac=02:00:00:00:00:01 addresses=fd00::1/64 reachable=10s";
static const char own_link_local[] = "fe80::ff:fe00:1"; // of 02:00:00:00:00:01

static void expect_ip(const uint8_t ip[16], const char *text)
{
	uint8_t expected[16];

	link_ip(expected, text);
	assert_memory_equal(ip, expected, 16);
}

static void expect_mac(const uint8_t mac[6], uint8_t n)
{
	assert_memory_equal(mac, ((uint8_t[]){2, 0, 0, 0, 0, n}), 6);
}

static struct sl_nd answer_of(const char *ip, uint8_t n)
{
	struct sl_nd nd = link_message(SL_ND_ADVERTISEMENT, ip, own_link_local, ip, n);

	nd.flags = SL_ND_SOLICITED | SL_ND_OVERRIDE;
	return nd;
}

// RFC 4861 section 7.2.2.
static void the_question_goes_to_the_solicited_node_group(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_ether_hdr ether;
	struct sl_nd nd;

	(void)state;
	link_send(h, "fd00::12:3456", 1);
	link_take_nd(h, &ether, &nd);
	assert_memory_equal(ether.dst, ((uint8_t[]){0x33, 0x33, 0xff, 0x12, 0x34, 0x56}), 6);
	expect_mac(ether.src, 1);
	assert_int_equal(nd.type, SL_ND_SOLICITATION);
	expect_ip(nd.src, own_link_local);
	expect_ip(nd.dst, "ff02::1:ff12:3456");
	expect_ip(nd.target, "fd00::12:3456");
	assert_true(nd.has_mac);
	expect_mac(nd.mac, 1);
	link_end(h);
}

// RFC 4861 section 7.2.4: router, solicited, override, with our address.
static void a_question_for_us_is_answered(void **state)
{
	static const char *const targets[] = {"fd00::1", "fe80::ff:fe00:1"};
	struct sl_harness *h = link_make(plain);
	struct sl_ether_hdr ether;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct sl_nd nd = link_message(SL_ND_SOLICITATION, "fe80::9", NULL, targets[i], 9);

		link_nd(h, &nd);
		link_take_nd(h, &ether, &nd);
		expect_mac(ether.dst, 9);
		expect_mac(ether.src, 1);
		assert_int_equal(nd.type, SL_ND_ADVERTISEMENT);
		assert_int_equal(nd.flags, SL_ND_ROUTER | SL_ND_SOLICITED | SL_ND_OVERRIDE);
		expect_ip(nd.src, targets[i]);
		expect_ip(nd.dst, "fe80::9");
		expect_ip(nd.target, targets[i]);
		assert_true(nd.has_mac);
		expect_mac(nd.mac, 1);
	}
	link_send(h, "fe80::9", 1); // who asked is known
	link_expect(h, "fe80::9", 1, 9);
	link_end(h);
}

static void a_question_without_a_link_layer_address_is_answered_to_its_frames_source(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_nd nd = link_message(SL_ND_SOLICITATION, "fe80::9", "fd00::1", "fd00::1", 9);
	struct sl_ether_hdr ether;

	(void)state;
	nd.has_mac = false;
	link_nd(h, &nd);
	link_take_nd(h, &ether, &nd);
	expect_mac(ether.dst, 9);
	expect_ip(nd.dst, "fe80::9");
	link_end(h);
}

// RFC 4861 section 7.2.4, RFC 4862 section 5.4.3: our address is taken; all are told.
static void who_wants_our_address_is_told_with_all_others(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_nd nd = link_message(SL_ND_SOLICITATION, "::", NULL, "fd00::1", 9);
	struct sl_ether_hdr ether;

	(void)state;
	nd.has_mac = false;
	link_nd(h, &nd);
	link_take_nd(h, &ether, &nd);
	assert_memory_equal(ether.dst, ((uint8_t[]){0x33, 0x33, 0, 0, 0, 1}), 6);
	expect_ip(nd.dst, "ff02::1");
	expect_ip(nd.target, "fd00::1");
	assert_int_equal(nd.flags, SL_ND_ROUTER | SL_ND_OVERRIDE);
	expect_mac(nd.mac, 1);
	sl_harness_tick(h);
	assert_int_equal(sl_harness_metric(h, "ipv6_neighbours"), 0);
	link_end(h);
}

static void questions_for_others_are_not_answered_nor_remembered(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_nd nd = link_message(SL_ND_SOLICITATION, "fd00::9", NULL, "fd00::2", 9);

	(void)state;
	link_nd(h, &nd);
	link_expect_nothing(h);
	sl_harness_tick(h);
	assert_int_equal(sl_harness_metric(h, "ipv6_neighbours"), 0);
	assert_int_equal(sl_harness_app(h)->consumed, 1);
	link_end(h);
}

static void strangers_are_not_remembered(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_nd nd = link_message(SL_ND_SOLICITATION, "2001:db8::9", NULL, "fd00::1", 9);
	struct sl_ether_hdr ether;

	(void)state;
	link_nd(h, &nd);
	link_take_nd(h, &ether, &nd);
	sl_harness_tick(h);
	assert_int_equal(sl_harness_metric(h, "ipv6_neighbours"), 0);
	link_end(h);
}

// RFC 4861 section 7.2.5: nobody wanted to know.
static void advertisements_of_strangers_are_ignored(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_nd nd = answer_of("fd00::9", 9);

	(void)state;
	link_nd(h, &nd);
	sl_harness_tick(h);
	assert_int_equal(sl_harness_metric(h, "ipv6_neighbours"), 0);
	link_end(h);
}

// RFC 4861 section 7.2.6.
static void an_unsolicited_advertisement_moves_a_neighbour_only_with_override(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_nd nd = answer_of("fd00::9", 9);

	(void)state;
	link_send(h, "fd00::9", 1);
	sl_free(sl_harness_take_packet(h, SL_NEIGHBOUR_OUT));
	link_nd(h, &nd);
	link_expect(h, "fd00::9", 1, 9);
	nd = link_message(SL_ND_ADVERTISEMENT, "fd00::9", "ff02::1", "fd00::9", 77);
	link_nd(h, &nd);
	link_send(h, "fd00::9", 2);
	link_expect(h, "fd00::9", 2, 9);
	nd.flags = SL_ND_OVERRIDE;
	link_nd(h, &nd);
	link_send(h, "fd00::9", 3);
	link_expect(h, "fd00::9", 3, 77);
	link_end(h);
}

// RFC 4861 section 7.3.3: reachable, stale, delay, probe, gone.
static void a_neighbour_long_not_heard_of_is_asked_itself_and_goes(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_nd nd = answer_of("fd00::9", 9);
	struct sl_ether_hdr ether;

	(void)state;
	link_send(h, "fd00::9", 1);
	link_take_nd(h, &ether, &nd);
	nd = answer_of("fd00::9", 9);
	link_nd(h, &nd);
	link_expect(h, "fd00::9", 1, 9);
	link_pass(h, 16 * (uint64_t)SECOND_NS);
	link_expect_nothing(h);
	link_send(h, "fd00::9", 2);
	link_expect(h, "fd00::9", 2, 9);
	link_pass(h, 9 * (uint64_t)SECOND_NS);
	for (unsigned i = 0; i < 3; i++) {
		link_take_nd(h, &ether, &nd);
		expect_mac(ether.dst, 9);
		expect_ip(nd.dst, "fd00::9");
		expect_ip(nd.target, "fd00::9");
	}
	sl_harness_tick(h);
	assert_int_equal(sl_harness_metric(h, "ipv6_neighbours"), 0);
	link_expect_nothing(h);
	link_end(h);
}

static void own_addresses_are_announced_once(void **state)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(
		&(struct sl_harness_options){
			.line = "neighbour mac=02:00:00:00:00:01 addresses=fd00::1/64"},
		&err);
	const char *const expected[] = {own_link_local, "fd00::1"};
	struct sl_ether_hdr ether;
	struct sl_nd nd;

	(void)state;
	assert_non_null(h);
	sl_harness_tick(h);
	link_skip_report(h);
	for (unsigned i = 0; i < 2; i++) {
		link_take_nd(h, &ether, &nd);
		assert_memory_equal(ether.dst, ((uint8_t[]){0x33, 0x33, 0, 0, 0, 1}), 6);
		assert_int_equal(nd.type, SL_ND_ADVERTISEMENT);
		assert_int_equal(nd.flags, SL_ND_ROUTER | SL_ND_OVERRIDE);
		expect_ip(nd.src, expected[i]);
		expect_ip(nd.dst, "ff02::1");
		expect_ip(nd.target, expected[i]);
		expect_mac(nd.mac, 1);
	}
	link_pass(h, SECOND_NS);
	link_skip_report(h);
	link_expect_nothing(h);
	link_end(h);
}

static void an_address_of_ours_is_defended_once_in_ten_seconds(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_nd claim = answer_of("fd00::1", 66), nd;
	struct sl_ether_hdr ether;

	(void)state;
	link_nd(h, &claim);
	link_nd(h, &claim);
	nd = link_message(SL_ND_SOLICITATION, "fd00::1", NULL, "fd00::9", 66);
	link_nd(h, &nd);
	link_take_nd(h, &ether, &nd);
	expect_ip(nd.target, "fd00::1");
	expect_ip(nd.dst, "ff02::1");
	expect_mac(nd.mac, 1);
	link_expect_nothing(h);
	assert_int_equal(sl_harness_drop(h, "conflict"), 3);
	assert_int_equal(sl_harness_metric(h, "conflicts"), 3);
	link_pass(h, 10 * (uint64_t)SECOND_NS);
	link_nd(h, &claim);
	link_take_nd(h, &ether, &nd);
	link_end(h);
}

static void fix(uint8_t *packet, uint16_t len)
{
	uint16_t n = (uint16_t)(len - 40), sum;

	store_be16(packet + 4, n);
	sum = sl_checksum_make(
		packet + 40, n, 2,
		sl_checksum_pseudo_ipv6(packet + 8, packet + 24, SL_PROTO_ICMPV6, n));
	memcpy(packet + 42, &sum, 2);
}

// Each reason has a drop of its own: RFC 4861 sections 7.1.1, 7.1.2, RFC 6980.
static void wrong_messages_are_dropped_by_what_is_wrong(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_nd nd = link_message(SL_ND_SOLICITATION, "fe80::9", NULL, "fd00::1", 9);
	uint8_t good[SL_ND_MAX], p[SL_ND_MAX + 8];
	uint16_t len = (uint16_t)sl_nd_write(good, &nd);

	(void)state;
	memcpy(p, good, len);
	p[7] = 254;
	link_bytes(h, SL_NEIGHBOUR_ND, p, len, 9);
	assert_int_equal(sl_harness_drop(h, "nd_hop_limit"), 1);
	memcpy(p, good, len);
	p[42] ^= 1;
	link_bytes(h, SL_NEIGHBOUR_ND, p, len, 9);
	assert_int_equal(sl_harness_drop(h, "nd_checksum"), 1);
	memcpy(p, good, len);
	p[41] = 1;
	fix(p, len);
	link_bytes(h, SL_NEIGHBOUR_ND, p, len, 9);
	assert_int_equal(sl_harness_drop(h, "nd_code"), 1);
	memcpy(p, good, len);
	p[65] = 0;
	fix(p, len);
	link_bytes(h, SL_NEIGHBOUR_ND, p, len, 9);
	assert_int_equal(sl_harness_drop(h, "nd_option"), 1);
	memcpy(p, good, len);
	link_ip(p + 48, "ff02::1");
	fix(p, len);
	link_bytes(h, SL_NEIGHBOUR_ND, p, len, 9);
	assert_int_equal(sl_harness_drop(h, "nd_address"), 1);
	link_bytes(h, SL_NEIGHBOUR_ND, good, len - 1, 9);
	assert_int_equal(sl_harness_drop(h, "nd_malformed"), 1);
	memcpy(p, good, 40);
	memcpy(p + 48, good + 40, len - 40u);
	memcpy(p + 40, (uint8_t[8]){SL_PROTO_ICMPV6}, 8);
	p[6] = SL_PROTO_FRAGMENT;
	store_be16(p + 4, len - 40 + 8);
	link_bytes(h, SL_NEIGHBOUR_ND, p, len + 8, 9);
	assert_int_equal(sl_harness_drop(h, "nd_fragment"), 1);
	link_expect_nothing(h);
	link_end(h);
}

static uint16_t router_message(uint8_t *p, uint8_t type, uint16_t header)
{
	struct sl_nd nd = link_message(SL_ND_SOLICITATION, "fe80::9", "ff02::2", "fe80::7", 9);

	sl_nd_write(p, &nd);
	memset(p + 64, 0, SL_ND_MAX + 24 - 64);
	p[40] = type;
	fix(p, 40 + header);
	return 40 + header;
}

// RFC 4861 section 8.2, 6.2.7.
static void redirects_and_router_messages_are_ignored(void **state)
{
	struct sl_harness *h = link_make(plain);
	uint8_t p[SL_ND_MAX + 24];

	(void)state;
	sl_harness_disconnect(h, SL_NEIGHBOUR_TAP);
	link_bytes(h, SL_NEIGHBOUR_ND, p, router_message(p, SL_ND_REDIRECT, 40), 9);
	assert_int_equal(sl_harness_drop(h, "redirect"), 1);
	link_bytes(h, SL_NEIGHBOUR_ND, p, router_message(p, SL_ND_ROUTER_ADVERTISEMENT, 16), 9);
	assert_int_equal(sl_harness_drop(h, "router_advertisement"), 1);
	link_bytes(h, SL_NEIGHBOUR_ND, p, router_message(p, SL_ND_ROUTER_SOLICITATION, 8), 9);
	assert_int_equal(sl_harness_drop(h, "router_solicitation"), 1);
	link_expect_nothing(h);
	link_end(h);
}

// A kernel behind a TAP gets advertisements, and what its daemon would answer.
static void advertisements_and_router_solicitations_go_to_the_tap(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct sl_nd nd = answer_of("fd00::9", 9);
	uint8_t p[SL_ND_MAX + 24], got[128];
	uint16_t len;

	(void)state;
	link_nd(h, &nd);
	assert_int_equal(sl_harness_take(h, SL_NEIGHBOUR_TAP, got, sizeof(got)), 14 + SL_ND_MAX);
	expect_mac(got, 1);
	expect_mac(got + 6, 9);
	assert_int_equal(sl_nd_parse(&nd, got + 14, SL_ND_MAX), SL_ND_GOOD);
	len = router_message(p, SL_ND_ROUTER_SOLICITATION, 8);
	link_bytes(h, SL_NEIGHBOUR_ND, p, len, 9);
	assert_int_equal(sl_harness_take(h, SL_NEIGHBOUR_TAP, got, sizeof(got)), 14 + len);
	nd = link_message(SL_ND_SOLICITATION, "fe80::9", NULL, "fd00::1", 9);
	link_nd(h, &nd);
	assert_int_equal(sl_harness_waiting_out(h, SL_NEIGHBOUR_TAP), 0);
	link_end(h);
}

static void a_flood_of_questions_does_not_cost_the_neighbours(void **state)
{
	struct sl_harness *h = link_make("mac=02:00:00:00:00:01 addresses=fd00::1/64 entries=128");
	struct sl_nd nd = answer_of("fd00::9", 9);
	struct sl_ether_hdr ether;

	(void)state;
	link_send(h, "fd00::9", 1);
	sl_free(sl_harness_take_packet(h, SL_NEIGHBOUR_OUT));
	link_nd(h, &nd);
	link_expect(h, "fd00::9", 1, 9);
	for (uint32_t n = 0; n < 100000; n++) {
		nd = link_message(SL_ND_SOLICITATION, "fd00::", NULL, "fd00::1", 9);
		store_be32(nd.src + 8, n + 1);
		link_nd(h, &nd);
		link_take_nd(h, &ether, &nd);
	}
	sl_harness_tick(h);
	assert_int_equal(sl_harness_metric(h, "ipv6_neighbours"), 1 + 128 / 4);
	link_send(h, "fd00::9", 2);
	link_expect(h, "fd00::9", 2, 9);
	link_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_question_goes_to_the_solicited_node_group),
		cmocka_unit_test(a_question_for_us_is_answered),
		cmocka_unit_test(
			a_question_without_a_link_layer_address_is_answered_to_its_frames_source),
		cmocka_unit_test(who_wants_our_address_is_told_with_all_others),
		cmocka_unit_test(questions_for_others_are_not_answered_nor_remembered),
		cmocka_unit_test(strangers_are_not_remembered),
		cmocka_unit_test(advertisements_of_strangers_are_ignored),
		cmocka_unit_test(an_unsolicited_advertisement_moves_a_neighbour_only_with_override),
		cmocka_unit_test(a_neighbour_long_not_heard_of_is_asked_itself_and_goes),
		cmocka_unit_test(own_addresses_are_announced_once),
		cmocka_unit_test(an_address_of_ours_is_defended_once_in_ten_seconds),
		cmocka_unit_test(wrong_messages_are_dropped_by_what_is_wrong),
		cmocka_unit_test(redirects_and_router_messages_are_ignored),
		cmocka_unit_test(advertisements_and_router_solicitations_go_to_the_tap),
		cmocka_unit_test(a_flood_of_questions_does_not_cost_the_neighbours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
