#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sluice/key.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

// The vector of docs/capabilities.md: bytes 1 to 32.
static const char secret_text[] = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
static const char public_text[] = "B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw=";
static const char label_text[] = "g2noqbbmvhvqajamgr2dt2hugupxco4tj5mns7m3hjc3exygltuq";

static char folder[] = "/tmp/sluice-key-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static int choose_path(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/key", folder);
	return 0;
}

static int remove_path(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void write_file(const char *bytes, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void text_public_key_and_label_are_the_vectors(void **state)
{
	uint8_t key[SL_KEY], public[SL_KEY];
	char text[SL_KEY_TEXT], label[SL_KEY_LABEL];

	(void)state;
	assert_int_equal(sl_key_parse(key, secret_text, NULL), 0);
	for (int i = 0; i < SL_KEY; i++)
		assert_int_equal(key[i], i + 1);
	sl_key_format(key, text);
	assert_string_equal(text, secret_text);
	sl_key_public(key, public);
	sl_key_format(public, text);
	assert_string_equal(text, public_text);
	sl_key_label(public, label);
	assert_string_equal(label, label_text);
	assert_int_equal(strspn(label, "abcdefghijklmnopqrstuvwxyz234567"), SL_KEY_LABEL - 1);
}

static void texts_that_are_no_key_are_refused_untold(void **state)
{
	static const char *const bad[] = {
		"",
		"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA",    // no padding
		"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA==",  // too much
		"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAh",   // 33 bytes
		"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyB=",   // bits behind the last byte
		"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHy-=",   // base64url
		" AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",  // a blank
		"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n", // a newline
		"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e====",
		"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY\xe6RobHB0eHyA=", // beyond ASCII
	};
	static const uint8_t zeros[SL_KEY];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sl_error err = {0};
		uint8_t key[SL_KEY] = {1};

		assert_int_equal(sl_key_parse(key, bad[i], &err), -EINVAL);
		assert_non_null(strstr(err.text, "not a key"));
		assert_null(strstr(err.text, "AQID"));
		assert_memory_equal(key, zeros, SL_KEY);
	}
}

static void generated_keys_differ_and_are_clamped(void **state)
{
	uint8_t a[SL_KEY], b[SL_KEY];

	(void)state;
	assert_int_equal(sl_key_generate(a, NULL), 0);
	assert_int_equal(sl_key_generate(b, NULL), 0);
	assert_memory_not_equal(a, b, SL_KEY);
	assert_int_equal(a[0] & 7, 0);
	assert_int_equal(a[31] & 0xc0, 0x40);
}

static void a_saved_secret_is_its_owners_alone(void **state)
{
	mode_t mask = umask(0);
	uint8_t key[SL_KEY];
	struct sl_error err;
	struct stat st;

	(void)state;
	assert_int_equal(sl_secret_save(path, secret_text, NULL), 0);
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(sl_key_load(path, key, NULL), 0);
	assert_int_equal(key[31], 32);
	assert_int_equal(sl_secret_save(path, "another", &err), -EEXIST);
	assert_non_null(strstr(err.text, "is there already"));
	assert_int_equal(sl_key_load(path, key, NULL), 0);
	assert_int_equal(sl_secret_save("/nowhere/key", secret_text, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/key: cannot be created: No such file"));
}

static void files_open_to_others_are_refused(void **state)
{
	static const mode_t open_modes[] = {0644, 0640, 0604, 0660, 0602, 0610, 0777};
	uint8_t key[SL_KEY];

	(void)state;
	for (size_t i = 0; i < sizeof(open_modes) / sizeof(open_modes[0]); i++) {
		struct sl_error err;

		write_file(secret_text, strlen(secret_text), open_modes[i]);
		assert_int_equal(sl_key_load(path, key, &err), -EACCES);
		assert_non_null(strstr(err.text, path));
		assert_non_null(strstr(err.text, "chmod 600"));
	}
	write_file(secret_text, strlen(secret_text), 0400);
	assert_int_equal(sl_key_load(path, key, NULL), 0);
}

static void blanks_around_the_line_do_not_matter(void **state)
{
	uint8_t key[SL_KEY];
	char text[100];
	int len = snprintf(text, sizeof(text), "\n  %s \r\n\n", secret_text);

	(void)state;
	write_file(text, (size_t)len, 0600);
	assert_int_equal(sl_key_load(path, key, NULL), 0);
	assert_int_equal(key[0], 1);
}

static void files_that_hold_no_key_say_so(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *what;
	} bad[] = {
		{"", 0, "is empty"},
		{"\n\n", 2, "does not hold one line"},
		{"a\nb\n", 4, "does not hold one line"},
		{"a\0b", 3, "does not hold one line"},
		{"\xff\xfe", 2, "does not hold one line"},
		{"key", 3, "not a key"},
	};
	char big[300];
	uint8_t key[SL_KEY];
	struct sl_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_file(bad[i].bytes, bad[i].len, 0600);
		assert_int_equal(sl_key_load(path, key, &err), -EINVAL);
		assert_non_null(strstr(err.text, path));
		assert_non_null(strstr(err.text, bad[i].what));
	}
	memset(big, 'A', sizeof(big));
	write_file(big, sizeof(big), 0600);
	assert_int_equal(sl_key_load(path, key, &err), -EINVAL);
	assert_non_null(strstr(err.text, "is too long"));
	unlink(path);
	assert_int_equal(sl_key_load(path, key, &err), -ENOENT);
	assert_int_equal(sl_key_load(folder, key, &err), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_public_key_and_label_are_the_vectors),
		cmocka_unit_test(texts_that_are_no_key_are_refused_untold),
		cmocka_unit_test(generated_keys_differ_and_are_clamped),
		cmocka_unit_test_setup_teardown(a_saved_secret_is_its_owners_alone, choose_path,
						remove_path),
		cmocka_unit_test_setup_teardown(files_open_to_others_are_refused, choose_path,
						remove_path),
		cmocka_unit_test_setup_teardown(blanks_around_the_line_do_not_matter, choose_path,
						remove_path),
		cmocka_unit_test_setup_teardown(files_that_hold_no_key_say_so, choose_path,
						remove_path),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
