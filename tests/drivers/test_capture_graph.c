// pcap-reader and pcap-writer in graphs that an engine runs and changes.

#include "drivers/capture.h"
#include "tests/drivers/image.h"

#include <setjmp.h>
#include <sluice/stats.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct sl_engine *engine;

static int engine_enter(void **state)
{
	const struct sl_engine_options options = {.no_huge = true};

	(void)state;
	return sl_engine_create(&engine, &options, NULL);
}

static int engine_leave(void **state)
{
	(void)state;
	sl_engine_destroy(engine);
	return 0;
}

static int apply(const char *line, struct sl_error *err)
{
	struct sl_graph *g = sl_graph_create();
	int r;

	assert_non_null(g);
	r = sl_graph_pipeline(g, line, NULL, NULL, err);
	if (r == 0)
		r = sl_engine_apply(engine, g, err);
	sl_graph_destroy(g);
	return r;
}

static void run(const char *line)
{
	struct sl_error err = {0};

	if (apply(line, &err) < 0)
		fail_msg("%s", err.text);
}

static void drain(void)
{
	while (!sl_engine_drained(engine))
		sl_engine_breathe(engine);
}

// The invariant of stats.h, and every packet back in its pool where none is held.
static void assert_accounts(void)
{
	const struct sl_stats *s = sl_stats_read(engine);
	uint64_t in = s->gone.created, out = s->gone.consumed + s->gone.dropped + s->gone.removed;

	for (size_t i = 0; i < s->n_apps; i++) {
		in += s->apps[i].created;
		out += s->apps[i].consumed + s->apps[i].held + s->apps[i].unconnected;
		for (size_t j = 0; j < s->apps[i].n_drops; j++)
			out += s->apps[i].drops[j].value;
	}
	for (size_t i = 0; i < s->n_links; i++)
		out += s->links[i].held + s->links[i].drops;
	assert_int_equal(in, out);
	for (size_t i = 0; i < s->n_pools && sl_engine_drained(engine); i++)
		assert_int_equal(s->pools[i].free, s->pools[i].size);
	sl_stats_free(s);
}

static size_t count(const char *path)
{
	struct sl_records r = {0};
	struct sl_capture c;
	size_t n;

	assert_int_equal(sl_capture_open(&c, path, NULL), 0);
	n = (size_t)sl_capture_read(&c, &r, 1000000, NULL);
	sl_capture_close(&c);
	sl_records_fini(&r);
	return n;
}

static void a_capture_passes_unchanged(void **state)
{
	static const char *const files[] = {"in.pcap", "in.pcapng"};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct image m = {.form = {.nano = true, .pcapng = i == 1}};
		char line[100];
		uint8_t *data;
		size_t n;

		image_header(&m);
		image_frames(&m, 5000, 333, 1700000000123456789, 1234567);
		image_save(&m, files[i]);
		snprintf(line, sizeof(line), "pcap-reader %s -> pcap-writer out.%s", files[i],
			 files[i]);
		run(line);
		drain();
		assert_accounts();
		data = file_load(i ? "out.in.pcapng" : "out.in.pcap", &n);
		assert_int_equal(n, m.len);
		assert_memory_equal(data, m.bytes, n);
		free(data);
		image_free(&m);
	}
}

static void long_frames_outlive_the_reader_that_brought_them(void **state)
{
	const struct sl_stats *s;

	(void)state;
	image_simple("long.pcap", 10, 50000);
	run("in=pcap-reader long.pcap -> wait=impair delay=1h -> out=sink");
	for (unsigned i = 0; i < 10; i++)
		sl_engine_breathe(engine);
	s = sl_stats_read(engine);
	assert_int_equal(s->n_pools, 2);
	assert_int_equal(sl_stats_app(s, "wait")->held, 10);
	sl_stats_free(s);
	run("in=pcap-reader long.pcap loop=2 -> wait=impair delay=1h -> out=sink");
	for (unsigned i = 0; i < 10; i++)
		sl_engine_breathe(engine);
	s = sl_stats_read(engine);
	assert_int_equal(sl_stats_app(s, "wait")->held, 30);
	sl_stats_free(s);
	assert_accounts();
}

// The writers come first, so they are configured when the reader fails.
static void a_graph_that_fails_leaves_the_old_capture(void **state)
{
	struct sl_graph *g = sl_graph_create();
	struct sl_error err = {0};

	(void)state;
	image_simple("out.pcap", 7, 60);
	assert_int_equal(sl_graph_pipeline(g, "source -> pcap-writer out.pcap", NULL, NULL, NULL),
			 0);
	assert_int_equal(sl_graph_pipeline(g, "source -> pcap-writer new.pcap", NULL, NULL, NULL),
			 0);
	assert_int_equal(sl_graph_pipeline(g, "pcap-reader absent.pcap -> sink", NULL, NULL, NULL),
			 0);
	assert_true(sl_engine_apply(engine, g, &err) < 0);
	assert_non_null(strstr(err.text, "absent.pcap: No such file or directory"));
	sl_graph_destroy(g);
	assert_int_equal(count("out.pcap"), 7);
	assert_int_equal(access("new.pcap", F_OK), -1);
}

static void a_changed_writer_goes_on_in_its_file(void **state)
{
	(void)state;
	image_simple("in.pcap", 100, 60);
	run("a=pcap-reader in.pcap -> out=pcap-writer out.pcap");
	drain();
	run("b=pcap-reader in.pcap -> out=pcap-writer out.pcap snaplen=20");
	drain();
	assert_accounts();
	run("c=source count=1 -> out=sink");
	assert_int_equal(count("out.pcap"), 200);
}

static void damage_in_a_stream_shows_in_the_statistics(void **state)
{
	const struct sl_stats *s;
	struct image m = {0};

	(void)state;
	image_header(&m);
	image_frames(&m, 100, 60, 0, 1);
	file_save("damaged.pcap", m.bytes, m.len - 1);
	image_free(&m);
	run("in=pcap-reader damaged.pcap stream=yes -> out=sink");
	drain();
	assert_accounts();
	s = sl_stats_read(engine);
	assert_int_equal(sl_stats_app(s, "out")->consumed, 99);
	assert_int_equal(strncmp(sl_stats_app(s, "in")->failure, "damaged.pcap, byte ", 19), 0);
	sl_stats_free(s);
}

static void a_full_device_shows_in_the_statistics(void **state)
{
	const struct sl_stats *s;

	(void)state;
	image_simple("in.pcap", 5000, 60);
	run("in=pcap-reader in.pcap -> out=pcap-writer /dev/full");
	drain();
	assert_accounts();
	s = sl_stats_read(engine);
	assert_int_equal(sl_app_stats_drop(sl_stats_app(s, "out"), "write_failed"), 5000);
	assert_string_equal(sl_stats_app(s, "out")->failure,
			    "/dev/full: writing failed: No space left on device");
	sl_stats_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_capture_passes_unchanged, engine_enter,
						engine_leave),
		cmocka_unit_test_setup_teardown(long_frames_outlive_the_reader_that_brought_them,
						engine_enter, engine_leave),
		cmocka_unit_test_setup_teardown(a_graph_that_fails_leaves_the_old_capture,
						engine_enter, engine_leave),
		cmocka_unit_test_setup_teardown(a_changed_writer_goes_on_in_its_file, engine_enter,
						engine_leave),
		cmocka_unit_test_setup_teardown(damage_in_a_stream_shows_in_the_statistics,
						engine_enter, engine_leave),
		cmocka_unit_test_setup_teardown(a_full_device_shows_in_the_statistics, engine_enter,
						engine_leave),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
