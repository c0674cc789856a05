#include "tests/harness/app_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PACKETS = 2000, FRAME = 64, MS = 1000000 };

static struct sl_harness *make(const char *line)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(
		&(struct sl_harness_options){.line = line, .link_size = 8192, .packets = 16383},
		&err);

	if (!h)
		fail_msg("'%s': %s", line, err.text);
	return h;
}

static void frame_of(unsigned number, uint8_t *frame)
{
	for (unsigned i = 0; i < FRAME; i++)
		frame[i] = (uint8_t)(number * 31 + i);
	memcpy(frame, &number, sizeof(number));
}

static void feed(struct sl_harness *h, unsigned from, unsigned n)
{
	uint8_t frame[FRAME];

	for (unsigned i = from; i < from + n; i++) {
		frame_of(i, frame);
		assert_true(sl_harness_feed(h, 0, frame, FRAME));
	}
}

static unsigned take_number(struct sl_harness *h)
{
	unsigned number = UINT32_MAX;

	sl_harness_take(h, 0, &number, sizeof(number));
	return number;
}

// Ticks and breaths, until nothing can be held any more.
static void settle(struct sl_harness *h)
{
	for (unsigned i = 0; i < 400; i++) {
		sl_harness_advance(h, MS);
		sl_harness_breathe(h);
		sl_harness_tick(h);
	}
}

struct result {
	unsigned n;
	uint8_t frames[2 * PACKETS][FRAME];
};

// Everything that comes out for PACKETS packets that come in bursts of `burst`.
static void run(const char *line, unsigned burst, uint64_t step_ns, struct result *r)
{
	struct sl_harness *h = make(line);

	for (unsigned i = 0; i < PACKETS; i += burst) {
		feed(h, i, i + burst > PACKETS ? PACKETS - i : burst);
		sl_harness_breathe(h);
		sl_harness_advance(h, step_ns);
	}
	settle(h);
	assert_int_equal(sl_harness_app(h)->held, 0);
	r->n = 0;
	while (r->n < 2 * PACKETS && sl_harness_take(h, 0, r->frames[r->n], FRAME) == FRAME)
		r->n++;
	assert_string_equal(sl_harness_destroy(h), "");
}

static const char everything[] = "impair loss=10% corrupt=10% duplicate=10% reorder=20% "
				 "reorder-gap=5 delay=10ms jitter=5ms seed=42";

static void without_keys_packets_pass_unchanged(void **state)
{
	struct result *r = malloc(sizeof(*r));
	uint8_t frame[FRAME];

	(void)state;
	run("impair", 64, 1000, r);
	assert_int_equal(r->n, PACKETS);
	for (unsigned i = 0; i < PACKETS; i++) {
		frame_of(i, frame);
		assert_memory_equal(r->frames[i], frame, FRAME);
	}
	free(r);
}

static void the_same_seed_gives_the_same_bytes_whatever_the_timing(void **state)
{
	struct result *a = malloc(sizeof(*a)), *b = malloc(sizeof(*b));
	static const unsigned bursts[] = {1, 7, 64, 500};

	(void)state;
	run(everything, 64, 1000, a);
	for (unsigned i = 0; i < 4; i++) {
		run(everything, bursts[i], 1000 + i * 3 * MS, b);
		assert_int_equal(a->n, b->n);
		assert_memory_equal(a->frames, b->frames, a->n * FRAME);
	}
	free(a);
	free(b);
}

static void another_seed_gives_other_bytes(void **state)
{
	struct result *a = malloc(sizeof(*a)), *b = malloc(sizeof(*b));

	(void)state;
	run("impair loss=50% seed=1", 64, 1000, a);
	run("impair loss=50% seed=2", 64, 1000, b);
	assert_true(a->n != b->n || memcmp(a->frames, b->frames, a->n * FRAME) != 0);
	free(a);
	free(b);
}

// Returns how often each number came out.
static void tally(const struct result *r, unsigned char *times)
{
	memset(times, 0, PACKETS);
	for (unsigned i = 0; i < r->n; i++) {
		unsigned number;

		memcpy(&number, r->frames[i], sizeof(number));
		assert_true(number < PACKETS);
		times[number]++;
	}
}

