// Options of IPv4 on their way through a router: RFC 791 section 3.1, RFC 1812 section 5.3.13.

#include "core/ip/options.h"

#include "core/proto/checksum.h"
#include "core/proto/ipv4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FIRST = 20, MS = 0x01020304 };

static const uint8_t router[4] = {192, 0, 2, 1};
static uint8_t packet[60];

static bool is_router(const void *context, const uint8_t *ip)
{
	(void)context;
	return memcmp(ip, router, 4) == 0;
}

static void seal(void)
{
	uint16_t sum;

	sum = sl_checksum_make(packet, (packet[0] & 15) * 4U, 10, 0);
	memcpy(packet + 10, &sum, 2);
}

// A header with n bytes of options, padded.
static void set(const void *options, size_t n)
{
	memset(packet, 0, sizeof(packet));
	packet[0] = (uint8_t)(0x45 + (n + 3) / 4);
	packet[8] = 64;
	memcpy(packet + FIRST, options, n);
	seal();
}

#define SET(...) set((uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

static void fill(const uint8_t *address)
{
	const struct sl_options_router r = {.address = address, .ms = MS, .own = is_router};

	sl_options_fill(packet, &r);
	assert_true(sl_checksum_good(packet, (packet[0] & 15) * 4U, 0));
}

#define EXPECT(...)                                                     \
	assert_memory_equal(packet + FIRST, ((uint8_t[]){__VA_ARGS__}), \
			    sizeof((uint8_t[]){__VA_ARGS__}))

static void is_good(void)
{
	uint32_t pointer;

	assert_int_equal(sl_options_check(packet, &pointer), SL_OPTIONS_GOOD);
}

static void is_bad_at(uint32_t at)
{
	uint8_t before[60];
	uint32_t pointer = 0;

	assert_int_equal(sl_options_check(packet, &pointer), SL_OPTIONS_BAD);
	assert_int_equal(pointer, FIRST + at);
	memcpy(before, packet, sizeof(before));
	fill(router); // and all the same does no harm
	assert_memory_equal(packet, before, sizeof(before));
}

static void routes_are_recorded_while_there_is_room(void **state)
{
	(void)state;
	SET(1, 7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0);
	is_good();
	fill(router);
	EXPECT(1, 7, 11, 8, 192, 0, 2, 1, 0, 0, 0, 0);
	fill(router);
	EXPECT(1, 7, 11, 12, 192, 0, 2, 1, 192, 0, 2, 1);
	is_good(); // full: passes as it is
	fill(router);
	EXPECT(1, 7, 11, 12, 192, 0, 2, 1, 192, 0, 2, 1);
}

static void times_are_recorded_and_routers_without_room_counted(void **state)
{
	(void)state;
	SET(68, 8, 5, 0, 0, 0, 0, 0);
	is_good();
	fill(router);
	EXPECT(68, 8, 9, 0, 1, 2, 3, 4);
	for (unsigned n = 1; n <= 15; n++) {
		is_good();
		fill(router);
		EXPECT(68, 8, 9, (uint8_t)(n << 4), 1, 2, 3, 4);
	}
	is_bad_at(3);
}

static void times_are_recorded_with_addresses(void **state)
{
	(void)state;
	SET(68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0);
	is_good();
	fill(router);
	EXPECT(68, 12, 13, 1, 192, 0, 2, 1, 1, 2, 3, 4);
}

static void times_of_addresses_are_those_of_the_router_only(void **state)
{
	(void)state;
	SET(68, 20, 5, 3, 192, 0, 2, 9, 0, 0, 0, 0, 192, 0, 2, 1, 0, 0, 0, 0);
	is_good();
	fill(router);
	EXPECT(68, 20, 5, 3, 192, 0, 2, 9, 0, 0, 0, 0, 192, 0, 2, 1, 0, 0, 0, 0);
	packet[FIRST + 2] = 13;
	seal();
	fill(router);
	EXPECT(68, 20, 21, 3, 192, 0, 2, 9, 0, 0, 0, 0, 192, 0, 2, 1, 1, 2, 3, 4);
}

static void a_router_without_an_address_records_none(void **state)
{
	(void)state;
	SET(7, 7, 4, 0, 0, 0, 0, 68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0);
	fill(NULL);
	EXPECT(7, 7, 4, 0, 0, 0, 0, 68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0);
}

