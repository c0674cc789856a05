// Which packets pass a tunnel, for and from whom, and where peers are: WireGuard paper sections 2,
// 5.4.6 and 6.5, RFC 6040.
#include "core/ip/meta.h"
#include "core/proto/ipv4.h"
#include "core/proto/protocol.h"
#include "core/tunnel/message.h"
#include "tests/apps/tunnel_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { OUTPUT_ERROR = 6, PEERS = 3 };

static struct rig rig;
static struct peer peers[PEERS], *a = &peers[0], *b = &peers[1];
static uint8_t message[2048], plaintext[2048];
static struct ip_packet got;

static int enter(void **state)
{
	(void)state;
	peers[0] = (struct peer){
		.at = "192.0.2.2:2",
		.line = "endpoint=192.0.2.2:2 allowed=10.2.0.0/16,fd02::/64,0.0.0.0/0"};
	peers[1] = (struct peer){
		.at = "[2001:db8::3]:3",
		.line = "endpoint=[2001:db8::3]:3 allowed=10.2.3.0/24,fd02:0:0:0:3::/80"};
	peers[2] = (struct peer){.at = "192.0.2.4:4", .line = "allowed=10.2.4.4/32"};
	rig_open(&rig, peers, PEERS);
	return 0;
}

static int leave(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

static void connect_both(void)
{
	rig_connect(&rig, a);
	rig_connect(&rig, b);
}

// ---- out

static void the_longest_prefix_of_the_destination_says_who_gets_a_packet(void **state)
{
	static const struct {
		const char *src, *dst;
		struct peer *p;
	} packets[] = {
		{"10.1.0.1", "10.2.0.1", &peers[0]},   {"10.1.0.1", "10.2.3.1", &peers[1]},
		{"10.1.0.1", "10.2.2.255", &peers[0]}, {"10.1.0.1", "8.8.8.8", &peers[0]},
		{"fd01::1", "fd02::1", &peers[0]},     {"fd01::1", "fd02::3:0:0:1", &peers[1]},
	};

	(void)state;
	connect_both();
	for (size_t i = 0; i < RTE_DIM(packets); i++) {
		rig_send(&rig, packets[i].src, packets[i].dst, 96);
		assert_int_equal(rig_expect_data(&rig, packets[i].p, plaintext), 96);
		rig_expect_silence(&rig);
	}
}

// The router makes ICMP host unreachable, or ICMPv6 address unreachable, of what leaves there.
static void what_belongs_to_nobody_or_to_one_without_endpoint_is_unreachable(void **state)
{
	static const char *const dst[] = {"fd09::1", "10.2.4.4"};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(dst); i++) {
		rig_send(&rig, i == 0 ? "fd01::1" : "10.1.0.1", dst[i], 96);
		assert_true(ip_take(rig.data, OUTPUT_ERROR, &got));
		assert_int_equal(got.meta.error, SL_IP_HOST_UNREACHABLE);
		assert_int_equal(got.meta.iface_in, 0); // without a router, the data app says so
		assert_int_equal(got.len, 96);
	}
	rig_expect_silence(&rig);
	assert_int_equal(sl_harness_app(rig.data)->held, 0);
}

static void a_peer_without_endpoint_has_one_once_it_was_heard(void **state)
{
	(void)state;
	rig_connect(&rig, &peers[2]);
	rig_send(&rig, "10.1.0.1", "10.2.4.4", 96);
	assert_int_equal(rig_expect_data(&rig, &peers[2], plaintext), 96);
}

static void what_is_no_ip_packet_is_not_sealed(void **state)
{
	static const uint8_t first[] = {0x00, 0x45, 0x55, 0x60, 0x44, 0xf5};

	(void)state;
	connect_both();
	for (size_t i = 0; i < sizeof(first); i++)
		for (unsigned len = 0; len < 45; len++) {
			ip_build(&got, "10.1.0.1", "10.2.0.1", SL_PROTO_UDP, NULL, 80);
			got.bytes[0] = first[i];
			got.len = len; // shorter than its header says
			assert_true(ip_feed(rig.data, 0, &got));
			rig_breathe(&rig);
		}
	rig_expect_silence(&rig);
	assert_int_equal(sl_harness_drop(rig.data, "inner_malformed"), sizeof(first) * 45);
}

static void at_most_128_packets_wait_and_the_oldest_goes_first(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		ip_build(&got, "10.1.0.1", "10.2.0.1", SL_PROTO_UDP, &i, sizeof(i));
		assert_true(ip_feed(rig.data, 0, &got));
	}
	rig_breathe(&rig);
	rig_expect_initiation(&rig, a);
	assert_int_equal(sl_harness_app(rig.data)->held, 128);
	rig_answer(&rig, a);
	for (uint32_t i = 200 - 128; i < 200; i++) {
		rig_expect_data(&rig, a, plaintext);
		assert_int_equal(load_le32(plaintext + 20), i);
	}
}

