// From sealed packets to inner ones. Spec: WireGuard paper sections 5.4.6, 6.2 and 6.5.

#include "apps/tunnel.h"
#include "core/ip/mss.h"
#include "core/tunnel/ecn.h"
#include "core/tunnel/inner.h"

enum { AHEAD = 16 }; // packets

// A burst of data packets on their way through the AEAD.
struct opens {
	unsigned n;
	struct sl_aead_item items[SL_BURST];
	struct rte_mbuf *packets[SL_BURST];
	struct sl_outer_view outer[SL_BURST];
	uint32_t values[SL_BURST]; // of the index: number of a session
	unsigned found;            // so many have one
};

// What was in them: the first `n` packets are inner ones, from the peers with these numbers.
struct inners {
	unsigned n;
	struct rte_mbuf *packets[SL_BURST];
	struct sl_allowed_ask asks[SL_BURST];
	uint32_t peers[SL_BURST];
	uint8_t ecn[SL_BURST]; // of the outer packet
};

static void drop(struct sl_tunnel *t, struct rte_mbuf *p, enum sl_tunnel_drop reason)
{
	sl_app_drop(&t->app, p, reason);
}

static struct sl_session *session_of(struct sl_tunnel *t, uint32_t value)
{
	return &t->peers[sl_tunnel_peer_of(value)].sessions.at[sl_tunnel_place_of(value)];
}

// ---- before the AEAD

static const struct sl_message_data *header_of(const struct sl_outer_view *outer)
{
	return (const struct sl_message_data *)outer->payload;
}

// Take a data packet into the burst; what is none goes elsewhere.
static void collect(struct sl_tunnel *t, struct opens *o, struct rte_mbuf *p)
{
	struct sl_outer_view *outer = &o->outer[o->n];

	switch (sl_outer_look(sl_data(p), sl_len(p), outer)) {
	case SL_OUTER_MALFORMED:
		sl_tunnel_hear_error(t, p);
		return;
	case SL_OUTER_BAD_CHECKSUM:
		drop(t, p, SL_TUNNEL_DROP_BAD_CHECKSUM);
		return;
	case SL_OUTER_GOOD:
		break;
	}
	switch (sl_message_type(outer->payload, outer->len)) {
	case SL_MESSAGE_DATA:
		sl_indices_prefetch(t->indices, load_le32(header_of(outer)->receiver));
		o->packets[o->n++] = p;
		return;
	case SL_MESSAGE_NONE:
		drop(t, p, SL_TUNNEL_DROP_UNKNOWN_TYPE);
		return;
	default:
		sl_app_give_one(&t->app, SL_TUNNEL_OUT_HANDSHAKE, p);
	}
}

// Find whose the next packet is.
static void find(struct sl_tunnel *t, struct opens *o)
{
	const struct sl_message_data *header = header_of(&o->outer[o->found]);
	uint32_t value = sl_indices_find(t->indices, load_le32(header->receiver));

	o->values[o->found++] = value;
	if (value == SL_INDEX_FREE)
		return;
	rte_prefetch0(&session_of(t, value)->open);
	sl_tunnel_prefetch(t, sl_tunnel_peer_of(value));
}

// Take a burst. Their peers are asked for while later packets are checked, a few lines at a time:
// what a processor waits for is limited, and what is asked for beyond that it forgets.
static void collect_all(struct sl_tunnel *t, struct opens *o, struct rte_mbuf **p, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		collect(t, o, p[i]);
		if (o->n > o->found + AHEAD)
			find(t, o);
	}
	while (o->found < o->n)
		find(t, o);
}

