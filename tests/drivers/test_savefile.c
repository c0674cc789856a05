#include "drivers/savefile.h"

#include "drivers/capture.h"
#include "tests/drivers/image.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct sl_savefile_format nano = {0}, micro = {.micro = true};
static const struct sl_savefile_format ng = {.pcapng = true};

static void add(struct sl_savefile *s, unsigned n, uint32_t len)
{
	static uint8_t frame[65535];

	for (unsigned i = 0; i < n; i++) {
		memset(frame, (int)i, len);
		if (!sl_savefile_has_room(s, len)) {
			size_t written;

			assert_int_equal(sl_savefile_flush(s, &written), 0);
		}
		sl_savefile_add(s, frame, len, len, 1700000000000000000 + i * 1001ULL);
	}
}

static void write_file(const char *path, struct sl_savefile_format format, unsigned n, uint32_t len)
{
	struct sl_savefile s;
	size_t written;

	assert_int_equal(sl_savefile_open(&s, path, format, NULL, NULL), 0);
	assert_int_equal(sl_savefile_begin(&s), 0);
	add(&s, n, len);
	assert_int_equal(sl_savefile_flush(&s, &written), 0);
	assert_int_equal(sl_savefile_close(&s), 0);
}

// Packets that libpcap reads of a file that must be whole.
static size_t count(const char *path)
{
	struct sl_records r = {0};
	struct sl_capture c;
	size_t n;

	assert_int_equal(sl_capture_open(&c, path, NULL), 0);
	while (sl_capture_read(&c, &r, 64, NULL) > 0)
		;
	assert_int_equal(sl_capture_read(&c, &r, 64, NULL), 0);
	n = r.count;
	sl_capture_close(&c);
	sl_records_fini(&r);
	return n;
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	for (unsigned form = 0; form < 4; form++) {
		struct sl_savefile_format format = {.pcapng = form & 1, .micro = form & 2};
		uint64_t unit = format.micro ? 1000 : 1;
		struct sl_records r = {0};
		struct sl_capture c;

		write_file("out", format, 5, 61);
		assert_int_equal(sl_capture_open(&c, "out", NULL), 0);
		assert_int_equal(sl_capture_read(&c, &r, 64, NULL), 5);
		for (unsigned i = 0; i < 5; i++) {
			uint64_t stamp = 1700000000000000000 + i * 1001ULL;

			assert_int_equal(r.index[i].stamp_ns, stamp / unit * unit);
			assert_int_equal(r.index[i].len, 61);
			assert_int_equal(sl_record_data(&r, &r.index[i])[60], i);
		}
		sl_capture_close(&c);
		sl_records_fini(&r);
	}
}

static void the_bytes_are_those_of_the_specification(void **state)
{
	(void)state;
	for (unsigned form = 0; form < 4; form++) {
		struct sl_savefile_format format = {.pcapng = form & 1, .micro = form & 2};
		struct image m = {.form = {.pcapng = format.pcapng, .nano = !format.micro}};
		uint8_t *data;
		size_t n;

		write_file("out", format, 3, 61);
		image_header(&m);
		image_frames(&m, 3, 61, 1700000000000000000, 1001);
		data = file_load("out", &n);
		assert_int_equal(n, m.len);
		assert_memory_equal(data, m.bytes, n);
		free(data);
		image_free(&m);
	}
}

static void every_length_is_whole(void **state)
{
	(void)state;
	for (uint32_t len = 0; len < 70; len++) {
		write_file("out", ng, 2, len);
		assert_int_equal(count("out"), 2);
	}
	write_file("out", nano, 20, 65023);
	assert_int_equal(count("out"), 20);
}

static void open_leaves_an_existing_file_alone(void **state)
{
	struct sl_savefile s;
	struct stat st;

	(void)state;
	write_file("out", nano, 7, 60);
	assert_int_equal(sl_savefile_open(&s, "out", ng, NULL, NULL), 0);
	assert_int_equal(sl_savefile_close(&s), 0);
	assert_int_equal(count("out"), 7);
	assert_int_equal(sl_savefile_open(&s, "new", ng, NULL, NULL), 0);
	assert_int_equal(stat("new", &st), 0);
	assert_int_equal(sl_savefile_close(&s), 0);
	assert_int_equal(stat("new", &st), -1);
}

static void begin_empties_the_file(void **state)
{
	(void)state;
	write_file("out", nano, 1000, 60);
	write_file("out", nano, 1, 60);
	assert_int_equal(count("out"), 1);
}

