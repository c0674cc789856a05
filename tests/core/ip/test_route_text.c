#include "core/ip/route_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const names[] = {"lan", "wan"};
static const struct sl_strings ifaces = {names, 2};

static struct sl_route parsed(const char *text, uint8_t family)
{
	struct sl_route r;
	struct sl_error err = {0};

	if (sl_route_parse(text, family, &ifaces, &r, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return r;
}

static void expect_prefix(const struct sl_route *r, const char *expected)
{
	char text[SL_IP_TEXT];

	assert_string_equal(sl_prefix_print(&r->prefix, text), expected);
}

static void expect_hop(const struct sl_route_hop *hop, const char *gateway, unsigned iface,
		       unsigned weight)
{
	char text[SL_IP_TEXT] = "";

	if (hop->gateway.family)
		sl_ip_print(&hop->gateway, text);
	assert_string_equal(text, gateway);
	assert_int_equal(hop->iface, iface);
	assert_int_equal(hop->weight, weight);
}

static void routes_are_read_as_ip_prints_them(void **state)
{
	struct sl_route r = parsed("10.1.0.0/16 via 10.0.0.2 dev lan", 4);

	(void)state;
	expect_prefix(&r, "10.1.0.0/16");
	assert_int_equal(r.kind, SL_ROUTE_FORWARD);
	assert_int_equal(r.n_hops, 1);
	expect_hop(&r.hops[0], "10.0.0.2", 0, 1);
	r = parsed("2001:db8::/32 dev wan", 6);
	expect_prefix(&r, "2001:db8::/32");
	expect_hop(&r.hops[0], "", 1, 1);
	r = parsed("10.0.0.1 via 10.0.0.2 dev wan", 4);
	expect_prefix(&r, "10.0.0.1/32");
	r = parsed("default via fe80::1 dev wan", 6);
	expect_prefix(&r, "::/0");
	r = parsed("  default\tvia 10.0.0.1  dev lan ", 4);
	expect_prefix(&r, "0.0.0.0/0");
}

static void several_next_hops_have_weights(void **state)
{
	struct sl_route r = parsed("10.2.0.0/16 via 10.0.0.2 dev lan weight 2 via 10.0.0.3 dev wan",
				   4);

	(void)state;
	assert_int_equal(r.n_hops, 2);
	expect_hop(&r.hops[0], "10.0.0.2", 0, 2);
	expect_hop(&r.hops[1], "10.0.0.3", 1, 1);
}

static void kinds_have_no_next_hop(void **state)
{
	static const struct {
		const char *text;
		uint8_t kind;
	} kinds[] = {
		{"10.9.0.0/16 blackhole", SL_ROUTE_BLACKHOLE},
		{"10.9.0.0/16 unreachable", SL_ROUTE_UNREACHABLE},
		{"10.9.0.0/16 prohibit", SL_ROUTE_PROHIBIT},
	};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct sl_route r = parsed(kinds[i].text, 4);

		assert_int_equal(r.kind, kinds[i].kind);
		assert_int_equal(r.n_hops, 0);
	}
}

static void mistakes_are_named(void **state)
{
	static const struct {
		uint8_t family;
		const char *text, *error;
	} bad[] = {
		{4, "", "'' ends where an IPv4 prefix should follow"},
		{4, "10.1.0.0/33 dev lan",
		 "'10.1.0.0/33 dev lan': '10.1.0.0/33' is not an IPv4 prefix"},
		{4, "fd00::/8 dev lan", "'fd00::/8 dev lan': 'fd00::/8' is not an IPv4 prefix"},
		{6, "10.0.0.0/8 dev lan",
		 "'10.0.0.0/8 dev lan': '10.0.0.0/8' is not an IPv6 prefix"},
		{4, "10.1.2.3/16 dev lan",
		 "'10.1.2.3/16' has bits behind the prefix: 10.1.0.0/16 would be right"},
		{4, "10.1.0.0/16",
		 "'10.1.0.0/16' ends where 'dev' with an interface should follow"},
		{4, "10.1.0.0/16 via",
		 "'10.1.0.0/16 via' ends where an IPv4 address should follow"},
		{4, "10.1.0.0/16 via fe80::1 dev lan",
		 "'10.1.0.0/16 via fe80::1 dev lan': 'fe80::1' is not an IPv4 address"},
		{4, "10.1.0.0/16 via 10.0.0.2",
		 "'10.1.0.0/16 via 10.0.0.2' ends where 'dev' with an interface should follow"},
		{4, "10.1.0.0/16 dev dmz",
		 "'10.1.0.0/16 dev dmz': 'dmz' is not the name of an interface"},
		{4, "10.1.0.0/16 dev lan weight 0",
		 "'10.1.0.0/16 dev lan weight 0': '0' is not a weight from 1 to 255"},
		{4, "10.1.0.0/16 dev lan weight 256",
		 "'10.1.0.0/16 dev lan weight 256': '256' is not a weight from 1 to 255"},
		{4, "10.1.0.0/16 dev lan weight",
		 "'10.1.0.0/16 dev lan weight' ends where a weight from 1 to 255 should follow"},
		{4, "10.1.0.0/16 blackhole dev lan",
		 "'10.1.0.0/16 blackhole dev lan': 'dev' is not known here"},
		{4, "10.1.0.0/16 dev lan metric 5",
		 "'10.1.0.0/16 dev lan metric 5': 'metric' is not known here"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sl_route r = {.n_hops = 99};
		struct sl_error err = {0};

		assert_int_equal(sl_route_parse(bad[i].text, bad[i].family, &ifaces, &r, &err),
				 -EINVAL);
		assert_string_equal(err.text, bad[i].error);
		assert_int_equal(r.n_hops, 99);
	}
}

static void seventeen_next_hops_are_too_many(void **state)
{
	char text[2000] = "10.0.0.0/8";
	struct sl_error err = {0};
	struct sl_route r;

	(void)state;
	for (unsigned i = 0; i < SL_ROUTE_HOPS_MAX; i++)
		strcat(text, " via 1.2.3.4 dev lan");
	r = parsed(text, 4);
	assert_int_equal(r.n_hops, SL_ROUTE_HOPS_MAX);
	strcat(text, " via 1.2.3.4 dev lan");
	assert_int_equal(sl_route_parse(text, 4, &ifaces, &r, &err), -EINVAL);
}

static void a_text_without_end_is_refused(void **state)
{
	char *text = calloc(1, 5000);
	struct sl_error err = {0};
	struct sl_route r;

	(void)state;
	memset(text, ' ', 4999);
	assert_int_equal(sl_route_parse(text, 4, &ifaces, &r, &err), -EINVAL);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_are_read_as_ip_prints_them),
		cmocka_unit_test(several_next_hops_have_weights),
		cmocka_unit_test(kinds_have_no_next_hop),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(seventeen_next_hops_are_too_many),
		cmocka_unit_test(a_text_without_end_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
