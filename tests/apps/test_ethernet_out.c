#include "tests/harness/app_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct sl_harness *make(const char *line)
{
	struct sl_harness_options o = {.line = line, .inputs = 2};
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(&o, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static void packets_of_both_families_get_their_header(void **state)
{
	static const uint8_t want4[] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 9, 8, 0, 0x45, 7};
	static const uint8_t want6[] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 9, 0x86, 0xdd, 0x60};
	struct sl_harness *h = make("ethernet-out 02:00:00:00:00:09");
	uint8_t got[100];

	(void)state;
	assert_true(sl_harness_feed(h, 0, want4 + 14, 2));
	assert_true(sl_harness_feed(h, 1, want6 + 14, 1));
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_take(h, 0, got, sizeof(got)), sizeof(want4));
	assert_memory_equal(got, want4, sizeof(want4));
	assert_int_equal(sl_harness_take(h, 0, got, sizeof(got)), sizeof(want6));
	assert_memory_equal(got, want6, sizeof(want6));
	assert_string_equal(sl_harness_destroy(h), "");
}

static void what_is_no_ip_packet_is_dropped(void **state)
{
	static const uint8_t bytes[] = {0x00, 0xff};
	struct sl_harness *h = make("ethernet-out");
	uint8_t got[100];

	(void)state;
	assert_true(sl_harness_feed(h, 0, bytes, 2));
	assert_true(sl_harness_feed(h, 0, bytes + 1, 1));
	assert_true(sl_harness_feed(h, 0, bytes, 0));
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_take(h, 0, got, sizeof(got)), -1);
	assert_int_equal(sl_harness_drop(h, "no_ip"), 3);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void bad_addresses_are_refused(void **state)
{
	static const char *const lines[] = {"ethernet-out 02:00", "ethernet-out dst=x"};
	struct sl_error err;

	(void)state;
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct sl_harness_options o = {.line = lines[i]};

		assert_null(sl_harness_create(&o, &err));
		assert_non_null(strstr(err.text, "is not an address such as"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_of_both_families_get_their_header),
		cmocka_unit_test(what_is_no_ip_packet_is_dropped),
		cmocka_unit_test(bad_addresses_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
