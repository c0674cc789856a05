#include "tests/drivers/image.h"
#include "tests/drivers/rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

extern const struct sl_app_class sl_pcap_reader_class;

#define SETTINGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct rig rig;

static int open_reader(const char *const *settings, struct sl_error *err)
{
	return rig_open(&rig, &sl_pcap_reader_class, settings, NULL, err);
}

static void start(const char *const *settings)
{
	struct sl_error err = {0};

	if (open_reader(settings, &err) < 0)
		fail_msg("%s", err.text);
}

// Pull until the reader has finished. Returns the packets it gave.
static unsigned run(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 100000 && !rig.app->finished; i++) {
		rig_pull(&rig, 0);
		n += rig_drain(&rig);
	}
	assert_true(rig.app->finished);
	return n;
}

// What one pull gives at a time since the start.
static unsigned pull_at(uint64_t now_ns)
{
	rig_pull(&rig, now_ns);
	return rig_drain(&rig);
}

static void assert_refused(const char *const *settings, int code, const char *text)
{
	struct sl_error err = {0};

	assert_int_equal(open_reader(settings, &err), code);
	if (!strstr(err.text, text))
		fail_msg("'%s' does not contain '%s'", err.text, text);
	rig_close(&rig);
}

static const char *const stream_words[] = {"yes", "no"};

static void packets_are_those_of_the_capture(void **state)
{
	struct image m = {.form = {.nano = true}};

	(void)state;
	image_header(&m);
	for (unsigned len = 0; len < 600; len++) {
		uint8_t frame[600];

		memset(frame, (int)len, len);
		image_packet(&m, 1700000000000000000 + len, frame, len, len);
	}
	image_save(&m, "in.pcap");
	image_free(&m);
	for (unsigned i = 0; i < 2; i++) {
		struct rte_mbuf *p;
		unsigned n = 0;

		start(SETTINGS("file", "in.pcap", "stream", stream_words[i]));
		while (!rig.app->finished) {
			rig_pull(&rig, 0);
			for (; sl_link_take(rig.out, &p, 1) == 1; n++) {
				assert_int_equal(sl_len(p), n);
				assert_int_equal(sl_stamp_ns(p), 1700000000000000000 + n);
				for (unsigned j = 0; j < n; j++)
					assert_int_equal(sl_data(p)[j], (uint8_t)n);
				sl_free(p);
			}
		}
		assert_int_equal(n, 600);
		assert_int_equal(rig.app->created, 600);
		assert_int_equal(rig_metric(&rig, "bytes"), 599 * 600 / 2);
		assert_int_equal(rig_metric(&rig, "loops"), 1);
		assert_null(rig_failure(&rig));
		rig_close(&rig);
	}
}

static void a_capture_without_packets_finishes(void **state)
{
	static const char *const loops[] = {"1", "5", "forever"};

	(void)state;
	image_simple("none.pcap", 0, 0);
	for (unsigned i = 0; i < 6; i++) {
		start(SETTINGS("file", "none.pcap", "stream", stream_words[i % 2], "loop",
			       loops[i / 2]));
		assert_int_equal(run(), 0);
		assert_null(rig_failure(&rig));
		rig_close(&rig);
	}
}

static void loops_replay_it_so_many_times(void **state)
{
	static const unsigned counts[] = {1, 3, 63, 64, 65, 1000};

	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		unsigned n = counts[i / 2];

		image_simple("loop.pcap", n, 60);
		start(SETTINGS("file", "loop.pcap", "loop", "7", "stream", stream_words[i % 2]));
		assert_int_equal(run(), 7 * n);
		assert_int_equal(rig_metric(&rig, "loops"), 7);
		assert_int_equal(rig.app->created, 7 * n);
		rig_close(&rig);
	}
}

static void a_small_capture_fills_whole_bursts(void **state)
{
	(void)state;
	image_simple("one.pcap", 1, 60);
	start(SETTINGS("file", "one.pcap", "loop", "forever"));
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(pull_at(0), SL_BURST);
	assert_false(rig.app->finished);
	rig_close(&rig);
}

