// Sealed captures as bytes: what is sealed is opened; whatever is changed is seen, and where.

#include "core/noise/sealer.h"
#include "core/noise/unsealer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX = 10 * SL_SEALED_TEXT, FILE_MAX = TEXT_MAX + 64 * SL_SEALED_CHUNK };

static uint8_t text[TEXT_MAX], file[FILE_MAX], copy[FILE_MAX];
static uint8_t out[TEXT_MAX + SL_UNSEALER_BURST * SL_SEALED_TEXT];
static uint8_t reader_key[SL_KEY], writer_key[SL_KEY];
static struct sl_capability to;
static struct sl_unseal_keys keys;

static int enter(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7 + (i >> 8));
	assert_int_equal(sl_key_generate(reader_key, NULL), 0);
	assert_int_equal(sl_key_generate(writer_key, NULL), 0);
	assert_int_equal(sl_key_generate(to.psk, NULL), 0);
	sl_key_public(reader_key, to.key);
	memcpy(keys.key, reader_key, SL_KEY);
	memcpy(keys.psk, to.psk, SL_KEY);
	return 0;
}

static void choose(const char *pattern)
{
	assert_int_equal(sl_capability_set_pattern(&to, pattern, NULL), 0);
	keys.writer_known = pattern[0] == 'K';
	sl_key_public(writer_key, keys.writer);
}

static size_t begin(struct sl_sealer *s, const struct sl_sealed_place *place)
{
	const struct sl_sealer_keys own = {.to = &to,
					   .key = to.pattern[0] == 'N' ? NULL : writer_key};
	int n = sl_sealer_init(s, &own, place, file, NULL);

	assert_true(n > 0);
	return (size_t)n;
}

// Seal text in flushes of `step` bytes. Returns the length of the file.
static size_t seal(size_t len, size_t step)
{
	const struct sl_sealed_place place = {0};
	struct sl_sealer s;
	size_t n = begin(&s, &place);

	for (size_t at = 0; at < len; at += step) {
		size_t part = len - at < step ? len - at : step;
		ssize_t r = sl_sealer_seal(&s, text + at, part, 0, file + n);

		assert_true(r > 0 && (size_t)r <= sl_sealer_size(part));
		n += (size_t)r;
	}
	n += (size_t)sl_sealer_seal(&s, NULL, 0, SL_SEALED_LAST, file + n);
	return n;
}

// What reading a file ended with: 0 (whole), -ENODATA (cut), or what the calls said.
struct reading {
	int error;
	size_t len;     // bytes of text before that
	uint64_t chunk; // the number of the chunk that was next
};

static struct reading open_file(const uint8_t *bytes, size_t len)
{
	struct reading r = {0};
	struct sl_sealed_header h;
	struct sl_unsealer u;
	struct sl_unsealed done;
	size_t at;

	r.error = sl_sealed_header_read(&h, bytes, len, NULL);
	if (r.error == -EMSGSIZE)
		r.error = -ENODATA;
	if (r.error == 0)
		r.error = sl_unsealer_init(&u, &h, bytes, &keys, NULL);
	if (r.error < 0)
		return r;
	at = h.len;
	do {
		r.error = sl_unsealer_open(&u, bytes + at, len - at, out + r.len, &done);
		at += done.used;
		r.len += done.len;
	} while (r.error == 0 && done.used > 0);
	r.chunk = u.cipher.nonce;
	if (r.error == 0 && !u.ended)
		r.error = -ENODATA;
	else if (r.error == 0 && at < len)
		r.error = -EBADMSG;
	sl_unsealer_wipe(&u);
	return r;
}

static void assert_whole(size_t file_len, size_t len)
{
	struct reading r = open_file(file, file_len);

	assert_int_equal(r.error, 0);
	assert_int_equal(r.len, len);
	assert_memory_equal(out, text, len);
}

static void every_pattern_and_length_goes_round(void **state)
{
	static const char *const patterns[] = {"N", "K", "X", "Npsk1", "Xpsk1"};
	static const size_t lengths[] = {0,       1, 2, 100, SL_SEALED_TEXT, 3 * SL_SEALED_TEXT,
					 TEXT_MAX};

	(void)state;
	for (size_t p = 0; p < 5; p++)
		for (size_t i = 0; i < 7; i++)
			for (int d = -1; d <= 1; d++) {
				size_t len = lengths[i] + (size_t)d;

				if (len > TEXT_MAX)
					continue;
				choose(patterns[p]);
				assert_whole(seal(len, TEXT_MAX), len);
			}
}

static void every_size_of_flush_goes_round(void **state)
{
	static const size_t steps[] = {
		1, 7, 100, SL_SEALED_TEXT - 1, SL_SEALED_TEXT, SL_SEALED_TEXT + 1, 70001};

	(void)state;
	choose("N");
	for (size_t i = 0; i < 7; i++) {
		size_t len = steps[i] < 50 ? 50 : 3 * SL_SEALED_TEXT + 5;

		assert_whole(seal(len, steps[i]), len);
	}
}

