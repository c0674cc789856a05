// dpdk: receives and sends Ethernet frames on one queue of any device that DPDK drives.
// Ports: tx (frames to send), rx (frames received).  Config: dpdk_keys below.
//
// No offload is enabled. Frames received get the time of the breath as their time stamp. Frames
// that the device has no room for wait here, and what is behind them in the link: for as long as
// the device takes some now and then, nothing is lost here. One that has taken none for STUCK_NS
// loses them as "tx_full".

#include "drivers/dpdk_device.h"
#include "drivers/dpdk_port.h"

#include <rte_ethdev.h>
#include <sluice/app.h>

enum { TX };
enum { RX };
enum { DROP_TX_FULL, DROP_TOO_LONG, DROP_TOO_SHORT, DROP_SCATTERED };
enum { RX_MISSED, RX_NO_BUFFER, RX_ERRORS, TX_ERRORS, LINK_UP, LINK_MBPS };

enum {
	HEADER = 14,               // bytes of an Ethernet header
	TAG = 4,                   // bytes of a VLAN tag
	STUCK_NS = 100 * 1000000,  // without progress, after which frames are dropped
	REPORT_NS = 250 * 1000000, // between two looks at the device's own counters
};

struct dpdk {
	struct sl_app app;
	struct sl_port *port;
	struct rte_mbuf *waiting[SL_BURST]; // taken, refused by the device so far
	uint16_t n_waiting;
	uint16_t id, queue;
	uint16_t frame_max; // bytes, untagged
	bool copies;
	uint64_t stuck_ns;  // since when the device has taken nothing; 0 = it took some last time
	uint64_t report_ns; // when to look at its counters again
};

static int check_device(const char *text, struct sl_error *err)
{
	struct sl_dpdk_name name;

	return sl_dpdk_name_parse(text, &name, err);
}

static const struct sl_key dpdk_keys[] = {
	{.name = "device",
	 .type = SL_STRING,
	 .offset = offsetof(struct sl_port_config, device),
	 .required = true,
	 .check = check_device,
	 .help = "DPDK's name of it, such as 0000:8a:00.1 or net_af_packet0,iface=eth1"},
	{.name = "queue",
	 .type = SL_UINT,
	 .offset = offsetof(struct sl_port_config, queue),
	 .preset = "0",
	 .max = SL_PORT_QUEUES_MAX - 1,
	 .help = "which of its queues this app serves, from 0"},
	{.name = "queues",
	 .type = SL_UINT,
	 .offset = offsetof(struct sl_port_config, queues),
	 .preset = "1",
	 .min = 1,
	 .max = SL_PORT_QUEUES_MAX,
	 .help = "how many queues the device shares its traffic among, one app each"},
	{.name = "rx-descriptors",
	 .type = SL_UINT,
	 .offset = offsetof(struct sl_port_config, rx_descriptors),
	 .preset = "1024",
	 .min = 1,
	 .max = 32768,
	 .help = "length of each receive queue, as near as the device can"},
	{.name = "tx-descriptors",
	 .type = SL_UINT,
	 .offset = offsetof(struct sl_port_config, tx_descriptors),
	 .preset = "1024",
	 .min = 1,
	 .max = 32768,
	 .help = "length of each send queue, as near as the device can"},
	{.name = "mtu",
	 .type = SL_BYTES,
	 .offset = offsetof(struct sl_port_config, mtu),
	 .min = 68,
	 .max = SL_FRAME_MAX - HEADER - TAG,
	 .help = "largest IP packet; the interface is set to it (default: the graph's mtu)"},
	{.name = "promiscuous",
	 .type = SL_BOOL,
	 .offset = offsetof(struct sl_port_config, promiscuous),
	 .preset = "yes",
	 .help = "receive frames to any address"},
	{.name = NULL},
};

static void dpdk_needs(const void *config, struct sl_needs *needs)
{
	const struct sl_port_config *c = config;

	needs->packets = (uint32_t)(c->rx_descriptors + c->tx_descriptors) + SL_BURST;
	if (c->mtu)
		needs->frame_bytes = (uint32_t)c->mtu + HEADER + TAG;
}

