#include "core/ip/source.h"

#include "core/ip/address.h"
#include "core/proto/protocol.h"
#include "tests/harness/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct ip_packet p, wanted;

static void seal_udp(struct ip_packet *to)
{
	size_t at = to->bytes[0] >> 4 == 4 ? 20 : 40;
	uint16_t checksum;

	store_be16(to->bytes + at + 6, 0);
	checksum = ip_checksum(to->bytes + at, to->len - at, to->bytes);
	store_be16(to->bytes + at + 6, checksum ? checksum : 0xffff);
}

// A UDP datagram with a right checksum, all of it behind the IP header.
static void udp(struct ip_packet *to, const char *src, const char *dst, unsigned n)
{
	ip_build(to, src, dst, SL_PROTO_UDP, NULL, n);
	store_be16(to->bytes + (strchr(src, ':') ? 44 : 24), (uint16_t)n);
	seal_udp(to);
}

static void fill(const char *address)
{
	struct sl_ip ip;

	assert_true(sl_ip_parse(address, &ip));
	assert_true(sl_source_is_missing(p.bytes));
	sl_source_fill(p.bytes, ip.bytes);
	assert_false(sl_source_is_missing(p.bytes));
}

static void assert_as_if_it_had_always_been_there(void)
{
	assert_int_equal(p.len, wanted.len);
	assert_memory_equal(p.bytes, wanted.bytes, p.len);
}

static void checksums_are_those_of_a_packet_made_with_the_address(void **state)
{
	char text[SL_IP_TEXT];

	(void)state;
	for (unsigned i = 1; i < 2000; i++) {
		snprintf(text, sizeof(text), "%u.%u.%u.%u", 1 + i % 223, i * 7 % 256, i * 13 % 256,
			 i * 31 % 256);
		udp(&p, "0.0.0.0", "192.0.2.7", 8 + i % 90);
		udp(&wanted, text, "192.0.2.7", 8 + i % 90);
		fill(text);
		assert_as_if_it_had_always_been_there();
		snprintf(text, sizeof(text), "2001:db8:%x::%x", i * 257 % 65536, i * 7919 % 65536);
		udp(&p, "::", "2001:db8::7", 8 + i % 90);
		udp(&wanted, text, "2001:db8::7", 8 + i % 90);
		fill(text);
		assert_as_if_it_had_always_been_there();
	}
}

// RFC 768: a checksum that comes out as 0 is sent as 0xffff, and 0 says that there is none.
static void no_checksum_stays_none_and_none_becomes_no_checksum(void **state)
{
	(void)state;
	udp(&p, "0.0.0.0", "192.0.2.7", 30);
	store_be16(p.bytes + 26, 0);
	fill("192.0.2.1");
	assert_int_equal(load_be16(p.bytes + 26), 0);
	for (unsigned i = 0; i < 65536; i++) { // some payload makes it 0
		udp(&p, "0.0.0.0", "192.0.2.7", 30);
		store_be16(p.bytes + 40, (uint16_t)i);
		seal_udp(&p);
		fill("192.0.2.1");
		assert_int_not_equal(load_be16(p.bytes + 26), 0);
		assert_int_equal(ip_checksum(p.bytes + 20, 30, p.bytes), 0);
	}
}

static void other_protocols_keep_what_they_carry(void **state)
{
	(void)state;
	ip_build(&p, "0.0.0.0", "192.0.2.7", SL_PROTO_ICMP, NULL, 30);
	ip_build(&wanted, "192.0.2.1", "192.0.2.7", SL_PROTO_ICMP, NULL, 30);
	fill("192.0.2.1");
	assert_as_if_it_had_always_been_there();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums_are_those_of_a_packet_made_with_the_address),
		cmocka_unit_test(no_checksum_stays_none_and_none_becomes_no_checksum),
		cmocka_unit_test(other_protocols_keep_what_they_carry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
