// From sealed packets to inner ones. Spec: WireGuard paper sections 5.4.6, 6.2 and 6.5.

#include "apps/tunnel.h"
#include "core/tunnel/ecn.h"
#include "core/tunnel/inner.h"

// A burst of data packets on their way through the AEAD.
struct opens {
	unsigned n;
	struct sl_aead_item items[SL_BURST];
	struct rte_mbuf *packets[SL_BURST];
	struct sl_outer_packet outer[SL_BURST];
	uint32_t values[SL_BURST]; // of the index: peer and place
};

static void drop(struct sl_tunnel *t, struct rte_mbuf *p, enum sl_tunnel_drop reason)
{
	sl_app_drop(&t->app, p, reason);
}

static struct sl_session *session_of(struct sl_tunnel *t, uint32_t value)
{
	return &t->peers[value / SL_SLOTS].sessions.at[value % SL_SLOTS];
}

// A data packet, if it has a session, becomes one more item to open.
static void collect_data(struct sl_tunnel *t, struct opens *o, struct rte_mbuf *p,
			 const struct sl_outer_packet *outer)
{
	const struct sl_message_data *header = (const struct sl_message_data *)outer->payload;
	uint32_t value = sl_indices_find(t->indices, load_le32(header->receiver));
	struct sl_aead_item *item = &o->items[o->n];
	struct sl_session *session;

	if (value == SL_INDEX_FREE) {
		drop(t, p, SL_TUNNEL_DROP_UNKNOWN_INDEX);
		return;
	}
	session = session_of(t, value);
	if (!sl_session_receives(session, t->app.now_ns)) {
		drop(t, p, SL_TUNNEL_DROP_EXPIRED);
		return;
	}
	*item = (struct sl_aead_item){.key = session->keys.receive};
	item->len = outer->len - (uint32_t)(sizeof(*header) + SL_MESSAGE_TAG);
	item->in = outer->payload + sizeof(*header);
	item->out = sl_data(p) + (item->in - sl_data(p));
	item->tag = item->out + item->len;
	memcpy(item->nonce + 4, header->counter, sizeof(header->counter));
	o->outer[o->n] = *outer;
	o->values[o->n] = value;
	o->packets[o->n++] = p;
}

static void collect(struct sl_tunnel *t, struct opens *o, struct rte_mbuf *p)
{
	struct sl_outer_packet outer;

	switch (sl_outer_parse(sl_data(p), sl_len(p), &outer)) {
	case SL_OUTER_MALFORMED:
		drop(t, p, SL_TUNNEL_DROP_OUTER_MALFORMED);
		return;
	case SL_OUTER_BAD_CHECKSUM:
		drop(t, p, SL_TUNNEL_DROP_BAD_CHECKSUM);
		return;
	case SL_OUTER_GOOD:
		break;
	}
	switch (sl_message_type(outer.payload, outer.len)) {
	case SL_MESSAGE_DATA:
		collect_data(t, o, p, &outer);
		return;
	case SL_MESSAGE_NONE:
		drop(t, p, SL_TUNNEL_DROP_UNKNOWN_TYPE);
		return;
	default:
		sl_app_give_one(&t->app, SL_TUNNEL_OUT_HANDSHAKE, p);
	}
}

// Authentic packets say where a peer is, and at which of our addresses it finds us.
static void follow(struct sl_tunnel *t, uint32_t id, const struct sl_outer_packet *outer)
{
	struct sl_tunnel_peer *peer = &t->peers[id];

	if (sl_endpoint_equal(&peer->endpoint, &outer->from) &&
	    sl_endpoint_equal(&peer->source, &outer->to))
		return;
	peer->endpoint = outer->from;
	peer->source = outer->to;
	peer->moved = true;
	sl_outer_init(&peer->outer, &peer->source, &peer->endpoint);
	sl_tunnel_flag(t, id);
}

