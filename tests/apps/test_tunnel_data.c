#include "core/tunnel/ecn.h"
#include "core/tunnel/outer.h"
#include "core/tunnel/record.h"
#include "core/tunnel/replay.h"
#include "core/tunnel/session.h"
#include "core/tunnel/stage.h"
#include "tests/harness/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND_NS 1000000000ull

enum { INNER, OUTER, COMMANDS };
enum { INNER4, INNER6, OUTER4, OUTER6, HANDSHAKE, EVENTS, ERROR };
enum { PEER = 3, PAYLOAD = 100 };

// Two ends of a tunnel, left at 192.0.2.1 and right at 192.0.2.2, each the other's peer 3.
struct ends {
	struct sl_harness *left, *right;
};

static struct ip_packet packet, got;

static struct sl_harness *end(void)
{
	struct sl_error err = {0};
	struct sl_harness *h = sl_harness_create(
		&(struct sl_harness_options){.line = "tunnel-data max-peers=8 index=5"}, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static void command(struct sl_harness *h, const struct sl_tunnel_record *r)
{
	assert_true(sl_harness_feed(h, COMMANDS, r, sizeof(*r)));
	sl_harness_breathe(h);
}

static struct sl_endpoint endpoint(const char *text)
{
	struct sl_endpoint e = {0};

	assert_true(sl_endpoint_parse(text, &e));
	return e;
}

static void allow(struct sl_harness *h, uint32_t peer, const char *prefix)
{
	struct sl_tunnel_record r = {.kind = SL_TUNNEL_ALLOW, .peer = peer};

	assert_true(sl_prefix_parse(prefix, &r.prefix));
	command(h, &r);
}

static void add_peer(struct sl_harness *h, uint32_t peer, const char *own, const char *its)
{
	struct sl_tunnel_record r = {.kind = SL_TUNNEL_PEER, .peer = peer};

	r.endpoint = endpoint(its);
	r.source = endpoint(own);
	command(h, &r);
}

// A session number `n` of the two; the left end is its initiator.
static struct sl_tunnel_record session(bool left, uint8_t n)
{
	struct sl_tunnel_record r = {.kind = SL_TUNNEL_SESSION, .peer = PEER};

	memset(left ? r.keys.send : r.keys.receive, n, 32);
	memset(left ? r.keys.receive : r.keys.send, n + 100, 32);
	r.keys.local = left ? 1000u + n : 2000u + n;
	r.keys.remote = left ? 2000u + n : 1000u + n;
	r.keys.is_initiator = r.keys.shared = left;
	return r;
}

static void agree(const struct ends *e, uint8_t n)
{
	struct sl_tunnel_record right = session(false, n), left = session(true, n);

	command(e->right, &right);
	command(e->left, &left);
}

static struct ends ends(void)
{
	struct ends e = {end(), end()};

	add_peer(e.left, PEER, "192.0.2.1:1", "192.0.2.2:2");
	add_peer(e.right, PEER, "192.0.2.2:2", "192.0.2.1:1");
	allow(e.left, PEER, "10.2.0.0/16");
	allow(e.right, PEER, "10.1.0.0/16");
	allow(e.left, PEER, "fd02::/16");
	allow(e.right, PEER, "fd01::/16");
	return e;
}

static void end_both(const struct ends *e)
{
	assert_string_equal(sl_harness_destroy(e->left), "");
	assert_string_equal(sl_harness_destroy(e->right), "");
}

// Take the events up to the first of a kind.
static struct sl_tunnel_record expect_event(struct sl_harness *h, enum sl_tunnel_record_kind kind)
{
	struct sl_tunnel_record r;
	struct rte_mbuf *p;
	bool found = false;

	while (!found && (p = sl_harness_take_packet(h, EVENTS))) {
		while (!found && sl_tunnel_record_get(p, &r))
			found = r.kind == kind;
		sl_free(p);
	}
	assert_true(found);
	return r;
}

// Carry one sealed packet from one end to the other. Returns false where there is none.
static bool carry(struct sl_harness *from, struct sl_harness *to)
{
	if (!ip_take(from, OUTER4, &got))
		return false;
	assert_true(ip_feed(to, OUTER, &got));
	sl_harness_breathe(to);
	return true;
}

static void feed_inner(struct sl_harness *h, const char *src, const char *dst)
{
	ip_build(&packet, src, dst, SL_PROTO_UDP, NULL, PAYLOAD);
	assert_true(ip_feed(h, INNER, &packet));
	sl_harness_breathe(h);
}

// The left end is the initiator and confirms its session with a keepalive.
static struct ends connected(void)
{
	struct ends e = ends();

	agree(&e, 1);
	assert_true(carry(e.left, e.right));
	assert_int_equal(sl_harness_metric(e.right, "keepalives_received"), 1);
	return e;
}

static void assert_same_packet(void)
{
	assert_int_equal(got.len, packet.len);
	assert_memory_equal(got.bytes, packet.bytes, packet.len);
	assert_int_equal(got.meta.iface_in, 5);
}

static void what_is_sealed_at_one_end_is_opened_at_the_other(void **state)
{
	struct ends e = connected();

	(void)state;
	feed_inner(e.left, "10.1.0.1", "10.2.0.1");
	assert_true(carry(e.left, e.right));
	assert_true(ip_take(e.right, INNER4, &got));
	assert_same_packet();
	feed_inner(e.right, "fd02::1", "fd01::1");
	assert_true(carry(e.right, e.left));
	assert_true(ip_take(e.left, INNER6, &got));
	assert_same_packet();
	end_both(&e);
}

static void a_sealed_packet_is_as_the_paper_says(void **state)
{
	struct ends e = connected();
	struct sl_outer_packet o;

	(void)state;
	feed_inner(e.left, "10.1.0.1", "10.2.0.1"); // 128 bytes: nothing to pad
	assert_true(ip_take(e.left, OUTER4, &got));
	assert_int_equal(sl_outer_parse(got.bytes, got.len, &o), SL_OUTER_GOOD);
	assert_int_equal(load_le32(o.payload), 4);
	assert_int_equal(load_le32(o.payload + 4), 2001);
	assert_int_equal(load_le64(o.payload + 8), 1); // behind the keepalive
	assert_int_equal(o.len, 16 + 128 + 16);
	assert_int_equal(got.bytes[6] & 0x40, 0); // DF
	end_both(&e);
}

static void plaintext_is_padded_to_16_bytes_but_not_beyond_the_mtu(void **state)
{
	static const unsigned lens[][2] = {{36, 48},     {48, 48},     {49, 64},
					   {1419, 1420}, {1420, 1420}, {1450, 1450}};
	struct ends e = connected();
	struct sl_outer_packet o;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(lens); i++) {
		ip_build(&packet, "10.1.0.1", "10.2.0.1", SL_PROTO_UDP, NULL, lens[i][0] - 20);
		assert_true(ip_feed(e.left, INNER, &packet));
		sl_harness_breathe(e.left);
		assert_true(ip_take(e.left, OUTER4, &got));
		assert_int_equal(sl_outer_parse(got.bytes, got.len, &o), SL_OUTER_GOOD);
		assert_int_equal(o.len, 16 + lens[i][1] + 16);
		assert_true(ip_feed(e.right, OUTER, &got));
		sl_harness_breathe(e.right);
		assert_true(ip_take(e.right, INNER4, &got));
		assert_same_packet();
	}
	end_both(&e);
}

static void packets_wait_in_order_for_a_session_and_one_is_asked_for(void **state)
{
	struct ends e = ends();
	struct sl_tunnel_record event;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		ip_build(&packet, "10.1.0.1", "10.2.0.1", SL_PROTO_UDP, &i, sizeof(i));
		assert_true(ip_feed(e.left, INNER, &packet));
	}
	sl_harness_breathe(e.left);
	assert_int_equal(sl_harness_drop(e.left, "stage_full"), 200 - SL_STAGE_MOST);
	assert_int_equal(sl_harness_app(e.left)->held, SL_STAGE_MOST);
	assert_int_equal(sl_harness_take(e.left, EVENTS, &event, sizeof(event)), sizeof(event));
	assert_int_equal(event.kind, SL_TUNNEL_WANTED);
	assert_int_equal(event.peer, PEER);
	assert_true(event.restart);
	agree(&e, 1);
	for (unsigned i = 200 - SL_STAGE_MOST; i < 200; i++) {
		assert_true(carry(e.left, e.right));
		assert_true(ip_take(e.right, INNER4, &got));
		assert_memory_equal(got.bytes + 20, &i, sizeof(i));
	}
	assert_false(carry(e.left, e.right)); // no keepalive: packets confirmed the session
	end_both(&e);
}

