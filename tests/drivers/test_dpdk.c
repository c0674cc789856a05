// Ports on DPDK's own virtual devices, which need neither hardware nor privilege.

#include "drivers/dpdk_device.h"
#include "drivers/dpdk_port.h"
#include "tests/harness/app_harness.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { FRAME = 60, RING = 1024, STUCK_NS = 200 * 1000000 };

static struct sl_harness *make(const char *line)
{
	struct sl_error err = {.text = ""};
	struct sl_harness *h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);

	assert_string_equal(err.text, "");
	assert_non_null(h);
	return h;
}

// The line is refused for a reason that begins with text.
static void refuse(const char *line, const char *text)
{
	struct sl_error err = {.text = ""};
	struct sl_harness *h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);

	if (h || strncmp(err.text, text, strlen(text)) != 0)
		fail_msg("%s: %s '%s', not '%s'", line, h ? "taken" : "refused for", err.text,
			 text);
	assert_null(strchr(err.text, '\n'));
}

static void finish(struct sl_harness *h)
{
	assert_string_equal(sl_harness_destroy(h), "");
}

static void feed(struct sl_harness *h, unsigned n, uint16_t len)
{
	static uint8_t frame[4096];

	for (unsigned i = 0; i < n; i++) {
		frame[0] = (uint8_t)i;
		assert_true(sl_harness_feed(h, 0, frame, len));
	}
}

static unsigned ports_open(void)
{
	return rte_eth_dev_count_avail();
}

static void ring_gives_back_what_was_sent_in_order(void **state)
{
	struct sl_harness *h = make("dpdk net_ring0");
	uint8_t bytes[FRAME];

	(void)state;
	feed(h, 200, FRAME);
	for (unsigned i = 0; i < 8; i++)
		sl_harness_breathe(h);
	assert_int_equal(sl_harness_waiting_out(h, 0), 200);
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(sl_harness_take(h, 0, bytes, sizeof(bytes)), FRAME);
		assert_int_equal(bytes[0], (uint8_t)i);
	}
	assert_int_equal(sl_harness_app(h)->consumed, 200);
	assert_int_equal(sl_harness_app(h)->created, 200);
	finish(h);
}

static void received_frames_carry_the_time_of_the_breath(void **state)
{
	struct sl_harness *h = make("dpdk net_ring0");
	struct rte_mbuf *p;

	(void)state;
	feed(h, 1, FRAME);
	sl_harness_breathe(h);
	sl_harness_advance(h, 12345);
	sl_harness_breathe(h);
	assert_int_equal(sl_link_take(sl_harness_app(h)->out[0], &p, 1), 1);
	assert_int_equal(sl_stamp_ns(p), sl_harness_app(h)->wall_ns);
	assert_int_equal(p->nb_segs, 1);
	assert_int_equal(rte_mbuf_refcnt_read(p), 1);
	sl_link_give(sl_harness_app(h)->out[0], &p, 1);
	sl_link_publish(sl_harness_app(h)->out[0]);
	finish(h);
}

static void packets_left_in_a_ring_come_back_to_the_pool(void **state)
{
	struct sl_harness *h = make("dpdk net_ring0");

	(void)state;
	feed(h, 100, FRAME);
	sl_harness_disconnect(h, 0);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_app(h)->consumed, 100);
	finish(h);
	assert_int_equal(ports_open(), 0);
}

static void does_not_receive_while_unconnected(void **state)
{
	struct sl_harness *h = make("dpdk net_null0");

	(void)state;
	sl_harness_disconnect(h, 0);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_app(h)->created, 0);
	assert_int_equal(sl_harness_app(h)->unconnected, 0);
	finish(h);
}

// The ring of net_ring holds RING - 1 packets, and nobody empties it here.
static void full_device_keeps_frames_waiting(void **state)
{
	struct sl_harness *h = make("dpdk net_ring0");

	(void)state;
	sl_harness_disconnect(h, 0);
	feed(h, 1000, FRAME);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_app(h)->consumed, 1000);
	feed(h, 100, FRAME);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_app(h)->consumed, RING - 1);
	assert_int_equal(sl_harness_app(h)->held + sl_harness_waiting_in(h, 0), 1100 - RING + 1);
	assert_true(sl_harness_app(h)->held <= SL_BURST);
	assert_int_equal(sl_harness_drop(h, "tx_full"), 0);
	assert_int_not_equal(sl_harness_app(h)->wake_ns, 0);
	finish(h);
}

