// What tunnel-handshake does with messages from anybody. Only three are ever answered: a valid
// initiation, under load one that has the right mac1 (and tag), and in XK a valid response. Spec:
// WireGuard paper sections 5.3 and 5.4; docs/capabilities.md for the other patterns.

#include "apps/tunnel_handshake.h"

#include <sodium.h>

enum {
	LOAD_WAITING = 128,       // messages that wait: under load, and for a second after
	INITIATION_NS = 20000000, // between two of one peer that are taken
	SEARCH_NS = 2500,         // ten times what a tag costs: see may_search
	SEARCH_BURST_NS = 100000000,
};

// A message on its way through the checks.
struct heard {
	struct sl_outer_packet outer;
	enum sl_message_type type;
};

// Every message counts, whatever becomes of it.
static void note_load(struct sl_shake *s)
{
	struct sl_link *in = s->app.in[SL_SHAKE_IN_HANDSHAKE];

	if (sl_link_waiting_up_to(in, LOAD_WAITING) >= LOAD_WAITING)
		s->loaded_ns = s->app.now_ns;
}

static bool under_load(const struct sl_shake *s)
{
	return s->loaded_ns && s->app.now_ns - s->loaded_ns < SL_TIMER_SECOND_NS;
}

static void send_cookie(struct sl_shake *s, const struct heard *m, const struct sl_mac_keys *keys)
{
	struct sl_message_cookie reply;

	sl_cookie_reply(&s->mint, keys, s->app.now_ns, &m->outer.from, m->outer.payload,
			m->outer.len, &reply);
	if (sl_shake_send(s, &m->outer.to, &m->outer.from, (uint8_t *)&reply, sizeof(reply)))
		sl_app_metric_add(&s->app, SL_SHAKE_METRIC_COOKIES_SENT, 1);
}

static uint64_t source_of(const struct sl_endpoint *from)
{
	return from->ip.family == 4 ? sl_source_limit_ipv4(from->ip.bytes)
				    : sl_source_limit_ipv6(from->ip.bytes);
}

static bool has_cookie(struct sl_shake *s, const struct sl_outer_packet *o)
{
	return sl_mac2_good(&s->mint, s->app.now_ns, &o->from, o->payload, o->len);
}

static int limit_source(struct sl_shake *s, const struct sl_outer_packet *o)
{
	bool may = sl_source_limit_take(s->limit, source_of(&o->from), 0, s->app.now_ns);

	return may ? -1 : SL_SHAKE_DROP_LIMITED;
}

// Under load, mac2 and the rate of the source. Returns -1 where the message, whose mac1 is right,
// may be looked at, else why not.
static int gate(struct sl_shake *s, const struct heard *m, const struct sl_mac_keys *keys)
{
	if (!under_load(s))
		return -1;
	if (has_cookie(s, &m->outer))
		return limit_source(s, &m->outer);
	send_cookie(s, m, keys);
	return SL_SHAKE_DROP_NEEDS_COOKIE;
}

// ---- message 1

// The number of the key of ours that a message 1 is for, by its length and mac1, or -1. All keys
// are tried: what is right makes no difference in time.
static int find_local(const struct sl_shake *s, const struct sl_outer_packet *o)
{
	int found = -1;

	for (uint8_t i = 0; i <= s->n_services; i++) {
		const struct sl_tunnel_local *l = sl_shake_local(s, i);

		if (l->has_key && sl_handshake_len(l->pattern, SL_MESSAGE_INITIATION) == o->len &&
		    sl_mac1_good(&l->macs, o->payload, o->len))
			found = i;
	}
	return found;
}

static bool is_some_length(const struct sl_shake *s, const struct heard *m)
{
	for (uint8_t i = 0; i <= s->n_services; i++)
		if (sl_handshake_len(sl_shake_local(s, i)->pattern, m->type) == m->outer.len)
			return true;
	return false;
}

// The client, of that key of ours, whose tag a first message bears, or UINT32_MAX.
static uint32_t find_by_tag(struct sl_shake *s, uint8_t service, const struct sl_outer_packet *o)
{
	const struct sl_tunnel_local *l = sl_shake_local(s, service);

	for (uint32_t i = 0; i < sl_roster_end(s->roster); i++) {
		struct sl_roster_peer *peer = sl_roster_peer(s->roster, i);

		if (peer->used && peer->service == service &&
		    sl_handshake_tag_good(l, &peer->remote, o->payload, o->len))
			return i;
	}
	return UINT32_MAX;
}

// Whether there is time to search for a tag on behalf of who may be nobody: a tenth of it all.
static bool may_search(struct sl_shake *s)
{
	uint64_t now = s->app.now_ns, from = RTE_MAX(s->search_ns, now);

	if (from > now + SEARCH_BURST_NS)
		return false;
	s->search_ns = from + (uint64_t)sl_roster_end(s->roster) * SEARCH_NS;
	return true;
}

