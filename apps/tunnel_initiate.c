// The initiator's side of tunnel-handshake: beginning, trying again, giving up. Spec: WireGuard
// paper sections 6.2 to 6.4.

#include "apps/tunnel_handshake.h"

#include <sodium.h>

// When a try that is made now has been in vain.
static uint64_t next_retry_ns(const struct sl_shake *s)
{
	return s->app.now_ns + SL_REKEY_TIMEOUT_S * SL_TIMER_SECOND_NS +
	       randombytes_uniform(SL_JITTER_MS * 1000u) * (uint64_t)1000;
}

// Time stamps of ours only grow, whatever the clock does.
static void next_stamp(struct sl_shake *s, struct sl_roster_peer *peer, uint8_t stamp[SL_TAI64N])
{
	const uint64_t grid_ns = 1 << 25; // two of the stamp's steps, so that it differs

	peer->stamp_ns = RTE_MAX(s->app.wall_ns, peer->stamp_ns + grid_ns);
	sl_tai64n(peer->stamp_ns, stamp);
}

// Whether anything leaves towards the peer: the device may be down.
static bool has_way(const struct sl_shake *s, const struct sl_roster_peer *peer)
{
	bool is_ipv6 = peer->endpoint.ip.family == 6;

	return s->app.out[is_ipv6 ? SL_SHAKE_OUT_OUTER6 : SL_SHAKE_OUT_OUTER4];
}

static bool can_initiate(const struct sl_shake *s, const struct sl_roster_peer *peer)
{
	return has_way(s, peer) && peer->used && !peer->service && peer->remote.has_key &&
	       peer->endpoint.ip.family && (s->local.has_key || s->local.pattern == SL_TUNNEL_NK);
}

// Send an initiation now. Its answer, or the retry, ends the attempt.
static void initiate(struct sl_shake *s, uint32_t id)
{
	struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);
	struct sl_tunnel_record r = {
		.kind = SL_TUNNEL_TRIED, .peer = id, .generation = peer->generation};
	uint8_t stamp[SL_TAI64N], message[SL_HANDSHAKE_MAX];
	uint32_t index;
	int len;

	peer->sent_ns = s->app.now_ns;
	peer->retry_ns = next_retry_ns(s);
	if (!sl_shake_index(s, id, &index))
		return;
	s->begun++;
	next_stamp(s, peer, stamp);
	len = sl_handshake_initiate(&peer->handshake, &s->local, &peer->remote, index, stamp,
				    message);
	if (len < 0)
		return; // a key of low order: nothing is ever sent
	if (!sl_shake_send_to(s, id, &peer->remote.first, message, (size_t)len))
		return;
	sl_app_metric_add(&s->app, SL_SHAKE_METRIC_INITIATIONS_SENT, 1);
	r.index = index;
	if (!peer->source.ip.family)
		r.source.port = s->port; // the data path forgets its own, too
	sl_shake_command(s, &r);
}

static bool may_send(const struct sl_shake *s, const struct sl_roster_peer *peer)
{
	return !peer->sent_ns ||
	       s->app.now_ns - peer->sent_ns >= SL_REKEY_TIMEOUT_S * SL_TIMER_SECOND_NS;
}

static void give_up(struct sl_shake *s, uint32_t id)
{
	struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);
	struct sl_tunnel_record r = {
		.kind = SL_TUNNEL_GIVE_UP, .peer = id, .generation = peer->generation};

	peer->retry_ns = 0;
	sl_handshake_wipe(&peer->handshake);
	sl_app_metric_add(&s->app, SL_SHAKE_METRIC_GIVEN_UP, 1);
	sl_shake_command(s, &r);
}

void sl_shake_begin(struct sl_shake *s, uint32_t id, bool restart)
{
	struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);

	if (!can_initiate(s, peer)) {
		if (peer->used)
			give_up(s, id);
		return;
	}
	if (restart || !peer->retry_ns)
		peer->since_ns = s->app.now_ns;
	if (peer->retry_ns)
		return;
	if (may_send(s, peer))
		initiate(s, id);
	else
		peer->retry_ns = peer->sent_ns + SL_REKEY_TIMEOUT_S * SL_TIMER_SECOND_NS;
}

void sl_shake_answered(struct sl_shake *s, uint32_t id)
{
	struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);

	peer->sent_ns = s->app.now_ns;
	if (peer->retry_ns) // the peer's has overtaken ours, but it may not be confirmed
		peer->retry_ns = next_retry_ns(s);
}

void sl_shake_confirmed(struct sl_shake *s, uint32_t id)
{
	struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);

	peer->retry_ns = 0;
	if (peer->handshake.state == SL_HANDSHAKE_INITIATED)
		sl_handshake_wipe(&peer->handshake);
}

void sl_shake_retry(struct sl_shake *s, uint32_t id)
{
	struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);
	const uint64_t attempt_ns = SL_REKEY_ATTEMPT_S * SL_TIMER_SECOND_NS;

	if (!peer->used || !peer->retry_ns || s->app.now_ns < peer->retry_ns)
		return;
	if (!can_initiate(s, peer) || s->app.now_ns - peer->since_ns >= attempt_ns) {
		give_up(s, id);
		return;
	}
	peer->source.ip = (struct sl_ip){0}; // the way there may have changed
	initiate(s, id);
}