static void a_long_flush_is_sealed_in_several_bursts(void **state)
{
	enum { CHUNKS = 70, LEN = CHUNKS * SL_SEALED_TEXT };
	uint8_t *long_text = calloc(1, LEN), *long_file = malloc(LEN + FILE_MAX);
	struct sl_sealed_place place = {0};
	struct sl_sealed_header h;
	struct sl_unsealed done;
	struct sl_unsealer u;
	struct sl_sealer s;
	size_t n, at, len = 0;

	(void)state;
	choose("N");
	n = begin(&s, &place);
	memcpy(long_file, file, n);
	n += (size_t)sl_sealer_seal(&s, long_text, LEN, SL_SEALED_LAST, long_file + n);
	assert_int_equal(sl_sealed_header_read(&h, long_file, n, NULL), 0);
	assert_int_equal(sl_unsealer_init(&u, &h, long_file, &keys, NULL), 0);
	for (at = h.len; at < n; at += done.used) {
		assert_int_equal(sl_unsealer_open(&u, long_file + at, n - at, out, &done), 0);
		assert_true(done.used > 0);
		len += done.len;
	}
	assert_int_equal(len, LEN);
	assert_true(u.ended && !u.more);
	free(long_text);
	free(long_file);
}

// The text in front of a place in the file: that of the chunks that end there or earlier.
static size_t text_before(size_t header, size_t step, size_t len, size_t at)
{
	size_t n = 0, end = header;

	while (n < len) {
		size_t part = len - n < step ? len - n : step;

		end += part + SL_SEALED_EXTRA;
		if (end > at)
			break;
		n += part;
	}
	return n;
}

static void a_file_cut_at_every_byte_is_read_up_to_there(void **state)
{
	static const char *const patterns[] = {"N", "K", "X"};

	(void)state;
	for (size_t p = 0; p < 3; p++) {
		size_t n, header;
		struct sl_sealed_header h;

		choose(patterns[p]);
		n = seal(500, 100);
		assert_int_equal(sl_sealed_header_read(&h, file, n, NULL), 0);
		header = h.len;
		for (size_t cut = 0; cut < n; cut++) {
			struct reading r = open_file(file, cut);
			size_t good = cut < header ? 0 : text_before(header, 100, 500, cut);

			assert_int_equal(r.error, -ENODATA);
			assert_int_equal(r.len, good);
			assert_memory_equal(out, text, good);
		}
	}
}

static void every_flipped_bit_is_seen_where_it_is(void **state)
{
	static const char *const patterns[] = {"N", "K", "X"};

	(void)state;
	for (size_t p = 0; p < 3; p++) {
		struct sl_sealed_header h;
		size_t n;

		choose(patterns[p]);
		n = seal(300, 100);
		assert_int_equal(sl_sealed_header_read(&h, file, n, NULL), 0);
		for (size_t bit = 0; bit < 8 * n; bit++) {
			struct reading r;
			size_t good;

			file[bit / 8] ^= (uint8_t)(1 << bit % 8);
			r = open_file(file, n);
			file[bit / 8] ^= (uint8_t)(1 << bit % 8);
			good = bit / 8 < h.len ? 0 : text_before(h.len, 100, 300, bit / 8);
			assert_true(r.error < 0);
			assert_int_equal(r.len, good);
			assert_memory_equal(out, text, good);
			// A length that claims more than there is looks like a cut.
			if (bit / 8 >= h.len)
				assert_true(r.error == -EBADMSG || r.error == -EILSEQ ||
					    r.error == -ENODATA);
		}
	}
}

enum { PIECE = 100 + SL_SEALED_EXTRA }; // a chunk of the files below

static size_t header_of(size_t n)
{
	struct sl_sealed_header h;

	assert_int_equal(sl_sealed_header_read(&h, file, n, NULL), 0);
	return h.len;
}

static void chunks_in_another_order_are_seen(void **state)
{
	size_t n, header;
	struct reading r;

	(void)state;
	choose("N");
	n = seal(500, 100);
	header = header_of(n);
	for (size_t i = 0; i < 5; i++)
		for (size_t j = 0; j < 5; j++) {
			memcpy(copy, file, n);
			memcpy(copy + header + i * PIECE, file + header + j * PIECE, PIECE);
			memcpy(copy + header + j * PIECE, file + header + i * PIECE, PIECE);
			r = open_file(copy, n);
			assert_int_equal(r.error, i == j ? 0 : -EILSEQ);
			assert_int_equal(r.len, i == j ? 500 : 100 * (i < j ? i : j));
		}
}

