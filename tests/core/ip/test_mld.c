// An interface's groups, and when others are told of them: RFC 3810 sections 6 and 8.

#include "core/ip/mld.h"

#include "core/ip/address.h"
#include "core/proto/bytes.h"
#include "tests/harness/mld.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const uint64_t ms = 1000000, second = 1000000000;
static const uint8_t own[16] = {0xfe, 0x80, [15] = 1};

// The interface, its clock, and the message that came last.
static struct {
	struct sl_mld m;
	uint64_t now;
	uint8_t packet[SL_MLD_MAX];
	size_t len;
} link;

// Groups ff05::1 to ff05::n.
static bool listen(unsigned n)
{
	uint8_t groups[SL_MLD_GROUPS_MAX + 1][16] = {0};

	for (unsigned i = 0; i < n; i++) {
		groups[i][0] = 0xff;
		groups[i][1] = 5;
		store_be16(groups[i] + 14, (uint16_t)(i + 1));
	}
	return sl_mld_listen(&link.m, (const uint8_t(*)[16])groups, n, link.now);
}

static bool take(void)
{
	link.len = sl_mld_next(&link.m, own, link.packet, link.now);
	if (link.len > 0 && link.packet[MLD_FRONT] == SL_MLD_REPORT)
		mld_check(link.packet, link.len, "ff02::16");
	return link.len > 0;
}

// Let time pass until a message comes, or so long. Returns the time it took, or UINT64_MAX.
static uint64_t wait(uint64_t most)
{
	for (uint64_t t = 0; t <= most; t += ms, link.now += ms)
		if (take())
			return t;
	return UINT64_MAX;
}

static void ask(struct mld_packet p)
{
	struct sl_mld_query q;

	assert_int_equal(sl_mld_parse_query(&q, p.bytes, p.len), SL_MLD_GOOD);
	sl_mld_hear(&link.m, &q, link.now);
}

static unsigned records(uint8_t type, const char *group)
{
	return mld_records(link.packet, type, group);
}

static void begin(unsigned groups, uint64_t seed)
{
	link.now = second;
	sl_mld_init(&link.m, seed);
	assert_true(listen(groups));
}

// The same, and all has been told.
static void begin_quiet(unsigned groups, uint64_t seed)
{
	begin(groups, seed);
	while (wait(2 * second) <= 2 * second)
		;
}

static void nothing_more(void)
{
	assert_true(wait(20 * second) == UINT64_MAX);
}

// RFC 3810 section 6.1: at once, and again within a second.
static void a_change_is_told_twice(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		begin(3, seed);
		assert_true(wait(0) == 0);
		assert_int_equal(records(SL_MLD_TO_EXCLUDE, "any"), 3);
		assert_true(wait(second) <= second);
		assert_int_equal(records(SL_MLD_TO_EXCLUDE, "any"), 3);
		nothing_more();
		assert_true(listen(2));
		assert_true(wait(0) == 0);
		assert_int_equal(records(SL_MLD_TO_INCLUDE, "ff05::3"), 1);
		assert_int_equal(records(SL_MLD_TO_EXCLUDE, "any"), 0);
		assert_true(wait(second) <= second);
		assert_int_equal(records(SL_MLD_TO_INCLUDE, "any"), 1);
		nothing_more();
		assert_int_equal(link.m.n, 2);
	}
}

// What loses a report loses one that comes right behind it as well.
static void a_change_is_not_told_twice_at_once(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 5000; seed++) {
		begin(1, seed);
		assert_true(take());
		assert_false(take());
	}
}

static void what_has_not_changed_is_not_told(void **state)
{
	(void)state;
	begin_quiet(3, 1);
	assert_true(listen(3));
	nothing_more();
	assert_true(listen(4));
	assert_true(take());
	assert_int_equal(records(SL_MLD_TO_EXCLUDE, "any"), 1);
}

// The later change is the one that is told.
static void who_leaves_and_comes_back_listens(void **state)
{
	(void)state;
	begin_quiet(3, 1);
	assert_true(listen(2));
	assert_true(take());
	assert_true(listen(3));
	for (unsigned i = 0; i < 2; i++) {
		assert_true(wait(second) <= second);
		assert_int_equal(records(SL_MLD_TO_EXCLUDE, "ff05::3"), 1);
		assert_int_equal(records(SL_MLD_TO_INCLUDE, "any"), 0);
	}
	nothing_more();
}

static void more_groups_than_fit_take_several_reports(void **state)
{
	(void)state;
	begin(SL_MLD_GROUPS_MAX, 1);
	for (unsigned told = 0; told < SL_MLD_GROUPS_MAX;) {
		assert_true(take());
		told += records(SL_MLD_TO_EXCLUDE, "any");
	}
	assert_false(take());
	assert_false(listen(SL_MLD_GROUPS_MAX + 1));
}

// Section 6.2: within the time allowed, at any time of it.
static void a_general_query_is_answered_in_time_with_all_groups(void **state)
{
	uint64_t least = UINT64_MAX, most = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 200; seed++) {
		uint64_t took;

		begin_quiet(3, seed);
		ask(mld_query("::", 1000));
		took = wait(second);
		assert_true(took <= second);
		least = took < least ? took : least;
		most = took > most ? took : most;
		assert_int_equal(records(SL_MLD_IS_EXCLUDE, "any"), 3);
		nothing_more();
	}
	assert_true(least < 100 * ms && most > 900 * ms);
}

static void a_query_about_a_group_is_answered_for_it_alone(void **state)
{
	(void)state;
	begin_quiet(3, 1);
	ask(mld_query("ff05::2", 1000));
	ask(mld_query("ff05::9", 1000)); // of others
	assert_true(wait(second) <= second);
	assert_int_equal(records(SL_MLD_IS_EXCLUDE, "ff05::2"), 1);
	assert_int_equal(records(SL_MLD_IS_EXCLUDE, "any"), 1);
	nothing_more();
}