// Let a message of the tunnel come back as what is to be sealed.
static void come_back(const struct rig_message *m, const char *src, const char *dst, bool divided)
{
	uint8_t udp[8 + sizeof(message)] = {0, 1, 0, 2};

	store_be16(udp + 4, (uint16_t)(8 + m->len));
	memcpy(udp + 8, m->bytes, m->len);
	ip_build(&got, src, dst, SL_PROTO_UDP, udp, 8u + m->len);
	if (divided)
		store_be16(got.bytes + 6, SL_IPV4_MF);
	assert_true(ip_feed(rig.data, 0, &got));
	rig_breathe(&rig);
}

// Where the way to a peer leads into the tunnel to it, a packet comes back as it left, or divided.
static void what_comes_back_sealed_is_not_sealed_again(void **state)
{
	struct rig_message m;

	(void)state;
	connect_both();
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 96);
	m = *rig_expect(&rig, SL_MESSAGE_DATA);
	come_back(&m, "192.0.2.1", "192.0.2.2", false);
	come_back(&m, "10.9.0.1", "192.0.2.2", true);
	assert_int_equal(sl_harness_drop(rig.data, "looped"), 2);
	rig_expect_silence(&rig);
	m.bytes[4]++; // of another tunnel, in this one
	come_back(&m, "192.0.2.1", "192.0.2.2", false);
	assert_int_equal(rig_expect_data(&rig, a, plaintext), 160);
	m.bytes[4]--;
	come_back(&m, "192.0.2.1", "192.0.2.9", false); // a packet for somebody else
	assert_int_equal(rig_expect_data(&rig, a, plaintext), 160);
}

// Otherwise each would wait for a session with its own peer, and ask for one.
static void a_handshake_that_comes_back_is_not_sealed_either(void **state)
{
	struct rig_message m;

	(void)state;
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 96);
	m = *rig_expect_initiation(&rig, a);
	for (unsigned i = 0; i < 18; i++) {
		come_back(&m, "192.0.2.1", "192.0.2.2", false);
		assert_int_equal(sl_harness_drop(rig.data, "looped"), i + 1);
		assert_int_equal(sl_harness_app(rig.data)->held, 1);
		if (i == 17)
			break;
		rig_wait(&rig, RIG_SECOND_NS * 27 / 5);
		m = *rig_expect_initiation(&rig, a);
	}
	rig_wait_s(&rig, 10);
	assert_int_equal(sl_harness_metric(rig.shake, "given_up"), 1);
	assert_int_equal(sl_harness_app(rig.data)->held, 0);
	rig_expect_silence(&rig);
}

static void a_response_that_comes_back_is_not_sealed_either(void **state)
{
	struct rig_message m;

	(void)state;
	connect_both();
	rig_wait_s(&rig, 6);
	peer_initiate(a, message);
	rig_hear(&rig, a->at, message, PEER_INITIATION);
	m = *rig_expect(&rig, SL_MESSAGE_RESPONSE);
	come_back(&m, "192.0.2.1", "192.0.2.2", false);
	assert_int_equal(sl_harness_drop(rig.data, "looped"), 1);
	rig_expect_silence(&rig);
}

static void plaintext_is_padded_with_zeros_to_16_bytes_within_the_mtu(void **state)
{
	(void)state;
	connect_both();
	for (unsigned len = 28; len <= RIG_MTU; len++) {
		unsigned padded = RTE_MIN((len + 15) / 16 * 16, (unsigned)RIG_MTU);

		rig_send(&rig, "10.1.0.1", "10.2.0.1", len);
		assert_int_equal(rig_expect_data(&rig, a, plaintext), padded);
		while (padded > len)
			assert_int_equal(plaintext[--padded], 0);
		rig_expect_silence(&rig);
	}
}

static void data_has_no_dscp_and_the_inner_ecn_outside(void **state)
{
	(void)state;
	connect_both();
	for (unsigned tos = 0; tos < 256; tos++) {
		ip_build(&got, "10.1.0.1", "10.2.0.1", SL_PROTO_UDP, NULL, 80);
		got.bytes[1] = (uint8_t)tos;
		ip_seal(&got);
		assert_true(ip_feed(rig.data, 0, &got));
		rig_breathe(&rig);
		assert_int_equal(rig.sent[rig.n_seen].tos, tos & 3);
		rig_expect_data(&rig, a, plaintext);
		assert_int_equal(plaintext[1], tos);
	}
}

