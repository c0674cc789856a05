// tunnel_handshake: what the parts of the app tunnel-handshake share. Internal to it.
#pragma once

#include "core/ip/source_limit.h"
#include "core/tunnel/allowed.h"
#include "core/tunnel/indices.h"
#include "core/tunnel/outer.h"
#include "core/tunnel/record.h"
#include "core/tunnel/roster.h"
#include "core/tunnel/service_text.h"
#include "core/tunnel/timers.h"

#include <sluice/app.h>
#include <string.h>

enum { SL_SHAKE_IN_HANDSHAKE, SL_SHAKE_IN_EVENTS };
enum { SL_SHAKE_OUT_OUTER4, SL_SHAKE_OUT_OUTER6, SL_SHAKE_OUT_COMMANDS };
enum sl_shake_drop {
	SL_SHAKE_DROP_MALFORMED,
	SL_SHAKE_DROP_BAD_MAC,
	SL_SHAKE_DROP_NEEDS_COOKIE, // under load: was sent one
	SL_SHAKE_DROP_LIMITED,      // under load: its source sends too many
	SL_SHAKE_DROP_UNKNOWN_PEER,
	SL_SHAKE_DROP_UNKNOWN_INDEX,
	SL_SHAKE_DROP_NOT_AUTHENTIC,
	SL_SHAKE_DROP_OLD_STAMP,
	SL_SHAKE_DROP_TOO_FAST,
	SL_SHAKE_DROP_NO_BUFFER,
};
enum {
	SL_SHAKE_METRIC_INITIATIONS_SENT,
	SL_SHAKE_METRIC_INITIATIONS_TAKEN,
	SL_SHAKE_METRIC_RESPONSES_TAKEN,
	SL_SHAKE_METRIC_COOKIES_SENT,
	SL_SHAKE_METRIC_COOKIES_TAKEN,
	SL_SHAKE_METRIC_GIVEN_UP,
	SL_SHAKE_METRIC_PEERS,
};

// A prefix that a peer gets, or loses.
struct sl_shake_prefix {
	struct sl_prefix prefix;
	bool remove;
};

enum { SL_SHAKE_SERVICES = 32 }; // at most

// A key of ours beside the tunnel's own, for clients that hold capabilities, and what they get.
struct sl_shake_service {
	char name[SL_SERVICE_NAME];
	struct sl_tunnel_local local;
	bool stands_in;              // its key is any: see sl_shake_key_load
	struct sl_prefix ipv4, ipv6; // of the pool; family 0 = none
	struct sl_grant grant;
};

// What is wanted of one peer: struct sl_tunnel_change of <sluice/tunnel.h>, its texts read.
struct sl_shake_peer {
	uint8_t public_key[SL_NOISE_KEY]; // of a client: the id of its capability
	uint8_t psk[SL_NOISE_KEY];
	bool remove, update_only, has_psk, has_keepalive, replace_allowed;
	bool from_settings; // an endpoint that the settings had before does not undo a peer's moves
	struct sl_endpoint endpoint; // family 0 = as it is
	uint64_t keepalive_ns;
	struct sl_shake_prefix *allowed;
	size_t n_allowed;

	// Of a client.
	uint8_t service; // from 1; 0 = a peer of the tunnel's own key
	bool has_key;    // with KK its key, with XK the one it must show
	uint8_t key[SL_NOISE_KEY];
	struct sl_grant grant;
	uint8_t lease[SL_LEASE_LEN]; // what it is told
	struct sl_tunnel_limit limit;
};

// Records for the data path that have been decided and not been sent. The control thread adds,
// while the worker is paused, and the worker sends.
struct sl_shake_news {
	struct sl_tunnel_record *records;
	size_t n, sent, room;
};

// What the class's `call` is asked.
struct sl_shake_request {
	enum { SL_SHAKE_CHANGE, SL_SHAKE_SET_KEY, SL_SHAKE_READ } what;
	const struct sl_shake_peer *peer;  // CHANGE
	const uint8_t *private_key;        // SET_KEY; NULL = none
	struct sl_tunnel_reading *reading; // READ
};

struct sl_shake {
	struct sl_app app;
	struct sl_tunnel_local local;      // the tunnel's own key
	struct sl_shake_service *services; // and others
	uint8_t n_services;
	struct sl_roster *roster;
	uint32_t max_peers;
	struct sl_allowed
		*allowed; // as the data path has them, or will; one peer more: see tunnel_peers.c
	uint64_t max_prefixes;
	struct sl_indices *indices; // value: the peer's number
	struct sl_cookie_mint mint;
	struct sl_source_limit *limit;
	uint64_t loaded_ns;        // when too much was last waiting
	uint64_t search_ns;        // until when the time to search for tags is spent
	uint64_t breath_ns;        // when this breath began,
	unsigned taken;            // the messages taken in it,
	unsigned begun;            // and the handshakes that we began in it
	uint32_t scanned;          // the next peer whose timer is looked at
	uint16_t port;             // that we listen on
	struct rte_mbuf *commands; // collected, not given yet
	struct sl_shake_news news;
	struct sl_shake_peer *wanted; // by the settings, until they are there
	size_t n_wanted;
	uint32_t round;        // see sl_shake_set_wanted
	struct sl_blame blame; // what of the settings was looked at last
	bool only_checks;      // the settings: nothing is read that can be read only once
};

