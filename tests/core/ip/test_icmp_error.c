#include "core/ip/icmp_error.h"

#include "core/proto/icmp.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "tests/harness/ip.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct ip_packet p;
static uint8_t message[2048];

static const uint8_t source4[4] = {10, 0, 0, 1};
static const uint8_t source6[16] = {0xfd, [15] = 1};

static void udp4(unsigned payload)
{
	ip_build(&p, "10.0.0.9", "10.1.0.7", SL_PROTO_UDP, NULL, payload);
}

static void udp6(unsigned payload)
{
	ip_build(&p, "2001:db8::9", "2001:db8:1::7", SL_PROTO_UDP, NULL, payload);
}

// Write the error about p and return its length.
static size_t write(unsigned error, uint16_t mtu, uint32_t pointer)
{
	uint8_t family = p.bytes[0] >> 4;
	struct sl_icmp_error e;

	p.meta.error = (uint8_t)error;
	p.meta.mtu = mtu;
	p.meta.pointer = pointer;
	e = sl_icmp_error_of(family, &p.meta);
	memset(message, 0xee, sizeof(message));
	sl_icmp_error_write(message, &e, family == 4 ? source4 : source6, 0xabcd, p.bytes, p.len);
	return sl_icmp_error_len(p.bytes, p.len);
}

static bool allowed(unsigned error)
{
	p.meta.error = (uint8_t)error;
	return sl_icmp_error_allowed(p.bytes, p.len, &p.meta);
}

// RFC 792 page 6, RFC 1812 section 4.3.2.
static void ttl_exceeded_byte_by_byte(void **state)
{
	static const uint8_t packet[32] = {0x45, 0, 0, 32, 0,   7,  0,   0, 1, 17, 0,  0,
					   192,  0, 2, 9,  198, 51, 100, 7, //
					   1,    2, 3, 4,  5,   6,  7,   8, 9, 10, 11, 12};
	uint8_t expected[60] = {0x45, 0xc0, 0,   60, 0xab, 0xcd, 0,  0, 64, 1, 0xc4, 0x59, 10, 0,
				0,    1,    192, 0,  2,    9,    11, 0, 0,  0, 0,    0,    0,  0};

	(void)state;
	memcpy(expected + 28, packet, sizeof(packet));
	store_be16(expected + 10, 0);
	store_be16(expected + 10, ip_checksum(expected, 20, NULL));
	store_be16(expected + 22, ip_checksum(expected + 20, 40, NULL));
	memcpy(p.bytes, packet, sizeof(packet));
	p.len = sizeof(packet);
	assert_int_equal(write(SL_IP_TTL_EXCEEDED, 0, 0), sizeof(expected));
	assert_memory_equal(message, expected, sizeof(expected));
	assert_int_equal(message[sizeof(expected)], 0xee);
}

// RFC 4443 section 3.3.
static void hop_limit_exceeded_byte_by_byte(void **state)
{
	uint8_t expected[40 + 8 + 40 + 12] = {0x60, 0, 0, 0, 0, 60, 58, 64, 0xfd, [23] = 1};

	(void)state;
	udp6(12);
	memcpy(expected + 24, p.bytes + 8, 16);
	expected[40] = 3;
	memcpy(expected + 48, p.bytes, p.len);
	store_be16(expected + 42, ip_checksum(expected + 40, 60, expected));
	assert_int_equal(write(SL_IP_TTL_EXCEEDED, 0, 0), sizeof(expected));
	assert_memory_equal(message, expected, sizeof(expected));
}

struct words {
	unsigned error;
	uint8_t type, code;
	uint32_t rest;
};

static void expect_words(const struct words *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const uint8_t *icmp = message + (p.bytes[0] >> 4 == 4 ? 20 : 40);

		write(w[i].error, 1400, 9);
		assert_int_equal(icmp[0], w[i].type);
		assert_int_equal(icmp[1], w[i].code);
		assert_int_equal(load_be32(icmp + 4), w[i].rest);
	}
}

// RFC 1812 section 5.2.7, RFC 1191 section 4.
static void each_reason_has_its_type_and_code_in_icmp(void **state)
{
	static const struct words words[] = {
		{SL_IP_NO_ROUTE, 3, 0, 0},
		{SL_IP_HOST_UNREACHABLE, 3, 1, 0},
		{SL_IP_PROTOCOL_UNREACHABLE, 3, 2, 0},
		{SL_IP_PORT_UNREACHABLE, 3, 3, 0},
		{SL_IP_TOO_BIG, 3, 4, 1400},
		{SL_IP_PROHIBITED, 3, 13, 0},
		{SL_IP_TTL_EXCEEDED, 11, 0, 0},
		{SL_IP_REASSEMBLY_TIME, 11, 1, 0},
		{SL_IP_PARAM_HEADER, 12, 0, 0x09000000},
		{SL_IP_REJECTED, 3, 1, 0},
	};

	(void)state;
	udp4(20);
	expect_words(words, RTE_DIM(words));
}

