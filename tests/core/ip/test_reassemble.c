#include "core/ip/reassemble.h"

#include "core/ip/fragment.h"
#include "core/ip/meta.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "tests/harness/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SECOND_NS = 1000000000, PIECES = 64 };
static const uint64_t timeout_ns = 60 * (uint64_t)SECOND_NS;

static struct ip_packet p, pieces[PIECES];
static unsigned n_pieces;
static uint64_t fates[SL_REASSEMBLY_NO_BUFFER + 1];
static struct sl_harness *h; // its pool
static struct sl_reassembly *r;
static uint64_t now;

static void lost(void *context, struct rte_mbuf *m, enum sl_reassembly_fate fate)
{
	(void)context;
	fates[fate]++;
	sl_free(m);
}

static struct sl_reassembly *table(unsigned datagrams, unsigned fragments)
{
	struct sl_error err;
	struct sl_reassembly_options o = {
		.datagrams = datagrams,
		.fragments = fragments,
		.timeout_ns = timeout_ns,
		.pool = sl_harness_app(h)->pool,
		.jumbo = sl_app_jumbo_pool(sl_harness_app(h), &err),
	};
	struct sl_reassembly *made = sl_reassembly_create(&o);

	assert_non_null(o.jumbo);
	assert_non_null(made);
	sl_reassembly_listen(made, lost, NULL);
	return made;
}

static int begin(void **state)
{
	struct sl_error err;

	(void)state;
	h = sl_harness_create(&(struct sl_harness_options){.line = "join"}, &err);
	assert_non_null(h);
	r = table(256, 1024);
	memset(fates, 0, sizeof(fates));
	now = SECOND_NS;
	return 0;
}

static int end(void **state)
{
	(void)state;
	sl_reassembly_destroy(r);
	assert_string_equal(sl_harness_destroy(h), "");
	return 0;
}

// Divide p into pieces[].
static void divide(uint16_t mtu, uint32_t id)
{
	struct sl_fragments f;

	assert_true(sl_fragments_begin(&f, p.bytes, p.len, mtu, id));
	for (n_pieces = 0; sl_fragments_len(&f) > 0; n_pieces++) {
		assert_true(n_pieces < PIECES);
		pieces[n_pieces].meta = p.meta;
		pieces[n_pieces].meta.pointer = n_pieces;
		pieces[n_pieces].len = (uint32_t)sl_fragments_len(&f);
		sl_fragments_next(&f, pieces[n_pieces].bytes);
	}
}

static void datagram4(unsigned payload, uint16_t id, uint16_t mtu)
{
	ip_build(&p, "10.0.0.9", "10.0.0.1", SL_PROTO_UDP, NULL, payload);
	store_be16(p.bytes + 4, id);
	ip_seal(&p);
	divide(mtu, 0);
}

static void datagram6(unsigned payload, uint32_t id)
{
	ip_build(&p, "2001:db8::9", "fd00::1", SL_PROTO_UDP, NULL, payload);
	divide(1280, id);
}

static struct rte_mbuf *add_packet(const struct ip_packet *piece)
{
	struct rte_mbuf *m = ip_packet(h, piece);
	uint32_t at = 40;

	assert_non_null(m);
	if (piece->bytes[0] >> 4 == 6 && piece->bytes[6] != SL_PROTO_FRAGMENT)
		at += 8; // one small header in front
	return sl_reassembly_add(r, m, at, now);
}

static struct rte_mbuf *add(unsigned i)
{
	return add_packet(&pieces[i]);
}

static void is_whole(struct rte_mbuf *whole)
{
	assert_non_null(whole);
	assert_int_equal(sl_len(whole), p.len);
	assert_memory_equal(sl_data(whole), p.bytes, p.len);
	assert_int_equal(sl_ip_meta(whole)->pointer, 0); // the first fragment's meta
	sl_free(whole);
	assert_int_equal(sl_reassembly_held(r), 0);
}

static uint64_t all_fates(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < RTE_DIM(fates); i++)
		sum += fates[i];
	return sum;
}

static void fragments_in_order_make_the_datagram(void **state)
{
	(void)state;
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		if (ipv6)
			datagram6(7777, 1);
		else
			datagram4(7777, 1, 576);
		for (unsigned i = 0; i + 1 < n_pieces; i++) {
			assert_null(add(i));
			assert_int_equal(sl_reassembly_held(r), i + 1);
		}
		is_whole(add(n_pieces - 1));
		assert_int_equal(fates[SL_REASSEMBLY_USED], all_fates());
	}
}

