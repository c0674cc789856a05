#include "tests/harness/app_harness.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct sl_harness *make(unsigned inputs, unsigned link_size)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(
		&(struct sl_harness_options){
			.line = "join", .inputs = inputs, .link_size = link_size},
		&err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static void feed(struct sl_harness *h, unsigned input, unsigned n, unsigned *serial)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned frame[2] = {input, (*serial)++};

		assert_true(sl_harness_feed(h, input, frame, sizeof(frame)));
	}
}

static void all_packets_come_out_in_the_order_of_their_stream(void **state)
{
	struct sl_harness *h = make(5, 0);
	unsigned serial[5] = {0}, seen[5] = {0}, frame[2];

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned input = 0; input < 5; input++)
			feed(h, input, (round * 7 + input * 3) % 50, &serial[input]);
		sl_harness_breathe(h);
		while (sl_harness_take(h, 0, frame, sizeof(frame)) >= 0)
			assert_int_equal(frame[1], seen[frame[0]]++);
	}
	assert_memory_equal(serial, seen, sizeof(seen));
	assert_string_equal(sl_harness_destroy(h), "");
}

// The output takes 64 packets a breath, and every input has more than that.
static void busy_inputs_share_a_full_output_evenly(void **state)
{
	enum { INPUTS = 3, ROUNDS = 60 };
	struct sl_harness *h = make(INPUTS, 64);
	unsigned serial[INPUTS] = {0}, count[INPUTS] = {0}, frame[2];

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned input = 0; input < INPUTS; input++)
			feed(h, input, 64 - (unsigned)sl_harness_waiting_in(h, input),
			     &serial[input]);
		sl_harness_breathe(h);
		while (sl_harness_take(h, 0, frame, sizeof(frame)) >= 0)
			count[frame[0]]++;
	}
	for (unsigned input = 0; input < INPUTS; input++)
		assert_in_range(count[input], ROUNDS * 64 / INPUTS - 64, ROUNDS * 64 / INPUTS + 64);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void a_full_output_drops_nothing(void **state)
{
	struct sl_harness *h = make(2, 64);
	unsigned serial[2] = {0}, frame[2], n = 0;

	(void)state;
	feed(h, 0, 64, &serial[0]);
	feed(h, 1, 64, &serial[1]);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_waiting_out(h, 0), 64);
	assert_int_equal(sl_harness_waiting_in(h, 0) + sl_harness_waiting_in(h, 1), 64);
	while (sl_harness_take(h, 0, frame, sizeof(frame)) >= 0)
		n++;
	sl_harness_breathe(h);
	while (sl_harness_take(h, 0, frame, sizeof(frame)) >= 0)
		n++;
	assert_int_equal(n, 128);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void without_an_output_packets_are_unconnected(void **state)
{
	struct sl_harness *h = make(2, 0);
	unsigned serial = 0;

	(void)state;
	sl_harness_disconnect(h, 0);
	feed(h, 1, 100, &serial);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_app(h)->unconnected, 100);
	assert_string_equal(sl_harness_destroy(h), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_packets_come_out_in_the_order_of_their_stream),
		cmocka_unit_test(busy_inputs_share_a_full_output_evenly),
		cmocka_unit_test(a_full_output_drops_nothing),
		cmocka_unit_test(without_an_output_packets_are_unconnected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
