#include "tests/drivers/sealing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static void make_key(const char *path, uint8_t key[SL_KEY])
{
	char text[SL_KEY_TEXT];

	assert_int_equal(sl_key_generate(key, NULL), 0);
	sl_key_format(key, text);
	assert_int_equal(sl_secret_save(path, text, NULL), 0);
}

static void make_capability(const uint8_t reader[SL_KEY], const char *pattern)
{
	struct sl_capability c = {0};
	char line[SL_CAPABILITY_TEXT], path[16];

	sl_key_public(reader, c.key);
	assert_int_equal(sl_key_generate(c.psk, NULL), 0);
	assert_int_equal(sl_capability_set_pattern(&c, pattern, NULL), 0);
	assert_int_equal(sl_capability_format(&c, line, NULL), 0);
	snprintf(path, sizeof(path), "%s.cap", pattern);
	assert_int_equal(sl_secret_save(path, line, NULL), 0);
}

void sealing_make_keys(void)
{
	static const char *const patterns[] = {"N", "K", "X", "NK"};
	uint8_t reader[SL_KEY], key[SL_KEY];

	make_key("reader.key", reader);
	make_key("writer.key", key);
	make_key("other.key", key);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		make_capability(reader, patterns[i]);
}

struct sl_unseal_keys sealing_keys(const char *pattern)
{
	char cap[16], public[SL_KEY_TEXT];
	struct sl_unseal_files files = {.key = "reader.key", .cap = cap};
	struct sl_unseal_keys keys;
	struct sl_error err;
	uint8_t writer[SL_KEY];

	snprintf(cap, sizeof(cap), "%s.cap", pattern);
	assert_int_equal(sl_key_load("writer.key", writer, NULL), 0);
	sl_key_public(writer, writer);
	sl_key_format(writer, public);
	if (pattern[0] != 'N')
		files.writer = public;
	if (sl_unseal_keys_load(&keys, &files, &err) < 0)
		fail_msg("%s", err.text);
	return keys;
}

void sealing_file(const char *path, const char *pattern, unsigned n, uint32_t len, unsigned every)
{
	struct sl_savefile s;
	struct sl_error err;
	struct sl_seal seal;
	static uint8_t frame[65535];
	char cap[16];
	size_t written;

	snprintf(cap, sizeof(cap), "%s.cap", pattern);
	if (sl_seal_open(&seal, cap, pattern[0] == 'N' ? NULL : "writer.key", SL_SAVEFILE_BUFFER,
			 &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(
		sl_savefile_open(&s, path, (struct sl_savefile_format){.seal = &seal}, NULL, NULL),
		0);
	assert_int_equal(sl_savefile_begin(&s), 0);
	for (unsigned i = 0; i < n; i++) {
		memset(frame, (int)i, len);
		if ((every && i && i % every == 0) || !sl_savefile_has_room(&s, len))
			assert_int_equal(sl_savefile_flush(&s, &written), 0);
		sl_savefile_add(&s, frame, len, len, 1000000000 + i * 1000);
	}
	assert_int_equal(sl_savefile_finish(&s, &written), 0);
	assert_int_equal(sl_savefile_close(&s), 0);
	sl_seal_close(&seal);
}

uint8_t *sealing_read(const char *path, const struct sl_unseal_keys *keys, size_t *n, int *result,
		      struct sl_error *err)
{
	enum { STEP = 64 << 10 };
	struct stat st;
	uint8_t *text;
	struct sl_unseal *u;
	ssize_t r;

	assert_int_equal(stat(path, &st), 0);
	text = malloc((size_t)st.st_size + STEP); // no file has more text than bytes
	assert_non_null(text);
	*n = 0;
	*result = sl_unseal_open(&u, path, keys, err);
	if (*result < 0)
		return text;
	while ((r = sl_unseal_read(u, text + *n, STEP, err)) > 0) {
		*n += (size_t)r;
		assert_true(*n <= (size_t)st.st_size);
	}
	*result = (int)r;
	assert_int_equal(sl_unseal_read(u, text + *n, STEP, err), r); // and again
	sl_unseal_close(u);
	return text;
}