// RFC 4443 section 3.
static void each_reason_has_its_type_and_code_in_icmpv6(void **state)
{
	static const struct words words[] = {
		{SL_IP_NO_ROUTE, 1, 0, 0},
		{SL_IP_HOST_UNREACHABLE, 1, 3, 0},
		{SL_IP_PROTOCOL_UNREACHABLE, 4, 1, 9},
		{SL_IP_PORT_UNREACHABLE, 1, 4, 0},
		{SL_IP_TOO_BIG, 2, 0, 1400},
		{SL_IP_PROHIBITED, 1, 1, 0},
		{SL_IP_TTL_EXCEEDED, 3, 0, 0},
		{SL_IP_REASSEMBLY_TIME, 3, 1, 0},
		{SL_IP_PARAM_HEADER, 4, 0, 9},
		{SL_IP_PARAM_NEXT_HEADER, 4, 1, 9},
		{SL_IP_PARAM_OPTION, 4, 2, 9},
		{SL_IP_PARAM_CHAIN, 4, 3, 9},
		{SL_IP_REJECTED, 1, 0, 0},
		{SL_IP_BEYOND_SCOPE, 1, 2, 0},
	};

	(void)state;
	udp6(20);
	expect_words(words, RTE_DIM(words));
}

// RFC 8200 section 5.
static void packet_too_big_never_asks_for_less_than_1280(void **state)
{
	(void)state;
	udp6(1400);
	write(SL_IP_TOO_BIG, 1000, 0);
	assert_int_equal(load_be32(message + 44), 1280);
}

// RFC 1812 section 4.3.2.3; RFC 4443 section 2.4 (c).
static void as_much_is_quoted_as_fits(void **state)
{
	(void)state;
	for (unsigned n = 0; n<1400; n += n> 500 && n < 560 ? 1 : 13) {
		size_t len, icmp_len;

		udp4(n);
		len = write(SL_IP_NO_ROUTE, 0, 0);
		icmp_len = len - 20;
		assert_int_equal(len, RTE_MIN(28 + p.len, 576U));
		assert_int_equal(load_be16(message + 2), len);
		assert_int_equal(ip_checksum(message, 20, NULL), 0);
		assert_int_equal(ip_checksum(message + 20, icmp_len, NULL), 0);
		assert_memory_equal(message + 28, p.bytes, len - 28);
		assert_int_equal(message[len], 0xee);

		udp6(n);
		len = write(SL_IP_NO_ROUTE, 0, 0);
		icmp_len = len - 40;
		assert_int_equal(len, RTE_MIN(48 + p.len, 1280U));
		assert_int_equal(load_be16(message + 4), icmp_len);
		assert_int_equal(ip_checksum(message + 40, icmp_len, message), 0);
		assert_memory_equal(message + 48, p.bytes, len - 48);
		assert_int_equal(message[len], 0xee);
	}
}

// RFC 1812 section 4.3.2.5; no error is ECN-capable.
static void the_type_of_service_is_kept_and_the_precedence_is_not(void **state)
{
	static const uint8_t asked[] = {0x00, 0x10, 0x1c, 0x23, 0xb8, 0xff};
	static const uint8_t told[] = {0xc0, 0xd0, 0xdc, 0xc0, 0xd8, 0xdc};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(asked); i++) {
		udp4(8);
		p.bytes[1] = asked[i];
		write(SL_IP_NO_ROUTE, 0, 0);
		assert_int_equal(message[1], told[i]);
		assert_int_equal(ip_checksum(message, 20, NULL), 0);
	}
}

// RFC 1812 section 4.3.2.7.
static void no_error_about_an_icmp_error(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		bool error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;

		ip_build_icmp(&p, "10.0.0.9", "10.1.0.7", (uint8_t)type, 0, 0, 20);
		assert_int_equal(allowed(SL_IP_NO_ROUTE), !error);
	}
	ip_build(&p, "10.0.0.9", "10.1.0.7", SL_PROTO_ICMP, NULL, 0); // no type to see
	assert_false(allowed(SL_IP_NO_ROUTE));
}

static void no_error_about_a_fragment_behind_the_first(void **state)
{
	(void)state;
	udp4(20);
	store_be16(p.bytes + 6, SL_IPV4_MF);
	assert_true(allowed(SL_IP_TTL_EXCEEDED));
	store_be16(p.bytes + 6, SL_IPV4_MF | 1);
	assert_false(allowed(SL_IP_TTL_EXCEEDED));
	store_be16(p.bytes + 6, 0x1fff);
	assert_false(allowed(SL_IP_TTL_EXCEEDED));
	store_be16(p.bytes + 6, SL_IPV4_DF);
	assert_true(allowed(SL_IP_TTL_EXCEEDED));
}

