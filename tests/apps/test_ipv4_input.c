#include "core/proto/ipv4.h"
#include "core/proto/protocol.h"
#include "tests/harness/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct ip_packet p, got;

static struct sl_harness *make(unsigned inputs)
{
	struct sl_error err;
	struct sl_harness_options o = {.line = "ipv4-input", .inputs = inputs};
	struct sl_harness *h = sl_harness_create(&o, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static struct sl_ipv4_hdr *ip(void)
{
	return (struct sl_ipv4_hdr *)p.bytes;
}

static void good_packet(void)
{
	ip_build(&p, "10.0.0.9", "10.1.0.7", SL_PROTO_UDP, NULL, 30);
}

// Insert bytes behind the header.
static void add_options(const uint8_t *options, unsigned n)
{
	memmove(p.bytes + 20 + n, p.bytes + 20, p.len - 20);
	memcpy(p.bytes + 20, options, n);
	p.bytes[0] = (uint8_t)(0x45 + n / 4);
	p.len += n;
	ip_seal(&p);
}

static void passes(struct sl_harness *h)
{
	assert_true(ip_feed(h, 0, &p));
	sl_harness_breathe(h);
	assert_true(ip_take(h, 0, &got));
	assert_memory_equal(got.bytes, p.bytes, got.len);
	assert_memory_equal(&got.meta, &p.meta, sizeof(p.meta));
}

// Nothing comes out, and the drop of that name is the only thing that counts.
static void is_dropped(struct sl_harness *h, const char *reason)
{
	uint64_t before = sl_harness_drop(h, reason);

	assert_true(ip_feed(h, 0, &p));
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_waiting_out(h, 0), 0);
	if (sl_harness_drop(h, reason) != before + 1)
		fail_msg("not dropped as %s", reason);
}

static void good_packets_pass_with_their_meta(void **state)
{
	struct sl_harness *h = make(1);

	(void)state;
	good_packet();
	passes(h);
	assert_int_equal(got.len, p.len);
	ip_build(&p, "10.0.0.9", "10.1.0.7", SL_PROTO_UDP, NULL, 0);
	passes(h);
	p.bytes[8] = 1; // running out of TTL is for the route to find
	ip_seal(&p);
	passes(h);
	assert_string_equal(sl_harness_destroy(h), "");
}

// RFC 791 section 3.1; RFC 1812 section 4.2.2.1.
static void options_even_unknown_ones_pass_unchanged(void **state)
{
	static const uint8_t unknown[40] = {0x9e, 4, 1, 2, 0x1e, 36};
	struct sl_harness *h = make(1);

	(void)state;
	for (unsigned n = 4; n <= 40; n += 4) {
		good_packet();
		add_options(unknown, n);
		passes(h);
		assert_int_equal(got.len, p.len);
	}
	p.bytes[25] ^= 1; // the checksum covers them
	is_dropped(h, "bad_checksum");
	assert_string_equal(sl_harness_destroy(h), "");
}

static void padding_of_the_frame_is_cut_off(void **state)
{
	struct sl_harness *h = make(1);

	(void)state;
	good_packet();
	for (unsigned padding = 1; padding < 20; padding++) {
		p.len++;
		passes(h);
		assert_int_equal(got.len, 50);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

// RFC 1812 section 5.2.2.
static void too_short_for_a_header_is_dropped(void **state)
{
	struct sl_harness *h = make(1);

	(void)state;
	good_packet();
	for (p.len = 0; p.len < 20; p.len++)
		is_dropped(h, "too_short");
	assert_string_equal(sl_harness_destroy(h), "");
}

static void bad_version_is_dropped(void **state)
{
	struct sl_harness *h = make(1);

	(void)state;
	for (unsigned version = 0; version < 16; version++) {
		good_packet();
		p.bytes[0] = (uint8_t)(version << 4 | 5);
		p.bytes[10] = p.bytes[11] = 0;
		store_be16(p.bytes + 10, ip_checksum(p.bytes, 20, NULL));
		if (version == 4)
			passes(h);
		else
			is_dropped(h, "bad_version");
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void bad_header_length_is_dropped(void **state)
{
	struct sl_harness *h = make(1);

	(void)state;
	good_packet();
	for (unsigned words = 0; words < 5; words++) {
		p.bytes[0] = (uint8_t)(0x40 | words);
		is_dropped(h, "bad_header_length");
	}
	p.bytes[0] = 0x46;
	p.len = 23; // the header itself is cut short
	is_dropped(h, "bad_header_length");
	assert_string_equal(sl_harness_destroy(h), "");
}

static void total_length_beyond_the_frame_or_within_the_header_is_dropped(void **state)
{
	static const uint16_t lengths[] = {0, 19, 51, 52, 65535};
	static const uint8_t no_operation[8] = {1, 1, 1, 1, 1, 1, 1, 1};
	struct sl_harness *h = make(1);

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(lengths); i++) {
		good_packet();
		store_be16(ip()->total_len, lengths[i]);
		store_be16(ip()->checksum, 0);
		store_be16(ip()->checksum, ip_checksum(p.bytes, 20, NULL));
		is_dropped(h, "bad_length");
	}
	good_packet();
	add_options(no_operation, 8);
	store_be16(ip()->total_len, 27);
	store_be16(ip()->checksum, 0);
	store_be16(ip()->checksum, ip_checksum(p.bytes, 28, NULL));
	is_dropped(h, "bad_length");
	assert_string_equal(sl_harness_destroy(h), "");
}

static void any_flipped_bit_of_the_header_is_dropped(void **state)
{
	struct sl_harness *h = make(1);

	(void)state;
	for (unsigned bit = 8; bit < 160; bit++) {
		good_packet();
		p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		is_dropped(h, "bad_checksum");
	}
	good_packet();
	store_be16(ip()->checksum, 0);
	is_dropped(h, "bad_checksum");
	assert_string_equal(sl_harness_destroy(h), "");
}

// It may be for the router itself, which receives it. Spec: RFC 1812 section 4.2.2.9.
static void ttl_0_passes(void **state)
{
	struct sl_harness *h = make(1);

	(void)state;
	good_packet();
	ip()->ttl = 0;
	ip_seal(&p);
	passes(h);
	assert_string_equal(sl_harness_destroy(h), "");
}

// RFC 1812 section 5.3.7.
static void martian_sources_are_dropped(void **state)
{
	static const char *const bad[] = {"0.0.0.0",         "0.255.255.255",  "127.0.0.1",
					  "224.0.0.1",       "239.1.2.3",      "240.0.0.1",
					  "127.255.255.255", "255.255.255.255"};
	static const char *const good[] = {"1.0.0.0", "126.255.255.255", "128.0.0.0",
					   "223.255.255.255"};
	struct sl_harness *h = make(1);

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		ip_build(&p, bad[i], "10.1.0.7", SL_PROTO_UDP, NULL, 30);
		is_dropped(h, "martian_source");
	}
	for (unsigned i = 0; i < RTE_DIM(good); i++) {
		ip_build(&p, good[i], "10.1.0.7", SL_PROTO_UDP, NULL, 30);
		passes(h);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void martian_destinations_are_dropped(void **state)
{
	static const char *const bad[] = {"0.0.0.0", "0.1.2.3", "127.0.0.1", "240.0.0.1",
					  "255.255.255.254"};
	static const char *const good[] = {"1.0.0.0",         "126.255.255.255", "128.0.0.0",
					   "223.255.255.255", "224.0.0.1",       "239.255.255.255",
					   "255.255.255.255"};
	struct sl_harness *h = make(1);

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		ip_build(&p, "10.0.0.9", bad[i], SL_PROTO_UDP, NULL, 30);
		is_dropped(h, "martian_destination");
	}
	for (unsigned i = 0; i < RTE_DIM(good); i++) {
		ip_build(&p, "10.0.0.9", good[i], SL_PROTO_UDP, NULL, 30);
		passes(h);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

// RFC 1122 section 3.2.1.3.
static void a_host_without_address_may_ask_everybody(void **state)
{
	struct sl_harness *h = make(1);

	(void)state;
	ip_build(&p, "0.0.0.0", "255.255.255.255", SL_PROTO_UDP, NULL, 30);
	p.meta.flags = SL_META_L2_GROUP;
	passes(h);
	ip_build(&p, "0.0.0.1", "255.255.255.255", SL_PROTO_UDP, NULL, 30);
	is_dropped(h, "martian_source");
	ip_build(&p, "0.0.0.0", "224.0.0.1", SL_PROTO_UDP, NULL, 30);
	is_dropped(h, "martian_source");
	assert_string_equal(sl_harness_destroy(h), "");
}

// RFC 1812 section 5.3.4.
static void unicast_in_a_frame_to_many_is_dropped(void **state)
{
	static const char *const groups[] = {"224.0.0.5", "239.255.255.250", "255.255.255.255"};
	struct sl_harness *h = make(1);

	(void)state;
	good_packet();
	p.meta.flags = SL_META_L2_GROUP;
	is_dropped(h, "l2_group");
	for (unsigned i = 0; i < RTE_DIM(groups); i++) {
		ip_build(&p, "10.0.0.9", groups[i], SL_PROTO_UDP, NULL, 30);
		p.meta.flags = SL_META_L2_GROUP;
		passes(h);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void good_and_bad_of_a_burst_part_in_order(void **state)
{
	struct sl_harness *h = make(1);
	unsigned bad = 0;

	(void)state;
	srand(1);
	for (unsigned i = 0; i < 500; i++) {
		good_packet();
		store_be16(ip()->id, (uint16_t)i);
		ip_seal(&p);
		if (rand() & 1) {
			p.bytes[11] ^= 1;
			bad++;
		}
		assert_true(ip_feed(h, 0, &p));
	}
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_drop(h, "bad_checksum"), bad);
	assert_int_equal(sl_harness_waiting_out(h, 0), 500 - bad);
	for (int last = -1; ip_take(h, 0, &got);) {
		int id = load_be16(got.bytes + 4);

		assert_true(id > last);
		last = id;
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void a_flood_on_one_input_leaves_room_for_the_others(void **state)
{
	struct sl_error err;
	struct sl_harness_options o = {.line = "ipv4-input", .inputs = 3, .link_size = 128};
	struct sl_harness *h = sl_harness_create(&o, &err);
	unsigned from[3] = {0};

	(void)state;
	assert_non_null(h);
	for (unsigned i = 0; i < 1000; i++) {
		good_packet();
		p.meta.iface_in = i % 10 < 8 ? 0 : i % 10 < 9 ? 1 : 2;
		assert_true(ip_feed(h, p.meta.iface_in, &p));
		if (i % 100 < 99)
			continue;
		for (unsigned round = 0; round < 5; round++) {
			sl_harness_breathe(h);
			for (unsigned k = 0; k < 10 && ip_take(h, 0, &got); k++)
				from[got.meta.iface_in]++;
		}
	}
	assert_true(sl_harness_app(h)->in[0]->drops > 0);
	assert_int_equal(sl_harness_app(h)->in[1]->drops, 0);
	assert_int_equal(sl_harness_app(h)->in[2]->drops, 0);
	assert_int_equal(sl_harness_app(h)->out[0]->drops, 0);
	assert_true(from[0] > 100 && from[1] > 20 && from[2] > 20);
	assert_string_equal(sl_harness_destroy(h), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_packets_pass_with_their_meta),
		cmocka_unit_test(options_even_unknown_ones_pass_unchanged),
		cmocka_unit_test(padding_of_the_frame_is_cut_off),
		cmocka_unit_test(too_short_for_a_header_is_dropped),
		cmocka_unit_test(bad_version_is_dropped),
		cmocka_unit_test(bad_header_length_is_dropped),
		cmocka_unit_test(total_length_beyond_the_frame_or_within_the_header_is_dropped),
		cmocka_unit_test(any_flipped_bit_of_the_header_is_dropped),
		cmocka_unit_test(ttl_0_passes),
		cmocka_unit_test(martian_sources_are_dropped),
		cmocka_unit_test(martian_destinations_are_dropped),
		cmocka_unit_test(a_host_without_address_may_ask_everybody),
		cmocka_unit_test(unicast_in_a_frame_to_many_is_dropped),
		cmocka_unit_test(good_and_bad_of_a_burst_part_in_order),
		cmocka_unit_test(a_flood_on_one_input_leaves_room_for_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
