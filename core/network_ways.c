// Where the packets of tunnels go, as far as the file tells: which links carry them, whether they
// come back to where they are made, and how long they may be.

#include "core/ip/meta.h"
#include "core/network.h"
#include "core/tunnel/outer.h"

#include <errno.h>
#include <sluice/tunnel.h>
#include <string.h>

enum {
	AROUND = sizeof(struct sl_message_data) + SL_MESSAGE_TAG,
	TUNNEL_MTU = 1420, // WireGuard's
};

_Static_assert(SL_TUNNEL_OUTER == SL_OUTER6_LEN + AROUND, "what is around a packet");
_Static_assert(SL_TUNNEL_MTU_MAX + SL_TUNNEL_OUTER == SL_MTU_MAX, "what a buffer holds");

struct check {
	struct sl_network *n;
	const struct sl_graph *g;
	struct sl_error *err;
};

uint32_t sl_network_longest(const struct sl_network_port *p)
{
	return p->tunnel ? p->mtu + SL_TUNNEL_OUTER : p->mtu;
}

// The ways to an address.
struct way {
	const struct sl_network_hop *hops;
	unsigned n_hops;
	struct sl_network_hop link; // hops, of an address's own subnet
	int len;                    // of the longest prefix so far
	bool local;                 // the router itself
};

static void find_way(const struct sl_network *n, const struct sl_ip *ip, struct way *w)
{
	*w = (struct way){.len = -1};
	for (size_t i = 0; i < n->n_addresses; i++) {
		const struct sl_network_address *a = &n->addresses[i];

		w->local |= sl_ip_equal(&a->prefix.ip, ip);
		if (a->prefix.len > w->len && sl_prefix_contains(&a->prefix, ip)) {
			w->len = a->prefix.len;
			w->link.port = a->port;
			w->hops = &w->link;
			w->n_hops = 1;
		}
	}
	for (size_t i = 0; i < n->n_routes; i++) {
		const struct sl_network_route *r = &n->routes[i];

		if (r->prefix.len > w->len && sl_prefix_contains(&r->prefix, ip)) {
			w->len = r->prefix.len;
			w->hops = r->hops;
			w->n_hops = r->n_hops;
		}
	}
}

// The peer of a tunnel that is allowed an address, by the longest prefix, or NULL.
static const struct sl_network_peer *find_peer(const struct sl_network_tunnel *t,
					       const struct sl_ip *ip)
{
	const struct sl_network_peer *best = NULL;
	int len = -1;

	for (size_t i = 0; i < t->n_peers; i++)
		for (size_t k = 0; k < t->peers[i].n_allowed; k++) {
			const struct sl_prefix *p = &t->peers[i].allowed[k].prefix;

			if (p->len > len && sl_prefix_contains(p, ip)) {
				len = p->len;
				best = &t->peers[i];
			}
		}
	return best;
}

// ---- round and round

// A tunnel's packets on their way to a peer, in `depth` tunnels so far.
struct trip {
	const struct check *c;
	const struct sl_network_port *tunnel;
	const struct sl_network_peer *peer;
};

static int follow(const struct trip *t, const struct sl_ip *ip, unsigned depth);

static int enter(const struct trip *t, const struct sl_network_port *p, const struct sl_ip *ip,
		 unsigned depth)
{
	const struct sl_network_peer *next = find_peer(p->tunnel, ip);
	char text[SL_ENDPOINT_TEXT];

	sl_endpoint_print(&t->peer->endpoint, text);
	if (p == t->tunnel)
		return sl_graph_error(t->c->g, t->peer->endpoint_at, t->c->err, -EINVAL,
				      "the way to endpoint %s leads into tunnel '%s' itself", text,
				      p->name);
	if (depth == SL_META_NESTED_MAX)
		return sl_graph_error(t->c->g, t->peer->endpoint_at, t->c->err, -EINVAL,
				      "the way to endpoint %s leads through more than %d tunnels",
				      text, SL_META_NESTED_MAX - 1);
	if (!next)
		return sl_graph_error(t->c->g, t->peer->endpoint_at, t->c->err, -EINVAL,
				      "the way to endpoint %s leads into tunnel '%s', and none of "
				      "its peers is allowed it",
				      text, p->name);
	return next->endpoint.ip.family ? follow(t, &next->endpoint.ip, depth + 1) : 0;
}