// What `gate` does, for patterns with a tag: not even a cookie is for who lacks the psk.
static int gate_tagged(struct sl_shake *s, const struct heard *m, uint8_t service, uint32_t *id)
{
	const struct sl_outer_packet *o = &m->outer;
	bool loaded = under_load(s), proven = !loaded || has_cookie(s, o);

	if (loaded && proven && limit_source(s, o) >= 0)
		return SL_SHAKE_DROP_LIMITED;
	if (!proven && !may_search(s))
		return SL_SHAKE_DROP_LIMITED;
	*id = find_by_tag(s, service, o);
	if (*id == UINT32_MAX)
		return SL_SHAKE_DROP_UNKNOWN_PEER;
	if (proven)
		return -1;
	send_cookie(s, m, &sl_shake_local(s, service)->macs);
	return SL_SHAKE_DROP_NEEDS_COOKIE;
}

// Read a first message to that key of ours, and say whose it is. Returns -1 or why not.
static int read_first(struct sl_shake *s, const struct heard *m, uint8_t service,
		      struct sl_heard *x, uint32_t *id)
{
	const struct sl_tunnel_local *l = sl_shake_local(s, service);
	bool tagged = sl_tunnel_pattern_is_tagged(l->pattern);
	const struct sl_tunnel_remote *known = NULL;
	int why = tagged ? gate_tagged(s, m, service, id) : gate(s, m, &l->macs);

	if (why >= 0)
		return why;
	if (tagged)
		known = &sl_roster_peer(s->roster, *id)->remote;
	if (sl_handshake_hear(x, l, known, m->outer.payload, m->outer.len) < 0)
		return SL_SHAKE_DROP_NOT_AUTHENTIC;
	if (!tagged)
		*id = sl_roster_find(s->roster, sl_noise_remote_public(&x->noise));
	return *id == UINT32_MAX ? SL_SHAKE_DROP_UNKNOWN_PEER : -1;
}

// Whether a valid first message is new, and not one of too many.
static int is_timely(const struct sl_shake *s, const struct sl_roster_peer *peer,
		     const struct sl_heard *x)
{
	if (memcmp(x->stamp, peer->stamp, sizeof(peer->stamp)) <= 0)
		return SL_SHAKE_DROP_OLD_STAMP;
	if (peer->heard_ns && s->app.now_ns - peer->heard_ns < INITIATION_NS)
		return SL_SHAKE_DROP_TOO_FAST;
	return -1;
}

// A session with a peer: from now on it is the data path's.
static bool tell_session(struct sl_shake *s, uint32_t id, const struct sl_tunnel_keys *keys)
{
	const struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);
	struct sl_tunnel_record r = {.kind = SL_TUNNEL_SESSION,
				     .peer = id,
				     .generation = peer->generation,
				     .endpoint = peer->endpoint,
				     .source = peer->source,
				     .keys = *keys};
	bool told = sl_shake_command(s, &r);

	sodium_memzero(&r, sizeof(r));
	return told;
}

static void follow(struct sl_roster_peer *peer, const struct sl_outer_packet *o)
{
	peer->endpoint = o->from;
	peer->source = o->to;
}

static int answer(struct sl_shake *s, const struct sl_outer_packet *o, struct sl_heard *x,
		  uint32_t id)
{
	struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);
	uint8_t message[SL_HANDSHAKE_MAX];
	struct sl_tunnel_keys keys;
	uint32_t index;
	bool done;
	int len;

	memcpy(peer->stamp, x->stamp, sizeof(peer->stamp));
	peer->heard_ns = s->app.now_ns;
	if (!sl_shake_index(s, id, &index))
		return SL_SHAKE_DROP_NO_BUFFER;
	len = sl_handshake_answer(&peer->handshake, x, &peer->remote, index, message, &keys, &done);
	if (len < 0)
		return SL_SHAKE_DROP_NOT_AUTHENTIC;
	follow(peer, o);
	peer->rx_bytes += o->len;
	sl_shake_answered(s, id);
	if (done)
		tell_session(s, id, &keys);
	sodium_memzero(&keys, sizeof(keys));
	sl_shake_send_to(s, id, &peer->remote.to, message, (size_t)len);
	sl_app_metric_add(&s->app, SL_SHAKE_METRIC_INITIATIONS_TAKEN, 1);
	return -1;
}

static int hear_initiation(struct sl_shake *s, const struct heard *m)
{
	const struct sl_outer_packet *o = &m->outer;
	int service = find_local(s, o), why;
	uint32_t id = UINT32_MAX;
	struct sl_heard x;

	if (service < 0)
		return SL_SHAKE_DROP_BAD_MAC;
	why = read_first(s, m, (uint8_t)service, &x, &id);
	if (why < 0)
		why = is_timely(s, sl_roster_peer(s->roster, id), &x);
	if (why < 0)
		why = answer(s, o, &x, id);
	sodium_memzero(&x, sizeof(x));
	return why;
}

// ---- messages 2 and 3

