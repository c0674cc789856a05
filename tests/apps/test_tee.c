#include "tests/harness/app_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct sl_harness *make(unsigned outputs, unsigned packets)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(
		&(struct sl_harness_options){.line = "tee", .outputs = outputs, .packets = packets},
		&err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static void every_output_gets_every_byte(void **state)
{
	uint8_t frame[9000], got[9000];

	(void)state;
	srand(1);
	for (unsigned i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)rand();
	for (unsigned outputs = 1; outputs <= 5; outputs++) {
		struct sl_harness *h = make(outputs, 0);

		for (unsigned len = 0; len <= 9000; len += len < 200 ? 1 : 211)
			assert_true(
				sl_harness_feed(h, 0, frame + len % 7, (uint16_t)(len - len % 7)));
		sl_harness_breathe(h);
		for (unsigned len = 0; len <= 9000; len += len < 200 ? 1 : 211)
			for (unsigned port = 0; port < outputs; port++) {
				int want = (int)(len - len % 7);

				assert_int_equal(sl_harness_take(h, port, got, sizeof(got)), want);
				assert_memory_equal(got, frame + len % 7, (size_t)want);
			}
		assert_string_equal(sl_harness_destroy(h), "");
	}
}

// Two outputs must not share bytes: what one changes, the other does not see.
static void copies_are_packets_of_their_own(void **state)
{
	struct sl_harness *h = make(2, 0);
	struct rte_mbuf *first, *second;

	(void)state;
	assert_true(sl_harness_feed(h, 0, "abcdef", 6));
	sl_harness_breathe(h);
	first = sl_harness_take_packet(h, 0);
	second = sl_harness_take_packet(h, 1);
	assert_ptr_not_equal(sl_data(first), sl_data(second));
	memset(sl_data(first), 'x', 6);
	assert_memory_equal(sl_data(second), "abcdef", 6);
	sl_free(first);
	sl_free(second);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void time_stamps_are_copied(void **state)
{
	struct sl_harness *h = make(2, 0);
	struct sl_app *app = sl_harness_app(h);
	struct rte_mbuf *p;

	(void)state;
	assert_true(sl_harness_feed(h, 0, "abc", 3));
	assert_int_equal(sl_link_take(app->in[0], &p, 1), 1);
	sl_set_stamp_ns(p, 1234567890123456789);
	sl_link_give(app->in[0], &p, 1);
	sl_link_publish(app->in[0]);
	sl_harness_breathe(h);
	for (unsigned port = 0; port < 2; port++) {
		p = sl_harness_take_packet(h, port);
		assert_int_equal(sl_stamp_ns(p), 1234567890123456789);
		sl_free(p);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void originals_pass_when_the_pool_is_empty(void **state)
{
	enum { POOL = 127 };
	struct sl_harness *h = make(2, POOL);
	unsigned fed = 0;
	uint8_t got[8];

	(void)state;
	while (fed < 100 && sl_harness_feed(h, 0, "abc", 3))
		fed++;
	assert_int_equal(fed, 100);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_waiting_out(h, 1), 100);
	assert_int_equal(sl_harness_waiting_out(h, 0), POOL - 100);
	assert_int_equal(sl_harness_drop(h, "no_copy"), 100 - (POOL - 100));
	assert_int_equal(sl_harness_take(h, 1, got, sizeof(got)), 3);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void a_full_output_takes_nothing_from_the_others(void **state)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(
		&(struct sl_harness_options){.line = "tee", .outputs = 2, .link_size = 64}, &err);
	uint8_t got[8];

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 64; i++)
			assert_true(sl_harness_feed(h, 0, "abc", 3));
		sl_harness_breathe(h);
		for (unsigned i = 0; i < 64; i++)
			assert_int_equal(sl_harness_take(h, 1, got, sizeof(got)), 3);
	}
	assert_int_equal(sl_harness_waiting_out(h, 0), 64);
	assert_string_equal(sl_harness_destroy(h), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_output_gets_every_byte),
		cmocka_unit_test(copies_are_packets_of_their_own),
		cmocka_unit_test(time_stamps_are_copied),
		cmocka_unit_test(originals_pass_when_the_pool_is_empty),
		cmocka_unit_test(a_full_output_takes_nothing_from_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