// An authentic packet that was not seen before came in under a session.
static void note(struct sl_tunnel *t, struct sl_tunnel_seals *s, uint32_t value,
		 const struct sl_outer_packet *outer, bool data)
{
	uint32_t id = value / SL_SLOTS;
	struct sl_tunnel_peer *peer = &t->peers[id];
	struct sl_session_gone gone;

	follow(t, id, outer);
	peer->rx_bytes += outer->len;
	sl_timers_received(&peer->timers, t->app.now_ns, data);
	if (sl_session_asks(sl_session(&peer->sessions, SL_CURRENT), t->app.now_ns))
		sl_tunnel_want(t, id, false);
	if (sl_sessions_confirm(&peer->sessions, value % SL_SLOTS, &gone)) {
		sl_tunnel_gone(t, &gone);
		peer->confirmed = true;
		sl_tunnel_flag(t, id);
		peer->handshake_ns = t->app.wall_ns;
		sl_tunnel_unstage(t, s, id, false);
	}
}

// Give what was in the packet on, if it is an inner packet of this peer's.
static void deliver(struct sl_tunnel *t, uint32_t id, struct rte_mbuf *p, uint8_t ecn)
{
	uint8_t *ip = sl_data(p);
	size_t len = sl_inner_len(ip, sl_len(p));
	int mark, why;

	if (len == 0) {
		drop(t, p, SL_TUNNEL_DROP_OPENED_MALFORMED);
		return;
	}
	sl_set_len(p, (uint16_t)len);
	if (sl_allowed_find(t->allowed, sl_inner_family(ip), sl_inner_src(ip)) != id) {
		drop(t, p, SL_TUNNEL_DROP_FOREIGN_SOURCE);
		return;
	}
	mark = sl_ecn_decapsulate(sl_ecn_of(ip), ecn);
	if (mark < 0) {
		drop(t, p, SL_TUNNEL_DROP_CONGESTION);
		return;
	}
	why = sl_tunnel_limit_in(t, id, ip, len);
	if (why >= 0) {
		drop(t, p, (enum sl_tunnel_drop)why);
		return;
	}
	if (mark != (int)sl_ecn_of(ip))
		sl_ecn_set(ip, (enum sl_ecn)mark);
	sl_ip_meta_reset(p); // where the outer headers were
	sl_ip_meta(p)->iface_in = t->iface;
	sl_app_give_one(&t->app, ip[0] >> 4 == 4 ? SL_TUNNEL_OUT_INNER4 : SL_TUNNEL_OUT_INNER6, p);
}

static void opened(struct sl_tunnel *t, struct sl_tunnel_seals *s, const struct opens *o,
		   unsigned i)
{
	const struct sl_aead_item *item = &o->items[i];
	struct rte_mbuf *p = o->packets[i];
	uint32_t value = o->values[i];

	if (!item->ok) {
		drop(t, p, SL_TUNNEL_DROP_BAD_TAG);
		return;
	}
	// An earlier packet of the burst may have ended the session.
	if (!session_of(t, value)->live ||
	    !sl_replay_accept(&session_of(t, value)->replay, load_le64(item->nonce + 4))) {
		drop(t, p, SL_TUNNEL_DROP_REPLAY);
		return;
	}
	note(t, s, value, &o->outer[i], item->len > 0);
	sl_app_metric_add(&t->app, SL_TUNNEL_METRIC_OPENED, 1);
	sl_trim_head(p, (uint16_t)(item->out - sl_data(p)));
	sl_set_len(p, (uint16_t)item->len);
	if (item->len == 0) {
		sl_app_metric_add(&t->app, SL_TUNNEL_METRIC_KEEPALIVES_RECEIVED, 1);
		sl_app_consumed(&t->app, 1);
		sl_free(p);
		return;
	}
	deliver(t, value / SL_SLOTS, p, o->outer[i].tos & 3);
}

void sl_tunnel_open_push(struct sl_tunnel *t, struct sl_tunnel_seals *s)
{
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(&t->app, SL_TUNNEL_IN_OUTER, p, SL_BURST);
	struct opens o;

	o.n = 0;
	for (unsigned i = 0; i < n; i++)
		collect(t, &o, p[i]);
	sl_aead_open(o.items, o.n);
	for (unsigned i = 0; i < o.n; i++)
		opened(t, s, &o, i);
	sl_tunnel_seals_flush(t, s);
}