static int follow(const struct trip *t, const struct sl_ip *ip, unsigned depth)
{
	char text[SL_ENDPOINT_TEXT];
	int code = 0;
	struct way w;

	find_way(t->c->n, ip, &w);
	if (w.local)
		return 0;
	if (w.n_hops == 0 && !t->c->n->kernel.text)
		return sl_graph_error(t->c->g, t->peer->endpoint_at, t->c->err, -EINVAL,
				      "no way leads to endpoint %s",
				      sl_endpoint_print(&t->peer->endpoint, text));
	for (unsigned i = 0; i < w.n_hops && !code; i++) {
		const struct sl_network_port *p = &t->c->n->ports[w.hops[i].port];

		if (p->tunnel)
			code = enter(t, p, ip, depth);
	}
	return code;
}

static int check_trips(const struct check *c, const struct sl_network_port *p)
{
	int code = 0;

	for (size_t i = 0; i < p->tunnel->n_peers && !code; i++) {
		const struct trip t = {c, p, &p->tunnel->peers[i]};

		if (t.peer->endpoint.ip.family)
			code = follow(&t, &t.peer->endpoint.ip, 1);
	}
	return code;
}

// ---- how long

static void set_mtu(const struct check *c, struct sl_network_port *p);

// The smallest MTU of the ways to a peer, and whose it is.
static uint32_t way_mtu(const struct check *c, const struct sl_network_peer *peer, unsigned *port)
{
	uint32_t least = UINT32_MAX;
	struct way w;

	find_way(c->n, &peer->endpoint.ip, &w);
	for (unsigned i = 0; i < w.n_hops && !w.local; i++) {
		struct sl_network_port *p = &c->n->ports[w.hops[i].port];
		uint32_t mtu;

		if (p->tunnel)
			set_mtu(c, p);
		mtu = sl_network_mtu(c->n, c->g, w.hops[i].port);
		if (mtu < least) {
			least = mtu;
			*port = w.hops[i].port;
		}
	}
	return least;
}

// What goes into a way with so many bytes around it, but what IPv6 needs at least.
static uint32_t inside(uint32_t way, uint32_t around)
{
	return way > SL_NETWORK_MTU_MIN6 + around ? way - around : SL_NETWORK_MTU_MIN6;
}

// Who does not say the MTU gets what fits the ways to all peers, but what IPv6 needs at least.
static void set_mtu(const struct check *c, struct sl_network_port *p)
{
	uint32_t mtu = TUNNEL_MTU;
	unsigned port;

	if (p->mtu)
		return;
	p->mtu = mtu; // so that a ring of tunnels ends here
	p->mtu_at = p->at;
	for (size_t i = 0; i < p->tunnel->n_peers; i++) {
		uint32_t way = way_mtu(c, &p->tunnel->peers[i], &port);

		mtu = RTE_MIN(mtu, inside(way, SL_TUNNEL_OUTER));
	}
	p->mtu = mtu;
}

// A tunnel that carries no more than IPv6 needs may be wider than its way: its packets are divided
// there. More is a mistake.
static int check_mtu(const struct check *c, const struct sl_network_port *p)
{
	for (size_t i = 0; i < p->tunnel->n_peers; i++) {
		const struct sl_network_peer *peer = &p->tunnel->peers[i];
		uint32_t around = AROUND +
				  (peer->endpoint.ip.family == 4 ? SL_OUTER4_LEN : SL_OUTER6_LEN);
		unsigned port = 0;
		uint32_t way = way_mtu(c, peer, &port);
		char text[SL_ENDPOINT_TEXT];

		if (p->mtu <= SL_NETWORK_MTU_MIN6 || p->mtu + around <= way)
			continue;
		return sl_graph_error(
			c->g, p->mtu_at, c->err, -EINVAL,
			"packets of %u bytes and %u around them do not fit the way to %s, %s '%s', "
			"whose MTU is %u: at most %u",
			p->mtu, around, sl_endpoint_print(&peer->endpoint, text),
			sl_network_kind(&c->n->ports[port]), c->n->ports[port].name, way,
			inside(way, around));
	}
	return 0;
}

int sl_network_check_ways(struct sl_network *n, const struct sl_graph *g, struct sl_error *err)
{
	const struct check c = {n, g, err};
	int code = 0;

	for (size_t i = 0; i < n->n_ports && !code; i++)
		if (n->ports[i].tunnel)
			code = check_trips(&c, &n->ports[i]);
	for (size_t i = 0; i < n->n_ports && !code; i++)
		if (n->ports[i].tunnel)
			set_mtu(&c, &n->ports[i]);
	for (size_t i = 0; i < n->n_ports && !code; i++)
		if (n->ports[i].tunnel)
			code = check_mtu(&c, &n->ports[i]);
	return code;
}
