// tunnel-data: seals inner packets for the peers of a tunnel and opens what they send.
// Ports: inner, outer, commands -> inner4, inner6, outer4, outer6, handshake, events, error.
// Config: max-peers, max-prefixes, mtu, index, stage, mss-clamp. Spec: WireGuard paper
// sections 5.4.6 and 6.
//
// Who the peers are and their sessions come as commands from tunnel-handshake, which is told when a
// session is wanted, and gets every message that is not data.

#include "apps/classes.h"
#include "apps/tunnel.h"
#include "core/pages.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

enum {
	SCAN_TICKS = 32, // in so many ticks, all peers' timers are looked at
	SCAN_AHEAD = 8,
};

struct config {
	uint64_t peers, prefixes, mtu, index, stage;
	bool mss_clamp;
};

static void tunnel_data_push(struct sl_app *app)
{
	struct sl_tunnel *t = (struct sl_tunnel *)app;
	struct sl_tunnel_seals s;

	s.n = 0;
	sl_tunnel_commands_push(t, &s);
	sl_tunnel_open_push(t, &s);
	sl_tunnel_seal_push(t, &s);
	sl_tunnel_say(t);
}

static void look_after(struct sl_tunnel *t, struct sl_tunnel_seals *s, uint32_t id)
{
	struct sl_tunnel_peer *peer = &t->peers[id];
	unsigned due = sl_timers_due(&peer->timers, t->app.now_ns);

	if (due & SL_DUE_KEEPALIVE)
		sl_tunnel_keepalive(t, s, id);
	if (due & SL_DUE_HANDSHAKE) {
		peer->source.ip = (struct sl_ip){0}; // the way there may have changed
		sl_outer_init(&peer->outer, &peer->source, &peer->endpoint);
		peer->moved = true;
		sl_tunnel_want(t, id, false);
	}
	sl_tunnel_seals_flush(t, s);
	if (due & SL_DUE_WIPE)
		sl_tunnel_expire(t, peer);
	if (peer->wants || peer->moved || peer->confirmed)
		sl_tunnel_flag(t, id);
}

static void tunnel_data_tick(struct sl_app *app)
{
	struct sl_tunnel *t = (struct sl_tunnel *)app;
	uint32_t n = t->end / SCAN_TICKS + 1;
	struct sl_tunnel_seals s;

	s.n = 0;
	while (n-- > 0) {
		rte_prefetch0(&t->peers[(t->scanned + SCAN_AHEAD) % t->end].timers);
		if (t->peers[t->scanned].used)
			look_after(t, &s, t->scanned);
		sl_tunnel_judge(t, t->scanned);
		t->scanned = (t->scanned + 1) % t->end;
	}
	sl_tunnel_say(t);
}

// How peers are, for who asks from outside.
static int tunnel_data_call(struct sl_app *app, void *request, struct sl_error *err)
{
	const struct sl_tunnel *t = (struct sl_tunnel *)app;
	const struct sl_tunnel_looks *looks = request;

	(void)err;
	for (size_t i = 0; i < looks->n; i++) {
		struct sl_tunnel_look *l = &looks->items[i];
		const struct sl_tunnel_peer *peer = l->peer < t->max_peers ? &t->peers[l->peer]
									   : NULL;

		if (!peer || !peer->used || peer->generation != l->generation)
			continue;
		l->endpoint = peer->endpoint;
		l->rx_bytes = peer->rx_bytes;
		l->tx_bytes = peer->tx_bytes;
		l->handshake_ns = peer->handshake_ns;
	}
	return 0;
}

// Tables do not change their size under traffic.
static int keep_sizes(const struct sl_tunnel *before, const struct config *c, struct sl_error *err)
{
	if (!before || (before->max_peers == c->peers && before->max_prefixes == c->prefixes &&
			before->max_staged == c->stage))
		return 0;
	return sl_error_set(
		err, -EBUSY,
		"max-peers, max-prefixes and stage cannot change while the tunnel runs");
}

static size_t pasts_bytes(const struct sl_tunnel *t)
{
	return (size_t)t->max_peers * SL_SLOTS * sizeof(*t->pasts);
}

