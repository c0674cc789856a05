#include "core/tunnel/grant.h"

#include "core/config.h"

#include <errno.h>
#include <sluice/tunnel.h>
#include <string.h>

enum { MTU_MIN = 68 };

static int read_address(struct sl_grant *g, const char *text, struct sl_error *err)
{
	struct sl_ip ip;

	if (!sl_ip_parse(text, &ip))
		return sl_error_set(err, -EINVAL, "'%s' is not an address such as 10.9.0.2", text);
	*(ip.family == 4 ? &g->ipv4 : &g->ipv6) = ip;
	return 1;
}

static int read_network(struct sl_grant *g, const char *text, struct sl_error *err)
{
	struct sl_prefix p;

	if (!sl_prefix_parse(text, &p))
		return sl_error_set(err, -EINVAL, "'%s' is not a prefix such as 10.1.0.0/16", text);
	if (g->n_networks == SL_LEASE_NETWORKS)
		return sl_error_set(err, -EINVAL, "a client is told at most %d networks",
				    SL_LEASE_NETWORKS);
	g->networks[g->n_networks++] = sl_prefix_masked(&p);
	return 1;
}

static int read_networks(struct sl_grant *g, char *list, struct sl_error *err)
{
	char *rest;
	int ret = 1;

	g->has_networks = true;
	g->n_networks = 0;
	for (char *p = strtok_r(list, ",", &rest); p && ret > 0; p = strtok_r(NULL, ",", &rest))
		ret = read_network(g, p, err);
	return ret;
}

static int read_addresses(struct sl_grant *g, char *list, struct sl_error *err)
{
	char *rest;
	int ret = 1;

	for (char *p = strtok_r(list, ",", &rest); p && ret > 0; p = strtok_r(NULL, ",", &rest))
		ret = read_address(g, p, err);
	return ret;
}

static int read_rate(struct sl_grant *g, const char *text, struct sl_error *err)
{
	struct sl_rate r;

	if (sl_parse_rate(text, &r, NULL) < 0 || !r.is_bits || r.per_second < 8)
		return sl_error_set(err, -EINVAL, "rate '%s' is not like 10Mbps", text);
	g->rate = (uint64_t)r.per_second;
	return 1;
}

static int read_mtu(struct sl_grant *g, const char *text, struct sl_error *err)
{
	uint64_t mtu;

	if (sl_parse_uint(text, &mtu, NULL) < 0 || mtu < MTU_MIN || mtu > SL_TUNNEL_MTU_MAX)
		return sl_error_set(err, -EINVAL, "mtu '%s' is not %d to %d", text, MTU_MIN,
				    SL_TUNNEL_MTU_MAX);
	g->mtu = (uint16_t)mtu;
	return 1;
}

int sl_grant_word(struct sl_grant *g, const char *name, char *value, struct sl_error *err)
{
	if (!strcmp(name, "address"))
		return read_addresses(g, value, err);
	if (!strcmp(name, "networks"))
		return read_networks(g, value, err);
	if (!strcmp(name, "rate"))
		return read_rate(g, value, err);
	if (!strcmp(name, "mtu"))
		return read_mtu(g, value, err);
	return 0;
}

struct sl_grant sl_grant_merge(const struct sl_grant *own, const struct sl_grant *service)
{
	struct sl_grant g = *own;

	if (!g.rate)
		g.rate = service->rate;
	if (!g.mtu)
		g.mtu = service->mtu;
	if (g.has_networks)
		return g;
	g.has_networks = service->has_networks;
	g.n_networks = service->n_networks;
	memcpy(g.networks, service->networks, sizeof(g.networks));
	return g;
}
