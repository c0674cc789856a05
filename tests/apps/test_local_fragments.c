#include "core/ip/fragment.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "tests/apps/local_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

// ---- extension headers

// RFC 8200 section 4.2.
static void the_top_bits_of_an_option_say_what_happens(void **state)
{
	static const char *const to[] = {"fd00:1::1", "ff02::1"};

	(void)state;
	for (unsigned group = 0; group < 2; group++) {
		for (unsigned action = 0; action < 4; action++) {
			uint8_t header[8] = {59, 0, (uint8_t)(action << 6 | 0x1e), 4};

			ip_build(&sent, "2001:db8::9", to[group], SL_PROTO_DEST_OPTIONS, header, 8);
			if (action == 0) {
				is_dropped("no_next_header");
			} else if (action == 1 || (action == 3 && group)) {
				is_dropped("unknown_option");
			} else {
				feed();
				expect_error(SL_IP_PARAM_OPTION, 42);
			}
		}
	}
}

static void an_echo_request_behind_options_is_answered(void **state)
{
	uint8_t options[8] = {SL_PROTO_ICMPV6, 0, 1, 4};

	(void)state;
	echo6("fd00:1::1", 40);
	got = sent;
	memmove(got.bytes + 48, got.bytes + 40, got.len - 40);
	memcpy(got.bytes + 40, options, 8);
	got.bytes[6] = SL_PROTO_HOP_BY_HOP;
	got.len += 8;
	ip_seal(&got);
	assert_true(ip_feed(rig, IN6, &got));
	sl_harness_breathe(rig);
	expect_reply("fd00:1::1");
}

static void an_unknown_header_is_named_where_it_was_named(void **state)
{
	static const uint8_t options[16] = {SL_PROTO_ESP, 0, 1, 4};

	(void)state;
	ip_build(&sent, "2001:db8::9", "fd00:1::1", SL_PROTO_DEST_OPTIONS, options, 16);
	feed();
	expect_error(SL_IP_PARAM_NEXT_HEADER, 40);
}

static void a_routing_header_under_way_is_refused(void **state)
{
	static const uint8_t routing[24] = {SL_PROTO_UDP, 2, 0, 1};

	(void)state;
	ip_build(&sent, "2001:db8::9", "fd00:1::1", SL_PROTO_ROUTING, routing, 24);
	feed();
	expect_error(SL_IP_PARAM_HEADER, 42);
}

// ---- fragments

// Feed `sent` as fragments.
static void feed_fragments(uint16_t mtu, uint32_t id)
{
	static struct ip_packet piece;
	struct sl_fragments f;

	assert_true(sl_fragments_begin(&f, sent.bytes, sent.len, mtu, id));
	while ((piece.len = (uint32_t)sl_fragments_len(&f)) > 0) {
		piece.meta = sent.meta;
		sl_fragments_next(&f, piece.bytes);
		assert_true(ip_feed(rig, sent.bytes[0] >> 4 == 4 ? IN4 : IN6, &piece));
		sl_harness_breathe(rig);
	}
}

static void a_fragmented_echo_request_is_answered_whole(void **state)
{
	(void)state;
	for (unsigned n = 1300; n < 65000; n += 9001) {
		echo4(n);
		feed_fragments(1280, 0);
		expect_reply("10.0.0.1");
		echo6("fd00:1::1", n);
		feed_fragments(1280, n);
		expect_reply("fd00:1::1");
	}
	assert_int_equal(sl_harness_metric(rig, "reassembled"), 16);
	assert_int_equal(sl_harness_app(rig)->held, 0);
}

static void an_atomic_fragment_is_answered_like_a_whole(void **state)
{
	(void)state;
	echo6("fd00:1::1", 40);
	got = sent;
	memmove(got.bytes + 48, got.bytes + 40, got.len - 40);
	memcpy(got.bytes + 40, (uint8_t[]){SL_PROTO_ICMPV6, 0, 0, 0, 1, 2, 3, 4}, 8);
	got.bytes[6] = SL_PROTO_FRAGMENT;
	got.len += 8;
	ip_seal(&got);
	assert_true(ip_feed(rig, IN6, &got));
	sl_harness_breathe(rig);
	expect_reply("fd00:1::1");
	assert_int_equal(sl_harness_metric(rig, "reassembled"), 0);
}

static void a_wrong_checksum_is_found_in_fragments_too(void **state)
{
	(void)state;
	echo4(3000);
	sent.bytes[2500] ^= 1;
	feed_fragments(1280, 0);
	assert_int_equal(waiting(), 0);
	assert_int_equal(sl_harness_drop(rig, "bad_checksum"), 1);
}

static void fragment6(uint16_t offset_more, unsigned n)
{
	ip_build(&sent, "2001:db8::9", "fd00:1::1", SL_PROTO_FRAGMENT, NULL, 8 + n);
	sent.bytes[40] = SL_PROTO_UDP;
	store_be16(sent.bytes + 42, offset_more);
}

static void fragment4(uint16_t flags_offset, unsigned n)
{
	ip_build(&sent, "10.0.0.9", "10.0.0.1", SL_PROTO_UDP, NULL, n);
	store_be16(sent.bytes + 6, flags_offset);
	ip_seal(&sent);
}

// RFC 8200 section 4.5: two errors that the source of a fragment is told of.
static void lengths_that_cannot_be_are_parameter_problems_of_ipv6(void **state)
{
	(void)state;
	fragment6(SL_IPV6_MORE, 63);
	feed();
	expect_error(SL_IP_PARAM_HEADER, 4);
	fragment6(65528, 100);
	feed();
	expect_error(SL_IP_PARAM_HEADER, 42);
	fragment6(SL_IPV6_MORE, 8); // RFC 7112 section 5
	sent.bytes[40] = SL_PROTO_TCP;
	feed();
	expect_error(SL_IP_PARAM_CHAIN, 0);
}