static void fragments_in_any_order_make_the_datagram(void **state)
{
	(void)state;
	srand(1);
	for (unsigned round = 0; round < 200; round++) {
		unsigned order[PIECES];

		if (round & 1)
			datagram6(2000 + (unsigned)rand() % 9000, round);
		else
			datagram4(2000 + (unsigned)rand() % 9000, (uint16_t)round, 576);
		for (unsigned i = 0; i < n_pieces; i++) {
			unsigned k = (unsigned)rand() % (i + 1);

			order[i] = order[k];
			order[k] = i;
		}
		for (unsigned i = 0; i + 1 < n_pieces; i++)
			assert_null(add(order[i]));
		is_whole(add(order[n_pieces - 1]));
	}
	assert_int_equal(fates[SL_REASSEMBLY_USED], all_fates());
}

static void the_longest_that_a_packet_can_hold_is_made_and_longer_ones_are_not(void **state)
{
	(void)state;
	datagram4(65023 - 20, 1, 1500);
	for (unsigned i = 0; i + 1 < n_pieces; i++)
		assert_null(add(i));
	is_whole(add(n_pieces - 1));
	datagram4(65515, 2, 1500);
	for (unsigned i = 0; i < n_pieces; i++)
		assert_null(add(i));
	assert_int_equal(fates[SL_REASSEMBLY_NO_BUFFER], n_pieces);
	assert_int_equal(sl_reassembly_held(r), 0);
}

static void a_fragment_that_is_there_already_is_passed_over(void **state)
{
	(void)state;
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		if (ipv6)
			datagram6(4000, 1);
		else
			datagram4(4000, 1, 576);
		for (unsigned i = 0; i + 1 < n_pieces; i++) {
			assert_null(add(i));
			assert_null(add(i));
		}
		assert_null(add(0));
		is_whole(add(n_pieces - 1));
	}
	datagram4(1000, 1, 576); // the last one comes first, and twice
	assert_null(add(1));
	assert_null(add(1));
	is_whole(add(0));
	assert_true(fates[SL_REASSEMBLY_DUPLICATE] > 4);
	assert_int_equal(fates[SL_REASSEMBLY_OVERLAP], 0);
}

// A fragment of p with bytes of its own: [start, end), MF or not.
static void forge4(unsigned start, unsigned end, bool more, uint8_t fill)
{
	ip_build(&p, "10.0.0.9", "10.0.0.1", SL_PROTO_UDP, NULL, end - start);
	memset(p.bytes + 20, fill, end - start);
	store_be16(p.bytes + 6, (uint16_t)(start / 8 | (more ? SL_IPV4_MF : 0)));
	ip_seal(&p);
}

static void forge6(unsigned start, unsigned end, bool more, uint8_t fill)
{
	ip_build(&p, "2001:db8::9", "fd00::1", SL_PROTO_FRAGMENT, NULL, 8 + end - start);
	p.bytes[40] = SL_PROTO_UDP;
	p.bytes[41] = 0;
	store_be16(p.bytes + 42, (uint16_t)(start | (more ? SL_IPV6_MORE : 0)));
	store_be32(p.bytes + 44, 77);
	memset(p.bytes + 48, fill, end - start);
}

static void forge(unsigned family, unsigned start, unsigned end, bool more, uint8_t fill)
{
	if (family == 4)
		forge4(start, end, more, fill);
	else
		forge6(start, end, more, fill);
}

struct span {
	unsigned start, end;
	bool more;
	uint8_t fill;
};

// RFC 5722, for both families.
static void overlaps_drop_all_of_the_datagram(void **state)
{
	static const struct span base[] = {{0, 64, true, 1}, {128, 192, true, 1}};
	static const struct span bad[] = {
		{0, 64, true, 2},     // other bytes
		{0, 56, true, 1},     // the same bytes, but a part
		{0, 72, true, 1},     // and some more
		{8, 64, true, 1},     // a part at the end
		{56, 72, true, 1},    // over an edge
		{64, 136, true, 1},   // into the next
		{64, 200, true, 1},   // around the next
		{0, 256, true, 1},    // around both
		{64, 128, false, 1},  // an end with more behind it
		{128, 192, false, 1}, // the same, said to be the last
		{184, 200, false, 1},
	};

	(void)state;
	for (unsigned family = 4; family <= 6; family += 2) {
		for (unsigned i = 0; i < RTE_DIM(bad); i++) {
			memset(fates, 0, sizeof(fates));
			for (unsigned k = 0; k < 2; k++) {
				forge(family, base[k].start, base[k].end, base[k].more, 1);
				assert_null(add_packet(&p));
			}
			forge(family, bad[i].start, bad[i].end, bad[i].more, bad[i].fill);
			assert_null(add_packet(&p));
			assert_int_equal(fates[SL_REASSEMBLY_OVERLAP], 3);
			assert_int_equal(sl_reassembly_held(r), 0);
			// and of what is still to come
			forge(family, 64, 128, true, 1);
			assert_null(add_packet(&p));
			forge(family, 192, 200, false, 1);
			assert_null(add_packet(&p));
			assert_int_equal(fates[SL_REASSEMBLY_OVERLAP], 5);
			now += timeout_ns;
			sl_reassembly_expire(r, now);
			assert_int_equal(all_fates(), 5);
		}
	}
}

