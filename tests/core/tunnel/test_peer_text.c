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

static void a_client_of_a_service_is_known_by_its_psk(void **state)
{
	struct sl_peer_text t;
	char text[SL_IP_TEXT];

	(void)state;
	assert_int_equal(sl_peer_text_parse("service=guests psk=a.psk key=" KEY
					    " address=10.9.0.7,fd00::7 networks=192.0.2.0/24,::/0 "
					    "rate=1.5Mbps mtu=1400 allowed=10.5.0.0/16",
					    &t, NULL),
			 0);
	assert_string_equal(t.service, "guests");
	assert_string_equal(t.psk_path, "a.psk");
	assert_true(t.has_key);
	assert_string_equal(sl_ip_print(&t.grant.ipv4, text), "10.9.0.7");
	assert_string_equal(sl_ip_print(&t.grant.ipv6, text), "fd00::7");
	assert_int_equal(t.grant.n_networks, 2);
	assert_int_equal(t.grant.rate, 1500000);
	assert_int_equal(t.grant.mtu, 1400);
	assert_int_equal(t.n_allowed, 1);
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
		{KEY " rate=1Mbps",
		 "a peer has no 'rate'; it has psk, endpoint, keepalive, allowed"},
		{"service=s", "a client of service s needs psk=FILE or cap=FILE"},
		{"service=s psk=p endpoint=192.0.2.1:1",
		 "a client has no 'endpoint'; it has psk, cap, key, allowed, address, networks, "
		 "rate, mtu"},
		{"service=s psk=p rate=5Mpps", "rate '5Mpps' is not like 10Mbps"},
		{"service=s psk=p mtu=67", "mtu '67' is not 68 to 64920"},
		{"service=s psk=p mtu=64921", "mtu '64921' is not 68 to 64920"},
		{"service=s psk=p address=10.0.0.0/8",
		 "'10.0.0.0/8' is not an address such as 10.9.0.2"},
		{"service=s psk=p networks=::/0,::/1,::/2,::/3,::/4",
		 "a client is told at most 4 networks"},
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
		cmocka_unit_test(a_client_of_a_service_is_known_by_its_psk),
		cmocka_unit_test(mistakes_name_the_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
