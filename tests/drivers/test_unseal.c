#include "drivers/unseal.h"

#include "core/noise/sealed.h"
#include "drivers/playlist.h"
#include "tests/drivers/image.h"
#include "tests/drivers/sealing.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int enter(void **state)
{
	int r = scratch_enter(state);

	sealing_make_keys();
	return r;
}

static struct image plain_image(unsigned n, uint32_t len)
{
	struct image m = {.form = {.nano = true}};

	image_header(&m);
	image_frames(&m, n, len, 1000000000, 1000);
	return m;
}

static void what_is_sealed_is_the_plain_capture(void **state)
{
	static const char *const patterns[] = {"N", "K", "X"};
	static const unsigned counts[] = {0, 1, 1000};

	(void)state;
	for (size_t p = 0; p < 3; p++)
		for (size_t i = 0; i < 3; i++) {
			struct sl_unseal_keys keys = sealing_keys(patterns[p]);
			struct image m = plain_image(counts[i], 61);
			struct sl_error err;
			uint8_t *text;
			size_t n;
			int r;

			sealing_file("a", patterns[p], counts[i], 61, 300);
			text = sealing_read("a", &keys, &n, &r, &err);
			assert_int_equal(r, 0);
			assert_int_equal(n, m.len);
			assert_memory_equal(text, m.bytes, n);
			free(text);
			image_free(&m);
		}
}

// The offsets of the chunks of a file; the last is its end.
static size_t find_chunks(const uint8_t *file, size_t n, size_t *at, size_t max)
{
	struct sl_sealed_header h;
	struct sl_sealed_head head;
	size_t count = 0, place;

	assert_int_equal(sl_sealed_header_read(&h, file, n, NULL), 0);
	for (place = h.len; place < n; place += head.len + SL_SEALED_EXTRA) {
		assert_true(count < max);
		at[count++] = place;
		assert_int_equal(sl_sealed_head_read(&head, file + place), 0);
	}
	assert_int_equal(place, n);
	at[count] = n;
	return count;
}

static void a_file_cut_at_every_byte_gives_what_is_in_front(void **state)
{
	struct sl_unseal_keys keys = sealing_keys("N");
	struct image m = plain_image(3, 60);
	size_t chunks[10], count, n, len;
	uint8_t *file;

	(void)state;
	sealing_file("a", "N", 3, 60, 1);
	file = file_load("a", &n);
	count = find_chunks(file, n, chunks, 9);
	assert_int_equal(count, 3);
	for (size_t cut = 0; cut < n; cut++) {
		struct sl_error err;
		size_t good = 0;
		uint8_t *text;
		int r;

		for (size_t c = 0; c < count && chunks[c + 1] <= cut; c++)
			good += chunks[c + 1] - chunks[c] - SL_SEALED_EXTRA;
		file_save("cut", file, cut);
		text = sealing_read("cut", &keys, &len, &r, &err);
		assert_int_equal(r, -ENODATA);
		assert_int_equal(len, good);
		assert_memory_equal(text, m.bytes, good);
		assert_non_null(strstr(err.text, "cut: "));
		free(text);
	}
	free(file);
	image_free(&m);
}

static int read_changed(const uint8_t *file, size_t n, size_t *len, struct sl_error *err)
{
	struct sl_unseal_keys keys = sealing_keys("N");
	int r;

	file_save("changed", file, n);
	free(sealing_read("changed", &keys, len, &r, err));
	return r;
}

static void errors_name_chunk_and_byte(void **state)
{
	size_t chunks[10], n, len;
	struct sl_error err;
	uint8_t *file;
	char text[128];

	(void)state;
	sealing_file("a", "N", 4, 60, 1);
	file = file_load("a", &n);
	assert_int_equal(find_chunks(file, n, chunks, 9), 4);
	file[chunks[2] + 40] ^= 1;
	assert_int_equal(read_changed(file, n, &len, &err), -EBADMSG);
	snprintf(text, sizeof(text), "changed: damaged at chunk 2, byte %zu", chunks[2]);
	assert_string_equal(err.text, text);
	assert_int_equal(len, 24 + 2 * 76);
	file[chunks[2] + 40] ^= 1;

	assert_int_equal(read_changed(file, chunks[3], &len, &err), -ENODATA);
	snprintf(text, sizeof(text),
		 "changed: not finished, or cut off: it ends before chunk 3, at byte %zu",
		 chunks[3]);
	assert_string_equal(err.text, text);
	assert_int_equal(read_changed(file, chunks[3] + 5, &len, &err), -ENODATA);
	assert_non_null(strstr(err.text, "it ends within chunk 3, at byte"));
	assert_int_equal(read_changed(file, 20, &len, &err), -ENODATA);
	assert_string_equal(err.text, "changed: cut off at byte 20, within its header");

	memmove(file + chunks[1], file + chunks[2], n - chunks[2]);
	assert_int_equal(read_changed(file, n - (chunks[2] - chunks[1]), &len, &err), -EILSEQ);
	snprintf(text, sizeof(text),
		 "changed: chunk 2 where chunk 1 should be, at byte %zu: ", chunks[1]);
	assert_memory_equal(err.text, text, strlen(text));
	free(file);
}

