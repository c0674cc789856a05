// ethernet-in: takes the Ethernet header off what comes in and sorts by what is inside.
// Ports: in -> ipv4, ipv6, arp, nd, other.  Config: index, port, mac, promiscuous.
// Spec: IEEE 802.3 clause 3.2, RFC 894, RFC 2464.
//
// What leaves on `other` is a whole frame; on the other outputs the first byte is that of the IP
// header or ARP message, the meta in front of it (core/ip/meta.h).

#include "apps/classes.h"
#include "core/ip/address.h"
#include "core/ip/meta.h"
#include "core/proto/ipv6.h"
#include "core/proto/mld.h"
#include "core/proto/nd.h"

#include <errno.h>
#include <rte_byteorder.h>

enum { IN };
enum { IPV4, IPV6, ARP, ND, OTHER, OUTPUTS };
enum {
	DROP_OTHER_HOST,
	DROP_TOO_SHORT,
	DROP_BAD_SOURCE,
	DROP_TAGGED,
	DROP_NO_ROOM,
	DROP_NO_IPV4,
	DROP_NO_IPV6,
	DROP_NO_ARP,
	DROP_UNKNOWN_TYPE
};

enum {
	NOWHERE = OUTPUTS, // the packet has been dropped
	HEADER = sizeof(struct sl_ether_hdr),
};

struct config {
	uint64_t index;
	const char *port, *mac;
	bool promiscuous;
};

struct ethernet_in {
	struct sl_app app;
	uint64_t wanted; // the first 8 bytes of a frame to us, of the source the group bit alone
	uint8_t mac[6];  // ours; all zero while unknown
	bool promiscuous;
	uint16_t index;
	const char *port; // whose address is ours; NULL where the file says the address
};

// The bits of `wanted` that count: the destination, and whether the source is a group.
static const uint8_t wanted_bits[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0};