static int tunnel_data_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	struct sl_tunnel *t = (struct sl_tunnel *)app;
	const struct config *c = config;

	t->max_peers = (uint32_t)c->peers;
	t->end = 1;
	t->max_prefixes = c->prefixes;
	t->max_staged = c->stage;
	t->mtu = (uint32_t)c->mtu;
	t->iface = (uint16_t)c->index;
	t->clamps_mss = c->mss_clamp;
	if (app->predecessor)
		return keep_sizes((struct sl_tunnel *)app->predecessor, c, err);
	t->peers = sl_pages_map_random(t->max_peers * sizeof(*t->peers));
	t->pasts = sl_pages_map(pasts_bytes(t));
	t->allowed = sl_allowed_create(c->prefixes, t->max_peers);
	t->indices = sl_indices_create((size_t)t->max_peers * SL_SLOTS);
	t->stage = sl_stage_create((uint32_t)c->stage);
	if (!t->peers || !t->pasts || !t->allowed || !t->indices || !t->stage)
		return sl_error_set(err, -ENOMEM, "out of memory");
	randombytes_buf(&t->random, sizeof(t->random));
	return 0;
}

// Peers, sessions and what waits for them go on.
static void tunnel_data_adopt(struct sl_app *app, struct sl_app *old)
{
	struct sl_tunnel *t = (struct sl_tunnel *)app, *before = (struct sl_tunnel *)old;

	t->peers = before->peers;
	t->pasts = before->pasts;
	t->allowed = before->allowed;
	t->indices = before->indices;
	t->stage = before->stage;
	t->random = before->random;
	t->end = before->end;
	before->peers = NULL;
	before->pasts = NULL;
	before->allowed = NULL;
	before->indices = NULL;
	before->stage = NULL;
	for (uint32_t i = 0; i < before->n_flagged; i++) // tick finds them
		t->peers[before->flagged[i]].flagged = false;
	sl_app_set_held(app, sl_stage_count(t->stage));
	sl_app_set_held(old, 0);
}

static void tunnel_data_stop(struct sl_app *app)
{
	struct sl_tunnel *t = (struct sl_tunnel *)app;

	for (uint32_t i = 0; t->peers && t->stage && i < t->end; i++) {
		if (!t->peers[i].used)
			continue;
		sl_tunnel_drop_staged(t, &t->peers[i]);
		sodium_memzero(&t->peers[i], sizeof(t->peers[i]));
	}
	sl_pages_unmap(t->peers, t->max_peers * sizeof(*t->peers));
	sl_pages_unmap(t->pasts, pasts_bytes(t));
	sl_allowed_destroy(t->allowed);
	sl_indices_destroy(t->indices);
	sl_stage_destroy(t->stage);
}

static void tunnel_data_needs(const void *config, struct sl_needs *needs)
{
	const struct config *c = config;

	needs->packets = (uint32_t)c->stage + 2 * SL_BURST;
}

static const struct sl_key keys[] = {
	{.name = "max-peers",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, peers),
	 .preset = "64",
	 .help = "how many peers there may be",
	 .min = 1,
	 .max = 1 << 20},
	{.name = "max-prefixes",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, prefixes),
	 .preset = "65536",
	 .help = "how many inner prefixes all peers together may have",
	 .min = 1,
	 .max = 1 << 24},
	{.name = "mtu",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, mtu),
	 .preset = "1420",
	 .help = "longest inner packet, bytes: padding goes no further",
	 .min = 68,
	 .max = 65000},
	{.name = "index",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, index),
	 .preset = "65535", // SL_IFACE_NONE
	 .help = "number of the router's interface that inner packets come from; 65535: no router",
	 .max = SL_IFACE_NONE},
	{.name = "stage",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, stage),
	 .preset = "1024",
	 .help = "how many packets may wait for sessions, of all peers together",
	 .min = 1,
	 .max = 1 << 20},
	{.name = "mss-clamp",
	 .type = SL_BOOL,
	 .offset = offsetof(struct config, mss_clamp),
	 .preset = "no",
	 .help = "have TCP send, both ways, no more at once than fits the tunnel"},
	{0},
};