static void waiting_packets_are_dropped_when_the_peer_is_given_up(void **state)
{
	struct sl_tunnel_record r = {.kind = SL_TUNNEL_GIVE_UP, .peer = PEER};
	struct ends e = ends();

	(void)state;
	feed_inner(e.left, "10.1.0.1", "10.2.0.1");
	command(e.left, &r);
	assert_int_equal(sl_harness_drop(e.left, "no_session"), 1);
	assert_int_equal(sl_harness_app(e.left)->held, 0);
	end_both(&e);
}

static void a_responder_does_not_send_before_its_session_is_confirmed(void **state)
{
	struct ends e = ends();

	(void)state;
	agree(&e, 1);
	feed_inner(e.right, "10.2.0.1", "10.1.0.1");
	assert_false(carry(e.right, e.left));
	assert_true(carry(e.left, e.right)); // the keepalive
	assert_true(carry(e.right, e.left));
	assert_true(ip_take(e.left, INNER4, &got));
	assert_same_packet();
	end_both(&e);
}

static void a_replayed_packet_passes_once(void **state)
{
	struct ends e = connected();

	(void)state;
	feed_inner(e.left, "10.1.0.1", "10.2.0.1");
	assert_true(ip_take(e.left, OUTER4, &got));
	for (unsigned i = 0; i < 5; i++)
		assert_true(ip_feed(e.right, OUTER, &got));
	sl_harness_breathe(e.right);
	assert_int_equal(sl_harness_waiting_out(e.right, INNER4), 1);
	assert_int_equal(sl_harness_drop(e.right, "replay"), 4);
	end_both(&e);
}