// The key of ours that a peer, or client, knows.
static inline const struct sl_tunnel_local *sl_shake_local(const struct sl_shake *s,
							   uint8_t service)
{
	return service ? &s->services[service - 1].local : &s->local;
}

// Whether that is the tunnel's own key.
static inline bool sl_shake_is_us(const struct sl_shake *s, const uint8_t *public_key)
{
	return s->local.has_key &&
	       memcmp(public_key, s->local.public_key, sizeof(s->local.public_key)) == 0;
}

// ---- the settings, see tunnel_wanted.c and tunnel_can_want.c. Control thread.

// Read the lines of services, whose keys differ from the tunnel's own, which is there already.
// Returns 0 or negative, err filled.
int sl_shake_services_read(struct sl_shake *s, const struct sl_strings *lines,
			   struct sl_error *err);

// Read the lines of peers into s->wanted, and say what clients get. Returns likewise.
int sl_shake_wanted_read(struct sl_shake *s, const struct sl_strings *lines, struct sl_error *err);

// Load a key of the settings. Where that is only checked, a random one stands in for what can be
// read only once.
int sl_shake_key_load(const struct sl_shake *s, const char *path, uint8_t key[SL_NOISE_KEY],
		      struct sl_error *err);

// Wipe and free what was read.
void sl_shake_services_fini(struct sl_shake *s);
void sl_shake_wanted_fini(struct sl_shake *s);

// Whether the wanted peers can be had in place of those of `before` (NULL = of none), and room for
// the news. Returns 0, -ENOSPC, -EINVAL or -ENOMEM with err filled.
int sl_shake_can_want(struct sl_shake *s, const struct sl_shake *before, struct sl_error *err);

// ---- the peers, see tunnel_peers.c. Control thread, the worker paused or not there yet.

// Have room for so much more news. Returns 0 or -ENOMEM.
int sl_shake_news_reserve(struct sl_shake *s, size_t more);

// Make, change or remove a peer. Returns 0, -ENOSPC or -ENOMEM with err filled.
int sl_shake_peer_set(struct sl_shake *s, const struct sl_shake_peer *p, struct sl_error *err);

// Make the private key another one, or none (NULL): sessions end. Returns 0 or -ENOMEM.
int sl_shake_set_key(struct sl_shake *s, const uint8_t *private_key, struct sl_error *err);

// Have the wanted peers and no others. Fails where there is no room for them (-ENOSPC, -ENOMEM),
// which after sl_shake_can_want there is.
int sl_shake_set_wanted(struct sl_shake *s, struct sl_error *err);

// Take over what `before` has not sent.
void sl_shake_news_adopt(struct sl_shake *s, const struct sl_shake *before);

// Answer a request.
int sl_shake_call(struct sl_app *app, void *request, struct sl_error *err);

// ---- worker

// Send a message of len bytes from one endpoint to another. Returns false where there is no buffer.
bool sl_shake_send(struct sl_shake *s, const struct sl_endpoint *from, const struct sl_endpoint *to,
		   const uint8_t *message, size_t len);

// Put MACs, under `keys`, on a message for a peer, send and count it. Returns likewise.
bool sl_shake_send_to(struct sl_shake *s, uint32_t id, const struct sl_mac_keys *keys,
		      uint8_t *message, size_t len);

// Tell the data path something. Returns false where there is no buffer.
bool sl_shake_command(struct sl_shake *s, const struct sl_tunnel_record *r);

// Give what was told.
void sl_shake_commands_flush(struct sl_shake *s);

// Take a new index for a peer; its oldest one may go. Returns false where there is none.
bool sl_shake_index(struct sl_shake *s, uint32_t id, uint32_t *index);

// Begin a handshake with a peer, or go on with the one under way; restart: count its tries anew.
void sl_shake_begin(struct sl_shake *s, uint32_t id, bool restart);

// A response was sent to a peer: the next initiation waits for as long as after one.
void sl_shake_answered(struct sl_shake *s, uint32_t id);

// The peer uses a session that it initiated: an attempt of ours has become needless.
void sl_shake_confirmed(struct sl_shake *s, uint32_t id);

// A service told this lease.
void sl_shake_lease_take(struct sl_shake *s, uint32_t id, const uint8_t told[SL_LEASE_LEN]);

// Try again, or give up, where the time has come.
void sl_shake_retry(struct sl_shake *s, uint32_t id);

// One message from anybody; takes the packet.
void sl_shake_hear(struct sl_shake *s, struct rte_mbuf *p);
