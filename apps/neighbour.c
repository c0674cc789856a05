// neighbour: gives packets the Ethernet header of their next hop, which it finds by ARP and by
// neighbour discovery; answers for the router's own addresses on the interface.
// Ports: ipv4, ipv6, arp, nd, control, fragments4, fragments6 -> out, error, tap.  Config:
// neighbour_config.c. Spec: RFC 826, RFC 5227, RFC 4861, RFC 6980, RFC 3810, RFC 1112 section 6.4,
// RFC 2464.
//
// The table is core/ip/neighbour.h; messages are dealt with in neighbour_arp.c, neighbour_nd.c
// and neighbour_mld.c, own addresses in neighbour_own.c. What this file does with each packet is in
// `forward`.

#include "apps/neighbour.h"

#include "core/proto/nd.h"

enum {
	HEADER = sizeof(struct sl_ether_hdr),
	TICK_MOST = 32,     // states that end in a tick, at most, of each part of a table
	ANNOUNCE_MOST = 16, // in a tick
	DEFEND_S = 10,      // RFC 5227 section 1.1: DEFEND_INTERVAL
};
static const uint64_t second_ns = 1000000000;

_Static_assert((int)SL_NEIGHBOUR_UNREACHABLE == (int)SL_NEIGHBOUR_DROP_UNREACHABLE, "drops");
_Static_assert((int)SL_NEIGHBOUR_QUEUE_FULL == (int)SL_NEIGHBOUR_DROP_QUEUE_FULL, "drops");
_Static_assert((int)SL_NEIGHBOUR_TABLE_FULL == (int)SL_NEIGHBOUR_DROP_TABLE_FULL, "drops");
_Static_assert(SL_ND_VERDICTS - 1 == 7, "drops");

// ---- frames

uint8_t *sl_neighbour_frame(struct sl_neighbour_app *self, struct rte_mbuf **p,
			    const uint8_t dst[6], uint16_t type, uint16_t len)
{
	struct sl_ether_hdr *ether;

	if (!sl_alloc_burst(self->app.pool, p, 1)) {
		sl_app_metric_add(&self->app, SL_NEIGHBOUR_METRIC_NO_BUFFER, 1);
		return NULL;
	}
	sl_app_created(&self->app, 1);
	ether = (struct sl_ether_hdr *)sl_append(*p, len);
	if (!ether) {
		sl_app_drop(&self->app, *p, SL_NEIGHBOUR_DROP_NO_ROOM);
		return NULL;
	}
	memcpy(ether->dst, dst, sizeof(ether->dst));
	memcpy(ether->src, self->mac, sizeof(ether->src));
	store_be16(ether->type, type);
	return (uint8_t *)(ether + 1);
}

void sl_neighbour_done(struct sl_neighbour_app *self, struct rte_mbuf *p, bool of_interest)
{
	if (of_interest && self->app.out[SL_NEIGHBOUR_TAP]) {
		sl_prepend(p, HEADER); // the frame as it arrived
		sl_app_give_one(&self->app, SL_NEIGHBOUR_TAP, p);
		return;
	}
	sl_app_consumed(&self->app, 1);
	sl_free(p);
}

static void send(struct sl_neighbour_app *self, struct rte_mbuf *p, const uint8_t *header)
{
	uint8_t *front = sl_prepend(p, HEADER);

	if (!front) {
		sl_app_drop(&self->app, p, SL_NEIGHBOUR_DROP_NO_ROOM);
		return;
	}
	memcpy(front, header, HEADER);
	sl_app_give_one(&self->app, SL_NEIGHBOUR_OUT, p);
}

// ---- what the tables ask for

static void on_solicit(void *owner, const struct sl_neighbour *n)
{
	const struct sl_neighbour_side *side = owner;

	if (side->family == 4)
		sl_neighbour_arp_solicit(side->app, n);
	else
		sl_neighbour_nd_solicit(side->app, n);
}

static void on_send(void *owner, const struct sl_neighbour *n, struct rte_mbuf *p)
{
	const struct sl_neighbour_side *side = owner;

	send(side->app, p, n->header);
}

static void on_refuse(void *owner, struct rte_mbuf *p, enum sl_neighbour_refusal why)
{
	struct sl_app *app = &((const struct sl_neighbour_side *)owner)->app->app;

	if (why != SL_NEIGHBOUR_UNREACHABLE || !app->out[SL_NEIGHBOUR_ERROR]) {
		sl_app_drop(app, p, (unsigned)why);
		return;
	}
	sl_ip_meta(p)->error = SL_IP_HOST_UNREACHABLE;
	sl_app_give_one(app, SL_NEIGHBOUR_ERROR, p);
}

