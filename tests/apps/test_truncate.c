#include "tests/harness/app_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct sl_harness *make(const char *line)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static void cuts_what_is_longer_and_nothing_else(void **state)
{
	static const unsigned lengths[] = {1, 13, 14, 60, 64, 1514};
	uint8_t frame[2000], got[2000];
	char line[32];

	(void)state;
	for (unsigned i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)(i * 7);
	for (unsigned k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {
		struct sl_harness *h;
		unsigned cut = 0;

		snprintf(line, sizeof(line), "truncate %u", lengths[k]);
		h = make(line);
		for (uint16_t len = 0; len < 2000; len = (uint16_t)(len + 13)) {
			int want = len < lengths[k] ? len : (int)lengths[k];

			cut += len > lengths[k];
			assert_true(sl_harness_feed(h, 0, frame, len));
			sl_harness_breathe(h);
			assert_int_equal(sl_harness_take(h, 0, got, sizeof(got)), want);
			assert_memory_equal(got, frame, (size_t)want);
		}
		assert_int_equal(sl_harness_metric(h, "cut"), cut);
		assert_string_equal(sl_harness_destroy(h), "");
	}
}

static void bad_lengths_are_refused(void **state)
{
	static const char *const lines[] = {"truncate",     "truncate 0",   "truncate -1",
					    "truncate 1Mi", "truncate abc", "truncate ''"};
	struct sl_error err;

	(void)state;
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct sl_harness_options o = {.line = lines[i]};

		memset(&err, 0, sizeof(err));
		assert_null(sl_harness_create(&o, &err));
		assert_string_not_equal(err.text, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_what_is_longer_and_nothing_else),
		cmocka_unit_test(bad_lengths_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
