#include "core/tunnel/outer.h"

#include "core/proto/walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROOM = 2048, FRONT = 128, PAYLOAD = 1451 };

// A packet without a pool: a buffer of its own.
struct packet {
	struct rte_mbuf mbuf;
	uint8_t bytes[ROOM];
};

static struct rte_mbuf *packet(struct packet *p, uint16_t len)
{
	p->mbuf = (struct rte_mbuf){.buf_addr = p->bytes, .buf_len = ROOM, .data_off = FRONT};
	sl_set_len(&p->mbuf, len);
	for (unsigned i = 0; i < len; i++)
		sl_data(&p->mbuf)[i] = (uint8_t)(i * 7);
	return &p->mbuf;
}

static struct sl_endpoint endpoint(const char *text)
{
	struct sl_endpoint e = {0};

	assert_true(sl_endpoint_parse(text, &e));
	return e;
}

static const char *const ends[2][2] = {{"192.0.2.1:51820", "198.51.100.7:9"},
				       {"[2001:db8::1]:51820", "[2001:db8::2]:9"}};

static void what_is_put_on_can_be_read_and_its_checksums_are_right(void **state)
{
	(void)state;
	for (unsigned family = 0; family < 2; family++) {
		struct sl_endpoint from = endpoint(ends[family][0]), to = endpoint(ends[family][1]);
		struct sl_outer_packet got;
		struct sl_outer o;

		sl_outer_init(&o, &from, &to);
		for (uint16_t len = 0; len < PAYLOAD; len += 29) {
			struct packet memory;
			struct rte_mbuf *p = packet(&memory, len);

			assert_true(sl_outer_put(&o, p, 0x8b));
			assert_int_equal(sl_len(p), len + o.len);
			assert_int_equal(sl_outer_parse(sl_data(p), sl_len(p), &got),
					 SL_OUTER_GOOD);
			assert_true(sl_endpoint_equal(&got.from, &from));
			assert_true(sl_endpoint_equal(&got.to, &to));
			assert_int_equal(got.len, len);
			assert_int_equal(got.tos, 0x8b);
			for (unsigned i = 0; i < len; i++)
				assert_int_equal(got.payload[i], (uint8_t)(i * 7));
		}
	}
}

// The walk is a second opinion.
static void the_walk_finds_the_same_checksums_right(void **state)
{
	(void)state;
	for (unsigned family = 0; family < 2; family++) {
		struct sl_endpoint from = endpoint(ends[family][0]), to = endpoint(ends[family][1]);
		struct packet memory;
		struct rte_mbuf *p = packet(&memory, 333);
		struct sl_outer o;
		struct sl_walk w;

		sl_outer_init(&o, &from, &to);
		assert_true(sl_outer_put(&o, p, 0));
		store_be16(sl_prepend(p, 14) + 12, family ? 0x86dd : 0x0800);
		sl_walk(&w, sl_data(p), sl_len(p), false);
		assert_true(sl_walk_verify(&w, sl_data(p)));
		assert_int_equal(w.n, family ? 1 : 2);
	}
}

static void any_bit_that_counts_spoils_it(void **state)
{
	(void)state;
	for (unsigned family = 0; family < 2; family++) {
		struct sl_endpoint from = endpoint(ends[family][0]), to = endpoint(ends[family][1]);
		struct sl_outer_packet got;
		struct packet memory;
		struct rte_mbuf *p = packet(&memory, 64);
		struct sl_outer o;

		sl_outer_init(&o, &from, &to);
		assert_true(sl_outer_put(&o, p, 0));
		for (unsigned i = o.len - SL_UDP_LEN; i < sl_len(p); i++) {
			sl_data(p)[i] ^= 4;
			assert_int_not_equal(sl_outer_parse(sl_data(p), sl_len(p), &got),
					     SL_OUTER_GOOD);
			sl_data(p)[i] ^= 4;
		}
		for (unsigned len = 0; len < sl_len(p); len++)
			assert_int_equal(sl_outer_parse(sl_data(p), len, &got), SL_OUTER_MALFORMED);
	}
}

static void only_ipv4_may_do_without_a_udp_checksum(void **state)
{
	(void)state;
	for (unsigned family = 0; family < 2; family++) {
		struct sl_endpoint from = endpoint(ends[family][0]), to = endpoint(ends[family][1]);
		struct sl_outer_packet got;
		struct packet memory;
		struct rte_mbuf *p = packet(&memory, 64);
		struct sl_outer o;

		sl_outer_init(&o, &from, &to);
		assert_true(sl_outer_put(&o, p, 0));
		store_be16(sl_data(p) + o.len - 2, 0);
		assert_int_equal(sl_outer_parse(sl_data(p), sl_len(p), &got),
				 family ? SL_OUTER_BAD_CHECKSUM : SL_OUTER_GOOD);
	}
}

static void what_was_checked_has_a_checksum_only_over_ipv6(void **state)
{
	(void)state;
	for (unsigned family = 0; family < 2; family++) {
		struct sl_endpoint from = endpoint(ends[family][0]), to = endpoint(ends[family][1]);
		struct sl_outer_packet got;
		struct packet memory;
		struct rte_mbuf *p = packet(&memory, 64);
		struct sl_outer o;

		sl_outer_init(&o, &from, &to);
		assert_true(sl_outer_put_checked(&o, p, 0));
		assert_int_equal(load_be16(sl_data(p) + o.len - 2) != 0, family);
		assert_int_equal(sl_outer_parse(sl_data(p), sl_len(p), &got), SL_OUTER_GOOD);
	}
}