static void chunks_removed_or_repeated_are_seen(void **state)
{
	size_t n, header;
	struct reading r;

	(void)state;
	choose("N");
	n = seal(500, 100);
	header = header_of(n);
	for (size_t i = 0; i < 5; i++) {
		size_t at = header + i * PIECE;

		memcpy(copy, file, at);
		memcpy(copy + at, file + at + PIECE, n - at - PIECE);
		r = open_file(copy, n - PIECE);
		assert_int_equal(r.error, -EILSEQ);
		assert_int_equal(r.len, 100 * i);
		memcpy(copy, file, at + PIECE);
		memcpy(copy + at + PIECE, file + at, n - at);
		r = open_file(copy, n + PIECE);
		assert_int_equal(r.error, -EILSEQ);
		assert_int_equal(r.len, 100 * i + 100);
	}
}

static void chunks_of_another_file_are_refused(void **state)
{
	static uint8_t other[1000];
	size_t n, header;

	(void)state;
	choose("N");
	n = seal(500, 100);
	assert_true(n <= sizeof(other));
	memcpy(other, file, n);
	assert_int_equal(seal(500, 100), n); // the same text, for the same reader
	header = header_of(n);
	for (size_t i = 0; i < 5; i++) {
		size_t at = header + i * PIECE;
		struct reading r;

		memcpy(copy, file, at); // the front of one, the rest of the other
		memcpy(copy + at, other + at, n - at);
		r = open_file(copy, n);
		assert_int_equal(r.error, -EBADMSG);
		assert_int_equal(r.len, 100 * i);
	}
}

static void bytes_behind_the_end_are_seen(void **state)
{
	size_t n;
	struct reading r;

	(void)state;
	choose("N");
	n = seal(100, 100);
	file[n] = 0;
	r = open_file(file, n + 1);
	assert_int_equal(r.error, -EBADMSG);
	assert_int_equal(r.len, 100);
	memcpy(file + n, file, n); // a second file behind the first
	assert_int_equal(open_file(file, 2 * n).error, -EBADMSG);
}

static void other_keys_do_not_open(void **state)
{
	static const char *const patterns[] = {"N", "K", "X"};
	struct sl_unseal_keys right;

	(void)state;
	for (size_t p = 0; p < 3; p++) {
		size_t n;

		choose(patterns[p]);
		right = keys;
		n = seal(100, 100);
		keys.key[7] ^= 1;
		assert_int_equal(open_file(file, n).error, -EKEYREJECTED);
		keys = right;
		keys.psk[7] ^= 1;
		assert_int_equal(open_file(file, n).error, -EKEYREJECTED);
		keys = right;
		keys.writer_known = true;
		sl_key_public(reader_key, keys.writer); // anybody but the writer
		assert_int_equal(open_file(file, n).error,
				 patterns[p][0] == 'N' ? -EINVAL : -EKEYREJECTED);
		keys = right;
		assert_whole(n, 100);
	}
	choose("K");
	keys.writer_known = false;
	assert_int_equal(open_file(file, seal(1, 1)).error, -EINVAL);
}

// All that the machine has which seals: the capability, and its own private key.
static void the_writer_cannot_read_what_it_wrote(void **state)
{
	static const char *const patterns[] = {"N", "K", "X"};

	(void)state;
	for (size_t p = 0; p < 3; p++) {
		struct sl_unseal_keys right = keys;
		size_t n;

		choose(patterns[p]);
		n = seal(100, 100);
		memcpy(keys.key, writer_key, SL_KEY);
		assert_int_equal(open_file(file, n).error, -EKEYREJECTED);
		memcpy(keys.key, to.key, SL_KEY);
		assert_int_equal(open_file(file, n).error, -EKEYREJECTED);
		memcpy(keys.key, to.psk, SL_KEY);
		assert_int_equal(open_file(file, n).error, -EKEYREJECTED);
		keys = right;
	}
}

// Nor with what is in its memory while it writes.
static void the_key_of_a_flush_is_gone_after_it(void **state)
{
	const struct sl_sealed_place place = {0};
	struct sl_unsealed done;
	struct sl_unsealer thief = {0};
	struct sl_sealer s;
	size_t n, m;

	(void)state;
	choose("N");
	n = begin(&s, &place);
	m = (size_t)sl_sealer_seal(&s, text, 100, 0, file + n);
	thief.cipher = s.cipher;
	thief.cipher.nonce = 0;
	assert_int_equal(sl_unsealer_open(&thief, file + n, m, out, &done), -EBADMSG);
	assert_int_equal(done.len, 0);
	assert_true(sl_sealer_seal(&s, text, 100, SL_SEALED_LAST, file + n + m) > 0);
	for (size_t i = 0; i < sizeof(s); i++)
		assert_int_equal(((uint8_t *)&s)[i], 0);
	assert_int_equal(sl_sealer_seal(&s, text, 1, 0, file), -EKEYEXPIRED);
	assert_int_equal(sl_sealer_seal(&s, text, 1, SL_SEALED_LAST, file), -EKEYEXPIRED);
}

