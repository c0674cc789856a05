#include "core/ip/meta.h"
#include "tests/harness/app_harness.h"
#include "tests/harness/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { IPV4, IPV6, ARP, ND, OTHER, OUTPUTS };

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1}, peer[6] = {2, 0, 0, 0, 0, 0x99},
		     broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		     group[6] = {0x33, 0x33, 0, 0, 0, 1};

static struct sl_harness *make(const char *line)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static struct sl_harness *make_ours(void)
{
	return make("ethernet-in index=7 mac=02:00:00:00:00:01");
}

static struct frame frame_to(const uint8_t dst[6], const char *words)
{
	struct frame f;

	frame_build(&f, words, 20);
	memcpy(f.bytes, dst, 6);
	memcpy(f.bytes + 6, peer, 6);
	return f;
}

static void feed(struct sl_harness *h, const struct frame *f)
{
	assert_true(sl_harness_feed(h, 0, f->bytes, f->len));
	sl_harness_breathe(h);
}

static uint64_t waiting(struct sl_harness *h)
{
	uint64_t n = 0;

	for (unsigned port = 0; port < OUTPUTS; port++)
		n += sl_harness_waiting_out(h, port);
	return n;
}

// Take the only packet there is, which is what f holds, with its meta.
static void expect(struct sl_harness *h, unsigned port, const struct frame *f, uint8_t flags)
{
	struct rte_mbuf *p;
	const struct sl_ip_meta *m;

	assert_int_equal(sl_harness_waiting_out(h, port), 1);
	assert_int_equal(waiting(h), 1);
	p = sl_harness_take_packet(h, port);
	m = sl_ip_meta(p);
	assert_int_equal(sl_len(p), f->len - 14);
	assert_memory_equal(sl_data(p), f->bytes + 14, f->len - 14);
	assert_int_equal(m->iface_in, 7);
	assert_int_equal(m->iface_out, SL_IFACE_NONE);
	assert_int_equal(m->error, SL_IP_ERROR_NONE);
	assert_int_equal(m->mtu, 0);
	assert_int_equal(m->flags, flags);
	assert_memory_equal(m->ether, f->bytes, 14);
	assert_memory_equal(sl_prepend(p, 14), f->bytes, f->len); // the frame as it arrived
	sl_free(p);
}

static void expect_dropped(struct sl_harness *h, const char *name, uint64_t n)
{
	assert_int_equal(waiting(h), 0);
	assert_int_equal(sl_harness_drop(h, name), n);
}

