// How long packets of a tunnel may be, as ICMP errors tell, and what of them is believed.
#include "core/proto/icmp.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "core/tunnel/outer.h"
#include "core/tunnel/record.h"
#include "tests/harness/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND_NS 1000000000ull

enum { INNER, OUTER, COMMANDS };
enum { INNER4, INNER6, OUTER4, OUTER6, HANDSHAKE, EVENTS, ERROR };
enum { PEER = 3, OTHER = 5 };
enum { OF_IPV4 = PEER, OF_IPV6 = OTHER }; // peers by the family of their endpoints

static struct sl_harness *h;
static struct ip_packet packet, sealed, told, got;

static void command(const struct sl_tunnel_record *r)
{
	assert_true(sl_harness_feed(h, COMMANDS, r, sizeof(*r)));
	sl_harness_breathe(h);
}

static void add_peer(uint32_t peer, const char *own, const char *its, const char *inner4,
		     const char *inner6)
{
	struct sl_tunnel_record r = {.kind = SL_TUNNEL_PEER, .peer = peer};

	assert_true(sl_endpoint_parse(own, &r.source) && sl_endpoint_parse(its, &r.endpoint));
	command(&r);
	r = (struct sl_tunnel_record){.kind = SL_TUNNEL_ALLOW, .peer = peer};
	assert_true(sl_prefix_parse(inner4, &r.prefix));
	command(&r);
	assert_true(sl_prefix_parse(inner6, &r.prefix));
	command(&r);
	r = (struct sl_tunnel_record){.kind = SL_TUNNEL_SESSION, .peer = peer};
	r.keys.local = r.keys.remote = 1000 + peer;
	r.keys.is_initiator = r.keys.shared = true;
	command(&r);
	assert_true(ip_take(h, peer == OF_IPV4 ? OUTER4 : OUTER6, &got)); // it confirms
}

static int begin(void **state)
{
	struct sl_harness_options o = {.line = "tunnel-data max-peers=8 index=5 mss-clamp=yes"};
	struct sl_error err = {0};

	(void)state;
	h = sl_harness_create(&o, &err);
	if (!h)
		return -1;
	add_peer(OF_IPV4, "192.0.2.1:1", "192.0.2.2:2", "10.2.0.0/16", "fd02::/16");
	add_peer(OF_IPV6, "[2001:db8::1]:1", "[2001:db8::2]:2", "10.3.0.0/16", "fd03::/16");
	return 0;
}

static int end(void **state)
{
	(void)state;
	assert_string_equal(sl_harness_destroy(h), "");
	return 0;
}

// An inner packet of len bytes to a peer; what is sealed is in `sealed`.
static void feed(uint32_t peer, bool v6, unsigned len, bool dont_fragment)
{
	if (v6)
		ip_build(&packet, "fd01::1", peer == OF_IPV4 ? "fd02::1" : "fd03::1", SL_PROTO_UDP,
			 NULL, len - 40);
	else
		ip_build(&packet, "10.1.0.1", peer == OF_IPV4 ? "10.2.0.1" : "10.3.0.1",
			 SL_PROTO_UDP, NULL, len - 20);
	if (dont_fragment) {
		store_be16(packet.bytes + 6, SL_IPV4_DF);
		ip_seal(&packet);
	}
	assert_true(ip_feed(h, INNER, &packet));
	sl_harness_breathe(h);
}

static void passes(uint32_t peer, bool v6, unsigned len, bool dont_fragment)
{
	feed(peer, v6, len, dont_fragment);
	assert_true(ip_take(h, peer == OF_IPV4 ? OUTER4 : OUTER6, &sealed));
}

static void is_refused(uint32_t peer, bool v6, unsigned len, uint16_t mtu)
{
	feed(peer, v6, len, !v6);
	assert_true(ip_take(h, ERROR, &got));
	assert_int_equal(got.meta.error, SL_IP_TOO_BIG);
	assert_int_equal(got.meta.mtu, mtu);
	assert_int_equal(got.len, packet.len);
	assert_memory_equal(got.bytes, packet.bytes, packet.len);
}

static void seal_told(void)
{
	size_t at = told.bytes[0] >> 4 == 4 ? 20 : 40;

	store_be16(told.bytes + at + 2, 0);
	store_be16(told.bytes + at + 2,
		   ip_checksum(told.bytes + at, told.len - at, at == 40 ? told.bytes : NULL));
}

