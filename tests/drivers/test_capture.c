#include "drivers/capture.h"

#include "tests/drivers/image.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pcap/pcap.h>
#include <setjmp.h>
#include <sluice/packet.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

// Read all of a capture. Returns 0 or what open or read returned; *count packets were read.
static int read_all(const char *path, struct sl_records *r, size_t *count, struct sl_error *err)
{
	struct sl_capture c;
	int n = sl_capture_open(&c, path, err);

	*count = 0;
	*err = n < 0 ? *err : (struct sl_error){0};
	if (n < 0)
		return n;
	do {
		sl_records_clear(r);
		n = sl_capture_read(&c, r, 64, err);
		*count += r->count;
	} while (n > 0);
	sl_capture_close(&c);
	return n;
}

static void assert_text(const struct sl_error *err, const char *part)
{
	if (!strstr(err->text, part))
		fail_msg("'%s' does not contain '%s'", err->text, part);
	assert_null(strchr(err->text, '\n'));
}

static void every_form_is_read(void **state)
{
	(void)state;
	for (unsigned form = 0; form < 8; form++) {
		struct image m = {
			.form = {.pcapng = form & 1, .swapped = form & 2, .nano = form & 4}};
		uint64_t stamp = 1700000000123456789, unit = m.form.nano ? 1 : 1000;
		struct sl_records r = {0};
		struct sl_capture c;

		image_header(&m);
		image_frames(&m, 3, 61, stamp, 1001);
		image_save(&m, "form");
		image_free(&m);
		assert_int_equal(sl_capture_open(&c, "form", NULL), 0);
		assert_int_equal(sl_capture_read(&c, &r, 64, NULL), 3);
		assert_int_equal(sl_capture_read(&c, &r, 64, NULL), 0);
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(r.index[i].stamp_ns, (stamp + i * 1001) / unit * unit);
			assert_int_equal(r.index[i].len, 61);
			assert_int_equal(r.index[i].flags, i == 0 ? SL_RECORD_FIRST : 0);
			assert_int_equal(sl_record_data(&r, &r.index[i])[60], i);
		}
		sl_records_fini(&r);
		sl_capture_close(&c);
	}
}

static void any_snap_length_is_read(void **state)
{
	static const uint32_t snaplens[] = {1, 14, 60, 65535, 262144, 0x7fffffff, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(snaplens) / sizeof(*snaplens); i++) {
		struct image m = {.form = {.snaplen = snaplens[i]}};
		uint16_t captured = snaplens[i] < 1000 ? (uint16_t)snaplens[i] : 1000;
		struct sl_records r = {0};
		struct sl_capture c;
		uint8_t frame[1000] = {0};

		image_header(&m);
		image_packet(&m, 0, frame, captured, 1500);
		image_save(&m, "snap");
		image_free(&m);
		assert_int_equal(sl_capture_open(&c, "snap", NULL), 0);
		assert_int_equal(sl_capture_read(&c, &r, 64, NULL), 1);
		assert_int_equal(r.index[0].len, captured);
		assert_int_equal(r.index[0].flags, SL_RECORD_FIRST | SL_RECORD_TRUNCATED);
		sl_records_fini(&r);
		sl_capture_close(&c);
	}
}

static void frames_longer_than_any_packet_are_marked(void **state)
{
	static uint8_t frame[SL_FRAME_MAX + 1];
	struct image m = {0};
	struct sl_records r = {0};
	struct sl_capture c;

	(void)state;
	image_header(&m);
	image_packet(&m, 0, frame, SL_FRAME_MAX, SL_FRAME_MAX);
	image_packet(&m, 0, frame, SL_FRAME_MAX + 1, SL_FRAME_MAX + 1);
	image_save(&m, "long");
	image_free(&m);
	assert_int_equal(sl_capture_open(&c, "long", NULL), 0);
	assert_int_equal(sl_capture_read(&c, &r, 64, NULL), 2);
	assert_int_equal(r.index[0].len, SL_FRAME_MAX);
	assert_int_equal(r.index[0].flags, SL_RECORD_FIRST);
	assert_int_equal(r.index[1].len, 0);
	assert_int_equal(r.index[1].flags, SL_RECORD_TOO_LONG);
	assert_int_equal(r.longest, SL_FRAME_MAX + 1);
	sl_records_fini(&r);
	sl_capture_close(&c);
}

