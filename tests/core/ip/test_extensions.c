#include "core/ip/extensions.h"

#include "core/proto/ipv6.h"
#include "tests/harness/ip.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct ip_packet p;
static struct sl_extensions x;

static void build(const char *dst, uint8_t protocol, const uint8_t *payload, unsigned n)
{
	ip_build(&p, "2001:db8::9", dst, protocol, payload, n);
	sl_extensions_walk(&x, p.bytes, p.len);
}

static void expect_error(unsigned error, uint32_t pointer)
{
	assert_int_equal(x.verdict, SL_EXTENSIONS_ERROR);
	assert_int_equal(x.error, error);
	assert_int_equal(x.pointer, pointer);
}

static void without_extensions_the_upper_header_is_next(void **state)
{
	(void)state;
	build("fd00::1", SL_PROTO_UDP, NULL, 20);
	assert_int_equal(x.verdict, SL_EXTENSIONS_UPPER);
	assert_int_equal(x.protocol, SL_PROTO_UDP);
	assert_int_equal(x.at, 40);
	assert_int_equal(x.named, 6);
}

static void headers_are_gone_through_in_their_order(void **state)
{
	// hop-by-hop, 8 bytes; routing, 16, done; destination options, 24; TCP
	static const uint8_t chain[48 + 20] = {
		SL_PROTO_ROUTING,    0, 1, 4, [8] = SL_PROTO_DEST_OPTIONS, 1, 4, 0,
		[24] = SL_PROTO_TCP, 2, 1, 20};

	(void)state;
	build("fd00::1", SL_PROTO_HOP_BY_HOP, chain, sizeof(chain));
	assert_int_equal(x.verdict, SL_EXTENSIONS_UPPER);
	assert_int_equal(x.protocol, SL_PROTO_TCP);
	assert_int_equal(x.at, 40 + 48);
	assert_int_equal(x.named, 40 + 24);
}

// RFC 8200 section 4.2: 00 skip, 01 discard, 10 tell, 11 tell unless multicast.
static void the_top_bits_of_an_unknown_option_say_what_to_do(void **state)
{
	static const char *const destinations[] = {"fd00::1", "ff02::1"};

	(void)state;
	for (unsigned group = 0; group < 2; group++) {
		for (unsigned type = 2; type < 256; type++) {
			uint8_t header[8] = {SL_PROTO_UDP, 0, 0, 0, (uint8_t)type, 2};
			unsigned action = type >> 6;

			for (unsigned hop = 0; hop < 2; hop++) {
				build(destinations[group],
				      hop ? SL_PROTO_HOP_BY_HOP : SL_PROTO_DEST_OPTIONS, header, 8);
				if (action == 0)
					assert_int_equal(x.verdict, SL_EXTENSIONS_UPPER);
				else if (action == 1 || (action == 3 && group))
					assert_int_equal(x.verdict, SL_EXTENSIONS_DISCARD);
				else
					expect_error(SL_IP_PARAM_OPTION, 44);
			}
		}
	}
}

static void padding_is_no_option(void **state)
{
	static const uint8_t header[16] = {SL_PROTO_UDP, 1, 0, 1, 0, 0, 1, 7};

	(void)state;
	build("fd00::1", SL_PROTO_DEST_OPTIONS, header, 16);
	assert_int_equal(x.verdict, SL_EXTENSIONS_UPPER);
	assert_int_equal(x.at, 56);
}

static void an_option_beyond_its_header_is_pointed_at(void **state)
{
	static const uint8_t headers[][8] = {{SL_PROTO_UDP, 0, 5, 5},
					     {SL_PROTO_UDP, 0, 1, 3, 0, 0, 0, 5},
					     {SL_PROTO_UDP, 0, 1, 255}};
	static const uint32_t pointers[] = {42, 47, 42};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(headers); i++) {
		build("fd00::1", SL_PROTO_DEST_OPTIONS, headers[i], 8);
		expect_error(SL_IP_PARAM_HEADER, pointers[i]);
	}
}

