// session: the keys that two peers agreed on, and the three that a peer may have at a time. Spec:
// WireGuard paper section 6.3.
//
//	next      ours alone, as far as we know: not used until the other side has used it
//	current   sends and receives
//	previous  still receives what is on its way
//
// Plain memory with secrets in it, wiped when a session goes. One thread at a time. Times are
// monotonic, ns.
#pragma once

#include "core/tunnel/handshake.h"
#include "core/tunnel/replay.h"
#include "core/tunnel/timers.h"

#define SL_REKEY_AFTER_MESSAGES ((uint64_t)1 << 60)

// What sealing under it touches, and what opening does: a cache line each. Zeroed: no session.
struct sl_session {
	struct sl_session_seal {
		uint8_t key[SL_NOISE_KEY];
		uint64_t sent; // number of the next packet
		uint64_t until_ns;
		uint64_t renew_ns; // a packet from then on asks for a new session
		uint32_t local, remote;
	} seal;
	struct sl_session_open {
		uint8_t key[SL_NOISE_KEY];
		struct sl_replay replay;
		uint64_t until_ns; // the same
		uint64_t renew_ns; // never again once one has asked
	} open;
};
_Static_assert(sizeof(struct sl_session_seal) == 64 && sizeof(struct sl_session_open) == 64,
	       "a cache line each");

enum sl_slot { SL_CURRENT, SL_PREVIOUS, SL_NEXT, SL_SLOTS };

struct sl_sessions { // at the beginning of a cache line
	struct sl_session at[SL_SLOTS];
	uint8_t place[SL_SLOTS]; // at[place[slot]]; zeroed: see sl_sessions_init
};

// Which indices are no longer in use after a change; their sessions are wiped.
struct sl_session_gone {
	uint32_t index[SL_SLOTS];
	unsigned n;
};

void sl_sessions_init(struct sl_sessions *s);

static inline struct sl_session *sl_session(struct sl_sessions *s, enum sl_slot slot)
{
	return &s->at[s->place[slot]];
}

// Put a new session in its slot: current where both sides have it, else next.
void sl_sessions_add(struct sl_sessions *s, const struct sl_tunnel_keys *keys, uint64_t now_ns,
		     struct sl_session_gone *gone);

// Whether the session at[place] waits for its first packet, which confirms it.
static inline bool sl_sessions_awaits(const struct sl_sessions *s, unsigned place)
{
	return place == s->place[SL_NEXT];
}

// An authentic packet came under the session at[place]. Returns whether that made it current, so
// that what waits can be sent.
bool sl_sessions_confirm(struct sl_sessions *s, unsigned place, struct sl_session_gone *gone);

// Wipe them all.
void sl_sessions_wipe(struct sl_sessions *s, struct sl_session_gone *gone);

// Whether there is one, though it may be too old.
static inline bool sl_session_is_live(const struct sl_session *s)
{
	return s->open.until_ns != 0;
}

// Whether it may receive.
static inline bool sl_session_receives(const struct sl_session *s, uint64_t now_ns)
{
	return now_ns < s->open.until_ns;
}

// Whether it may send.
static inline bool sl_session_sends(const struct sl_session *s, uint64_t now_ns)
{
	return now_ns < s->seal.until_ns && s->seal.sent < SL_REPLAY_LIMIT;
}

// Whether a new session is to be asked for because of what was just sent.
static inline bool sl_session_is_worn(const struct sl_session *s, uint64_t now_ns)
{
	return s->seal.sent > SL_REKEY_AFTER_MESSAGES || now_ns >= s->seal.renew_ns;
}

// The same because of what was just received: once for a session.
static inline bool sl_session_asks(struct sl_session *s, uint64_t now_ns)
{
	if (!sl_session_is_live(s) || now_ns < s->open.renew_ns)
		return false;
	s->open.renew_ns = UINT64_MAX;
	return true;
}
