// What a udp app sends, on the loopback interface.

#include "tests/drivers/udp_peer.h"

#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void set_loopback_mtu(int mtu)
{
	struct ifreq r = {.ifr_name = "lo", .ifr_mtu = mtu};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(ioctl(fd, SIOCSIFMTU, &r), 0);
	close(fd);
}

static void packets_become_datagrams(void **state)
{
	static const unsigned lengths[] = {1, 0, 2, 148, 1200, 1452, 1472};
	const struct sl_endpoint nowhere = {0};

	(void)state;
	for (unsigned f = 0; f < udp_families(); f++) {
		struct sl_harness *h = udp_make("udp");
		struct udp_peer peer = udp_peer_open(udp_loopback[f]);
		struct sl_endpoint us = udp_at(h, udp_loopback[f]);

		for (unsigned i = 0; i < RTE_DIM(lengths); i++)
			udp_feed(h, &nowhere, &peer.at, i, lengths[i], 0x8a);
		sl_harness_breathe(h);
		for (unsigned i = 0; i < RTE_DIM(lengths); i++)
			udp_expect_sent(&peer, &us, i, lengths[i], 0x8a);
		assert_int_equal(sl_harness_app(h)->consumed, RTE_DIM(lengths));
		close(peer.fd);
		udp_finish(h);
	}
}

// Bursts of many shapes, where lengths, places and classes change at any packet.
static void runs_are_cut_where_anything_changes(void **state)
{
	const struct sl_endpoint nowhere = {0};
	unsigned seed = 1, id[2] = {0};

	(void)state;
	for (unsigned f = 0; f < udp_families(); f++) {
		struct sl_harness *h = udp_make("udp");
		struct udp_peer peers[2] = {udp_peer_open(udp_loopback[f]),
					    udp_peer_open(udp_loopback[f])};
		struct sl_endpoint us = udp_at(h, udp_loopback[f]);

		for (unsigned round = 0; round < 50; round++) {
			struct {
				unsigned peer, id, len;
				uint8_t tos;
			} sent[150];

			for (unsigned i = 0; i < RTE_DIM(sent); i++) {
				unsigned change = rand_r(&seed) % 16;

				if (i > 0 && change > 3)
					sent[i] = sent[i - 1];
				else
					sent[i] = (__typeof__(sent[0])){
						.peer = rand_r(&seed) % 2,
						.len = change == 0 ? 1452
								   : (unsigned)rand_r(&seed) % 1453,
						.tos = (uint8_t)(rand_r(&seed) % 4)};
				sent[i].id = ++id[sent[i].peer];
				udp_feed(h, &nowhere, &peers[sent[i].peer].at, sent[i].id,
					 sent[i].len, sent[i].tos);
			}
			sl_harness_breathe(h);
			for (unsigned i = 0; i < RTE_DIM(sent); i++)
				udp_expect_sent(&peers[sent[i].peer], &us, sent[i].id, sent[i].len,
						sent[i].tos);
		}
		assert_int_equal(sl_harness_app(h)->consumed, 50 * 150);
		close(peers[0].fd);
		close(peers[1].fd);
		udp_finish(h);
	}
}

static void what_is_too_long_for_the_way_is_fragmented(void **state)
{
	const struct sl_endpoint nowhere = {0};

	(void)state;
	if (!udp_has_namespace())
		skip();
	set_loopback_mtu(1300);
	for (unsigned f = 0; f < udp_families(); f++) {
		struct sl_harness *h = udp_make("udp");
		struct udp_peer peer = udp_peer_open(udp_loopback[f]);
		struct sl_endpoint us = udp_at(h, udp_loopback[f]);

		for (unsigned i = 0; i < 20; i++)
			udp_feed(h, &nowhere, &peer.at, i, 1452, 0x88);
		sl_harness_breathe(h);
		for (unsigned i = 0; i < 20; i++)
			udp_expect_sent(&peer, &us, i, 1452, 0x88);
		assert_int_equal(sl_harness_app(h)->consumed, 20);
		close(peer.fd);
		udp_finish(h);
	}
	set_loopback_mtu(65536);
}

static void one_burst_may_go_to_both_families(void **state)
{
	const struct sl_endpoint nowhere = {0};
	struct sl_harness *h;
	struct udp_peer peers[2];

	(void)state;
	if (udp_families() < 2)
		skip();
	h = udp_make("udp");
	for (unsigned f = 0; f < 2; f++)
		peers[f] = udp_peer_open(udp_loopback[f]);
	for (unsigned i = 0; i < 60; i++)
		udp_feed(h, &nowhere, &peers[i / 3 % 2].at, i, 500, 0);
	sl_harness_breathe(h);
	for (unsigned i = 0; i < 60; i++) {
		struct sl_endpoint us = udp_at(h, udp_loopback[i / 3 % 2]);

		udp_expect_sent(&peers[i / 3 % 2], &us, i, 500, 0);
	}
	close(peers[0].fd);
	close(peers[1].fd);
	udp_finish(h);
}