// Where the file may end: behind the header, and behind each of three packets.
static bool is_boundary(const struct image *m, size_t len, size_t *packets)
{
	size_t header = m->form.pcapng ? 60 : 24, packet = (m->len - header) / 3;

	*packets = len < header ? 0 : (len - header) / packet;
	return len >= header && (len - header) % packet == 0;
}

static void a_capture_cut_anywhere_names_file_and_byte(void **state)
{
	(void)state;
	for (unsigned form = 0; form < 4; form++) {
		struct image m = {.form = {.pcapng = form & 1, .swapped = form & 2}};
		struct sl_records r = {0};

		image_header(&m);
		image_frames(&m, 3, 60, 0, 1);
		for (size_t len = 0; len <= m.len; len++) {
			struct sl_error err;
			size_t packets, count;
			bool whole = is_boundary(&m, len, &packets);
			int e;

			file_save("cut.pcap", m.bytes, len);
			e = read_all("cut.pcap", &r, &count, &err);
			assert_int_equal(count, packets);
			// A section without interfaces is a whole pcapng file to libpcap too.
			if (whole) {
				assert_int_equal(e, 0);
				continue;
			}
			assert_int_equal(e, -EBADMSG);
			assert_text(&err, "cut.pcap, byte ");
		}
		sl_records_fini(&r);
		image_free(&m);
	}
}

static void damage_is_named_by_its_offset(void **state)
{
	struct sl_records r = {0};
	struct image m = {0};
	struct sl_error err;
	size_t count;

	(void)state;
	image_header(&m);
	image_frames(&m, 2, 60, 0, 1);
	file_save("cut.pcap", m.bytes, 24 + 76 + 16 + 20);
	assert_int_equal(read_all("cut.pcap", &r, &count, &err), -EBADMSG);
	assert_text(&err, "cut.pcap, byte 136: truncated");
	image_free(&m);
	sl_records_fini(&r);
}

static void absurd_lengths_take_no_memory(void **state)
{
	static const uint32_t lengths[] = {262145, 0x10000000, 0x7fffffff, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		uint32_t record[] = {0, 0, lengths[i], lengths[i]};
		struct sl_records r = {0};
		struct image m = {0};
		struct sl_error err;
		size_t count;

		image_header(&m);
		image_frames(&m, 1, 60, 0, 1);
		image_bytes(&m, record, sizeof(record));
		image_save(&m, "absurd");
		image_free(&m);
		assert_int_equal(read_all("absurd", &r, &count, &err), -EBADMSG);
		assert_int_equal(count, 1);
		assert_text(&err, "absurd, byte ");
		assert_true(r.bytes_size < 1 << 20);
		sl_records_fini(&r);
	}
}

static void what_is_no_capture_is_named(void **state)
{
	struct sl_capture c;
	struct sl_error err;

	(void)state;
	file_save("empty", "", 0);
	assert_int_equal(sl_capture_open(&c, "empty", &err), -EBADMSG);
	assert_string_equal(err.text, "empty, byte 0: the file is empty");
	file_save("text", "this is no capture, but long enough to be one", 45);
	assert_int_equal(sl_capture_open(&c, "text", &err), -EBADMSG);
	assert_text(&err, "text, byte ");
	assert_text(&err, "unknown file format");
	assert_int_equal(sl_capture_open(&c, "absent", &err), -ENOENT);
	assert_string_equal(err.text, "absent: No such file or directory");
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_int_equal(sl_capture_open(&c, "folder", &err), -EISDIR);
	assert_text(&err, "folder: is a directory");
	sl_capture_close(&c);
}

