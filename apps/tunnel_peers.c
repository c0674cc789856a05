// Who the peers of a tunnel are, as tunnel-handshake knows it: from its settings, and changed while
// it runs. All of it is decided by the control thread while the worker stands still, and becomes
// news for the data path, which the worker sends on when there is room.

#include "apps/tunnel.h"
#include "apps/tunnel_handshake.h"

#include <errno.h>
#include <sluice/tunnel.h>
#include <sodium.h>
#include <stdlib.h>

static int no_memory(struct sl_error *err)
{
	return sl_error_set(err, -ENOMEM, "out of memory");
}

// ---- news

// What has been sent makes room first.
int sl_shake_news_reserve(struct sl_shake *s, size_t more)
{
	struct sl_shake_news *w = &s->news;
	struct sl_tunnel_record *records;
	size_t left = w->n - w->sent, room = left + more;

	if (left > 0)
		memmove(w->records, w->records + w->sent, left * sizeof(*w->records));
	w->n = left;
	w->sent = 0;
	if (room <= w->room)
		return 0;
	records = realloc(w->records, room * sizeof(*records));
	if (!records)
		return -ENOMEM;
	w->records = records;
	w->room = room;
	return 0;
}

static struct sl_tunnel_record *add_news(struct sl_shake *s, enum sl_tunnel_record_kind kind,
					 uint32_t id)
{
	struct sl_tunnel_record *r = &s->news.records[s->news.n++];

	*r = (struct sl_tunnel_record){.kind = (uint8_t)kind,
				       .peer = id,
				       .generation = sl_roster_peer(s->roster, id)->generation};
	return r;
}

static void tell_prefix(struct sl_shake *s, enum sl_tunnel_record_kind kind, uint32_t id,
			const struct sl_prefix *p)
{
	add_news(s, kind, id)->prefix = *p;
}

static void tell_peer(struct sl_shake *s, uint32_t id, bool has_endpoint, bool has_keepalive)
{
	const struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);
	struct sl_tunnel_record *r = add_news(s, SL_TUNNEL_PEER, id);

	if (has_endpoint)
		r->endpoint = peer->endpoint;
	r->source.port = s->port;
	r->has_keepalive = has_keepalive;
	r->keepalive_ns = peer->keepalive_ns;
}

// ---- prefixes
//
// When a peer's prefixes are replaced, those it has are given to nobody in particular first, a peer
// behind all others; what is left with that in the end is what the peer loses. In this way the data
// path hears of differences alone, and misses no prefix meanwhile.

static uint32_t leftover(const struct sl_shake *s)
{
	return s->max_peers;
}

static size_t count_prefixes(const struct sl_shake *s, uint32_t id)
{
	struct sl_prefix p;
	uint32_t cursor = 0;
	size_t n = 0;

	while (sl_allowed_next(s->allowed, id, &cursor, &p))
		n++;
	return n;
}

static void set_aside(struct sl_shake *s, uint32_t id)
{
	struct sl_prefix p;

	for (uint32_t cursor = 0; sl_allowed_next(s->allowed, id, &cursor, &p); cursor = 0)
		sl_allowed_add(s->allowed, &p, leftover(s));
}

// Take a prefix that was set aside from the peer. Returns false where there is none.
static bool lose_one(struct sl_shake *s, uint32_t id)
{
	struct sl_prefix p;
	uint32_t cursor = 0;

	if (!sl_allowed_next(s->allowed, leftover(s), &cursor, &p))
		return false;
	sl_allowed_remove(s->allowed, &p, leftover(s));
	tell_prefix(s, SL_TUNNEL_DISALLOW, id, &p);
	return true;
}

static int allow(struct sl_shake *s, uint32_t id, const struct sl_prefix *p, struct sl_error *err)
{
	while (sl_allowed_add(s->allowed, p, id) < 0)
		if (!lose_one(s, id))
			return sl_error_set(err, -ENOSPC,
					    "there are %llu prefixes of peers: max-prefixes",
					    (unsigned long long)s->max_prefixes);
	tell_prefix(s, SL_TUNNEL_ALLOW, id, p);
	return 0;
}

