// ARP for the app neighbour. Spec: RFC 826, RFC 5227.

#include "apps/neighbour.h"

#include "core/proto/arp.h"

enum { FRAME = sizeof(struct sl_ether_hdr) + sizeof(struct sl_arp) };

static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static struct sl_arp *make(struct sl_neighbour_app *self, struct rte_mbuf **p, const uint8_t dst[6],
			   enum sl_arp_op op, const uint8_t *sender_ip)
{
	struct sl_arp *arp = (struct sl_arp *)sl_neighbour_frame(self, p, dst, SL_ETHER_ARP, FRAME);

	if (arp)
		sl_arp_write(arp, op, self->mac, sender_ip);
	return arp;
}

static void answer(struct sl_neighbour_app *self, const struct sl_arp *request)
{
	struct rte_mbuf *p;
	struct sl_arp *arp = make(self, &p, request->sender_mac, SL_ARP_REPLY, request->target_ip);

	if (!arp)
		return;
	memcpy(arp->target_mac, request->sender_mac, sizeof(arp->target_mac));
	memcpy(arp->target_ip, request->sender_ip, sizeof(arp->target_ip));
	sl_app_metric_add(&self->app, SL_NEIGHBOUR_METRIC_ANSWERS, 1);
	sl_app_give_one(&self->app, SL_NEIGHBOUR_OUT, p);
}

void sl_neighbour_arp_solicit(struct sl_neighbour_app *self, const struct sl_neighbour *n)
{
	static const uint8_t nobody[4];
	const uint8_t *source = sl_neighbour_own_source(&self->own, 4, n->ip);
	const uint8_t *dst = n->state == SL_NEIGHBOUR_PROBE ? n->header : everybody;
	struct rte_mbuf *p;
	struct sl_arp *arp = make(self, &p, dst, SL_ARP_REQUEST, source ? source : nobody);

	if (!arp)
		return;
	memcpy(arp->target_ip, n->ip, sizeof(arp->target_ip));
	sl_app_metric_add(&self->app, SL_NEIGHBOUR_METRIC_SOLICITATIONS, 1);
	sl_app_give_one(&self->app, SL_NEIGHBOUR_OUT, p);
}

// RFC 5227 section 2.3: a request for the own address, from it.
void sl_neighbour_arp_announce(struct sl_neighbour_app *self, const struct sl_ip *ip)
{
	struct rte_mbuf *p;
	struct sl_arp *arp = make(self, &p, everybody, SL_ARP_REQUEST, ip->bytes);

	if (!arp)
		return;
	memcpy(arp->target_ip, ip->bytes, sizeof(arp->target_ip));
	sl_app_give_one(&self->app, SL_NEIGHBOUR_OUT, p);
}

// RFC 826, Packet Reception: who is known is brought up to date; who wants something from us is
// remembered, if it can be a neighbour.
static void learn(struct sl_neighbour_app *self, const struct sl_arp *arp, bool for_us)
{
	struct sl_neighbours *t = sl_neighbour_ipv4(self);
	uint8_t ip[16] = {0};
	const struct sl_neighbour *n;
	bool create;

	memcpy(ip, arp->sender_ip, sizeof(arp->sender_ip));
	n = sl_neighbours_find(t, ip);
	if (for_us && load_be16(arp->op) == SL_ARP_REPLY && n && n->asked) {
		sl_neighbours_advertise(t, ip, arp->sender_mac, true, true, self->app.now_ns);
		return;
	}
	create = for_us && load_be16(arp->op) == SL_ARP_REQUEST &&
		 sl_neighbour_own_reaches(&self->own, 4, ip);
	sl_neighbours_hear(t, ip, arp->sender_mac, create, self->app.now_ns);
}

void sl_neighbour_arp(struct sl_neighbour_app *self, struct rte_mbuf *p)
{
	const struct sl_arp *arp = sl_arp_parse(sl_data(p), sl_len(p));
	struct sl_neighbour_address *claimed;
	bool for_us;

	if (!arp) {
		sl_app_drop(&self->app, p, SL_NEIGHBOUR_DROP_BAD_ARP);
		return;
	}
	claimed = sl_neighbour_own_find(&self->own, 4, arp->sender_ip);
	if (claimed) { // RFC 5227 section 2.4
		sl_neighbour_conflict(self, claimed);
		sl_app_drop(&self->app, p, SL_NEIGHBOUR_DROP_CONFLICT);
		return;
	}
	for_us = sl_neighbour_own_find(&self->own, 4, arp->target_ip) != NULL;
	if (!sl_arp_is_probe(arp))
		learn(self, arp, for_us);
	if (for_us && load_be16(arp->op) == SL_ARP_REQUEST)
		answer(self, arp);
	sl_neighbour_done(self, p, load_be16(arp->op) == SL_ARP_REPLY);
}