// ---- packets on their way

// The link-layer address of a next hop that is no single station. Returns false where it is one.
static bool group_address(const struct sl_neighbour_app *self, uint8_t family, const uint8_t *ip,
			  uint8_t mac[6])
{
	if (family == 6) {
		sl_ether_group_ipv6(mac, ip);
		return ip[0] == 0xff;
	}
	sl_ether_group_ipv4(mac, ip);
	if (ip[0] >> 4 == 14)
		return true;
	memset(mac, 0xff, 6);
	return sl_neighbour_own_broadcast(&self->own, ip);
}

// The header of p, whose next hop no table holds ready, or NULL: p waits or is gone.
//
// group  Where a header is made that leads to a group.
static const uint8_t *resolve(struct sl_neighbour_side *side, const uint8_t ip[16],
			      struct rte_mbuf *p, struct sl_ether_hdr *group)
{
	struct sl_neighbour_app *self = side->app;
	const struct sl_neighbour *n;
	unsigned drop = SL_NEIGHBOUR_DROP_NO_ADDRESS;

	if (!self->has_mac)
		goto drop;
	if (group_address(self, side->family, ip, group->dst)) {
		memcpy(group->src, self->mac, sizeof(group->src));
		store_be16(group->type, side->family == 4 ? SL_ETHER_IPV4 : SL_ETHER_IPV6);
		return (const uint8_t *)group;
	}
	drop = SL_NEIGHBOUR_DROP_NEXT_HOP;
	if (!sl_neighbour_is_station(side->family, ip) ||
	    (side->family == 4 && sl_neighbour_own_network(&self->own, ip)))
		goto drop;
	n = sl_neighbours_use(side->table, ip, p, self->app.now_ns);
	return n ? n->header : NULL;
drop:
	sl_app_drop(&self->app, p, drop);
	return NULL;
}

struct hop {
	uint64_t half[2];
};

static inline struct hop hop_of(const struct rte_mbuf *p, uint8_t family)
{
	const uint8_t *next = sl_ip_meta(p)->next_hop;
	struct hop hop = {{0, 0}};

	if (family == 4)
		memcpy(hop.half, next, 4);
	else
		memcpy(hop.half, next, 16);
	return hop;
}

// The header of p, whose next hop is not that of the packet before; NULL: p waits or is gone.
// A function of its own, so that what `forward` keeps in registers stays there.
static __attribute__((noinline)) const uint8_t *look_up(struct sl_neighbour_side *side,
							struct hop hop, struct rte_mbuf *p,
							struct sl_ether_hdr *group)
{
	const uint8_t *ip = (const uint8_t *)hop.half;
	const struct sl_neighbour *n = sl_neighbours_find(side->table, ip);

	return sl_neighbour_is_ready(n) ? n->header : resolve(side, ip, p, group);
}

// Send a burst on its way. All that can go at once goes in one piece; a next hop that is that of
// the packet before is not looked for again. There is a copy of it for each family.
static inline __attribute__((always_inline)) void forward(struct sl_neighbour_side *side,
							  unsigned input, uint8_t family)
{
	struct sl_app *app = &side->app->app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, input, p, SL_BURST), ready = 0;
	uint64_t first = 0, last = 0; // eight bytes of the header each, which overlap
	struct sl_ether_hdr group;
	struct hop known = {{0, 0}};
	bool found = false;

	for (unsigned i = 0; i < n; i++) {
		struct hop hop = hop_of(p[i], family);
		uint8_t *front;

		if (!found || hop.half[0] != known.half[0] || hop.half[1] != known.half[1]) {
			const uint8_t *header = look_up(side, hop, p[i], &group);

			found = header != NULL;
			if (!found)
				continue;
			known = hop;
			memcpy(&first, header, 8);
			memcpy(&last, header + HEADER - 8, 8);
		}
		front = sl_prepend(p[i], HEADER);
		if (__builtin_expect(!front, 0)) {
			sl_app_drop(app, p[i], SL_NEIGHBOUR_DROP_NO_ROOM);
			continue;
		}
		memcpy(front, &first, 8);
		memcpy(front + HEADER - 8, &last, 8);
		p[ready++] = p[i];
	}
	if (ready > 0)
		sl_app_give(app, SL_NEIGHBOUR_OUT, p, ready);
}

// Kept out of line: one body for both inputs of a family.
static __attribute__((noinline)) void forward4(struct sl_neighbour_app *self, unsigned input)
{
	forward(&self->sides[SL_NEIGHBOUR_IPV4], input, 4);
}