static void every_flipped_bit_of_a_data_message_is_silence(void **state)
{
	struct ends e = connected();

	(void)state;
	feed_inner(e.left, "10.1.0.1", "10.2.0.1");
	assert_true(ip_take(e.left, OUTER4, &got));
	packet = got;
	for (unsigned i = 8 * SL_OUTER4_LEN; i < 8 * packet.len; i++) {
		got = packet;
		got.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		store_be16(got.bytes + 26, 0); // no UDP checksum, or that would tell
		assert_true(ip_feed(e.right, OUTER, &got));
		sl_harness_breathe(e.right);
	}
	assert_int_equal(sl_harness_waiting_out(e.right, INNER4), 0);
	assert_int_equal(sl_harness_waiting_out(e.right, OUTER4), 0);
	assert_int_equal(sl_harness_drop(e.right, "bad_tag") +
				 sl_harness_drop(e.right, "unknown_index") +
				 sl_harness_drop(e.right, "unknown_type") +
				 sl_harness_waiting_out(e.right, HANDSHAKE),
			 8 * (packet.len - SL_OUTER4_LEN));
	assert_true(ip_feed(e.right, OUTER, &packet));
	sl_harness_breathe(e.right);
	assert_int_equal(sl_harness_waiting_out(e.right, INNER4), 1);
	end_both(&e);
}

static void a_source_that_is_not_the_peers_is_dropped_and_its_endpoint_followed(void **state)
{
	struct ends e = connected();
	struct sl_tunnel_record event;

	(void)state;
	add_peer(e.right, 4, "192.0.2.2:2", "192.0.2.9:9");
	allow(e.right, 4, "10.1.7.0/24"); // more specific than the other's
	feed_inner(e.left, "10.1.7.1", "10.2.0.1");
	assert_true(ip_take(e.left, OUTER4, &got));
	got.bytes[15] = 77; // from 192.0.2.77
	ip_seal(&got);
	store_be16(got.bytes + 26, 0);
	assert_true(ip_feed(e.right, OUTER, &got));
	sl_harness_breathe(e.right);
	assert_int_equal(sl_harness_drop(e.right, "foreign_source"), 1);
	event = expect_event(e.right, SL_TUNNEL_MOVED);
	assert_int_equal(event.endpoint.ip.bytes[3], 77);
	feed_inner(e.right, "10.2.0.1", "10.1.0.1");
	assert_true(ip_take(e.right, OUTER4, &got));
	assert_int_equal(got.bytes[19], 77);
	end_both(&e);
}

