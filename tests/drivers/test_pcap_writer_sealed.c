// pcap-writer with a seal: into files and into folders of segments.

#include "core/noise/sealed.h"
#include "tests/drivers/image.h"
#include "tests/drivers/rig.h"
#include "tests/drivers/sealing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

extern const struct sl_app_class sl_pcap_writer_class;

#define SETTINGS(...) ((const char *const[]){__VA_ARGS__, NULL})

enum { TICK_NS = 1000000, FILES = 64, NAME = 65 };

static struct rig rig;
static uint64_t now_ns; // of the rig

static int enter(void **state)
{
	int r = rig_enter(state);

	sealing_make_keys();
	return r;
}

static void start(const char *const *settings)
{
	struct sl_error err = {0};

	now_ns = 0;
	if (rig_open(&rig, &sl_pcap_writer_class, settings, NULL, &err) < 0)
		fail_msg("%s", err.text);
}

static void refused(int error, const char *text, const char *const *settings)
{
	struct sl_error err = {0};

	assert_int_equal(rig_open(&rig, &sl_pcap_writer_class, settings, NULL, &err), error);
	if (!strstr(err.text, text))
		fail_msg("'%s' does not say '%s'", err.text, text);
	rig_close(&rig);
}

static void push(struct rig *r, unsigned n, uint16_t len)
{
	rig_feed(r, n, len, 1000000000);
	while (sl_link_waiting(r->in) > 0)
		rig_push(r, now_ns);
}

static void tick(struct rig *r)
{
	now_ns += TICK_NS;
	rig_tick(r, now_ns);
}

// Packets that are read of a file, which must end as told.
static size_t count(const char *path, const char *pattern, int expected)
{
	struct sl_unseal_keys keys = sealing_keys(pattern);
	struct sl_error err = {0};
	size_t n, packets = 0;
	int r;
	uint8_t *text = sealing_read(path, &keys, &n, &r, &err);

	if (r != expected)
		fail_msg("%s: %d: %s", path, r, err.text);
	for (size_t at = 24; at + 16 <= n; packets++) {
		uint32_t captured;

		memcpy(&captured, text + at + 8, sizeof(captured));
		at += 16 + captured;
		if (at > n)
			break;
	}
	free(text);
	return packets;
}

static void every_pattern_goes_round(void **state)
{
	(void)state;
	start(SETTINGS("file", "n", "seal", "N.cap"));
	push(&rig, 100, 60);
	rig_close(&rig);
	assert_int_equal(count("n", "N", 0), 100);
	start(SETTINGS("file", "k", "seal", "K.cap", "key", "writer.key"));
	push(&rig, 200, 60);
	rig_close(&rig);
	assert_int_equal(count("k", "K", 0), 200);
	start(SETTINGS("file", "x", "seal", "X.cap", "key", "writer.key"));
	rig_tick(&rig, 0);
	rig_close(&rig);
	assert_int_equal(count("x", "X", 0), 0);
}

static void packets_are_accounted_for_as_ever(void **state)
{
	struct stat st;

	(void)state;
	start(SETTINGS("file", "a", "seal", "N.cap"));
	push(&rig, 10, 60);
	assert_int_equal(rig.app->held, 10);
	tick(&rig);
	tick(&rig);
	assert_int_equal(rig.app->held, 0);
	assert_int_equal(rig.app->consumed, 10);
	assert_int_equal(stat("a", &st), 0);
	assert_int_equal(rig_metric(&rig, "bytes"), st.st_size);
	rig_close(&rig);
}

static void what_was_flushed_is_read_whatever_happens_then(void **state)
{
	size_t n;
	uint8_t *file;

	(void)state;
	start(SETTINGS("file", "a", "seal", "N.cap"));
	push(&rig, 500, 60);
	tick(&rig);
	tick(&rig);
	file = file_load("a", &n); // what a crash would leave
	file_save("crash", file, n);
	free(file);
	assert_int_equal(count("crash", "N", -ENODATA), 500);
	rig_close(&rig);
	assert_int_equal(count("a", "N", 0), 500);
}