static void a_file_without_permission_is_named(void **state)
{
	uid_t user = geteuid();
	struct sl_capture c;
	struct sl_error err;
	int e;

	(void)state;
	image_simple("secret", 1, 60);
	assert_int_equal(chmod("secret", 0), 0);
	assert_int_equal(chmod(".", 0755), 0);
	if (user == 0)
		assert_int_equal(seteuid(65534), 0);
	e = sl_capture_open(&c, "secret", &err);
	if (user == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(e, -EACCES);
	assert_string_equal(err.text, "secret: Permission denied");
}

static void other_link_types_are_named(void **state)
{
	struct sl_capture c;
	struct sl_error err;

	(void)state;
	for (unsigned pcapng = 0; pcapng < 2; pcapng++) {
		struct image m = {.form = {.pcapng = pcapng, .link_type = 105}};

		image_header(&m);
		image_frames(&m, 1, 60, 0, 1);
		image_save(&m, "wifi");
		image_free(&m);
		assert_int_equal(sl_capture_open(&c, "wifi", &err), -EPROTONOSUPPORT);
		assert_string_equal(err.text,
				    "wifi: its link type IEEE802_11 (802.11) is not Ethernet");
	}
}

static void unknown_link_types_are_numbered(void **state)
{
	struct image m = {.form = {.link_type = 9999}};
	struct sl_capture c;
	struct sl_error err;

	(void)state;
	image_header(&m);
	image_save(&m, "strange");
	image_free(&m);
	assert_int_equal(sl_capture_open(&c, "strange", &err), -EPROTONOSUPPORT);
	assert_string_equal(err.text, "strange: its link type 9999 is not Ethernet");
}

static void a_file_being_written_is_refused(void **state)
{
	struct sl_capture c;
	struct sl_error err;
	FILE *f;

	(void)state;
	image_simple("growing", 1, 60);
	f = fopen("growing", "ab");
	assert_non_null(f);
	assert_int_equal(flock(fileno(f), LOCK_EX), 0);
	assert_int_equal(sl_capture_open(&c, "growing", &err), -ETXTBSY);
	assert_text(&err, "growing: is being written");
	fclose(f);
	assert_int_equal(sl_capture_open(&c, "growing", &err), 0);
	sl_capture_close(&c);
}

// What libpcap, used plainly, reads of a file: the number of packets, or -1 (no capture) with
// the rest of the answer in *damaged and *ethernet.
static long plain_count(const char *path, bool *ethernet, bool *is_damaged)
{
	char what[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, what);
	struct pcap_pkthdr *h;
	const u_char *data;
	long n = 0;
	int r;

	*ethernet = *is_damaged = false;
	if (!p)
		return -1;
	*ethernet = pcap_datalink(p) == DLT_EN10MB;
	while ((r = pcap_next_ex(p, &h, &data)) == 1)
		n++;
	*is_damaged = r == PCAP_ERROR;
	pcap_close(p);
	return n;
}

static void compare_with_plain(const char *path, unsigned *replayed)
{
	struct sl_records r = {0};
	struct sl_error err;
	bool ethernet, is_damaged;
	long plain = plain_count(path, &ethernet, &is_damaged);
	size_t count;
	int e = read_all(path, &r, &count, &err);

	sl_records_fini(&r);
	if (plain < 0) {
		assert_int_equal(e, -EBADMSG);
	} else if (!ethernet) {
		assert_int_equal(e, -EPROTONOSUPPORT);
	} else {
		assert_int_equal(count, plain);
		assert_int_equal(e, is_damaged ? -EBADMSG : 0);
		++*replayed;
	}
	if (e < 0)
		assert_text(&err, path);
}

// Compare all files below a folder.
static void sweep(const char *folder, unsigned *files, unsigned *replayed)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d))) {
		char path[PATH_MAX];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (e->d_name[0] == '.' || stat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			sweep(path, files, replayed);
			continue;
		}
		compare_with_plain(path, replayed);
		++*files;
	}
	closedir(d);
}

static void the_corpus_reads_as_libpcap_reads_it(void **state)
{
	static const char *const folders[] = {"pcap", "pcapng"};
	const char *corpus = getenv("SLUICE_CORPUS");
	unsigned files = 0, replayed = 0;

	(void)state;
	if (!corpus) {
		print_message("SLUICE_CORPUS is not set: the corpus is not read\n");
		skip();
	}
	for (size_t i = 0; i < 2; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", corpus, folders[i]);
		sweep(path, &files, &replayed);
	}
	print_message("%u files, %u of them read to their end or damage\n", files, replayed);
	assert_true(replayed > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_read),
		cmocka_unit_test(any_snap_length_is_read),
		cmocka_unit_test(frames_longer_than_any_packet_are_marked),
		cmocka_unit_test(a_capture_cut_anywhere_names_file_and_byte),
		cmocka_unit_test(damage_is_named_by_its_offset),
		cmocka_unit_test(absurd_lengths_take_no_memory),
		cmocka_unit_test(what_is_no_capture_is_named),
		cmocka_unit_test(a_file_without_permission_is_named),
		cmocka_unit_test(other_link_types_are_named),
		cmocka_unit_test(unknown_link_types_are_numbered),
		cmocka_unit_test(a_file_being_written_is_refused),
		cmocka_unit_test(the_corpus_reads_as_libpcap_reads_it),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