// ---- in

static void padding_is_cut_off_and_its_absence_is_no_fault(void **state)
{
	(void)state;
	connect_both();
	for (unsigned padding = 0; padding < 40; padding++) {
		ip_build(&got, "10.2.0.1", "10.1.0.1", SL_PROTO_UDP, NULL, 81);
		memset(got.bytes + got.len, 0xff, padding);
		rig_hear(&rig, a->at, message, peer_seal(a, got.bytes, 101 + padding, message));
		assert_true(rig_receive(&rig, &got));
		assert_int_equal(got.len, 101);
	}
}

// Data that is authentic and may not pass: nothing comes out or goes back, and it is counted.
static void expect_dropped(struct peer *p, const char *reason)
{
	uint64_t before = sl_harness_drop(rig.data, reason);

	rig_hear(&rig, p->at, message, peer_seal(p, got.bytes, got.len, message));
	rig_expect_silence(&rig);
	assert_int_equal(sl_harness_drop(rig.data, reason), before + 1);
	assert_false(rig_receive(&rig, &got));
}

static void a_plaintext_that_is_no_whole_ip_packet_is_dropped(void **state)
{
	static const char *const src[] = {"10.2.0.1", "fd02::1"};

	(void)state;
	connect_both();
	for (size_t i = 0; i < RTE_DIM(src); i++)
		for (unsigned len = 1; len < 100; len++) {
			ip_build(&got, src[i], i ? "fd01::1" : "10.1.0.1", SL_PROTO_UDP, NULL, 80);
			got.len = RTE_MIN(len, got.len - 1); // its header says more
			expect_dropped(a, "opened_malformed");
		}
	for (unsigned version = 0; version < 16; version++) {
		if (version == 4 || version == 6)
			continue;
		ip_build(&got, "10.2.0.1", "10.1.0.1", SL_PROTO_UDP, NULL, 80);
		got.bytes[0] = (uint8_t)(version << 4 | 5);
		expect_dropped(a, "opened_malformed");
	}
	ip_build(&got, "10.2.0.1", "10.1.0.1", SL_PROTO_UDP, NULL, 80);
	store_be16(got.bytes + 2, 19); // shorter than its own header
	expect_dropped(a, "opened_malformed");
}

static void a_source_must_be_this_very_peers(void **state)
{
	static const struct {
		const char *src, *dst;
		unsigned from;
		bool passes;
	} packets[] = {
		{"10.2.0.1", "10.1.0.1", 0, true},      {"10.2.3.1", "10.1.0.1", 0, false},
		{"10.2.3.1", "10.1.0.1", 1, true},      {"10.2.0.1", "10.1.0.1", 1, false},
		{"9.9.9.9", "10.1.0.1", 0, true},       {"9.9.9.9", "10.1.0.1", 1, false},
		{"fd02::1", "fd01::1", 0, true},        {"fd02::1", "fd01::1", 1, false},
		{"fd02::3:0:0:1", "fd01::1", 0, false}, {"fd02::3:0:0:1", "fd01::1", 1, true},
		{"fd09::1", "fd01::1", 0, false},
	};

	(void)state;
	connect_both();
	for (size_t i = 0; i < RTE_DIM(packets); i++) {
		rig_hear_inner(&rig, &peers[packets[i].from], packets[i].src, packets[i].dst, 96);
		assert_int_equal(rig_receive(&rig, &got), packets[i].passes);
	}
	assert_int_equal(sl_harness_drop(rig.data, "foreign_source"), 6);
	rig_expect_silence(&rig);
}

// ---- where peers are

// The peer shows by data, a keepalive, or an inner packet that is not its own, that it has moved.
static void any_authentic_packet_says_where_a_peer_is(void **state)
{
	static const char *const at[] = {"192.0.2.20:20", "[2001:db8::20]:21", "192.0.2.20:22"};

	(void)state;
	connect_both();
	for (unsigned i = 0; i < RTE_DIM(at); i++) {
		a->at = at[i];
		if (i == 0)
			rig_hear_inner(&rig, a, "10.2.0.1", "10.1.0.1", 96);
		else if (i == 1)
			rig_hear_keepalive(&rig, a);
		else
			rig_hear_inner(&rig, a, "10.2.3.1", "10.1.0.1", 96);
		assert_int_equal(rig_receive(&rig, &got), i == 0);
		assert_string_equal(rig_endpoint(&rig, 0), at[i]);
		rig_send(&rig, "10.1.0.1", "10.2.0.1", 96);
		rig_expect_data(&rig, a, plaintext);
	}
	assert_string_equal(rig_endpoint(&rig, 1), b->at);
}