static void wrong_keys_and_settings_are_refused(void **state)
{
	(void)state;
	refused(-ENOENT, "no.cap", SETTINGS("file", "f", "seal", "no.cap"));
	refused(-EINVAL, "not a capability", SETTINGS("file", "f", "seal", "reader.key"));
	refused(-EINVAL, "one-way patterns N, K and X", SETTINGS("file", "f", "seal", "NK.cap"));
	refused(-EINVAL, "needs a private key", SETTINGS("file", "f", "seal", "K.cap"));
	refused(-EINVAL, "needs a private key", SETTINGS("file", "f", "seal", "X.cap"));
	refused(-EINVAL, "no key of its own",
		SETTINGS("file", "f", "seal", "N.cap", "key", "writer.key"));
	refused(-EINVAL, "give seal, too", SETTINGS("file", "f", "key", "writer.key"));
	refused(-EINVAL, "give seal, too", SETTINGS("file", "f", "segment", "1MiB"));
	refused(-EINVAL, "give seal, too", SETTINGS("file", "f", "segment-time", "1s"));
	refused(-EINVAL, "f: is no folder",
		SETTINGS("file", "f", "seal", "N.cap", "segment", "1MiB"));
	assert_int_equal(access("f", F_OK), -1);
}

static void secrets_that_others_may_read_are_refused(void **state)
{
	(void)state;
	assert_int_equal(chmod("X.cap", 0644), 0);
	refused(-EACCES, "X.cap: others may read",
		SETTINGS("file", "f", "seal", "X.cap", "key", "writer.key"));
	assert_int_equal(chmod("X.cap", 0600), 0);
	assert_int_equal(chmod("writer.key", 0640), 0);
	refused(-EACCES, "writer.key: others may read",
		SETTINGS("file", "f", "seal", "X.cap", "key", "writer.key"));
	assert_int_equal(chmod("writer.key", 0600), 0);
}

static void a_disk_that_fills_up_keeps_whole_chunks(void **state)
{
	struct rlimit limit, before;
	uint64_t consumed;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	start(SETTINGS("file", "full", "seal", "N.cap"));
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 600001;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (unsigned i = 0; i < 10; i++)
		push(&rig, 1000, 60);
	tick(&rig);
	tick(&rig);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_string_equal(rig_failure(&rig), "full: writing failed: File too large");
	consumed = rig.app->consumed;
	assert_int_equal(rig_dropped(&rig, "write_failed"), 10000 - consumed);
	assert_true(consumed * 76 > 600001 - 2 * SL_SEALED_CHUNK);
	rig_close(&rig);
	assert_int_equal(count("full", "N", -ENODATA), consumed);
}

static void a_full_device_drops_by_name(void **state)
{
	(void)state;
	start(SETTINGS("file", "/dev/full", "seal", "N.cap"));
	push(&rig, 100, 60);
	tick(&rig);
	tick(&rig);
	assert_int_equal(rig_dropped(&rig, "write_failed"), 100);
	push(&rig, 100, 60);
	assert_int_equal(rig_dropped(&rig, "write_failed"), 200);
	rig_close(&rig);
}

static void a_replaced_writer_is_continued(void **state)
{
	struct sl_error err;
	struct rig next;

	(void)state;
	start(SETTINGS("file", "a", "seal", "N.cap"));
	push(&rig, 10, 60);
	tick(&rig);
	tick(&rig);
	push(&rig, 5, 60);
	assert_int_equal(rig_open(&next, &sl_pcap_writer_class,
				  SETTINGS("file", "a", "seal", "N.cap", "snaplen", "20"), &rig,
				  &err),
			 0);
	assert_int_equal(next.app->held, 5);
	rig_close(&rig);
	push(&next, 3, 60);
	rig_close(&next);
	assert_int_equal(count("a", "N", 0), 18);
}

static void a_replaced_writer_with_another_seal_is_refused(void **state)
{
	struct sl_error err;
	struct rig next;

	(void)state;
	start(SETTINGS("file", "a", "seal", "X.cap", "key", "writer.key"));
	push(&rig, 10, 60);
	assert_int_equal(rig_open(&next, &sl_pcap_writer_class, SETTINGS("file", "a"), &rig, &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "another format, precision or seal"));
	rig_close(&next);
	assert_int_equal(rig_open(&next, &sl_pcap_writer_class,
				  SETTINGS("file", "a", "seal", "X.cap", "key", "other.key"), &rig,
				  &err),
			 -EINVAL);
	rig_close(&next);
	rig_close(&rig);
	assert_int_equal(count("a", "X", 0), 10);
}

// What is in a folder: files that are complete, and others.
struct folder {
	char complete[FILES][NAME + 8]; // paths
	struct sl_unseal_info info[FILES];
	size_t n_complete, n_others;
	char other[NAME + 8]; // the last of the others
};

static bool is_hash_of(const char *path, const char *name)
{
	uint8_t sum[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(sum) + 1];
	size_t n;
	uint8_t *file = file_load(path, &n);

	crypto_hash_sha256(sum, file, n);
	sodium_bin2hex(hex, sizeof(hex), sum, sizeof(sum));
	free(file);
	return strcmp(hex, name) == 0;
}

// Files by their number.
static struct folder look(const char *path)
{
	struct folder f = {0};
	struct sl_unseal_info info;
	struct dirent *e;
	DIR *d = opendir(path);

