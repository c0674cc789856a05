// Neighbour discovery for the app neighbour. Spec: RFC 4861 section 7, RFC 6980.

#include "apps/neighbour.h"

#include "core/proto/nd.h"

enum { HEADER = sizeof(struct sl_ether_hdr) };

static const uint8_t unspecified[16], all_nodes[16] = {0xff, 2, [15] = 1};

static void send(struct sl_neighbour_app *self, const struct sl_nd *nd, const uint8_t dst[6])
{
	uint8_t group[6], *packet;
	struct rte_mbuf *p;

	if (!dst) {
		sl_ether_group_ipv6(group, nd->dst);
		dst = group;
	}
	packet = sl_neighbour_frame(self, &p, dst, SL_ETHER_IPV6, HEADER + SL_ND_MAX);
	if (!packet)
		return;
	sl_set_len(p, (uint16_t)(HEADER + sl_nd_write(packet, nd)));
	sl_app_give_one(&self->app, SL_NEIGHBOUR_OUT, p);
}

// A message from us: of a type, to dst, about target.
static struct sl_nd make(const struct sl_neighbour_app *self, uint8_t type, const uint8_t dst[16],
			 const uint8_t target[16])
{
	struct sl_nd nd = {.type = type, .has_mac = true};

	memcpy(nd.mac, self->mac, sizeof(nd.mac));
	memcpy(nd.dst, dst, sizeof(nd.dst));
	memcpy(nd.target, target, sizeof(nd.target));
	return nd;
}

// RFC 4861 section 7.2.4; to who has no address yet, section 7.2.4 and RFC 4862 section 5.4.3. For
// an anycast address another router may answer as well, section 7.2.7.
static void answer(struct sl_neighbour_app *self, const struct sl_nd *asked,
		   const struct rte_mbuf *p)
{
	bool anonymous = memcmp(asked->src, unspecified, sizeof(unspecified)) == 0;
	struct sl_nd nd = make(self, SL_ND_ADVERTISEMENT, anonymous ? all_nodes : asked->src,
			       asked->target);
	const uint8_t *dst = asked->has_mac ? asked->mac : sl_ip_meta(p)->ether + 6;

	bool anycast = !sl_neighbour_own_find(&self->own, 6, asked->target);

	memcpy(nd.src,
	       anycast ? sl_neighbour_own_source(&self->own, 6, asked->target) : asked->target,
	       sizeof(nd.src));
	nd.flags = SL_ND_ROUTER | (anycast ? 0 : SL_ND_OVERRIDE) |
		   (anonymous ? 0 : SL_ND_SOLICITED);
	sl_app_metric_add(&self->app, SL_NEIGHBOUR_METRIC_ANSWERS, 1);
	send(self, &nd, anonymous ? NULL : dst);
}

void sl_neighbour_nd_solicit(struct sl_neighbour_app *self, const struct sl_neighbour *n)
{
	const uint8_t *source = sl_neighbour_own_source(&self->own, 6, n->ip);
	uint8_t group[16];
	struct sl_nd nd;

	sl_nd_solicited_node(group, n->ip);
	nd = make(self, SL_ND_SOLICITATION, n->state == SL_NEIGHBOUR_PROBE ? n->ip : group, n->ip);
	if (source)
		memcpy(nd.src, source, sizeof(nd.src));
	sl_app_metric_add(&self->app, SL_NEIGHBOUR_METRIC_SOLICITATIONS, 1);
	send(self, &nd, n->state == SL_NEIGHBOUR_PROBE ? n->header : NULL);
}

// RFC 4861 section 7.2.6.
void sl_neighbour_nd_announce(struct sl_neighbour_app *self, const struct sl_ip *ip)
{
	struct sl_nd nd = make(self, SL_ND_ADVERTISEMENT, all_nodes, ip->bytes);

	memcpy(nd.src, ip->bytes, sizeof(nd.src));
	nd.flags = SL_ND_ROUTER | SL_ND_OVERRIDE;
	send(self, &nd, NULL);
}

static void conflict(struct sl_neighbour_app *self, struct rte_mbuf *p,
		     struct sl_neighbour_address *a)
{
	sl_neighbour_conflict(self, a);
	sl_app_drop(&self->app, p, SL_NEIGHBOUR_DROP_CONFLICT);
}

static void solicitation(struct sl_neighbour_app *self, struct rte_mbuf *p, const struct sl_nd *nd)
{
	struct sl_neighbour_address *claimed = sl_neighbour_own_find(&self->own, 6, nd->src);

	if (claimed) {
		conflict(self, p, claimed);
		return;
	}
	if (sl_neighbour_own_find(&self->own, 6, nd->target) ||
	    sl_neighbour_own_anycast(&self->own, nd->target)) {
		if (nd->has_mac && sl_neighbour_own_reaches(&self->own, 6, nd->src)) // 7.2.3
			sl_neighbours_hear(sl_neighbour_ipv6(self), nd->src, nd->mac, true,
					   self->app.now_ns);
		answer(self, nd, p);
	}
	sl_neighbour_done(self, p, false);
}

static void advertisement(struct sl_neighbour_app *self, struct rte_mbuf *p, const struct sl_nd *nd)
{
	struct sl_neighbour_address *claimed = sl_neighbour_own_find(&self->own, 6, nd->target);

	if (claimed) { // RFC 4862 section 5.4.4
		conflict(self, p, claimed);
		return;
	}
	sl_neighbours_advertise(sl_neighbour_ipv6(self), nd->target, nd->has_mac ? nd->mac : NULL,
				nd->flags & SL_ND_SOLICITED, nd->flags & SL_ND_OVERRIDE,
				self->app.now_ns);
	sl_neighbour_done(self, p, true);
}

void sl_neighbour_nd(struct sl_neighbour_app *self, struct rte_mbuf *p)
{
	struct sl_nd nd;
	enum sl_nd_verdict verdict = sl_nd_parse(&nd, sl_data(p), sl_len(p));

	if (verdict != SL_ND_GOOD) {
		sl_app_drop(&self->app, p, SL_NEIGHBOUR_DROP_ND + verdict - 1);
		return;
	}
	switch (nd.type) {
	case SL_ND_SOLICITATION:
		solicitation(self, p, &nd);
		return;
	case SL_ND_ADVERTISEMENT:
		advertisement(self, p, &nd);
		return;
	case SL_ND_ROUTER_SOLICITATION: // the host's daemon, if any, advertises the router
		if (self->app.out[SL_NEIGHBOUR_TAP])
			sl_neighbour_done(self, p, true);
		else
			sl_app_drop(&self->app, p, SL_NEIGHBOUR_DROP_ROUTER_SOLICITATION);
		return;
	case SL_ND_ROUTER_ADVERTISEMENT: // from another router: RFC 4861 section 6.2.7
		sl_app_drop(&self->app, p, SL_NEIGHBOUR_DROP_ROUTER_ADVERTISEMENT);
		return;
	default: // section 8.2: a router takes none
		sl_app_drop(&self->app, p, SL_NEIGHBOUR_DROP_REDIRECT);
		return;
	}
}
