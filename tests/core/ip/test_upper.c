#include "core/ip/upper.h"

#include "core/proto/icmp.h"
#include "core/proto/protocol.h"
#include "tests/harness/ip.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct ip_packet p;

static const char *const src[] = {"10.0.0.9", "2001:db8::9"}, *const dst[] = {"10.0.0.1",
									      "fd00::1"};
static const unsigned hdr[] = {20, 40}; // bytes of the IP headers

static bool good(unsigned v6)
{
	return v6 ? sl_upper_good6(p.bytes, p.len, p.bytes[6], 40) : sl_upper_good4(p.bytes, p.len);
}

static void udp(unsigned v6, unsigned n)
{
	uint8_t *data = p.bytes + hdr[v6];

	ip_build(&p, src[v6], dst[v6], SL_PROTO_UDP, NULL, n);
	store_be16(data + 4, (uint16_t)n);
	store_be16(data + 6, 0);
	store_be16(data + 6, ip_checksum(data, n, p.bytes));
}

static void icmp(unsigned v6, unsigned n)
{
	ip_build_icmp(&p, src[v6], dst[v6], 128, 0, 1, n);
}

static void any_flipped_bit_is_found(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		for (unsigned n = 8; n < 60; n += 17) {
			for (unsigned bit = 0; bit < 8 * n; bit++) {
				udp(v6, n);
				assert_true(good(v6));
				p.bytes[hdr[v6] + bit / 8] ^= (uint8_t)(1 << bit % 8);
				assert_false(good(v6));
				icmp(v6, n - 8);
				assert_true(good(v6));
				p.bytes[hdr[v6] + bit / 8] ^= (uint8_t)(1 << bit % 8);
				assert_false(good(v6));
			}
		}
	}
}

static void the_pseudo_header_counts(void **state)
{
	(void)state;
	udp(0, 30);
	p.bytes[19] ^= 1;
	assert_false(good(0));
	udp(1, 30);
	p.bytes[39] ^= 1;
	assert_false(good(1));
	icmp(1, 30);
	p.bytes[39] ^= 1;
	assert_false(good(1));
}

static void what_is_cut_short_is_bad(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		udp(v6, 30);
		for (unsigned n = 0; n < 30; n++) {
			p.len = hdr[v6] + n;
			assert_false(good(v6));
		}
		icmp(v6, 0);
		for (unsigned n = 0; n < 8; n++) {
			p.len = hdr[v6] + n;
			assert_false(good(v6));
		}
	}
}

// Bytes behind the datagram are not its own.
static void a_udp_datagram_may_end_early_but_not_in_its_header(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		udp(v6, 30);
		p.len += 5;
		assert_true(good(v6));
		store_be16(p.bytes + hdr[v6] + 4, 7);
		assert_false(good(v6));
	}
}

// RFC 768; RFC 8200 section 8.1.
static void udp_may_come_without_a_checksum_over_ipv4_alone(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		udp(v6, 30);
		store_be16(p.bytes + hdr[v6] + 6, 0);
		assert_int_equal(good(v6), !v6);
	}
}

static void nothing_is_known_of_other_protocols(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		ip_build(&p, src[v6], dst[v6], SL_PROTO_TCP, NULL, 3);
		assert_true(good(v6));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_flipped_bit_is_found),
		cmocka_unit_test(the_pseudo_header_counts),
		cmocka_unit_test(what_is_cut_short_is_bad),
		cmocka_unit_test(a_udp_datagram_may_end_early_but_not_in_its_header),
		cmocka_unit_test(udp_may_come_without_a_checksum_over_ipv4_alone),
		cmocka_unit_test(nothing_is_known_of_other_protocols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