static void packets_leave_by_what_they_are(void **state)
{
	static const struct {
		const char *words;
		unsigned port;
	} cases[] = {
		{"ether ipv4 udp", IPV4},    {"ether ipv6 udp", IPV6},
		{"ether ipv6 tcp", IPV6},    {"ether ipv6 hop udp", IPV6},
		{"ether ipv6 icmpv6", IPV6}, {"ether ipv6 dest icmpv6", IPV6},
		{"ether ipv6 igmp", IPV6},   {"ether ipv4+options tcp", IPV4},
	};
	struct sl_harness *h = make_ours();

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct frame f = frame_to(mac, cases[i].words);

		feed(h, &f);
		expect(h, cases[i].port, &f, 0);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void arp_leaves_on_its_own_port(void **state)
{
	struct sl_harness *h = make_ours();
	struct frame f = frame_to(broadcast, "ether ipv4 udp");

	(void)state;
	store_be16(f.bytes + 12, SL_ETHER_ARP);
	feed(h, &f);
	expect(h, ARP, &f, SL_META_L2_GROUP);
	assert_string_equal(sl_harness_destroy(h), "");
}

// Types 133 to 137 go to `nd`, and 130, a query for listeners; other ICMPv6 does not.
static void neighbour_discovery_leaves_on_its_own_port(void **state)
{
	static const char *const words[] = {"ether ipv6 icmpv6", "ether ipv6 hop icmpv6",
					    "ether ipv6 atomic icmpv6"};
	struct sl_harness *h = make_ours();

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct frame f = frame_to(mac, words[i]);

		for (unsigned type = 0; type < 256; type++) {
			f.bytes[f.layers[f.n - 1].offset] = (uint8_t)type;
			feed(h, &f);
			expect(h, type == 130 || (type >= 133 && type <= 137) ? ND : IPV6, &f, 0);
		}
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void later_fragments_are_no_neighbour_discovery_whatever_they_begin_with(void **state)
{
	struct sl_harness *h = make_ours();
	struct frame f = frame_to(mac, "ether ipv6 atomic icmpv6");

	(void)state;
	store_be16(f.bytes + f.layers[f.n - 1].offset - 6, 8); // behind the first 8 bytes
	for (unsigned first = 0; first < 256; first++) {
		f.bytes[f.layers[f.n - 1].offset] = (uint8_t)first;
		feed(h, &f);
		expect(h, IPV6, &f, 0);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void groups_are_marked(void **state)
{
	struct sl_harness *h = make_ours();
	struct frame f = frame_to(broadcast, "ether ipv4 udp");

	(void)state;
	feed(h, &f);
	expect(h, IPV4, &f, SL_META_L2_GROUP);
	f = frame_to(group, "ether ipv6 udp");
	feed(h, &f);
	expect(h, IPV6, &f, SL_META_L2_GROUP);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void frames_to_other_stations_are_dropped(void **state)
{
	struct sl_harness *h = make_ours();

	(void)state;
	for (unsigned bit = 1; bit < 48; bit++) { // all but the group bit
		uint8_t dst[6];
		struct frame f;

		memcpy(dst, mac, 6);
		dst[bit / 8] ^= (uint8_t)(1 << bit % 8);
		f = frame_to(dst, "ether ipv4 udp");
		feed(h, &f);
		expect_dropped(h, "other_host", bit);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void promiscuous_takes_frames_to_any_station(void **state)
{
	struct sl_harness *h = make("ethernet-in index=7 promiscuous=yes");
	struct frame f = frame_to(peer, "ether ipv4 udp");

	(void)state;
	feed(h, &f);
	expect(h, IPV4, &f, 0);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void a_group_as_source_is_dropped(void **state)
{
	struct sl_harness *h = make_ours();
	struct frame f = frame_to(mac, "ether ipv4 udp");

	(void)state;
	f.bytes[6] |= 1;
	feed(h, &f);
	expect_dropped(h, "bad_source", 1);
	assert_string_equal(sl_harness_destroy(h), "");
}

// A priority and no VLAN. Spec: IEEE 802.1Q clause 9.6.
static void tag(struct frame *f, uint16_t control)
{
	memmove(f->bytes + 16, f->bytes + 12, f->len - 12);
	store_be16(f->bytes + 12, 0x8100);
	store_be16(f->bytes + 14, control);
	f->len = (uint16_t)(f->len + 4);
}

static void a_priority_tag_is_taken_off(void **state)
{
	struct sl_harness *h = make_ours();
	struct frame plain = frame_to(mac, "ether ipv4 udp"), f = plain;

	(void)state;
	tag(&f, 0x6000);
	feed(h, &f);
	expect(h, IPV4, &plain, 0);
	tag(&f, 0);
	feed(h, &f); // two of them
	expect_dropped(h, "tagged", 1);
	f = plain;
	tag(&f, 0xe001);
	feed(h, &f);
	expect_dropped(h, "tagged", 2);
	f.len = 14; // and no more
	store_be16(f.bytes + 14, 0);
	feed(h, &f);
	expect_dropped(h, "tagged", 3);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void tagged_frames_are_dropped(void **state)
{
	struct sl_harness *h = make_ours();
	struct frame f = frame_to(mac, "ether vlan ipv4 udp");

	(void)state;
	feed(h, &f);
	expect_dropped(h, "tagged", 1);
	f = frame_to(broadcast, "ether qinq ipv6 udp");
	feed(h, &f);
	expect_dropped(h, "tagged", 2);
	assert_string_equal(sl_harness_destroy(h), "");
}

// Every length: what is no header is dropped, the rest is somebody else's to judge.
static void short_frames_do_no_harm(void **state)
{
	static const char *const words[] = {"ether ipv4 udp", "ether ipv6 icmpv6",
					    "ether ipv6 hop icmpv6"};
	struct sl_harness *h = make_ours();
	unsigned dropped = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct frame f = frame_to(mac, words[i]);

		for (f.len = 0; f.len < 14; f.len++) {
			feed(h, &f);
			expect_dropped(h, "too_short", ++dropped);
		}
		for (; f.len < 80; f.len++) {
			feed(h, &f);
			expect(h, i == 0 ? IPV4 : IPV6, &f, 0);
		}
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

// A packet whose first byte is the first of its buffer has no room for a meta.
static void a_packet_without_headroom_is_moved(void **state)
{
	struct sl_harness *h = make_ours();
	struct frame f = frame_to(mac, "ether ipv4 udp");
	struct sl_link *in = sl_harness_app(h)->in[0];
	struct rte_mbuf *p;

	(void)state;
	for (uint16_t room = 0; room < 40; room++) {
		assert_true(sl_harness_feed(h, 0, f.bytes, f.len));
		p = in->slots[in->head & (in->size - 1)];
		sl_prepend(p, (uint16_t)(SL_HEADROOM - room));
		memmove(sl_data(p), f.bytes, f.len);
		sl_set_len(p, f.len);
		sl_harness_breathe(h);
		expect(h, IPV4, &f, 0);
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void what_leads_nowhere_is_dropped_by_its_name(void **state)
{
	static const struct {
		const char *what, *reason;
		unsigned output;
	} cases[] = {{"ether ipv4 udp", "no_ipv4", IPV4}, {"ether ipv6 udp", "no_ipv6", IPV6}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_harness *h = make_ours();
		struct frame f = frame_to(mac, cases[i].what);

		sl_harness_disconnect(h, cases[i].output);
		feed(h, &f);
		assert_int_equal(sl_harness_drop(h, cases[i].reason), 1);
		assert_string_equal(sl_harness_destroy(h), "");
	}
}

static void other_protocols_leave_whole_or_are_dropped(void **state)
{
	struct sl_harness *h = make_ours();
	struct frame f = frame_to(group, "ether ipv4 udp");
	uint8_t got[FRAME_MOST];

	(void)state;
	store_be16(f.bytes + 12, 0x88cc);
	feed(h, &f);
	assert_int_equal(sl_harness_take(h, OTHER, got, sizeof(got)), f.len);
	assert_memory_equal(got, f.bytes, f.len);
	sl_harness_disconnect(h, OTHER);
	feed(h, &f);
	assert_int_equal(sl_harness_drop(h, "unknown_type"), 1);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void packets_of_a_burst_stay_in_order(void **state)
{
	static const char *const words[] = {"ether ipv4 udp", "ether ipv6 udp", "ether vlan ipv4"};
	struct sl_harness *h = make_ours();
	unsigned sent[3] = {0};

	(void)state;
	srand(3);
	for (unsigned i = 0; i < 500; i++) {
		unsigned kind = i < 100 ? 0 : (unsigned)rand() % 3;
		struct frame f = frame_to(mac, words[kind]);

		store_be16(f.bytes + 40, (uint16_t)i);
		assert_true(sl_harness_feed(h, 0, f.bytes, f.len));
		sent[kind]++;
	}
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_drop(h, "tagged"), sent[2]);
	for (unsigned port = 0; port < 2; port++) {
		uint8_t got[FRAME_MOST];
		int last = -1;

		assert_int_equal(sl_harness_waiting_out(h, port), sent[port]);
		while (sl_harness_take(h, port, got, sizeof(got)) > 0) {
			assert_true(load_be16(got + 26) > last);
			last = load_be16(got + 26);
		}
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void the_address_is_that_of_the_port(void **state)
{
	struct sl_harness *h = make("ethernet-in index=7 port=port-lan");
	struct frame f = frame_to(mac, "ether ipv4 udp");

	(void)state;
	feed(h, &f);
	expect_dropped(h, "other_host", 1);
	sl_harness_settle(h, "port-wan", mac);
	feed(h, &f);
	expect_dropped(h, "other_host", 2);
	sl_harness_settle(h, "port-lan", mac);
	feed(h, &f);
	expect(h, IPV4, &f, 0);
	sl_harness_settle(h, "port-lan", peer);
	feed(h, &f);
	expect_dropped(h, "other_host", 3);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void an_address_in_the_file_wins(void **state)
{
	struct sl_harness *h = make("ethernet-in index=7 port=port-lan mac=02:00:00:00:00:01");
	struct frame f = frame_to(mac, "ether ipv4 udp");

	(void)state;
	sl_harness_settle(h, "port-lan", peer);
	feed(h, &f);
	expect(h, IPV4, &f, 0);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void an_address_that_no_station_has_is_refused(void **state)
{
	static const char *const lines[] = {
		"ethernet-in mac=02:00:00:00:00", "ethernet-in mac=03:00:00:00:00:01",
		"ethernet-in mac=00:00:00:00:00:00", "ethernet-in mac=x", "ethernet-in index=60"};
	struct sl_error err;

	(void)state;
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_null(
			sl_harness_create(&(struct sl_harness_options){.line = lines[i]}, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_leave_by_what_they_are),
		cmocka_unit_test(arp_leaves_on_its_own_port),
		cmocka_unit_test(neighbour_discovery_leaves_on_its_own_port),
		cmocka_unit_test(
			later_fragments_are_no_neighbour_discovery_whatever_they_begin_with),
		cmocka_unit_test(groups_are_marked),
		cmocka_unit_test(frames_to_other_stations_are_dropped),
		cmocka_unit_test(promiscuous_takes_frames_to_any_station),
		cmocka_unit_test(a_group_as_source_is_dropped),
		cmocka_unit_test(tagged_frames_are_dropped),
		cmocka_unit_test(a_priority_tag_is_taken_off),
		cmocka_unit_test(short_frames_do_no_harm),
		cmocka_unit_test(a_packet_without_headroom_is_moved),
		cmocka_unit_test(what_leads_nowhere_is_dropped_by_its_name),
		cmocka_unit_test(other_protocols_leave_whole_or_are_dropped),
		cmocka_unit_test(packets_of_a_burst_stay_in_order),
		cmocka_unit_test(the_address_is_that_of_the_port),
		cmocka_unit_test(an_address_in_the_file_wins),
		cmocka_unit_test(an_address_that_no_station_has_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
