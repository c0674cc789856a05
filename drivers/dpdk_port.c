// rte_eth_dev_conf_get, the only way to see which offloads a driver turned on by itself.
#define ALLOW_EXPERIMENTAL_API

#include "drivers/dpdk_port.h"

#include "core/pool.h"
#include "drivers/dpdk_device.h"
#include "drivers/xdp.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_memory.h>
#include <rte_memzone.h>
#include <sluice/packet.h>
#include <string.h>

enum {
	DRAIN_BURSTS = 64,    // of packets left in a software ring
	XDP_QUEUE = 3 * 2048, // packets an AF_XDP queue has under way: fill, send, completion
	XDP_CACHED = 2048,    // packets of its pool that threads may keep at hand
	XDP_ATTEMPTS = 20,
	XDP_PAUSE_US = 10000,
	FRAME_OVERHEAD = 14 + 4, // Ethernet header, VLAN tag
};

// Lives in a memzone named after the port: DPDK's EAL is the one place of a process that knows
// its devices, so there is no table of our own beside it.
struct sl_port {
	uint16_t id;
	bool rss;
	uint16_t mtu;
	struct sl_port_config config; // its device string is `device`
	char device[1024];
	struct rte_mempool *pool;      // of the apps
	struct rte_mempool *own;       // the device's own, or NULL
	struct sl_xdp_sockets sockets; // of a device with a pool of its own
	uint8_t claims[SL_PORT_QUEUES_MAX];
	const struct rte_memzone *zone;
};

static void zone_name(char *out, size_t size, uint16_t id)
{
	snprintf(out, size, "sluice_port_%u", id);
}

static struct sl_port *lookup(const struct sl_dpdk_name *n)
{
	char name[RTE_MEMZONE_NAMESIZE];
	const struct rte_memzone *zone;
	uint16_t id;

	if (sl_dpdk_find(n, &id) < 0)
		return NULL;
	zone_name(name, sizeof(name), id);
	zone = rte_memzone_lookup(name);
	return zone ? zone->addr : NULL;
}

uint16_t sl_port_id(const struct sl_port *p)
{
	return p->id;
}

uint16_t sl_port_mtu(const struct sl_port *p)
{
	return p->mtu;
}

bool sl_port_copies(const struct sl_port *p)
{
	return p->own;
}

int sl_port_check_offloads(const char *device, uint64_t rx, uint64_t tx, bool rss,
			   struct sl_error *err)
{
	if (rss)
		rx &= ~RTE_ETH_RX_OFFLOAD_RSS_HASH;
	if (rx)
		return sl_error_set(err, -ENOTSUP,
				    "%s: the driver insists on the receive offload %s", device,
				    rte_eth_dev_rx_offload_name(1ULL << rte_bsf64(rx)));
	if (tx)
		return sl_error_set(err, -ENOTSUP,
				    "%s: the driver insists on the transmit offload %s", device,
				    rte_eth_dev_tx_offload_name(1ULL << rte_bsf64(tx)));
	return 0;
}

// A second app wants a device that is open: it must want the same, and a queue of its own.
static int join(struct sl_port *p, const struct sl_port_config *c, struct rte_mempool *pool,
		const struct sl_port *taker, struct sl_error *err)
{
	const struct sl_port_config *is = &p->config;

	if (pool != p->pool && taker != p)
		return sl_error_set(err, -EBUSY, "%s: is open already, with another packet pool",
				    c->device);
	if (strcmp(c->device, is->device) != 0)
		return sl_error_set(err, -EBUSY, "%s: is open already as '%s'", c->device,
				    is->device);
	if (c->queues != is->queues)
		return sl_error_set(err, -EBUSY, "%s: is open already with queues: %u, not %u",
				    c->device, (unsigned)is->queues, (unsigned)c->queues);
	if (c->rx_descriptors != is->rx_descriptors || c->tx_descriptors != is->tx_descriptors ||
	    c->mtu != is->mtu || c->promiscuous != is->promiscuous)
		return sl_error_set(err, -EBUSY,
				    "%s: is open already with other descriptors, mtu or "
				    "promiscuous",
				    c->device);
	if (p->claims[c->queue] > 0 && taker != p)
		return sl_error_set(err, -EBUSY, "%s: queue %u has an app already", c->device,
				    (unsigned)c->queue);
	p->claims[c->queue]++;
	return 0;
}