static int dpdk_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	const struct dpdk *before = (const struct dpdk *)app->predecessor;
	struct dpdk *self = (struct dpdk *)app;
	struct sl_port_config c = *(const struct sl_port_config *)config;
	bool takes_over = before && before->queue == c.queue;
	struct rte_ether_addr mac;
	int r;

	c.graph_mtu = app->mtu;
	r = sl_port_open(&self->port, &c, app->pool, takes_over ? before->port : NULL, err);
	if (r < 0)
		return r;
	self->id = sl_port_id(self->port);
	self->queue = (uint16_t)c.queue;
	self->frame_max = (uint16_t)(sl_port_mtu(self->port) + HEADER);
	self->copies = sl_port_copies(self->port);
	if (rte_eth_macaddr_get(self->id, &mac) == 0)
		memcpy(app->ether, mac.addr_bytes, sizeof(app->ether));
	return 0;
}

static void dpdk_stop(struct sl_app *app)
{
	struct dpdk *self = (struct dpdk *)app;

	if (!self->port)
		return;
	if (self->n_waiting > 0)
		sl_free_burst(self->waiting, self->n_waiting);
	sl_port_close(self->port, self->queue);
}

// Have the packets of the device's own pool back in it at once.
static unsigned copy_out(struct dpdk *self, struct rte_mbuf **p, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *copy = sl_copy(self->app.pool, p[i]);

		sl_free(p[i]);
		if (copy)
			p[kept++] = copy;
	}
	sl_app_metric_add(&self->app, RX_NO_BUFFER, n - kept);
	return kept;
}

static inline bool in_one_piece(const struct rte_mbuf *p)
{
	return p->nb_segs == 1 && RTE_MBUF_DIRECT(p);
}

// Drop frames that do not lie in one buffer of a pool. Returns how many are left.
static unsigned drop_scattered(struct dpdk *self, struct rte_mbuf **p, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		if (in_one_piece(p[i])) {
			p[kept++] = p[i];
			continue;
		}
		sl_count(&self->app.drops[DROP_SCATTERED], 1);
		rte_pktmbuf_free(p[i]);
	}
	return kept;
}

// Give the frames the time of the breath. Returns whether each is in one piece.
static bool stamp(const struct dpdk *self, struct rte_mbuf *const *p, unsigned n)
{
	uint64_t now = self->app.wall_ns;
	bool whole = true;

	for (unsigned i = 0; i < n; i++) {
		whole &= in_one_piece(p[i]);
		sl_set_stamp_ns(p[i], now);
	}
	return whole;
}

static void receive(struct dpdk *self)
{
	struct rte_mbuf *p[SL_BURST];
	unsigned n = rte_eth_rx_burst(self->id, self->queue, p, SL_BURST);

	if (n == 0)
		return;
	if (self->copies)
		n = copy_out(self, p, n);
	sl_app_created(&self->app, n);
	if (__builtin_expect(!stamp(self, p, n), 0))
		n = drop_scattered(self, p, n);
	sl_app_give(&self->app, RX, p, n);
}

static bool is_tagged(const struct rte_mbuf *p)
{
	const uint8_t *type = sl_data(p) + 12;

	return (type[0] == 0x81 && type[1] == 0x00) || (type[0] == 0x88 && type[1] == 0xa8);
}

static inline bool fits(const struct dpdk *self, const struct rte_mbuf *p)
{
	return (uint16_t)(sl_len(p) - HEADER) <= self->frame_max - HEADER;
}

// Drop frames that the device does not take. Returns how many are left.
static unsigned drop_unfit(struct dpdk *self, struct rte_mbuf **p, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		uint16_t len = sl_len(p[i]);

		if (fits(self, p[i]) ||
		    (len > self->frame_max && len <= self->frame_max + TAG && is_tagged(p[i])))
			p[kept++] = p[i];
		else
			sl_app_drop(&self->app, p[i],
				    len < HEADER ? DROP_TOO_SHORT : DROP_TOO_LONG);
	}
	return kept;
}

static bool all_fit(const struct dpdk *self, struct rte_mbuf *const *p, unsigned n)
{
	bool fit = true;

	for (unsigned i = 0; i < n; i++)
		fit &= fits(self, p[i]);
	return fit;
}

// Keep what the device refused, or drop it where it has refused everything for too long.
static void keep(struct dpdk *self, struct rte_mbuf *const *p, unsigned n)
{
	self->n_waiting = 0;
	if (n > 0 && self->stuck_ns && self->app.now_ns - self->stuck_ns > STUCK_NS) {
		sl_count(&self->app.drops[DROP_TX_FULL], n);
		sl_free_burst(p, n);
		n = 0;
	}
	if (n > 0) {
		memmove(self->waiting, p, n * sizeof(*p));
		self->n_waiting = (uint16_t)n;
		sl_app_wake_at(&self->app, self->app.now_ns);
	}
	sl_app_set_held(&self->app, self->n_waiting);
}

