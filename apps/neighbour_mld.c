// Multicast listener discovery for the app neighbour: switches that look into it pass questions for
// our addresses on to us only if they have been told. Spec: RFC 3810; RFC 4861 section 7.2.1.

#include "apps/neighbour.h"

#include "core/proto/ipv6.h"
#include "core/proto/nd.h"

enum {
	HEADER = sizeof(struct sl_ether_hdr),
	TELL_MOST = 32, // messages at a time
};

static const uint8_t all_routers[][16] = {{0xff, 2, [15] = 2}, {0xff, 5, [15] = 2}};

_Static_assert(sizeof(all_routers) / 16 + 2 * SL_NEIGHBOUR_OWN_MAX <= SL_MLD_GROUPS_MAX, "groups");

struct groups {
	uint8_t ip[SL_MLD_GROUPS_MAX][16];
	unsigned n;
};

static void add(struct groups *to, const uint8_t ip[16])
{
	memcpy(to->ip[to->n++], ip, 16);
}

// The groups of RFC 4291 section 2.8 that are told of: not all nodes, not those within a host.
static void collect(const struct sl_neighbour_own *own, struct groups *to)
{
	uint8_t group[16];

	to->n = 0;
	for (unsigned i = 0; i < sizeof(all_routers) / 16; i++)
		add(to, all_routers[i]);
	for (unsigned i = 0; i < own->n; i++) {
		const struct sl_prefix *p = &own->items[i].prefix, net = sl_prefix_masked(p);

		if (p->ip.family != 6)
			continue;
		sl_nd_solicited_node(group, p->ip.bytes);
		add(to, group);
		if (!sl_prefix_is_anycast(p, net.ip.bytes))
			continue;
		sl_nd_solicited_node(group, net.ip.bytes);
		add(to, group);
	}
}

static void send(struct sl_neighbour_app *self, const uint8_t *packet, uint16_t len)
{
	const struct sl_ipv6_hdr *ip = (const struct sl_ipv6_hdr *)packet;
	uint8_t mac[6], *to;
	struct rte_mbuf *p;

	sl_ether_group_ipv6(mac, ip->dst);
	to = sl_neighbour_frame(self, &p, mac, SL_ETHER_IPV6, (uint16_t)(HEADER + len));
	if (!to)
		return; // said again
	memcpy(to, packet, len);
	sl_app_metric_add(&self->app, SL_NEIGHBOUR_METRIC_LISTENER_REPORTS, 1);
	sl_app_give_one(&self->app, SL_NEIGHBOUR_OUT, p);
}

void sl_neighbour_mld(struct sl_neighbour_app *self, struct rte_mbuf *p,
		      const struct sl_mld_query *q, enum sl_mld_verdict verdict)
{
	if (verdict != SL_MLD_GOOD) {
		sl_app_drop(&self->app, p, SL_NEIGHBOUR_DROP_BAD_QUERY);
		return;
	}
	sl_mld_hear(&self->mld, q, self->app.now_ns);
	sl_neighbour_done(self, p, true);
}

static void tell(struct sl_neighbour_app *self)
{
	const uint8_t *source = self->own.items[SL_NEIGHBOUR_LINK_LOCAL].prefix.ip.bytes;
	uint8_t packet[SL_MLD_MAX];
	size_t len;

	for (unsigned i = 0; i < TELL_MOST; i++) {
		len = sl_mld_next(&self->mld, source, packet, self->app.now_ns);
		if (len == 0)
			return;
		send(self, packet, (uint16_t)len);
	}
}

static void listen(struct sl_neighbour_app *self, const struct groups *to)
{
	self->own.changed = !sl_mld_listen(&self->mld, (const uint8_t(*)[16])to->ip, to->n,
					   self->app.now_ns);
}

void sl_neighbour_mld_tick(struct sl_neighbour_app *self)
{
	struct groups groups = {.n = 0}; // none without IPv6

	if (!self->has_mac)
		return;
	if (self->own.changed) {
		if (sl_neighbour_has_ipv6(self))
			collect(&self->own, &groups);
		listen(self, &groups);
	}
	tell(self);
}

void sl_neighbour_mld_quiesce(struct sl_neighbour_app *self)
{
	const struct groups none = {.n = 0};

	if (!self->has_mac)
		return;
	listen(self, &none);
	tell(self);
}