// Whether a packet has a session; then it is an item to open.
static bool make_item(struct sl_tunnel *t, struct rte_mbuf *p, const struct sl_outer_view *outer,
		      uint32_t value, struct sl_aead_item *item)
{
	const struct sl_message_data *header = header_of(outer);
	const struct sl_session *session;

	if (value == SL_INDEX_FREE) {
		drop(t, p, SL_TUNNEL_DROP_UNKNOWN_INDEX);
		return false;
	}
	session = session_of(t, value);
	if (!sl_session_receives(session, t->app.now_ns)) {
		drop(t, p, SL_TUNNEL_DROP_EXPIRED);
		return false;
	}
	*item = (struct sl_aead_item){.key = session->open.key};
	item->len = outer->len - (uint32_t)(sizeof(*header) + SL_MESSAGE_TAG);
	item->in = outer->payload + sizeof(*header);
	item->out = sl_data(p) + (item->in - sl_data(p));
	item->tag = item->out + item->len;
	memcpy(item->nonce + 4, header->counter, sizeof(header->counter));
	return true;
}

static void make_items(struct sl_tunnel *t, struct opens *o)
{
	unsigned n = 0;

	for (unsigned i = 0; i < o->n; i++) {
		if (!make_item(t, o->packets[i], &o->outer[i], o->values[i], &o->items[n]))
			continue;
		if (n < i) {
			o->outer[n] = o->outer[i];
			o->values[n] = o->values[i];
			o->packets[n] = o->packets[i];
		}
		n++;
	}
	o->n = n;
}

// ---- behind it

// Authentic packets say where a peer is, and at which of our addresses it finds us.
static void follow(struct sl_tunnel *t, uint32_t id, const struct sl_outer_view *outer)
{
	struct sl_tunnel_peer *peer = &t->peers[id];

	if (sl_outer_is_answer(&peer->outer, outer))
		return;
	peer->is_narrow = false; // what was told was of another way
	peer->path.mtu = 0;
	peer->endpoint = sl_outer_from(outer);
	peer->source = sl_outer_to(outer);
	peer->moved = true;
	sl_outer_init(&peer->outer, &peer->source, &peer->endpoint);
	sl_tunnel_flag(t, id);
}

// An authentic packet that was not seen before came in under a session.
static void note(struct sl_tunnel *t, struct sl_tunnel_seals *s, uint32_t value,
		 const struct sl_outer_view *outer, bool data)
{
	uint32_t id = sl_tunnel_peer_of(value);
	struct sl_tunnel_peer *peer = &t->peers[id];
	struct sl_session_gone gone;

	follow(t, id, outer);
	peer->rx_bytes += outer->len;
	sl_timers_received(&peer->timers, t->app.now_ns, data);
	if (sl_session_asks(sl_session(&peer->sessions, SL_CURRENT), t->app.now_ns))
		sl_tunnel_want(t, id, false);
	if (!sl_sessions_awaits(&peer->sessions, sl_tunnel_place_of(value)))
		return;
	sl_sessions_confirm(&peer->sessions, sl_tunnel_place_of(value), &gone);
	sl_tunnel_gone(t, &gone);
	peer->confirmed = true;
	sl_tunnel_flag(t, id);
	peer->handshake_ns = t->app.wall_ns;
	sl_tunnel_unstage(t, s, id, false);
}

static void keepalive(struct sl_tunnel *t, struct rte_mbuf *p)
{
	sl_app_metric_add(&t->app, SL_TUNNEL_METRIC_KEEPALIVES_RECEIVED, 1);
	sl_app_consumed(&t->app, 1);
	sl_free(p);
}

// What is in an authentic packet, if it is an IP packet.
static void unwrap(struct sl_tunnel *t, struct inners *in, struct rte_mbuf *p,
		   const struct sl_aead_item *item, uint32_t id, uint8_t ecn)
{
	const uint8_t *ip = item->out;
	size_t len = sl_inner_len(ip, item->len);

	if (len == 0) {
		drop(t, p, SL_TUNNEL_DROP_OPENED_MALFORMED);
		return;
	}
	sl_trim_head(p, (uint16_t)(ip - sl_data(p)));
	sl_set_len(p, (uint16_t)len);
	sl_allowed_ask(t->allowed, sl_inner_family(ip), sl_inner_src(ip), &in->asks[in->n]);
	in->peers[in->n] = id;
	in->ecn[in->n] = ecn;
	in->packets[in->n++] = p;
}

