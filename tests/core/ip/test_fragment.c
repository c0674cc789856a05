#include "core/ip/fragment.h"

#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "tests/harness/ip.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { GUARD = 0xee };

static struct ip_packet p;
static uint8_t fragments[1400][1600];
static size_t lens[1400];
static unsigned n_fragments;

// Divide p; every fragment must be at most mtu long and nothing must be written behind it.
static bool divide(uint16_t mtu, uint32_t id)
{
	struct sl_fragments f;

	n_fragments = 0;
	if (!sl_fragments_begin(&f, p.bytes, p.len, mtu, id))
		return false;
	for (size_t len; (len = sl_fragments_len(&f)) > 0; n_fragments++) {
		uint8_t *to = fragments[n_fragments];

		memset(to, GUARD, sizeof(fragments[0]));
		sl_fragments_next(&f, to);
		assert_int_equal(to[len], GUARD);
		lens[n_fragments] = len;
	}
	return true;
}

static struct sl_ipv4_hdr *ip4(unsigned i)
{
	return (struct sl_ipv4_hdr *)fragments[i];
}

static void udp4(unsigned payload)
{
	ip_build(&p, "10.0.0.9", "10.1.0.7", SL_PROTO_UDP, NULL, payload);
}

static void add_options(const uint8_t *options, unsigned n)
{
	memmove(p.bytes + 20 + n, p.bytes + 20, p.len - 20);
	memcpy(p.bytes + 20, options, n);
	p.bytes[0] = (uint8_t)(0x45 + n / 4);
	p.len += n;
	ip_seal(&p);
}

// What RFC 791 section 3.2 wants of all fragments of p, which itself began at byte `first` of a
// datagram and had MF set if `more`.
static void check_all(uint16_t mtu, unsigned first, bool more)
{
	unsigned at = first, hdr = (p.bytes[0] & 15) * 4U;

	for (unsigned i = 0; i < n_fragments; i++) {
		unsigned header = (unsigned)sl_ipv4_hdr_len(ip4(i));
		unsigned bits = load_be16(ip4(i)->flags_offset);
		bool last = i == n_fragments - 1;

		assert_true(lens[i] <= mtu);
		assert_int_equal(load_be16(ip4(i)->total_len), lens[i]);
		assert_int_equal(ip_checksum(fragments[i], header, NULL), 0);
		assert_int_equal((bits & SL_IPV4_OFFSET) * 8, at);
		assert_int_equal((bits & SL_IPV4_MF) != 0, !last || more);
		assert_memory_equal(ip4(i)->id, p.bytes + 4, 2);
		assert_memory_equal(&ip4(i)->ttl, p.bytes + 8, 2); // and protocol
		assert_memory_equal(ip4(i)->src, p.bytes + 12, 8);
		assert_int_equal(ip4(i)->tos, p.bytes[1]);
		assert_memory_equal(fragments[i] + header, p.bytes + hdr + at - first,
				    lens[i] - header);
		assert_true(last || (lens[i] - header) % 8 == 0);
		at += (unsigned)lens[i] - header;
	}
	assert_int_equal(at - first, p.len - hdr);
}

static void a_1400_byte_datagram_at_mtu_576(void **state)
{
	(void)state;
	udp4(1380);
	p.bytes[1] = 0x28;
	ip_seal(&p);
	assert_true(divide(576, 0));
	assert_int_equal(n_fragments, 3);
	assert_int_equal(lens[0], 572); // 552 bytes are 69 units of 8
	assert_int_equal(lens[1], 572);
	assert_int_equal(lens[2], 20 + 1380 - 2 * 552);
	check_all(576, 0, false);
}

static void every_length_and_mtu_add_up(void **state)
{
	(void)state;
	for (uint16_t mtu = 68; mtu < 1500; mtu = (uint16_t)(mtu + 61)) {
		for (unsigned n = mtu - 19U; n < 3000; n += 97) {
			udp4(n);
			assert_true(divide(mtu, 0));
			assert_true(n_fragments > 1);
			check_all(mtu, 0, false);
		}
	}
}

static void the_longest_datagram_is_divided(void **state)
{
	(void)state;
	udp4(65515);
	assert_true(divide(68, 0));
	assert_int_equal(n_fragments, (65515 + 47) / 48);
	check_all(68, 0, false);
}

static void a_fragment_is_divided_again(void **state)
{
	(void)state;
	for (unsigned more = 0; more < 2; more++) {
		udp4(800);
		store_be16(p.bytes + 6, (uint16_t)(100 | (more ? SL_IPV4_MF : 0)));
		ip_seal(&p);
		assert_true(divide(300, 0));
		assert_int_equal(n_fragments, 3);
		check_all(300, 800, more);
	}
}

static void what_ends_beyond_every_datagram_does_not_fit(void **state)
{
	const unsigned begin = 64000, most = 65535 - 20 - begin;

	(void)state;
	for (unsigned n = most - 1; n <= most + 1; n++) {
		udp4(n);
		assert_true(sl_fragments_fit(p.bytes, p.len));
		store_be16(p.bytes + 6, (uint16_t)(begin / 8 | SL_IPV4_MF));
		assert_int_equal(sl_fragments_fit(p.bytes, p.len), n <= most);
	}
}

