#include "core/ip/interfaces.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const names[] = {"lan", "wan", "la"};
static const struct sl_strings interfaces = {names, 3};
static struct sl_iface_addresses table;

static struct sl_ip ip(const char *text)
{
	struct sl_ip out;

	assert_true(sl_ip_parse(text, &out));
	return out;
}

static int read_texts(const char *const *texts, size_t n, struct sl_error *err)
{
	table.n = 0;
	return sl_iface_addresses_read(&table, &interfaces, &(struct sl_strings){texts, n}, err);
}

static void an_everyday_table(void)
{
	static const char *const texts[] = {"lan 10.0.0.1/24", "wan 192.0.2.1/30",
					    "lan 10.0.1.1/32", "wan fe80::1/64",
					    "wan 2001:db8::1/64"};

	assert_int_equal(read_texts(texts, RTE_DIM(texts), NULL), 0);
	assert_int_equal(table.n, 5);
}

static void source_is(uint16_t iface, bool link_local, const char *text)
{
	struct sl_ip want = text ? ip(text) : (struct sl_ip){.family = link_local ? 6 : 4};
	const uint8_t *got = sl_iface_addresses_source(&table, iface, want.family, link_local);

	if (!text)
		assert_null(got);
	else
		assert_memory_equal(got, want.bytes, sl_ip_len(want.family));
}

static void an_interface_is_found_by_its_whole_name(void **state)
{
	(void)state;
	assert_int_equal(sl_iface_find(&interfaces, "lan 10", 3), 0);
	assert_int_equal(sl_iface_find(&interfaces, "lan", 2), 2);
	assert_int_equal(sl_iface_find(&interfaces, "lane", 4), -1);
	assert_int_equal(sl_iface_find(&interfaces, "", 0), -1);
	assert_int_equal(sl_ifaces_check(&interfaces, NULL), 0);
}

static void interfaces_that_are_twice_or_too_many_are_refused(void **state)
{
	const char *const twice[] = {"lan", "wan", "lan"};
	const char *many[SL_IFACES_MAX + 1];
	char texts[SL_IFACES_MAX + 1][8];
	struct sl_error err;

	(void)state;
	assert_true(sl_ifaces_check(&(struct sl_strings){twice, 3}, &err) < 0);
	for (unsigned i = 0; i < RTE_DIM(many); i++) {
		snprintf(texts[i], sizeof(texts[i]), "p%u", i);
		many[i] = texts[i];
	}
	assert_int_equal(sl_ifaces_check(&(struct sl_strings){many, SL_IFACES_MAX}, &err), 0);
	assert_true(sl_ifaces_check(&(struct sl_strings){many, SL_IFACES_MAX + 1}, &err) < 0);
}

static void the_first_address_of_the_interface_speaks(void **state)
{
	(void)state;
	an_everyday_table();
	source_is(0, false, "10.0.0.1");
	source_is(1, false, "192.0.2.1");
	source_is(2, false, "10.0.0.1"); // has none
	source_is(SL_IFACE_NONE, false, "10.0.0.1");
}

static void a_link_local_address_speaks_on_its_link_alone(void **state)
{
	(void)state;
	an_everyday_table();
	source_is(1, true, "fe80::1");
	source_is(1, false, "192.0.2.1");
	source_is(0, true, "2001:db8::1");
	assert_memory_equal(sl_iface_addresses_source(&table, 1, 6, false), ip("2001:db8::1").bytes,
			    16);
	table.n = 4; // without the global one
	assert_null(sl_iface_addresses_source(&table, 1, 6, false));
	assert_null(sl_iface_addresses_source(&table, 0, 6, true));
}

static void broadcasts_of_networks_are_known(void **state)
{
	(void)state;
	an_everyday_table();
	assert_true(sl_iface_addresses_broadcast(&table, ip("10.0.0.255").bytes));
	assert_true(sl_iface_addresses_broadcast(&table, ip("192.0.2.3").bytes));
	assert_false(sl_iface_addresses_broadcast(&table, ip("192.0.2.2").bytes));
	assert_false(sl_iface_addresses_broadcast(&table, ip("10.0.1.1").bytes)); // a /32
	assert_false(sl_iface_addresses_broadcast(&table, ip("10.0.2.255").bytes));
}

static void anycast_addresses_of_networks_are_known(void **state)
{
	(void)state;
	an_everyday_table();
	assert_true(sl_iface_addresses_anycast(&table, ip("2001:db8::").bytes));
	assert_false(sl_iface_addresses_anycast(&table, ip("2001:db8::1").bytes));
	assert_false(sl_iface_addresses_anycast(&table, ip("2001:db8:0:1::").bytes));
	assert_false(sl_iface_addresses_anycast(&table, ip("fe80::").bytes));
}

static void a_router_is_in_the_groups_of_routers_and_of_its_addresses(void **state)
{
	static const char *const joined[] = {"ff02::1", "ff02::2", "ff05::2", "ff02::1:ff00:1",
					     "ff02::1:ff00:0"};
	static const char *const others[] = {"ff02::5", "ff0e::1", "ff05::1", "ff02::1:ff00:2",
					     "ff02::1:fe00:1"};

	(void)state;
	an_everyday_table();
	for (unsigned i = 0; i < RTE_DIM(joined); i++)
		assert_true(sl_iface_addresses_joined(&table, ip(joined[i]).bytes));
	for (unsigned i = 0; i < RTE_DIM(others); i++)
		assert_false(sl_iface_addresses_joined(&table, ip(others[i]).bytes));
}