static int set_prefixes(struct sl_shake *s, uint32_t id, const struct sl_shake_peer *p,
			struct sl_error *err)
{
	int ret = 0;

	if (p->replace_allowed)
		set_aside(s, id);
	for (size_t i = 0; i < p->n_allowed && ret == 0; i++) {
		const struct sl_shake_prefix *a = &p->allowed[i];

		if (!a->remove)
			ret = allow(s, id, &a->prefix, err);
		else if (sl_allowed_remove(s->allowed, &a->prefix, id))
			tell_prefix(s, SL_TUNNEL_DISALLOW, id, &a->prefix);
	}
	while (lose_one(s, id))
		;
	return ret;
}

// ---- peers

static void count_peer(struct sl_shake *s, int more)
{
	sl_app_metric_add(&s->app, SL_SHAKE_METRIC_PEERS, (uint64_t)(int64_t)more);
}

// Forget what is under way with a peer, and its sessions here.
static void stop_peer(struct sl_shake *s, struct sl_roster_peer *peer)
{
	for (unsigned i = 0; i < peer->n_indices; i++)
		sl_indices_give(s->indices, peer->indices[i]);
	peer->n_indices = 0;
	peer->retry_ns = 0;
	sl_handshake_wipe(&peer->handshake);
	peer->cookie = (struct sl_cookie){0};
}

// Needs room for one piece of news.
static void remove_peer(struct sl_shake *s, uint32_t id)
{
	add_news(s, SL_TUNNEL_FORGET, id);
	stop_peer(s, sl_roster_peer(s->roster, id));
	sl_allowed_remove_peer(s->allowed, id);
	sl_roster_remove(s->roster, id);
	count_peer(s, -1);
}

// ---- clients of services

// The keys follow from the service's. NK and XK do not know the client's.
static void init_client(struct sl_shake *s, struct sl_roster_peer *peer,
			const struct sl_shake_peer *p)
{
	const struct sl_tunnel_local *l = sl_shake_local(s, p->service);
	bool knows = sl_tunnel_pattern_knows_static(l->pattern);

	sl_tunnel_remote_init(&peer->remote, l, knows ? p->key : NULL, p->psk);
	memcpy(peer->remote.public_key, p->key, sizeof(p->key));
	memcpy(peer->remote.lease, p->lease, sizeof(p->lease));
	peer->pinned = p->has_key && !knows;
}

// What a client has been told holds until its session ends, so that ends where something changes.
// Needs room for two pieces of news.
static void set_client(struct sl_shake *s, uint32_t id, const struct sl_shake_peer *p)
{
	struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);
	bool same = memcmp(peer->remote.public_key, p->key, sizeof(p->key)) == 0 &&
		    memcmp(peer->remote.lease, p->lease, sizeof(p->lease)) == 0;

	peer->service = p->service; // its number may be another one now
	if (!same && peer->known) {
		stop_peer(s, peer);
		add_news(s, SL_TUNNEL_EXPIRE, id);
	}
	if (!same || !peer->known)
		init_client(s, peer, p);
	if (!peer->known)
		tell_peer(s, id, false, false);
	peer->known = true;
	add_news(s, SL_TUNNEL_LIMIT, id)->limit = p->limit;
}

// ---- peers of the tunnel's own key

static void set_psk(struct sl_shake *s, struct sl_roster_peer *peer, const uint8_t *psk)
{
	sl_tunnel_remote_init(&peer->remote, &s->local, peer->key, psk);
	peer->pinned = s->local.pattern == SL_TUNNEL_XK; // should it begin
}

// Returns whether the peer is to be sent somewhere else than before.
static bool set_endpoint(struct sl_roster_peer *peer, const struct sl_shake_peer *p)
{
	bool known = p->from_settings && sl_endpoint_equal(&peer->configured, &p->endpoint);

	if (p->from_settings)
		peer->configured = p->endpoint;
	if (!p->endpoint.ip.family || known)
		return false;
	peer->endpoint = p->endpoint;
	return true;
}