static bool is_new(struct sl_tunnel *t, uint32_t value, uint64_t counter)
{
	struct sl_session *session = session_of(t, value);

	// An earlier packet of the burst may have ended the session.
	return sl_session_is_live(session) &&
	       sl_replay_accept(&session->open.replay, sl_tunnel_past(t, value), counter);
}

static void opened(struct sl_tunnel *t, struct sl_tunnel_seals *s, const struct opens *o,
		   unsigned i, struct inners *in)
{
	const struct sl_aead_item *item = &o->items[i];
	struct rte_mbuf *p = o->packets[i];
	uint32_t value = o->values[i];

	if (!item->ok) {
		drop(t, p, SL_TUNNEL_DROP_BAD_TAG);
		return;
	}
	if (!is_new(t, value, load_le64(item->nonce + 4))) {
		drop(t, p, SL_TUNNEL_DROP_REPLAY);
		return;
	}
	note(t, s, value, &o->outer[i], item->len > 0);
	sl_app_metric_add(&t->app, SL_TUNNEL_METRIC_OPENED, 1);
	if (item->len == 0)
		keepalive(t, p);
	else
		unwrap(t, in, p, item, sl_tunnel_peer_of(value), o->outer[i].tos & 3);
}

// Let an inner packet leave, if its source is the peer's.
static void deliver(struct sl_tunnel *t, const struct inners *in, unsigned i,
		    struct sl_tunnel_leaving *out)
{
	struct rte_mbuf *p = in->packets[i];
	uint8_t *ip = sl_data(p);
	int mark, why;

	if (in->asks[i].peer != in->peers[i]) {
		drop(t, p, SL_TUNNEL_DROP_FOREIGN_SOURCE);
		return;
	}
	mark = sl_ecn_decapsulate(sl_ecn_of(ip), in->ecn[i]);
	if (mark < 0) {
		drop(t, p, SL_TUNNEL_DROP_CONGESTION);
		return;
	}
	why = t->peers[in->peers[i]].is_limited ? sl_tunnel_limit_in(t, in->peers[i], ip, sl_len(p))
						: -1;
	if (why >= 0) {
		drop(t, p, (enum sl_tunnel_drop)why);
		return;
	}
	if (mark != (int)sl_ecn_of(ip))
		sl_ecn_set(ip, (enum sl_ecn)mark);
	if (t->clamps_mss)
		sl_mss_clamp(ip, sl_len(p), sl_tunnel_mtu(t, &t->peers[in->peers[i]]));
	sl_ip_meta_reset(p); // where the outer headers were
	sl_ip_meta(p)->iface_in = t->iface;
	sl_tunnel_leave(out, p, in->asks[i].family == 6);
}

static void open_all(struct sl_tunnel *t, struct sl_tunnel_seals *s, struct opens *o)
{
	struct sl_tunnel_leaving out;
	struct inners in;

	in.n = out.n[0] = out.n[1] = 0;
	make_items(t, o);
	sl_aead_open(o->items, o->n);
	for (unsigned i = 0; i < o->n; i++)
		opened(t, s, o, i, &in);
	sl_allowed_find_burst(t->allowed, in.asks, in.n);
	for (unsigned i = 0; i < in.n; i++)
		deliver(t, &in, i, &out);
	sl_tunnel_give(t, &out, SL_TUNNEL_OUT_INNER4);
	sl_tunnel_seals_flush(t, s);
}

void sl_tunnel_open_push(struct sl_tunnel *t, struct sl_tunnel_seals *s)
{
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(&t->app, SL_TUNNEL_IN_OUTER, p, SL_BURST);
	struct opens o;

	o.n = o.found = 0;
	collect_all(t, &o, p, n);
	if (o.n > 0)
		open_all(t, s, &o);
}
