// The parsers of core/proto: what they accept, and that everything odd is refused.

#include "core/proto/ethernet.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void integers_are_in_wire_order_at_any_alignment(void **state)
{
	uint8_t b[16] = {0};

	(void)state;
	for (unsigned at = 0; at < 8; at++) {
		store_be64(b + at, 0x0102030405060708);
		assert_int_equal(b[at], 1);
		assert_int_equal(b[at + 7], 8);
		assert_int_equal(load_be64(b + at), 0x0102030405060708);
		assert_int_equal(load_be32(b + at), 0x01020304);
		assert_int_equal(load_be16(b + at), 0x0102);
		store_be32(b + at, 0xfffefdfc);
		assert_int_equal(load_be32(b + at), 0xfffefdfc);
		store_be16(b + at, 0xff80);
		assert_int_equal(load_be16(b + at), 0xff80);
	}
}

static void tags_of_every_kind_are_stepped_over(void **state)
{
	uint8_t f[64] = {[12] = 0x91, [16] = 0x88, [17] = 0xa8, [20] = 0x81, [24] = 0x08};
	struct sl_ether_payload p;

	(void)state;
	f[13] = 0;
	assert_true(sl_ether_payload(f, 64, &p));
	assert_int_equal(p.type, SL_ETHER_IPV4);
	assert_ptr_equal(p.data, f + 26);
	assert_int_equal(p.len, 38);
	assert_true(sl_ether_payload(f, 26, &p));
	assert_int_equal(p.len, 0);
	for (size_t len = 0; len < 26; len++)
		assert_false(sl_ether_payload(f, len, &p));
}

static void ipv4_takes_only_whole_sane_packets(void **state)
{
	uint8_t p[64] = {0x46, 0, 0, 40};

	(void)state;
	assert_ptr_equal(sl_ipv4_parse(p, 40), p);
	assert_ptr_equal(sl_ipv4_parse(p, 64), p); // padding behind it
	assert_int_equal(sl_ipv4_hdr_len(sl_ipv4_parse(p, 40)), 24);
	assert_null(sl_ipv4_parse(p, 39));
	assert_non_null(sl_ipv4_parse_header(p, 24)); // snapped
	assert_null(sl_ipv4_parse_header(p, 23));
	assert_null(sl_ipv4_parse_header(p, 0));
	p[0] = 0x44;
	assert_null(sl_ipv4_parse(p, 64));
	p[0] = 0x65;
	assert_null(sl_ipv4_parse(p, 64));
	p[0] = 0x46;
	p[3] = 23; // shorter than its header
	assert_null(sl_ipv4_parse(p, 64));
}

static void ipv4_fragments_are_the_first_the_middle_and_the_last(void **state)
{
	struct sl_ipv4_hdr ip = {0};

	(void)state;
	assert_false(sl_ipv4_is_fragment(&ip));
	store_be16(ip.flags_offset, SL_IPV4_DF);
	assert_false(sl_ipv4_is_fragment(&ip));
	store_be16(ip.flags_offset, SL_IPV4_MF);
	assert_true(sl_ipv4_is_fragment(&ip));
	store_be16(ip.flags_offset, 185);
	assert_true(sl_ipv4_is_fragment(&ip));
}

static void ipv6_takes_only_whole_packets(void **state)
{
	uint8_t p[64] = {0x60, [5] = 8};

	(void)state;
	assert_ptr_equal(sl_ipv6_parse(p, 48), p);
	assert_null(sl_ipv6_parse(p, 47));
	assert_ptr_equal(sl_ipv6_parse_header(p, 40), p); // snapped
	assert_null(sl_ipv6_parse_header(p, 39));
	p[0] = 0x40;
	assert_null(sl_ipv6_parse(p, 48));
}

// Hop-by-hop (16 bytes), fragment, AH (16), then UDP.
static void extension_headers_are_stepped_over(void **state)
{
	uint8_t p[40 + 16 + 8 + 16 + 8] = {0x60};
	const struct sl_ipv6_hdr *ip = (const struct sl_ipv6_hdr *)p;
	struct sl_ipv6_upper up;

	(void)state;
	p[6] = SL_PROTO_HOP_BY_HOP;
	p[40] = SL_PROTO_FRAGMENT;
	p[41] = 1;
	p[56] = SL_PROTO_AH;
	p[57] = 255; // reserved, no length
	p[64] = SL_PROTO_UDP;
	p[65] = 2;
	assert_true(sl_ipv6_upper(ip, sizeof(p), &up));
	assert_int_equal(up.protocol, SL_PROTO_UDP);
	assert_ptr_equal(up.data, p + 80);
	assert_int_equal(up.len, 8);
	assert_true(up.fragment);
	for (size_t len = 40; len < 80; len++)
		assert_false(sl_ipv6_upper(ip, len, &up));
}

static void too_many_extension_headers_are_odd(void **state)
{
	uint8_t p[40 + 9 * 8] = {0x60, [6] = SL_PROTO_DEST_OPTIONS};
	const struct sl_ipv6_hdr *ip = (const struct sl_ipv6_hdr *)p;
	struct sl_ipv6_upper up;

	(void)state;
	for (unsigned i = 0; i < 9; i++)
		p[40 + i * 8] = SL_PROTO_DEST_OPTIONS;
	p[40 + 7 * 8] = SL_PROTO_UDP;
	assert_true(sl_ipv6_upper(ip, sizeof(p), &up));
	assert_false(up.fragment);
	p[40 + 7 * 8] = SL_PROTO_DEST_OPTIONS;
	p[40 + 8 * 8] = SL_PROTO_UDP;
	assert_false(sl_ipv6_upper(ip, sizeof(p), &up));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_in_wire_order_at_any_alignment),
		cmocka_unit_test(tags_of_every_kind_are_stepped_over),
		cmocka_unit_test(ipv4_takes_only_whole_sane_packets),
		cmocka_unit_test(ipv4_fragments_are_the_first_the_middle_and_the_last),
		cmocka_unit_test(ipv6_takes_only_whole_packets),
		cmocka_unit_test(extension_headers_are_stepped_over),
		cmocka_unit_test(too_many_extension_headers_are_odd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
