#include "core/tunnel/inner_pool.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct sl_inner_pool *pool(const char *own)
{
	struct sl_prefix p;
	struct sl_inner_pool *made;

	assert_true(sl_prefix_parse(own, &p));
	made = sl_inner_pool_create(&p);
	assert_non_null(made);
	return made;
}

static int take(struct sl_inner_pool *p, const char *address)
{
	struct sl_ip ip;

	assert_true(sl_ip_parse(address, &ip));
	return sl_inner_pool_take(p, &ip);
}

// Take the address of a name that begins with these bytes.
static void expect(struct sl_inner_pool *p, uint8_t first, const char *address)
{
	uint8_t name[SL_INNER_POOL_NAME] = {0, 0, 0, 0, 0, 0, 0, first};
	char text[SL_IP_TEXT];
	struct sl_ip ip;

	assert_true(sl_inner_pool_take_any(p, name, &ip));
	assert_string_equal(sl_ip_print(&ip, text), address);
}

static void a_name_has_its_place(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct sl_inner_pool *p = pool("10.9.0.1/24");

		expect(p, i ? 9 : 7, i ? "10.9.0.9" : "10.9.0.7");
		expect(p, i ? 7 : 9, i ? "10.9.0.7" : "10.9.0.9");
		sl_inner_pool_destroy(p);
	}
}

static void who_comes_later_gets_the_next_place(void **state)
{
	struct sl_inner_pool *p = pool("10.9.0.1/24");

	(void)state;
	assert_int_equal(take(p, "10.9.0.7"), 0);
	expect(p, 7, "10.9.0.8");
	expect(p, 7, "10.9.0.9");
	sl_inner_pool_destroy(p);
}

static void what_is_no_clients_is_not_given(void **state)
{
	struct sl_inner_pool *p = pool("10.9.0.1/29");

	(void)state;
	assert_int_equal(take(p, "10.9.0.0"), -EEXIST);
	assert_int_equal(take(p, "10.9.0.1"), -EEXIST);
	assert_int_equal(take(p, "10.9.0.7"), -EEXIST);
	assert_int_equal(take(p, "10.9.0.8"), -ERANGE);
	assert_int_equal(take(p, "fd00::1"), -ERANGE);
	expect(p, 7, "10.9.0.2");
	sl_inner_pool_destroy(p);
}

static void a_full_pool_gives_nothing(void **state)
{
	static const uint8_t name[SL_INNER_POOL_NAME];
	struct sl_inner_pool *p = pool("10.9.0.1/29");
	struct sl_ip ip;

	(void)state;
	for (unsigned i = 2; i <= 6; i++)
		assert_true(sl_inner_pool_take_any(p, name, &ip));
	assert_false(sl_inner_pool_take_any(p, name, &ip));
	sl_inner_pool_destroy(p);
	p = pool("10.9.0.1/32");
	assert_false(sl_inner_pool_take_any(p, name, &ip));
	sl_inner_pool_destroy(p);
	p = pool("10.9.0.0/31");
	expect(p, 0, "10.9.0.1");
	sl_inner_pool_destroy(p);
}

static void ipv6_has_a_million_hosts(void **state)
{
	struct sl_inner_pool *p = pool("fd00:9::1/64");

	(void)state;
	expect(p, 7, "fd00:9::7");
	assert_int_equal(take(p, "fd00:9::f:ffff"), 0);
	assert_int_equal(take(p, "fd00:9::10:0"), -ERANGE);
	assert_int_equal(take(p, "fd00:9::1:0:0:7"), -ERANGE);
	sl_inner_pool_destroy(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_its_place),
		cmocka_unit_test(who_comes_later_gets_the_next_place),
		cmocka_unit_test(what_is_no_clients_is_not_given),
		cmocka_unit_test(a_full_pool_gives_nothing),
		cmocka_unit_test(ipv6_has_a_million_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