static void device_that_takes_nothing_for_long_loses_frames_by_name(void **state)
{
	struct sl_harness *h = make("dpdk net_ring0");

	(void)state;
	sl_harness_disconnect(h, 0);
	feed(h, 1000, FRAME);
	sl_harness_breathe(h);
	feed(h, 100, FRAME);
	for (unsigned i = 0; i < 4; i++) {
		sl_harness_breathe(h);
		sl_harness_advance(h, STUCK_NS);
	}
	assert_int_equal(sl_harness_drop(h, "tx_full"), 1100 - RING + 1);
	assert_int_equal(sl_harness_waiting_in(h, 0), 0);
	assert_int_equal(sl_harness_app(h)->held, 0);
	finish(h);
}

static void tick_sends_what_waits_when_nobody_pulls(void **state)
{
	struct sl_harness *h = make("dpdk net_ring0");
	struct rte_mbuf *p[SL_BURST];
	uint16_t port;

	(void)state;
	sl_harness_disconnect(h, 0);
	feed(h, 1000, FRAME);
	sl_harness_breathe(h);
	feed(h, 64, FRAME);
	sl_harness_breathe(h);
	assert_true(sl_harness_app(h)->held > 0);
	assert_int_equal(rte_eth_dev_get_port_by_name("net_ring0", &port), 0);
	rte_pktmbuf_free_bulk(p, rte_eth_rx_burst(port, 0, p, SL_BURST));
	sl_harness_tick(h);
	assert_int_equal(sl_harness_app(h)->held, 0);
	assert_int_equal(sl_harness_app(h)->consumed, 1064);
	finish(h);
}

static void frames_the_device_cannot_take_are_dropped_by_name(void **state)
{
	struct sl_harness *h = make("dpdk net_null0");
	uint8_t tagged[1518] = {[12] = 0x81};

	(void)state;
	sl_harness_disconnect(h, 0);
	feed(h, 2, 1514);
	feed(h, 3, 1515);
	feed(h, 1, 4000);
	feed(h, 5, 13);
	feed(h, 1, 0);
	feed(h, 2, 14);
	assert_true(sl_harness_feed(h, 0, tagged, sizeof(tagged)));
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_drop(h, "too_long"), 4);
	assert_int_equal(sl_harness_drop(h, "too_short"), 6);
	assert_int_equal(sl_harness_app(h)->consumed, 5);
	finish(h);
}

static void mtu_key_moves_the_limit(void **state)
{
	struct sl_harness *h = make("dpdk net_null0 mtu=3000");

	(void)state;
	sl_harness_disconnect(h, 0);
	feed(h, 2, 3014);
	feed(h, 1, 3015);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_drop(h, "too_long"), 1);
	assert_int_equal(sl_harness_app(h)->consumed, 2);
	finish(h);
}

static void tick_reports_the_link(void **state)
{
	struct sl_harness *h = make("dpdk net_null0");

	(void)state;
	sl_harness_tick(h);
	assert_int_equal(sl_harness_metric(h, "link_up"), 1);
	assert_int_equal(sl_harness_metric(h, "link_mbps"), 10000);
	assert_int_equal(sl_harness_metric(h, "rx_missed"), 0);
	finish(h);
}

static void capture_files_are_devices_too(void **state)
{
	char path[] = "/tmp/sluice-dpdk-XXXXXX", line[256];
	struct sl_harness *h;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	snprintf(line, sizeof(line), "dpdk net_pcap0,tx_pcap=%s", path);
	h = make(line);
	feed(h, 10, FRAME);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_app(h)->consumed, 10);
	finish(h);
	snprintf(line, sizeof(line), "dpdk net_pcap0,rx_pcap=%s", path);
	h = make(line);
	for (unsigned i = 0; i < 3; i++)
		sl_harness_breathe(h);
	assert_int_equal(sl_harness_waiting_out(h, 0), 10);
	assert_false(sl_harness_app(h)->finished);
	finish(h);
	unlink(path);
}

