// How long packets to a peer may be. Spec: RFC 1191, RFC 8201, RFC 4459.
//
// An ICMP error is believed if it quotes a data packet that this tunnel sent: of our address and
// port to the peer's endpoint, under a session that the peer knows by that index, with a number
// that was used. Such a claim waits until tick has looked at all peers, as it does all the time: a
// flood of them costs no more.

#include "apps/tunnel.h"
#include "core/ip/upper.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "core/tunnel/quote.h"

// Whether the packet's source must divide it, or hear of that: no IPv4 that may be divided on the
// way, which is then done to what is around it.
static bool is_whole_or_nothing(const struct rte_mbuf *p)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)sl_data(p);

	return ip->version_ihl >> 4 == 6 || load_be16(ip->flags_offset) & SL_IPV4_DF;
}

bool sl_tunnel_is_too_big(const struct sl_tunnel *t, const struct sl_tunnel_peer *peer,
			  const struct rte_mbuf *p, uint16_t *mtu)
{
	uint32_t least = sl_data(p)[0] >> 4 == 4 ? SL_PATH_MIN4 : SL_PATH_MIN6;
	uint32_t limit = RTE_MAX(sl_tunnel_mtu(t, peer), RTE_MIN(least, t->mtu));

	*mtu = (uint16_t)limit;
	return sl_len(p) > limit && is_whole_or_nothing(p);
}

// ---- claims

static bool is_good(const struct rte_mbuf *p)
{
	const uint8_t *ip = sl_data(p);
	struct sl_ipv6_upper upper;

	if (ip[0] >> 4 == 4)
		return sl_upper_good4(ip, sl_len(p));
	return sl_ipv6_upper((const struct sl_ipv6_hdr *)ip, sl_len(p), &upper) &&
	       sl_upper_good6(ip, sl_len(p), upper.protocol, (size_t)(upper.data - ip));
}

// What a quote says, if it can be held against a session at all.
static bool read_claim(const struct sl_quote *q, struct sl_tunnel_claim *c)
{
	const struct sl_message_data *m = (const struct sl_message_data *)q->payload;

	if (!sl_path_may_be(q->to.ip.family, q->mtu) || q->len < sizeof(*m) ||
	    load_le32(m->type) != SL_MESSAGE_DATA)
		return false;
	*c = (struct sl_tunnel_claim){.from = q->from, .to = q->to, .mtu = q->mtu};
	c->index = load_le32(m->receiver);
	c->counter = load_le64(m->counter);
	return true;
}

static bool keep_claim(struct sl_tunnel *t, const struct sl_tunnel_claim *claim)
{
	for (unsigned i = 0; i < RTE_DIM(t->claims); i++) {
		if (t->claims[i].left > 0)
			continue;
		t->claims[i] = *claim;
		t->claims[i].left = t->end;
		t->n_claims++;
		return true;
	}
	return false;
}

static enum sl_tunnel_drop hear(struct sl_tunnel *t, const struct rte_mbuf *p)
{
	struct sl_tunnel_claim claim;
	struct sl_quote q;

	if (!sl_quote_parse(sl_data(p), sl_len(p), &q))
		return SL_TUNNEL_DROP_OUTER_MALFORMED;
	if (!is_good(p))
		return SL_TUNNEL_DROP_BAD_CHECKSUM;
	if (!read_claim(&q, &claim) || !keep_claim(t, &claim))
		return SL_TUNNEL_DROP_ICMP_IGNORED;
	return SL_TUNNEL_DROPS;
}

void sl_tunnel_hear_error(struct sl_tunnel *t, struct rte_mbuf *p)
{
	enum sl_tunnel_drop why = hear(t, p);

	if (why != SL_TUNNEL_DROPS) {
		sl_app_drop(&t->app, p, why);
		return;
	}
	sl_app_consumed(&t->app, 1);
	sl_free(p);
}

static bool has_sent(const struct sl_tunnel_peer *peer, const struct sl_tunnel_claim *c)
{
	for (unsigned i = 0; i < SL_SLOTS; i++) {
		const struct sl_session *s = &peer->sessions.at[i];

		if (sl_session_is_live(s) && s->seal.remote == c->index &&
		    c->counter < s->seal.sent)
			return true;
	}
	return false;
}

static bool is_about(const struct sl_tunnel_peer *peer, const struct sl_tunnel_claim *c)
{
	if (!peer->used || !sl_endpoint_equal(&peer->endpoint, &c->to) ||
	    peer->source.port != c->from.port)
		return false;
	if (peer->source.ip.family && !sl_ip_equal(&peer->source.ip, &c->from.ip))
		return false;
	return has_sent(peer, c);
}

static void judge(struct sl_tunnel *t, struct sl_tunnel_claim *c, struct sl_tunnel_peer *peer)
{
	bool about = is_about(peer, c);

	if (about && sl_path_lower(&peer->path, c->to.ip.family, c->mtu, t->app.now_ns))
		sl_app_metric_add(&t->app, SL_TUNNEL_METRIC_PATHS_LOWERED, 1);
	peer->is_narrow |= about && peer->path.mtu;
	c->left = about ? 0 : c->left - 1;
	if (c->left > 0)
		return;
	t->n_claims--;
	if (!about)
		sl_app_metric_add(&t->app, SL_TUNNEL_METRIC_ERRORS_FORGED, 1);
}

void sl_tunnel_judge(struct sl_tunnel *t, uint32_t id)
{
	struct sl_tunnel_peer *peer = &t->peers[id];

	for (unsigned i = 0; t->n_claims > 0 && i < RTE_DIM(t->claims); i++)
		if (t->claims[i].left > 0)
			judge(t, &t->claims[i], peer);
	if (!peer->is_narrow)
		return;
	sl_path_age(&peer->path, t->app.now_ns);
	peer->is_narrow = peer->path.mtu > 0;
}
