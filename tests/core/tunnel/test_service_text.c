#include "core/tunnel/service_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void a_line_says_all_of_a_service(void **state)
{
	struct sl_service_text t;
	char text[SL_IP_TEXT];

	(void)state;
	assert_int_equal(sl_service_text_parse("guests NK key=a/b.key "
					       "pool=10.9.0.1/24,fd00:9::1/64 "
					       "networks=192.0.2.0/24 rate=10Mbps mtu=1380",
					       &t, NULL),
			 0);
	assert_string_equal(t.name, "guests");
	assert_int_equal(t.pattern, SL_TUNNEL_NK);
	assert_string_equal(t.key_path, "a/b.key");
	assert_string_equal(sl_prefix_print(&t.ipv4, text), "10.9.0.1/24");
	assert_string_equal(sl_prefix_print(&t.ipv6, text), "fd00:9::1/64");
	assert_int_equal(t.grant.n_networks, 1);
	assert_int_equal(t.grant.rate, 10000000);
	assert_int_equal(t.grant.mtu, 1380);
	sl_service_text_fini(&t);
}

static void mistakes_name_the_word(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{"", "a service begins with its name of up to 31 characters"},
		{"key=a NK", "a service begins with its name of up to 31 characters"},
		{"s", "service s: '' is not NK, KK or XK"},
		{"s IK key=a", "service s: 'IK' is not NK, KK or XK"},
		{"s NKpsk2 key=a", "service s: 'NKpsk2' is not NK, KK or XK"},
		{"s NK", "service s: it needs key=FILE"},
		{"s NK key=a pool=10.0.0.1", "pool '10.0.0.1' is not like 10.9.0.1/24"},
		{"s NK key=a address=10.0.0.1",
		 "a service has no 'address'; it has key, pool, networks, rate, mtu"},
		{"s NK key=a pol=10.0.0.1/8",
		 "a service has no 'pol'; it has key, pool, networks, rate, mtu"},
		{"s NK key", "'key' is not of the form name=value"},
		{"s NK key=a rate=x", "rate 'x' is not like 10Mbps"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_service_text t = {0};
		struct sl_error err = {0};

		assert_int_equal(sl_service_text_parse(cases[i].line, &t, &err), -EINVAL);
		assert_string_equal(err.text, cases[i].text);
	}
}

static void a_client_has_what_the_service_says_unless_it_says_otherwise(void **state)
{
	struct sl_grant service = {.rate = 5, .mtu = 1400, .has_networks = true, .n_networks = 2};
	struct sl_grant own = {.mtu = 1300}, got = sl_grant_merge(&own, &service);

	(void)state;
	assert_int_equal(got.rate, 5);
	assert_int_equal(got.mtu, 1300);
	assert_int_equal(got.n_networks, 2);
	own.has_networks = true; // none
	assert_int_equal(sl_grant_merge(&own, &service).n_networks, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_says_all_of_a_service),
		cmocka_unit_test(mistakes_name_the_word),
		cmocka_unit_test(a_client_has_what_the_service_says_unless_it_says_otherwise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
