#include "tests/harness/app_harness.h"

#include <pcap/pcap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct sl_harness *make(const char *line)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static const uint8_t udp[60] = {2,  0,    0, 0, 0,  1, 2, 0, 0, 0,  0,  2, 0x08,
				0,  0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0,
				10, 0,    0, 1, 10, 0, 0, 2, 0, 53, 0,  53};

static void matching_packets_leave_on_out_the_others_on_rest(void **state)
{
	struct sl_harness *h = make("filter 'udp port 53'");
	uint8_t frame[60], got[60];
	unsigned match = 0, rest = 0;

	(void)state;
	srand(1);
	for (unsigned i = 0; i < 1000; i++) {
		memcpy(frame, udp, sizeof(frame));
		if (rand() & 1)
			frame[23] = 6;
		memcpy(frame + 50, &i, sizeof(i));
		match += frame[23] == 17;
		rest += frame[23] == 6;
		assert_true(sl_harness_feed(h, 0, frame, sizeof(frame)));
	}
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_waiting_out(h, 0), match);
	assert_int_equal(sl_harness_waiting_out(h, 1), rest);
	for (unsigned port = 0; port < 2; port++) {
		unsigned last = 0, i;

		while (sl_harness_take(h, port, got, sizeof(got)) == 60) {
			assert_int_equal(got[23], port == 0 ? 17 : 6);
			memcpy(&i, got + 50, sizeof(i));
			assert_true(i == 0 || i > last);
			last = i;
		}
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void without_rest_packets_are_dropped_by_name(void **state)
{
	struct sl_harness *h = make("filter arp");

	(void)state;
	sl_harness_disconnect(h, 1);
	for (unsigned i = 0; i < 100; i++)
		assert_true(sl_harness_feed(h, 0, udp, sizeof(udp)));
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_drop(h, "no_match"), 100);
	assert_int_equal(sl_harness_app(h)->unconnected, 0);
	assert_int_equal(sl_harness_waiting_out(h, 0), 0);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void short_packets_do_not_match(void **state)
{
	struct sl_harness *h = make("filter 'udp port 53'");

	(void)state;
	for (uint16_t len = 0; len < sizeof(udp); len++)
		assert_true(sl_harness_feed(h, 0, udp, len));
	sl_harness_breathe(h);
	// the first of the two ports, which matches, ends at byte 36
	assert_int_equal(sl_harness_waiting_out(h, 1), 36);
	assert_int_equal(sl_harness_waiting_out(h, 0), sizeof(udp) - 36);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void says_whether_machine_code_runs(void **state)
{
	struct sl_harness *h = make("filter 'ip protochain 17'");

	(void)state;
#ifdef __x86_64__
	assert_int_equal(sl_harness_metric(h, "machine_code"), 1);
#else
	assert_int_equal(sl_harness_metric(h, "machine_code"), 0);
#endif
	assert_true(sl_harness_feed(h, 0, udp, sizeof(udp)));
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_waiting_out(h, 0), 1);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void bad_expressions_are_refused(void **state)
{
	struct sl_error err = {0};

	(void)state;
	assert_null(sl_harness_create(&(struct sl_harness_options){.line = "filter 'udp prot 53'"},
				      &err));
	assert_non_null(strstr(err.text, "syntax error"));
	assert_null(sl_harness_create(&(struct sl_harness_options){.line = "filter"}, &err));
	assert_non_null(strstr(err.text, "expression"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matching_packets_leave_on_out_the_others_on_rest),
		cmocka_unit_test(without_rest_packets_are_dropped_by_name),
		cmocka_unit_test(short_packets_do_not_match),
		cmocka_unit_test(says_whether_machine_code_runs),
		cmocka_unit_test(bad_expressions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
