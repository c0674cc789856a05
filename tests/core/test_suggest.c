#include "core/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const char *nearest(const char *wanted)
{
	static const char *const names[] = {"filter", "pcap-reader", "pcap-writer", "rate",
					    "sink",   "source",      "tee"};
	struct sl_suggest s = {.wanted = wanted};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		sl_suggest_offer(&s, names[i]);
	return s.best ? s.best : "";
}

static void slips_of_the_hand_find_their_name(void **state)
{
	static const struct {
		const char *wanted, *best;
	} cases[] = {
		{"fliter", "filter"},
		{"filt", "filter"},
		{"pcap-raeder", "pcap-reader"},
		{"pcapreader", "pcap-reader"},
		{"snik", "sink"},
		{"tea", "tee"},
		{"sourc", "source"},
		{"pcap-write", "pcap-writer"},
		{"Rate", "rate"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(nearest(cases[i].wanted), cases[i].best);
}

static void what_is_far_finds_nothing(void **state)
{
	static const char *const far[] = {"", "x", "router", "tunnel", "zzzz", "ab"};
	char longest[200];

	(void)state;
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++)
		assert_string_equal(nearest(far[i]), "");
	for (size_t i = 0; i < sizeof(longest); i++)
		longest[i] = i + 1 < sizeof(longest) ? 'r' : '\0';
	assert_string_equal(nearest(longest), "");
}

static void the_nearer_of_two_wins_wherever_it_stands(void **state)
{
	struct sl_suggest s = {.wanted = "loop"};

	(void)state;
	sl_suggest_offer(&s, "loops2");
	sl_suggest_offer(&s, "loops");
	sl_suggest_offer(&s, "lop-s");
	assert_string_equal(s.best, "loops");
}

static void hint_is_empty_or_a_question(void **state)
{
	struct sl_suggest s = {.wanted = "snik"};
	char buf[64];

	(void)state;
	assert_string_equal(sl_suggest_hint(&s, buf, sizeof(buf)), "");
	sl_suggest_offer(&s, "sink");
	assert_string_equal(sl_suggest_hint(&s, buf, sizeof(buf)), "; did you mean 'sink'?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slips_of_the_hand_find_their_name),
		cmocka_unit_test(what_is_far_finds_nothing),
		cmocka_unit_test(the_nearer_of_two_wins_wherever_it_stands),
		cmocka_unit_test(hint_is_empty_or_a_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