static void congestion_is_carried_out_and_in(void **state)
{
	struct ends e = connected();

	(void)state;
	for (unsigned mark = 0; mark < 4; mark++) {
		ip_build(&packet, "10.1.0.1", "10.2.0.1", SL_PROTO_UDP, NULL, PAYLOAD);
		sl_ecn_set(packet.bytes, mark);
		assert_true(ip_feed(e.left, INNER, &packet));
		sl_harness_breathe(e.left);
		assert_true(ip_take(e.left, OUTER4, &got));
		assert_int_equal(sl_ecn_of(got.bytes), mark);
		sl_ecn_set(got.bytes, SL_ECN_CE);
		assert_true(ip_feed(e.right, OUTER, &got));
		sl_harness_breathe(e.right);
		if (mark == SL_ECN_NOT_ECT) {
			assert_int_equal(sl_harness_drop(e.right, "congestion"), 1);
			continue;
		}
		assert_true(ip_take(e.right, INNER4, &got));
		assert_int_equal(sl_ecn_of(got.bytes), SL_ECN_CE);
		assert_int_equal(ip_checksum(got.bytes, 20, NULL), 0);
	}
	end_both(&e);
}

// RFC 2473 section 4.1.1. Whoever routes a tunnel's packets into itself sees an end of it.
static void packets_go_into_four_tunnels_of_a_router_and_no_more(void **state)
{
	struct ends e = connected();

	(void)state;
	ip_build(&packet, "10.1.0.1", "10.2.0.1", SL_PROTO_UDP, NULL, PAYLOAD);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(ip_feed(e.left, INNER, &packet));
		sl_harness_breathe(e.left);
		assert_true(ip_take(e.left, OUTER4, &got));
		packet.meta.flags = got.meta.flags;
	}
	assert_true(ip_feed(e.left, INNER, &packet));
	sl_harness_breathe(e.left);
	assert_int_equal(sl_harness_drop(e.left, "nested"), 1);
	end_both(&e);
}

// RFC 6864: they may be divided on their way.
static void outer_ipv4_packets_have_numbers_of_their_own(void **state)
{
	struct ends e = connected();
	uint16_t ids[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		feed_inner(e.left, "10.1.0.1", "10.2.0.1");
		assert_true(ip_take(e.left, OUTER4, &got));
		ids[i] = load_be16(got.bytes + 4);
	}
	assert_int_not_equal(ids[0], ids[1]);
	end_both(&e);
}

static void what_belongs_to_nobody_leaves_on_error(void **state)
{
	struct ends e = connected();

	(void)state;
	feed_inner(e.left, "10.1.0.1", "10.3.0.1");
	assert_true(ip_take(e.left, ERROR, &got));
	assert_int_equal(got.meta.error, SL_IP_HOST_UNREACHABLE);
	sl_harness_disconnect(e.left, ERROR);
	feed_inner(e.left, "10.1.0.1", "10.3.0.1");
	assert_int_equal(sl_harness_drop(e.left, "no_peer"), 1);
	end_both(&e);
}

static void messages_that_are_no_data_go_to_the_handshake(void **state)
{
	struct ends e = connected();
	uint8_t message[148] = {1};

	(void)state;
	for (uint8_t type = 0; type < 8; type++) {
		message[0] = type;
		ip_build(&packet, "192.0.2.1", "192.0.2.2", SL_PROTO_UDP, NULL, 8 + 148);
		store_be16(packet.bytes + 24, 8 + 148);
		store_be16(packet.bytes + 26, 0);
		memcpy(packet.bytes + 28, message, sizeof(message));
		assert_true(ip_feed(e.right, OUTER, &packet));
	}
	sl_harness_breathe(e.right);
	assert_int_equal(sl_harness_waiting_out(e.right, HANDSHAKE), 3); // 1, 2 and 5
	assert_int_equal(sl_harness_drop(e.right, "unknown_index"), 1);  // 4
	assert_int_equal(sl_harness_drop(e.right, "unknown_type"), 4);   // 3 has another length
	end_both(&e);
}

