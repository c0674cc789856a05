// tunnel-handshake: agrees on sessions with the peers of a tunnel.
// Ports: handshake, events -> outer4, outer6, commands. Config: key, port, peers, max-peers.
// Spec: WireGuard paper sections 5 and 6.
//
// It says to tunnel-data who the peers are and gives it the sessions; everything that is rare and
// slow, or that strangers can ask for, happens here. In one breath only a few messages are looked
// at and a few handshakes begun, so that on a worker shared with the data path neither a flood of
// them nor thousands of peers that are wanted at once leave no time for data.

#include "apps/tunnel_handshake.h"
#include "apps/classes.h"
#include "core/ip/meta.h"

#include <errno.h>
#include <sluice/key.h>
#include <sodium.h>
#include <stdlib.h>

enum {
	MESSAGES_IN_A_BREATH = 4,
	BEGUN_IN_A_BREATH = 4, // initiations, and as many in a tick; or what one packet asks for
	SCAN_TICKS = 32,       // in so many ticks, all peers' timers are looked at
	NEWS_AT_ONCE = 256,
	LIMIT_RATE = 20, // of a source under load, a second
	LIMIT_BURST = 5,
	LIMIT_SOURCES = 65536,
};

struct config {
	const char *key;
	uint64_t port, max_peers, max_prefixes;
	struct sl_strings peers, services;
	unsigned noise; // enum sl_tunnel_pattern
};

// ---- sending

bool sl_shake_send(struct sl_shake *s, const struct sl_endpoint *from, const struct sl_endpoint *to,
		   const uint8_t *message, size_t len)
{
	struct sl_endpoint source = {.port = s->port};
	bool is_cookie = message[0] == SL_MESSAGE_COOKIE;
	struct sl_outer outer;
	struct rte_mbuf *p;
	uint8_t *at;

	if (from->ip.family == to->ip.family)
		source.ip = from->ip;
	if (!sl_alloc_burst(s->app.pool, &p, 1))
		return false;
	at = sl_append(p, (uint16_t)len);
	sl_outer_init(&outer, &source, to);
	if (!at || !outer.len) {
		sl_free(p);
		return false;
	}
	memcpy(at, message, len);
	if (!sl_outer_put(&outer, p, is_cookie ? 0 : SL_TOS_HANDSHAKE) || !sl_ip_meta_fits(p)) {
		sl_free(p);
		return false;
	}
	sl_ip_meta_reset(p);
	sl_app_created(&s->app, 1);
	sl_app_give_one(&s->app,
			outer.len == SL_OUTER4_LEN ? SL_SHAKE_OUT_OUTER4 : SL_SHAKE_OUT_OUTER6, p);
	return true;
}

bool sl_shake_send_to(struct sl_shake *s, uint32_t id, const struct sl_mac_keys *keys,
		      uint8_t *message, size_t len)
{
	struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);

	sl_macs_put(&peer->cookie, keys, s->app.now_ns, message, len);
	if (!sl_shake_send(s, &peer->source, &peer->endpoint, message, len))
		return false;
	peer->tx_bytes += len;
	return true;
}

void sl_shake_commands_flush(struct sl_shake *s)
{
	if (s->commands)
		sl_app_give_one(&s->app, SL_SHAKE_OUT_COMMANDS, s->commands);
	s->commands = NULL;
}

bool sl_shake_command(struct sl_shake *s, const struct sl_tunnel_record *r)
{
	if (s->commands && sl_tunnel_record_put(s->commands, r))
		return true;
	sl_shake_commands_flush(s);
	if (!sl_alloc_burst(s->app.pool, &s->commands, 1)) {
		s->commands = NULL;
		return false;
	}
	sl_app_created(&s->app, 1);
	return sl_tunnel_record_put(s->commands, r);
}

bool sl_shake_index(struct sl_shake *s, uint32_t id, uint32_t *index)
{
	struct sl_roster_peer *peer = sl_roster_peer(s->roster, id);
	uint8_t last = SL_ROSTER_INDICES - 1;

	if (peer->n_indices == SL_ROSTER_INDICES) {
		sl_indices_give(s->indices, peer->indices[last]);
		peer->n_indices--;
	}
	if (!sl_indices_take(s->indices, id, index))
		return false;
	memmove(peer->indices + 1, peer->indices, last * sizeof(peer->indices[0]));
	peer->indices[0] = *index;
	peer->n_indices++;
	return true;
}

// Tell the data path what has been decided about peers, some at a time and while the link has room.
// Returns whether there is more.
static bool tell_news(struct sl_shake *s)
{
	struct sl_link *out = s->app.out[SL_SHAKE_OUT_COMMANDS];
	unsigned n = 0;

	while (s->news.sent < s->news.n && n++ < NEWS_AT_ONCE) {
		if ((out && sl_link_room(out) < SL_BURST) ||
		    !sl_shake_command(s, &s->news.records[s->news.sent]))
			break;
		s->news.sent++;
	}
	return s->news.sent < s->news.n;
}

