// fuzz_sealed: sealed captures from strangers, and sealed captures that strangers have changed.
//
// With a first byte of 0, the rest is a file: its header is read, its handshake refused, and its
// chunks do not open. With another first byte, a right file is made and changed as the rest says,
// by records of 4 bytes: what is read of it must be the front of what was sealed, and all of it
// only if nothing has changed.

#include "core/noise/sealer.h"
#include "core/noise/unsealer.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	FLUSHES = 4,
	TEXT = FLUSHES * 300,
	FILE_MAX = TEXT + (FLUSHES + 1) * SL_SEALED_EXTRA + 8192,
	RECORD = 4,
};

enum { FLIP, CUT, REPEAT, MOVE, REMOVE, ACTIONS };

static uint8_t text[TEXT], right[FILE_MAX], changed[FILE_MAX];
static uint8_t out[SL_UNSEALER_BURST * SL_SEALED_TEXT], all[FILE_MAX];

static struct sl_noise_cipher first_key(void)
{
	struct sl_noise_cipher c = {.has_key = true};

	memset(c.key, 0x5a, sizeof(c.key));
	return c;
}

// Read chunks in pieces of at most `step` more bytes. Returns 0 (whole) or what ended it, and how
// many bytes of text came before.
static int read_chunks(const uint8_t *bytes, size_t len, size_t step, size_t *text_len)
{
	struct sl_unsealer u = {.cipher = first_key()};
	size_t at = 0, known = 0;
	struct sl_unsealed done;
	int r;

	*text_len = 0;
	for (;;) {
		r = sl_unsealer_open(&u, bytes + at, known - at, out, &done);
		must(done.used <= known - at && done.len <= done.used && done.len <= sizeof(out));
		must(*text_len + done.len <= sizeof(all));
		memcpy(all + *text_len, out, done.len);
		*text_len += done.len;
		at += done.used;
		if (r < 0 || (done.used == 0 && known == len))
			break;
		if (done.used == 0)
			known = len - known < step ? len : known + step;
	}
	if (r == 0 && !u.ended)
		r = -ENODATA;
	else if (r == 0 && at < len)
		r = -EBADMSG;
	sl_unsealer_wipe(&u);
	return r;
}

static void stranger(const uint8_t *data, size_t size)
{
	struct sl_unseal_keys keys = {.writer_known = size % 2};
	struct sl_sealed_header h;
	struct sl_unsealer u;
	size_t n;
	int r = sl_sealed_header_read(&h, data, size, NULL);

	memset(keys.key, 1, SL_KEY);
	memset(keys.psk, 2, SL_KEY);
	memset(keys.writer, 9, SL_KEY);
	if (r == 0) {
		must(h.len <= size && h.len <= SL_SEALED_HEADER_MAX);
		must(sl_unsealer_init(&u, &h, data, &keys, NULL) < 0);
	}
	must(read_chunks(data, size, 1000, &n) < 0 && n == 0);
}

// Seal the text in flushes. Returns the length of the chunks.
static size_t make(void)
{
	struct sl_sealer s = {.cipher = first_key()};
	size_t n = 0;

	for (size_t i = 0; i < TEXT; i++)
		text[i] = (uint8_t)(i * 31);
	for (size_t i = 0; i < FLUSHES; i++)
		n += (size_t)sl_sealer_seal(&s, text + i * 300, 300,
					    i == FLUSHES - 1 ? SL_SEALED_LAST : 0, right + n);
	return n;
}

// Do what a record says to the n bytes. Returns how many there are then.
static size_t change(size_t n, const uint8_t *record)
{
	enum { CHUNK = 300 + SL_SEALED_EXTRA };
	size_t at = n ? (record[1] | (size_t)record[2] << 8) % n : 0;
	size_t from = record[1] % FLUSHES * CHUNK, to = record[2] % FLUSHES * CHUNK;

	switch (record[0] % ACTIONS) {
	case FLIP:
		if (n)
			changed[at] ^= record[3];
		return n;
	case CUT:
		return at;
	case REPEAT:
		if (n + CHUNK > sizeof(changed) || from + CHUNK > n)
			return n;
		memmove(changed + from + CHUNK, changed + from, n - from);
		return n + CHUNK;
	case MOVE:
		if (from + CHUNK <= n && to + CHUNK <= n)
			memmove(changed + to, changed + from, CHUNK);
		return n;
	default:
		if (from + CHUNK > n)
			return n;
		memmove(changed + from, changed + from + CHUNK, n - from - CHUNK);
		return n - CHUNK;
	}
}

static void changes(size_t step, const uint8_t *data, size_t size)
{
	size_t n = make(), len = n, text_len;
	int r;

	memcpy(changed, right, n);
	for (; size >= RECORD; data += RECORD, size -= RECORD)
		len = change(len, data);
	r = read_chunks(changed, len, step, &text_len);
	must(text_len <= TEXT && memcmp(all, text, text_len) == 0);
	must((r == 0) == (len == n && memcmp(changed, right, n) == 0));
	must(r < 0 || text_len == TEXT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 0)
		stranger(data + 1, size - 1);
	else
		changes(data[0] * (size_t)8, data + 1, size - 1);
	return 0;
}
