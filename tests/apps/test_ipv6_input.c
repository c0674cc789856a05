#include "core/proto/ipv6.h"
#include "tests/harness/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct ip_packet p, got;

static struct sl_harness *make(void)
{
	struct sl_error err;
	struct sl_harness_options o = {.line = "ipv6-input"};
	struct sl_harness *h = sl_harness_create(&o, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static void build(const char *src, const char *dst)
{
	ip_build(&p, src, dst, SL_PROTO_UDP, NULL, 30);
}

static void good_packet(void)
{
	build("2001:db8::9", "2001:db8:1::7");
}

static void passes(struct sl_harness *h)
{
	assert_true(ip_feed(h, 0, &p));
	sl_harness_breathe(h);
	assert_true(ip_take(h, 0, &got));
	assert_memory_equal(got.bytes, p.bytes, got.len);
	assert_memory_equal(&got.meta, &p.meta, sizeof(p.meta));
}

// Nothing comes out, and it is the drop of that name that counts.
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
	struct sl_harness *h = make();

	(void)state;
	good_packet();
	passes(h);
	assert_int_equal(got.len, p.len);
	ip_build(&p, "2001:db8::9", "2001:db8:1::7", 59, NULL, 0);
	passes(h);
	p.bytes[7] = 0; // running out of hops is for the route to find
	passes(h);
	ip_build(&p, "2001:db8::9", "2001:db8:1::7", SL_PROTO_HOP_BY_HOP, NULL, 8);
	passes(h);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void padding_of_the_frame_is_cut_off(void **state)
{
	struct sl_harness *h = make();

	(void)state;
	good_packet();
	for (unsigned padding = 1; padding < 20; padding++) {
		p.len++;
		passes(h);
		assert_int_equal(got.len, 70);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void too_short_for_a_header_is_dropped(void **state)
{
	struct sl_harness *h = make();

	(void)state;
	good_packet();
	for (p.len = 0; p.len < 40; p.len++)
		is_dropped(h, "too_short");
	assert_string_equal(sl_harness_destroy(h), "");
}

static void bad_version_is_dropped(void **state)
{
	struct sl_harness *h = make();

	(void)state;
	good_packet();
	for (unsigned version = 0; version < 16; version++) {
		p.bytes[0] = (uint8_t)(version << 4);
		if (version == 6)
			passes(h);
		else
			is_dropped(h, "bad_version");
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void payload_length_beyond_the_frame_is_dropped(void **state)
{
	static const uint16_t lengths[] = {31, 32, 65495, 65535};
	struct sl_harness *h = make();

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(lengths); i++) {
		good_packet();
		store_be16(p.bytes + 4, lengths[i]);
		is_dropped(h, "bad_length");
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

// RFC 2675: a length of 0 says that an option has it.
static void jumbograms_are_dropped(void **state)
{
	struct sl_harness *h = make();

	(void)state;
	ip_build(&p, "2001:db8::9", "2001:db8:1::7", SL_PROTO_HOP_BY_HOP, NULL, 24);
	store_be16(p.bytes + 4, 0);
	is_dropped(h, "bad_length");
	assert_string_equal(sl_harness_destroy(h), "");
}

// RFC 4291 sections 2.5.2, 2.5.3, 2.7; RFC 6890 table 20.
static void martian_sources_are_dropped(void **state)
{
	static const char *const bad[] = {"::", "::1", "ff02::1", "ff0e::1", "::ffff:10.0.0.1"};
	static const char *const good[] = {"::2", "::fffe:10.0.0.1", "fe80::1", "fd00::1",
					   "64:ff9b::1"};
	struct sl_harness *h = make();

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		build(bad[i], "2001:db8:1::7");
		is_dropped(h, "martian_source");
	}
	for (unsigned i = 0; i < RTE_DIM(good); i++) {
		build(good[i], "2001:db8:1::7");
		passes(h);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void an_unspecified_source_reaches_no_further_than_the_link(void **state)
{
	static const char *const link[] = {"ff02::1", "ff02::1:ff00:1", "ff12::7", "fe80::1"};
	static const char *const beyond[] = {"ff05::1", "ff0e::1", "2001:db8::1", "fec0::1"};
	struct sl_harness *h = make();

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(link); i++) {
		build("::", link[i]);
		passes(h);
	}
	for (unsigned i = 0; i < RTE_DIM(beyond); i++) {
		build("::", beyond[i]);
		is_dropped(h, "martian_source");
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void martian_destinations_are_dropped(void **state)
{
	static const char *const bad[] = {"::",      "::1",     "ff00::1",
					  "ff01::1", "ff11::1", "::ffff:10.0.0.1"};
	static const char *const good[] = {"::2", "ff02::1", "ff05::2", "ff0e::1", "fe80::1"};
	struct sl_harness *h = make();

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		build("2001:db8::9", bad[i]);
		is_dropped(h, "martian_destination");
	}
	for (unsigned i = 0; i < RTE_DIM(good); i++) {
		build("2001:db8::9", good[i]);
		passes(h);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void unicast_in_a_frame_to_many_is_dropped(void **state)
{
	struct sl_harness *h = make();

	(void)state;
	good_packet();
	p.meta.flags = SL_META_L2_GROUP;
	is_dropped(h, "l2_group");
	build("2001:db8::9", "ff0e::1");
	p.meta.flags = SL_META_L2_GROUP;
	passes(h);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void good_and_bad_of_a_burst_part_in_order(void **state)
{
	struct sl_harness *h = make();
	unsigned bad = 0;

	(void)state;
	srand(1);
	for (unsigned i = 0; i < 500; i++) {
		good_packet();
		store_be16(p.bytes + 2, (uint16_t)i); // flow label
		if (rand() & 1) {
			store_be16(p.bytes + 4, 1000);
			bad++;
		}
		assert_true(ip_feed(h, 0, &p));
	}
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_drop(h, "bad_length"), bad);
	assert_int_equal(sl_harness_waiting_out(h, 0), 500 - bad);
	for (int last = -1; ip_take(h, 0, &got);) {
		int label = load_be16(got.bytes + 2);

		assert_true(label > last);
		last = label;
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_packets_pass_with_their_meta),
		cmocka_unit_test(padding_of_the_frame_is_cut_off),
		cmocka_unit_test(too_short_for_a_header_is_dropped),
		cmocka_unit_test(bad_version_is_dropped),
		cmocka_unit_test(payload_length_beyond_the_frame_is_dropped),
		cmocka_unit_test(jumbograms_are_dropped),
		cmocka_unit_test(martian_sources_are_dropped),
		cmocka_unit_test(an_unspecified_source_reaches_no_further_than_the_link),
		cmocka_unit_test(martian_destinations_are_dropped),
		cmocka_unit_test(unicast_in_a_frame_to_many_is_dropped),
		cmocka_unit_test(good_and_bad_of_a_burst_part_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