static void bytes_behind_the_end_are_seen(void **state)
{
	size_t n, len;
	struct sl_error err;
	uint8_t *file, *twice;

	(void)state;
	sealing_file("a", "N", 4, 60, 0);
	file = file_load("a", &n);
	twice = malloc(2 * n);
	memcpy(twice, file, n);
	memcpy(twice + n, file, n);
	assert_int_equal(read_changed(twice, n + 1, &len, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "bytes behind its end"));
	assert_int_equal(len, 24 + 4 * 76);
	assert_int_equal(read_changed(twice, 2 * n, &len, &err), -EBADMSG);
	free(file);
	free(twice);
}

static void what_is_no_sealed_capture_is_named(void **state)
{
	struct sl_unseal_keys keys = sealing_keys("N");
	struct sl_unseal_info info;
	struct sl_error err;
	struct sl_unseal *u;

	(void)state;
	image_simple("plain", 3, 60);
	assert_int_equal(sl_unseal_open(&u, "plain", &keys, &err), -EPROTO);
	assert_string_equal(err.text, "plain: not a sealed capture");
	assert_null(u);
	file_save("empty", "", 0);
	assert_int_equal(sl_unseal_open(&u, "empty", &keys, &err), -ENODATA);
	assert_string_equal(err.text, "empty: is empty");
	assert_int_equal(sl_unseal_open(&u, "absent", &keys, &err), -ENOENT);
	assert_int_equal(sl_unseal_open(&u, ".", &keys, &err), -EISDIR);
	assert_int_equal(sl_unseal_peek("plain", &info, &err), -EPROTO);
	sl_unseal_close(NULL);
}

static void anybody_sees_the_header(void **state)
{
	struct sl_unseal_info info;
	uint8_t zeros[SL_UNSEAL_ID] = {0};

	(void)state;
	sealing_file("a", "X", 1, 60, 0);
	assert_int_equal(sl_unseal_peek("a", &info, NULL), 0);
	assert_string_equal(info.pattern, "Xpsk0");
	assert_int_equal(info.number, 0);
	assert_memory_equal(info.previous, zeros, SL_UNSEAL_ID);
	assert_memory_not_equal(info.id, zeros, SL_UNSEAL_ID);
}

static void x_tells_who_sealed(void **state)
{
	struct sl_unseal_keys keys = sealing_keys("X"), other = keys;
	uint8_t writer[SL_KEY];
	struct sl_error err;
	struct sl_unseal *u;

	(void)state;
	memcpy(writer, keys.writer, SL_KEY);
	keys.writer_known = false;
	sealing_file("a", "X", 1, 60, 0);
	assert_int_equal(sl_unseal_open(&u, "a", &keys, &err), 0);
	assert_memory_equal(sl_unseal_writer(u), writer, SL_KEY);
	sl_unseal_close(u);
	sl_key_public(keys.key, other.writer);
	assert_int_equal(sl_unseal_open(&u, "a", &other, &err), -EKEYREJECTED);
	assert_string_equal(err.text, "a: sealed by another writer");
}

static void n_tells_nobody(void **state)
{
	struct sl_unseal_keys keys = sealing_keys("N");
	struct sl_error err;
	struct sl_unseal *u;

	(void)state;
	sealing_file("a", "N", 1, 60, 0);
	assert_int_equal(sl_unseal_open(&u, "a", &keys, &err), 0);
	assert_null(sl_unseal_writer(u));
	assert_false(sl_unseal_has_more(u));
	sl_unseal_close(u);
	keys.writer_known = true;
	memset(keys.writer, 9, SL_KEY);
	assert_int_equal(sl_unseal_open(&u, "a", &keys, &err), -EINVAL);
}