static inline uint64_t load_first(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static unsigned drop(struct ethernet_in *self, struct rte_mbuf *p, unsigned reason)
{
	sl_app_drop(&self->app, p, reason);
	return NOWHERE;
}

// Cut the Ethernet header off a packet whose first byte is far enough inside of its buffer.
static inline unsigned strip(struct ethernet_in *self, struct rte_mbuf *p, uint8_t flags,
			     unsigned port)
{
	sl_trim_head(p, HEADER);
	sl_ip_meta_arrive(p, self->index, flags);
	return port;
}

// The same where there may be too little room for the meta.
static unsigned strip_slowly(struct ethernet_in *self, struct rte_mbuf *p, uint8_t flags,
			     unsigned port)
{
	const uint16_t room = sizeof(struct sl_ip_meta) - HEADER;

	if (p->data_off < room && !sl_packet_shift(p, room))
		return drop(self, p, DROP_NO_ROOM);
	return strip(self, p, flags, port);
}

// Whether a packet of len bytes is neighbour discovery, or asks who listens to groups, behind
// whatever extension headers; also the first fragment of one, which is to be refused as such. A
// later fragment begins with anything.
static bool is_nd(const uint8_t *packet, size_t len)
{
	const struct sl_ipv6_hdr *ip = sl_ipv6_parse_header(packet, len);
	struct sl_ipv6_upper upper;

	if (!ip || !sl_ipv6_upper(ip, len, &upper) || upper.protocol != SL_PROTO_ICMPV6)
		return false;
	if (upper.later || upper.len == 0)
		return false;
	return upper.data[0] == SL_MLD_QUERY ||
	       (upper.data[0] >= SL_ND_ROUTER_SOLICITATION && upper.data[0] <= SL_ND_REDIRECT);
}

// Whether what follows the IPv6 header cannot be neighbour discovery. There are HEADER + 40 bytes.
static inline bool is_plain_ipv6(const uint8_t *frame)
{
	const uint64_t look = 1ULL << SL_PROTO_HOP_BY_HOP | 1ULL << SL_PROTO_ROUTING |
			      1ULL << SL_PROTO_FRAGMENT | 1ULL << SL_PROTO_AH |
			      1ULL << SL_PROTO_ICMPV6 | 1ULL << SL_PROTO_DEST_OPTIONS;
	uint8_t next = frame[HEADER + offsetof(struct sl_ipv6_hdr, next_header)];

	return next > 63 || !(look >> next & 1);
}

// Whether a frame with this destination is for us.
static bool is_ours(const struct ethernet_in *self, const uint8_t *dst)
{
	return dst[0] & 1 || self->promiscuous || memcmp(dst, self->mac, sizeof(self->mac)) == 0;
}

// Take off a tag of VLAN 0, which says a priority and nothing else. Spec: IEEE 802.1Q clause 9.6.
static void drop_priority(struct rte_mbuf *p)
{
	enum { ADDRESSES = offsetof(struct sl_ether_hdr, type), TAG = 4, VLAN_BITS = 0x0fff };
	uint8_t *frame = sl_data(p);

	if (sl_len(p) < HEADER + TAG || load_be16(frame + ADDRESSES) != SL_ETHER_VLAN ||
	    (load_be16(frame + HEADER) & VLAN_BITS) != 0)
		return;
	memmove(frame + TAG, frame, ADDRESSES);
	sl_trim_head(p, TAG);
}

// Any frame. Returns the output it leaves on.
static unsigned sort_slowly(struct ethernet_in *self, struct rte_mbuf *p)
{
	const struct sl_ether_hdr *ether;
	uint16_t len, type;
	uint8_t flags;

	drop_priority(p);
	ether = (const struct sl_ether_hdr *)sl_data(p);
	len = sl_len(p);
	if (len < HEADER)
		return drop(self, p, DROP_TOO_SHORT);
	if (ether->src[0] & 1)
		return drop(self, p, DROP_BAD_SOURCE);
	if (!is_ours(self, ether->dst))
		return drop(self, p, DROP_OTHER_HOST);
	flags = ether->dst[0] & 1 ? SL_META_L2_GROUP : 0;
	type = load_be16(ether->type);
	if (type == SL_ETHER_IPV4)
		return strip_slowly(self, p, flags, IPV4);
	if (type == SL_ETHER_IPV6)
		return strip_slowly(self, p, flags,
				    is_nd((const uint8_t *)(ether + 1), len - HEADER) ? ND : IPV6);
	if (type == SL_ETHER_ARP)
		return strip_slowly(self, p, flags, ARP);
	if (sl_ether_is_vlan(type))
		return drop(self, p, DROP_TAGGED);
	return OTHER;
}

// Whether a packet is a frame to us alone that holds what strip may have without looking further:
// IPv4, or IPv6 that is no neighbour discovery.
static inline bool is_plain(const struct rte_mbuf *p, uint64_t wanted, uint16_t type)
{
	const uint8_t *frame = sl_data(p);
	uint16_t here;

	if (sl_len(p) < HEADER + sizeof(struct sl_ipv6_hdr) ||
	    p->data_off < sizeof(struct sl_ip_meta) - HEADER)
		return false;
	memcpy(&here, frame + offsetof(struct sl_ether_hdr, type), sizeof(here));
	return ((load_first(frame) ^ wanted) & load_first(wanted_bits)) == 0 &&
	       here == RTE_BE16(type) && (type != SL_ETHER_IPV6 || is_plain_ipv6(frame));
}

// Strip the plain packets of a type that a burst begins with. Returns how many there are.
static inline unsigned strip_plain(struct ethernet_in *self, struct rte_mbuf *const *p, unsigned n,
				   uint16_t type)
{
	const uint64_t wanted = self->wanted;
	const uint16_t index = self->index;
	unsigned i;

	for (i = 0; i < n && is_plain(p[i], wanted, type); i++) {
		sl_trim_head(p[i], HEADER);
		sl_ip_meta_arrive(p[i], index, 0);
	}
	return i;
}

static unsigned sort(struct ethernet_in *self, struct rte_mbuf *p)
{
	if (is_plain(p, self->wanted, SL_ETHER_IPV4))
		return strip(self, p, 0, IPV4);
	if (is_plain(p, self->wanted, SL_ETHER_IPV6))
		return strip(self, p, 0, IPV6);
	return sort_slowly(self, p);
}

// Give packets to an output. A router leaves those out that it has no use for.
static void give(struct ethernet_in *self, unsigned port, struct rte_mbuf *const *p, unsigned n)
{
	static const uint8_t reasons[OUTPUTS] = {[IPV4] = DROP_NO_IPV4,
						 [IPV6] = DROP_NO_IPV6,
						 [ARP] = DROP_NO_ARP,
						 [ND] = DROP_NO_IPV6,
						 [OTHER] = DROP_UNKNOWN_TYPE};

	if (__builtin_expect(self->app.out[port] != NULL, 1)) {
		sl_app_give(&self->app, port, p, n);
		return;
	}
	sl_count(&self->app.drops[reasons[port]], n);
	sl_free_burst(p, n);
}

// Give packets that go several ways, in order on each.
static void deal(struct ethernet_in *self, struct rte_mbuf *const *p, unsigned n)
{
	struct rte_mbuf *burst[OUTPUTS + 1][SL_BURST];
	unsigned count[OUTPUTS + 1] = {0};

	for (unsigned i = 0; i < n; i++) {
		unsigned port = sort(self, p[i]);

		burst[port][count[port]++] = p[i];
	}
	for (unsigned port = 0; port < OUTPUTS; port++)
		if (count[port] > 0)
			give(self, port, burst[port], count[port]);
}

static void ethernet_in_push(struct sl_app *app)
{
	struct ethernet_in *self = (struct ethernet_in *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, IN, p, SL_BURST), port = IPV4;
	unsigned run = strip_plain(self, p, n, SL_ETHER_IPV4);

	if (run == 0) {
		run = strip_plain(self, p, n, SL_ETHER_IPV6);
		port = IPV6;
	}
	if (run > 0)
		give(self, port, p, run);
	if (run < n)
		deal(self, p + run, n - run);
}

static void set_mac(struct ethernet_in *self, const uint8_t mac[6])
{
	uint8_t wanted[8] = {0};

	memcpy(self->mac, mac, sizeof(self->mac));
	memcpy(wanted, mac, sizeof(self->mac));
	self->wanted = load_first(wanted);
}

static int ethernet_in_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	struct ethernet_in *self = (struct ethernet_in *)app;
	const struct config *c = config;
	uint8_t mac[6];

	self->index = (uint16_t)c->index;
	self->promiscuous = c->promiscuous;
	self->port = c->mac ? NULL : c->port;
	if (!c->mac)
		return 0;
	if (!sl_mac_parse(c->mac, mac) || !sl_ether_is_unicast(mac))
		return sl_error_set(err, -EINVAL,
				    "mac: '%s' is not the address of a station, such as "
				    "02:00:00:00:00:01",
				    c->mac);
	set_mac(self, mac);
	return 0;
}

