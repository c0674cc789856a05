#include "core/tunnel/peer_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define KEY "B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw="

static void a_line_says_all_of_a_peer(void **state)
{
	struct sl_peer_text t;
	char text[SL_ENDPOINT_TEXT];

	(void)state;
	assert_int_equal(sl_peer_text_parse(KEY " psk=a/b.psk endpoint=[2001:db8::1]:7 "
						"keepalive=25 allowed=10.0.0.0/8,fd00::/8",
					    &t, NULL),
			 0);
	assert_string_equal(t.psk_path, "a/b.psk");
	assert_string_equal(sl_endpoint_print(&t.endpoint, text), "[2001:db8::1]:7");
	assert_int_equal(t.keepalive_ns, 25000000000);
	assert_int_equal(t.n_allowed, 2);
	assert_string_equal(sl_prefix_print(&t.allowed[1], text), "fd00::/8");
	sl_peer_text_fini(&t);
}

static void a_key_alone_is_enough(void **state)
{
	struct sl_peer_text t;

	(void)state;
	assert_int_equal(sl_peer_text_parse(KEY, &t, NULL), 0);
	assert_null(t.psk_path);
	assert_int_equal(t.endpoint.ip.family, 0);
	assert_int_equal(t.n_allowed, 0);
	sl_peer_text_fini(&t);
}

static void mistakes_name_the_word(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{KEY " endpoint=host", "endpoint 'host' is not like 192.0.2.1:51820 or "
				       "[2001:db8::1]:51820"},
		{KEY " allowed=10.0.0.0/33", "'10.0.0.0/33' is not a prefix such as 10.1.0.0/16"},
		{KEY " keepalive=65536", "keepalive '65536' is not 0 to 65535 seconds"},
		{KEY " keepalive=1s", "keepalive '1s' is not 0 to 65535 seconds"},
		{KEY " alowed=::/0",
		 "a peer has no 'alowed'; it has psk, endpoint, keepalive, allowed"},
		{KEY " psk", "'psk' is not of the form name=value"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_error err = {0};
		struct sl_peer_text t = {0};

		assert_int_equal(sl_peer_text_parse(cases[i].line, &t, &err), -EINVAL);
		assert_string_equal(err.text, cases[i].text);
	}
	assert_int_equal(sl_peer_text_parse("", &(struct sl_peer_text){0}, NULL), -EINVAL);
	assert_int_equal(sl_peer_text_parse("abc", &(struct sl_peer_text){0}, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_says_all_of_a_peer),
		cmocka_unit_test(a_key_alone_is_enough),
		cmocka_unit_test(mistakes_name_the_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
