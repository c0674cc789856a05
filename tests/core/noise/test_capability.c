#include <errno.h>
#include <setjmp.h>
#include <sluice/capability.h>
#include <sluice/noise.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

// The vector of docs/capabilities.md.
static const char vector[] = "sluicecap1_B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9_AsrhtHHzAwcLDxMXGx8jJ"
			     "ysvMzc7P0NHS09TV1tfY2drb3N3e3wZOS3BzazAPMTkyLjAuMi4xOjUxODIw8UaL2g";

// The capability that it stands for.
static struct sl_capability sample(void)
{
	struct sl_capability c = {.pattern = "NKpsk0", .endpoint = "192.0.2.1:51820"};
	uint8_t secret[SL_KEY];

	for (int i = 0; i < SL_KEY; i++) {
		secret[i] = (uint8_t)(i + 1);
		c.psk[i] = (uint8_t)(0xc0 + i);
	}
	sl_key_public(secret, c.key);
	return c;
}

static void assert_refused(const char *text, const char *what)
{
	static const struct sl_capability zeros;
	struct sl_error err = {0};
	struct sl_capability c;

	if (sl_capability_parse(&c, text, &err) != -EINVAL)
		fail_msg("accepted: %s", text);
	if (!strstr(err.text, what))
		fail_msg("%s: %s", text, err.text);
	assert_memory_equal(&c, &zeros, sizeof(c));
}

static void the_vector_is_read_and_written(void **state)
{
	struct sl_capability wanted = sample(), c;
	char text[SL_CAPABILITY_TEXT], name[SL_CAPABILITY_PROTOCOL];

	(void)state;
	assert_int_equal(sl_capability_parse(&c, vector, NULL), 0);
	assert_memory_equal(&c, &wanted, sizeof(c));
	assert_int_equal(sl_capability_format(&c, text, NULL), 0);
	assert_string_equal(text, vector);
	sl_capability_protocol(&c, name);
	assert_string_equal(name, "Noise_NKpsk0_25519_ChaChaPoly_BLAKE2s");
}

static void the_id_depends_on_key_psk_and_pattern(void **state)
{
	struct sl_capability c = sample(), other[3] = {c, c, c};
	uint8_t id[SL_KEY], its[SL_KEY];
	char text[SL_KEY_TEXT];

	(void)state;
	sl_capability_id(&c, id);
	sl_key_format(id, text);
	assert_string_equal(text, "NM6uG8hPoyCxfCE+ja5GAlQwYrKZEAr6IJw1m/y4psE=");
	other[0].key[0] ^= 1;
	other[1].psk[0] ^= 1;
	strcpy(other[2].pattern, "XKpsk0");
	for (unsigned i = 0; i < 3; i++) {
		sl_capability_id(&other[i], its);
		assert_memory_not_equal(id, its, sizeof(id));
	}
	c.endpoint[0] = '\0';
	sl_capability_id(&c, its);
	assert_memory_equal(id, its, sizeof(id));
}

static void every_typo_is_found(void **state)
{
	char text[sizeof(vector)];

	(void)state;
	for (size_t i = 0; i < sizeof(vector) - 1; i++)
		for (int c = 1; c < 256; c++) {
			memcpy(text, vector, sizeof(vector));
			text[i] = (char)c;
			if (text[i] != vector[i])
				assert_refused(text, "capability");
		}
}

static void two_swapped_characters_are_found(void **state)
{
	char text[sizeof(vector)];

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(vector) - 1; i++) {
		memcpy(text, vector, sizeof(vector));
		text[i] = vector[i + 1];
		text[i + 1] = vector[i];
		if (text[i] != text[i + 1])
			assert_refused(text, "capability");
	}
}