static struct sl_control record(const char *prefix, uint16_t iface, bool remove)
{
	struct sl_control c = {.kind = SL_CONTROL_ADDRESS, .iface = iface, .remove = remove};

	assert_true(sl_prefix_parse(prefix, &c.address));
	return c;
}

static void control_records_add_and_remove(void **state)
{
	struct sl_control add = record("10.0.9.1/24", 2, false);
	struct sl_control take = record("10.0.9.1/24", 2, true), other = add;

	(void)state;
	an_everyday_table();
	other.kind = SL_CONTROL_NEIGHBOUR;
	assert_true(sl_iface_addresses_control(&table, &other));
	assert_int_equal(table.n, 5);
	assert_true(sl_iface_addresses_control(&table, &add));
	assert_true(sl_iface_addresses_control(&table, &add)); // said twice
	assert_int_equal(table.n, 6);
	assert_true(sl_iface_addresses_have(&table, 4, ip("10.0.9.1").bytes));
	source_is(2, false, "10.0.9.1");
	assert_true(sl_iface_addresses_control(&table, &take));
	assert_true(sl_iface_addresses_control(&table, &take));
	assert_int_equal(table.n, 5);
	assert_false(sl_iface_addresses_have(&table, 4, ip("10.0.9.1").bytes));
}

// The kernel loses an address when its interface goes down, for instance.
static void what_the_file_says_stays(void **state)
{
	struct sl_control add = record("10.0.0.1/24", 0, false);
	struct sl_control take = record("10.0.0.1/24", 0, true);
	static struct sl_iface_addresses next;

	(void)state;
	an_everyday_table();
	for (unsigned i = 0; i < 2; i++) {
		assert_true(sl_iface_addresses_control(&table, &add));
		assert_true(sl_iface_addresses_control(&table, &take));
		assert_int_equal(table.n, 5);
		source_is(0, false, "10.0.0.1");
	}
	next.n = 0;
	sl_iface_addresses_adopt(&next, &table);
	assert_int_equal(next.n, 0);
}

static void a_successor_forgets_what_its_file_does_not_say(void **state)
{
	struct sl_control add = record("10.0.0.1/24", 0, false);
	struct sl_control take = record("10.0.0.1/24", 0, true);
	static struct sl_iface_addresses next;

	(void)state;
	an_everyday_table();
	assert_true(sl_iface_addresses_control(&table, &add));
	next.n = 0;
	sl_iface_addresses_adopt(&next, &table);
	assert_int_equal(next.n, 1);
	assert_true(sl_iface_addresses_control(&next, &take));
	assert_int_equal(next.n, 0);
}

static void a_successor_takes_over_what_was_learned_alone(void **state)
{
	static struct sl_iface_addresses next;
	struct sl_control add = record("10.0.9.1/24", 2, false);

	(void)state;
	an_everyday_table();
	next.n = 0;
	sl_iface_addresses_control(&table, &add);
	sl_iface_addresses_adopt(&next, &table);
	assert_int_equal(next.n, 1);
	assert_true(sl_iface_addresses_have(&next, 4, ip("10.0.9.1").bytes));
}

static void a_full_table_says_so(void **state)
{
	char text[32];

	(void)state;
	table.n = 0;
	for (unsigned i = 0; i < SL_IFACE_ADDRESSES_MAX; i++) {
		struct sl_control c;

		snprintf(text, sizeof(text), "10.%u.%u.1/24", i >> 8, i & 255);
		c = record(text, 0, false);
		assert_true(sl_iface_addresses_control(&table, &c));
	}
	assert_false(sl_iface_addresses_control(
		&table, &(struct sl_control){.kind = SL_CONTROL_ADDRESS,
					     .address = {.ip = {.family = 4}}}));
}

static void bad_addresses_are_refused(void **state)
{
	static const char *const bad[] = {"",
					  "lan",
					  "lan ",
					  "10.0.0.1",
					  "lan x",
					  "lan 10.0.0.1/33",
					  "dmz 10.0.0.1/24",
					  "lan  10.0.0.1",
					  "la n 10.0.0.1"};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		struct sl_error err = {0};

		assert_true(read_texts(&bad[i], 1, &err) < 0);
		assert_string_not_equal(err.text, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interface_is_found_by_its_whole_name),
		cmocka_unit_test(interfaces_that_are_twice_or_too_many_are_refused),
		cmocka_unit_test(the_first_address_of_the_interface_speaks),
		cmocka_unit_test(a_link_local_address_speaks_on_its_link_alone),
		cmocka_unit_test(broadcasts_of_networks_are_known),
		cmocka_unit_test(anycast_addresses_of_networks_are_known),
		cmocka_unit_test(a_router_is_in_the_groups_of_routers_and_of_its_addresses),
		cmocka_unit_test(control_records_add_and_remove),
		cmocka_unit_test(what_the_file_says_stays),
		cmocka_unit_test(a_successor_forgets_what_its_file_does_not_say),
		cmocka_unit_test(a_successor_takes_over_what_was_learned_alone),
		cmocka_unit_test(a_full_table_says_so),
		cmocka_unit_test(bad_addresses_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