// ---- what comes

static void hear_event(struct sl_shake *s, const struct sl_tunnel_record *r)
{
	struct sl_roster_peer *peer;

	if (r->peer >= sl_roster_end(s->roster))
		return;
	peer = sl_roster_peer(s->roster, r->peer);
	if (!peer->used || peer->generation != r->generation)
		return;
	if (r->kind == SL_TUNNEL_WANTED)
		sl_shake_begin(s, r->peer, r->restart);
	if (r->kind == SL_TUNNEL_CONFIRMED)
		sl_shake_confirmed(s, r->peer);
	if (r->kind == SL_TUNNEL_MOVED) {
		peer->endpoint = r->endpoint;
		peer->source = r->source;
	}
}

// Whether enough handshakes have begun for now: others go on at once, but data goes first.
static bool has_begun_enough(struct sl_shake *s)
{
	if (s->begun < BEGUN_IN_A_BREATH)
		return false;
	sl_app_wake_at(&s->app, s->app.now_ns);
	return true;
}

static void events_push(struct sl_shake *s)
{
	struct rte_mbuf *p;
	struct sl_tunnel_record r;

	while (!has_begun_enough(s) && sl_app_take(&s->app, SL_SHAKE_IN_EVENTS, &p, 1) == 1) {
		while (sl_tunnel_record_get(p, &r))
			hear_event(s, &r);
		sl_app_consumed(&s->app, 1);
		sl_free(p);
	}
}

// Sessions are made with peers that the data path knows: messages wait while there is news for it.
static void messages_push(struct sl_shake *s)
{
	struct rte_mbuf *p;

	if (s->news.sent < s->news.n)
		return;
	while (s->taken < MESSAGES_IN_A_BREATH &&
	       sl_app_take(&s->app, SL_SHAKE_IN_HANDSHAKE, &p, 1) == 1) {
		s->taken++;
		sl_shake_hear(s, p);
	}
	if (s->taken == MESSAGES_IN_A_BREATH)
		sl_app_wake_at(&s->app, s->app.now_ns);
}

static void tunnel_handshake_push(struct sl_app *app)
{
	struct sl_shake *s = (struct sl_shake *)app;

	if (s->breath_ns != app->now_ns) {
		s->breath_ns = app->now_ns;
		s->taken = s->begun = 0;
	}
	events_push(s);
	messages_push(s);
	sl_shake_commands_flush(s);
}

static void tunnel_handshake_pull(struct sl_app *app)
{
	struct sl_shake *s = (struct sl_shake *)app;

	if (s->news.sent == s->news.n)
		return;
	if (tell_news(s))
		sl_app_wake_at(app, app->now_ns);
	sl_shake_commands_flush(s);
}

static void tunnel_handshake_tick(struct sl_app *app)
{
	struct sl_shake *s = (struct sl_shake *)app;
	uint32_t end = sl_roster_end(s->roster), n = end / SCAN_TICKS + 1;

	s->begun = 0;
	while (end > 0 && n-- > 0 && !has_begun_enough(s)) {
		s->scanned = (s->scanned + 1) % end;
		sl_shake_retry(s, s->scanned);
	}
	sl_shake_commands_flush(s);
}

// ---- configuration

static int load_key(struct sl_shake *s, const struct config *c, struct sl_error *err)
{
	uint8_t private_key[SL_NOISE_KEY];
	int ret;

	if (c->key && c->noise == SL_TUNNEL_NK)
		return sl_error_set(err, -EINVAL,
				    "with NK a client has no key; what is served is in services");
	s->blame = (struct sl_blame){.key = "key"};
	ret = c->key ? sl_shake_key_load(s, c->key, private_key, err) : 0;
	if (ret == 0)
		sl_tunnel_local_init(&s->local, (enum sl_tunnel_pattern)c->noise,
				     c->key ? private_key : NULL);
	sodium_memzero(private_key, sizeof(private_key));
	return ret;
}

static int make_tables(struct sl_shake *s, struct sl_error *err)
{
	const struct sl_source_limit_options limit = {.rate = LIMIT_RATE,
						      .burst = LIMIT_BURST,
						      .group_rate = 1000000,
						      .group_burst = 1000000,
						      .groups = 1,
						      .sources = LIMIT_SOURCES};

	s->roster = sl_roster_create(s->max_peers);
	s->allowed = sl_allowed_create(s->max_prefixes, s->max_peers + 1);
	s->indices = sl_indices_create((size_t)s->max_peers * SL_ROSTER_INDICES);
	s->limit = sl_source_limit_create(&limit);
	if (!s->roster || !s->allowed || !s->indices || !s->limit)
		return sl_error_set(err, -ENOMEM, "out of memory");
	return sl_shake_set_wanted(s, err);
}

