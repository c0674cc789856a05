// The ARP parser: what it accepts, and that everything odd is refused.

#include "core/proto/arp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1}, ip[4] = {10, 0, 0, 1};

static struct sl_arp request(void)
{
	struct sl_arp arp;

	sl_arp_write(&arp, SL_ARP_REQUEST, mac, ip);
	store_be32(arp.target_ip, 0x0a000002);
	return arp;
}

static bool parses(const struct sl_arp *arp)
{
	return sl_arp_parse((const uint8_t *)arp, sizeof(*arp)) != NULL;
}

// RFC 826, Packet format.
static void a_request_has_the_bytes_of_the_specification(void **state)
{
	static const uint8_t bytes[28] = {0,  1, 8, 0, 6, 4, 0, 1, 2, 0, 0,  0, 0, 1,
					  10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2};
	struct sl_arp arp = request();

	(void)state;
	assert_memory_equal(&arp, bytes, sizeof(bytes));
	assert_true(parses(&arp));
}

static void padding_may_follow_and_nothing_may_lack(void **state)
{
	uint8_t bytes[46] = {0};
	struct sl_arp arp = request();

	(void)state;
	memcpy(bytes, &arp, sizeof(arp));
	assert_ptr_equal(sl_arp_parse(bytes, sizeof(bytes)), bytes);
	for (size_t len = 0; len < sizeof(arp); len++)
		assert_null(sl_arp_parse(bytes, len));
}

static void other_hardware_protocols_lengths_and_operations_are_refused(void **state)
{
	struct sl_arp arp = request();
	uint8_t *bytes = (uint8_t *)&arp;

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		bytes[i] ^= 0x10;
		assert_false(parses(&arp));
		bytes[i] ^= 0x10;
	}
	for (unsigned op = 0; op < 16; op++) {
		store_be16(arp.op, (uint16_t)op);
		assert_int_equal(parses(&arp), op == SL_ARP_REQUEST || op == SL_ARP_REPLY);
	}
}

static void a_sender_that_no_station_can_be_is_refused(void **state)
{
	static const uint8_t macs[][6] = {
		{1, 0, 0x5e, 0, 0, 1}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0}};
	static const uint32_t ips[] = {0x7f000001, 0x00000001, 0xe0000001, 0xffffffff, 0xf0000001};
	struct sl_arp arp;

	(void)state;
	for (unsigned i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
		arp = request();
		memcpy(arp.sender_mac, macs[i], 6);
		assert_false(parses(&arp));
	}
	for (unsigned i = 0; i < sizeof(ips) / sizeof(ips[0]); i++) {
		arp = request();
		store_be32(arp.sender_ip, ips[i]);
		assert_false(parses(&arp));
	}
}

// RFC 5227 section 2.1.1.
static void a_probe_is_a_request_from_nobody(void **state)
{
	struct sl_arp arp = request();

	(void)state;
	assert_false(sl_arp_is_probe(&arp));
	store_be32(arp.sender_ip, 0);
	assert_true(sl_arp_is_probe(&arp));
	assert_true(parses(&arp));
	store_be16(arp.op, SL_ARP_REPLY);
	assert_false(parses(&arp));
}

static void who_asks_for_itself_is_gratuitous(void **state)
{
	struct sl_arp arp = request();

	(void)state;
	assert_false(sl_arp_is_gratuitous(&arp));
	memcpy(arp.target_ip, arp.sender_ip, 4);
	assert_true(sl_arp_is_gratuitous(&arp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_has_the_bytes_of_the_specification),
		cmocka_unit_test(padding_may_follow_and_nothing_may_lack),
		cmocka_unit_test(other_hardware_protocols_lengths_and_operations_are_refused),
		cmocka_unit_test(a_sender_that_no_station_can_be_is_refused),
		cmocka_unit_test(a_probe_is_a_request_from_nobody),
		cmocka_unit_test(who_asks_for_itself_is_gratuitous),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