static void cut_or_longer_lines_are_found(void **state)
{
	char text[2 * SL_CAPABILITY_TEXT + sizeof(vector)];

	(void)state;
	for (size_t len = 0; len < sizeof(vector) - 1; len++) {
		memcpy(text, vector, len);
		text[len] = '\0';
		assert_refused(text, "capability");
	}
	snprintf(text, sizeof(text), "%sA", vector);
	assert_refused(text, "capability");
	snprintf(text, sizeof(text), "%s\n", vector);
	assert_refused(text, "capability");
	memset(text, 'A', sizeof(text));
	memcpy(text, vector, sizeof(vector) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_refused(text, "capability");
}

static void other_versions_are_named(void **state)
{
	char text[sizeof(vector)];

	(void)state;
	memcpy(text, vector, sizeof(vector));
	text[strlen("sluicecap")] = '2';
	assert_refused(text, "of another version");
	assert_refused("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=", "begin with sluicecap1_");
}

static void errors_do_not_tell_the_secret(void **state)
{
	char text[sizeof(vector)];
	struct sl_capability c;
	struct sl_error err;

	(void)state;
	memcpy(text, vector, sizeof(vector));
	text[20] ^= 1;
	assert_int_equal(sl_capability_parse(&c, text, &err), -EINVAL);
	assert_null(strstr(err.text, "AsrhtHHz"));
}

static void what_makes_no_sense_is_not_written(void **state)
{
	char text[SL_CAPABILITY_TEXT];
	struct sl_capability c;
	struct sl_error err;

	(void)state;
	c = sample();
	memset(c.key, 0, SL_KEY);
	assert_int_equal(sl_capability_format(&c, text, &err), -EINVAL);
	assert_non_null(strstr(err.text, "low order"));
	assert_string_equal(text, "");
	c = sample();
	memset(c.psk, 0, SL_KEY);
	assert_int_equal(sl_capability_format(&c, text, &err), -EINVAL);
	assert_non_null(strstr(err.text, "all zeros"));
}

static void patterns_get_their_psk(void **state)
{
	static const char *const good[][2] = {
		{"N", "Npsk0"},       {"K", "Kpsk0"},     {"X", "Xpsk0"},   {"NK", "NKpsk0"},
		{"KK", "KKpsk0"},     {"XK", "XKpsk0"},   {"IK", "IKpsk2"}, {"NKpsk2", "NKpsk2"},
		{"XKpsk3", "XKpsk3"}, {"Kpsk1", "Kpsk1"},
	};
	static const char *const bad[] = {
		"",
		"NN",
		"XX",
		"IX",
		"NX",
		"K1K",
		"nk",
		"NKpsk3",
		"NKpsk0+psk2",
		"NKpsk",
		"NK_25519",
		"NK_25519_psk0",
		"XKpsk0psk0psk0x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct sl_capability c = sample();
		char text[SL_CAPABILITY_TEXT];

		assert_int_equal(sl_capability_set_pattern(&c, good[i][0], NULL), 0);
		assert_string_equal(c.pattern, good[i][1]);
		assert_int_equal(sl_capability_format(&c, text, NULL), 0);
		assert_int_equal(sl_capability_parse(&c, text, NULL), 0);
		assert_string_equal(c.pattern, good[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sl_capability c = sample();
		struct sl_error err = {0};

		assert_int_equal(sl_capability_set_pattern(&c, bad[i], &err), -EINVAL);
		assert_non_null(strstr(err.text, "the pattern of a capability is"));
		assert_string_equal(c.pattern, "NKpsk0");
	}
}

static void endpoints_are_host_and_port(void **state)
{
	static const char *const good[] = {
		"",           "192.0.2.1:51820",     "gate.example.org:1",
		"gate.7a.:1", "[2001:db8::1]:65535", "[::]:443",
	};
	static const char *const bad[] = {
		"192.0.2.1",       ":51820",        "host:",         "host:0",        "host:65536",
		"192.0.2.256:1",   "192.0.2:1",     "a.b.7:1",       "7:1",           "host:051820",
		"host:99999999",   "host:1a",       "2001:db8::1:5", "[2001:db8::1]", "[]:5",
		"[192.0.2.1]:5",   "[::1:5",        "::1]:5",        "ho st:5",       "host:-1",
		"[2001:db8::g]:5", "h\xc3\xb6st:5",
	};
	char text[SL_CAPABILITY_TEXT];
	struct sl_capability c;
	struct sl_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		c = sample();
		snprintf(c.endpoint, sizeof(c.endpoint), "%s", good[i]);
		assert_int_equal(sl_capability_format(&c, text, NULL), 0);
		assert_int_equal(sl_capability_parse(&c, text, NULL), 0);
		assert_string_equal(c.endpoint, good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		c = sample();
		snprintf(c.endpoint, sizeof(c.endpoint), "%s", bad[i]);
		assert_int_equal(sl_capability_format(&c, text, &err), -EINVAL);
		assert_non_null(strstr(err.text, "an endpoint is host:port"));
	}
	c = sample();
	memset(c.endpoint, 'h', sizeof(c.endpoint) - 1);
	memcpy(c.endpoint + sizeof(c.endpoint) - 7, ":51820", 7);
	assert_int_equal(sl_capability_format(&c, text, NULL), 0); // the longest
	assert_int_equal(sl_capability_parse(&c, text, NULL), 0);
	assert_int_equal(strlen(c.endpoint), SL_CAPABILITY_ENDPOINT - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vector_is_read_and_written),
		cmocka_unit_test(the_id_depends_on_key_psk_and_pattern),
		cmocka_unit_test(every_typo_is_found),
		cmocka_unit_test(two_swapped_characters_are_found),
		cmocka_unit_test(cut_or_longer_lines_are_found),
		cmocka_unit_test(other_versions_are_named),
		cmocka_unit_test(errors_do_not_tell_the_secret),
		cmocka_unit_test(what_makes_no_sense_is_not_written),
		cmocka_unit_test(patterns_get_their_psk),
		cmocka_unit_test(endpoints_are_host_and_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