static void lengths_that_cannot_be_are_dropped_of_ipv4(void **state)
{
	(void)state;
	fragment4(SL_IPV4_MF, 63);
	is_dropped("fragment_malformed");
	fragment4(0x1fff, 100);
	is_dropped("fragment_malformed");
	fragment4(5, 0);
	is_dropped("fragment_malformed");
}

// RFC 5722 section 4.
static void overlapping_fragments_are_dropped_without_error(void **state)
{
	(void)state;
	fragment4(SL_IPV4_MF, 64);
	feed();
	assert_int_equal(sl_harness_app(rig)->held, 1);
	fragment4(7, 64);
	feed();
	fragment6(SL_IPV6_MORE, 64);
	feed();
	fragment6(56, 64);
	feed();
	assert_int_equal(sl_harness_drop(rig, "fragment_overlap"), 4);
	sl_harness_advance(rig, 61 * (uint64_t)SECOND_NS);
	sl_harness_tick(rig);
	assert_int_equal(waiting(), 0);
	assert_int_equal(sl_harness_app(rig)->held, 0);
}

static void exact_duplicates_are_passed_over(void **state)
{
	(void)state;
	echo4(3000);
	feed_fragments(1280, 0);
	expect_reply("10.0.0.1");
	fragment4(SL_IPV4_MF, 64);
	feed();
	is_dropped("fragment_duplicate");
	assert_int_equal(sl_harness_app(rig)->held, 1);
}

// RFC 792, RFC 4443 section 3.3: about the first fragment, if it was there.
static void after_60_s_the_source_is_told_of_the_first_fragment(void **state)
{
	(void)state;
	fragment4(SL_IPV4_MF, 64);
	feed();
	got = sent;
	fragment4(16, 64);
	feed();
	sl_harness_advance(rig, 60 * (uint64_t)SECOND_NS - 1);
	sl_harness_tick(rig);
	assert_int_equal(waiting(), 0);
	assert_int_equal(sl_harness_app(rig)->held, 2);
	sl_harness_advance(rig, 1);
	sl_harness_tick(rig);
	sent = got;
	expect_error(SL_IP_REASSEMBLY_TIME, 0);
	assert_int_equal(sl_harness_drop(rig, "fragment_timeout"), 1);
	assert_int_equal(sl_harness_app(rig)->held, 0);
	fragment6(64, 64); // without the first, in silence
	feed();
	sl_harness_advance(rig, 60 * (uint64_t)SECOND_NS);
	sl_harness_tick(rig);
	assert_int_equal(waiting(), 0);
	assert_int_equal(sl_harness_drop(rig, "fragment_timeout"), 2);
}

static void a_flood_of_fragments_is_bounded_and_pings_still_work(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		char source[32];

		snprintf(source, sizeof(source), "11.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		ip_build(&sent, source, "10.0.0.1", SL_PROTO_UDP, NULL, 64);
		store_be16(sent.bytes + 4, (uint16_t)i);
		store_be16(sent.bytes + 6, SL_IPV4_MF);
		ip_seal(&sent);
		feed();
		if (i % 10000 == 0) {
			echo4(3000);
			feed_fragments(1500, 0);
			expect_reply("10.0.0.1");
		}
	}
	assert_true(sl_harness_app(rig)->held <= 1024);
	assert_true(sl_harness_drop(rig, "fragment_evicted") > 90000);
}

static void fragments_outlive_a_change_of_the_config(void **state)
{
	struct sl_error err;

	(void)state;
	fragment4(SL_IPV4_MF, 64);
	feed();
	assert_int_equal(sl_harness_replace(rig, local_line, &err), 0);
	assert_int_equal(sl_harness_app(rig)->held, 1);
	sl_harness_advance(rig, 60 * (uint64_t)SECOND_NS);
	sl_harness_tick(rig);
	expect_error(SL_IP_REASSEMBLY_TIME, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_top_bits_of_an_option_say_what_happens, begin,
						end),
		cmocka_unit_test_setup_teardown(an_echo_request_behind_options_is_answered, begin,
						end),
		cmocka_unit_test_setup_teardown(an_unknown_header_is_named_where_it_was_named,
						begin, end),
		cmocka_unit_test_setup_teardown(a_routing_header_under_way_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(a_fragmented_echo_request_is_answered_whole, begin,
						end),
		cmocka_unit_test_setup_teardown(an_atomic_fragment_is_answered_like_a_whole, begin,
						end),
		cmocka_unit_test_setup_teardown(a_wrong_checksum_is_found_in_fragments_too, begin,
						end),
		cmocka_unit_test_setup_teardown(
			lengths_that_cannot_be_are_parameter_problems_of_ipv6, begin, end),
		cmocka_unit_test_setup_teardown(lengths_that_cannot_be_are_dropped_of_ipv4, begin,
						end),
		cmocka_unit_test_setup_teardown(overlapping_fragments_are_dropped_without_error,
						begin, end),
		cmocka_unit_test_setup_teardown(exact_duplicates_are_passed_over, begin, end),
		cmocka_unit_test_setup_teardown(after_60_s_the_source_is_told_of_the_first_fragment,
						begin, end),
		cmocka_unit_test_setup_teardown(
			a_flood_of_fragments_is_bounded_and_pings_still_work, begin, end),
		cmocka_unit_test_setup_teardown(fragments_outlive_a_change_of_the_config, begin,
						end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