// Devices that do not copy packets but let hardware, or another process, reach for them.
static bool reaches_for_packets(const struct sl_dpdk_name *n, const struct rte_eth_dev_info *info)
{
	return n->is_pci || strcmp(info->driver_name, "net_virtio_user") == 0;
}

static int check(const struct sl_port *p, const struct sl_dpdk_name *n,
		 const struct rte_eth_dev_info *info, struct sl_error *err)
{
	const struct sl_port_config *c = &p->config;
	const struct rte_mempool_memhdr *chunk = STAILQ_FIRST(&p->pool->mem_list);

	if (c->queues > info->max_rx_queues || c->queues > info->max_tx_queues)
		return sl_error_set(err, -EINVAL, "%s: has %u queues, not %u", c->device,
				    (unsigned)RTE_MIN(info->max_rx_queues, info->max_tx_queues),
				    (unsigned)c->queues);
	if (reaches_for_packets(n, info) && (!chunk || !rte_mem_virt2memseg_list(chunk->addr)))
		return sl_dpdk_lacks_hugepages(c->device, err);
	if (p->mtu < info->min_mtu || p->mtu > info->max_mtu)
		return sl_error_set(err, -EINVAL, "%s: takes an mtu of %u to %u, not %u", c->device,
				    info->min_mtu, info->max_mtu, p->mtu);
	if ((uint32_t)p->mtu + FRAME_OVERHEAD > sl_pool_frame_bytes(p->pool))
		return sl_error_set(err, -EINVAL,
				    "%s: the packets of the pool hold %u bytes, not %u", c->device,
				    sl_pool_frame_bytes(p->pool), p->mtu + FRAME_OVERHEAD);
	return 0;
}

// net_af_xdp keeps the buffers of its fill ring when it is closed, cannot use buffers of more
// than a page, and takes a pool to be one piece of memory: it gets a pool of its own, which goes
// with it.
static int give_pool(struct sl_port *p, const struct rte_eth_dev_info *info, struct sl_error *err)
{
	uint64_t packets = p->config.queues * XDP_QUEUE + XDP_CACHED;
	char name[RTE_MEMPOOL_NAMESIZE];

	if (strcmp(info->driver_name, "net_af_xdp") != 0)
		return 0;
	snprintf(name, sizeof(name), "sluice_xdp_%u", p->id);
	sl_xdp_silence();
	p->own = sl_pool_create(name, (unsigned)packets, p->mtu + FRAME_OVERHEAD, false, err);
	return p->own ? 0 : -ENOMEM;
}

static int set_up_queues(struct sl_port *p, const struct rte_eth_dev_info *info)
{
	uint16_t rx_size = (uint16_t)p->config.rx_descriptors;
	uint16_t tx_size = (uint16_t)p->config.tx_descriptors;
	struct rte_eth_rxconf rx = info->default_rxconf;
	struct rte_eth_txconf tx = info->default_txconf;
	unsigned socket = (unsigned)SOCKET_ID_ANY;
	int r = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &rx_size, &tx_size);

	rx.offloads = 0;
	tx.offloads = 0;
	for (uint16_t q = 0; r == 0 && q < p->config.queues; q++) {
		r = rte_eth_rx_queue_setup(p->id, q, rx_size, socket, &rx,
					   p->own ? p->own : p->pool);
		if (r == 0)
			r = rte_eth_tx_queue_setup(p->id, q, tx_size, socket, &tx);
	}
	return r;
}