static __attribute__((noinline)) void forward6(struct sl_neighbour_app *self, unsigned input)
{
	forward(&self->sides[SL_NEIGHBOUR_IPV6], input, 6);
}

// ---- messages

void sl_neighbour_conflict(struct sl_neighbour_app *self, struct sl_neighbour_address *a)
{
	uint64_t now = self->app.now_ns;

	sl_app_metric_add(&self->app, SL_NEIGHBOUR_METRIC_CONFLICTS, 1);
	if (a->defended_ns && now - a->defended_ns < DEFEND_S * second_ns)
		return;
	a->defended_ns = now;
	if (a->prefix.ip.family == 4)
		sl_neighbour_arp_announce(self, &a->prefix.ip);
	else
		sl_neighbour_nd_announce(self, &a->prefix.ip);
}

// ARP messages, or those of neighbour discovery.
static void messages(struct sl_neighbour_app *self, unsigned input,
		     void (*deal)(struct sl_neighbour_app *self, struct rte_mbuf *p))
{
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(&self->app, input, p, SL_BURST);

	for (unsigned i = 0; i < n; i++) {
		if (!self->has_mac)
			sl_app_drop(&self->app, p[i], SL_NEIGHBOUR_DROP_NO_ADDRESS);
		else if (memcmp(sl_ip_meta(p[i])->ether + 6, self->mac, 6) == 0)
			sl_app_drop(&self->app, p[i], SL_NEIGHBOUR_DROP_LOOPED);
		else
			deal(self, p[i]);
	}
}

// What comes on `nd`.
static void discovery(struct sl_neighbour_app *self, struct rte_mbuf *p)
{
	struct sl_mld_query q;
	enum sl_mld_verdict verdict = sl_mld_parse_query(&q, sl_data(p), sl_len(p));

	if (verdict == SL_MLD_OTHER)
		sl_neighbour_nd(self, p);
	else
		sl_neighbour_mld(self, p, &q, verdict);
}

static bool use_record(struct sl_neighbour_app *self, const struct sl_control *c)
{
	struct sl_neighbours *t = c->neighbour.family == 4 ? sl_neighbour_ipv4(self)
							   : sl_neighbour_ipv6(self);

	if (c->kind == SL_CONTROL_ADDRESS && c->iface == self->index)
		return sl_neighbour_own_control(&self->own, c);
	if (c->kind != SL_CONTROL_NEIGHBOUR || c->iface != self->index)
		return true;
	if (!sl_neighbour_is_station(c->neighbour.family, c->neighbour.bytes))
		return false;
	if (!c->remove)
		return sl_ether_is_unicast(c->mac) &&
		       sl_neighbours_fix(t, c->neighbour.bytes, c->mac, true);
	sl_neighbours_unfix(t, c->neighbour.bytes);
	return true;
}

static void control(struct sl_neighbour_app *self)
{
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(&self->app, SL_NEIGHBOUR_CONTROL, p, SL_BURST);
	struct sl_control c;

	for (unsigned i = 0; i < n; i++) {
		while (sl_control_get(p[i], &c))
			if (!use_record(self, &c))
				sl_app_metric_add(&self->app, SL_NEIGHBOUR_METRIC_RECORDS_REFUSED,
						  1);
		sl_app_consumed(&self->app, 1);
		sl_free(p[i]);
	}
}

static void count_held(struct sl_neighbour_app *self)
{
	sl_app_set_held(&self->app, sl_neighbour_ipv4(self)->held + sl_neighbour_ipv6(self)->held);
}

// Cheaper than to take nothing: most of the time only one input has packets.
static inline bool waits(const struct sl_app *app, unsigned input)
{
	return app->in[input] && sl_link_waiting(app->in[input]) > 0;
}

static void neighbour_push(struct sl_app *app)
{
	struct sl_neighbour_app *self = (struct sl_neighbour_app *)app;

	if (waits(app, SL_NEIGHBOUR_IPV4))
		forward4(self, SL_NEIGHBOUR_IPV4);
	if (waits(app, SL_NEIGHBOUR_FRAGMENTS4))
		forward4(self, SL_NEIGHBOUR_FRAGMENTS4);
	if (waits(app, SL_NEIGHBOUR_IPV6))
		forward6(self, SL_NEIGHBOUR_IPV6);
	if (waits(app, SL_NEIGHBOUR_FRAGMENTS6))
		forward6(self, SL_NEIGHBOUR_FRAGMENTS6);
	if (waits(app, SL_NEIGHBOUR_ARP))
		messages(self, SL_NEIGHBOUR_ARP, sl_neighbour_arp);
	if (waits(app, SL_NEIGHBOUR_ND))
		messages(self, SL_NEIGHBOUR_ND, discovery);
	if (waits(app, SL_NEIGHBOUR_CONTROL))
		control(self);
	count_held(self);
}

