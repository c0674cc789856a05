#include "core/proto/tcp.h"
#include "tests/drivers/merge_rig.h"
#include "tests/harness/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct virtio_net_hdr header_of(const struct merge_segment *s, uint16_t gso_size)
{
	return (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				       .gso_type = s->udp    ? VIRTIO_NET_HDR_GSO_UDP_L4
						   : s->ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6
							     : VIRTIO_NET_HDR_GSO_TCPV4,
				       .gso_size = gso_size,
				       .csum_start = s->ipv6 ? 40 : 20,
				       .csum_offset = s->udp ? 6 : 16};
}

// What packet i of the piece must be: built anew.
static void expect(const struct rte_mbuf *p, const struct merge_segment *piece, unsigned i,
		   unsigned n, uint16_t size)
{
	static uint8_t wanted[MERGE_ROOM];
	struct merge_segment s = *piece;
	uint32_t len;

	s.sequence += i * size;
	s.id = (uint16_t)(s.id + i);
	s.size = i + 1 < n ? size : (uint16_t)(piece->size - i * size);
	if (i > 0)
		s.flags &= (uint8_t)~SL_TCP_CWR;
	if (i + 1 < n)
		s.flags &= (uint8_t) ~(SL_TCP_FIN | SL_TCP_PSH);
	len = merge_build(wanted, &s);
	assert_int_equal(sl_len(p), len);
	assert_memory_equal(sl_data(p), wanted, len);
}

// Cut a piece, of which the first packet's buffer holds as little as may be, or more.
static void cut(const struct merge_segment *piece, uint16_t size, unsigned more)
{
	static uint8_t whole[MERGE_ROOM];
	struct virtio_net_hdr h = header_of(piece, size);
	uint32_t len = merge_build(whole, piece), hdr = len - piece->size;
	uint32_t room = hdr + RTE_MIN(size, piece->size) + more;
	struct merge_packet first = merge_packet(room);
	struct sl_cut c = {.bytes = {first.bytes, room, whole + room}, .len = len};

	merge_unfinish(whole, len);
	memcpy(first.bytes, whole, RTE_MIN(room, len));
	assert_true(sl_cut_plan(&c, &h));
	assert_int_equal(c.n, (piece->size + size - 1) / size);
	for (unsigned i = c.n; i-- > 0;) {
		struct merge_packet other = merge_packet(hdr + size);
		struct merge_packet *to = i > 0 ? &other : &first;

		sl_cut_make(&c, i, &to->mbuf);
		expect(&to->mbuf, piece, i, c.n, size);
		free(other.bytes);
	}
	free(first.bytes);
}

static void pieces_are_cut_into_segments(void **state)
{
	static const struct {
		uint16_t all, size;
	} pieces[] = {{1, 1},       {2, 1},        {999, 1000},    {1000, 1000},
		      {1001, 1000}, {5000, 1000},  {60000, 1368},  {65000, 1448},
		      {3000, 48},   {65000, 8948}, {65000, 65000}, {40, 3}};

	(void)state;
	for (unsigned shape = 0; shape < 8; shape++) {
		for (unsigned i = 0; i < RTE_DIM(pieces); i++) {
			struct merge_segment s = {.ipv6 = shape & 1,
						  .options = shape & 2,
						  .udp = shape & 4,
						  .id = 0xfff0,
						  .sequence = 0xffffff00u,
						  .window = 7,
						  .size = pieces[i].all,
						  .flags = SL_TCP_ACK | SL_TCP_PSH | SL_TCP_FIN |
							   SL_TCP_CWR | SL_TCP_ECE};

			cut(&s, pieces[i].size, 0);
			cut(&s, pieces[i].size, 1);
			cut(&s, pieces[i].size, 700);
		}
	}
}

static void unfinished_checksums_are_finished(void **state)
{
	(void)state;
	for (unsigned shape = 0; shape < 2; shape++) {
		struct merge_segment s = {.ipv6 = shape, .flags = SL_TCP_ACK, .size = 501};
		struct virtio_net_hdr h = header_of(&s, 0);
		uint8_t wanted[2048];
		uint32_t len = merge_build(wanted, &s);
		struct merge_packet p = merge_packet(len);
		struct sl_cut c = {.bytes = {p.bytes, len, NULL}, .len = len};

		h.gso_type = VIRTIO_NET_HDR_GSO_NONE;
		memcpy(p.bytes, wanted, len);
		merge_unfinish(p.bytes, len);
		assert_true(sl_cut_plan(&c, &h));
		assert_int_equal(c.n, 1);
		sl_cut_make(&c, 0, &p.mbuf);
		assert_int_equal(sl_len(&p.mbuf), len);
		assert_memory_equal(p.bytes, wanted, len);
		free(p.bytes);
	}
}

