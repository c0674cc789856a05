// From inner packets to sealed ones. Spec: WireGuard paper section 5.4.6.

#include "apps/tunnel.h"
#include "core/ip/mss.h"
#include "core/tunnel/ecn.h"
#include "core/tunnel/inner.h"
#include "core/tunnel/quote.h"

enum { AHEAD = 24 }; // packets

static void count_waiting(struct sl_tunnel *t)
{
	sl_app_set_held(&t->app, sl_stage_count(t->stage));
}

// Zeros up to a multiple of 16 bytes, but not beyond the MTU.
static uint16_t padding(uint32_t mtu, uint16_t len)
{
	uint32_t padded = (len + SL_PADDING - 1u) & ~(SL_PADDING - 1u);

	if (len > mtu)
		return 0;
	return (uint16_t)(RTE_MIN(padded, mtu) - len);
}

// Make room around the plaintext and fill in what does not need sealing. Returns false where the
// buffer is too small.
static bool frame(struct sl_session *session, struct rte_mbuf *p, uint32_t mtu)
{
	uint16_t len = sl_len(p), pad = padding(mtu, len);
	uint8_t *end = sl_append(p, (uint16_t)(pad + SL_MESSAGE_TAG));
	struct sl_message_data *header;

	if (!end)
		return false;
	memset(end, 0, SL_PADDING); // of which the tag takes what is no padding
	header = (struct sl_message_data *)sl_prepend(p, sizeof(*header));
	if (!header)
		return false;
	store_le32(header->type, SL_MESSAGE_DATA);
	store_le32(header->receiver, session->seal.remote);
	store_le64(header->counter, session->seal.sent);
	return true;
}

// The bits of its flags that count the tunnels a packet is in. Only a router writes them.
static uint8_t nesting(const struct sl_tunnel *t, const struct rte_mbuf *p)
{
	if (t->iface == SL_IFACE_NONE || sl_len(p) == 0)
		return 0;
	return (uint8_t)(sl_ip_meta(p)->flags & ~(SL_META_NESTED - 1));
}

static void seal_later(struct sl_tunnel *t, struct sl_tunnel_seals *s, uint32_t id,
		       struct sl_session *session, struct rte_mbuf *p)
{
	uint8_t tos = sl_len(p) > 0 ? (uint8_t)sl_ecn_of(sl_data(p)) : 0;
	uint8_t nested = nesting(t, p);
	struct sl_aead_item *item;
	uint32_t len;

	if (!frame(session, p, sl_tunnel_mtu(t, &t->peers[id]))) {
		sl_app_drop(&t->app, p, SL_TUNNEL_DROP_NO_ROOM);
		return;
	}
	len = sl_len(p) - (uint32_t)(sizeof(struct sl_message_data) + SL_MESSAGE_TAG);
	item = &s->items[s->n];
	*item = (struct sl_aead_item){.key = session->seal.key, .len = len};
	item->in = item->out = sl_data(p) + sizeof(struct sl_message_data);
	item->tag = item->out + len;
	store_le64(item->nonce + 4, session->seal.sent++);
	s->packets[s->n] = p;
	s->peers[s->n] = id;
	s->nested[s->n] = (uint8_t)(nested + SL_META_NESTED);
	s->tos[s->n++] = tos;
	if (s->n == SL_BURST)
		sl_tunnel_seals_flush(t, s);
}

// Keep a packet until there is a session.
static void stage(struct sl_tunnel *t, uint32_t id, struct rte_mbuf *p)
{
	struct rte_mbuf *gone = sl_stage_put(t->stage, &t->peers[id].staged, p);

	if (gone)
		sl_app_drop(&t->app, gone, SL_TUNNEL_DROP_STAGE_FULL);
	count_waiting(t);
	sl_tunnel_want(t, id, true);
}

// Type and index of the message in a packet, should it be one. What it has no bytes for is read
// from behind it, in its buffer.
static uint64_t head_of(const uint8_t *ip)
{
	const uint8_t *message = ip + SL_OUTER4_LEN;

	if (ip[0] >> 4 == 6) {
		const struct sl_ipv6_hdr *ipv6 = (const struct sl_ipv6_hdr *)ip;
		bool divided = ipv6->next_header == SL_PROTO_FRAGMENT;

		message = ip + SL_OUTER6_LEN + (divided ? sizeof(struct sl_ipv6_fragment) : 0);
	}
	return load_le64(message);
}

// Whether such a message is one of ours for the peer. Indices are random: nobody else's are so.
static bool is_ours(const struct sl_tunnel *t, uint32_t id, const struct sl_session *session,
		    uint64_t head)
{
	uint32_t index = (uint32_t)(head >> 32);

	switch (head & UINT32_MAX) {
	case SL_MESSAGE_DATA:
		return index == session->seal.remote;
	case SL_MESSAGE_INITIATION:
		return index == t->peers[id].tried;
	case SL_MESSAGE_RESPONSE:
	case SL_MESSAGE_CONFIRMATION:
		return sl_tunnel_peer_of(sl_indices_find(t->indices, index)) == id;
	default:
		return false;
	}
}