static void set_peer(struct sl_shake *s, uint32_t id, const struct sl_shake_peer *p)
{
	struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);
	bool is_new = !peer->known, moved;

	if (is_new || (p->has_psk && sodium_memcmp(peer->remote.psk, p->psk, sizeof(p->psk)) != 0))
		set_psk(s, peer, p->psk);
	peer->known = true;
	peer->has_allowed |= p->n_allowed > 0;
	if (p->has_keepalive)
		peer->keepalive_ns = p->keepalive_ns;
	moved = set_endpoint(peer, p);
	if (is_new || moved || p->has_keepalive)
		tell_peer(s, id, moved, p->has_keepalive);
}

// The number of the peer, which is made where there is none; UINT32_MAX where that cannot be.
static uint32_t find_or_add(struct sl_shake *s, const uint8_t *public_key)
{
	uint32_t id = sl_roster_find(s->roster, public_key);

	if (id != UINT32_MAX)
		return id;
	id = sl_roster_add(s->roster, public_key);
	if (id != UINT32_MAX)
		count_peer(s, 1);
	return id;
}

int sl_shake_peer_set(struct sl_shake *s, const struct sl_shake_peer *p, struct sl_error *err)
{
	uint32_t id = sl_roster_find(s->roster, p->public_key);
	size_t lost = id != UINT32_MAX && p->replace_allowed ? count_prefixes(s, id) : 0;

	if (id == UINT32_MAX && (p->remove || p->update_only || sl_shake_is_us(s, p->public_key)))
		return 0;
	if (id != UINT32_MAX && sl_roster_peer(s->roster, id)->service && !p->from_settings &&
	    !p->remove)
		return sl_error_set(err, -EINVAL, "what a client gets is in the settings");
	if (sl_shake_news_reserve(s, 3 + p->n_allowed + lost) < 0)
		return no_memory(err);
	if (p->remove) {
		remove_peer(s, id);
		return 0;
	}
	id = find_or_add(s, p->public_key);
	if (id == UINT32_MAX)
		return sl_error_set(err, -ENOSPC, "there are %u peers: max-peers", s->max_peers);
	if (p->service)
		set_client(s, id, p);
	else
		set_peer(s, id, p);
	return set_prefixes(s, id, p, err);
}

// ---- the key

int sl_shake_set_key(struct sl_shake *s, const uint8_t *private_key, struct sl_error *err)
{
	uint32_t end = sl_roster_end(s->roster);
	uint8_t psk[SL_NOISE_KEY];

	if (sl_shake_news_reserve(s, end) < 0)
		return no_memory(err);
	sl_tunnel_local_init(&s->local, s->local.pattern, private_key);
	for (uint32_t id = 0; id < end; id++) {
		struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);

		if (!peer->used || peer->service)
			continue;
		if (sl_shake_is_us(s, peer->key)) {
			remove_peer(s, id);
			continue;
		}
		stop_peer(s, peer);
		memcpy(psk, peer->remote.psk, sizeof(psk));
		set_psk(s, peer, psk);
		add_news(s, SL_TUNNEL_EXPIRE, id);
	}
	sodium_memzero(psk, sizeof(psk));
	return 0;
}

// ---- what the settings want

// Every round marks those that stay.
static void mark_wanted(struct sl_shake *s)
{
	s->round++;
	for (size_t i = 0; i < s->n_wanted; i++) {
		uint32_t id = sl_roster_find(s->roster, s->wanted[i].public_key);

		if (id != UINT32_MAX)
			sl_roster_peer(s->roster, id)->round = s->round;
	}
}

static void remove_unwanted(struct sl_shake *s)
{
	for (uint32_t id = 0; id < sl_roster_end(s->roster); id++) {
		const struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);

		if (peer->used && peer->round != s->round)
			remove_peer(s, id);
	}
}