// All files that the machine which captured has, used as cleverly as may be.
static void the_files_of_the_writer_do_not_open_it(void **state)
{
	static const char *const patterns[] = {"N", "K", "X"};

	(void)state;
	for (size_t p = 0; p < 3; p++) {
		struct sl_unseal_keys keys = sealing_keys(patterns[p]);
		struct sl_error err;
		struct sl_unseal *u;

		sealing_file("a", patterns[p], 10, 60, 0);
		assert_int_equal(sl_key_load("writer.key", keys.key, NULL), 0);
		assert_int_equal(sl_unseal_open(&u, "a", &keys, &err), -EKEYREJECTED);
		assert_non_null(strstr(err.text, "not sealed for this key and capability"));
		memcpy(keys.key, keys.psk, SL_KEY);
		assert_int_equal(sl_unseal_open(&u, "a", &keys, &err), -EKEYREJECTED);
	}
}

static int load(const char *key, const char *cap, const char *psk, const char *writer,
		struct sl_error *err)
{
	struct sl_unseal_files files = {.key = key, .cap = cap, .psk = psk, .writer = writer};
	static const struct sl_unseal_keys zeros;
	struct sl_unseal_keys keys;
	int r = sl_unseal_keys_load(&keys, &files, err);

	if (r < 0)
		assert_memory_equal(&keys, &zeros, sizeof(keys));
	return r;
}

static void keys_are_read_from_files_of_their_owner(void **state)
{
	struct sl_error err;

	(void)state;
	assert_int_equal(load("reader.key", "N.cap", NULL, NULL, &err), 0);
	assert_int_equal(load("reader.key", NULL, "other.key", NULL, &err), 0);
	assert_int_equal(load(NULL, "N.cap", NULL, NULL, &err), -EINVAL);
	assert_int_equal(load("reader.key", NULL, NULL, NULL, &err), -EINVAL);
	assert_int_equal(load("reader.key", "N.cap", "other.key", NULL, &err), -EINVAL);
	assert_int_equal(load("other.key", "N.cap", NULL, NULL, &err), -EKEYREJECTED);
	assert_string_equal(err.text, "N.cap: is for another key than other.key");
	assert_int_equal(load("absent", "N.cap", NULL, NULL, &err), -ENOENT);
	assert_int_equal(load("reader.key", "reader.key", NULL, NULL, &err), -EINVAL);
	assert_int_equal(load("reader.key", "N.cap", NULL, "no key", &err), -ENOENT);
	assert_int_equal(load("reader.key", "N.cap", NULL, "N.cap", &err), -EINVAL);
	for (unsigned i = 0; i < 3; i++) {
		static const char *const files[] = {"reader.key", "N.cap", "other.key"};

		assert_int_equal(chmod(files[i], 0644), 0);
		assert_int_equal(load("reader.key", i == 2 ? NULL : "N.cap",
				      i == 2 ? "other.key" : NULL, NULL, &err),
				 -EACCES);
		assert_non_null(strstr(err.text, "others may read"));
		assert_int_equal(chmod(files[i], 0600), 0);
	}
}

static void any_size_of_reading_gives_the_same(void **state)
{
	struct sl_unseal_keys keys = sealing_keys("N");
	struct image m = plain_image(1000, 200);
	static const size_t sizes[] = {1, 7, 4096, 1 << 20};
	uint8_t *text = malloc(1 << 20);

	(void)state;
	sealing_file("a", "N", 1000, 200, 0);
	for (size_t i = 0; i < 4; i++) {
		struct sl_unseal *u;
		size_t n = 0;
		ssize_t r;

		assert_int_equal(sl_unseal_open(&u, "a", &keys, NULL), 0);
		while ((r = sl_unseal_read(u, text, sizes[i], NULL)) > 0) {
			assert_memory_equal(text, m.bytes + n, (size_t)r);
			n += (size_t)r;
		}
		assert_int_equal(r, 0);
		assert_int_equal(n, m.len);
		assert_true(sl_unseal_done(u) > 0.99);
		sl_unseal_close(u);
	}
	free(text);
	image_free(&m);
}

