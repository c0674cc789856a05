// What tunnel-data does not let a client of a service do: send to networks that it was not given,
// and more than its rate, either way. The rate polices: what is too much is dropped.

#include "apps/tunnel.h"
#include "core/tunnel/inner.h"
#include "core/tunnel/policer.h"

static bool may_reach(const struct sl_tunnel_limit *l, const uint8_t *ip)
{
	struct sl_ip to = {.family = sl_inner_family(ip)};

	memcpy(to.bytes, sl_inner_dst(ip), sl_ip_len(to.family));
	for (unsigned i = 0; i < l->n_networks; i++)
		if (sl_prefix_contains(&l->networks[i], &to))
			return true;
	return false;
}

static bool spend(const struct sl_tunnel *t, const struct sl_tunnel_limit *l, uint64_t *until_ns,
		  size_t len)
{
	return !l->rate || sl_policer_pass(until_ns, l->rate, t->app.now_ns, len);
}

int sl_tunnel_limit_in(struct sl_tunnel *t, uint32_t id, const uint8_t *ip, size_t len)
{
	struct sl_tunnel_peer *peer = &t->peers[id];

	if (!may_reach(&peer->limit, ip))
		return SL_TUNNEL_DROP_FOREIGN_DESTINATION;
	return spend(t, &peer->limit, &peer->in_ns, len) ? -1 : SL_TUNNEL_DROP_OVER_RATE;
}

int sl_tunnel_limit_out(struct sl_tunnel *t, uint32_t id, size_t len)
{
	struct sl_tunnel_peer *peer = &t->peers[id];

	return spend(t, &peer->limit, &peer->out_ns, len) ? -1 : SL_TUNNEL_DROP_OVER_RATE;
}