	assert_non_null(d);
	while ((e = readdir(d))) {
		char name[NAME + 8];

		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%.64s", path, e->d_name);
		if (strncmp(e->d_name, "unfinished-", 11) == 0) {
			f.n_others++;
			memcpy(f.other, name, sizeof(f.other));
			continue;
		}
		assert_true(is_hash_of(name, e->d_name));
		assert_int_equal(sl_unseal_peek(name, &info, NULL), 0);
		assert_true(info.number < FILES && !f.complete[info.number][0]);
		snprintf(f.complete[info.number], sizeof(f.complete[0]), "%s", name);
		f.info[info.number] = info;
		f.n_complete++;
	}
	closedir(d);
	return f;
}

static void empty(const char *path)
{
	struct dirent *e;
	DIR *d = opendir(path);

	assert_non_null(d);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			assert_int_equal(unlinkat(dirfd(d), e->d_name, 0), 0);
	closedir(d);
	assert_int_equal(rmdir(path), 0);
}

// All segments are there, and each follows the one before. Returns how many packets they hold.
static size_t count_chain(const struct folder *f)
{
	size_t sum = 0;

	for (size_t i = 0; i < f->n_complete; i++) {
		assert_true(f->complete[i][0] != '\0');
		if (i > 0)
			assert_memory_equal(f->info[i].previous, f->info[i - 1].id, SL_UNSEAL_ID);
		sum += count(f->complete[i], "N", 0);
	}
	return sum;
}

// The clerk works at its own pace.
static void wait_for_next(void)
{
	while (!rig_failure(&rig) && rig_metric(&rig, "segments") == 0) {
		usleep(1000);
		tick(&rig);
	}
}

static void a_folder_gets_segments_named_by_their_hash(void **state)
{
	struct folder f;

	(void)state;
	assert_int_equal(mkdir("store", 0700), 0);
	start(SETTINGS("file", "store", "seal", "N.cap"));
	push(&rig, 100, 60);
	tick(&rig);
	f = look("store");
	assert_int_equal(f.n_complete, 0);
	assert_true(f.n_others >= 1);
	rig_close(&rig);
	f = look("store");
	assert_int_equal(f.n_complete, 1);
	assert_int_equal(f.n_others, 0);
	assert_int_equal(count_chain(&f), 100);
	empty("store");
}

static void segments_end_by_size(void **state)
{
	size_t packets = 0;
	struct folder f;
	struct stat st;

	(void)state;
	assert_int_equal(mkdir("store", 0700), 0);
	start(SETTINGS("file", "store", "seal", "N.cap", "segment", "1MiB"));
	for (unsigned i = 0; i < 3000 && rig_metric(&rig, "segments") < 3; i++) {
		push(&rig, 1000, 60);
		packets += 1000;
		usleep(1000); // the next one is made ready
		tick(&rig);
	}
	assert_true(rig_metric(&rig, "segments") >= 3);
	rig_close(&rig);
	f = look("store");
	assert_true(f.n_complete >= 4);
	assert_int_equal(f.n_others, 0);
	assert_int_equal(count_chain(&f), packets);
	assert_int_equal(stat(f.complete[0], &st), 0);
	assert_true(st.st_size > 256 << 10);
	empty("store");
}

static void segments_end_by_time_when_they_hold_packets(void **state)
{
	struct folder f;

	(void)state;
	assert_int_equal(mkdir("store", 0700), 0);
	start(SETTINGS("file", "store", "seal", "N.cap", "segment-time", "1s"));
	now_ns = 10000000000;
	push(&rig, 10, 60);
	now_ns += 1000000000;
	wait_for_next();
	for (unsigned i = 0; i < 100; i++) { // nothing comes: no more segments
		now_ns += 10000000000;
		tick(&rig);
	}
	push(&rig, 7, 60);
	rig_close(&rig);
	f = look("store");
	assert_int_equal(f.n_complete, 2);
	assert_int_equal(count(f.complete[0], "N", 0), 10);
	assert_int_equal(count(f.complete[1], "N", 0), 7);
	empty("store");
}

static void the_last_segment_says_that_it_is(void **state)
{
	struct sl_unseal_keys keys = sealing_keys("N");
	struct folder f;

	(void)state;
	assert_int_equal(mkdir("store", 0700), 0);
	start(SETTINGS("file", "store", "seal", "N.cap", "segment-time", "1s"));
	push(&rig, 10, 60);
	now_ns += 1000000000;
	wait_for_next();
	rig_close(&rig);
	f = look("store");
	assert_int_equal(f.n_complete, 2);
	for (size_t i = 0; i < 2; i++) {
		struct sl_unseal *u;
		uint8_t text[4096];

		assert_int_equal(sl_unseal_open(&u, f.complete[i], &keys, NULL), 0);
		while (sl_unseal_read(u, text, sizeof(text), NULL) > 0)
			;
		assert_int_equal(sl_unseal_has_more(u), i == 0);
		sl_unseal_close(u);
	}
	empty("store");
}