// net_pcap gives frames longer than a packet's buffer in several segments. The harness's
// packets hold 9216 bytes and more.
static void scattered_frames_are_dropped_by_name(void **state)
{
	static const uint8_t header[24] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0,
					   0,    0,    0,    0,    0, 0, 4, 0, 1, 0, 0, 0};
	static const uint8_t record[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0x80, 0, 0};
	static const uint8_t frame[0x8000];
	char path[] = "/tmp/sluice-dpdk-XXXXXX", line[256];
	struct sl_harness *h;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, header, sizeof(header)), sizeof(header));
	assert_int_equal(write(fd, record, sizeof(record)), sizeof(record));
	assert_int_equal(write(fd, frame, sizeof(frame)), sizeof(frame));
	close(fd);
	snprintf(line, sizeof(line), "dpdk net_pcap0,rx_pcap=%s", path);
	h = make(line);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_drop(h, "scattered"), 1);
	assert_int_equal(sl_harness_waiting_out(h, 0), 0);
	finish(h);
	unlink(path);
}

// A front-end of vhost hands the memory of its packets to the other side, which must be able to
// map it. The harness's packets are in memory that only this process has.
static void device_that_reaches_for_packets_is_refused_without_hugepages(void **state)
{
	char path[64], server[128], client[128], text[256];
	struct sl_harness *h;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/sluice-vhost-%d", getpid());
	snprintf(server, sizeof(server), "dpdk net_vhost0,iface=%s", path);
	snprintf(client, sizeof(client), "dpdk net_virtio_user0,path=%s", path);
	snprintf(text, sizeof(text),
		 "net_virtio_user0,path=%s: reaches for packets by itself, which takes hugepages",
		 path);
	h = make(server);
	refuse(client, text);
	finish(h);
}

static bool both_up(struct sl_harness *a, struct sl_harness *b)
{
	for (unsigned i = 0; i < 10000; i++) {
		sl_harness_advance(a, 1000000000);
		sl_harness_advance(b, 1000000000);
		sl_harness_tick(a);
		sl_harness_tick(b);
		if (sl_harness_metric(a, "link_up") && sl_harness_metric(b, "link_up"))
			return true;
		usleep(1000);
	}
	return false;
}

static void memif_joins_two_ports(void **state)
{
	char server[128], client[128];
	struct sl_harness *a, *b;

	(void)state;
	snprintf(server, sizeof(server), "dpdk net_memif0,role=server,socket=/sluice-%d", getpid());
	snprintf(client, sizeof(client), "dpdk net_memif1,role=client,socket=/sluice-%d", getpid());
	a = make(server);
	b = make(client);
	assert_true(both_up(a, b));
	feed(a, 500, 1514);
	feed(b, 100, FRAME);
	for (unsigned i = 0; i < 20; i++) {
		sl_harness_breathe(a);
		sl_harness_breathe(b);
	}
	assert_int_equal(sl_harness_waiting_out(b, 0), 500);
	assert_int_equal(sl_harness_waiting_out(a, 0), 100);
	finish(b);
	finish(a);
}

static void queues_of_one_device_are_shared(void **state)
{
	struct sl_harness *h = make("dpdk net_null0 queue=0 queues=2");

	(void)state;
	assert_int_equal(ports_open(), 1);
	refuse("dpdk net_null0 queue=1 queues=2",
	       "net_null0: is open already, with another packet pool");
	finish(h);
	assert_int_equal(ports_open(), 0);
}

static int claim(struct sl_port **p, struct sl_harness *h, struct sl_port_config c,
		 struct sl_error *err)
{
	c.rx_descriptors = c.tx_descriptors = 512;
	c.graph_mtu = 1500;
	return sl_port_open(p, &c, sl_harness_app(h)->pool, NULL, err);
}

static void last_queue_to_go_closes_the_device(void **state)
{
	struct sl_harness *h = make("dpdk net_null9"); // for its pool
	struct sl_port_config c = {.device = "net_null0,size=100", .queues = 2};
	struct sl_error err = {.text = ""};
	struct sl_port *a, *b;

	(void)state;
	assert_int_equal(claim(&a, h, c, &err), 0);
	c.queue = 1;
	assert_int_equal(claim(&b, h, c, &err), 0);
	assert_ptr_equal(a, b);
	assert_int_equal(ports_open(), 2);
	sl_port_close(a, 0);
	assert_int_equal(ports_open(), 2);
	sl_port_close(b, 1);
	assert_int_equal(ports_open(), 1);
	finish(h);
}

