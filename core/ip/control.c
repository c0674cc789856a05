#include "core/ip/control.h"

// Bytes of a record in a packet: a route is as long as it has next hops.
static size_t length(const struct sl_control *c)
{
	if (c->kind != SL_CONTROL_ROUTE)
		return offsetof(struct sl_control, route) + sizeof(c->address);
	return offsetof(struct sl_control, route.hops) + c->route.n_hops * sizeof(c->route.hops[0]);
}

bool sl_control_put(struct rte_mbuf *p, const struct sl_control *c)
{
	size_t n = length(c);
	uint8_t *to = n <= UINT16_MAX ? sl_append(p, (uint16_t)n) : NULL;

	if (to)
		memcpy(to, c, n);
	return to != NULL;
}

bool sl_control_get(struct rte_mbuf *p, struct sl_control *c)
{
	const size_t least = offsetof(struct sl_control, route) + sizeof(c->address);
	size_t n;

	*c = (struct sl_control){0};
	if (sl_len(p) < least)
		return false;
	memcpy(c, sl_data(p), least);
	if (c->kind == SL_CONTROL_ROUTE)
		memcpy(c, sl_data(p), RTE_MIN(sizeof(*c), (size_t)sl_len(p)));
	n = length(c);
	if (c->route.n_hops > SL_ROUTE_HOPS_MAX || n > sl_len(p))
		return false;
	sl_trim_head(p, (uint16_t)n);
	return true;
}