static void what_is_not_authentic_or_not_new_moves_nobody(void **state)
{
	size_t len;

	(void)state;
	connect_both();
	len = peer_seal(a, NULL, 0, message);
	rig_hear(&rig, a->at, message, len);
	rig_hear(&rig, "192.0.2.66:66", message, len); // replayed
	len = peer_seal(a, NULL, 0, message);
	message[len - 1] ^= 1;
	rig_hear(&rig, "192.0.2.66:66", message, len); // forged
	assert_string_equal(rig_endpoint(&rig, 0), a->at);
	assert_int_equal(rig_drops(&rig), 2);
}

static void replies_go_from_the_address_that_the_peer_used(void **state)
{
	(void)state;
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 96);
	assert_string_equal(rig_expect_initiation(&rig, a)->from, "0.0.0.0:1"); // not known yet
	rig_answer(&rig, a);
	assert_string_equal(rig.sent[rig.n_seen].from, "192.0.2.1:1");
	rig_expect_data(&rig, a, plaintext);
	a->at = "[2001:db8::20]:20";
	rig_hear_keepalive(&rig, a);
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 96);
	assert_string_equal(rig.sent[rig.n_seen].from, "[2001:db8::1]:1");
	rig_expect_data(&rig, a, plaintext);
}

// ---- counters

static void ten_pings_count_as_many_bytes_as_on_the_wire(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		rig_send(&rig, "10.1.0.1", "10.2.0.1", 84);
		if (i == 0) {
			rig_expect_initiation(&rig, a);
			rig_answer(&rig, a);
		}
		assert_int_equal(rig_expect_data(&rig, a, plaintext), 96);
		rig_hear_inner(&rig, a, "10.2.0.1", "10.1.0.1", 84);
		assert_true(rig_receive(&rig, &got));
	}
	assert_int_equal(rig_tx_bytes(&rig, 0), 148 + 10 * 128); // 1428
	assert_int_equal(rig_rx_bytes(&rig, 0), 92 + 10 * 128);  // 1372
	assert_int_equal(rig_tx_bytes(&rig, 1) + rig_rx_bytes(&rig, 1), 0);
}

static void a_responder_counts_them_too_and_the_keepalive_that_confirms(void **state)
{
	(void)state;
	rig_connect(&rig, a);
	for (unsigned i = 0; i < 10; i++) {
		rig_hear_inner(&rig, a, "10.2.0.1", "10.1.0.1", 84);
		assert_true(rig_receive(&rig, &got));
		rig_send(&rig, "10.1.0.1", "10.2.0.1", 84);
		rig_expect_data(&rig, a, plaintext);
	}
	assert_int_equal(rig_rx_bytes(&rig, 0), 148 + 32 + 10 * 128); // 1460
	assert_int_equal(rig_tx_bytes(&rig, 0), 92 + 10 * 128);       // 1372
}

static void what_is_refused_counts_no_bytes(void **state)
{
	size_t len;

	(void)state;
	rig_connect(&rig, a);
	len = peer_seal(a, NULL, 0, message);
	for (unsigned i = 0; i < 5; i++)
		rig_hear(&rig, a->at, message, len); // once, and four replays
	message[20] ^= 1;
	rig_hear(&rig, a->at, message, len);
	assert_int_equal(rig_rx_bytes(&rig, 0), 148 + 32 + 32);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_longest_prefix_of_the_destination_says_who_gets_a_packet),
		TEST(what_belongs_to_nobody_or_to_one_without_endpoint_is_unreachable),
		TEST(a_peer_without_endpoint_has_one_once_it_was_heard),
		TEST(what_is_no_ip_packet_is_not_sealed),
		TEST(at_most_128_packets_wait_and_the_oldest_goes_first),
		TEST(what_comes_back_sealed_is_not_sealed_again),
		TEST(a_handshake_that_comes_back_is_not_sealed_either),
		TEST(a_response_that_comes_back_is_not_sealed_either),
		TEST(plaintext_is_padded_with_zeros_to_16_bytes_within_the_mtu),
		TEST(data_has_no_dscp_and_the_inner_ecn_outside),
		TEST(padding_is_cut_off_and_its_absence_is_no_fault),
		TEST(a_plaintext_that_is_no_whole_ip_packet_is_dropped),
		TEST(a_source_must_be_this_very_peers),
		TEST(any_authentic_packet_says_where_a_peer_is),
		TEST(what_is_not_authentic_or_not_new_moves_nobody),
		TEST(replies_go_from_the_address_that_the_peer_used),
		TEST(ten_pings_count_as_many_bytes_as_on_the_wire),
		TEST(a_responder_counts_them_too_and_the_keepalive_that_confirms),
		TEST(what_is_refused_counts_no_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