// Several queues share the traffic by flow where the device can do that; it changes no packet.
static int configure(struct sl_port *p, const struct rte_eth_dev_info *info)
{
	struct rte_eth_conf conf = {.rxmode.mtu = p->mtu};
	uint64_t flows = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP;

	flows &= info->flow_type_rss_offloads;
	p->rss = p->config.queues > 1 && flows;
	if (p->rss) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = flows;
	}
	return rte_eth_dev_configure(p->id, (uint16_t)p->config.queues, (uint16_t)p->config.queues,
				     &conf);
}

// Tell the device, which tells the kernel's interface behind it. Only where the config asks.
static int set_mtu(const struct sl_port *p)
{
	int r = p->config.mtu ? rte_eth_dev_set_mtu(p->id, p->mtu) : 0;

	return r == -ENOTSUP ? 0 : r; // software rings carry what they are given
}

static int set_promiscuous(struct sl_port *p)
{
	int r = p->config.promiscuous ? rte_eth_promiscuous_enable(p->id)
				      : rte_eth_promiscuous_disable(p->id);

	return r == -ENOTSUP ? 0 : r; // a device without addresses receives everything
}

static int verify_offloads(const struct sl_port *p, struct sl_error *err)
{
	struct rte_eth_conf conf;

	if (rte_eth_dev_conf_get(p->id, &conf) < 0)
		return 0;
	return sl_port_check_offloads(p->config.device, conf.rxmode.offloads, conf.txmode.offloads,
				      p->rss, err);
}

// What the config says, else what the graph, the interface and the device can all take.
static uint16_t choose_mtu(const struct sl_port_config *c, const struct sl_dpdk_name *n,
			   const struct rte_eth_dev_info *info)
{
	uint32_t mtu = (uint32_t)c->graph_mtu, interface = sl_dpdk_interface_mtu(n);

	if (c->mtu)
		return (uint16_t)c->mtu;
	if (interface)
		mtu = RTE_MIN(mtu, interface);
	return (uint16_t)RTE_MIN(mtu, (uint32_t)info->max_mtu);
}

// Returns 0, or -errno; err is filled, or what DPDK logged is the reason.
static int start(struct sl_port *p, const struct sl_dpdk_name *n, struct sl_error *err)
{
	struct rte_eth_dev_info info;
	int r = rte_eth_dev_info_get(p->id, &info);

	if (r < 0)
		return r;
	p->mtu = choose_mtu(&p->config, n, &info);
	r = check(p, n, &info, err);
	if (r == 0)
		r = give_pool(p, &info, err);
	if (r == 0)
		r = configure(p, &info);
	if (r == 0)
		r = set_up_queues(p, &info);
	if (r == 0)
		r = set_mtu(p);
	if (r == 0)
		r = verify_offloads(p, err);
	if (r == 0)
		r = rte_eth_dev_start(p->id);
	if (r < 0)
		return r;
	r = set_promiscuous(p);
	if (r == 0)
		r = verify_offloads(p, err);
	if (r < 0)
		rte_eth_dev_stop(p->id);
	return r;
}

// Plug the device and make the port's state. Returns 0 or -errno.
static int create(struct sl_port **out, const struct sl_port_config *c,
		  const struct sl_dpdk_name *n, struct rte_mempool *pool)
{
	char name[RTE_MEMZONE_NAMESIZE];
	const struct rte_memzone *zone;
	struct sl_port *p;
	uint16_t id;
	int r = sl_dpdk_plug(n, &id);

	if (r < 0)
		return r;
	zone_name(name, sizeof(name), id);
	zone = rte_memzone_reserve(name, sizeof(*p), SOCKET_ID_ANY, 0);
	if (!zone) {
		sl_dpdk_unplug(id);
		return -ENOMEM;
	}
	p = zone->addr;
	memset(p, 0, sizeof(*p));
	p->id = id;
	p->zone = zone;
	p->pool = pool;
	p->config = *c;
	snprintf(p->device, sizeof(p->device), "%s", c->device);
	p->config.device = p->device;
	*out = p;
	return 0;
}