static void reading_alone_does_not_mind_the_checksum(void **state)
{
	(void)state;
	for (unsigned family = 0; family < 2; family++) {
		struct sl_endpoint from = endpoint(ends[family][0]), to = endpoint(ends[family][1]);
		struct sl_outer_packet got;
		struct packet memory;
		struct rte_mbuf *p = packet(&memory, 64);
		struct sl_outer o;

		sl_outer_init(&o, &from, &to);
		assert_true(sl_outer_put(&o, p, 0x8b));
		sl_data(p)[o.len] ^= 1;
		assert_true(sl_outer_read(sl_data(p), sl_len(p), &got));
		assert_true(sl_endpoint_equal(&got.from, &from));
		assert_true(sl_endpoint_equal(&got.to, &to));
		assert_int_equal(got.len, 64);
		assert_int_equal(got.tos, 0x8b);
		for (unsigned len = 0; len < sl_len(p); len++)
			assert_false(sl_outer_read(sl_data(p), len, &got));
	}
}

// Whether what goes from `from` to `to` is an answer to what went to `there` from `here`.
static bool is_answer(const char *here, const char *there, const char *from, const char *to)
{
	struct sl_endpoint e[] = {endpoint(here), endpoint(there), endpoint(from), endpoint(to)};
	struct packet memory;
	struct rte_mbuf *p = packet(&memory, 64);
	struct sl_outer went, came;
	struct sl_outer_view v;

	sl_outer_init(&went, &e[0], &e[1]);
	sl_outer_init(&came, &e[2], &e[3]);
	assert_true(sl_outer_put(&came, p, 0));
	assert_int_equal(sl_outer_look(sl_data(p), sl_len(p), &v), SL_OUTER_GOOD);
	return sl_outer_is_answer(&went, &v);
}

static void an_answer_comes_from_where_we_send_to_and_goes_to_us(void **state)
{
	static const char *const others[2][4] = {
		{"192.0.2.2:51820", "192.0.2.1:51821", "198.51.100.8:9", "198.51.100.7:10"},
		{"[2001:db8::3]:51820", "[2001:db8::1]:51821", "[2001:db8::4]:9",
		 "[2001:db8::2]:10"}};

	(void)state;
	for (unsigned family = 0; family < 2; family++) {
		const char *us = ends[family][0], *peer = ends[family][1];

		assert_true(is_answer(us, peer, peer, us));
		assert_false(is_answer(us, peer, us, peer));
		assert_false(is_answer(us, peer, ends[!family][1], ends[!family][0]));
		for (unsigned i = 0; i < 4; i++) {
			assert_false(is_answer(us, peer, peer, others[family][i]));
			assert_false(is_answer(us, peer, others[family][i], us));
		}
	}
}

static void nothing_answers_what_goes_nowhere(void **state)
{
	struct sl_endpoint from = endpoint(ends[0][0]), to = endpoint(ends[0][1]), none = {0};
	struct packet memory;
	struct rte_mbuf *p = packet(&memory, 64);
	struct sl_outer o, nowhere;
	struct sl_outer_view v;

	(void)state;
	sl_outer_init(&o, &from, &to);
	sl_outer_init(&nowhere, &none, &none);
	assert_true(sl_outer_put(&o, p, 0));
	assert_int_equal(sl_outer_look(sl_data(p), sl_len(p), &v), SL_OUTER_GOOD);
	assert_false(sl_outer_is_answer(&nowhere, &v));
}

static void trailing_bytes_are_not_payload(void **state)
{
	struct sl_endpoint from = endpoint(ends[0][0]), to = endpoint(ends[0][1]);
	struct sl_outer_packet got;
	struct packet memory;
	struct rte_mbuf *p = packet(&memory, 64);
	struct sl_outer o;

	(void)state;
	sl_outer_init(&o, &from, &to);
	assert_true(sl_outer_put(&o, p, 0));
	assert_non_null(sl_append(p, 7));
	assert_int_equal(sl_outer_parse(sl_data(p), sl_len(p), &got), SL_OUTER_GOOD);
	assert_int_equal(got.len, 64);
}

static void without_a_place_to_send_to_nothing_is_put_on(void **state)
{
	struct sl_endpoint none = {0};
	struct packet memory;
	struct rte_mbuf *p = packet(&memory, 64);
	struct sl_outer o;

	(void)state;
	sl_outer_init(&o, &none, &none);
	assert_false(sl_outer_put(&o, p, 0));
	assert_int_equal(sl_len(p), 64);
}

static void packets_of_ipv4_bear_the_number_of_their_message(void **state)
{
	struct sl_endpoint from = endpoint(ends[0][0]), to = endpoint(ends[0][1]);
	struct packet memory;
	struct sl_outer o;

	(void)state;
	sl_outer_init(&o, &from, &to);
	for (uint64_t number = 0; number < 70000; number += 7) {
		struct rte_mbuf *p = packet(&memory, 32);

		store_le64(sl_data(p) + 8, number);
		assert_true(sl_outer_put(&o, p, 0));
		assert_int_equal(load_le32(sl_data(p) + 4) & 0xffff, number & 0xffff);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_on_can_be_read_and_its_checksums_are_right),
		cmocka_unit_test(the_walk_finds_the_same_checksums_right),
		cmocka_unit_test(any_bit_that_counts_spoils_it),
		cmocka_unit_test(only_ipv4_may_do_without_a_udp_checksum),
		cmocka_unit_test(what_was_checked_has_a_checksum_only_over_ipv6),
		cmocka_unit_test(reading_alone_does_not_mind_the_checksum),
		cmocka_unit_test(an_answer_comes_from_where_we_send_to_and_goes_to_us),
		cmocka_unit_test(nothing_answers_what_goes_nowhere),
		cmocka_unit_test(trailing_bytes_are_not_payload),
		cmocka_unit_test(packets_of_ipv4_bear_the_number_of_their_message),
		cmocka_unit_test(without_a_place_to_send_to_nothing_is_put_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