// Whether what is to be sealed is a message of ours to this peer: where the way to its endpoint
// leads into the tunnel, data would go round and grow for ever, and a handshake wait for itself.
static bool is_looped(const struct sl_tunnel *t, uint32_t id, const struct sl_session *session,
		      const struct rte_mbuf *p)
{
	struct sl_quote q;

	return sl_len(p) > 0 && is_ours(t, id, session, head_of(sl_data(p))) &&
	       sl_quote_read(sl_data(p), sl_len(p), &q) &&
	       q.len >= sizeof(struct sl_message_data) &&
	       sl_endpoint_equal(&q.to, &t->peers[id].endpoint);
}

void sl_tunnel_send(struct sl_tunnel *t, struct sl_tunnel_seals *s, uint32_t id, struct rte_mbuf *p)
{
	struct sl_tunnel_peer *peer = &t->peers[id];
	struct sl_session *session = sl_session(&peer->sessions, SL_CURRENT);

	if (is_looped(t, id, session, p)) {
		sl_app_drop(&t->app, p, SL_TUNNEL_DROP_LOOPED);
		return;
	}
	if (!sl_session_sends(session, t->app.now_ns)) {
		stage(t, id, p);
		return;
	}
	sl_timers_sent(&peer->timers, t->app.now_ns, sl_len(p) > 0, sl_tunnel_jitter_ns(t));
	seal_later(t, s, id, session, p);
	if (sl_session_is_worn(session, t->app.now_ns))
		sl_tunnel_want(t, id, false);
}

void sl_tunnel_keepalive(struct sl_tunnel *t, struct sl_tunnel_seals *s, uint32_t id)
{
	struct sl_session *session = sl_session(&t->peers[id].sessions, SL_CURRENT);
	struct rte_mbuf *p;

	if (!sl_session_sends(session, t->app.now_ns)) {
		sl_tunnel_want(t, id, true); // whose confirmation serves as well
		return;
	}
	if (!sl_alloc_burst(t->app.pool, &p, 1))
		return;
	sl_app_created(&t->app, 1);
	sl_app_metric_add(&t->app, SL_TUNNEL_METRIC_KEEPALIVES_SENT, 1);
	sl_tunnel_send(t, s, id, p);
}

void sl_tunnel_unstage(struct sl_tunnel *t, struct sl_tunnel_seals *s, uint32_t id, bool show)
{
	struct sl_tunnel_peer *peer = &t->peers[id];
	struct rte_mbuf *p;

	if (peer->staged.n == 0 && show)
		sl_tunnel_keepalive(t, s, id);
	while (sl_session_sends(sl_session(&peer->sessions, SL_CURRENT), t->app.now_ns) &&
	       (p = sl_stage_take(t->stage, &peer->staged)))
		sl_tunnel_send(t, s, id, p);
	count_waiting(t);
}

void sl_tunnel_drop_staged(struct sl_tunnel *t, struct sl_tunnel_peer *peer)
{
	struct rte_mbuf *p;

	while ((p = sl_stage_take(t->stage, &peer->staged)))
		sl_app_drop(&t->app, p, SL_TUNNEL_DROP_NO_SESSION);
	count_waiting(t);
}

// Put the outer headers on a sealed packet.
static void wrap(struct sl_tunnel *t, const struct sl_tunnel_seals *s, unsigned i,
		 struct sl_tunnel_leaving *out)
{
	struct sl_tunnel_peer *peer = &t->peers[s->peers[i]];
	struct rte_mbuf *p = s->packets[i];
	uint16_t bytes = sl_len(p);

	if (!sl_outer_put(&peer->outer, p, s->tos[i]) || !sl_ip_meta_fits(p)) {
		sl_app_drop(&t->app, p,
			    peer->outer.len ? SL_TUNNEL_DROP_NO_ROOM : SL_TUNNEL_DROP_NO_ENDPOINT);
		return;
	}
	peer->tx_bytes += bytes;
	sl_ip_meta_reset(p);
	sl_ip_meta(p)->flags = s->nested[i];
	sl_ip_meta(p)->mtu = peer->is_narrow ? peer->path.mtu : 0;
	sl_tunnel_leave(out, p, peer->outer.len == SL_OUTER6_LEN);
}

void sl_tunnel_seals_flush(struct sl_tunnel *t, struct sl_tunnel_seals *s)
{
	struct sl_tunnel_leaving out;

	if (s->n == 0)
		return;
	out.n[0] = out.n[1] = 0;
	sl_aead_seal(s->items, s->n);
	for (unsigned i = 0; i < s->n; i++)
		wrap(t, s, i, &out);
	sl_tunnel_give(t, &out, SL_TUNNEL_OUT_OUTER4);
	sl_app_metric_add(&t->app, SL_TUNNEL_METRIC_SEALED, s->n);
	s->n = 0;
}