// Make `told` the error that a router sends about `sealed`.
static void make_error(uint32_t mtu)
{
	bool v6 = sealed.bytes[0] >> 4 == 6;

	ip_build_icmp(&told, v6 ? "2001:db8::99" : "192.0.2.99", v6 ? "2001:db8::1" : "192.0.2.1",
		      v6 ? SL_ICMPV6_PACKET_TOO_BIG : SL_ICMP_UNREACHABLE,
		      v6 ? 0 : SL_ICMP_FRAGMENTATION_NEEDED, mtu, 200);
	memcpy(told.bytes + (v6 ? 48 : 28), sealed.bytes, 200);
	seal_told();
}

// Feed `told`, and let the tunnel look at all its peers.
static void tell(void)
{
	assert_true(ip_feed(h, OUTER, &told));
	sl_harness_breathe(h);
	for (unsigned i = 0; i < 40; i++)
		sl_harness_tick(h);
}

static void what_is_told_is_what_fits(void **state)
{
	(void)state;
	passes(OF_IPV4, false, 1420, true);
	make_error(1400);
	tell();
	assert_int_equal(sl_harness_metric(h, "paths_lowered"), 1);
	passes(OF_IPV4, false, 1340, true);
	assert_int_equal(sealed.len, 1400); // padded no further
	passes(OF_IPV4, false, 1339, true);
	assert_int_equal(sealed.len, 1400);
	is_refused(OF_IPV4, false, 1341, 1340);
	is_refused(OF_IPV4, true, 1341, 1340);
	passes(OF_IPV4, false, 1420, false); // may be divided: what is around it is
	assert_int_equal(sealed.meta.mtu, 1400);
	passes(OF_IPV6, false, 1420, true); // another's way
	assert_int_equal(sealed.meta.mtu, 0);
	make_error(1350);
	tell();
	is_refused(OF_IPV6, false, 1300, 1270);
}

// RFC 8200 section 5: 1280 bytes pass, in pieces if need be.
static void it_is_never_less_than_what_every_link_carries(void **state)
{
	(void)state;
	passes(OF_IPV6, true, 1420, false);
	make_error(1280);
	tell();
	passes(OF_IPV6, true, 1280, false);
	assert_int_equal(sealed.meta.mtu, 1280);
	is_refused(OF_IPV6, true, 1281, 1280);
	is_refused(OF_IPV6, false, 1201, 1200);
	passes(OF_IPV4, false, 1420, true);
	make_error(68);
	tell();
	passes(OF_IPV4, false, 576, true);
	assert_int_equal(sealed.meta.mtu, 576);
	is_refused(OF_IPV4, false, 577, 576);
}

// RFC 8201 section 4: less than 1280 must be ignored. Links of IPv4 take 68 (RFC 791).
static void what_no_link_has_is_not_believed(void **state)
{
	static const uint32_t few[] = {1, 67}, few6[] = {0, 68, 1279};

	(void)state;
	passes(OF_IPV4, false, 1420, true);
	for (unsigned i = 0; i < RTE_DIM(few); i++) {
		make_error(few[i]);
		tell();
	}
	passes(OF_IPV6, false, 1420, true);
	for (unsigned i = 0; i < RTE_DIM(few6); i++) {
		make_error(few6[i]);
		tell();
	}
	assert_int_equal(sl_harness_drop(h, "icmp_ignored"), RTE_DIM(few) + RTE_DIM(few6));
	assert_int_equal(sl_harness_metric(h, "paths_lowered"), 0);
	passes(OF_IPV4, false, 1420, true);
	passes(OF_IPV6, false, 1420, true);
}

static void it_is_forgotten_after_ten_minutes(void **state)
{
	(void)state;
	passes(OF_IPV4, false, 1420, true);
	make_error(1400);
	tell();
	for (unsigned i = 0; i < 601; i++)
		sl_harness_advance(h, SECOND_NS);
	while (ip_take(h, OUTER4, &got) || ip_take(h, OUTER6, &got) || ip_take(h, EVENTS, &got))
		;
	for (unsigned i = 0; i < 40; i++)
		sl_harness_tick(h);
	feed(OF_IPV4, false, 1420, true);
	assert_int_equal(sl_harness_waiting_out(h, ERROR), 0);
}

