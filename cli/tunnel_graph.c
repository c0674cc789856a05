#include "cli/tunnel_graph.h"

#include <sluice/tunnel.h>
#include <stdio.h>

enum { MTU_MIN = 1500 }; // what the buffers hold in any case

static int set_number(struct sl_graph *g, const char *app, const char *key, uint32_t value,
		      struct sl_error *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	return sl_graph_set(g, app, key, text, false, err);
}

static int set_tun(struct sl_graph *g, const struct tunnel_graph *t, struct sl_error *err)
{
	int ret = sl_graph_set(g, TUNNEL_TUN, "name", t->interface, false, err);

	if (ret == 0)
		ret = set_number(g, TUNNEL_TUN, "mtu", t->tun_mtu, err);
	if (ret == 0)
		ret = sl_graph_set(g, TUNNEL_TUN, "up", t->up ? "yes" : "no", false, err);
	for (size_t i = 0; i < t->n_addresses && ret == 0; i++)
		ret = sl_graph_set(g, TUNNEL_TUN, "addresses", t->addresses[i], true, err);
	return ret;
}

int tunnel_graph_fill(struct sl_graph *g, const struct tunnel_graph *t, struct sl_error *err)
{
	static const char *const both[] = {TUNNEL, TUNNEL_HANDSHAKE};
	int ret = sl_tunnel_add(g, TUNNEL, err);

	sl_graph_set_mtu(g, t->tun_mtu + SL_TUNNEL_OUTER > MTU_MIN ? t->tun_mtu + SL_TUNNEL_OUTER
								   : MTU_MIN);
	if (ret == 0)
		ret = set_tun(g, t, err);
	if (ret == 0)
		ret = set_number(g, TUNNEL_UDP, "port", t->port, err);
	if (ret == 0)
		ret = set_number(g, TUNNEL_UDP, "mark", t->mark, err);
	if (ret == 0)
		ret = set_number(g, TUNNEL, "mtu", t->mtu, err);
	for (unsigned i = 0; i < 2 && ret == 0; i++) {
		ret = set_number(g, both[i], "max-peers", t->max_peers, err);
		if (ret == 0)
			ret = set_number(g, both[i], "max-prefixes", t->max_prefixes, err);
	}
	return ret;
}