static void there_is_one_end_and_nothing_behind_it(void **state)
{
	(void)state;
	forge4(128, 136, false, 1);
	assert_null(add_packet(&p));
	forge4(136, 144, true, 1);
	assert_null(add_packet(&p));
	forge6(128, 136, false, 1);
	assert_null(add_packet(&p));
	forge6(64, 72, false, 1);
	assert_null(add_packet(&p));
	assert_int_equal(fates[SL_REASSEMBLY_OVERLAP], 4);
}

// RFC 6946 section 4.
static void an_atomic_fragment_is_handled_alone(void **state)
{
	struct rte_mbuf *whole;

	(void)state;
	forge6(0, 64, true, 1); // the same identification, under way
	assert_null(add_packet(&p));
	forge6(0, 30, false, 2);
	whole = add_packet(&p);
	assert_non_null(whole);
	assert_int_equal(sl_len(whole), 70);
	assert_int_equal(sl_data(whole)[6], SL_PROTO_UDP);
	assert_int_equal(load_be16(sl_data(whole) + 4), 30);
	assert_memory_equal(sl_data(whole) + 8, p.bytes + 8, 32);
	assert_memory_equal(sl_data(whole) + 40, p.bytes + 48, 30);
	assert_memory_equal(sl_ip_meta(whole), &p.meta, sizeof(p.meta));
	sl_free(whole);
	assert_int_equal(sl_reassembly_held(r), 1);
	forge6(64, 72, false, 1);
	whole = add_packet(&p);
	assert_non_null(whole);
	assert_int_equal(sl_len(whole), 40 + 72);
	sl_free(whole);
	assert_int_equal(fates[SL_REASSEMBLY_USED], all_fates());
}

static void headers_in_front_of_the_fragment_header_stay(void **state)
{
	struct rte_mbuf *whole = NULL;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		static uint8_t payload[8 + 8 + 64] = {SL_PROTO_FRAGMENT, 0, 1,
						      4, [8] = SL_PROTO_UDP};

		store_be16(payload + 10, i ? 64 : SL_IPV6_MORE);
		memset(payload + 16, (int)i, 64);
		ip_build(&p, "2001:db8::9", "fd00::1", SL_PROTO_HOP_BY_HOP, payload,
			 sizeof(payload));
		whole = add_packet(&p);
	}
	assert_non_null(whole);
	assert_int_equal(sl_len(whole), 40 + 8 + 128);
	assert_int_equal(sl_data(whole)[6], SL_PROTO_HOP_BY_HOP);
	assert_int_equal(sl_data(whole)[40], SL_PROTO_UDP);
	assert_int_equal(load_be16(sl_data(whole) + 4), 8 + 128);
	assert_int_equal(sl_data(whole)[40 + 8 + 63], 0);
	assert_int_equal(sl_data(whole)[40 + 8 + 64], 1);
	sl_free(whole);
}

static void options_of_the_first_ipv4_fragment_stay(void **state)
{
	struct rte_mbuf *whole;

	(void)state;
	ip_build(&p, "10.0.0.9", "10.0.0.1", SL_PROTO_UDP, NULL, 1008);
	memcpy(p.bytes + 20, (uint8_t[]){7, 7, 4, 0, 0, 0, 0, 0}, 8);
	p.bytes[0] = 0x47;
	ip_seal(&p);
	divide(576, 0);
	assert_int_equal(n_pieces, 2);
	assert_null(add(1));
	whole = add(0);
	is_whole(whole);
}