// Packets of a file, as a pcap-reader gets them, in memory or streamed.
static size_t play(const char *path, const struct sl_unseal_keys *keys, bool stream,
		   struct sl_error *err)
{
	const struct sl_record *record[SL_BURST];
	struct sl_playlist_order order = {
		.files = {.items = &path, .count = 1},
		.loops = 1,
		.mode = stream ? SL_PLAYLIST_STREAM : SL_PLAYLIST_MEMORY,
		.keys = keys,
	};
	struct sl_playlist l;
	unsigned n;
	size_t sum = 0;

	*err = (struct sl_error){0};
	if (sl_playlist_open(&l, &order, err) == 0) {
		while ((n = sl_playlist_next(&l, record, SL_BURST)) > 0)
			for (unsigned i = 0; i < n; i++, sum++)
				assert_int_equal(sl_record_data(&l.records, record[i])[60],
						 sum & 0xff);
		*err = l.failure;
	}
	sl_playlist_close(&l);
	return sum;
}

static void a_capture_is_replayed(void **state)
{
	struct sl_unseal_keys keys = sealing_keys("N");
	struct sl_error err;

	(void)state;
	sealing_file("a", "N", 5000, 61, 0);
	for (int stream = 0; stream < 2; stream++) {
		assert_int_equal(play("a", &keys, stream, &err), 5000);
		assert_string_equal(err.text, "");
		image_simple("plain", 10, 61); // keys do not matter to others
		assert_int_equal(play("plain", &keys, stream, &err), 10);
		assert_int_equal(play("a", NULL, stream, &err), 0);
		assert_string_equal(err.text,
				    "a: is sealed: it is read with the private key for it");
	}
}

static void a_damaged_capture_is_replayed_up_to_there(void **state)
{
	struct sl_unseal_keys keys = sealing_keys("N");
	struct sl_error err;
	size_t n, place;
	uint8_t *file;

	(void)state;
	sealing_file("a", "N", 1000, 61, 100);
	file = file_load("a", &n);
	place = n / 2 + 200; // within the sixth of ten chunks
	file_save("cut", file, place);
	assert_int_equal(play("cut", &keys, true, &err), 500);
	assert_non_null(strstr(err.text, "cut: not finished, or cut off: it ends within chunk 5"));
	assert_int_equal(play("cut", &keys, false, &err), 0);
	assert_non_null(strstr(err.text, "cut: not finished, or cut off"));
	file[place] ^= 1;
	file_save("changed", file, n);
	assert_int_equal(play("changed", &keys, true, &err), 500);
	assert_non_null(strstr(err.text, "changed: damaged at chunk 5, byte"));
	free(file);
}

static void a_sealed_pipe_is_read(void **state)
{
	struct sl_unseal_keys keys = sealing_keys("N");
	struct sl_error err;
	char path[32];
	int ends[2];
	uint8_t *file;
	size_t n;

	(void)state;
	for (int sealed = 0; sealed < 2; sealed++) {
		if (sealed)
			sealing_file("a", "N", 10, 61, 0);
		else
			image_simple("a", 10, 61);
		file = file_load("a", &n);
		assert_int_equal(pipe(ends), 0);
		assert_int_equal(write(ends[1], file, n), n);
		close(ends[1]);
		snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
		assert_int_equal(play(path, &keys, true, &err), 10);
		assert_string_equal(err.text, "");
		close(ends[0]);
		free(file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_is_the_plain_capture),
		cmocka_unit_test(a_file_cut_at_every_byte_gives_what_is_in_front),
		cmocka_unit_test(errors_name_chunk_and_byte),
		cmocka_unit_test(bytes_behind_the_end_are_seen),
		cmocka_unit_test(what_is_no_sealed_capture_is_named),
		cmocka_unit_test(anybody_sees_the_header),
		cmocka_unit_test(x_tells_who_sealed),
		cmocka_unit_test(n_tells_nobody),
		cmocka_unit_test(the_files_of_the_writer_do_not_open_it),
		cmocka_unit_test(keys_are_read_from_files_of_their_owner),
		cmocka_unit_test(any_size_of_reading_gives_the_same),
		cmocka_unit_test(a_capture_is_replayed),
		cmocka_unit_test(a_damaged_capture_is_replayed_up_to_there),
		cmocka_unit_test(a_sealed_pipe_is_read),
	};

	return cmocka_run_group_tests(tests, enter, scratch_leave);
}
