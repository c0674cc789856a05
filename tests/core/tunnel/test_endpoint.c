#include "core/tunnel/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void text_comes_back_as_it_was(void **state)
{
	static const char *const texts[] = {
		"192.0.2.1:51820",
		"0.0.0.0:1",
		"255.255.255.255:65535",
		"[::1]:80",
		"[2001:db8:1111:2222:3333:4444:5555:6666]:65535",
	};
	char buf[SL_ENDPOINT_TEXT];
	struct sl_endpoint e;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(sl_endpoint_parse(texts[i], &e));
		assert_string_equal(sl_endpoint_print(&e, buf), texts[i]);
	}
}

static void what_is_no_endpoint_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		":",
		":1",
		"[",
		"[]",
		"[]:1",
		"[:1",
		"]:1",
		"[::1]",
		"[::1]:",
		"[::1]:0",
		"::1:80",
		"192.0.2.1",
		"192.0.2.1:",
		"192.0.2.1:0",
		"192.0.2.1:65536",
		"192.0.2.1:+1",
		"192.0.2.1:1 ",
		"[192.0.2.1]:1",
		"[::1:80",
		"host:80",
		"192.0.2.1:000001",
	};
	struct sl_endpoint e = {.port = 77};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (sl_endpoint_parse(texts[i], &e))
			fail_msg("'%s'", texts[i]);
	assert_int_equal(e.port, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_comes_back_as_it_was),
		cmocka_unit_test(what_is_no_endpoint_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
