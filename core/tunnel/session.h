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

// To seal or to open touches its first two cache lines and one of the window.
struct sl_session {
	struct sl_tunnel_keys keys;
	uint64_t sent; // number of the next packet
	uint64_t born_ns;
	bool live;
	bool asked; // for a new one, because of its age, when a packet came
	struct sl_replay replay;
	uint8_t unused[16]; // up to a whole cache line
};
_Static_assert(sizeof(struct sl_session) % 64 == 0 &&
		       offsetof(struct sl_session, replay.seen) <= 128,
	       "two cache lines and the window");

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

// Say that the session at[place] will soon be used.
static inline void sl_session_prefetch(const struct sl_sessions *s, unsigned place)
{
	const struct sl_session *x = &s->at[place];

	__builtin_prefetch(x, 1);
	__builtin_prefetch(&x->replay, 1);
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

static inline bool sl_session_is_young(const struct sl_session *s, uint64_t now_ns)
{
	return now_ns - s->born_ns < SL_REJECT_AFTER_S * SL_TIMER_SECOND_NS;
}

// Whether it may receive.
static inline bool sl_session_receives(const struct sl_session *s, uint64_t now_ns)
{
	return s->live && sl_session_is_young(s, now_ns);
}

// Whether it may send.
static inline bool sl_session_sends(const struct sl_session *s, uint64_t now_ns)
{
	return sl_session_receives(s, now_ns) && s->sent < SL_REPLAY_LIMIT;
}

// Whether a new session is to be asked for because of what was just sent.
static inline bool sl_session_is_worn(const struct sl_session *s, uint64_t now_ns)
{
	return s->sent > SL_REKEY_AFTER_MESSAGES ||
	       (s->keys.is_initiator &&
		now_ns - s->born_ns >= SL_REKEY_AFTER_S * SL_TIMER_SECOND_NS);
}

// The same because of what was just received: once for a session.
static inline bool sl_session_asks(struct sl_session *s, uint64_t now_ns)
{
	const uint64_t age_s = SL_REJECT_AFTER_S - SL_KEEPALIVE_S - SL_REKEY_TIMEOUT_S;

	if (s->asked || !s->keys.is_initiator || now_ns - s->born_ns < age_s * SL_TIMER_SECOND_NS)
		return false;
	s->asked = true;
	return true;
}
