// What tunnel-handshake is told of peers, and what it commands: the records between the two apps.

#include "apps/tunnel.h"

#include <sodium.h>

enum { COMMANDS_AT_ONCE = 8 };

// ---- events

void sl_tunnel_flag(struct sl_tunnel *t, uint32_t id)
{
	if (t->peers[id].flagged || t->n_flagged == RTE_DIM(t->flagged))
		return;
	t->peers[id].flagged = true;
	t->flagged[t->n_flagged++] = id;
}

void sl_tunnel_want(struct sl_tunnel *t, uint32_t id, bool restart)
{
	t->peers[id].wants = true;
	t->peers[id].restart |= restart;
	sl_tunnel_flag(t, id);
}

// What one peer has to say. Returns false where the packet has no room for it.
static bool say(struct sl_tunnel *t, struct rte_mbuf *p, uint32_t id)
{
	struct sl_tunnel_peer *peer = &t->peers[id];
	struct sl_tunnel_record r = {.peer = id,
				     .generation = peer->generation,
				     .endpoint = peer->endpoint,
				     .source = peer->source,
				     .restart = peer->restart};

	r.kind = SL_TUNNEL_MOVED;
	if (peer->moved && !sl_tunnel_record_put(p, &r))
		return false;
	peer->moved = false;
	r.kind = SL_TUNNEL_CONFIRMED;
	if (peer->confirmed && !sl_tunnel_record_put(p, &r))
		return false;
	peer->confirmed = false;
	r.kind = SL_TUNNEL_WANTED;
	if (peer->wants && !sl_tunnel_record_put(p, &r))
		return false;
	peer->wants = peer->restart = peer->flagged = false;
	return true;
}

void sl_tunnel_say(struct sl_tunnel *t)
{
	struct sl_link *out = t->app.out[SL_TUNNEL_OUT_EVENTS];
	struct rte_mbuf *p;

	while (t->n_flagged > 0 && out && sl_link_room(out) > 0) {
		if (!sl_alloc_burst(t->app.pool, &p, 1))
			return;
		sl_app_created(&t->app, 1);
		while (t->n_flagged > 0 && say(t, p, t->flagged[t->n_flagged - 1]))
			t->n_flagged--;
		sl_app_give_one(&t->app, SL_TUNNEL_OUT_EVENTS, p);
	}
}

// ---- commands

void sl_tunnel_gone(struct sl_tunnel *t, const struct sl_session_gone *gone)
{
	for (unsigned i = 0; i < gone->n; i++)
		sl_indices_give(t->indices, gone->index[i]);
	sl_app_metric(&t->app, SL_TUNNEL_METRIC_SESSIONS, sl_indices_count(t->indices));
}

static void locate(struct sl_tunnel_peer *peer, const struct sl_tunnel_record *r)
{
	if (r->endpoint.ip.family)
		peer->endpoint = r->endpoint;
	if (r->source.port)
		peer->source = r->source;
	// Our address must be of its family; 0 lets the way out decide.
	if (peer->source.ip.family != peer->endpoint.ip.family)
		peer->source.ip = (struct sl_ip){0};
	sl_outer_init(&peer->outer, &peer->source, &peer->endpoint);
}

static void count_peers(struct sl_tunnel *t, int more)
{
	sl_app_metric_add(&t->app, SL_TUNNEL_METRIC_PEERS, (uint64_t)(int64_t)more);
}

static void command_peer(struct sl_tunnel *t, struct sl_tunnel_seals *s,
			 const struct sl_tunnel_record *r)
{
	struct sl_tunnel_peer *peer = &t->peers[r->peer];

	if (!peer->used) {
		memset(peer, 0, sizeof(*peer));
		sl_sessions_init(&peer->sessions);
		peer->used = true;
		t->end = RTE_MAX(t->end, r->peer + 1);
		peer->generation = r->generation;
		count_peers(t, 1);
	}
	locate(peer, r);
	if (r->has_keepalive && sl_timers_persist(&peer->timers, t->app.now_ns,
						  (uint16_t)(r->keepalive_ns / SL_TIMER_SECOND_NS)))
		sl_tunnel_keepalive(t, s, r->peer);
}

