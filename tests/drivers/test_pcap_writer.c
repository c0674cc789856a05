#include "drivers/capture.h"
#include "tests/drivers/image.h"
#include "tests/drivers/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

extern const struct sl_app_class sl_pcap_writer_class;

#define SETTINGS(...) ((const char *const[]){__VA_ARGS__, NULL})

enum { TICK_NS = 1000000 };

static struct rig rig;

static void start(const char *const *settings)
{
	struct sl_error err = {0};

	if (rig_open(&rig, &sl_pcap_writer_class, settings, NULL, &err) < 0)
		fail_msg("%s", err.text);
}

static void push_all(struct rig *r, uint64_t now_ns)
{
	while (sl_link_waiting(r->in) > 0)
		rig_push(r, now_ns);
}

// Two ticks without packets in between bring everything to the file.
static void settle(struct rig *r, uint64_t now_ns)
{
	rig_tick(r, now_ns);
	rig_tick(r, now_ns + TICK_NS);
	assert_int_equal(r->app->held, 0);
}

static void read_file(const char *path, struct sl_records *r)
{
	struct sl_capture c;
	struct sl_error err;

	*r = (struct sl_records){0};
	if (sl_capture_open(&c, path, &err) < 0 || sl_capture_read(&c, r, 1000000, &err) < 0)
		fail_msg("%s", err.text);
	sl_capture_close(&c);
}

static size_t count(const char *path)
{
	struct sl_records r;
	size_t n;

	read_file(path, &r);
	n = r.count;
	sl_records_fini(&r);
	return n;
}

static void packets_are_written_with_their_time_stamp(void **state)
{
	struct sl_records r;

	(void)state;
	start(SETTINGS("file", "out.pcap"));
	rig_feed(&rig, 100, 61, 1700000000123456789);
	push_all(&rig, 0);
	rig_close(&rig);
	read_file("out.pcap", &r);
	assert_int_equal(r.count, 100);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(r.index[i].stamp_ns, 1700000000123456789);
		assert_int_equal(r.index[i].len, 61);
		assert_int_equal(sl_record_data(&r, &r.index[i])[60], i);
	}
	sl_records_fini(&r);
}

static void packets_without_a_stamp_get_the_time_of_writing(void **state)
{
	struct sl_records r;

	(void)state;
	start(SETTINGS("file", "out.pcap"));
	rig_feed(&rig, 1, 60, 0);
	rig.app->wall_ns = 1800000000987654321;
	push_all(&rig, 0);
	rig_close(&rig);
	read_file("out.pcap", &r);
	assert_int_equal(r.index[0].stamp_ns, 1800000000987654321);
	sl_records_fini(&r);
}

static uint32_t first_word(const char *path)
{
	uint32_t word;
	size_t n;
	uint8_t *data = file_load(path, &n);

	assert_true(n >= sizeof(word));
	memcpy(&word, data, sizeof(word));
	free(data);
	return word;
}

static void the_suffix_or_the_key_chooses_the_format(void **state)
{
	static const struct {
		const char *file, *format, *precision;
		uint32_t magic;
	} forms[] = {
		{"a.pcap", "auto", "nano", 0xa1b23c4d},    {"a.cap", "auto", "micro", 0xa1b2c3d4},
		{"a.pcapng", "auto", "nano", 0x0a0d0d0a},  {"b.pcapng", "pcap", "nano", 0xa1b23c4d},
		{"b.pcap", "pcapng", "micro", 0x0a0d0d0a},
	};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(forms); i++) {
		start(SETTINGS("file", forms[i].file, "format", forms[i].format, "precision",
			       forms[i].precision));
		rig_feed(&rig, 3, 60, 1700000000123456789);
		push_all(&rig, 0);
		rig_close(&rig);
		assert_int_equal(first_word(forms[i].file), forms[i].magic);
		assert_int_equal(count(forms[i].file), 3);
	}
}

static void snaplen_cuts_frames(void **state)
{
	struct sl_records r;

	(void)state;
	start(SETTINGS("file", "out.pcap", "snaplen", "64"));
	rig_feed(&rig, 1, 64, 1);
	rig_feed(&rig, 1, 65, 1);
	push_all(&rig, 0);
	assert_int_equal(rig_metric(&rig, "truncated"), 1);
	rig_close(&rig);
	read_file("out.pcap", &r);
	assert_int_equal(r.index[0].len, 64);
	assert_int_equal(r.index[0].flags & SL_RECORD_TRUNCATED, 0);
	assert_int_equal(r.index[1].len, 64);
	assert_int_equal(r.index[1].flags & SL_RECORD_TRUNCATED, SL_RECORD_TRUNCATED);
	sl_records_fini(&r);
}

