#include "core/tunnel/quote.h"

#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { QUOTED = 16 }; // bytes of UDP payload

static uint8_t packet[400];
static size_t len;

static void put_udp(uint8_t *udp)
{
	store_be16(udp, 51820);
	store_be16(udp + 2, 9);
	for (unsigned i = 0; i < QUOTED; i++)
		udp[8 + i] = (uint8_t)(i + 1);
}

// "Fragmentation needed" about a datagram from 192.0.2.1:51820 to 198.51.100.7:9.
static void build4(void)
{
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)packet, *quoted = (void *)(packet + 28);

	len = 28 + 28 + QUOTED;
	memset(packet, 0, sizeof(packet));
	ip->version_ihl = quoted->version_ihl = 0x45;
	ip->protocol = SL_PROTO_ICMP;
	store_be16(ip->total_len, (uint16_t)len);
	packet[20] = 3;
	packet[21] = 4;
	store_be16(packet + 26, 1400);
	quoted->protocol = SL_PROTO_UDP;
	store_be16(quoted->total_len, 1480); // more than is quoted
	memcpy(quoted->src, (uint8_t[]){192, 0, 2, 1}, 4);
	memcpy(quoted->dst, (uint8_t[]){198, 51, 100, 7}, 4);
	put_udp(packet + 48);
}

// "Packet too big" about one from [2001:db8::1]:51820 to [2001:db8::2]:9, as a first fragment.
static void build6(void)
{
	struct sl_ipv6_hdr *ip = (struct sl_ipv6_hdr *)packet, *quoted = (void *)(packet + 48);

	len = 48 + 48 + 8 + QUOTED;
	memset(packet, 0, sizeof(packet));
	ip->version_class_flow[0] = quoted->version_class_flow[0] = 0x60;
	ip->next_header = SL_PROTO_ICMPV6;
	store_be16(ip->payload_len, (uint16_t)(len - 40));
	packet[40] = 2;
	store_be32(packet + 44, 1300);
	quoted->next_header = SL_PROTO_FRAGMENT;
	store_be16(quoted->payload_len, 1400);
	memcpy(quoted->src, (uint8_t[]){0x20, 1, 0xd, 0xb8, [15] = 1}, 16);
	memcpy(quoted->dst, (uint8_t[]){0x20, 1, 0xd, 0xb8, [15] = 2}, 16);
	packet[88] = SL_PROTO_UDP;
	packet[91] = 1; // more follow
	put_udp(packet + 96);
}

static void what_routers_say_is_read(void **state)
{
	static const char *const ends[2][2] = {{"192.0.2.1:51820", "198.51.100.7:9"},
					       {"[2001:db8::1]:51820", "[2001:db8::2]:9"}};
	static void (*const build[])(void) = {build4, build6};
	char text[SL_ENDPOINT_TEXT];
	struct sl_quote q;

	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		build[v6]();
		assert_true(sl_quote_parse(packet, len, &q));
		assert_int_equal(q.mtu, v6 ? 1300 : 1400);
		assert_string_equal(sl_endpoint_print(&q.from, text), ends[v6][0]);
		assert_string_equal(sl_endpoint_print(&q.to, text), ends[v6][1]);
		assert_int_equal(q.len, QUOTED);
		assert_int_equal(q.payload[0], 1);
	}
}

static void what_is_cut_short_is_none(void **state)
{
	struct sl_quote q;

	(void)state;
	build4();
	for (size_t n = 28; n < len; n++) {
		store_be16(packet + 2, (uint16_t)n);
		assert_int_equal(sl_quote_parse(packet, n, &q), n >= 28 + 28);
	}
	for (size_t n = 0; n < 28; n++)
		assert_false(sl_quote_parse(packet, n, &q));
	build6();
	for (size_t n = 40; n < len; n++) {
		store_be16(packet + 4, (uint16_t)(n - 40));
		assert_int_equal(sl_quote_parse(packet, n, &q), n >= 48 + 48 + 8);
	}
	for (size_t n = 0; n < 40; n++)
		assert_false(sl_quote_parse(packet, n, &q));
}

// Packets that differ from a good one in one byte.
static void other_messages_are_none(void **state)
{
	static const struct {
		unsigned at;
		uint8_t value;
	} odd4[] = {{9, 17}, {6, 0x20}, {20, 11}, {21, 1}, {28, 0x65}, {34, 1}, {37, 6}},
	  odd6[] = {{6, 17}, {40, 1}, {48, 0x45}, {54, 6}, {88, 6}, {90, 1}};
	struct sl_quote q;

	(void)state;
	for (size_t i = 0; i < sizeof(odd4) / sizeof(odd4[0]); i++) {
		build4();
		packet[odd4[i].at] = odd4[i].value;
		if (sl_quote_parse(packet, len, &q))
			fail_msg("byte %u of IPv4", odd4[i].at);
	}
	for (size_t i = 0; i < sizeof(odd6) / sizeof(odd6[0]); i++) {
		build6();
		packet[odd6[i].at] = odd6[i].value;
		if (sl_quote_parse(packet, len, &q))
			fail_msg("byte %u of IPv6", odd6[i].at);
	}
}

static void a_datagram_of_the_other_family_is_none(void **state)
{
	uint8_t other[80];
	struct sl_quote q;

	(void)state;
	build6();
	memcpy(other, packet + 48, sizeof(other));
	build4();
	memcpy(packet + 28, other, sizeof(other));
	store_be16(packet + 2, 28 + sizeof(other));
	assert_true(sl_quote_read(packet + 28, sizeof(other), &q));
	assert_false(sl_quote_parse(packet, 28 + sizeof(other), &q));
	build4();
	memcpy(other, packet + 28, 28 + QUOTED);
	build6();
	memcpy(packet + 48, other, 28 + QUOTED);
	assert_true(sl_quote_read(packet + 48, len - 48, &q));
	assert_false(sl_quote_parse(packet, len, &q));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_routers_say_is_read),
		cmocka_unit_test(what_is_cut_short_is_none),
		cmocka_unit_test(other_messages_are_none),
		cmocka_unit_test(a_datagram_of_the_other_family_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