static void numbers_end_before_they_are_used_twice(void **state)
{
	const struct sl_sealed_place place = {0};
	struct sl_sealer s;

	(void)state;
	choose("N");
	begin(&s, &place);
	s.cipher.nonce = sl_sealed_chunks_max - 1;
	assert_int_equal(sl_sealer_seal(&s, text, SL_SEALED_TEXT + 1, 0, file), -EKEYEXPIRED);
	assert_true(sl_sealer_seal(&s, text, SL_SEALED_TEXT, 0, file) > 0);
	assert_int_equal(sl_sealer_seal(&s, text, 1, 0, file), -EKEYEXPIRED);
	sl_sealer_wipe(&s);
}

static void a_segment_says_where_it_stands(void **state)
{
	struct sl_sealed_place place = {0};
	struct sl_sealed_header h;
	struct sl_sealer s;
	size_t n;

	(void)state;
	choose("X");
	n = begin(&s, &place);
	sl_sealed_id(file, n, place.previous);
	place.number = 1;
	n = begin(&s, &place);
	assert_int_equal(sl_sealed_header_read(&h, file, n, NULL), 0);
	assert_string_equal(h.pattern, "Xpsk0");
	assert_int_equal(h.place.number, 1);
	assert_memory_equal(h.place.previous, place.previous, SL_SEALED_ID);
	file[9 + 5 + 8]++; // the number, which the handshake binds
	assert_int_equal(open_file(file, n).error, -EKEYREJECTED);
	sl_sealer_wipe(&s);
}

static void headers_that_no_writer_makes_are_refused(void **state)
{
	struct sl_sealed_header h;
	struct sl_error err;
	size_t n;

	(void)state;
	choose("N");
	n = seal(0, 1);
	assert_int_equal(sl_sealed_header_read(&h, (const uint8_t *)"\xd4\xc3\xb2\xa1", 4, &err),
			 -EPROTO);
	file[8] = 2;
	assert_int_equal(sl_sealed_header_read(&h, file, n, &err), -EPROTONOSUPPORT);
	assert_string_equal(err.text,
			    "a sealed capture of version 2; this program reads version 1");
	file[8] = 1;
	file[9] = 16;
	assert_int_equal(sl_sealed_header_read(&h, file, n, &err), -EBADMSG);
	file[9] = 5;
	memcpy(file + 10, "XXps0", 5);
	assert_int_equal(sl_sealed_header_read(&h, file, n, &err), -EBADMSG);
	memcpy(file + 10, "Npsk0", 5);
	file[9 + 5 + 9 + 3] = 1; // one before the first
	assert_int_equal(sl_sealed_header_read(&h, file, n, &err), -EBADMSG);
}

static void wrong_capabilities_do_not_seal(void **state)
{
	const struct sl_sealer_keys without = {.to = &to}, with = {.to = &to, .key = writer_key};
	const struct sl_sealed_place place = {0};
	struct sl_error err;
	struct sl_sealer s;

	(void)state;
	choose("NK");
	assert_int_equal(sl_sealer_init(&s, &without, &place, file, &err), -EINVAL);
	assert_non_null(strstr(err.text, "one-way patterns N, K and X"));
	choose("N");
	assert_int_equal(sl_sealer_init(&s, &with, &place, file, &err), -EINVAL);
	choose("K");
	assert_int_equal(sl_sealer_init(&s, &without, &place, file, &err), -EINVAL);
	choose("X");
	assert_int_equal(sl_sealer_init(&s, &without, &place, file, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pattern_and_length_goes_round),
		cmocka_unit_test(every_size_of_flush_goes_round),
		cmocka_unit_test(a_long_flush_is_sealed_in_several_bursts),
		cmocka_unit_test(a_file_cut_at_every_byte_is_read_up_to_there),
		cmocka_unit_test(every_flipped_bit_is_seen_where_it_is),
		cmocka_unit_test(chunks_in_another_order_are_seen),
		cmocka_unit_test(chunks_removed_or_repeated_are_seen),
		cmocka_unit_test(chunks_of_another_file_are_refused),
		cmocka_unit_test(bytes_behind_the_end_are_seen),
		cmocka_unit_test(other_keys_do_not_open),
		cmocka_unit_test(the_writer_cannot_read_what_it_wrote),
		cmocka_unit_test(the_key_of_a_flush_is_gone_after_it),
		cmocka_unit_test(numbers_end_before_they_are_used_twice),
		cmocka_unit_test(a_segment_says_where_it_stands),
		cmocka_unit_test(headers_that_no_writer_makes_are_refused),
		cmocka_unit_test(wrong_capabilities_do_not_seal),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