static void a_file_in_use_is_refused(void **state)
{
	struct sl_savefile a, b;
	struct sl_error err;

	(void)state;
	assert_int_equal(sl_savefile_open(&a, "out", nano, NULL, NULL), 0);
	assert_int_equal(sl_savefile_open(&b, "out", nano, NULL, &err), -EBUSY);
	assert_string_equal(err.text, "out: is in use by a pcap-reader or pcap-writer");
	sl_savefile_close(&b);
	sl_savefile_close(&a);
}

static void a_successor_continues_the_file(void **state)
{
	struct sl_savefile old, s;
	size_t written;

	(void)state;
	assert_int_equal(sl_savefile_open(&old, "out", nano, NULL, NULL), 0);
	assert_int_equal(sl_savefile_begin(&old), 0);
	add(&old, 3, 60);
	assert_int_equal(sl_savefile_flush(&old, &written), 0);
	assert_int_equal(sl_savefile_open(&s, "./out", nano, &old, NULL), 0);
	add(&old, 4, 60);
	sl_savefile_adopt(&s, &old);
	assert_int_equal(s.waiting, 4);
	assert_int_equal(old.waiting, 0);
	assert_true(s.begun);
	assert_int_equal(sl_savefile_close(&old), 0);
	add(&s, 5, 60);
	assert_int_equal(sl_savefile_flush(&s, &written), 0);
	assert_int_equal(written, 9);
	assert_int_equal(sl_savefile_close(&s), 0);
	assert_int_equal(count("out"), 12);
}

static void a_successor_of_a_file_not_begun_begins_it(void **state)
{
	struct sl_savefile old, s;
	size_t written;

	(void)state;
	unlink("out");
	assert_int_equal(sl_savefile_open(&old, "out", nano, NULL, NULL), 0);
	assert_int_equal(sl_savefile_open(&s, "out", nano, &old, NULL), 0);
	sl_savefile_adopt(&s, &old);
	assert_int_equal(sl_savefile_close(&old), 0);
	assert_false(s.begun);
	assert_int_equal(sl_savefile_begin(&s), 0);
	assert_int_equal(sl_savefile_flush(&s, &written), 0);
	assert_int_equal(sl_savefile_close(&s), 0);
	assert_int_equal(count("out"), 0);
}

static void a_successor_with_another_file_takes_nothing(void **state)
{
	struct sl_savefile old, s;
	size_t written;

	(void)state;
	assert_int_equal(sl_savefile_open(&old, "out", nano, NULL, NULL), 0);
	assert_int_equal(sl_savefile_begin(&old), 0);
	add(&old, 3, 60);
	assert_int_equal(sl_savefile_open(&s, "out2", ng, &old, NULL), 0);
	sl_savefile_adopt(&s, &old);
	assert_int_equal(s.waiting, 0);
	assert_int_equal(sl_savefile_flush(&old, &written), 0);
	assert_int_equal(written, 3);
	sl_savefile_close(&old);
	sl_savefile_close(&s);
}

static void a_successor_cannot_change_the_format(void **state)
{
	struct sl_savefile old, s;
	struct sl_error err;

	(void)state;
	assert_int_equal(sl_savefile_open(&old, "out", nano, NULL, NULL), 0);
	assert_int_equal(sl_savefile_open(&s, "out", ng, &old, &err), -EINVAL);
	assert_non_null(strstr(err.text, "out: is being written in another format"));
	sl_savefile_close(&s);
	assert_int_equal(sl_savefile_open(&s, "out", micro, &old, &err), -EINVAL);
	sl_savefile_close(&s);
	sl_savefile_close(&old);
}

static void paths_that_do_not_open_are_named(void **state)
{
	struct sl_savefile s;
	struct sl_error err;

	(void)state;
	assert_int_equal(sl_savefile_open(&s, "no/such/out", nano, NULL, &err), -ENOENT);
	assert_string_equal(err.text, "no/such/out: No such file or directory");
	sl_savefile_close(&s);
	assert_int_equal(sl_savefile_open(&s, ".", nano, NULL, &err), -EISDIR);
	assert_string_equal(err.text, ".: Is a directory");
	sl_savefile_close(&s);
}

static void a_full_device_refuses_all_packets(void **state)
{
	struct sl_savefile s;
	size_t written = 1;

	(void)state;
	assert_int_equal(sl_savefile_open(&s, "/dev/full", nano, NULL, NULL), 0);
	assert_int_equal(sl_savefile_begin(&s), 0);
	add(&s, 9, 60);
	assert_int_equal(sl_savefile_flush(&s, &written), -ENOSPC);
	assert_int_equal(written, 0);
	assert_int_equal(s.used, 0);
	sl_savefile_close(&s);
}