static void set_numbers(struct sl_shake *s, const struct config *c)
{
	s->port = (uint16_t)c->port;
	s->max_peers = (uint32_t)c->max_peers;
	s->max_prefixes = c->max_prefixes;
}

// Read what the settings, and the files they name, want.
static int read_settings(struct sl_shake *s, const struct config *c, const struct sl_shake *before,
			 struct sl_error *err)
{
	int ret = load_key(s, c, err);

	if (ret == 0)
		ret = sl_shake_services_read(s, &c->services, err);
	if (ret == 0)
		ret = sl_shake_wanted_read(s, &c->peers, err);
	return ret == 0 ? sl_shake_can_want(s, before, err) : ret;
}

static int tunnel_handshake_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	struct sl_shake *s = (struct sl_shake *)app, *before = (struct sl_shake *)app->predecessor;
	const struct config *c = config;
	int ret;

	set_numbers(s, c);
	if (before &&
	    (before->max_peers != s->max_peers || before->max_prefixes != s->max_prefixes))
		return sl_error_set(
			err, -EBUSY,
			"max-peers and max-prefixes cannot change while the tunnel runs");
	ret = read_settings(s, c, before, err);
	if (ret == 0 && !before)
		ret = make_tables(s, err);
	return ret;
}

// Peers that are in both go on, with what is under way; unless the key is another one.
static void tunnel_handshake_adopt(struct sl_app *app, struct sl_app *old)
{
	struct sl_shake *s = (struct sl_shake *)app, *before = (struct sl_shake *)old;
	struct sl_tunnel_local local = s->local;

	s->roster = before->roster;
	s->allowed = before->allowed;
	s->indices = before->indices;
	s->limit = before->limit;
	s->mint = before->mint;
	s->loaded_ns = before->loaded_ns;
	s->search_ns = before->search_ns;
	s->round = before->round;
	before->roster = NULL;
	before->allowed = NULL;
	before->indices = NULL;
	before->limit = NULL;
	sl_shake_news_adopt(s, before);
	sl_app_metric(app, SL_SHAKE_METRIC_PEERS, old->metrics[SL_SHAKE_METRIC_PEERS]);
	if (local.has_key != before->local.has_key || local.pattern != before->local.pattern ||
	    sodium_memcmp(local.private_key, before->local.private_key, SL_NOISE_KEY) != 0)
		sl_shake_set_key(s, local.has_key ? local.private_key : NULL, NULL);
	sl_shake_set_wanted(s, NULL);
	sodium_memzero(&local, sizeof(local));
}

// Wipe and free what was read.
static void forget_settings(struct sl_shake *s)
{
	sl_shake_wanted_fini(s);
	sl_shake_services_fini(s);
	free(s->news.records);
	sodium_memzero(&s->local, sizeof(s->local));
}

static int tunnel_handshake_check(const void *config, struct sl_blame *blame, struct sl_error *err)
{
	struct sl_shake *s = aligned_alloc(_Alignof(struct sl_shake), sizeof(*s));
	int ret;

	if (!s)
		return sl_error_set(err, -ENOMEM, "out of memory");
	*s = (struct sl_shake){.only_checks = true};
	set_numbers(s, config);
	ret = read_settings(s, config, NULL, err);
	*blame = s->blame;
	forget_settings(s);
	free(s);
	return ret;
}

static void tunnel_handshake_stop(struct sl_app *app)
{
	struct sl_shake *s = (struct sl_shake *)app;

	forget_settings(s);
	sl_roster_destroy(s->roster);
	sl_allowed_destroy(s->allowed);
	sl_indices_destroy(s->indices);
	sl_source_limit_destroy(s->limit);
	sodium_memzero(&s->mint, sizeof(s->mint));
}

static void tunnel_handshake_needs(const void *config, struct sl_needs *needs)
{
	(void)config;
	needs->packets = SL_BURST;
}

static const char *const patterns[] = {
	[SL_TUNNEL_IK] = "IK",
	[SL_TUNNEL_NK] = "NK",
	[SL_TUNNEL_KK] = "KK",
	[SL_TUNNEL_XK] = "XK",
	NULL,
};

