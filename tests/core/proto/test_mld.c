// Messages of multicast listener discovery: each check of a query, and what is written.

#include "core/proto/mld.h"

#include "core/ip/address.h"
#include "core/proto/checksum.h"
#include "core/proto/ipv6.h"
#include "tests/harness/mld.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ICMP = MLD_FRONT };

static const char group[] = "ff02::1:ff00:5";

static enum sl_mld_verdict verdict(const struct mld_packet *p)
{
	struct sl_mld_query q;

	return sl_mld_parse_query(&q, p->bytes, p->len);
}

static void expect_ip(const uint8_t ip[16], const char *text)
{
	struct sl_ip a;

	assert_true(sl_ip_parse(text, &a));
	assert_memory_equal(ip, a.bytes, 16);
}

static void a_general_query_is_read(void **state)
{
	struct mld_packet p = mld_query("::", 10000);
	struct sl_mld_query q;

	(void)state;
	p.bytes[ICMP + 24] = 0xf0 | 8 | 3; // robustness 3 behind other bits
	p.bytes[ICMP + 25] = 125;
	mld_fix(&p);
	memset(p.bytes + p.len, 0xee, 8); // padding
	assert_int_equal(sl_mld_parse_query(&q, p.bytes, p.len + 8), SL_MLD_GOOD);
	assert_true(q.general);
	assert_false(q.old);
	assert_int_equal(q.max_delay_ms, 10000);
	assert_int_equal(q.robustness, 3);
	assert_int_equal(q.interval_s, 125);
	assert_int_equal(q.n_sources, 0);
}

static void a_query_about_sources_is_read(void **state)
{
	struct mld_packet p = mld_query(group, 1000);
	struct sl_mld_query q;

	(void)state;
	mld_add_source(&p, "2001:db8::1");
	mld_add_source(&p, "2001:db8::2");
	assert_int_equal(sl_mld_parse_query(&q, p.bytes, p.len), SL_MLD_GOOD);
	assert_false(q.general);
	expect_ip(q.group, group);
	assert_int_equal(q.n_sources, 2);
	expect_ip(q.sources + 16, "2001:db8::2");
}

// RFC 3810 sections 5.1.3 and 5.1.9: large numbers have an exponent.
static void large_times_are_decoded(void **state)
{
	struct mld_packet p = mld_query("::", 0xffff);
	struct sl_mld_query q;

	(void)state;
	p.bytes[ICMP + 25] = 0xff;
	mld_fix(&p);
	assert_int_equal(sl_mld_parse_query(&q, p.bytes, p.len), SL_MLD_GOOD);
	assert_int_equal(q.max_delay_ms, 8387584);
	assert_int_equal(q.interval_s, 31744);
	p = mld_query("::", 0x8000);
	assert_int_equal(sl_mld_parse_query(&q, p.bytes, p.len), SL_MLD_GOOD);
	assert_int_equal(q.max_delay_ms, 32768);
}

// RFC 3810 section 8.1: version 1 is 24 bytes, version 2 at least 28.
static void the_length_says_which_version_it_is(void **state)
{
	struct mld_packet p = mld_query("::", 0xffff);
	struct sl_mld_query q;

	(void)state;
	for (size_t len = 0; len < 28; len++) {
		p.len = ICMP + len;
		mld_fix(&p);
		assert_int_equal(verdict(&p), len == 24  ? SL_MLD_GOOD
					      : len == 0 ? SL_MLD_OTHER
							 : SL_MLD_BAD);
	}
	p.len = ICMP + 24;
	mld_fix(&p);
	assert_int_equal(sl_mld_parse_query(&q, p.bytes, p.len), SL_MLD_GOOD);
	assert_true(q.old);
	assert_int_equal(q.max_delay_ms, 0xffff); // plain
}