static void files_follow_each_other(void **state)
{
	(void)state;
	image_simple("a.pcap", 5, 60);
	image_simple("none.pcap", 0, 0);
	image_simple("b.pcap", 70, 61);
	for (unsigned i = 0; i < 2; i++) {
		start(SETTINGS("file", "a.pcap", "file", "none.pcap", "file", "b.pcap", "loop", "2",
			       "stream", stream_words[i]));
		assert_int_equal(run(), 150);
		assert_int_equal(rig_metric(&rig, "files"), 3);
		assert_int_equal(rig_metric(&rig, "loops"), 2);
		assert_int_equal(rig_metric(&rig, "bytes"), 2 * (5 * 60 + 70 * 61));
		rig_close(&rig);
	}
}

static void a_full_output_makes_it_wait(void **state)
{
	(void)state;
	image_simple("many.pcap", 3000, 60);
	start(SETTINGS("file", "many.pcap"));
	for (unsigned i = 0; i < 100; i++)
		rig_pull(&rig, 0);
	assert_int_equal(rig.app->created, RIG_LINK);
	assert_int_equal(rig.out->drops, 0);
	assert_int_equal(rig_drain(&rig) + run(), 3000);
	assert_int_equal(rig.out->drops, 0);
	rig_close(&rig);
}

static void an_empty_pool_makes_it_wait(void **state)
{
	struct rte_mbuf *taken[RIG_PACKETS];
	unsigned n = 0;

	(void)state;
	image_simple("many.pcap", 100, 60);
	start(SETTINGS("file", "many.pcap"));
	while (n < RIG_PACKETS && sl_alloc_burst(rig_pool(), &taken[n], 1))
		n++;
	assert_int_equal(pull_at(0), 0);
	sl_free_burst(&taken[n - 3], 3); // fewer than a burst do
	assert_int_equal(pull_at(0), 3);
	sl_free_burst(taken, n - 3);
	assert_int_equal(run(), 97);
	rig_close(&rig);
}

static void an_unconnected_output_is_accounted_for(void **state)
{
	struct sl_link *out;

	(void)state;
	image_simple("many.pcap", 100, 60);
	start(SETTINGS("file", "many.pcap"));
	out = rig.out;
	rig.app->out = &(struct sl_link *){NULL};
	while (!rig.app->finished)
		rig_pull(&rig, 0);
	assert_int_equal(rig.app->created, 100);
	assert_int_equal(rig.app->unconnected, 100);
	rig.app->out = &out;
	rig_close(&rig);
}

static void cut_frames_are_replayed_as_captured(void **state)
{
	struct image m = {0};
	uint8_t frame[60] = {0};

	(void)state;
	image_header(&m);
	image_packet(&m, 0, frame, 60, 60);
	image_packet(&m, 0, frame, 40, 1500);
	image_packet(&m, 0, frame, 60, 61);
	image_save(&m, "cut.pcap");
	image_free(&m);
	start(SETTINGS("file", "cut.pcap"));
	assert_int_equal(run(), 3);
	assert_int_equal(rig_metric(&rig, "truncated"), 2);
	assert_int_equal(rig_metric(&rig, "bytes"), 160);
	rig_close(&rig);
}

