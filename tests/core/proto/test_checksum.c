#include "core/proto/checksum.h"

#include "core/proto/ipv4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

// The checksum by RFC 1071's own words, of bytes whose checksum field is zero.
static uint16_t checksum_of(const uint8_t *p, size_t len, uint32_t pseudo)
{
	uint32_t sum = pseudo;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint16_t load_word(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void store_word(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void randomize(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(rand() >> 5);
}

// The example of RFC 1071 section 3.
static void sums_as_in_rfc_1071(void **state)
{
	const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	(void)state;
	assert_int_equal(sl_checksum_sum(data, sizeof(data), 0), sl_checksum_word(0xddf2));
}

static void a_made_checksum_is_that_of_the_rfc_whatever_the_field_held(void **state)
{
	uint8_t data[300];

	(void)state;
	srand(1);
	for (unsigned i = 0; i < 20000; i++) {
		size_t len = 2 + (size_t)rand() % (sizeof(data) - 2);
		size_t field = (size_t)rand() % (len / 2) * 2;
		uint16_t made, initial = (uint16_t)rand();

		randomize(data, len);
		made = sl_checksum_make(data, len, field, initial);
		store_be16(data + field, 0);
		assert_int_equal(
			made, sl_checksum_word(checksum_of(data, len, sl_checksum_word(initial))));
		store_word(data + field, made);
		assert_true(sl_checksum_good(data, len, initial));
	}
}

static void data_of_zeros_alone_has_checksum_ffff(void **state)
{
	uint8_t data[64] = {0};

	(void)state;
	assert_int_equal(sl_checksum_make(data, 64, 2, 0), 0xffff);
	assert_false(sl_checksum_good(data, 64, 0));
	store_word(data + 2, 0xffff);
	assert_int_equal(sl_checksum_make(data, 64, 2, 0), 0xffff);
	assert_true(sl_checksum_good(data, 64, 0));
}

static void pseudo_headers_are_those_of_the_rfcs(void **state)
{
	uint8_t ends[32], data[64];

	(void)state;
	srand(2);
	for (unsigned i = 0; i < 1000; i++) {
		uint8_t v4[12] = {[9] = (uint8_t)i}, v6[40] = {[39] = (uint8_t)i};
		uint16_t len = (uint16_t)(rand() >> 3);

		randomize(ends, sizeof(ends));
		randomize(data, sizeof(data));
		memcpy(v4, ends, 8);
		store_be16(v4 + 10, len);
		memcpy(v6, ends, 32);
		store_be32(v6 + 32, len);
		assert_int_equal(
			sl_checksum_sum(data, 64,
					sl_checksum_pseudo_ipv4(ends, ends + 4, (uint8_t)i, len)),
			sl_checksum_sum(data, 64, sl_checksum_sum(v4, 12, 0)));
		assert_int_equal(
			sl_checksum_sum(data, 64,
					sl_checksum_pseudo_ipv6(ends, ends + 16, (uint8_t)i, len)),
			sl_checksum_sum(data, 64, sl_checksum_sum(v6, 40, 0)));
	}
}

// RFC 1624 section 4.
static void rfc_1624_example_gives_0_and_not_ffff(void **state)
{
	(void)state;
	assert_int_equal(sl_checksum_update16(0xdd2f, 0x5555, 0x3285), 0);
	assert_int_equal(sl_checksum_update32(0xdd2f, 0x5555, 0x3285), 0);
	assert_int_equal(sl_checksum_update32(0xdd2f, 0x12345555, 0x12343285), 0);
}

// Every checksum a header can have, and every TTL to decrement.
static void decrementing_any_ttl_under_any_checksum_is_as_a_full_sum(void **state)
{
	struct sl_ipv4_hdr ip = {0x45, 0, {0, 40}, {0},           {0x40, 0},
				 0,    6, {0},     {10, 1, 2, 3}, {192, 0, 2, 7}};
	const uint8_t *p = (const uint8_t *)&ip;
	uint8_t seen[65536] = {0};
	unsigned checksums = 0;

	(void)state;
	for (unsigned id = 0; id < 65536; id++) {
		store_be16(ip.id, (uint16_t)id);
		ip.ttl = (uint8_t)(1 + id % 255);
		for (unsigned i = 0; i < 4; i++) { // each identification under several TTLs
			uint16_t from = load_word(&ip.ttl), full, held, updated;

			held = sl_checksum_make(p, sizeof(ip), 10, 0);
			checksums += !seen[held];
			seen[held] = 1;
			ip.ttl--;
			full = sl_checksum_make(p, sizeof(ip), 10, 0);
			updated = sl_checksum_update16(held, from, load_word(&ip.ttl));
			assert_int_equal(updated, full);
			if (held == 0) // the other zero, as careless senders write it
				assert_int_equal(
					sl_checksum_update16(0xffff, from, load_word(&ip.ttl)),
					full);
			ip.ttl = (uint8_t)(ip.ttl + 64) ? (uint8_t)(ip.ttl + 64) : 1;
		}
	}
	assert_int_equal(checksums, 65535); // all but 0xffff, which no header has
}

static void every_ttl_and_every_checksum_meet(void **state)
{
	(void)state;
	for (unsigned ttl = 1; ttl < 256; ttl++) {
		for (unsigned rest = 0; rest < 65536; rest++) {
			// a header of two words: the one with the TTL, and one for all the others
			uint8_t p[6] = {(uint8_t)ttl, 17, (uint8_t)(rest >> 8), (uint8_t)rest};
			uint16_t held = checksum_of(p, 4, 0), full;

			p[0]--;
			full = checksum_of(p, 4, 0);
			if (sl_checksum_update16(held, (uint16_t)(ttl << 8 | 17), load_be16(p)) !=
			    full)
				fail_msg("TTL %u, checksum %04x", ttl, held);
		}
	}
}

// What NAT and tunnels do: rewrite words, keep the checksum right without a look at the rest.
static void a_million_rewrites_are_as_full_sums(void **state)
{
	enum { LEN = 60, FIELD = 6 };
	uint8_t data[LEN];
	uint16_t held;

	(void)state;
	srand(3);
	randomize(data, LEN);
	held = sl_checksum_make(data, LEN, FIELD, 0);
	for (unsigned i = 0; i < 1000000; i++) {
		size_t at = 8 + (size_t)rand() % 13 * 4;
		uint32_t from, to = (uint32_t)rand() << 12 ^ (uint32_t)rand();

		if (i % 8 == 0)
			to = i % 16 ? 0 : UINT32_MAX; // where the two zeros are met
		memcpy(&from, data + at, 4);
		if (i & 1) {
			memcpy(data + at, &to, 4);
			held = sl_checksum_update32(held, from, to);
		} else {
			memcpy(data + at, &to, 2);
			held = sl_checksum_update16(held, (uint16_t)from, (uint16_t)to);
		}
		if (held != sl_checksum_make(data, LEN, FIELD, 0))
			fail_msg("rewrite %u", i);
	}
}

static void udp_without_checksum_stays_without_and_others_never_become_so(void **state)
{
	(void)state;
	assert_int_equal(sl_checksum_udp(0), 0xffff);
	assert_int_equal(sl_checksum_udp(0x1234), 0x1234);
	assert_int_equal(sl_checksum_update16_udp(0, 1, 2), 0);
	assert_int_equal(sl_checksum_update32_udp(0, 1, 2), 0);
	assert_int_equal(sl_checksum_update16_udp(0xdd2f, 0x5555, 0x3285), 0xffff);
	assert_int_equal(sl_checksum_update32_udp(0xdd2f, 0x5555, 0x3285), 0xffff);
	assert_int_equal(sl_checksum_update16_udp(0xffff, 0x3285, 0x5555), 0xdd2f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_as_in_rfc_1071),
		cmocka_unit_test(a_made_checksum_is_that_of_the_rfc_whatever_the_field_held),
		cmocka_unit_test(data_of_zeros_alone_has_checksum_ffff),
		cmocka_unit_test(pseudo_headers_are_those_of_the_rfcs),
		cmocka_unit_test(rfc_1624_example_gives_0_and_not_ffff),
		cmocka_unit_test(decrementing_any_ttl_under_any_checksum_is_as_a_full_sum),
		cmocka_unit_test(every_ttl_and_every_checksum_meet),
		cmocka_unit_test(a_million_rewrites_are_as_full_sums),
		cmocka_unit_test(udp_without_checksum_stays_without_and_others_never_become_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