static const struct sl_key keys[] = {
	{.name = "key",
	 .type = SL_PATH,
	 .offset = offsetof(struct config, key),
	 .help = "file of the private key, as `sluice key new` or `wg genkey` makes it; without, "
		 "nothing is said or answered"},
	{.name = "port",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, port),
	 .preset = "51820",
	 .help = "UDP port that messages are sent from",
	 .min = 1,
	 .max = UINT16_MAX},
	{.name = "peers",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct config, peers),
	 .help = "public key and, optional, psk=FILE endpoint=ADDRESS:PORT keepalive=SECONDS "
		 "allowed=PREFIX,PREFIX; or service=NAME psk=FILE (or cap=FILE) and, optional, "
		 "key=PUBLIC-KEY "
		 "address=ADDRESS,ADDRESS networks=PREFIX,PREFIX rate=10Mbps mtu=BYTES "
		 "allowed=PREFIX,PREFIX"},
	{.name = "noise",
	 .type = SL_CHOICE,
	 .offset = offsetof(struct config, noise),
	 .choices = patterns,
	 .preset = "IK",
	 .help = "pattern of the peers of `key`: IK is WireGuard, the others are those of "
		 "capabilities, and what is at the other end is a service"},
	{.name = "services",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct config, services),
	 .help = "further keys on the same port, for who holds a capability: name, NK, KK or XK, "
		 "key=FILE and, optional, pool=ADDRESS/LEN,ADDRESS/LEN networks=PREFIX,PREFIX "
		 "rate=10Mbps mtu=BYTES"},
	{.name = "max-peers",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, max_peers),
	 .preset = "64",
	 .help = "how many peers there may be",
	 .min = 1,
	 .max = 1 << 20},
	{.name = "max-prefixes",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, max_prefixes),
	 .preset = "65536",
	 .help = "how many inner prefixes all peers together may have",
	 .min = 1,
	 .max = 1 << 24},
	{0},
};

const struct sl_app_class sl_tunnel_handshake_class = {
	.name = "tunnel-handshake",
	.help = "agree on sessions with the peers of a tunnel\n"
		"The rare and slow half of a tunnel, beside `tunnel-data`: it takes handshake "
		"messages, with IP and UDP headers around, on `handshake`, and what the data path "
		"wants on `events`; it sends messages on `outer4` and `outer6`, and peers and "
		"sessions on `commands`. The handshake is WireGuard's (Noise IKpsk2), or with "
		"`noise` and `services` that of capability tunnels. Whatever is not valid is "
		"dropped in silence. While 128 messages wait, and for a second after, "
		"senders must show by a cookie that they are where they claim to be, and may send "
		"20 a second. Put it on a worker of its own where floods must not slow data down.",
	.inputs = {[SL_SHAKE_IN_HANDSHAKE] = "handshake", [SL_SHAKE_IN_EVENTS] = "events"},
	.outputs = {[SL_SHAKE_OUT_OUTER4] = "outer4",
		    [SL_SHAKE_OUT_OUTER6] = "outer6",
		    [SL_SHAKE_OUT_COMMANDS] = "commands"},
	.drops = {[SL_SHAKE_DROP_MALFORMED] = "malformed",
		  [SL_SHAKE_DROP_BAD_MAC] = "bad_mac",
		  [SL_SHAKE_DROP_NEEDS_COOKIE] = "needs_cookie",
		  [SL_SHAKE_DROP_LIMITED] = "limited",
		  [SL_SHAKE_DROP_UNKNOWN_PEER] = "unknown_peer",
		  [SL_SHAKE_DROP_UNKNOWN_INDEX] = "unknown_index",
		  [SL_SHAKE_DROP_NOT_AUTHENTIC] = "not_authentic",
		  [SL_SHAKE_DROP_OLD_STAMP] = "old_stamp",
		  [SL_SHAKE_DROP_TOO_FAST] = "too_fast",
		  [SL_SHAKE_DROP_NO_BUFFER] = "no_buffer"},
	.metrics = {[SL_SHAKE_METRIC_INITIATIONS_SENT] = "initiations_sent",
		    [SL_SHAKE_METRIC_INITIATIONS_TAKEN] = "initiations_taken",
		    [SL_SHAKE_METRIC_RESPONSES_TAKEN] = "responses_taken",
		    [SL_SHAKE_METRIC_COOKIES_SENT] = "cookies_sent",
		    [SL_SHAKE_METRIC_COOKIES_TAKEN] = "cookies_taken",
		    [SL_SHAKE_METRIC_GIVEN_UP] = "given_up",
		    [SL_SHAKE_METRIC_PEERS] = "peers"},
	.keys = keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct sl_shake),
	.delays = true, // pull says who the peers are, and brings no traffic
	.loops = true,  // its commands are answered by events
	.needs = tunnel_handshake_needs,
	.check = tunnel_handshake_check,
	.configure = tunnel_handshake_configure,
	.adopt = tunnel_handshake_adopt,
	.pull = tunnel_handshake_pull,
	.push = tunnel_handshake_push,
	.tick = tunnel_handshake_tick,
	.call = sl_shake_call,
	.stop = tunnel_handshake_stop,
};