// RFC 3810 sections 5.1.14 and 6.2.
static void a_query_that_breaks_a_rule_is_bad(void **state)
{
	const struct mld_packet good = mld_query(group, 1000);
	struct mld_packet p = good;

	(void)state;
	assert_int_equal(verdict(&p), SL_MLD_GOOD);
	p.bytes[7] = 2; // hop limit
	assert_int_equal(verdict(&p), SL_MLD_BAD);
	p = good;
	p.bytes[8] = 0x20; // not from a link-local address
	mld_fix(&p);
	assert_int_equal(verdict(&p), SL_MLD_BAD);
	p = good;
	p.bytes[42] = 1; // PadN instead of router alert
	assert_int_equal(verdict(&p), SL_MLD_BAD);
	p = good;
	p.bytes[45] = 1; // router alert for RSVP
	assert_int_equal(verdict(&p), SL_MLD_BAD);
	p = good;
	p.bytes[43] = 9; // an option that ends behind its header
	assert_int_equal(verdict(&p), SL_MLD_BAD);
	p = good;
	p.bytes[ICMP + 2] ^= 1; // checksum
	assert_int_equal(verdict(&p), SL_MLD_BAD);
	p = good;
	p.bytes[ICMP + 8] = 0x20; // not about a group
	mld_fix(&p);
	assert_int_equal(verdict(&p), SL_MLD_BAD);
	p = good;
	p.bytes[ICMP + 27] = 1; // a source that is not there
	mld_fix(&p);
	assert_int_equal(verdict(&p), SL_MLD_BAD);
	p = mld_query("::", 1000);
	mld_add_source(&p, "2001:db8::1"); // all groups, and yet a source
	assert_int_equal(verdict(&p), SL_MLD_BAD);
}

static void a_query_without_a_hop_by_hop_header_is_bad(void **state)
{
	struct mld_packet p = mld_query("::", 1000);

	(void)state;
	memmove(p.bytes + 40, p.bytes + ICMP, p.len - ICMP);
	p.len -= 8;
	p.bytes[6] = SL_PROTO_ICMPV6;
	store_be16(p.bytes + 4, (uint16_t)(p.len - 40));
	assert_int_equal(verdict(&p), SL_MLD_BAD);
}

static void other_messages_are_no_queries(void **state)
{
	struct mld_packet p = mld_query("::", 1000);

	(void)state;
	p.bytes[ICMP] = SL_MLD_REPORT;
	assert_int_equal(verdict(&p), SL_MLD_OTHER);
	p.bytes[40] = SL_PROTO_UDP;
	assert_int_equal(verdict(&p), SL_MLD_OTHER);
}

static void a_report_has_as_many_records_as_fit(void **state)
{
	uint8_t packet[SL_MLD_MAX], src[16] = {0xfe, 0x80, [15] = 1}, g[16] = {0xff, 2};
	struct sl_mld_report r;
	size_t len;

	(void)state;
	sl_mld_report_begin(&r, packet, src);
	while (sl_mld_report_add(&r, SL_MLD_TO_EXCLUDE, g, NULL, 0))
		g[15]++;
	assert_int_equal(g[15], (SL_MLD_MAX - 56) / 20);
	len = sl_mld_report_end(&r);
	mld_check(packet, len, "ff02::16");
	assert_int_equal(packet[ICMP], SL_MLD_REPORT);
	assert_int_equal(load_be16(packet + ICMP + 6), g[15]);
	assert_int_equal(len, 56 + 20 * g[15]);
}

static void old_messages_go_to_the_group_and_to_all_routers(void **state)
{
	uint8_t packet[SL_MLD_MAX], src[16] = {0xfe, 0x80, [15] = 1}, g[16] = {0xff, 5, [15] = 9};

	(void)state;
	mld_check(packet, sl_mld_write_old(packet, SL_MLD_OLD_REPORT, src, g), "ff05::9");
	assert_int_equal(packet[ICMP], 131);
	expect_ip(packet + ICMP + 8, "ff05::9");
	mld_check(packet, sl_mld_write_old(packet, SL_MLD_OLD_DONE, src, g), "ff02::2");
	assert_int_equal(packet[ICMP], 132);
	expect_ip(packet + ICMP + 8, "ff05::9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_general_query_is_read),
		cmocka_unit_test(a_query_about_sources_is_read),
		cmocka_unit_test(large_times_are_decoded),
		cmocka_unit_test(the_length_says_which_version_it_is),
		cmocka_unit_test(a_query_that_breaks_a_rule_is_bad),
		cmocka_unit_test(a_query_without_a_hop_by_hop_header_is_bad),
		cmocka_unit_test(other_messages_are_no_queries),
		cmocka_unit_test(a_report_has_as_many_records_as_fit),
		cmocka_unit_test(old_messages_go_to_the_group_and_to_all_routers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