// RFC 5227 section 2.3, RFC 4861 section 7.2.6.
static void announce(struct sl_neighbour_app *self)
{
	unsigned done = 0;

	for (unsigned i = 0; i < self->own.n; i++) {
		struct sl_neighbour_address *a = &self->own.items[i];

		if (a->announced)
			continue;
		if (done++ == ANNOUNCE_MOST)
			return; // the rest next time
		a->announced = true;
		if (a->prefix.ip.family == 4)
			sl_neighbour_arp_announce(self, &a->prefix.ip);
		else if (a->prefix.ip.family == 6 && sl_neighbour_has_ipv6(self))
			sl_neighbour_nd_announce(self, &a->prefix.ip);
	}
	self->own.news = false;
}

static void neighbour_tick(struct sl_app *app)
{
	struct sl_neighbour_app *self = (struct sl_neighbour_app *)app;
	struct sl_neighbours *ipv4 = sl_neighbour_ipv4(self), *ipv6 = sl_neighbour_ipv6(self);

	sl_neighbour_mld_tick(self); // who switches frames shall know before the neighbours do
	if (self->own.news && self->has_mac)
		announce(self);
	sl_neighbours_tick(ipv4, app->now_ns, TICK_MOST);
	sl_neighbours_tick(ipv6, app->now_ns, TICK_MOST);
	count_held(self);
	sl_app_metric(app, SL_NEIGHBOUR_METRIC_IPV4, ipv4->count);
	sl_app_metric(app, SL_NEIGHBOUR_METRIC_IPV6, ipv6->count);
	sl_app_metric(app, SL_NEIGHBOUR_METRIC_DISPLACED, ipv4->displaced + ipv6->displaced);
}

// ---- life

static void neighbour_needs(const void *config, struct sl_needs *needs)
{
	const struct sl_neighbour_settings *c = config;

	needs->packets = (uint32_t)c->holds * 2;
}

static int neighbour_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	const struct sl_neighbour_acts acts = {
		.solicit = on_solicit, .send = on_send, .refuse = on_refuse};

	return sl_neighbour_read((struct sl_neighbour_app *)app, config, &acts, err);
}

// The neighbours, and what waits for them, stay.
static void neighbour_adopt(struct sl_app *app, struct sl_app *old)
{
	struct sl_neighbour_app *self = (struct sl_neighbour_app *)app;
	struct sl_neighbour_app *before = (struct sl_neighbour_app *)old;

	if (!self->has_mac && before->has_mac)
		sl_neighbour_set_mac(self, before->mac); // until settle
	sl_neighbour_own_adopt(&self->own, &before->own,
			       memcmp(self->mac, before->mac, sizeof(self->mac)) == 0);
	for (unsigned i = 0; i < 2; i++)
		sl_neighbours_adopt(self->sides[i].table, before->sides[i].table, old->now_ns);
	self->mld = before->mld;
	count_held(before);
	count_held(self);
}

static void neighbour_settle(struct sl_app *app, const struct sl_apps *apps)
{
	struct sl_neighbour_app *self = (struct sl_neighbour_app *)app;
	const struct sl_app *port = self->port ? sl_app_find(apps, self->port) : NULL;

	if (port && sl_ether_is_unicast(port->ether))
		sl_neighbour_set_mac(self, port->ether);
	self->own.changed = true; // IPv6 may be there now, or not any longer
}

static void neighbour_quiesce(struct sl_app *app)
{
	sl_neighbour_mld_quiesce((struct sl_neighbour_app *)app);
}

static void neighbour_stop(struct sl_app *app)
{
	struct sl_neighbour_app *self = (struct sl_neighbour_app *)app;

	for (unsigned i = 0; i < 2; i++)
		sl_neighbours_destroy(self->sides[i].table);
}