static void no_error_about_what_was_for_many(void **state)
{
	static const char *const groups[] = {"224.0.0.1", "239.255.255.255", "255.255.255.255"};

	(void)state;
	udp4(20);
	p.meta.flags = SL_META_L2_GROUP;
	assert_false(allowed(SL_IP_NO_ROUTE));
	for (unsigned i = 0; i < RTE_DIM(groups); i++) {
		ip_build(&p, "10.0.0.9", groups[i], SL_PROTO_UDP, NULL, 20);
		assert_false(allowed(SL_IP_NO_ROUTE));
	}
}

static void no_error_to_a_source_that_is_no_single_host(void **state)
{
	static const char *const bad[] = {"0.0.0.0",   "0.1.2.3",   "127.0.0.1",
					  "224.0.0.1", "240.0.0.1", "255.255.255.255"};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		ip_build(&p, bad[i], "10.1.0.7", SL_PROTO_UDP, NULL, 20);
		assert_false(allowed(SL_IP_NO_ROUTE));
	}
	udp4(20);
	assert_true(allowed(SL_IP_NO_ROUTE));
}

// RFC 4443 section 2.4 (e.1) and (e.2).
static void no_error_about_an_icmpv6_error_or_redirect(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		ip_build_icmp(&p, "2001:db8::9", "2001:db8:1::7", (uint8_t)type, 0, 0, 20);
		assert_int_equal(allowed(SL_IP_NO_ROUTE), type >= 128 && type != 137);
	}
}

static void an_icmpv6_error_is_found_behind_extension_headers(void **state)
{
	uint8_t payload[24] = {SL_PROTO_ROUTING, [8] = SL_PROTO_ICMPV6, [16] = 1};

	(void)state;
	ip_build(&p, "2001:db8::9", "2001:db8:1::7", SL_PROTO_DEST_OPTIONS, payload, 24);
	assert_false(allowed(SL_IP_TTL_EXCEEDED));
	p.bytes[40 + 16] = 128;
	assert_true(allowed(SL_IP_TTL_EXCEEDED));
}

// The first fragment shows its type; the others are none of an error, which is never divided.
static void fragments_of_an_echo_request_may_be_reported(void **state)
{
	uint8_t payload[24] = {SL_PROTO_ICMPV6, 0, 0, 1, [8] = 128};

	(void)state;
	ip_build(&p, "2001:db8::9", "2001:db8:1::7", SL_PROTO_FRAGMENT, payload, 24);
	assert_true(allowed(SL_IP_REASSEMBLY_TIME));
	p.bytes[48] = 1;
	assert_false(allowed(SL_IP_REASSEMBLY_TIME));
	store_be16(p.bytes + 42, 8 | 1);
	assert_true(allowed(SL_IP_PARAM_HEADER));
}

// (e.3) to (e.5).
static void groups_are_told_of_too_big_and_of_options_alone(void **state)
{
	(void)state;
	for (unsigned error = 1; error < SL_IP_ERRORS; error++) {
		bool excepted = error == SL_IP_TOO_BIG || error == SL_IP_PARAM_OPTION;

		ip_build(&p, "2001:db8::9", "ff0e::1", SL_PROTO_UDP, NULL, 20);
		assert_int_equal(allowed(error), excepted);
		udp6(20);
		assert_true(allowed(error));
		p.meta.flags = SL_META_L2_GROUP;
		assert_int_equal(allowed(error), excepted);
	}
}

// (e.6).
static void no_error_to_an_unspecified_source_or_a_group(void **state)
{
	(void)state;
	ip_build(&p, "::", "2001:db8:1::7", SL_PROTO_UDP, NULL, 20);
	assert_false(allowed(SL_IP_TOO_BIG));
	ip_build(&p, "ff02::1", "2001:db8:1::7", SL_PROTO_UDP, NULL, 20);
	assert_false(allowed(SL_IP_TOO_BIG));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ttl_exceeded_byte_by_byte),
		cmocka_unit_test(hop_limit_exceeded_byte_by_byte),
		cmocka_unit_test(each_reason_has_its_type_and_code_in_icmp),
		cmocka_unit_test(each_reason_has_its_type_and_code_in_icmpv6),
		cmocka_unit_test(packet_too_big_never_asks_for_less_than_1280),
		cmocka_unit_test(as_much_is_quoted_as_fits),
		cmocka_unit_test(the_type_of_service_is_kept_and_the_precedence_is_not),
		cmocka_unit_test(no_error_about_an_icmp_error),
		cmocka_unit_test(no_error_about_a_fragment_behind_the_first),
		cmocka_unit_test(no_error_about_what_was_for_many),
		cmocka_unit_test(no_error_to_a_source_that_is_no_single_host),
		cmocka_unit_test(no_error_about_an_icmpv6_error_or_redirect),
		cmocka_unit_test(an_icmpv6_error_is_found_behind_extension_headers),
		cmocka_unit_test(fragments_of_an_echo_request_may_be_reported),
		cmocka_unit_test(groups_are_told_of_too_big_and_of_options_alone),
		cmocka_unit_test(no_error_to_an_unspecified_source_or_a_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