static void never_raised(void **state)
{
	(void)state;
	passes(OF_IPV4, false, 1420, true);
	make_error(1400);
	tell();
	make_error(1450);
	tell();
	make_error(0); // of an old router
	tell();
	is_refused(OF_IPV4, false, 1341, 1340);
	assert_int_equal(sl_harness_metric(h, "paths_lowered"), 1);
	assert_int_equal(sl_harness_drop(h, "icmp_ignored"), 1);
}

// What differs from a true error in one thing.
static void forged_errors_are_not_believed(void **state)
{
	static const struct {
		unsigned at;
		const char *what;
	} odd[] = {
		{28 + 12, "our address"}, {28 + 16, "its address"}, {28 + 20, "our port"},
		{28 + 23, "its port"},    {28 + 32, "the index"},   {28 + 36 + 7, "the number"},
		{28 + 28, "the message"},
	};

	(void)state;
	passes(OF_IPV4, false, 1420, true);
	for (unsigned i = 0; i < RTE_DIM(odd); i++) {
		make_error(1400);
		told.bytes[odd[i].at] ^= 0x10;
		seal_told();
		tell();
		if (sl_harness_metric(h, "paths_lowered") != 0)
			fail_msg("%s", odd[i].what);
	}
	assert_int_equal(sl_harness_metric(h, "errors_forged"), RTE_DIM(odd) - 1);
	assert_int_equal(sl_harness_drop(h, "icmp_ignored"), 1);
	make_error(1400);
	told.bytes[100] ^= 1;
	tell();
	assert_int_equal(sl_harness_drop(h, "bad_checksum"), 1);
	passes(OF_IPV4, false, 1420, true);
}

static void a_flood_of_them_is_cut_off(void **state)
{
	(void)state;
	passes(OF_IPV4, false, 1420, true);
	make_error(1400);
	told.bytes[28 + 32] ^= 1;
	seal_told();
	for (unsigned i = 0; i < 50; i++)
		assert_true(ip_feed(h, OUTER, &told));
	sl_harness_breathe(h);
	for (unsigned i = 0; i < 40; i++)
		sl_harness_tick(h);
	assert_true(sl_harness_drop(h, "icmp_ignored") >= 50 - 8 - 8);
	make_error(1400); // and the next one has its turn
	tell();
	assert_int_equal(sl_harness_metric(h, "paths_lowered"), 1);
}

// RFC 4459 section 3.2. Sessions here are with ourselves, so what was sealed can be opened.
static void segments_are_clamped(void **state)
{
	static const uint8_t segment[24] = {
		[12] = 0x60, [13] = 2, [20] = 2, [21] = 4, [22] = 5, [23] = 180};

	(void)state;
	ip_build(&packet, "10.2.0.9", "10.2.0.1", SL_PROTO_TCP, segment, sizeof(segment));
	store_be16(packet.bytes + 36, ip_checksum(packet.bytes + 20, 24, packet.bytes));
	assert_true(ip_feed(h, INNER, &packet));
	sl_harness_breathe(h);
	assert_true(ip_take(h, OUTER4, &sealed));
	assert_true(ip_feed(h, OUTER, &sealed));
	sl_harness_breathe(h);
	assert_true(ip_take(h, INNER4, &got));
	assert_int_equal(load_be16(got.bytes + 42), 1380);
	assert_int_equal(ip_checksum(got.bytes + 20, 24, got.bytes), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_told_is_what_fits, begin, end),
		cmocka_unit_test_setup_teardown(it_is_never_less_than_what_every_link_carries,
						begin, end),
		cmocka_unit_test_setup_teardown(what_no_link_has_is_not_believed, begin, end),
		cmocka_unit_test_setup_teardown(it_is_forgotten_after_ten_minutes, begin, end),
		cmocka_unit_test_setup_teardown(never_raised, begin, end),
		cmocka_unit_test_setup_teardown(forged_errors_are_not_believed, begin, end),
		cmocka_unit_test_setup_teardown(a_flood_of_them_is_cut_off, begin, end),
		cmocka_unit_test_setup_teardown(segments_are_clamped, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