// The limit on the size of files makes a disk that is full at any byte, without privilege.
static size_t write_limited(struct sl_savefile_format format, rlim_t bytes, size_t *written)
{
	struct rlimit limit, before;
	struct sl_savefile s;
	size_t n = 0;

	assert_int_equal(sl_savefile_open(&s, "out", format, NULL, NULL), 0);
	assert_int_equal(sl_savefile_begin(&s), 0);
	add(&s, 3, 61);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	signal(SIGXFSZ, SIG_IGN);
	n = s.used;
	assert_int_equal(sl_savefile_flush(&s, written), bytes < n ? -EFBIG : 0);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(s.bytes, bytes < n ? s.bytes : n);
	sl_savefile_close(&s);
	return n;
}

static void a_disk_full_at_any_byte_leaves_whole_packets(void **state)
{
	(void)state;
	for (unsigned pcapng = 0; pcapng < 2; pcapng++) {
		struct sl_savefile_format format = {.pcapng = pcapng};
		size_t header = pcapng ? 60 : 24, size = SIZE_MAX, written;

		for (rlim_t bytes = 1; bytes <= size; bytes++) {
			write_file("out", format, 0, 0); // so that it is not new
			size = write_limited(format, bytes, &written);
			if (bytes < header) {
				struct stat st;

				assert_int_equal(written, 0);
				assert_int_equal(stat("out", &st), 0);
				assert_int_equal(st.st_size, 0);
				continue;
			}
			assert_int_equal(written, (bytes - header) / ((size - header) / 3));
			assert_int_equal(count("out"), written);
		}
	}
}

static void a_broken_pipe_is_an_error(void **state)
{
	struct sl_savefile s;
	size_t written;
	int reader;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	reader = open("fifo", O_RDONLY | O_NONBLOCK);
	assert_true(reader >= 0);
	assert_int_equal(sl_savefile_open(&s, "fifo", nano, NULL, NULL), 0);
	close(reader);
	assert_int_equal(sl_savefile_begin(&s), 0);
	add(&s, 1, 60);
	assert_int_equal(sl_savefile_flush(&s, &written), -EPIPE);
	assert_int_equal(written, 0);
	sl_savefile_close(&s);
}

static void standard_output_is_appended_to(void **state)
{
	int saved = dup(STDOUT_FILENO), fd = open("stdout", O_RDWR | O_CREAT, 0600);
	struct sl_savefile s;
	uint8_t *data;
	size_t written, n;

	(void)state;
	assert_int_equal(write(fd, "before", 6), 6);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	assert_int_equal(sl_savefile_open(&s, "-", nano, NULL, NULL), 0);
	assert_int_equal(sl_savefile_begin(&s), 0);
	add(&s, 1, 60);
	assert_int_equal(sl_savefile_flush(&s, &written), 0);
	assert_int_equal(sl_savefile_close(&s), 0);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(fd);
	data = file_load("stdout", &n);
	assert_int_equal(n, 6 + 24 + 76);
	assert_memory_equal(data, "before", 6);
	free(data);
}

static void closed_standard_output_is_named(void **state)
{
	int saved = dup(STDOUT_FILENO);
	struct sl_savefile s;
	struct sl_error err;
	int e;

	(void)state;
	fflush(stdout);
	close(STDOUT_FILENO);
	e = sl_savefile_open(&s, "-", nano, NULL, &err);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_int_equal(e, -EBADF);
	assert_string_equal(err.text, "standard output: Bad file descriptor");
	sl_savefile_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(the_bytes_are_those_of_the_specification),
		cmocka_unit_test(every_length_is_whole),
		cmocka_unit_test(open_leaves_an_existing_file_alone),
		cmocka_unit_test(begin_empties_the_file),
		cmocka_unit_test(a_file_in_use_is_refused),
		cmocka_unit_test(a_successor_continues_the_file),
		cmocka_unit_test(a_successor_of_a_file_not_begun_begins_it),
		cmocka_unit_test(a_successor_with_another_file_takes_nothing),
		cmocka_unit_test(a_successor_cannot_change_the_format),
		cmocka_unit_test(paths_that_do_not_open_are_named),
		cmocka_unit_test(a_full_device_refuses_all_packets),
		cmocka_unit_test(a_disk_full_at_any_byte_leaves_whole_packets),
		cmocka_unit_test(a_broken_pipe_is_an_error),
		cmocka_unit_test(standard_output_is_appended_to),
		cmocka_unit_test(closed_standard_output_is_named),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