const struct sl_app_class sl_tunnel_data_class = {
	.name = "tunnel-data",
	.help = "seal packets for the peers of a tunnel, and open theirs\n"
		"Inner packets come on `inner` and go to the peer whose prefixes hold their "
		"destination; sealed ones, with IP and UDP headers around, leave on `outer4` "
		"or `outer6`, and come on `outer`. What was in them leaves on `inner4` or "
		"`inner6`, if its source is among the prefixes of the very peer. Peers and "
		"sessions are those that `tunnel-handshake` says on `commands`; every message "
		"that is not data goes to it on `handshake`, and what it must know on "
		"`events`. While a peer has no session, up to 128 packets for it wait. What "
		"nobody can be sent leaves on `error`, or is dropped where that is not "
		"connected. ICMP errors on `outer` which say that a sealed packet was too big "
		"are believed if they quote one that was sent, for 10 minutes: longer packets "
		"for that peer leave on `error`, and what is around one is divided. The metric "
		"`sessions` counts those that may still receive.",
	.inputs = {[SL_TUNNEL_IN_INNER] = "inner",
		   [SL_TUNNEL_IN_OUTER] = "outer",
		   [SL_TUNNEL_IN_COMMANDS] = "commands"},
	.outputs = {[SL_TUNNEL_OUT_INNER4] = "inner4",
		    [SL_TUNNEL_OUT_INNER6] = "inner6",
		    [SL_TUNNEL_OUT_OUTER4] = "outer4",
		    [SL_TUNNEL_OUT_OUTER6] = "outer6",
		    [SL_TUNNEL_OUT_HANDSHAKE] = "handshake",
		    [SL_TUNNEL_OUT_EVENTS] = "events",
		    [SL_TUNNEL_OUT_ERROR] = "error"},
	.drops = {[SL_TUNNEL_DROP_INNER_MALFORMED] = "inner_malformed",
		  [SL_TUNNEL_DROP_NO_PEER] = "no_peer",
		  [SL_TUNNEL_DROP_NO_ENDPOINT] = "no_endpoint",
		  [SL_TUNNEL_DROP_NO_SESSION] = "no_session",
		  [SL_TUNNEL_DROP_STAGE_FULL] = "stage_full",
		  [SL_TUNNEL_DROP_NO_ROOM] = "no_room",
		  [SL_TUNNEL_DROP_OUTER_MALFORMED] = "outer_malformed",
		  [SL_TUNNEL_DROP_BAD_CHECKSUM] = "bad_checksum",
		  [SL_TUNNEL_DROP_UNKNOWN_TYPE] = "unknown_type",
		  [SL_TUNNEL_DROP_UNKNOWN_INDEX] = "unknown_index",
		  [SL_TUNNEL_DROP_EXPIRED] = "expired",
		  [SL_TUNNEL_DROP_BAD_TAG] = "bad_tag",
		  [SL_TUNNEL_DROP_REPLAY] = "replay",
		  [SL_TUNNEL_DROP_OPENED_MALFORMED] = "opened_malformed",
		  [SL_TUNNEL_DROP_FOREIGN_SOURCE] = "foreign_source",
		  [SL_TUNNEL_DROP_FOREIGN_DESTINATION] = "foreign_destination",
		  [SL_TUNNEL_DROP_OVER_RATE] = "over_rate",
		  [SL_TUNNEL_DROP_CONGESTION] = "congestion",
		  [SL_TUNNEL_DROP_NESTED] = "nested",
		  [SL_TUNNEL_DROP_LOOPED] = "looped",
		  [SL_TUNNEL_DROP_TOO_BIG] = "too_big",
		  [SL_TUNNEL_DROP_ICMP_IGNORED] = "icmp_ignored"},
	.metrics = {[SL_TUNNEL_METRIC_SEALED] = "sealed",
		    [SL_TUNNEL_METRIC_OPENED] = "opened",
		    [SL_TUNNEL_METRIC_KEEPALIVES_SENT] = "keepalives_sent",
		    [SL_TUNNEL_METRIC_KEEPALIVES_RECEIVED] = "keepalives_received",
		    [SL_TUNNEL_METRIC_PEERS] = "peers",
		    [SL_TUNNEL_METRIC_SESSIONS] = "sessions",
		    [SL_TUNNEL_METRIC_PATHS_LOWERED] = "paths_lowered",
		    [SL_TUNNEL_METRIC_ERRORS_FORGED] = "errors_forged"},
	.keys = keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct sl_tunnel),
	.loops = true, // sealed packets may be routed into the tunnel's router again
	.needs = tunnel_data_needs,
	.configure = tunnel_data_configure,
	.adopt = tunnel_data_adopt,
	.push = tunnel_data_push,
	.tick = tunnel_data_tick,
	.call = tunnel_data_call,
	.stop = tunnel_data_stop,
};