// UDP says with 0 that there is none.
static void a_udp_checksum_of_zero_is_sent_as_ones(void **state)
{
	struct ip_packet built;
	uint8_t udp[10] = {0, 1, 0, 2, 0, 10};
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 20, .csum_offset = 6};
	struct sl_cut c;
	struct merge_packet p = merge_packet(30);

	(void)state;
	ip_build(&built, "10.0.0.1", "10.0.0.2", 17, udp, sizeof(udp));
	// the payload that makes it zero
	store_be16(built.bytes + 28, ip_checksum(built.bytes + 20, 10, built.bytes));
	store_be16(built.bytes + 26, (uint16_t)~ip_checksum((uint8_t[10]){0}, 10, built.bytes));
	memcpy(p.bytes, built.bytes, 30);
	c = (struct sl_cut){.bytes = {p.bytes, 30, NULL}, .len = 30};
	assert_true(sl_cut_plan(&c, &h));
	sl_cut_make(&c, 0, &p.mbuf);
	assert_int_equal(load_be16(p.bytes + 26), 0xffff);
	free(p.bytes);
}

static void finished_packets_are_left_alone(void **state)
{
	const struct virtio_net_hdr h = {0};
	struct merge_packet p = merge_packet(3);
	struct sl_cut c = {.bytes = {p.bytes, 3, NULL}, .len = 3};

	(void)state;
	memcpy(p.bytes, "abc", 3);
	assert_true(sl_cut_plan(&c, &h));
	sl_cut_make(&c, 0, &p.mbuf);
	assert_int_equal(sl_len(&p.mbuf), 3);
	assert_memory_equal(p.bytes, "abc", 3);
	c.len = 4; // longer than the packet's buffer
	assert_false(sl_cut_plan(&c, &h));
	free(p.bytes);
}

static void segments_must_fit_a_packet(void **state)
{
	struct merge_segment s = {.flags = SL_TCP_ACK, .size = 5000};
	uint8_t whole[8192];
	uint32_t len = merge_build(whole, &s);
	struct virtio_net_hdr h = header_of(&s, 1000);
	struct sl_cut c = {.bytes = {whole, 1039, whole + 1039}, .len = len};

	(void)state;
	assert_false(sl_cut_plan(&c, &h));
	c.bytes.room++;
	assert_true(sl_cut_plan(&c, &h));
}

// Headers of any content: refused, or all that is made lies within its buffers.
static void nonsense_stays_within_its_buffers(void **state)
{
	struct merge_segment s = {.flags = SL_TCP_ACK, .size = 300};
	static uint8_t whole[SL_SPILL_BYTES];
	unsigned seed = 1;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		uint32_t len = merge_build(whole, &s) - (uint32_t)rand_r(&seed) % 340;
		uint32_t room = 1 + (uint32_t)rand_r(&seed) % 400;
		struct virtio_net_hdr h = header_of(&s, (uint16_t)(rand_r(&seed) % 400));
		struct merge_packet first = merge_packet(room);
		struct sl_cut c = {.bytes = {first.bytes, room, whole}, .len = len};

		for (unsigned i = 0; i < 2; i++)
			((uint8_t *)&h)[rand_r(&seed) % sizeof(h)] = (uint8_t)(rand_r(&seed) % 64);
		memcpy(first.bytes, whole, room);
		first.bytes[(unsigned)rand_r(&seed) % room] = (uint8_t)rand_r(&seed);
		if (sl_cut_plan(&c, &h)) {
			struct merge_packet other = merge_packet(room);

			for (unsigned i = c.n; i-- > 0;)
				sl_cut_make(&c, i, i > 0 ? &other.mbuf : &first.mbuf);
			free(other.bytes);
		}
		free(first.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_cut_into_segments),
		cmocka_unit_test(unfinished_checksums_are_finished),
		cmocka_unit_test(a_udp_checksum_of_zero_is_sent_as_ones),
		cmocka_unit_test(finished_packets_are_left_alone),
		cmocka_unit_test(segments_must_fit_a_packet),
		cmocka_unit_test(nonsense_stays_within_its_buffers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