static void datagrams_differ_by_addresses_protocol_and_identification(void **state)
{
	(void)state;
	forge4(0, 64, true, 1);
	assert_null(add_packet(&p));
	for (unsigned i = 0; i < 4; i++) {
		forge4(64, 72, false, 1);
		p.bytes[(const unsigned[]){5, 9, 15, 19}[i]] ^= 1;
		ip_seal(&p);
		assert_null(add_packet(&p));
	}
	forge6(0, 64, true, 1);
	assert_null(add_packet(&p));
	for (unsigned i = 0; i < 3; i++) {
		forge6(64, 72, false, 1);
		p.bytes[(const unsigned[]){47, 23, 39}[i]] ^= 1;
		assert_null(add_packet(&p));
	}
	assert_int_equal(sl_reassembly_held(r), 9);
	assert_int_equal(all_fates(), 0);
}

// RFC 8200 section 4.5, RFC 792.
static void what_is_not_whole_in_time_is_let_go(void **state)
{
	(void)state;
	datagram4(1500, 1, 576);
	assert_null(add(0));
	assert_null(add(1));
	now += SECOND_NS;
	datagram4(1500, 2, 576);
	assert_null(add(1)); // without the first
	now = SECOND_NS + timeout_ns - 1;
	sl_reassembly_expire(r, now);
	assert_int_equal(all_fates(), 0);
	now++;
	sl_reassembly_expire(r, now);
	assert_int_equal(fates[SL_REASSEMBLY_FIRST], 1);
	assert_int_equal(fates[SL_REASSEMBLY_TIMEOUT], 1);
	now += SECOND_NS;
	sl_reassembly_expire(r, now);
	assert_int_equal(fates[SL_REASSEMBLY_FIRST], 1);
	assert_int_equal(fates[SL_REASSEMBLY_TIMEOUT], 2);
	assert_int_equal(sl_reassembly_held(r), 0);
}

static void lengths_that_cannot_be_are_refused(void **state)
{
	(void)state;
	for (unsigned family = 4; family <= 6; family += 2) {
		memset(fates, 0, sizeof(fates));
		for (unsigned n = 57; n < 64; n++) {
			forge(family, 0, n, true, 1);
			assert_null(add_packet(&p));
		}
		assert_int_equal(fates[SL_REASSEMBLY_BAD_LENGTH], 7);
		forge(family, 65528, 65528 + 8, false, 1);
		assert_null(add_packet(&p));
		forge(family, 65000, 66000, true, 1);
		assert_null(add_packet(&p));
		assert_int_equal(fates[SL_REASSEMBLY_TOO_LONG], 2);
		forge(family, 64, 64, false, 1);
		assert_null(add_packet(&p));
		forge(family, 64, 64, true, 1);
		assert_null(add_packet(&p));
		assert_int_equal(fates[SL_REASSEMBLY_MALFORMED], 2);
		assert_int_equal(sl_reassembly_held(r), 0);
	}
	memset(fates, 0, sizeof(fates));
	forge4(65512, 65516, false, 1); // 20 of header make it 65536
	assert_null(add_packet(&p));
	assert_int_equal(fates[SL_REASSEMBLY_TOO_LONG], 1);
}

// RFC 7112 section 5.
static void the_first_fragment_has_all_headers(void **state)
{
	static const uint8_t cut[8] = {SL_PROTO_UDP, 1, 1, 4};

	(void)state;
	forge6(0, 8, true, 1);
	p.bytes[40] = SL_PROTO_TCP;
	assert_null(add_packet(&p));
	forge6(0, 8, true, 1);
	p.bytes[40] = SL_PROTO_DEST_OPTIONS;
	memcpy(p.bytes + 48, cut, 8);
	assert_null(add_packet(&p));
	assert_int_equal(fates[SL_REASSEMBLY_CHAIN], 2);
	forge6(8, 16, true, 1); // behind the first, nothing of it is to be seen
	p.bytes[40] = SL_PROTO_TCP;
	assert_null(add_packet(&p));
	assert_int_equal(sl_reassembly_held(r), 1);
}

static void a_datagram_of_too_many_pieces_is_dropped(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SL_REASSEMBLY_PIECES + 5; i++) {
		forge4(i * 8, i * 8 + 8, true, 1);
		assert_null(add_packet(&p));
	}
	assert_int_equal(fates[SL_REASSEMBLY_TOO_MANY], SL_REASSEMBLY_PIECES + 1);
	assert_int_equal(fates[SL_REASSEMBLY_OVERLAP], 4);
	assert_int_equal(sl_reassembly_held(r), 0);
}

