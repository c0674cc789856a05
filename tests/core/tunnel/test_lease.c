#include "core/tunnel/lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct sl_prefix prefix(const char *text)
{
	struct sl_prefix p;

	assert_true(sl_prefix_parse(text, &p));
	return p;
}

static struct sl_lease full(void)
{
	return (struct sl_lease){
		.ipv4 = prefix("10.9.0.7/24"),
		.ipv6 = prefix("fd00:9::7/64"),
		.mtu = 1420,
		.n_networks = 4,
		.networks = {prefix("0.0.0.0/0"), prefix("::/0"), prefix("192.0.2.0/24"),
			     prefix("2001:db8::/32")},
	};
}

static void what_is_written_is_read(void **state)
{
	struct sl_lease l = full(), back;
	uint8_t bytes[SL_LEASE_LEN], again[SL_LEASE_LEN];

	(void)state;
	for (l.n_networks = 0; l.n_networks <= SL_LEASE_NETWORKS; l.n_networks++) {
		sl_lease_write(&l, bytes);
		assert_true(sl_lease_read(bytes, &back));
		assert_int_equal(back.mtu, 1420);
		assert_int_equal(back.n_networks, l.n_networks);
		sl_lease_write(&back, again);
		assert_memory_equal(bytes, again, sizeof(bytes));
	}
	l = (struct sl_lease){0};
	sl_lease_write(&l, bytes);
	assert_true(sl_lease_read(bytes, &back));
	assert_int_equal(back.ipv4.ip.family, 0);
	assert_int_equal(back.ipv6.ip.family, 0);
}

static void nothing_is_no_lease(void **state)
{
	static const uint8_t nothing[SL_LEASE_LEN];
	struct sl_lease l;

	(void)state;
	assert_false(sl_lease_read(nothing, &l));
}

static void later_versions_may_say_more(void **state)
{
	struct sl_lease l = full(), back;
	uint8_t bytes[SL_LEASE_LEN];

	(void)state;
	sl_lease_write(&l, bytes);
	bytes[0] = 2;
	memset(bytes + 124, 0xff, 4);
	assert_true(sl_lease_read(bytes, &back));
	assert_memory_equal(back.ipv4.ip.bytes, l.ipv4.ip.bytes, 4);
}

// Byte `at` of a full lease set to `value` makes it nonsense.
static void refused(unsigned at, uint8_t value)
{
	struct sl_lease l = full(), before = {.mtu = 99}, back = before;
	uint8_t bytes[SL_LEASE_LEN];

	sl_lease_write(&l, bytes);
	bytes[at] = value;
	if (sl_lease_read(bytes, &back))
		fail_msg("byte %u may be %u", at, value);
	assert_memory_equal(&back, &before, sizeof(back));
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	refused(0, 0);  // no version
	refused(4, 6);  // IPv6 where IPv4 stands
	refused(5, 33); // longer than an address
	refused(24, 4); // IPv4 where IPv6 stands
	refused(25, 129);
	refused(44, 5); // no family
	refused(45, 33);
	refused(104, 1);
}

static void an_mtu_that_ip_does_not_have_is_refused(void **state)
{
	struct sl_lease l = full();
	uint8_t bytes[SL_LEASE_LEN];

	(void)state;
	l.mtu = 67;
	sl_lease_write(&l, bytes);
	assert_false(sl_lease_read(bytes, &l));
	l.mtu = 0;
	sl_lease_write(&l, bytes);
	assert_true(sl_lease_read(bytes, &l));
}

static void networks_are_masked_and_end_with_those_of_the_addresses(void **state)
{
	static const char *const wanted[] = {"192.0.2.0/24", "10.9.0.0/24", "fd00:9::/64"};
	struct sl_lease l = full();
	uint8_t bytes[SL_LEASE_LEN];
	char text[SL_IP_TEXT];
	struct sl_prefix p;

	(void)state;
	l.n_networks = 1;
	l.networks[0] = prefix("192.0.2.99/24");
	sl_lease_write(&l, bytes);
	assert_true(sl_lease_read(bytes, &l));
	for (unsigned i = 0; i < 3; i++) {
		assert_true(sl_lease_network(&l, i, &p));
		assert_string_equal(sl_prefix_print(&p, text), wanted[i]);
	}
	assert_false(sl_lease_network(&l, 3, &p));
	l.ipv4 = (struct sl_prefix){0};
	assert_true(sl_lease_network(&l, 1, &p));
	assert_string_equal(sl_prefix_print(&p, text), wanted[2]);
	assert_false(sl_lease_network(&l, 2, &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(nothing_is_no_lease),
		cmocka_unit_test(later_versions_may_say_more),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(an_mtu_that_ip_does_not_have_is_refused),
		cmocka_unit_test(networks_are_masked_and_end_with_those_of_the_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