// Section 6.2, rules 3 and 5, and the table of section 6.3: all those asked about are listened to.
static void a_query_about_sources_is_answered_for_these(void **state)
{
	struct mld_packet p = mld_query("ff05::2", 1000), more = p;

	(void)state;
	begin_quiet(3, 1);
	mld_add_source(&p, "2001:db8::1");
	mld_add_source(&more, "2001:db8::1");
	mld_add_source(&more, "2001:db8::2");
	ask(p);
	ask(more);
	assert_true(wait(second) <= second);
	assert_int_equal(records(SL_MLD_IS_INCLUDE, "ff05::2"), 1);
	assert_int_equal(link.len, MLD_FRONT + 8 + 20 + 2 * 16);
	nothing_more();
}

// Rule 4, and the bound of what is remembered.
static void a_query_about_too_much_is_answered_for_all_sources(void **state)
{
	struct mld_packet p = mld_query("ff05::2", 1000), many = p;
	char text[SL_IP_TEXT];

	(void)state;
	begin_quiet(3, 1);
	mld_add_source(&p, "2001:db8::1");
	ask(p);
	ask(mld_query("ff05::2", 1000));
	ask(p);
	assert_true(wait(second) <= second);
	assert_int_equal(records(SL_MLD_IS_EXCLUDE, "ff05::2"), 1);
	nothing_more();
	for (unsigned i = 0; i <= SL_MLD_SOURCES_MAX; i++) {
		snprintf(text, sizeof(text), "2001:db8::%u", i + 1);
		mld_add_source(&many, text);
	}
	ask(many);
	assert_true(wait(second) <= second);
	assert_int_equal(records(SL_MLD_IS_EXCLUDE, "ff05::2"), 1);
	nothing_more();
}

// Section 9.1.
static void changes_are_told_as_often_as_the_querier_says(void **state)
{
	struct mld_packet p = mld_query("::", 1000);

	(void)state;
	begin_quiet(3, 1);
	p.bytes[MLD_FRONT + 24] = 5;
	mld_fix(&p);
	ask(p);
	assert_true(wait(second) <= second);
	assert_true(listen(2));
	for (unsigned i = 0; i < 5; i++) {
		assert_true(wait(second) <= second);
		assert_int_equal(records(SL_MLD_TO_INCLUDE, "ff05::3"), 1);
	}
	nothing_more();
}

// Section 8.2.1: each group by itself, to itself.
static void an_old_querier_gets_old_reports(void **state)
{
	uint8_t got = 0;

	(void)state;
	begin_quiet(3, 1);
	ask(mld_old_query("::", 1000));
	for (unsigned i = 0; i < 3; i++) {
		assert_true(wait(second) <= second);
		assert_int_equal(link.packet[MLD_FRONT], SL_MLD_OLD_REPORT);
		assert_memory_equal(link.packet + 24, link.packet + MLD_FRONT + 8, 16);
		got |= (uint8_t)(1 << link.packet[MLD_FRONT + 23]);
	}
	assert_int_equal(got, 1 << 1 | 1 << 2 | 1 << 3);
	nothing_more();
	ask(mld_old_query("ff05::2", 1000));
	assert_true(wait(second) <= second);
	assert_int_equal(link.packet[MLD_FRONT + 23], 2);
	nothing_more();
}

static void an_old_querier_is_told_of_changes_in_its_words(void **state)
{
	(void)state;
	begin_quiet(3, 1);
	ask(mld_old_query("ff05::9", 0));
	assert_true(listen(2));
	assert_true(take());
	mld_check(link.packet, link.len, "ff02::2");
	assert_int_equal(link.packet[MLD_FRONT], SL_MLD_OLD_DONE);
	assert_int_equal(link.packet[MLD_FRONT + 23], 3);
	nothing_more();
	assert_true(listen(3));
	for (unsigned i = 0; i < 2; i++) {
		assert_true(wait(second) <= second);
		assert_int_equal(link.packet[MLD_FRONT], SL_MLD_OLD_REPORT);
	}
	nothing_more();
}

// Section 9.12: twice the interval of questions and the time for the answer.
static void an_old_querier_long_silent_is_forgotten(void **state)
{
	(void)state;
	begin_quiet(3, 1);
	ask(mld_old_query("::", 1000));
	link.now += 250 * second;
	while (take())
		;
	ask(mld_query("::", 0)); // still
	assert_true(take());
	assert_int_equal(link.packet[MLD_FRONT], SL_MLD_OLD_REPORT);
	while (take())
		;
	link.now += second;
	ask(mld_query("::", 0));
	assert_true(take());
	assert_int_equal(records(SL_MLD_IS_EXCLUDE, "any"), 3);
	nothing_more();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_is_told_twice),
		cmocka_unit_test(a_change_is_not_told_twice_at_once),
		cmocka_unit_test(what_has_not_changed_is_not_told),
		cmocka_unit_test(who_leaves_and_comes_back_listens),
		cmocka_unit_test(more_groups_than_fit_take_several_reports),
		cmocka_unit_test(a_general_query_is_answered_in_time_with_all_groups),
		cmocka_unit_test(a_query_about_a_group_is_answered_for_it_alone),
		cmocka_unit_test(a_query_about_sources_is_answered_for_these),
		cmocka_unit_test(a_query_about_too_much_is_answered_for_all_sources),
		cmocka_unit_test(changes_are_told_as_often_as_the_querier_says),
		cmocka_unit_test(an_old_querier_gets_old_reports),
		cmocka_unit_test(an_old_querier_is_told_of_changes_in_its_words),
		cmocka_unit_test(an_old_querier_long_silent_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