const struct sl_app_class sl_neighbour_class = {
	.name = "neighbour",
	.help = "send packets to their next hops on an Ethernet, by ARP and neighbour discovery\n"
		"Finds the link-layer address of each packet's next hop and puts the Ethernet "
		"header in front. While a neighbour is asked for, up to `hold` packets wait for "
		"it, the oldest giving way; after three questions without an answer they leave on "
		"`error`. It answers for its own addresses, and for the link-local one that "
		"follows from its MAC address; announces them once; defends them, at most once in "
		"ten seconds. Neighbours that have answered are never displaced by others that "
		"have not. Redirects and advertisements of routers are ignored. Answers are handed "
		"on to `tap`, where it is connected, for a kernel that shares the addresses. "
		"It reports the groups that its IPv6 addresses bring, and "
		"answers queries of multicast listener discovery, which `tap` gets, too. "
		"`fragments4` and `fragments6` are as `ipv4` and `ipv6`, for another app. "
		"`control` takes records of addresses and of permanent neighbours.",
	.inputs = {[SL_NEIGHBOUR_IPV4] = "ipv4",
		   [SL_NEIGHBOUR_IPV6] = "ipv6",
		   [SL_NEIGHBOUR_ARP] = "arp",
		   [SL_NEIGHBOUR_ND] = "nd",
		   [SL_NEIGHBOUR_CONTROL] = "control",
		   [SL_NEIGHBOUR_FRAGMENTS4] = "fragments4",
		   [SL_NEIGHBOUR_FRAGMENTS6] = "fragments6"},
	.outputs = {[SL_NEIGHBOUR_OUT] = "out",
		    [SL_NEIGHBOUR_ERROR] = "error",
		    [SL_NEIGHBOUR_TAP] = "tap"},
	.drops = {[SL_NEIGHBOUR_DROP_UNREACHABLE] = "unreachable",
		  [SL_NEIGHBOUR_DROP_QUEUE_FULL] = "queue_full",
		  [SL_NEIGHBOUR_DROP_TABLE_FULL] = "table_full",
		  [SL_NEIGHBOUR_DROP_NEXT_HOP] = "bad_next_hop",
		  [SL_NEIGHBOUR_DROP_NO_ROOM] = "no_room",
		  [SL_NEIGHBOUR_DROP_NO_ADDRESS] = "no_address",
		  [SL_NEIGHBOUR_DROP_LOOPED] = "looped",
		  [SL_NEIGHBOUR_DROP_CONFLICT] = "conflict",
		  [SL_NEIGHBOUR_DROP_BAD_ARP] = "bad_arp",
		  [SL_NEIGHBOUR_DROP_ND + SL_ND_MALFORMED - 1] = "nd_malformed",
		  [SL_NEIGHBOUR_DROP_ND + SL_ND_FRAGMENT - 1] = "nd_fragment",
		  [SL_NEIGHBOUR_DROP_ND + SL_ND_HOP_LIMIT - 1] = "nd_hop_limit",
		  [SL_NEIGHBOUR_DROP_ND + SL_ND_CHECKSUM - 1] = "nd_checksum",
		  [SL_NEIGHBOUR_DROP_ND + SL_ND_CODE - 1] = "nd_code",
		  [SL_NEIGHBOUR_DROP_ND + SL_ND_OPTION - 1] = "nd_option",
		  [SL_NEIGHBOUR_DROP_ND + SL_ND_ADDRESS - 1] = "nd_address",
		  [SL_NEIGHBOUR_DROP_ROUTER_SOLICITATION] = "router_solicitation",
		  [SL_NEIGHBOUR_DROP_ROUTER_ADVERTISEMENT] = "router_advertisement",
		  [SL_NEIGHBOUR_DROP_REDIRECT] = "redirect",
		  [SL_NEIGHBOUR_DROP_BAD_QUERY] = "bad_query"},
	.metrics = {[SL_NEIGHBOUR_METRIC_IPV4] = "ipv4_neighbours",
		    [SL_NEIGHBOUR_METRIC_IPV6] = "ipv6_neighbours",
		    [SL_NEIGHBOUR_METRIC_SOLICITATIONS] = "solicitations",
		    [SL_NEIGHBOUR_METRIC_ANSWERS] = "answers",
		    [SL_NEIGHBOUR_METRIC_CONFLICTS] = "conflicts",
		    [SL_NEIGHBOUR_METRIC_DISPLACED] = "displaced",
		    [SL_NEIGHBOUR_METRIC_NO_BUFFER] = "no_buffer",
		    [SL_NEIGHBOUR_METRIC_RECORDS_REFUSED] = "records_refused",
		    [SL_NEIGHBOUR_METRIC_LISTENER_REPORTS] = "listener_reports"},
	.keys = sl_neighbour_keys,
	.config_size = sizeof(struct sl_neighbour_settings),
	.size = sizeof(struct sl_neighbour_app),
	.needs = neighbour_needs,
	.configure = neighbour_configure,
	.adopt = neighbour_adopt,
	.settle = neighbour_settle,
	.quiesce = neighbour_quiesce,
	.push = neighbour_push,
	.tick = neighbour_tick,
	.stop = neighbour_stop,
};
