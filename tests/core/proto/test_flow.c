#include "core/proto/flow.h"

#include "core/proto/ethernet.h"
#include "core/proto/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

// What a frame is built from.
struct flow {
	bool ipv6;
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
	uint8_t protocol;
	unsigned tags;    // VLAN tags
	unsigned options; // IPv4: words of options; IPv6: extension headers
	bool fragment;    // IPv4 and IPv6
	uint16_t fragment_offset;
	uint8_t filler; // everything that is not part of the flow
};

struct frame {
	uint8_t bytes[512];
	size_t len;
};

static uint8_t *fill(struct frame *f, uint8_t byte, size_t n)
{
	uint8_t *at = f->bytes + f->len;

	memset(at, byte, n);
	f->len += n;
	return at;
}

static void put_be16(struct frame *f, uint16_t v)
{
	store_be16(fill(f, 0, 2), v);
}

static void build_ipv4(struct frame *f, const struct flow *w)
{
	size_t header = 20 + w->options * 4;
	uint8_t *ip = fill(f, w->filler, header);

	ip[0] = (uint8_t)(0x40 | header / 4);
	store_be16(ip + 2, (uint16_t)(header + 40));
	store_be16(ip + 6, (uint16_t)(w->fragment ? (w->fragment_offset | 0x2000) : 0x4000));
	ip[9] = w->protocol;
	memcpy(ip + 12, w->src, 4);
	memcpy(ip + 16, w->dst, 4);
}

static void build_ipv6(struct frame *f, const struct flow *w)
{
	uint8_t *ip = fill(f, w->filler, 40), *next = ip + 6;

	ip[0] = (uint8_t)(0x60 | (w->filler & 15));
	memcpy(ip + 8, w->src, 16);
	memcpy(ip + 24, w->dst, 16);
	for (unsigned i = 0; i < w->options; i++) {
		*next = SL_PROTO_DEST_OPTIONS;
		next = fill(f, w->filler, 8 * (1 + i % 3));
		next[1] = (uint8_t)(i % 3);
	}
	if (w->fragment) {
		*next = SL_PROTO_FRAGMENT;
		next = fill(f, w->filler, 8);
		store_be16(next + 2, (uint16_t)(w->fragment_offset * 8));
	}
	*next = w->protocol;
}

static struct frame build(const struct flow *w)
{
	struct frame f = {.len = 0};

	fill(&f, w->filler, 12);
	for (unsigned i = 0; i < w->tags; i++) {
		put_be16(&f, i + 1 < w->tags ? SL_ETHER_QINQ : SL_ETHER_VLAN);
		fill(&f, w->filler, 2);
	}
	put_be16(&f, w->ipv6 ? SL_ETHER_IPV6 : SL_ETHER_IPV4);
	if (w->ipv6)
		build_ipv6(&f, w);
	else
		build_ipv4(&f, w);
	put_be16(&f, w->sport);
	put_be16(&f, w->dport);
	fill(&f, w->filler, 36);
	return f;
}

static uint32_t hash(const struct flow *w)
{
	struct frame f = build(w);

	return sl_flow_hash(f.bytes, f.len);
}

static struct flow any(void)
{
	static const uint8_t protocols[] = {SL_PROTO_TCP, SL_PROTO_UDP, SL_PROTO_SCTP,
					    SL_PROTO_UDP_LITE, SL_PROTO_DCCP};
	struct flow w = {.ipv6 = rand() & 1};

	for (unsigned i = 0; i < 16; i++) {
		w.src[i] = (uint8_t)(rand() >> 4);
		w.dst[i] = (uint8_t)(rand() >> 4);
	}
	w.sport = (uint16_t)rand();
	w.dport = (uint16_t)rand();
	w.protocol = protocols[rand() % 5];
	return w;
}

// The same conversation, as another packet of it may look.
static struct flow disguised(struct flow w, bool back)
{
	struct flow d = w;

	if (back) {
		memcpy(d.src, w.dst, 16);
		memcpy(d.dst, w.src, 16);
		d.sport = w.dport;
		d.dport = w.sport;
	}
	d.tags = (unsigned)rand() % 4;
	d.options = (unsigned)rand() % 5;
	d.filler = (uint8_t)rand();
	return d;
}

static void packets_of_a_conversation_hash_alike_both_ways(void **state)
{
	(void)state;
	srand(1);
	for (unsigned i = 0; i < 20000; i++) {
		struct flow w = any(), d = disguised(w, i & 1);

		assert_int_equal(hash(&w), hash(&d));
	}
}

static void packets_hash_as_their_frames_do(void **state)
{
	const uint8_t arp[28] = {0, 1, 8, 0};

	(void)state;
	srand(9);
	for (unsigned i = 0; i < 1000; i++) {
		struct flow w = any();
		struct frame f = build(&w); // without tags

		assert_int_equal(sl_flow_hash_ip(f.bytes + 14, f.len - 14),
				 sl_flow_hash(f.bytes, f.len));
	}
	assert_int_equal(sl_flow_hash_ip(arp, sizeof(arp)), 0);
	assert_int_equal(sl_flow_hash_ip(arp, 0), 0);
}