static void source_address_is_kept_while_the_host_has_it(void **state)
{
	struct sl_harness *h = udp_make("udp");
	struct udp_peer peer = udp_peer_open(udp_loopback[0]);
	struct sl_endpoint other = udp_at(h, "127.0.0.77"), us = udp_at(h, udp_loopback[0]);
	struct sl_endpoint foreign = udp_at(h, "192.0.2.1");

	(void)state;
	udp_feed(h, &other, &peer.at, 1, 100, 0);
	sl_harness_breathe(h);
	udp_expect_sent(&peer, &other, 1, 100, 0);
	for (unsigned i = 0; i < 3; i++)
		udp_feed(h, &foreign, &peer.at, i, 100, 0);
	sl_harness_breathe(h);
	for (unsigned i = 0; i < 3; i++)
		udp_expect_sent(&peer, &us, i, 100, 0);
	close(peer.fd);
	udp_finish(h);
}

static void foreign_ipv6_source_is_not_insisted_on(void **state)
{
	struct sl_endpoint foreign, us;
	struct sl_harness *h;
	struct udp_peer peer;

	(void)state;
	if (udp_families() < 2)
		skip();
	h = udp_make("udp");
	peer = udp_peer_open("::1");
	foreign = udp_at(h, "2001:db8::1");
	us = udp_at(h, "::1");
	udp_feed(h, &foreign, &peer.at, 1, 100, 0);
	sl_harness_breathe(h);
	udp_expect_sent(&peer, &us, 1, 100, 0);
	close(peer.fd);
	udp_finish(h);
}

static void nobody_listening_does_not_disturb(void **state)
{
	const struct sl_endpoint nowhere = {0};

	(void)state;
	for (unsigned f = 0; f < udp_families(); f++) {
		struct sl_harness *h = udp_make("udp");
		struct udp_peer closed = udp_peer_open(udp_loopback[f]),
				peer = udp_peer_open(udp_loopback[f]);
		struct sl_endpoint us = udp_at(h, udp_loopback[f]);

		close(closed.fd); // the kernel answers with ICMP from now on
		for (unsigned i = 0; i < 20; i++) {
			udp_feed(h, &nowhere, &closed.at, i, 100, 0);
			udp_feed(h, &nowhere, &peer.at, i, 100, 0);
			sl_harness_breathe(h);
			udp_expect_sent(&peer, &us, i, 100, 0);
		}
		assert_int_equal(sl_harness_app(h)->consumed, 40);
		udp_peer_send(&peer, &us, 7, 100);
		udp_expect(h, &peer, &us, 7, 100);
		close(peer.fd);
		udp_finish(h);
	}
}

static void what_cannot_be_sent_is_dropped_by_name(void **state)
{
	static const uint8_t nonsense[40] = {0x45};
	const struct sl_endpoint nowhere = {0};
	struct sl_endpoint to = {.port = 9};
	struct sl_harness *h = udp_make("udp ipv6=no");

	(void)state;
	assert_true(sl_harness_feed(h, 0, nonsense, sizeof(nonsense)));
	assert_true(sl_harness_feed(h, 0, nonsense, 0));
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_drop(h, "malformed"), 2);
	assert_true(sl_ip_parse("::1", &to.ip));
	udp_feed(h, &nowhere, &to, 0, 10, 0);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_drop(h, "no_route"), 1);
	if (udp_has_namespace()) { // which has no way out
		assert_true(sl_ip_parse("192.0.2.9", &to.ip));
		for (unsigned i = 0; i < 5; i++)
			udp_feed(h, &nowhere, &to, 0, 10, 0);
		sl_harness_breathe(h);
		assert_int_equal(sl_harness_drop(h, "no_route"), 6);
	}
	assert_int_equal(sl_harness_app(h)->consumed, 0);
	udp_finish(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_become_datagrams),
		cmocka_unit_test(runs_are_cut_where_anything_changes),
		cmocka_unit_test(what_is_too_long_for_the_way_is_fragmented),
		cmocka_unit_test(one_burst_may_go_to_both_families),
		cmocka_unit_test(source_address_is_kept_while_the_host_has_it),
		cmocka_unit_test(foreign_ipv6_source_is_not_insisted_on),
		cmocka_unit_test(nobody_listening_does_not_disturb),
		cmocka_unit_test(what_cannot_be_sent_is_dropped_by_name),
	};

	return cmocka_run_group_tests(tests, udp_enter, NULL);
}