static void no_packets_make_an_empty_capture(void **state)
{
	(void)state;
	start(SETTINGS("file", "out.pcap"));
	rig_tick(&rig, 0);
	rig_close(&rig);
	assert_int_equal(count("out.pcap"), 0);
}

static void packets_are_held_until_they_are_written(void **state)
{
	(void)state;
	start(SETTINGS("file", "out.pcap"));
	rig_feed(&rig, 10, 60, 1);
	push_all(&rig, 0);
	assert_int_equal(rig.app->held, 10);
	assert_int_equal(rig.app->consumed, 0);
	settle(&rig, 0);
	assert_int_equal(rig.app->consumed, 10);
	assert_int_equal(rig_metric(&rig, "bytes"), 24 + 10 * 76);
	rig_close(&rig);
}

static void a_reader_sees_packets_every_100_ms(void **state)
{
	struct stat st;

	(void)state;
	start(SETTINGS("file", "out.pcap"));
	for (unsigned ms = 0; ms <= 100; ms++) {
		rig_feed(&rig, 1, 60, 1);
		push_all(&rig, ms * TICK_NS);
		rig_tick(&rig, ms * TICK_NS);
	}
	assert_int_equal(stat("out.pcap", &st), 0);
	assert_int_equal(st.st_size, 24 + 101 * 76);
	rig_close(&rig);
}

static void configure_leaves_the_old_file_until_the_graph_runs(void **state)
{
	(void)state;
	image_simple("out.pcap", 7, 60);
	start(SETTINGS("file", "out.pcap"));
	rig_close(&rig);
	assert_int_equal(count("out.pcap"), 7);
	start(SETTINGS("file", "new.pcap"));
	rig_close(&rig);
	assert_int_equal(access("new.pcap", F_OK), -1);
	start(SETTINGS("file", "out.pcap"));
	rig_tick(&rig, 0);
	rig_close(&rig);
	assert_int_equal(count("out.pcap"), 0);
}

static void paths_that_do_not_open_are_refused(void **state)
{
	struct sl_error err;

	(void)state;
	assert_int_equal(
		rig_open(&rig, &sl_pcap_writer_class, SETTINGS("file", "no/out.pcap"), NULL, &err),
		-ENOENT);
	assert_string_equal(err.text, "no/out.pcap: No such file or directory");
	rig_close(&rig);
}

static void a_wrong_setting_closes_nothing_else(void **state)
{
	struct sl_error err;

	(void)state;
	assert_int_equal(rig_open(&rig, &sl_pcap_writer_class,
				  SETTINGS("file", "out.pcap", "snaplen", "0"), NULL, &err),
			 -EINVAL);
	rig_close(&rig);
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
}

static void two_writers_of_one_file_are_refused(void **state)
{
	struct sl_error err;
	struct rig second;

	(void)state;
	start(SETTINGS("file", "out.pcap"));
	assert_int_equal(rig_open(&second, &sl_pcap_writer_class, SETTINGS("file", "./out.pcap"),
				  NULL, &err),
			 -EBUSY);
	rig_close(&second);
	rig_close(&rig);
}

static void a_replaced_writer_is_continued(void **state)
{
	struct sl_error err;
	struct rig next;

	(void)state;
	start(SETTINGS("file", "out.pcap"));
	rig_feed(&rig, 10, 60, 1);
	push_all(&rig, 0);
	settle(&rig, 0);
	rig_feed(&rig, 5, 60, 1);
	push_all(&rig, 3 * TICK_NS);
	assert_int_equal(rig_open(&next, &sl_pcap_writer_class,
				  SETTINGS("file", "out.pcap", "snaplen", "20"), &rig, &err),
			 0);
	assert_int_equal(next.app->held, 5);
	assert_int_equal(rig.app->held, 0);
	rig_close(&rig);
	rig_feed(&next, 3, 60, 1);
	push_all(&next, 4 * TICK_NS);
	settle(&next, 4 * TICK_NS);
	assert_int_equal(next.app->consumed, 8);
	rig_close(&next);
	assert_int_equal(count("out.pcap"), 18);
}