// Frames around the limit of the pool and of any packet, between short ones.
static void long_frames_come_from_a_pool_of_their_own(void **state)
{
	static const uint32_t lens[] = {60,
					60,
					5000,
					SL_FRAME_MAX,
					60,
					SL_FRAME_MAX + 1,
					9000,
					SL_FRAME_MAX + 1,
					SL_FRAME_MAX + 1,
					60,
					262144};
	static uint8_t frame[262144];
	struct image m = {0};

	(void)state;
	image_header(&m);
	for (unsigned i = 0; i < RTE_DIM(lens); i++) {
		memset(frame, (int)i, sizeof(frame));
		image_packet(&m, i, frame, lens[i], lens[i]);
	}
	image_save(&m, "long.pcap");
	image_free(&m);
	for (unsigned s = 0; s < 2; s++) {
		struct rte_mbuf *p;
		unsigned i = 0;

		start(SETTINGS("file", "long.pcap", "loop", "9", "stream", stream_words[s]));
		while (!rig.app->finished) {
			rig_pull(&rig, 0);
			for (; sl_link_take(rig.out, &p, 1) == 1; i++) {
				while (lens[i % RTE_DIM(lens)] > SL_FRAME_MAX)
					i++;
				assert_int_equal(sl_len(p), lens[i % RTE_DIM(lens)]);
				assert_int_equal(sl_data(p)[0], i % RTE_DIM(lens));
				assert_int_equal(sl_data(p)[sl_len(p) - 1], i % RTE_DIM(lens));
				assert_true(p->pool == rig_pool() || sl_len(p) > RIG_FRAME_MAX);
				sl_free(p);
			}
		}
		assert_null(rig_failure(&rig));
		assert_int_equal(rig.app->created, 9 * RTE_DIM(lens));
		assert_int_equal(rig_dropped(&rig, "too_long"), 9 * 4);
		rig_close(&rig);
	}
}

static void a_capture_of_nothing_but_too_long_frames_ends(void **state)
{
	static uint8_t frame[SL_FRAME_MAX + 1];
	struct image m = {0};

	(void)state;
	image_header(&m);
	for (unsigned i = 0; i < 200; i++)
		image_packet(&m, i, frame, sizeof(frame), sizeof(frame));
	image_save(&m, "long.pcap");
	image_free(&m);
	for (unsigned i = 0; i < 2; i++) {
		start(SETTINGS("file", "long.pcap", "stream", stream_words[i]));
		assert_int_equal(run(), 0);
		assert_int_equal(rig_dropped(&rig, "too_long"), 200);
		rig_close(&rig);
	}
}

static void damage_is_an_error_before_the_start_in_memory(void **state)
{
	struct image m = {0};

	(void)state;
	image_header(&m);
	image_frames(&m, 3, 60, 0, 1);
	for (size_t len = 0; len <= m.len; len++) {
		file_save("damaged.pcap", m.bytes, len);
		if (len >= 24 && (len - 24) % 76 == 0)
			continue;
		assert_refused(SETTINGS("file", "damaged.pcap", "stream", "no"), -EBADMSG,
			       "damaged.pcap, byte ");
		assert_refused(SETTINGS("file", "damaged.pcap"), -EBADMSG, "damaged.pcap, byte ");
	}
	image_free(&m);
}

static void damage_in_a_stream_comes_after_the_packets_before_it(void **state)
{
	static const unsigned before[] = {0, 1, 63, 64, 65, 128, 300};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(before); i++) {
		struct image m = {0};
		char text[80];

		image_header(&m);
		image_frames(&m, before[i] + 1, 60, 0, 1);
		file_save("damaged.pcap", m.bytes, m.len - 1);
		start(SETTINGS("file", "damaged.pcap", "stream", "yes"));
		assert_int_equal(run(), before[i]);
		assert_non_null(rig_failure(&rig));
		snprintf(text, sizeof(text), "damaged.pcap, byte %zu: truncated", m.len - 1);
		assert_int_equal(strncmp(rig_failure(&rig), text, strlen(text)), 0);
		assert_int_equal(pull_at(0), 0);
		rig_close(&rig);
		image_free(&m);
	}
}

static void a_file_that_vanishes_between_loops_is_a_failure(void **state)
{
	(void)state;
	image_simple("gone.pcap", 3, 60);
	start(SETTINGS("file", "gone.pcap", "stream", "yes", "loop", "2"));
	unlink("gone.pcap");
	assert_int_equal(run(), 3);
	assert_string_equal(rig_failure(&rig), "gone.pcap: No such file or directory");
	rig_close(&rig);
}

static void a_pipe_is_streamed(void **state)
{
	struct image m = {0};
	char path[32];
	int ends[2];

	(void)state;
	image_header(&m);
	image_frames(&m, 100, 60, 0, 1);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], m.bytes, m.len), m.len);
	close(ends[1]);
	image_free(&m);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	start(SETTINGS("file", path));
	close(ends[0]);
	assert_int_equal(run(), 100);
	assert_null(rig_failure(&rig));
	rig_close(&rig);
}