// A port may open its device with another address, or be another one, at each change.
static void ethernet_in_settle(struct sl_app *app, const struct sl_apps *apps)
{
	struct ethernet_in *self = (struct ethernet_in *)app;
	const struct sl_app *port = self->port ? sl_app_find(apps, self->port) : NULL;

	if (port)
		set_mac(self, port->ether);
}

static const struct sl_key keys[] = {
	{.name = "index",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, index),
	 .preset = "0",
	 .max = SL_IFACES_MAX - 1,
	 .help = "the number of the interface, by which other apps know it"},
	{.name = "port",
	 .type = SL_STRING,
	 .offset = offsetof(struct config, port),
	 .help = "the app whose link-layer address is ours"},
	{.name = "mac",
	 .type = SL_STRING,
	 .offset = offsetof(struct config, mac),
	 .help = "our link-layer address, where the port has none or another"},
	{.name = "promiscuous",
	 .type = SL_BOOL,
	 .offset = offsetof(struct config, promiscuous),
	 .preset = "no",
	 .help = "take frames to other stations, too"},
	{0},
};

const struct sl_app_class sl_ethernet_in_class = {
	.name = "ethernet-in",
	.help = "take IPv4, IPv6, ARP and neighbour discovery out of Ethernet frames\n"
		"Takes frames to its own address and to groups, refuses those with a VLAN tag "
		"(but of VLAN 0, which says a priority alone and is taken off) or with a group "
		"as their source, and notes for the router's other apps on which interface a "
		"packet came and whether it came to a group. Neighbour discovery leaves on "
		"`nd` unchecked, also behind extension headers; whole frames of other "
		"protocols leave on `other`. Queries of multicast listener discovery go with "
		"neighbour discovery. What leads nowhere is dropped by its name: "
		"`no_ipv6`, `unknown_type`.",
	.inputs = {[IN] = "in"},
	.outputs =
		{[IPV4] = "ipv4", [IPV6] = "ipv6", [ARP] = "arp", [ND] = "nd", [OTHER] = "other"},
	.drops = {[DROP_OTHER_HOST] = "other_host",
		  [DROP_TOO_SHORT] = "too_short",
		  [DROP_BAD_SOURCE] = "bad_source",
		  [DROP_TAGGED] = "tagged",
		  [DROP_NO_ROOM] = "no_room",
		  [DROP_NO_IPV4] = "no_ipv4",
		  [DROP_NO_IPV6] = "no_ipv6",
		  [DROP_NO_ARP] = "no_arp",
		  [DROP_UNKNOWN_TYPE] = "unknown_type"},
	.keys = keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct ethernet_in),
	.configure = ethernet_in_configure,
	.settle = ethernet_in_settle,
	.push = ethernet_in_push,
};