static void forge_from(unsigned source, uint16_t id, bool first)
{
	char text[32];

	snprintf(text, sizeof(text), "11.%u.%u.%u", source >> 16 & 255, source >> 8 & 255,
		 source & 255);
	ip_build(&p, text, "10.0.0.1", SL_PROTO_UDP, NULL, 64);
	store_be16(p.bytes + 4, id);
	store_be16(p.bytes + 6, first ? SL_IPV4_MF : 8);
	ip_seal(&p);
}

// The first halves of 10^5 datagrams from one host; others lose nothing, though theirs come slowly.
static void a_flood_from_one_host_takes_only_its_own_place(void **state)
{
	unsigned whole = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++) { // legitimate hosts, first halves
		forge_from(1000 + i, 1, true);
		assert_null(add_packet(&p));
	}
	for (unsigned i = 0; i < 100000; i++) {
		forge_from(1, (uint16_t)i, true);
		assert_null(add_packet(&p));
		assert_true(sl_reassembly_held(r) <= 256);
	}
	for (unsigned i = 0; i < 100; i++) {
		struct rte_mbuf *m;

		forge_from(1000 + i, 1, false);
		m = add_packet(&p);
		if (m) {
			sl_free(m);
			whole++;
		}
	}
	assert_true(whole >= 75); // all but those that share the place, and pairs that share theirs
}

// 10^5 forged hosts: what is under way when its turn comes may be lost, what comes together is not.
static void a_flood_of_forged_hosts_leaves_those_that_are_quick(void **state)
{
	unsigned whole = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		struct rte_mbuf *m;

		forge_from(i, 7, true);
		assert_null(add_packet(&p));
		assert_true(sl_reassembly_held(r) <= 256);
		if (i % 1000 > 0)
			continue;
		forge_from(0xff0000 + i, 9, true);
		assert_null(add_packet(&p));
		forge_from(0xff0000 + i, 9, false);
		m = add_packet(&p);
		assert_non_null(m);
		sl_free(m);
		whole++;
	}
	assert_int_equal(whole, 100);
	assert_int_equal(fates[SL_REASSEMBLY_USED], 200);
	assert_true(fates[SL_REASSEMBLY_EVICTED] >= 100000 - 256);
}

static void the_number_of_fragments_is_bounded(void **state)
{
	(void)state;
	sl_reassembly_destroy(r);
	r = table(64, 100);
	for (unsigned i = 0; i < 60; i++) {
		for (unsigned k = 0; k < 10; k++) {
			forge_from(i, 7, true);
			store_be16(p.bytes + 6, (uint16_t)(k * 8 | SL_IPV4_MF));
			ip_seal(&p);
			assert_null(add_packet(&p));
			assert_true(sl_reassembly_held(r) <= 100);
		}
		now += 1000;
	}
	assert_true(sl_reassembly_held(r) >= 90);
	assert_int_equal(fates[SL_REASSEMBLY_EVICTED], 600 - sl_reassembly_held(r));
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_in_order_make_the_datagram),
		cmocka_unit_test(fragments_in_any_order_make_the_datagram),
		cmocka_unit_test(
			the_longest_that_a_packet_can_hold_is_made_and_longer_ones_are_not),
		cmocka_unit_test(a_fragment_that_is_there_already_is_passed_over),
		cmocka_unit_test(overlaps_drop_all_of_the_datagram),
		cmocka_unit_test(there_is_one_end_and_nothing_behind_it),
		cmocka_unit_test(an_atomic_fragment_is_handled_alone),
		cmocka_unit_test(headers_in_front_of_the_fragment_header_stay),
		cmocka_unit_test(options_of_the_first_ipv4_fragment_stay),
		cmocka_unit_test(datagrams_differ_by_addresses_protocol_and_identification),
		cmocka_unit_test(what_is_not_whole_in_time_is_let_go),
		cmocka_unit_test(lengths_that_cannot_be_are_refused),
		cmocka_unit_test(the_first_fragment_has_all_headers),
		cmocka_unit_test(a_datagram_of_too_many_pieces_is_dropped),
		cmocka_unit_test(a_flood_from_one_host_takes_only_its_own_place),
		cmocka_unit_test(a_flood_of_forged_hosts_leaves_those_that_are_quick),
		cmocka_unit_test(the_number_of_fragments_is_bounded),
	};

	for (unsigned i = 0; i < RTE_DIM(tests); i++) {
		tests[i].setup_func = begin;
		tests[i].teardown_func = end;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