static void those_who_share_a_device_must_agree(void **state)
{
	struct sl_harness *h = make("dpdk net_null9");
	const struct sl_port_config is = {.device = "net_null0,size=100", .queues = 2};
	struct sl_port_config c = is;
	struct sl_error err = {.text = ""};
	struct sl_port *p, *q;

	(void)state;
	assert_int_equal(claim(&p, h, is, &err), 0);
	assert_int_equal(claim(&q, h, is, &err), -EBUSY);
	assert_string_equal(err.text, "net_null0,size=100: queue 0 has an app already");
	c.queue = 1;
	c.queues = 3;
	assert_int_equal(claim(&q, h, c, &err), -EBUSY);
	assert_string_equal(err.text, "net_null0,size=100: is open already with queues: 2, not 3");
	c.queues = 2;
	c.mtu = 1400;
	assert_int_equal(claim(&q, h, c, &err), -EBUSY);
	assert_string_equal(err.text, "net_null0,size=100: is open already with other descriptors, "
				      "mtu or promiscuous");
	c.mtu = 0;
	c.device = "net_null0,size=200";
	assert_int_equal(claim(&q, h, c, &err), -EBUSY);
	assert_string_equal(err.text,
			    "net_null0,size=200: is open already as 'net_null0,size=100'");
	c.device = is.device;
	assert_int_equal(claim(&q, h, c, &err), 0);
	sl_port_close(q, 1);
	sl_port_close(p, 0);
	finish(h);
	assert_int_equal(ports_open(), 0);
}

static void successor_takes_over_its_queue(void **state)
{
	struct sl_harness *h = make("dpdk net_ring0");
	struct sl_error err = {.text = ""};

	(void)state;
	feed(h, 10, FRAME);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_replace(h, "dpdk net_ring0 queues=1", &err), 0);
	assert_int_equal(ports_open(), 1);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_waiting_out(h, 0), 10);
	assert_int_equal(sl_harness_replace(h, "dpdk net_ring0 mtu=1000", &err), -EBUSY);
	assert_int_equal(ports_open(), 1);
	assert_int_equal(sl_harness_replace(h, "dpdk net_null0", &err), 0);
	assert_int_equal(ports_open(), 1);
	finish(h);
	assert_int_equal(ports_open(), 0);
}

static void devices_open_again_and_again(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct sl_harness *h = make(i % 2 ? "dpdk net_null0,size=64" : "dpdk net_null0");

		sl_harness_breathe(h);
		assert_int_equal(sl_harness_waiting_out(h, 0), SL_BURST);
		finish(h);
		assert_int_equal(ports_open(), 0);
	}
}

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *line, *text;
	} table[] = {
		{"dpdk", "app 'dpdk' (dpdk) needs 'device'"},
		{"dpdk ''", "'device' of app 'dpdk': '' names no device"},
		{"dpdk ',iface=eth0'", "'device' of app 'dpdk': ',iface=eth0' names no device"},
		{"dpdk nosuch0", "nosuch0: DPDK has no driver for 'nosuch'"},
		{"dpdk net_nul0", "net_nul0: DPDK has no driver for 'net_nul'; did you mean "
				  "'net_null'?"},
		{"dpdk net_af_packet_lan,iface=sl-no-such", "net_af_packet_lan: there is no "
							    "interface 'sl-no-such'"},
		{"dpdk net_af_packet0,iface=sl-no-such", "net_af_packet0: there is no interface "
							 "'sl-no-such'"},
		{"dpdk net_af_xdp0,iface=sl-no-such", "net_af_xdp0: there is no interface "
						      "'sl-no-such'"},
		{"dpdk net_pcap0,rx_pcap=/nonexistent.pcap",
		 "net_pcap0,rx_pcap=/nonexistent.pcap: "},
		{"dpdk ffff:ff:1f.6", "ffff:ff:1f.6: there is no such PCI card"},
		{"dpdk net_null0 queues=65", "'queues' of app 'dpdk' must be between 1 and 64"},
		{"dpdk net_af_packet0", "net_af_packet0: which interface? Say net_af_packet0,"
					"iface=eth1"},
		{"dpdk net_null0 queue=1",
		 "net_null0: there is no queue 1: they are counted from 0 "
		 "to 0"},
		{"dpdk net_null0 mtu=20000", "net_null0: the packets of the pool hold "},
		{"dpdk net_null0,nosuch=1", "net_null0,nosuch=1: its driver refuses it; are the "
					    "arguments right?"},
		{"dpdk net_memif0 mtu=9000", "net_memif0: "},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(table); i++) {
		refuse(table[i].line, table[i].text);
		assert_int_equal(ports_open(), 0);
	}
}