static void no_mtu_is_below_68(void **state)
{
	(void)state;
	udp4(100);
	assert_true(divide(30, 0));
	assert_int_equal(lens[0], 68);
	check_all(68, 0, false);
}

static void options_go_where_their_flag_says(void **state)
{
	// record route (7), not copied; security (130), copied; no operation; stream (136), copied
	static const uint8_t options[20] = {7, 7, 4, 0, 0, 0, 0, 130, 5, 1, 2, 3, 1, 136, 4, 9, 8};
	static const uint8_t copied[12] = {130, 5, 1, 2, 3, 136, 4, 9, 8};

	(void)state;
	udp4(1000);
	add_options(options, sizeof(options));
	assert_true(divide(400, 0));
	assert_int_equal(sl_ipv4_hdr_len(ip4(0)), 40);
	assert_memory_equal(fragments[0] + 20, options, sizeof(options));
	for (unsigned i = 1; i < n_fragments; i++) {
		assert_int_equal(sl_ipv4_hdr_len(ip4(i)), 32);
		assert_memory_equal(fragments[i] + 20, copied, sizeof(copied));
	}
	check_all(400, 0, false);
}

static void options_that_are_not_copied_leave_no_trace(void **state)
{
	static const uint8_t route[40] = {7, 39, 4};

	(void)state;
	udp4(500);
	add_options(route, sizeof(route));
	assert_true(divide(68, 0));
	assert_int_equal(lens[0], 68); // 60 of header, 8 of payload
	assert_int_equal(lens[1], 68);
	assert_int_equal(sl_ipv4_hdr_len(ip4(1)), 20);
	check_all(68, 0, false);
}

static void options_that_make_no_sense_are_refused(void **state)
{
	static const uint8_t bad[][4] = {{130, 0}, {130, 1}, {130, 5}, {1, 1, 1, 130}, {7, 255}};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		udp4(1000);
		add_options(bad[i], 4);
		assert_false(divide(400, 0));
	}
}

// What is behind the end of the list is no option.
static void the_list_of_options_ends_at_its_end(void **state)
{
	static const uint8_t options[8] = {130, 3, 7, 0, 130, 0, 0, 0};

	(void)state;
	udp4(1000);
	add_options(options, sizeof(options));
	assert_true(divide(400, 0));
	assert_int_equal(sl_ipv4_hdr_len(ip4(1)), 24);
	assert_memory_equal(fragments[1] + 20, options, 4);
}

static void a_source_divides_its_ipv6_packet(void **state)
{
	unsigned at = 0;

	(void)state;
	ip_build(&p, "fd00::1", "2001:db8::9", SL_PROTO_ICMPV6, NULL, 4000);
	assert_true(divide(1500, 0xdeadbeef));
	assert_int_equal(n_fragments, 3);
	for (unsigned i = 0; i < n_fragments; i++) {
		const uint8_t *b = fragments[i];

		assert_true(lens[i] <= 1500);
		assert_int_equal(b[6], SL_PROTO_FRAGMENT);
		assert_int_equal(load_be16(b + 4), lens[i] - 40);
		assert_memory_equal(b + 8, p.bytes + 8, 32);
		assert_int_equal(b[40], SL_PROTO_ICMPV6);
		assert_int_equal(b[41], 0);
		assert_int_equal(load_be16(b + 42) & SL_IPV6_OFFSET, at);
		assert_int_equal(load_be16(b + 42) & 7, i < 2 ? SL_IPV6_MORE : 0);
		assert_int_equal(load_be32(b + 44), 0xdeadbeef);
		assert_memory_equal(b + 48, p.bytes + 40 + at, lens[i] - 48);
		at += (unsigned)lens[i] - 48;
	}
	assert_int_equal(at, 4000);
}

static void no_ipv6_fragment_is_shorter_than_every_link_allows(void **state)
{
	(void)state;
	ip_build(&p, "fd00::1", "2001:db8::9", SL_PROTO_ICMPV6, NULL, 2000);
	assert_true(divide(600, 1));
	assert_int_equal(n_fragments, 2);
	assert_int_equal(lens[0], 1280);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_1400_byte_datagram_at_mtu_576),
		cmocka_unit_test(every_length_and_mtu_add_up),
		cmocka_unit_test(the_longest_datagram_is_divided),
		cmocka_unit_test(a_fragment_is_divided_again),
		cmocka_unit_test(what_ends_beyond_every_datagram_does_not_fit),
		cmocka_unit_test(no_mtu_is_below_68),
		cmocka_unit_test(options_go_where_their_flag_says),
		cmocka_unit_test(options_that_are_not_copied_leave_no_trace),
		cmocka_unit_test(options_that_make_no_sense_are_refused),
		cmocka_unit_test(the_list_of_options_ends_at_its_end),
		cmocka_unit_test(a_source_divides_its_ipv6_packet),
		cmocka_unit_test(no_ipv6_fragment_is_shorter_than_every_link_allows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
