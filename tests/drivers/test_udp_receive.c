// What a udp app receives, on the loopback interface.

#include "drivers/udp_receive.h"
#include "tests/drivers/udp_peer.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { BREATHS = 2000 };

static void datagrams_become_packets(void **state)
{
	static const unsigned lengths[] = {1, 0, 2, 148, 1200, 1452, 1472};

	(void)state;
	for (unsigned f = 0; f < udp_families(); f++) {
		struct sl_harness *h = udp_make("udp");
		struct udp_peer peer = udp_peer_open(udp_loopback[f]);
		struct sl_endpoint to = udp_at(h, udp_loopback[f]);

		for (unsigned i = 0; i < RTE_DIM(lengths); i++)
			udp_peer_send(&peer, &to, i, lengths[i]);
		for (unsigned i = 0; i < RTE_DIM(lengths); i++)
			udp_expect(h, &peer, &to, i, lengths[i]);
		assert_int_equal(sl_harness_app(h)->created, RTE_DIM(lengths));
		close(peer.fd);
		udp_finish(h);
	}
}

static void packets_tell_their_class_time_and_address(void **state)
{
	static uint8_t bytes[UDP_ROOM];

	(void)state;
	for (unsigned f = 0; f < udp_families(); f++) {
		struct sl_harness *h = udp_make("udp");
		struct udp_peer peer = udp_peer_open(udp_loopback[f]);
		struct sl_endpoint to = udp_at(h, f ? "::1" : "127.0.0.77");
		struct sl_outer_packet o;
		struct rte_mbuf *p;

		if (f == 0)
			udp_peer_set(&peer, SOL_IP, IP_TOS, 0x8a);
		else
			udp_peer_set(&peer, SOL_IPV6, IPV6_TCLASS, 0x8a);
		udp_peer_send(&peer, &to, 1, 100);
		udp_peer_send(&peer, &to, 2, 100);
		assert_true(udp_take(h, bytes, &o) > 0);
		assert_int_equal(o.tos, 0x8a);
		assert_true(sl_endpoint_equal(&o.to, &to));
		for (unsigned i = 0; i < BREATHS && sl_harness_waiting_out(h, 0) == 0; i++) {
			usleep(1000);
			sl_harness_breathe(h);
		}
		p = sl_harness_take_packet(h, 0);
		assert_non_null(p);
		assert_int_equal(sl_stamp_ns(p), sl_harness_app(h)->wall_ns);
		sl_free(p);
		close(peer.fd);
		udp_finish(h);
	}
}

// The kernel hands over as one message what a sender gave it as one.
static void merged_datagrams_are_cut_again(void **state)
{
	static const struct {
		unsigned segment, bytes;
	} runs[] = {{1, 1},       {1, 64},     {1452, 1452}, {1452, 14520}, {1452, 44 * 1452 + 16},
		    {600, 21601}, {1000, 5500}};

	(void)state;
	for (unsigned f = 0; f < udp_families(); f++) {
		struct sl_harness *h = udp_make("udp");
		struct udp_peer peer = udp_peer_open(udp_loopback[f]);
		struct sl_endpoint to = udp_at(h, udp_loopback[f]);
		static uint8_t got[UDP_ROOM];
		struct sl_outer_packet o;

		for (unsigned r = 0; r < RTE_DIM(runs); r++) {
			if (setsockopt(peer.fd, SOL_UDP, UDP_SEGMENT, &runs[r].segment,
				       sizeof(int)) < 0)
				skip();
			udp_peer_send(&peer, &to, r, runs[r].bytes);
			for (unsigned at = 0; at < runs[r].bytes; at += runs[r].segment) {
				assert_true(udp_take(h, got, &o) > 0);
				assert_int_equal(o.len,
						 RTE_MIN(runs[r].segment, runs[r].bytes - at));
				for (unsigned i = 0; i < o.len; i++)
					assert_int_equal(o.payload[i], udp_byte(r, at + i));
			}
		}
		close(peer.fd);
		udp_finish(h);
	}
}

static void what_is_longer_than_a_buffer_is_dropped_by_name(void **state)
{
	(void)state;
	for (unsigned f = 0; f < udp_families(); f++) {
		struct sl_harness *h = udp_make("udp");
		struct udp_peer peer = udp_peer_open(udp_loopback[f]);
		struct sl_endpoint to = udp_at(h, udp_loopback[f]);

		udp_peer_set(&peer, SOL_SOCKET, SO_SNDBUF, 1 << 20);
		udp_peer_send(&peer, &to, 0, 65000);
		udp_peer_send(&peer, &to, 1, 30000);
		udp_peer_send(&peer, &to, 2, 1000);
		udp_expect(h, &peer, &to, 2, 1000);
		assert_int_equal(sl_harness_drop(h, "too_long"), 2);
		assert_int_equal(sl_harness_app(h)->created, 3);
		close(peer.fd);
		udp_finish(h);
	}
}

// However much has passed before.
static void all_that_fits_is_received_at_once(void **state)
{
	struct sl_harness *h = udp_make("udp");
	struct udp_peer peer = udp_peer_open(udp_loopback[0]);
	struct sl_endpoint to = udp_at(h, udp_loopback[0]);
	unsigned n = 0;

	(void)state;
	for (; n < 300; n++) {
		udp_peer_send(&peer, &to, n, 100);
		udp_expect(h, &peer, &to, n, 100);
	}
	for (unsigned i = 0; i < SL_UDP_MESSAGES; i++)
		udp_peer_send(&peer, &to, n + i, 100);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_app(h)->created, n + SL_UDP_MESSAGES);
	for (unsigned i = 0; i < SL_UDP_MESSAGES; i++)
		udp_expect(h, &peer, &to, n + i, 100);
	close(peer.fd);
	udp_finish(h);
}

// Datagrams that the kernel does not merge, as those of many senders, come in number, too.
static void a_crowd_is_received_together(void **state)
{
	struct sl_harness *h = udp_make("udp");
	struct udp_peer peers[] = {udp_peer_open(udp_loopback[0]), udp_peer_open(udp_loopback[0])};
	struct sl_endpoint to = udp_at(h, udp_loopback[0]);

	(void)state;
	for (unsigned i = 0; i < SL_UDP_ENOUGH; i++)
		udp_peer_send(&peers[i % 2], &to, i, 100);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_app(h)->created, SL_UDP_ENOUGH);
	for (unsigned i = 0; i < SL_UDP_ENOUGH; i++)
		udp_expect(h, &peers[i % 2], &to, i, 100);
	close(peers[0].fd);
	close(peers[1].fd);
	udp_finish(h);
}

static void nothing_is_received_without_an_output(void **state)
{
	struct sl_harness *h = udp_make("udp");
	struct udp_peer peer = udp_peer_open(udp_loopback[0]);
	struct sl_endpoint to = udp_at(h, udp_loopback[0]);

	(void)state;
	sl_harness_disconnect(h, 0);
	udp_peer_send(&peer, &to, 0, 100);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_app(h)->created, 0);
	close(peer.fd);
	udp_finish(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_become_packets),
		cmocka_unit_test(packets_tell_their_class_time_and_address),
		cmocka_unit_test(merged_datagrams_are_cut_again),
		cmocka_unit_test(what_is_longer_than_a_buffer_is_dropped_by_name),
		cmocka_unit_test(all_that_fits_is_received_at_once),
		cmocka_unit_test(a_crowd_is_received_together),
		cmocka_unit_test(nothing_is_received_without_an_output),
	};

	return cmocka_run_group_tests(tests, udp_enter, NULL);
}