static unsigned transmit(struct dpdk *self, struct rte_mbuf **p, unsigned n)
{
	unsigned sent = rte_eth_tx_burst(self->id, self->queue, p, (uint16_t)n);

	sl_app_consumed(&self->app, sent);
	if (sent > 0)
		self->stuck_ns = 0;
	else if (n > 0 && !self->stuck_ns)
		self->stuck_ns = self->app.now_ns;
	return sent;
}

// Offer what waits to the device again.
static void retry(struct dpdk *self)
{
	unsigned sent = transmit(self, self->waiting, self->n_waiting);

	keep(self, self->waiting + sent, self->n_waiting - sent);
}

static void dpdk_pull(struct sl_app *app)
{
	struct dpdk *self = (struct dpdk *)app;

	if (self->n_waiting > 0)
		retry(self);
	if (app->out[RX]) // else the device's queue is the place where they are lost
		receive(self);
}

static void dpdk_push(struct sl_app *app)
{
	struct dpdk *self = (struct dpdk *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n, sent;

	if (self->n_waiting > 0)
		return; // until pull is rid of them
	n = sl_app_take(app, TX, p, SL_BURST);
	if (__builtin_expect(!all_fit(self, p, n), 0))
		n = drop_unfit(self, p, n);
	sent = transmit(self, p, n);
	if (__builtin_expect(sent < n, 0))
		keep(self, p + sent, n - sent);
}

static void report(struct dpdk *self)
{
	struct rte_eth_link link = {0};
	struct rte_eth_stats s;

	if (rte_eth_stats_get(self->id, &s) == 0) {
		sl_app_metric(&self->app, RX_MISSED, s.imissed);
		sl_app_metric(&self->app, RX_ERRORS, s.ierrors);
		sl_app_metric(&self->app, TX_ERRORS, s.oerrors);
		if (!self->copies)
			sl_app_metric(&self->app, RX_NO_BUFFER, s.rx_nombuf);
	}
	if (rte_eth_link_get_nowait(self->id, &link) == 0) {
		sl_app_metric(&self->app, LINK_UP, link.link_status);
		sl_app_metric(&self->app, LINK_MBPS,
			      link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed);
	}
}

static void dpdk_tick(struct sl_app *app)
{
	struct dpdk *self = (struct dpdk *)app;

	if (self->n_waiting > 0)
		retry(self); // a quiesced source is not pulled any more
	if (self->queue > 0 || app->now_ns < self->report_ns)
		return; // the counters are the device's: its first queue's app has them
	report(self);
	self->report_ns = app->now_ns + REPORT_NS;
}

const struct sl_app_class sl_dpdk_class = {
	.name = "dpdk",
	.help = "receive and send on any device that DPDK drives, one queue of it\n"
		"PCI cards by their address; kernel interfaces as net_af_packet0,iface=eth1, as "
		"net_af_xdp0,iface=eth1 or, made by it, net_tap0,iface=tap0; other processes by "
		"net_memif0 or net_vhost0; and the rest of DPDK's drivers. PCI cards and "
		"net_virtio_user need hugepages, kernel interfaces a privilege, the others "
		"neither. No offload is enabled: a kernel at the other end of a veth must finish "
		"its checksums itself (ethtool -K eth0 tx off, there). Several queues take one app "
		"each, all with the same device and queues; the metrics are with the app of queue "
		"0. It receives while its output is connected.",
	.inputs = {[TX] = "tx"},
	.outputs = {[RX] = "rx"},
	.drops = {[DROP_TX_FULL] = "tx_full",
		  [DROP_TOO_LONG] = "too_long",
		  [DROP_TOO_SHORT] = "too_short",
		  [DROP_SCATTERED] = "scattered"},
	.metrics = {[RX_MISSED] = "rx_missed",
		    [RX_NO_BUFFER] = "rx_no_buffer",
		    [RX_ERRORS] = "rx_errors",
		    [TX_ERRORS] = "tx_errors",
		    [LINK_UP] = "link_up",
		    [LINK_MBPS] = "link_mbps"},
	.keys = dpdk_keys,
	.config_size = sizeof(struct sl_port_config),
	.size = sizeof(struct dpdk),
	.needs = dpdk_needs,
	.configure = dpdk_configure,
	.pull = dpdk_pull,
	.push = dpdk_push,
	.tick = dpdk_tick,
	.stop = dpdk_stop,
};
