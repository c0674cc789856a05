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
		"[fe80::1]:1",
		"[fe80::1%lo]:1",
		"[fe80::1111:2222:3333:4444%999999999]:65535", // an interface that is gone
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
		"[fe80::1%]:1",
		"[fe80::1%0]:1",
		"[fe80::1%nowhere]:1",
		"[2001:db8::1%lo]:1",
		"192.0.2.1%lo:1",
	};
	struct sl_endpoint e = {.port = 77};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (sl_endpoint_parse(texts[i], &e))
			fail_msg("'%s'", texts[i]);
	assert_int_equal(e.port, 77);
}

static void a_scope_is_put_in_and_taken_out(void **state)
{
	const struct sl_ip near = {6, {0xfe, 0x80, [15] = 1}}, far = {6, {0x20, 0x01, [15] = 1}};
	struct sl_ip ip = near;

	(void)state;
	sl_scope_put(&ip, 0x01020304);
	assert_false(sl_ip_equal(&ip, &near));
	assert_int_equal(sl_scope_take(&ip), 0x01020304);
	assert_true(sl_ip_equal(&ip, &near));
	assert_int_equal(sl_scope_take(&ip), 0);
	ip = far;
	sl_scope_put(&ip, 7);
	assert_true(sl_ip_equal(&ip, &far));
	assert_int_equal(sl_scope_take(&ip), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_comes_back_as_it_was),
		cmocka_unit_test(what_is_no_endpoint_is_refused),
		cmocka_unit_test(a_scope_is_put_in_and_taken_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