static void turning_one_impairment_on_leaves_the_others_as_they_were(void **state)
{
	struct result *alone = malloc(sizeof(*alone)), *both = malloc(sizeof(*both));
	unsigned char a[PACKETS], b[PACKETS];

	(void)state;
	run("impair loss=20% seed=3", 64, 1000, alone);
	run("impair loss=20% seed=3 reorder=30% delay=1ms", 64, 1000, both);
	tally(alone, a);
	tally(both, b);
	assert_memory_equal(a, b, PACKETS);
	free(alone);
	free(both);
}

// Four standard deviations around the mean.
static void assert_near(unsigned n, double chance)
{
	double mean = PACKETS * chance, spread = 4 * 0.5 * 44.8; // at most sqrt(n p (1 - p))

	assert_true(n > mean - spread && n < mean + spread);
}

static void chances_are_what_they_say(void **state)
{
	static const double chances[] = {0, 0.1, 0.5, 0.9, 1};
	static const char *const kinds[] = {"corrupt", "duplicate", "reorder"};
	static const char *const metrics[] = {"corrupted", "duplicated", "reordered"};
	char line[64];

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		for (unsigned k = 0; k < 3; k++) {
			struct sl_harness *h;

			snprintf(line, sizeof(line), "impair %s=%g", kinds[k], chances[i]);
			h = make(line);
			feed(h, 0, PACKETS);
			sl_harness_breathe(h);
			assert_near((unsigned)sl_harness_metric(h, metrics[k]), chances[i]);
			if (chances[i] == 0 || chances[i] == 1)
				assert_int_equal(sl_harness_metric(h, metrics[k]),
						 chances[i] * PACKETS);
			assert_string_equal(sl_harness_destroy(h), "");
		}
		snprintf(line, sizeof(line), "impair %g", chances[i]);
		struct sl_harness *h = make(line);

		feed(h, 0, PACKETS);
		sl_harness_breathe(h);
		assert_near((unsigned)sl_harness_drop(h, "lost"), chances[i]);
		assert_int_equal(sl_harness_waiting_out(h, 0),
				 PACKETS - sl_harness_drop(h, "lost"));
		assert_string_equal(sl_harness_destroy(h), "");
	}
}

static void corruption_flips_one_bit_anywhere(void **state)
{
	struct result *r = malloc(sizeof(*r));
	uint8_t frame[FRAME], seen[FRAME] = {0};

	(void)state;
	run("impair corrupt=1", 64, 1000, r);
	assert_int_equal(r->n, PACKETS);
	for (unsigned i = 0; i < PACKETS; i++) {
		unsigned bits = 0;

		frame_of(i, frame);
		for (unsigned k = 0; k < FRAME; k++) {
			uint8_t diff = r->frames[i][k] ^ frame[k];

			bits += (unsigned)__builtin_popcount(diff);
			seen[k] |= diff;
		}
		assert_int_equal(bits, 1);
	}
	for (unsigned k = 0; k < FRAME; k++)
		assert_true(seen[k] != 0);
	free(r);
}

static void empty_frames_have_no_bit_to_flip(void **state)
{
	struct sl_harness *h = make("impair corrupt=1 duplicate=1");

	(void)state;
	assert_true(sl_harness_feed(h, 0, "", 0));
	assert_true(sl_harness_feed(h, 0, "a", 1));
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_metric(h, "corrupted"), 1);
	assert_int_equal(sl_harness_waiting_out(h, 0), 4);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void a_duplicate_follows_its_original(void **state)
{
	struct sl_harness *h = make("impair duplicate=1 corrupt=1");
	uint8_t first[FRAME], second[FRAME];

	(void)state;
	feed(h, 0, 100);
	sl_harness_breathe(h);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(sl_harness_take(h, 0, first, FRAME), FRAME);
		assert_int_equal(sl_harness_take(h, 0, second, FRAME), FRAME);
		assert_memory_equal(first, second, FRAME); // the flipped bit too
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

// A naive model: of the packets in order, those chosen leave right behind the gap-th after them.
static void model_reordering(const bool *late, unsigned n, unsigned gap, unsigned *out)
{
	unsigned at = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!late[i])
			out[at++] = i;
		if (i >= gap && late[i - gap])
			out[at++] = i - gap;
	}
	for (unsigned i = n > gap ? n - gap : 0; i < n; i++)
		if (late[i])
			out[at++] = i;
	assert_int_equal(at, n);
}