static void what_nobody_knows_passes(void **state)
{
	(void)state;
	SET(0x1e, 4, 9, 9, 1, 1, 0x94, 4, 0, 0, 0, 7);
	is_good();
	fill(router);
	EXPECT(0x1e, 4, 9, 9, 1, 1, 0x94, 4, 0, 0, 0, 7);
	SET(0, 7, 2, 0); // behind the end of the list is anything
	is_good();
}

static void what_makes_no_sense_is_pointed_at(void **state)
{
	(void)state;
	SET(0x1e, 1, 0, 0); // a length that its own two bytes do not fit
	is_bad_at(1);
	SET(1, 0x1e, 4, 0); // longer than the header
	is_bad_at(2);
	SET(1, 1, 1, 0x1e); // no length at all
	is_bad_at(3);
	SET(7, 2, 0, 0); // no pointer
	is_bad_at(1);
	SET(7, 7, 3, 0, 0, 0, 0, 0); // into its own head
	is_bad_at(2);
	SET(7, 7, 5, 0, 0, 0, 0, 0); // some room, and not enough
	is_bad_at(2);
	SET(68, 3, 5, 0);
	is_bad_at(1);
	SET(68, 8, 4, 0, 0, 0, 0, 0);
	is_bad_at(2);
	SET(68, 8, 5, 1, 0, 0, 0, 0); // no room for address and time
	is_bad_at(2);
	SET(68, 8, 5, 2, 0, 0, 0, 0); // a flag that is none
	is_bad_at(3);
}

static void source_routes_are_known(void **state)
{
	static const uint8_t types[] = {SL_OPTION_LOOSE_ROUTE, SL_OPTION_STRICT_ROUTE};
	uint32_t pointer;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		SET(1, types[i], 7, 4, 10, 0, 0, 1);
		assert_int_equal(sl_options_check(packet, &pointer), SL_OPTIONS_SOURCE_ROUTE);
		SET(types[i], 7, 8, 10, 0, 0, 1, 0); // at its end
		assert_int_equal(sl_options_check(packet, &pointer), SL_OPTIONS_SOURCE_ROUTE);
	}
}

static void answers_take_two_options_along(void **state)
{
	uint8_t to[SL_OPTIONS_MAX];

	(void)state;
	SET(1, 0x1e, 3, 9, 7, 7, 4, 0, 0, 0, 0, 1, 68, 8, 5, 0, 0, 0, 0, 0);
	assert_int_equal(sl_options_collect(to, packet), 16);
	assert_memory_equal(to, ((uint8_t[]){7, 7, 4, 0, 0, 0, 0, 68, 8, 5, 0, 0, 0, 0, 0, 0}), 16);
	SET(0x1e, 4, 0, 0);
	assert_int_equal(sl_options_collect(to, packet), 0);
	memset(packet, 1, sizeof(packet));
	packet[0] = 0x4f;
	packet[FIRST] = 7;
	packet[FIRST + 1] = 39;
	packet[FIRST + 2] = 4;
	assert_int_equal(sl_options_collect(to, packet), 40);
}

// RFC 1624: whatever the bytes are, and wherever an option lies.
static void checksums_stay_right(void **state)
{
	(void)state;
	srand(1);
	for (unsigned i = 0; i < 100000; i++) {
		unsigned at = FIRST + (unsigned)rand() % 4, len = 11 + 4 * ((unsigned)rand() % 5);
		uint32_t pointer;

		for (unsigned k = 0; k < sizeof(packet); k++)
			packet[k] = (uint8_t)(rand() % 3 ? rand() : 0xff * (rand() & 1));
		packet[0] = 0x4f;
		memset(packet + FIRST, 1, at - FIRST);
		packet[at] = 7;
		packet[at + 1] = (uint8_t)len;
		packet[at + 2] = 4;
		packet[at + len] = 0;
		seal();
		assert_int_equal(sl_options_check(packet, &pointer), SL_OPTIONS_GOOD);
		fill(router);
		assert_memory_equal(packet + at + 3, router, 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_are_recorded_while_there_is_room),
		cmocka_unit_test(times_are_recorded_and_routers_without_room_counted),
		cmocka_unit_test(times_are_recorded_with_addresses),
		cmocka_unit_test(times_of_addresses_are_those_of_the_router_only),
		cmocka_unit_test(a_router_without_an_address_records_none),
		cmocka_unit_test(what_nobody_knows_passes),
		cmocka_unit_test(what_makes_no_sense_is_pointed_at),
		cmocka_unit_test(source_routes_are_known),
		cmocka_unit_test(answers_take_two_options_along),
		cmocka_unit_test(checksums_stay_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
