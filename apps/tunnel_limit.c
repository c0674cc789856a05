// What tunnel-data does not let a client of a service do: send to networks that it was not given,
// and more than its rate, either way. The rate polices: what is too much is dropped. Its bucket is
// one instant, until when what went through has spent it (the generic cell rate algorithm, ITU-T
// I.371 annex A).

#include "apps/tunnel.h"
#include "core/tunnel/inner.h"

#define BURST_NS 100000000ull // of the rate, at once: a round trip of TCP's

enum { BURST_BYTES = 16384 }; // or this, where it is more

static bool may_reach(const struct sl_tunnel_limit *l, const uint8_t *ip)
{
	struct sl_ip to = {.family = sl_inner_family(ip)};

	memcpy(to.bytes, sl_inner_dst(ip), sl_ip_len(to.family));
	for (unsigned i = 0; i < l->n_networks; i++)
		if (sl_prefix_contains(&l->networks[i], &to))
			return true;
	return false;
}

static uint64_t time_of(const struct sl_tunnel_limit *l, uint64_t bytes)
{
	return bytes * 8 * SL_TIMER_SECOND_NS / l->rate;
}

static bool spend(const struct sl_tunnel_limit *l, uint64_t *spent_ns, uint64_t now_ns, size_t len)
{
	uint64_t burst_ns, until_ns;

	if (!l->rate)
		return true;
	burst_ns = RTE_MAX(BURST_NS, time_of(l, BURST_BYTES));
	until_ns = RTE_MAX(*spent_ns, now_ns) + time_of(l, len);
	if (until_ns > now_ns + burst_ns)
		return false;
	*spent_ns = until_ns;
	return true;
}

int sl_tunnel_limit_in(struct sl_tunnel *t, uint32_t id, const uint8_t *ip, size_t len)
{
	struct sl_tunnel_peer *peer = &t->peers[id];

	if (!may_reach(&peer->limit, ip))
		return SL_TUNNEL_DROP_FOREIGN_DESTINATION;
	return spend(&peer->limit, &peer->in_ns, t->app.now_ns, len) ? -1
								     : SL_TUNNEL_DROP_OVER_RATE;
}

int sl_tunnel_limit_out(struct sl_tunnel *t, uint32_t id, size_t len)
{
	struct sl_tunnel_peer *peer = &t->peers[id];

	if (spend(&peer->limit, &peer->out_ns, t->app.now_ns, len))
		return -1;
	return SL_TUNNEL_DROP_OVER_RATE;
}