static void captures_that_do_not_open_are_refused(void **state)
{
	struct image m = {.form = {.link_type = 105}};

	(void)state;
	image_header(&m);
	image_save(&m, "wifi.pcap");
	image_free(&m);
	image_simple("good.pcap", 3, 60);
	file_save("empty.pcap", "", 0);
	for (unsigned i = 0; i < 2; i++) {
		const char *stream = stream_words[i];

		assert_refused(SETTINGS("file", "absent.pcap", "stream", stream), -ENOENT,
			       "absent.pcap: No such file");
		assert_refused(
			SETTINGS("file", "good.pcap", "file", "absent.pcap", "stream", stream),
			-ENOENT, "absent.pcap: No such file");
		assert_refused(SETTINGS("file", "empty.pcap", "stream", stream), -EBADMSG,
			       "empty.pcap, byte 0: the file is empty");
		assert_refused(SETTINGS("file", ".", "stream", stream), -EISDIR, "is a directory");
		assert_refused(SETTINGS("file", "wifi.pcap", "stream", stream), -EPROTONOSUPPORT,
			       "link type IEEE802_11 (802.11) is not Ethernet");
	}
	assert_refused(SETTINGS("file", "/dev/null", "stream", "yes", "loop", "2"), -EINVAL,
		       "/dev/null: is no regular file");
}

static void nonsense_settings_are_refused(void **state)
{
	(void)state;
	image_simple("good.pcap", 3, 60);
	assert_refused(SETTINGS("file", "good.pcap", "loop", "0"), -EINVAL, "'0' is neither");
	assert_refused(SETTINGS("file", "good.pcap", "loop", "ever"), -EINVAL, "'ever' is neither");
	assert_refused(SETTINGS("file", "good.pcap", "loop", "-1"), -EINVAL, "'-1' is neither");
	assert_refused(SETTINGS("file", "good.pcap", "rate", "fast"), -EINVAL, "'fast' is none of");
	assert_refused(SETTINGS("file", "good.pcap", "rate", "x0"), -EINVAL, "'x0' is not a speed");
	assert_refused(SETTINGS("file", "good.pcap", "stream", "maybe"), -EINVAL, "maybe");
}

static void original_timing_waits_for_each_packet(void **state)
{
	struct image m = {.form = {.nano = true}};

	(void)state;
	image_header(&m);
	image_frames(&m, 4, 60, 5000000000, 1000);
	image_save(&m, "timed.pcap");
	image_free(&m);
	for (unsigned i = 0; i < 2; i++) {
		start(SETTINGS("file", "timed.pcap", "rate", "original", "stream",
			       stream_words[i]));
		assert_int_equal(pull_at(0), 1);
		assert_int_equal(pull_at(999), 0);
		assert_int_equal(rig.app->wake_ns - rig.app->now_ns, 1);
		assert_int_equal(pull_at(1000), 1);
		assert_int_equal(pull_at(2999), 1); // 999 late
		assert_int_equal(pull_at(3000), 1);
		assert_true(rig.app->finished);
		assert_int_equal(rig_metric(&rig, "paced"), 4);
		assert_int_equal(rig_metric(&rig, "late_p50_ns"), 0);
		assert_int_equal(rig_metric(&rig, "late_p99_ns"), 999);
		assert_int_equal(rig_metric(&rig, "late_max_ns"), 999);
		rig_close(&rig);
	}
}

static void delays_do_not_add_up(void **state)
{
	unsigned n = 0;

	(void)state;
	image_simple("steady.pcap", 1000, 60); // a microsecond apart
	start(SETTINGS("file", "steady.pcap", "rate", "x2", "loop", "10"));
	for (uint64_t now = 0; now < 5007777; now += 7777) {
		n += pull_at(now);
		while (rig.app->wake_ns == 0 && !rig.app->finished)
			n += pull_at(now);
		assert_int_equal(n, RTE_MIN(now / 500 + 1, 10000U));
	}
	assert_int_equal(n, 10000);
	assert_true(rig_metric(&rig, "late_max_ns") <= 7777);
	rig_close(&rig);
}

