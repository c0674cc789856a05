#include "core/ip/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct sl_ip ip(const char *text)
{
	struct sl_ip out = {0};

	assert_true(sl_ip_parse(text, &out));
	return out;
}

static struct sl_prefix prefix(const char *text)
{
	struct sl_prefix out = {0};

	assert_true(sl_prefix_parse(text, &out));
	return out;
}

static void text_comes_back_as_it_was(void **state)
{
	static const char *const texts[] = {
		"0.0.0.0/0",
		"10.0.0.1/24",
		"255.255.255.255/32",
		"::/0",
		"2001:db8::1/64",
		"fe80::1/10",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
	};
	char buf[SL_IP_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sl_prefix p = prefix(texts[i]);

		assert_string_equal(sl_prefix_print(&p, buf), texts[i]);
	}
}

static void a_prefix_without_a_length_is_one_address(void **state)
{
	(void)state;
	assert_int_equal(prefix("10.0.0.1").len, 32);
	assert_int_equal(prefix("::1").len, 128);
}

static void what_is_no_prefix_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"/",
		"10.0.0.1/",
		"10.0.0/24",
		"10.0.0.1/33",
		"10.0.0.1/-1",
		"10.0.0.1/ 8",
		"10.0.0.1/08",
		"10.0.0.1/8x",
		"10.0.0.256/8",
		"::1/129",
		"1:2::3::4/64",
		"lan",
		"10.0.0.1/4294967304",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/1",
	};
	struct sl_prefix p = {.len = 77};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(sl_prefix_parse(texts[i], &p));
	assert_int_equal(p.len, 77);
}

static void a_prefix_contains_what_shares_its_bits(void **state)
{
	struct sl_prefix all4 = prefix("0.0.0.0/0"), p = prefix("10.1.128.0/17");
	struct sl_ip in = ip("10.1.255.1"), out = ip("10.1.127.1"), six = ip("::1");

	(void)state;
	assert_true(sl_prefix_contains(&p, &in));
	assert_false(sl_prefix_contains(&p, &out));
	assert_true(sl_prefix_contains(&all4, &out));
	assert_false(sl_prefix_contains(&all4, &six));
}

static void prefixes_overlap_where_one_contains_the_other(void **state)
{
	struct sl_prefix a = prefix("10.0.0.0/8"), b = prefix("10.1.2.3/24"),
			 c = prefix("11.0.0.0/8");

	(void)state;
	assert_true(sl_prefix_overlap(&a, &b));
	assert_true(sl_prefix_overlap(&b, &a));
	assert_false(sl_prefix_overlap(&b, &c));
}

static void masking_clears_the_bits_behind(void **state)
{
	struct sl_prefix p = prefix("fd00:1:2:3:ffff::1/61"), m = sl_prefix_masked(&p);
	char buf[SL_IP_TEXT];

	(void)state;
	assert_string_equal(sl_prefix_print(&m, buf), "fd00:1:2::/61");
}

static void a_mac_is_six_pairs_of_hex_digits(void **state)
{
	static const char *const wrong[] = {"",
					    "02:00:00:00:00",
					    "02:00:00:00:00:0g",
					    "02-00-00-00-00-01",
					    "02:00:00:00:00:01:",
					    "2:00:00:00:00:001"};
	uint8_t mac[6] = {0}, right[6] = {2, 0, 0xab, 0xCD, 0, 1};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sl_mac_parse(wrong[i], mac));
	assert_true(sl_mac_parse("02:00:ab:CD:00:01", mac));
	assert_memory_equal(mac, right, 6);
}

static void a_link_local_address_is_made_of_the_mac(void **state)
{
	const uint8_t mac[6] = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};
	struct sl_ip made = sl_ip_link_local(mac), wanted = ip("fe80::11:22ff:fe33:4455");

	(void)state;
	assert_true(sl_ip_equal(&made, &wanted));
	assert_true(sl_ip_is_link_local(&made));
	assert_false(sl_ip_is_multicast(&made));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_comes_back_as_it_was),
		cmocka_unit_test(a_prefix_without_a_length_is_one_address),
		cmocka_unit_test(what_is_no_prefix_is_refused),
		cmocka_unit_test(a_prefix_contains_what_shares_its_bits),
		cmocka_unit_test(prefixes_overlap_where_one_contains_the_other),
		cmocka_unit_test(masking_clears_the_bits_behind),
		cmocka_unit_test(a_mac_is_six_pairs_of_hex_digits),
		cmocka_unit_test(a_link_local_address_is_made_of_the_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