// What a packet of the burst below is.
enum kind { IPV4, IPV6, STRANGER, GARBAGE, KINDS };

static void feed_kind(struct sl_harness *h, enum kind kind, unsigned number)
{
	static const char *const dst[KINDS] = {"10.2.0.1", "fd02::1", "10.3.0.1", "10.2.0.1"};
	const char *src = kind == IPV6 ? "fd01::1" : "10.1.0.1";

	ip_build(&packet, src, dst[kind], SL_PROTO_UDP, &number, sizeof(number));
	if (kind == GARBAGE)
		packet.bytes[0] = 0x15;
	assert_true(ip_feed(h, INNER, &packet));
}

static void a_burst_of_all_kinds_is_sorted_and_keeps_its_order(void **state)
{
	enum { PACKETS = SL_BURST };
	struct ends e = connected();

	(void)state;
	for (unsigned i = 0; i < PACKETS; i++)
		feed_kind(e.left, i % KINDS, i);
	sl_harness_breathe(e.left);
	assert_int_equal(sl_harness_waiting_out(e.left, OUTER4), PACKETS / 2);
	assert_int_equal(sl_harness_waiting_out(e.left, ERROR), PACKETS / 4);
	assert_int_equal(sl_harness_drop(e.left, "inner_malformed"), PACKETS / 4);
	while (ip_take(e.left, OUTER4, &got)) { // each twice, the first time forged
		packet = got;
		packet.bytes[packet.len - 1] ^= 1;
		store_be16(packet.bytes + 26, 0);
		assert_true(ip_feed(e.right, OUTER, &packet));
		assert_true(ip_feed(e.right, OUTER, &got));
	}
	sl_harness_breathe(e.right);
	assert_int_equal(sl_harness_drop(e.right, "bad_tag"), PACKETS / 2);
	for (unsigned i = 0; i < PACKETS; i += i % KINDS == IPV6 ? KINDS - IPV6 : 1) {
		assert_true(ip_take(e.right, i % KINDS == IPV6 ? INNER6 : INNER4, &got));
		assert_memory_equal(got.bytes + (i % KINDS == IPV6 ? 40 : 20), &i, sizeof(i));
	}
	assert_false(ip_take(e.right, INNER4, &got));
	end_both(&e);
}

// Let so many seconds pass, with enough ticks to look at every timer.
static void wait_s(struct sl_harness *h, uint64_t seconds)
{
	sl_harness_advance(h, seconds * SECOND_NS);
	for (unsigned i = 0; i < 16; i++)
		sl_harness_tick(h);
}

static void a_silent_receiver_sends_a_keepalive_after_10_s(void **state)
{
	struct ends e = connected();

	(void)state;
	feed_inner(e.left, "10.1.0.1", "10.2.0.1");
	assert_true(carry(e.left, e.right));
	wait_s(e.right, 9);
	assert_int_equal(sl_harness_waiting_out(e.right, OUTER4), 0);
	wait_s(e.right, 1);
	assert_int_equal(sl_harness_waiting_out(e.right, OUTER4), 1);
	assert_int_equal(sl_harness_metric(e.right, "keepalives_sent"), 1);
	end_both(&e);
}

static void a_peer_that_does_not_answer_is_shaken_after_15_s(void **state)
{
	struct ends e = connected();
	struct sl_tunnel_record event;

	(void)state;
	feed_inner(e.left, "10.1.0.1", "10.2.0.1");
	wait_s(e.left, 14);
	assert_int_equal(sl_harness_waiting_out(e.left, EVENTS), 0);
	wait_s(e.left, 2);
	event = expect_event(e.left, SL_TUNNEL_WANTED);
	assert_false(event.restart);
	end_both(&e);
}