static void a_graph_that_does_not_run_leaves_no_files(void **state)
{
	struct folder f;

	(void)state;
	assert_int_equal(mkdir("store", 0700), 0);
	start(SETTINGS("file", "store", "seal", "N.cap"));
	rig_close(&rig);
	f = look("store");
	assert_int_equal(f.n_complete + f.n_others, 0);
	empty("store");
}

static void a_segment_of_a_full_disk_is_not_named(void **state)
{
	struct rlimit limit, before;
	uint64_t consumed;
	struct folder f;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(mkdir("store", 0700), 0);
	start(SETTINGS("file", "store", "seal", "N.cap"));
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 300001;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (unsigned i = 0; i < 10; i++)
		push(&rig, 1000, 60);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_string_equal(rig_failure(&rig), "store: writing failed: File too large");
	consumed = rig.app->consumed;
	assert_true(consumed > 0);
	rig_close(&rig);
	f = look("store");
	assert_int_equal(f.n_complete, 0);
	assert_int_equal(f.n_others, 1);
	assert_int_equal(count(f.other, "N", -ENODATA), consumed);
	empty("store");
}

static void a_segment_that_cannot_be_named_is_told(void **state)
{
	struct folder f;

	(void)state;
	assert_int_equal(mkdir("store", 0700), 0);
	start(SETTINGS("file", "store", "seal", "N.cap", "segment-time", "1s"));
	push(&rig, 10, 60);
	tick(&rig);
	empty("store"); // somebody tidies up too much
	assert_int_equal(mkdir("store", 0700), 0);
	now_ns += 1000000000;
	wait_for_next();
	assert_non_null(rig_failure(&rig));
	assert_memory_equal(rig_failure(&rig), "store/unfinished-", 17);
	push(&rig, 10, 60); // the capture goes on as far as it can
	tick(&rig);
	tick(&rig);
	assert_int_equal(rig_dropped(&rig, "write_failed"), 0);
	rig_close(&rig);
	f = look("store");
	assert_int_equal(f.n_complete, 0);
	empty("store");
}

static void a_replaced_writer_begins_segments_of_its_own(void **state)
{
	struct sl_error err;
	struct rig next;
	struct dirent *e;
	size_t files = 0;
	DIR *d;

	(void)state;
	assert_int_equal(mkdir("store", 0700), 0);
	start(SETTINGS("file", "store", "seal", "N.cap"));
	push(&rig, 10, 60);
	assert_int_equal(rig_open(&next, &sl_pcap_writer_class,
				  SETTINGS("file", "store", "seal", "N.cap", "snaplen", "20"), &rig,
				  &err),
			 0);
	push(&next, 5, 60);
	rig_close(&rig);
	push(&next, 5, 60);
	rig_close(&next);
	d = opendir("store");
	while ((e = readdir(d))) {
		char name[320];

		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "store/%s", e->d_name);
		assert_int_equal(count(name, "N", 0), 10);
		files++;
	}
	closedir(d);
	assert_int_equal(files, 2);
	empty("store");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pattern_goes_round),
		cmocka_unit_test(packets_are_accounted_for_as_ever),
		cmocka_unit_test(what_was_flushed_is_read_whatever_happens_then),
		cmocka_unit_test(wrong_keys_and_settings_are_refused),
		cmocka_unit_test(secrets_that_others_may_read_are_refused),
		cmocka_unit_test(a_disk_that_fills_up_keeps_whole_chunks),
		cmocka_unit_test(a_full_device_drops_by_name),
		cmocka_unit_test(a_replaced_writer_is_continued),
		cmocka_unit_test(a_replaced_writer_with_another_seal_is_refused),
		cmocka_unit_test(a_folder_gets_segments_named_by_their_hash),
		cmocka_unit_test(segments_end_by_size),
		cmocka_unit_test(segments_end_by_time_when_they_hold_packets),
		cmocka_unit_test(the_last_segment_says_that_it_is),
		cmocka_unit_test(a_graph_that_does_not_run_leaves_no_files),
		cmocka_unit_test(a_segment_of_a_full_disk_is_not_named),
		cmocka_unit_test(a_segment_that_cannot_be_named_is_told),
		cmocka_unit_test(a_replaced_writer_begins_segments_of_its_own),
	};

	return cmocka_run_group_tests(tests, enter, rig_leave);
}
