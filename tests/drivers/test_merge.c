#include "core/proto/tcp.h"
#include "tests/drivers/merge_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { BYTES = 2048 };

static uint8_t memory[SL_BURST][BYTES];
static const uint8_t *bytes[SL_BURST];
static uint32_t lens[SL_BURST];

static const struct merge_segment plain = {
	.id = 0xfffe, .size = 1000, .window = 500, .sequence = 0xfffff000u, .flags = SL_TCP_ACK};

static void put(unsigned i, const struct merge_segment *s)
{
	bytes[i] = memory[i];
	lens[i] = merge_build(memory[i], s);
}

// A stream of n segments.
static void put_stream(struct merge_segment s, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		put(i, &s);
		s.sequence += s.size;
		s.id++;
	}
}

static void segments_in_a_row_make_one_piece(void **state)
{
	(void)state;
	for (unsigned shape = 0; shape < 8; shape++) {
		struct merge_segment s = plain;

		s.ipv6 = shape & 1;
		s.options = shape & 2;
		s.udp = shape & 4;
		for (unsigned n = 1; n <= SL_BURST; n++) {
			put_stream(s, n);
			assert_int_equal(merge_and_cut(bytes, lens, n), 1);
		}
	}
}

static void kernel_is_told_how_to_cut_the_piece(void **state)
{
	struct rte_mbuf *p[3];
	struct merge_packet packets[3];
	struct sl_merge_run runs[3];

	(void)state;
	put_stream(plain, 3);
	for (unsigned i = 0; i < 3; i++) {
		packets[i] = merge_packet(lens[i]);
		memcpy(packets[i].bytes, bytes[i], lens[i]);
		p[i] = &packets[i].mbuf;
		sl_set_len(p[i], (uint16_t)lens[i]);
	}
	assert_int_equal(sl_merge(p, 3, true, runs), 1);
	assert_int_equal(runs[0].n, 3);
	assert_int_equal(runs[0].payload, 40);
	assert_int_equal(runs[0].header.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(runs[0].header.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(runs[0].header.gso_size, 1000);
	assert_int_equal(runs[0].header.hdr_len, 40);
	assert_int_equal(runs[0].header.csum_start, 20);
	assert_int_equal(runs[0].header.csum_offset, 16);
	assert_int_equal(load_be16(sl_data(p[0]) + 2), 3040);
	for (unsigned i = 0; i < 3; i++)
		free(packets[i].bytes);
}

static void a_shorter_segment_ends_the_piece(void **state)
{
	struct merge_segment s = plain;

	(void)state;
	put_stream(plain, 4);
	s.sequence += 1000;
	s.id++;
	s.size = 999;
	put(1, &s);
	assert_int_equal(merge_and_cut(bytes, lens, 2), 1);
	s.sequence += s.size;
	s.id++;
	put(2, &s);
	assert_int_equal(merge_and_cut(bytes, lens, 3), 2);
}

static void a_longer_segment_begins_another(void **state)
{
	struct merge_segment s = plain;

	(void)state;
	put(0, &s);
	s.sequence += s.size;
	s.id++;
	s.size++;
	put(1, &s);
	assert_int_equal(merge_and_cut(bytes, lens, 2), 2);
}

static void a_push_ends_the_piece(void **state)
{
	struct merge_segment s = plain;

	(void)state;
	put_stream(plain, 4);
	s.sequence += 1000;
	s.id++;
	s.flags |= SL_TCP_PSH;
	put(1, &s);
	assert_int_equal(merge_and_cut(bytes, lens, 4), 2);
}

static void segments_that_differ_are_left_alone(void **state)
{
	struct merge_segment others[12];

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(others); i++) {
		others[i] = plain;
		others[i].sequence += plain.size;
		others[i].id++;
	}
	others[0].sequence++;
	others[1].udp = true;
	others[2].ack++;
	others[3].window++;
	others[4].tos++;
	others[5].options = true;
	others[6].flags |= SL_TCP_FIN;
	others[7].flags |= SL_TCP_CWR;
	others[8].flags |= SL_TCP_ECE;
	others[9].flags = 0;
	others[10].size = 0;
	others[11].ipv6 = true;
	for (unsigned i = 0; i < RTE_DIM(others); i++) {
		put(0, &plain);
		put(1, &others[i]);
		assert_int_equal(merge_and_cut(bytes, lens, 2), 2);
	}
}

// Any bit of the second packet, or the first: a piece has right checksums, so it may be made only
// of packets that have.
static void any_wrong_bit_keeps_a_segment_out(void **state)
{
	struct merge_segment s = plain;

	(void)state;
	s.size = 40;
	s.may_fragment = true;
	for (unsigned shape = 0; shape < 8; shape++) {
		s.ipv6 = shape & 1;
		s.udp = shape & 4;
		put_stream(s, 2);
		for (unsigned bit = 0; bit < lens[0] * 8; bit++) {
			uint8_t *byte = &memory[shape / 2 % 2][bit / 8];

			*byte ^= (uint8_t)(1 << bit % 8);
			// a flow label, a hop limit and a traffic class have no checksum in IPv6,
			// but must be those of the other packet
			assert_int_equal(merge_and_cut(bytes, lens, 2), 2);
			*byte ^= (uint8_t)(1 << bit % 8);
		}
	}
}

static void identification_counts_where_it_means_something(void **state)
{
	struct merge_segment s = plain;

	(void)state;
	for (unsigned may = 0; may < 2; may++) {
		s.may_fragment = may;
		put_stream(s, 2);
		s.sequence += s.size;
		put(1, &s); // with that of the first
		assert_int_equal(merge_and_cut(bytes, lens, 2), 1 + may);
		s = plain;
	}
}

static void udp_is_left_alone_where_the_kernel_takes_none(void **state)
{
	struct merge_segment s = plain;
	struct merge_packet packets[2];
	struct rte_mbuf *p[2];
	struct sl_merge_run runs[2];

	(void)state;
	s.udp = true;
	put_stream(s, 2);
	for (unsigned i = 0; i < 2; i++) {
		packets[i] = merge_packet(lens[i]);
		memcpy(packets[i].bytes, bytes[i], lens[i]);
		p[i] = &packets[i].mbuf;
		sl_set_len(p[i], (uint16_t)lens[i]);
	}
	assert_int_equal(sl_merge(p, 2, false, runs), 2);
	for (unsigned i = 0; i < 2; i++)
		free(packets[i].bytes);
}

static void fragments_and_options_of_ip_are_left_alone(void **state)
{
	(void)state;
	put_stream(plain, 2);
	for (unsigned i = 0; i < 2; i++) {
		store_be16(memory[i] + 6, 0x2000);
		store_be16(memory[i] + 10, (uint16_t)(load_be16(memory[i] + 10) + 0x2000));
	}
	assert_int_equal(merge_and_cut(bytes, lens, 2), 2);
}

// What comes of a few choices at each packet.
static void whatever_was_merged_is_cut_into_the_same(void **state)
{
	unsigned seed = 1, pieces = 0;

	(void)state;
	for (unsigned round = 0; round < 1000; round++) {
		struct merge_segment flows[2] = {plain, plain};

		flows[1].ipv6 = rand_r(&seed) % 2;
		flows[1].udp = rand_r(&seed) % 2;
		flows[1].may_fragment = rand_r(&seed) % 2;
		flows[1].ack = 77;
		for (unsigned i = 0; i < SL_BURST; i++) {
			struct merge_segment *s = &flows[rand_r(&seed) % 16 == 0];

			if (rand_r(&seed) % 16 == 0)
				s->size = (uint16_t)(rand_r(&seed) % 1400);
			s->flags = SL_TCP_ACK;
			if (rand_r(&seed) % 16 == 0)
				s->flags |= (uint8_t)rand_r(&seed);
			put(i, s);
			if (rand_r(&seed) % 64 == 0)
				memory[i][(unsigned)rand_r(&seed) % lens[i]] ^= 1;
			s->sequence += s->size;
			s->id++;
		}
		pieces = merge_and_cut(bytes, lens, SL_BURST);
		assert_int_not_equal(pieces, 0);
		assert_true(pieces < SL_BURST);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_in_a_row_make_one_piece),
		cmocka_unit_test(kernel_is_told_how_to_cut_the_piece),
		cmocka_unit_test(a_shorter_segment_ends_the_piece),
		cmocka_unit_test(a_longer_segment_begins_another),
		cmocka_unit_test(a_push_ends_the_piece),
		cmocka_unit_test(segments_that_differ_are_left_alone),
		cmocka_unit_test(any_wrong_bit_keeps_a_segment_out),
		cmocka_unit_test(identification_counts_where_it_means_something),
		cmocka_unit_test(udp_is_left_alone_where_the_kernel_takes_none),
		cmocka_unit_test(fragments_and_options_of_ip_are_left_alone),
		cmocka_unit_test(whatever_was_merged_is_cut_into_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