static void a_replaced_writer_with_another_file_ends_its_own(void **state)
{
	struct sl_error err;
	struct rig next;

	(void)state;
	start(SETTINGS("file", "out.pcap"));
	rig_feed(&rig, 5, 60, 1);
	push_all(&rig, 0);
	assert_int_equal(
		rig_open(&next, &sl_pcap_writer_class, SETTINGS("file", "two.pcap"), &rig, &err),
		0);
	assert_int_equal(next.app->held, 0);
	rig_close(&rig);
	rig_tick(&next, 0);
	rig_close(&next);
	assert_int_equal(count("out.pcap"), 5);
	assert_int_equal(count("two.pcap"), 0);
}

static void assert_failed(uint64_t packets, const char *text)
{
	assert_string_equal(rig_failure(&rig), text);
	assert_int_equal(rig.app->held, 0);
	assert_int_equal(rig.app->consumed + rig_dropped(&rig, "write_failed"), packets);
	assert_true(rig_dropped(&rig, "write_failed") > 0);
}

static void a_full_device_drops_by_name(void **state)
{
	(void)state;
	start(SETTINGS("file", "/dev/full"));
	for (unsigned i = 0; i < 10; i++) {
		rig_feed(&rig, 1000, 60, 1);
		push_all(&rig, i * TICK_NS);
		rig_tick(&rig, i * TICK_NS);
	}
	settle(&rig, 20 * TICK_NS);
	assert_failed(10000, "/dev/full: writing failed: No space left on device");
	assert_int_equal(rig.app->consumed, 0);
	rig_close(&rig);
}

// A limit on the size of files stands for a disk that fills up, without privilege.
static void a_disk_that_fills_up_keeps_whole_packets(void **state)
{
	struct rlimit limit, before;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	start(SETTINGS("file", "out.pcap"));
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 600001;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (unsigned i = 0; i < 10; i++) {
		rig_feed(&rig, 1000, 60, 1);
		push_all(&rig, i * TICK_NS);
	}
	settle(&rig, 20 * TICK_NS);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_failed(10000, "out.pcap: writing failed: File too large");
	assert_int_equal(rig.app->consumed, (600001 - 24) / 76);
	rig_close(&rig);
	assert_int_equal(count("out.pcap"), (600001 - 24) / 76);
}

static void a_broken_pipe_drops_by_name(void **state)
{
	int reader;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	reader = open("fifo", O_RDONLY | O_NONBLOCK);
	assert_true(reader >= 0);
	start(SETTINGS("file", "fifo"));
	close(reader);
	rig_feed(&rig, 100, 60, 1);
	push_all(&rig, 0);
	settle(&rig, 0);
	assert_failed(100, "fifo: writing failed: Broken pipe");
	rig_close(&rig);
}

static void standard_output_is_a_capture(void **state)
{
	int saved = dup(STDOUT_FILENO), fd = open("stdout", O_RDWR | O_CREAT, 0600);

	(void)state;
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	start(SETTINGS("file", "-"));
	rig_feed(&rig, 3, 60, 1);
	push_all(&rig, 0);
	rig_close(&rig);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(fd);
	assert_int_equal(count("stdout"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_written_with_their_time_stamp),
		cmocka_unit_test(packets_without_a_stamp_get_the_time_of_writing),
		cmocka_unit_test(the_suffix_or_the_key_chooses_the_format),
		cmocka_unit_test(snaplen_cuts_frames),
		cmocka_unit_test(no_packets_make_an_empty_capture),
		cmocka_unit_test(packets_are_held_until_they_are_written),
		cmocka_unit_test(a_reader_sees_packets_every_100_ms),
		cmocka_unit_test(configure_leaves_the_old_file_until_the_graph_runs),
		cmocka_unit_test(paths_that_do_not_open_are_refused),
		cmocka_unit_test(a_wrong_setting_closes_nothing_else),
		cmocka_unit_test(two_writers_of_one_file_are_refused),
		cmocka_unit_test(a_replaced_writer_is_continued),
		cmocka_unit_test(a_replaced_writer_with_another_file_ends_its_own),
		cmocka_unit_test(a_full_device_drops_by_name),
		cmocka_unit_test(a_disk_that_fills_up_keeps_whole_packets),
		cmocka_unit_test(a_broken_pipe_drops_by_name),
		cmocka_unit_test(standard_output_is_a_capture),
	};

	return cmocka_run_group_tests(tests, rig_enter, rig_leave);
}