// Which packets step aside is seen from a run with a gap so long that they all leave last.
static void reordered_packets_let_exactly_so_many_pass(void **state)
{
	enum { N = 1000 };
	static const unsigned gaps[] = {1, 2, 3, 10, 100};
	bool late[N];
	unsigned want[N];
	char line[64];

	(void)state;
	for (unsigned k = 0; k < 5; k++) {
		struct sl_harness *h = make("impair reorder=30% reorder-gap=4096 seed=9");
		unsigned n = 0;

		memset(late, true, sizeof(late));
		feed(h, 0, N);
		sl_harness_breathe(h);
		while (sl_harness_waiting_out(h, 0) > 0)
			late[take_number(h)] = false;
		assert_int_equal(sl_harness_app(h)->held, sl_harness_metric(h, "reordered"));
		assert_string_equal(sl_harness_destroy(h), "");

		snprintf(line, sizeof(line), "impair reorder=30%% reorder-gap=%u seed=9", gaps[k]);
		h = make(line);
		feed(h, 0, N);
		sl_harness_breathe(h);
		settle(h);
		model_reordering(late, N, gaps[k], want);
		for (; sl_harness_waiting_out(h, 0) > 0; n++)
			assert_int_equal(take_number(h), want[n]);
		assert_int_equal(n, N);
		assert_string_equal(sl_harness_destroy(h), "");
	}
}