static void a_full_output_makes_packets_late_and_not_fewer(void **state)
{
	(void)state;
	image_simple("steady.pcap", 1100, 60);
	start(SETTINGS("file", "steady.pcap", "rate", "original"));
	for (unsigned i = 0; i < 30; i++)
		rig_pull(&rig, 5000000);
	assert_int_equal(rig.app->created, 1);
	for (unsigned i = 0; i < 30; i++)
		rig_pull(&rig, 6100000);
	assert_int_equal(rig.app->created, RIG_LINK);
	assert_int_equal(rig_drain(&rig), RIG_LINK);
	assert_int_equal(pull_at(6100000) + pull_at(6100000), 1100 - RIG_LINK);
	rig_close(&rig);
}

static void packet_rate_is_kept(void **state)
{
	unsigned n = 0;

	(void)state;
	image_simple("steady.pcap", 10, 60);
	start(SETTINGS("file", "steady.pcap", "rate", "1Mpps", "loop", "forever"));
	for (uint64_t now = 0; now <= 100000000; now += 10000)
		n += pull_at(now);
	assert_int_equal(n, 100001);
	rig_close(&rig);
}

static void bit_rate_is_kept(void **state)
{
	unsigned n = 0;

	(void)state;
	image_simple("steady.pcap", 10, 1000);
	start(SETTINGS("file", "steady.pcap", "rate", "8Gbps", "loop", "forever"));
	for (uint64_t now = 0; now <= 100000000; now += 10000)
		n += pull_at(now);
	assert_int_equal(n, 100001);
	rig_close(&rig);
}

static void lateness_is_shown_while_it_runs(void **state)
{
	(void)state;
	image_simple("steady.pcap", 10, 60);
	start(SETTINGS("file", "steady.pcap", "rate", "1kpps", "loop", "forever"));
	assert_int_equal(pull_at(0), 1);
	assert_int_equal(pull_at(1000500), 1);
	rig_tick(&rig, 1000600);
	assert_int_equal(rig_metric(&rig, "paced"), 2);
	assert_int_equal(rig_metric(&rig, "late_max_ns"), 500);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_those_of_the_capture),
		cmocka_unit_test(a_capture_without_packets_finishes),
		cmocka_unit_test(loops_replay_it_so_many_times),
		cmocka_unit_test(a_small_capture_fills_whole_bursts),
		cmocka_unit_test(files_follow_each_other),
		cmocka_unit_test(a_full_output_makes_it_wait),
		cmocka_unit_test(an_empty_pool_makes_it_wait),
		cmocka_unit_test(an_unconnected_output_is_accounted_for),
		cmocka_unit_test(cut_frames_are_replayed_as_captured),
		cmocka_unit_test(long_frames_come_from_a_pool_of_their_own),
		cmocka_unit_test(a_capture_of_nothing_but_too_long_frames_ends),
		cmocka_unit_test(damage_is_an_error_before_the_start_in_memory),
		cmocka_unit_test(damage_in_a_stream_comes_after_the_packets_before_it),
		cmocka_unit_test(a_file_that_vanishes_between_loops_is_a_failure),
		cmocka_unit_test(a_pipe_is_streamed),
		cmocka_unit_test(captures_that_do_not_open_are_refused),
		cmocka_unit_test(nonsense_settings_are_refused),
		cmocka_unit_test(original_timing_waits_for_each_packet),
		cmocka_unit_test(delays_do_not_add_up),
		cmocka_unit_test(a_full_output_makes_packets_late_and_not_fewer),
		cmocka_unit_test(packet_rate_is_kept),
		cmocka_unit_test(bit_rate_is_kept),
		cmocka_unit_test(lateness_is_shown_while_it_runs),
	};

	return cmocka_run_group_tests(tests, rig_enter, rig_leave);
}