static void destroy(struct sl_port *p)
{
	sl_dpdk_unplug(p->id);
	sl_xdp_sockets_close(&p->sockets);
	sl_pool_destroy(p->own);
	rte_memzone_free(p->zone);
}

static int attempt(struct sl_port **p, const struct sl_port_config *c, const struct sl_dpdk_name *n,
		   struct rte_mempool *pool, struct sl_error *err)
{
	struct sl_xdp_sockets before;
	int r = create(p, c, n, pool);

	if (r < 0)
		return r;
	sl_xdp_sockets_note(&before);
	r = start(*p, n, err);
	if ((*p)->own) {
		sl_xdp_sockets_note(&(*p)->sockets);
		sl_xdp_sockets_subtract(&(*p)->sockets, &before);
	}
	if (r < 0)
		destroy(*p);
	return r;
}

// The kernel lets go of an AF_XDP socket some time after it was closed. Who closes and opens the
// same interface, as tests and operators do, finds it busy for a moment.
static int attempt_patiently(struct sl_port **p, const struct sl_port_config *c,
			     const struct sl_dpdk_name *n, struct rte_mempool *pool,
			     struct sl_error *err)
{
	int r = attempt(p, c, n, pool, err);

	for (unsigned i = 0; i < XDP_ATTEMPTS && r < 0; i++) {
		if (strcmp(n->driver, "net_af_xdp") != 0 || err->text[0])
			break;
		rte_delay_us_sleep(XDP_PAUSE_US);
		r = attempt(p, c, n, pool, err);
	}
	return r;
}

static int open_first(struct sl_port **out, const struct sl_port_config *c,
		      const struct sl_dpdk_name *n, struct rte_mempool *pool, struct sl_error *err)
{
	struct sl_error why = {.text = ""};
	struct sl_dpdk_log log;
	struct sl_port *p;
	int r = sl_dpdk_name_check(n, err);

	if (r < 0)
		return r;
	sl_dpdk_log_begin(&log);
	r = attempt_patiently(&p, c, n, pool, &why);
	sl_dpdk_log_end(&log);
	if (r < 0 && why.text[0])
		return sl_error_set(err, r, "%s", why.text);
	if (r < 0)
		return sl_dpdk_explain(c->device, n, &log, r, err);
	p->claims[c->queue] = 1;
	*out = p;
	return 0;
}

int sl_port_open(struct sl_port **p, const struct sl_port_config *c, struct rte_mempool *pool,
		 const struct sl_port *taker, struct sl_error *err)
{
	struct sl_port *there;
	struct sl_dpdk_name n;
	int r = sl_dpdk_name_parse(c->device, &n, err);

	if (r < 0)
		return r;
	if (c->queue >= c->queues)
		return sl_error_set(err, -EINVAL,
				    "%s: there is no queue %u: they are counted from 0 to %u",
				    c->device, (unsigned)c->queue, (unsigned)c->queues - 1);
	there = lookup(&n);
	if (!there)
		return open_first(p, c, &n, pool, err);
	r = join(there, c, pool, taker, err);
	if (r == 0)
		*p = there;
	return r;
}

// A software ring keeps its packets when it is closed.
static void drain(const struct sl_port *p)
{
	struct rte_mbuf *packets[SL_BURST];

	for (uint16_t q = 0; q < p->config.queues; q++)
		for (unsigned i = 0; i < DRAIN_BURSTS; i++) {
			uint16_t n = rte_eth_rx_burst(p->id, q, packets, SL_BURST);

			if (n == 0)
				break;
			rte_pktmbuf_free_bulk(packets, n);
		}
}

void sl_port_close(struct sl_port *p, uint64_t queue)
{
	p->claims[queue]--;
	for (unsigned q = 0; q < SL_PORT_QUEUES_MAX; q++)
		if (p->claims[q] > 0)
			return;
	drain(p);
	destroy(p);
}