int sl_shake_set_wanted(struct sl_shake *s, struct sl_error *err)
{
	int ret = sl_shake_news_reserve(s, sl_roster_end(s->roster)) < 0 ? no_memory(err) : 0;

	if (ret == 0) {
		mark_wanted(s);
		remove_unwanted(s);
	}
	for (size_t i = 0; i < s->n_wanted && ret == 0; i++)
		ret = sl_shake_peer_set(s, &s->wanted[i], err);
	sl_shake_wanted_fini(s);
	return ret;
}

void sl_shake_news_adopt(struct sl_shake *s, const struct sl_shake *before)
{
	const struct sl_shake_news *old = &before->news;
	size_t left = old->n - old->sent;

	if (left > 0)
		memcpy(s->news.records, old->records + old->sent, left * sizeof(*old->records));
	s->news.n = left;
}

// ---- requests

static int view_prefixes(const struct sl_shake *s, uint32_t id, struct sl_tunnel_peer_view *v)
{
	uint32_t cursor = 0;
	struct sl_prefix p;

	v->n_allowed = count_prefixes(s, id);
	v->allowed = calloc(v->n_allowed + 1, sizeof(*v->allowed));
	for (size_t i = 0; v->allowed && sl_allowed_next(s->allowed, id, &cursor, &p); i++)
		sl_prefix_print(&p, v->allowed[i]);
	return v->allowed ? 0 : -ENOMEM;
}

static void view_lease(const struct sl_lease *l, struct sl_tunnel_lease *v)
{
	if (l->ipv4.ip.family)
		sl_prefix_print(&l->ipv4, v->ipv4);
	if (l->ipv6.ip.family)
		sl_prefix_print(&l->ipv6, v->ipv6);
	v->mtu = l->mtu;
	for (; v->n_networks < l->n_networks; v->n_networks++)
		sl_prefix_print(&l->networks[v->n_networks], v->networks[v->n_networks]);
}

static int view_peer(struct sl_shake *s, uint32_t id, struct sl_tunnel_peer_view *v)
{
	const struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);
	struct sl_lease lease;

	memcpy(v->public_key, peer->key, sizeof(v->public_key));
	memcpy(v->psk, peer->remote.psk, sizeof(v->psk));
	v->is_client = peer->service;
	v->has_lease = sl_lease_read(peer->service ? peer->remote.lease : peer->told, &lease);
	if (v->has_lease)
		view_lease(&lease, &v->lease);
	v->rx_bytes = peer->rx_bytes;
	v->tx_bytes = peer->tx_bytes;
	v->keepalive_s = (uint16_t)(peer->keepalive_ns / SL_TIMER_SECOND_NS);
	return view_prefixes(s, id, v);
}

static int view(struct sl_shake *s, struct sl_tunnel_reading *r, struct sl_error *err)
{
	uint32_t end = sl_roster_end(s->roster);
	int ret = 0;

	r->view->has_key = s->local.has_key;
	memcpy(r->view->private_key, s->local.private_key, sizeof(r->view->private_key));
	r->view->peers = calloc(end + 1, sizeof(*r->view->peers));
	r->looks.items = calloc(end + 1, sizeof(*r->looks.items));
	if (!r->view->peers || !r->looks.items)
		return no_memory(err);
	for (uint32_t id = 0; id < end && ret == 0; id++) {
		const struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);
		struct sl_tunnel_look *look = &r->looks.items[r->looks.n];

		if (!peer->used)
			continue;
		*look = (struct sl_tunnel_look){
			.peer = id, .generation = peer->generation, .endpoint = peer->endpoint};
		ret = view_peer(s, id, &r->view->peers[r->looks.n]);
		r->view->n_peers = ++r->looks.n;
	}
	return ret < 0 ? no_memory(err) : 0;
}

int sl_shake_call(struct sl_app *app, void *request, struct sl_error *err)
{
	struct sl_shake *s = (struct sl_shake *)app;
	const struct sl_shake_request *r = request;

	switch (r->what) {
	case SL_SHAKE_CHANGE:
		return sl_shake_peer_set(s, r->peer, err);
	case SL_SHAKE_SET_KEY:
		return sl_shake_set_key(s, r->private_key, err);
	case SL_SHAKE_READ:
		return view(s, r->reading, err);
	}
	return -EINVAL;
}
