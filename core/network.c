#include "core/network.h"

#include "core/grow.h"

#include <errno.h>

static void free_tunnel(struct sl_network_tunnel *t)
{
	for (size_t i = 0; t && i < t->n_peers; i++) {
		free(t->peers[i].key.text);
		free(t->peers[i].psk.text);
		free(t->peers[i].allowed);
	}
	if (t) {
		sl_network_services_fini(&t->services);
		free(t->peers);
		free(t->noise.text);
		free(t->key.text);
		free(t->mss_clamp.text);
	}
	free(t);
}

static void free_port(struct sl_network_port *p)
{
	free(p->name);
	free(p->device.text);
	free(p->interface.text);
	free(p->in.text);
	free(p->out.text);
	free(p->tap.text);
	free(p->mac.text);
	free(p->promiscuous.text);
	free_tunnel(p->tunnel);
}

void sl_network_fini(struct sl_network *n)
{
	for (size_t i = 0; i < n->n_ports; i++)
		free_port(&n->ports[i]);
	for (size_t i = 0; i < n->n_routes; i++)
		free(n->routes[i].hops);
	for (size_t i = 0; i < n->n_neighbours; i++)
		free(n->neighbours[i].mac.text);
	for (size_t i = 0; i < n->n_router; i++)
		sl_setting_fini(&n->router[i]);
	free(n->ports);
	free(n->addresses);
	free(n->routes);
	free(n->neighbours);
	free(n->kernel.text);
	free(n->router);
	*n = (struct sl_network){0};
}

unsigned sl_network_find_port(const struct sl_network *n, const char *name)
{
	for (unsigned i = 0; i < n->n_ports; i++)
		if (!strcmp(n->ports[i].name, name))
			return i;
	return SL_NETWORK_NO_PORT;
}

const char *sl_network_kind(const struct sl_network_port *p)
{
	return p->tunnel ? "tunnel" : "port";
}

unsigned sl_network_port_towards(const struct sl_network *n, const struct sl_ip *ip)
{
	for (size_t i = 0; i < n->n_addresses; i++)
		if (sl_prefix_contains(&n->addresses[i].prefix, ip))
			return n->addresses[i].port;
	return SL_NETWORK_NO_PORT;
}

static bool tunnel_has_ipv6(const struct sl_network_tunnel *t)
{
	for (size_t i = 0; t && i < t->n_peers; i++) {
		const struct sl_network_peer *p = &t->peers[i];

		if (p->endpoint.ip.family == 6)
			return true;
		for (size_t k = 0; k < p->n_allowed; k++)
			if (p->allowed[k].prefix.ip.family == 6)
				return true;
	}
	return false;
}

bool sl_network_has_ipv6(const struct sl_network *n)
{
	for (size_t i = 0; i < n->n_addresses; i++)
		if (n->addresses[i].prefix.ip.family == 6)
			return true;
	for (size_t i = 0; i < n->n_routes; i++)
		if (n->routes[i].prefix.ip.family == 6)
			return true;
	for (size_t i = 0; i < n->n_neighbours; i++)
		if (n->neighbours[i].ip.family == 6)
			return true;
	for (size_t i = 0; i < n->n_ports; i++)
		if (tunnel_has_ipv6(n->ports[i].tunnel))
			return true;
	return n->kernel.text;
}

uint32_t sl_network_mtu(const struct sl_network *n, const struct sl_graph *g, unsigned port)
{
	return n->ports[port].mtu ? n->ports[port].mtu : g->mtu;
}

int sl_network_add_hop(struct sl_network_route *route, const struct sl_network_hop *hop)
{
	struct sl_network_hop *hops = sl_grow(route->hops, route->n_hops, sizeof(*hops));

	if (!hops)
		return -ENOMEM;
	route->hops = hops;
	hops[route->n_hops++] = *hop;
	return 0;
}