// A packet that cannot be sent: its source may hear why.
//
// mtu  With SL_IP_TOO_BIG.
static void refuse(struct sl_tunnel *t, struct rte_mbuf *p, unsigned reason, enum sl_ip_error error,
		   uint16_t mtu)
{
	bool is_routed = t->iface != SL_IFACE_NONE;

	if (!t->app.out[SL_TUNNEL_OUT_ERROR] || (!is_routed && !sl_ip_meta_fits(p))) {
		sl_app_drop(&t->app, p, reason);
		return;
	}
	if (!is_routed) // it comes from an app that knows nothing of a router
		sl_ip_meta_arrive(p, 0, 0);
	sl_ip_meta(p)->error = error;
	sl_ip_meta(p)->mtu = mtu;
	sl_app_give_one(&t->app, SL_TUNNEL_OUT_ERROR, p);
}

// Ask for a peer AHEAD of its packet, and for its session half of that before.
static void prefetch(const struct sl_tunnel *t, const struct sl_allowed_ask *asks, unsigned n,
		     unsigned i)
{
	const unsigned half = i - AHEAD / 2;

	if (i < n && asks[i].peer != SL_ALLOWED_NOBODY)
		sl_tunnel_prefetch(t, asks[i].peer);
	if (half < n && asks[half].peer != SL_ALLOWED_NOBODY)
		rte_prefetch0(&sl_session(&t->peers[asks[half].peer].sessions, SL_CURRENT)->seal);
}

// Whether it is an IP packet. What is behind that is cut off.
static bool take_inner(struct sl_tunnel *t, struct rte_mbuf *p, struct sl_allowed_ask *ask)
{
	const uint8_t *ip = sl_data(p);
	size_t len = sl_inner_len(ip, sl_len(p));

	if (len == 0) {
		sl_app_drop(&t->app, p, SL_TUNNEL_DROP_INNER_MALFORMED);
		return false;
	}
	if (nesting(t, p) >= SL_META_NESTED_MAX * SL_META_NESTED) {
		sl_app_drop(&t->app, p, SL_TUNNEL_DROP_NESTED);
		return false;
	}
	sl_set_len(p, (uint16_t)len);
	sl_allowed_ask(t->allowed, sl_inner_family(ip), sl_inner_dst(ip), ask);
	return true;
}

// Send an inner packet of a peer's, if it fits the way.
static void seal_for(struct sl_tunnel *t, struct sl_tunnel_seals *s, uint32_t id,
		     struct rte_mbuf *p)
{
	const struct sl_tunnel_peer *peer = &t->peers[id];
	uint16_t mtu;
	int why;

	if (peer->is_narrow && sl_tunnel_is_too_big(t, peer, p, &mtu)) {
		refuse(t, p, SL_TUNNEL_DROP_TOO_BIG, SL_IP_TOO_BIG, mtu);
		return;
	}
	why = peer->is_limited ? sl_tunnel_limit_out(t, id, sl_len(p)) : -1;
	if (why >= 0) {
		sl_app_drop(&t->app, p, (unsigned)why);
		return;
	}
	if (t->clamps_mss)
		sl_mss_clamp(sl_data(p), sl_len(p), sl_tunnel_mtu(t, peer));
	sl_tunnel_send(t, s, id, p);
}

static void seal_one(struct sl_tunnel *t, struct sl_tunnel_seals *s, struct rte_mbuf *p,
		     uint32_t peer)
{
	if (peer == SL_ALLOWED_NOBODY)
		refuse(t, p, SL_TUNNEL_DROP_NO_PEER, SL_IP_HOST_UNREACHABLE, 0);
	else if (!t->peers[peer].outer.len)
		refuse(t, p, SL_TUNNEL_DROP_NO_ENDPOINT, SL_IP_HOST_UNREACHABLE, 0);
	else
		seal_for(t, s, peer, p);
}

void sl_tunnel_seal_push(struct sl_tunnel *t, struct sl_tunnel_seals *s)
{
	struct rte_mbuf *p[SL_BURST];
	struct sl_allowed_ask asks[SL_BURST];
	unsigned taken = sl_app_take(&t->app, SL_TUNNEL_IN_INNER, p, SL_BURST), n = 0;

	for (unsigned i = 0; i < taken; i++)
		if (take_inner(t, p[i], &asks[n]))
			p[n++] = p[i];
	sl_allowed_find_burst(t->allowed, asks, n);
	for (unsigned i = 0; i < n + AHEAD; i++) {
		prefetch(t, asks, n, i);
		if (i >= AHEAD)
			seal_one(t, s, p[i - AHEAD], asks[i - AHEAD].peer);
	}
	sl_tunnel_seals_flush(t, s);
}