static void device_strings_are_taken_apart(void **state)
{
	struct sl_dpdk_name n;

	(void)state;
	assert_int_equal(sl_dpdk_name_parse("8a:00.1,x=1", &n, NULL), 0);
	assert_true(n.is_pci);
	assert_string_equal(n.name, "0000:8a:00.1");
	assert_string_equal(n.driver, "");
	assert_string_equal(n.args, "x=1");
	assert_int_equal(sl_dpdk_name_parse("net_af_xdp12,iface=eth1,queue_count=2", &n, NULL), 0);
	assert_false(n.is_pci);
	assert_string_equal(n.name, "net_af_xdp12");
	assert_string_equal(n.driver, "net_af_xdp");
	assert_string_equal(n.args, "iface=eth1,queue_count=2");
	assert_int_equal(sl_dpdk_name_parse("net_null0_and_a_name_that_goes_on_and_on_until_it_is_"
					    "longer_than_names_are",
					    &n, NULL),
			 -EINVAL);
}

static void offloads_that_a_driver_turned_on_are_errors(void **state)
{
	struct sl_error err = {.text = ""};

	(void)state;
	assert_int_equal(sl_port_check_offloads("x", 0, 0, false, &err), 0);
	assert_int_equal(sl_port_check_offloads("x", RTE_ETH_RX_OFFLOAD_RSS_HASH, 0, true, &err),
			 0);
	assert_int_equal(sl_port_check_offloads("x", RTE_ETH_RX_OFFLOAD_RSS_HASH, 0, false, &err),
			 -ENOTSUP);
	assert_string_equal(err.text, "x: the driver insists on the receive offload RSS_HASH");
	assert_int_equal(sl_port_check_offloads("x", 0, RTE_ETH_TX_OFFLOAD_MULTI_SEGS, true, &err),
			 -ENOTSUP);
	assert_string_equal(err.text, "x: the driver insists on the transmit offload MULTI_SEGS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_strings_are_taken_apart),
		cmocka_unit_test(offloads_that_a_driver_turned_on_are_errors),
		cmocka_unit_test(ring_gives_back_what_was_sent_in_order),
		cmocka_unit_test(received_frames_carry_the_time_of_the_breath),
		cmocka_unit_test(packets_left_in_a_ring_come_back_to_the_pool),
		cmocka_unit_test(does_not_receive_while_unconnected),
		cmocka_unit_test(full_device_keeps_frames_waiting),
		cmocka_unit_test(device_that_takes_nothing_for_long_loses_frames_by_name),
		cmocka_unit_test(tick_sends_what_waits_when_nobody_pulls),
		cmocka_unit_test(frames_the_device_cannot_take_are_dropped_by_name),
		cmocka_unit_test(mtu_key_moves_the_limit),
		cmocka_unit_test(tick_reports_the_link),
		cmocka_unit_test(capture_files_are_devices_too),
		cmocka_unit_test(scattered_frames_are_dropped_by_name),
		cmocka_unit_test(device_that_reaches_for_packets_is_refused_without_hugepages),
		cmocka_unit_test(memif_joins_two_ports),
		cmocka_unit_test(queues_of_one_device_are_shared),
		cmocka_unit_test(last_queue_to_go_closes_the_device),
		cmocka_unit_test(those_who_share_a_device_must_agree),
		cmocka_unit_test(successor_takes_over_its_queue),
		cmocka_unit_test(devices_open_again_and_again),
		cmocka_unit_test(mistakes_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