static void an_expired_session_sends_and_receives_no_more(void **state)
{
	struct ends e = connected();

	(void)state;
	feed_inner(e.left, "10.1.0.1", "10.2.0.1");
	assert_true(ip_take(e.left, OUTER4, &got));
	sl_harness_advance(e.left, 180 * SECOND_NS);
	sl_harness_advance(e.right, 180 * SECOND_NS);
	assert_true(ip_feed(e.right, OUTER, &got));
	sl_harness_breathe(e.right);
	assert_int_equal(sl_harness_drop(e.right, "expired"), 1);
	feed_inner(e.left, "10.1.0.1", "10.2.0.1");
	assert_int_equal(sl_harness_waiting_out(e.left, OUTER4), 0);
	assert_int_equal(sl_harness_app(e.left)->held, 1);
	wait_s(e.left, 361);
	assert_int_equal(sl_harness_metric(e.left, "sessions"), 0); // wiped
	end_both(&e);
}

static void a_forgotten_peer_leaves_nothing(void **state)
{
	struct sl_tunnel_record r = {.kind = SL_TUNNEL_FORGET, .peer = PEER};
	struct ends e = connected();

	(void)state;
	assert_int_equal(sl_harness_metric(e.left, "peers"), 1);
	command(e.left, &r);
	assert_int_equal(sl_harness_metric(e.left, "peers"), 0);
	assert_int_equal(sl_harness_metric(e.left, "sessions"), 0);
	sl_harness_disconnect(e.left, ERROR);
	feed_inner(e.left, "10.1.0.1", "10.2.0.1");
	assert_int_equal(sl_harness_drop(e.left, "no_peer"), 1);
	end_both(&e);
}

static void a_change_of_the_config_keeps_sessions_and_waiting_packets(void **state)
{
	struct ends e = connected();
	struct sl_error err = {0};

	(void)state;
	add_peer(e.left, 4, "192.0.2.1:1", "192.0.2.9:9");
	allow(e.left, 4, "10.4.0.0/16");
	feed_inner(e.left, "10.1.0.1", "10.4.0.1");
	assert_int_equal(sl_harness_replace(e.left, "tunnel-data max-peers=9 index=5", &err), -16);
	assert_int_equal(
		sl_harness_replace(e.left, "tunnel-data max-peers=8 index=5 mtu=1300", &err), 0);
	assert_int_equal(sl_harness_app(e.left)->held, 1);
	feed_inner(e.left, "10.1.0.1", "10.2.0.1");
	assert_true(carry(e.left, e.right));
	assert_true(ip_take(e.right, INNER4, &got));
	assert_same_packet();
	end_both(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_at_one_end_is_opened_at_the_other),
		cmocka_unit_test(a_sealed_packet_is_as_the_paper_says),
		cmocka_unit_test(plaintext_is_padded_to_16_bytes_but_not_beyond_the_mtu),
		cmocka_unit_test(packets_wait_in_order_for_a_session_and_one_is_asked_for),
		cmocka_unit_test(waiting_packets_are_dropped_when_the_peer_is_given_up),
		cmocka_unit_test(a_responder_does_not_send_before_its_session_is_confirmed),
		cmocka_unit_test(a_replayed_packet_passes_once),
		cmocka_unit_test(every_flipped_bit_of_a_data_message_is_silence),
		cmocka_unit_test(
			a_source_that_is_not_the_peers_is_dropped_and_its_endpoint_followed),
		cmocka_unit_test(congestion_is_carried_out_and_in),
		cmocka_unit_test(packets_go_into_four_tunnels_of_a_router_and_no_more),
		cmocka_unit_test(outer_ipv4_packets_have_numbers_of_their_own),
		cmocka_unit_test(what_belongs_to_nobody_leaves_on_error),
		cmocka_unit_test(messages_that_are_no_data_go_to_the_handshake),
		cmocka_unit_test(a_burst_of_all_kinds_is_sorted_and_keeps_its_order),
		cmocka_unit_test(a_silent_receiver_sends_a_keepalive_after_10_s),
		cmocka_unit_test(a_peer_that_does_not_answer_is_shaken_after_15_s),
		cmocka_unit_test(an_expired_session_sends_and_receives_no_more),
		cmocka_unit_test(a_forgotten_peer_leaves_nothing),
		cmocka_unit_test(a_change_of_the_config_keeps_sessions_and_waiting_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