static void other_ports_protocols_and_addresses_hash_otherwise(void **state)
{
	unsigned same = 0;

	(void)state;
	srand(2);
	for (unsigned i = 0; i < 20000; i++) {
		struct flow w = any(), d = w;

		switch (i % 4) {
		case 0:
			d.sport ^= (uint16_t)(1 << rand() % 16);
			break;
		case 1:
			d.dst[rand() % 4] ^= (uint8_t)(1 << rand() % 8);
			break;
		case 2:
			d.src[rand() % (w.ipv6 ? 16 : 4)] ^= (uint8_t)(1 << rand() % 8);
			break;
		default:
			d.protocol = w.protocol == SL_PROTO_TCP ? SL_PROTO_UDP : SL_PROTO_TCP;
		}
		same += hash(&w) == hash(&d);
	}
	assert_in_range(same, 0, 2); // 20000 pairs of 32 random bits
}

// Ports swapped but addresses not: another conversation.
static void ports_belong_to_their_address(void **state)
{
	struct flow w = any(), d = w;

	(void)state;
	d.sport = w.dport;
	d.dport = w.sport;
	assert_int_not_equal(hash(&w), hash(&d));
}

static void fragments_hash_by_addresses_alone(void **state)
{
	(void)state;
	srand(3);
	for (unsigned i = 0; i < 5000; i++) {
		struct flow w = any(), d;

		w.fragment = true;
		d = disguised(w, i & 1);
		d.fragment_offset = (uint16_t)(1 + rand() % 0x1fff);
		d.sport = (uint16_t)rand();
		d.dport = (uint16_t)rand();
		assert_int_equal(hash(&w), hash(&d));
	}
}

static void protocols_without_ports_hash_by_addresses_alone(void **state)
{
	struct flow w = any(), d;

	(void)state;
	w.protocol = SL_PROTO_ICMP;
	d = disguised(w, true);
	d.sport = 1;
	assert_int_equal(hash(&w), hash(&d));
}

static void frames_that_are_not_ip_hash_by_mac_addresses(void **state)
{
	uint8_t there[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x06, 1};
	uint8_t back[60] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x06, 9};
	uint8_t other[60] = {2, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 1, 0x08, 0x06, 9};

	(void)state;
	assert_int_equal(sl_flow_hash(there, 60), sl_flow_hash(back, 60));
	assert_int_not_equal(sl_flow_hash(there, 60), sl_flow_hash(other, 60));
}

static void a_packet_that_is_not_what_its_type_says_hashes_as_not_ip(void **state)
{
	struct flow w = any();
	struct frame f, g;

	(void)state;
	w.ipv6 = false;
	f = build(&w);
	f.bytes[14] = 0x44; // header too short
	g = f;
	g.bytes[14 + 12] ^= 1; // source address
	assert_int_equal(sl_flow_hash(f.bytes, f.len), sl_flow_hash(g.bytes, g.len));
}

static void snapped_packets_stay_with_their_conversation(void **state)
{
	(void)state;
	srand(4);
	for (unsigned i = 0; i < 1000; i++) {
		struct flow w = any();
		struct frame f = build(&w);
		size_t headers = f.len - 36;

		assert_int_equal(sl_flow_hash(f.bytes, headers), sl_flow_hash(f.bytes, f.len));
	}
}

// Every length, in a buffer that ends where the frame does.
static void never_reads_beyond_the_frame(void **state)
{
	(void)state;
	srand(5);
	for (unsigned i = 0; i < 300; i++) {
		struct flow w = any(), d = disguised(w, false);
		struct frame f;

		d.fragment = i % 3 == 0;
		f = build(&d);
		for (size_t len = 0; len <= f.len; len++) {
			uint8_t *exact = malloc(len ? len : 1);

			memcpy(exact, f.bytes, len);
			if (i % 5 == 0 && len > 30)
				exact[14 + (unsigned)rand() % 16] = (uint8_t)rand();
			assert_true(sl_flow_hash(exact, len) == 0 || len >= 14);
			free(exact);
		}
	}
}

static void conversations_spread_evenly(void **state)
{
	enum { FLOWS = 60000, WAYS = 6 };
	unsigned count[WAYS] = {0};
	struct flow w = {.src = {10, 0, 0, 1}, .dst = {10, 0, 0, 2}, .protocol = SL_PROTO_UDP};

	(void)state;
	w.dport = 53;
	for (unsigned i = 0; i < FLOWS; i++) {
		w.sport = (uint16_t)i;
		count[sl_flow_way(hash(&w), WAYS)]++;
	}
	for (unsigned i = 0; i < WAYS; i++)
		assert_in_range(count[i], FLOWS / WAYS * 95 / 100, FLOWS / WAYS * 105 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_of_a_conversation_hash_alike_both_ways),
		cmocka_unit_test(packets_hash_as_their_frames_do),
		cmocka_unit_test(other_ports_protocols_and_addresses_hash_otherwise),
		cmocka_unit_test(ports_belong_to_their_address),
		cmocka_unit_test(fragments_hash_by_addresses_alone),
		cmocka_unit_test(protocols_without_ports_hash_by_addresses_alone),
		cmocka_unit_test(frames_that_are_not_ip_hash_by_mac_addresses),
		cmocka_unit_test(a_packet_that_is_not_what_its_type_says_hashes_as_not_ip),
		cmocka_unit_test(snapped_packets_stay_with_their_conversation),
		cmocka_unit_test(never_reads_beyond_the_frame),
		cmocka_unit_test(conversations_spread_evenly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