void sl_tunnel_expire(struct sl_tunnel *t, struct sl_tunnel_peer *peer)
{
	struct sl_session_gone gone;

	sl_sessions_wipe(&peer->sessions, &gone);
	sl_tunnel_gone(t, &gone);
	sl_timers_stop(&peer->timers);
}

static void command_forget(struct sl_tunnel *t, struct sl_tunnel_peer *peer, uint32_t id)
{
	sl_tunnel_expire(t, peer);
	sl_tunnel_drop_staged(t, peer);
	sl_allowed_remove_peer(t->allowed, id);
	peer->used = peer->wants = peer->moved = peer->confirmed = false;
	count_peers(t, -1);
}

static void command_session(struct sl_tunnel *t, struct sl_tunnel_seals *s,
			    const struct sl_tunnel_record *r)
{
	struct sl_tunnel_peer *peer = &t->peers[r->peer];
	enum sl_slot slot = r->keys.shared ? SL_CURRENT : SL_NEXT;
	struct sl_session_gone gone;

	sl_sessions_add(&peer->sessions, &r->keys, t->app.now_ns, &gone);
	sl_tunnel_gone(t, &gone);
	if (!sl_indices_put(t->indices, r->keys.local,
			    sl_tunnel_number(r->peer, peer->sessions.place[slot]))) {
		sl_tunnel_expire(t, peer); // as good as impossible: the peer will try again
		return;
	}
	sl_app_metric(&t->app, SL_TUNNEL_METRIC_SESSIONS, sl_indices_count(t->indices));
	locate(peer, r);
	sl_timers_derived(&peer->timers, t->app.now_ns);
	sl_timers_received(&peer->timers, t->app.now_ns, false);
	if (r->keys.shared) {
		peer->handshake_ns = t->app.wall_ns;
		sl_tunnel_unstage(t, s, r->peer, true);
	} else {
		sl_timers_sent(&peer->timers, t->app.now_ns, false, 0); // the response
	}
}

static void command(struct sl_tunnel *t, struct sl_tunnel_seals *s,
		    const struct sl_tunnel_record *r)
{
	struct sl_tunnel_peer *peer = &t->peers[r->peer];

	if (r->peer >= t->max_peers || (r->kind != SL_TUNNEL_PEER && !peer->used))
		return;
	if (peer->used && peer->generation != r->generation)
		return;
	switch ((enum sl_tunnel_record_kind)r->kind) {
	case SL_TUNNEL_PEER:
		command_peer(t, s, r);
		break;
	case SL_TUNNEL_FORGET:
		command_forget(t, peer, r->peer);
		break;
	case SL_TUNNEL_ALLOW:
		sl_allowed_add(t->allowed, &r->prefix, r->peer);
		break;
	case SL_TUNNEL_DISALLOW:
		sl_allowed_remove(t->allowed, &r->prefix, r->peer);
		break;
	case SL_TUNNEL_LIMIT:
		peer->limit = r->limit;
		peer->is_limited = true;
		break;
	case SL_TUNNEL_SESSION:
		command_session(t, s, r);
		break;
	case SL_TUNNEL_EXPIRE:
		sl_tunnel_expire(t, peer);
		break;
	case SL_TUNNEL_GIVE_UP:
		sl_tunnel_drop_staged(t, peer);
		sl_timers_given_up(&peer->timers, t->app.now_ns);
		break;
	case SL_TUNNEL_TRIED:
		locate(peer, r);
		peer->tried = r->index;
		sl_timers_sent(&peer->timers, t->app.now_ns, false, 0);
		break;
	case SL_TUNNEL_WANTED:
	case SL_TUNNEL_MOVED:
	case SL_TUNNEL_CONFIRMED:
		break;
	}
}

void sl_tunnel_commands_push(struct sl_tunnel *t, struct sl_tunnel_seals *s)
{
	struct rte_mbuf *p[COMMANDS_AT_ONCE];
	unsigned n = sl_app_take(&t->app, SL_TUNNEL_IN_COMMANDS, p, COMMANDS_AT_ONCE);
	struct sl_tunnel_record r;

	for (unsigned i = 0; i < n; i++) {
		while (sl_tunnel_record_get(p[i], &r)) {
			command(t, s, &r);
			sl_tunnel_seals_flush(t, s); // the next one may wipe a key
		}
		sl_app_consumed(&t->app, 1);
		sl_free(p[i]);
	}
	sodium_memzero(&r, sizeof(r));
}
