#include "core/proto/flow.h"
#include "tests/harness/app_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct sl_harness *make(const char *line, unsigned outputs)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(
		&(struct sl_harness_options){.line = line, .outputs = outputs}, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static void round_robin_deals_in_turns_across_bursts(void **state)
{
	struct sl_harness *h = make("split", 3);
	unsigned serial = 0, got;

	(void)state;
	for (unsigned round = 1; round < 150; round += 7) {
		for (unsigned i = 0; i < round; i++, serial++)
			assert_true(sl_harness_feed(h, 0, &serial, sizeof(serial)));
		sl_harness_breathe(h);
	}
	for (unsigned i = 0; i < serial; i++) {
		assert_int_equal(sl_harness_take(h, i % 3, &got, sizeof(got)), sizeof(got));
		assert_int_equal(got, i);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

// UDP over IPv4, with the serial number behind the ports.
static void build(uint8_t *frame, unsigned flow, bool back, unsigned serial)
{
	static const uint8_t head[] = {2,    0, 0,    0, 0, 1,  2, 0, 0, 0, 0,  2,
				       0x08, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17};
	uint8_t here[4] = {10, 0, (uint8_t)(flow >> 8), (uint8_t)flow}, there[4] = {10, 1, 0, 1};

	memset(frame, 0, 60);
	memcpy(frame, head, sizeof(head));
	memcpy(frame + 26, back ? there : here, 4);
	memcpy(frame + 30, back ? here : there, 4);
	frame[back ? 37 : 35] = 53;
	memcpy(frame + 42, &flow, sizeof(flow));
	memcpy(frame + 46, &serial, sizeof(serial));
}

static void a_flow_stays_on_one_output_in_order_both_ways(void **state)
{
	enum { FLOWS = 200, OUTPUTS = 4 };
	struct sl_harness *h = make("split flow", OUTPUTS);
	unsigned home[FLOWS], last[FLOWS] = {0}, count[OUTPUTS] = {0}, serial = 1;
	uint8_t frame[60];

	(void)state;
	srand(1);
	memset(home, 0xff, sizeof(home));
	for (unsigned round = 0; round < 30; round++) {
		for (unsigned i = 0; i < 100; i++) {
			build(frame, (unsigned)rand() % FLOWS, rand() & 1, serial++);
			assert_true(sl_harness_feed(h, 0, frame, sizeof(frame)));
		}
		sl_harness_breathe(h);
		for (unsigned port = 0; port < OUTPUTS; port++)
			while (sl_harness_take(h, port, frame, sizeof(frame)) >= 0) {
				unsigned flow, number;

				memcpy(&flow, frame + 42, sizeof(flow));
				memcpy(&number, frame + 46, sizeof(number));
				if (home[flow] == UINT32_MAX)
					home[flow] = port;
				assert_int_equal(home[flow], port);
				assert_true(number > last[flow]);
				last[flow] = number;
				count[port]++;
			}
	}
	for (unsigned port = 0; port < OUTPUTS; port++)
		assert_in_range(count[port], 500, 1000); // of 3000
	assert_string_equal(sl_harness_destroy(h), "");
}

static void every_length_goes_where_its_hash_says(void **state)
{
	struct sl_harness *h = make("split by=flow", 5);
	uint8_t frame[100], got[100];

	(void)state;
	srand(2);
	for (unsigned i = 0; i < 5000; i++) {
		uint16_t len = (uint16_t)((unsigned)rand() % sizeof(frame));

		for (unsigned k = 0; k < sizeof(frame); k++)
			frame[k] = (uint8_t)(rand() >> 5);
		if (i & 1)
			memcpy(frame + 12, "\x08\x00\x45", 3);
		assert_true(sl_harness_feed(h, 0, frame, len));
		sl_harness_breathe(h);
		assert_int_equal(sl_harness_take(h, sl_flow_way(sl_flow_hash(frame, len), 5), got,
						 sizeof(got)),
				 len);
		assert_memory_equal(got, frame, len);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void runts_go_to_the_first_output(void **state)
{
	struct sl_harness *h = make("split flow", 7);

	(void)state;
	for (uint16_t len = 0; len < 14; len++)
		assert_true(sl_harness_feed(h, 0, "abcdefghijklmn", len));
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_waiting_out(h, 0), 14);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void an_unknown_way_is_refused(void **state)
{
	struct sl_error err = {0};

	(void)state;
	assert_null(
		sl_harness_create(&(struct sl_harness_options){.line = "split by=colour"}, &err));
	assert_non_null(strstr(err.text, "round-robin"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_robin_deals_in_turns_across_bursts),
		cmocka_unit_test(a_flow_stays_on_one_output_in_order_both_ways),
		cmocka_unit_test(every_length_goes_where_its_hash_says),
		cmocka_unit_test(runts_go_to_the_first_output),
		cmocka_unit_test(an_unknown_way_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
