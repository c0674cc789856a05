// What tunnel-handshake does with the lease that a service tells it: the networks behind the tunnel
// become the service's prefixes, here and in the data path. docs/capabilities.md says what it is.

#include "apps/tunnel_handshake.h"

static void tell(struct sl_shake *s, enum sl_tunnel_record_kind kind, uint32_t id,
		 const struct sl_prefix *p)
{
	struct sl_tunnel_record r = {.kind = (uint8_t)kind,
				     .peer = id,
				     .generation = sl_roster_peer(s->roster, id)->generation,
				     .prefix = *p};

	sl_shake_command(s, &r);
}

static void lose(struct sl_shake *s, uint32_t id, const struct sl_lease *l)
{
	struct sl_prefix p;

	for (unsigned i = 0; sl_lease_network(l, i, &p); i++)
		if (sl_allowed_remove(s->allowed, &p, id))
			tell(s, SL_TUNNEL_DISALLOW, id, &p);
}

// Where there is no room for a prefix, what is in it is not sent.
static void gain(struct sl_shake *s, uint32_t id, const struct sl_lease *l)
{
	struct sl_prefix p;

	for (unsigned i = 0; sl_lease_network(l, i, &p); i++)
		if (sl_allowed_add(s->allowed, &p, id) == 0)
			tell(s, SL_TUNNEL_ALLOW, id, &p);
}

void sl_shake_lease_take(struct sl_shake *s, uint32_t id, const uint8_t told[SL_LEASE_LEN])
{
	struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);
	struct sl_lease before, now;

	if (memcmp(peer->told, told, SL_LEASE_LEN) == 0 || !sl_lease_read(told, &now))
		return;
	if (!peer->has_allowed) {
		if (sl_lease_read(peer->told, &before))
			lose(s, id, &before);
		gain(s, id, &now);
	}
	memcpy(peer->told, told, SL_LEASE_LEN);
}