// The peer that a message with a receiver index is for.
static struct sl_roster_peer *find_receiver(struct sl_shake *s, uint32_t index, uint32_t *id)
{
	*id = sl_indices_find(s->indices, index);
	return *id == SL_INDEX_FREE ? NULL : sl_roster_peer(s->roster, *id);
}

// What ends a handshake. Returns the length of the answer, which is 0 where there is none, or -1.
static int finish(struct sl_shake *s, uint32_t id, const struct heard *m, uint8_t *message,
		  struct sl_tunnel_keys *keys)
{
	struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);
	uint8_t public_key[SL_NOISE_KEY], lease[SL_LEASE_LEN];
	int len;

	if (m->type == SL_MESSAGE_RESPONSE) {
		len = sl_handshake_conclude(&peer->handshake, m->outer.payload, m->outer.len,
					    message, keys, lease);
		if (len >= 0)
			sl_shake_lease_take(s, id, lease);
		return len;
	}
	len = sl_handshake_confirm(&peer->handshake, m->outer.payload, m->outer.len, keys,
				   public_key);
	if (len == 0 && peer->pinned &&
	    memcmp(public_key, peer->remote.public_key, sizeof(public_key)) != 0)
		return -1;
	return len;
}

// A second or third message. Returns -1 or why not.
static int hear_reply(struct sl_shake *s, const struct heard *m)
{
	const struct sl_outer_packet *o = &m->outer;
	uint8_t message[SL_HANDSHAKE_MAX];
	struct sl_roster_peer *peer;
	struct sl_tunnel_keys keys;
	uint32_t id;
	int why, len;

	peer = find_receiver(s, load_le32(o->payload + 8), &id);
	if (!peer)
		return SL_SHAKE_DROP_UNKNOWN_INDEX;
	if (o->len != sl_handshake_len(sl_shake_local(s, peer->service)->pattern, m->type))
		return SL_SHAKE_DROP_MALFORMED;
	if (!sl_mac1_good(&peer->remote.from, o->payload, o->len))
		return SL_SHAKE_DROP_BAD_MAC;
	why = gate(s, m, &peer->remote.from);
	if (why >= 0)
		return why;
	len = finish(s, id, m, message, &keys);
	if (len < 0) {
		sodium_memzero(&keys, sizeof(keys));
		return SL_SHAKE_DROP_NOT_AUTHENTIC;
	}
	follow(peer, o);
	peer->rx_bytes += o->len;
	if (keys.shared) // else it may yet be lost: see sl_shake_confirmed
		peer->retry_ns = 0;
	if (len > 0)
		sl_shake_send_to(s, id, &peer->remote.to, message, (size_t)len);
	tell_session(s, id, &keys);
	sodium_memzero(&keys, sizeof(keys));
	sl_app_metric_add(&s->app, SL_SHAKE_METRIC_RESPONSES_TAKEN, 1);
	return -1;
}

static int hear_cookie(struct sl_shake *s, const struct heard *m)
{
	const struct sl_message_cookie *reply = (const struct sl_message_cookie *)m->outer.payload;
	struct sl_roster_peer *peer;
	uint32_t id;

	peer = find_receiver(s, load_le32(reply->receiver), &id);
	if (!peer)
		return SL_SHAKE_DROP_UNKNOWN_INDEX;
	if (!sl_cookie_take(&peer->cookie, &peer->remote.first, s->app.now_ns, reply) &&
	    !sl_cookie_take(&peer->cookie, &peer->remote.to, s->app.now_ns, reply))
		return SL_SHAKE_DROP_NOT_AUTHENTIC;
	sl_app_metric_add(&s->app, SL_SHAKE_METRIC_COOKIES_TAKEN, 1);
	return -1;
}

static int hear(struct sl_shake *s, const struct heard *m)
{
	if (!s->local.has_key && !s->n_services && m->type == SL_MESSAGE_INITIATION)
		return SL_SHAKE_DROP_UNKNOWN_PEER;
	if (m->type == SL_MESSAGE_COOKIE)
		return hear_cookie(s, m);
	if (!m->outer.len || !is_some_length(s, m))
		return SL_SHAKE_DROP_MALFORMED; // also what the pattern has none of
	return m->type == SL_MESSAGE_INITIATION ? hear_initiation(s, m) : hear_reply(s, m);
}

void sl_shake_hear(struct sl_shake *s, struct rte_mbuf *p)
{
	struct heard m;
	int why = SL_SHAKE_DROP_MALFORMED;

	note_load(s);
	if (sl_outer_parse(sl_data(p), sl_len(p), &m.outer) == SL_OUTER_GOOD) {
		m.type = sl_message_type(m.outer.payload, m.outer.len);
		why = hear(s, &m);
	}
	if (why >= 0) {
		sl_app_drop(&s->app, p, (unsigned)why);
		return;
	}
	sl_app_consumed(&s->app, 1);
	sl_free(p);
}