static void packets_set_aside_wait_only_so_long(void **state)
{
	struct sl_harness *h = make("impair reorder=1 reorder-wait=20ms");

	(void)state;
	feed(h, 0, 2);
	sl_harness_breathe(h);
	sl_harness_tick(h); // the packets came in this millisecond
	for (unsigned i = 0; i < 19; i++) {
		assert_int_equal(sl_harness_app(h)->held, 2);
		assert_true(sl_harness_app(h)->wake_ns != 0);
		sl_harness_advance(h, MS);
		sl_harness_breathe(h);
		sl_harness_tick(h);
	}
	assert_int_equal(sl_harness_app(h)->held, 2);
	sl_harness_tick(h);
	assert_int_equal(sl_harness_app(h)->held, 0);
	assert_int_equal(take_number(h), 0);
	assert_int_equal(take_number(h), 1);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void delayed_packets_leave_on_the_nanosecond(void **state)
{
	struct sl_harness *h = make("impair delay=5ms");
	struct sl_app *app = sl_harness_app(h);

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		feed(h, i, 1);
		sl_harness_breathe(h);
		assert_int_equal(app->wake_ns, app->now_ns + 5 * MS);
		sl_harness_advance(h, 5 * MS - 1);
		sl_harness_breathe(h);
		assert_int_equal(app->held, 1);
		assert_int_equal(sl_harness_waiting_out(h, 0), 0);
		assert_int_equal(app->wake_ns, app->now_ns + 1);
		sl_harness_advance(h, 1);
		sl_harness_breathe(h);
		assert_int_equal(take_number(h), i);
		assert_int_equal(app->held, 0);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void jitter_stays_in_its_bounds_and_keeps_order(void **state)
{
	struct sl_harness *h = make("impair delay=5ms jitter=2ms");
	uint64_t least = UINT64_MAX, most = 0;

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		uint64_t us = 0;

		feed(h, i, 1);
		sl_harness_breathe(h);
		while (sl_harness_waiting_out(h, 0) == 0) {
			sl_harness_advance(h, 1000);
			sl_harness_breathe(h);
			us++;
		}
		assert_int_equal(take_number(h), i);
		least = us < least ? us : least;
		most = us > most ? us : most;
	}
	assert_in_range(least, 3000, 3200);
	assert_in_range(most, 6800, 7000);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void jitter_above_the_delay_never_goes_back_in_time(void **state)
{
	struct sl_harness *h = make("impair jitter=2ms");
	unsigned next = 0;

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		feed(h, i, 1);
		sl_harness_breathe(h);
		sl_harness_advance(h, 100000);
	}
	settle(h);
	while (sl_harness_waiting_out(h, 0) > 0)
		assert_int_equal(take_number(h), next++);
	assert_int_equal(next, 300);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void what_does_not_fit_the_hold_is_dropped_by_name(void **state)
{
	struct sl_harness *h = make("impair delay=1s hold=100");

	(void)state;
	feed(h, 0, 150);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_app(h)->held, 100);
	assert_int_equal(sl_harness_drop(h, "hold_full"), 50);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void a_full_output_keeps_delayed_packets_here(void **state)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(
		&(struct sl_harness_options){.line = "impair delay=1ms", .link_size = 64}, &err);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		feed(h, i * 64, 64);
		sl_harness_breathe(h);
	}
	sl_harness_advance(h, MS);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_waiting_out(h, 0), 64);
	assert_int_equal(sl_harness_app(h)->held, 128);
	for (unsigned i = 0; i < 192; i++) {
		assert_int_equal(take_number(h), i);
		sl_harness_breathe(h);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void a_change_of_config_keeps_what_is_held(void **state)
{
	struct sl_harness *h = make("impair delay=5ms reorder=50% reorder-gap=50");
	unsigned char times[100] = {0};
	struct sl_error err;

	(void)state;
	feed(h, 0, 100);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_app(h)->held, 100);
	assert_int_equal(sl_harness_replace(h, "impair", &err), 0);
	assert_int_equal(sl_harness_app(h)->held, 100);
	settle(h);
	assert_int_equal(sl_harness_waiting_out(h, 0), 100);
	while (sl_harness_waiting_out(h, 0) > 0)
		times[take_number(h)]++;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(times[i], 1);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void a_smaller_hold_drops_what_it_cannot_keep(void **state)
{
	struct sl_harness *h = make("impair delay=5ms");
	struct sl_error err;

	(void)state;
	feed(h, 0, 100);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_replace(h, "impair delay=1ms hold=30", &err), 0);
	assert_int_equal(sl_harness_app(h)->held, 30);
	assert_int_equal(sl_harness_drop(h, "hold_full"), 70);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void an_empty_pool_costs_only_copies(void **state)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(
		&(struct sl_harness_options){.line = "impair duplicate=1", .packets = 127}, &err);

	(void)state;
	feed(h, 0, 100);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_waiting_out(h, 0), 127);
	assert_int_equal(sl_harness_drop(h, "no_copy"), 73);
	assert_int_equal(sl_harness_metric(h, "duplicated"), 27);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void bad_values_are_refused(void **state)
{
	static const char *const lines[] = {"impair 2",          "impair 101%",
					    "impair loss=-1%",   "impair loss=x",
					    "impair delay=fast", "impair delay=-1ms",
					    "impair hold=0",     "impair reorder-gap=0",
					    "impair seed=abc",   "impair jitter=2hours",
					    "impair lose=1%"};

	(void)state;
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct sl_harness_options o = {.line = lines[i]};
		struct sl_error err = {0};

		if (sl_harness_create(&o, &err))
			fail_msg("'%s' was accepted", lines[i]);
		assert_string_not_equal(err.text, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_keys_packets_pass_unchanged),
		cmocka_unit_test(the_same_seed_gives_the_same_bytes_whatever_the_timing),
		cmocka_unit_test(another_seed_gives_other_bytes),
		cmocka_unit_test(turning_one_impairment_on_leaves_the_others_as_they_were),
		cmocka_unit_test(chances_are_what_they_say),
		cmocka_unit_test(corruption_flips_one_bit_anywhere),
		cmocka_unit_test(empty_frames_have_no_bit_to_flip),
		cmocka_unit_test(a_duplicate_follows_its_original),
		cmocka_unit_test(reordered_packets_let_exactly_so_many_pass),
		cmocka_unit_test(packets_set_aside_wait_only_so_long),
		cmocka_unit_test(delayed_packets_leave_on_the_nanosecond),
		cmocka_unit_test(jitter_stays_in_its_bounds_and_keeps_order),
		cmocka_unit_test(jitter_above_the_delay_never_goes_back_in_time),
		cmocka_unit_test(what_does_not_fit_the_hold_is_dropped_by_name),
		cmocka_unit_test(a_full_output_keeps_delayed_packets_here),
		cmocka_unit_test(a_change_of_config_keeps_what_is_held),
		cmocka_unit_test(a_smaller_hold_drops_what_it_cannot_keep),
		cmocka_unit_test(an_empty_pool_costs_only_copies),
		cmocka_unit_test(bad_values_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