// RFC 8200 section 4.4, RFC 5095.
static void a_routing_header_must_be_done(void **state)
{
	uint8_t header[8] = {SL_PROTO_UDP, 0, 0, 0};

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		header[2] = (uint8_t)type;
		header[3] = 0;
		build("fd00::1", SL_PROTO_ROUTING, header, 8);
		assert_int_equal(x.verdict, SL_EXTENSIONS_UPPER);
		header[3] = 1;
		build("fd00::1", SL_PROTO_ROUTING, header, 8);
		expect_error(SL_IP_PARAM_HEADER, 42);
	}
}

// RFC 8200 section 4: it may only stand first.
static void hop_by_hop_options_elsewhere_are_an_unknown_header(void **state)
{
	static const uint8_t chain[16] = {SL_PROTO_HOP_BY_HOP, 0, 1, 4, 0, 0, 0, 0,
					  SL_PROTO_UDP,        0, 1, 4};

	(void)state;
	build("fd00::1", SL_PROTO_DEST_OPTIONS, chain, 16);
	expect_error(SL_IP_PARAM_NEXT_HEADER, 40);
}

static void a_header_cut_short_is_an_error_of_the_length(void **state)
{
	static const uint8_t header[8] = {SL_PROTO_UDP, 1, 1, 4};

	(void)state;
	for (unsigned n = 0; n <= 8; n++) {
		build("fd00::1", SL_PROTO_DEST_OPTIONS, header, n);
		expect_error(SL_IP_PARAM_HEADER, 4);
	}
	for (unsigned n = 0; n < 8; n++) {
		build("fd00::1", SL_PROTO_FRAGMENT, header, n);
		expect_error(SL_IP_PARAM_HEADER, 4);
	}
}

static void a_fragment_header_ends_the_walk(void **state)
{
	static const uint8_t chain[16] = {SL_PROTO_FRAGMENT, 0, 1, 4, 0, 0, 0, 0, SL_PROTO_UDP};

	(void)state;
	build("fd00::1", SL_PROTO_HOP_BY_HOP, chain, 16);
	assert_int_equal(x.verdict, SL_EXTENSIONS_FRAGMENT);
	assert_int_equal(x.at, 48);
	assert_int_equal(x.named, 40);
}

static void no_next_header_is_nothing(void **state)
{
	(void)state;
	build("fd00::1", 59, NULL, 20);
	assert_int_equal(x.verdict, SL_EXTENSIONS_NOTHING);
}

static void a_chain_without_end_is_cut(void **state)
{
	static uint8_t chain[1400];

	(void)state;
	for (unsigned i = 0; i < sizeof(chain); i += 8) {
		chain[i] = SL_PROTO_DEST_OPTIONS;
		chain[i + 2] = 1;
		chain[i + 3] = 4;
	}
	build("fd00::1", SL_PROTO_DEST_OPTIONS, chain, sizeof(chain));
	assert_int_equal(x.verdict, SL_EXTENSIONS_ERROR);
	assert_int_equal(x.error, SL_IP_PARAM_NEXT_HEADER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_extensions_the_upper_header_is_next),
		cmocka_unit_test(headers_are_gone_through_in_their_order),
		cmocka_unit_test(the_top_bits_of_an_unknown_option_say_what_to_do),
		cmocka_unit_test(padding_is_no_option),
		cmocka_unit_test(an_option_beyond_its_header_is_pointed_at),
		cmocka_unit_test(a_routing_header_must_be_done),
		cmocka_unit_test(hop_by_hop_options_elsewhere_are_an_unknown_header),
		cmocka_unit_test(a_header_cut_short_is_an_error_of_the_length),
		cmocka_unit_test(a_fragment_header_ends_the_walk),
		cmocka_unit_test(no_next_header_is_nothing),
		cmocka_unit_test(a_chain_without_end_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
