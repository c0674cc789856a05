// timers: when a peer of a tunnel must be heard of. Spec: WireGuard paper sections 6.1 to 6.5.
//
// The timers of the data path, as deadlines: ns, monotonic, 0 = not armed. Those of the handshake
// itself (retransmission) are with the handshake. "Data" is a packet with something in it; a
// keepalive and handshake messages are authenticated packets, too, but no data.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SL_TIMER_SECOND_NS 1000000000ull

enum {
	SL_REKEY_AFTER_S = 120,
	SL_REJECT_AFTER_S = 180,
	SL_REKEY_ATTEMPT_S = 90, // how long a handshake is tried
	SL_REKEY_TIMEOUT_S = 5,  // between two tries, and at most
	SL_KEEPALIVE_S = 10,
	SL_WIPE_AFTER_S = 3 * SL_REJECT_AFTER_S,
	SL_JITTER_MS = 333, // the most that is added to a retry
};

// What is due. More than one may be.
enum sl_timer_due {
	SL_DUE_KEEPALIVE = 1, // send an empty packet
	SL_DUE_HANDSHAKE = 2, // the peer does not answer: begin a new handshake
	SL_DUE_WIPE = 4,      // forget every key
};

struct sl_timers {
	uint64_t keepalive_ns;  // nothing was sent since data came
	uint64_t handshake_ns;  // nothing came since data was sent
	uint64_t persistent_ns; // no packet passed at all
	uint64_t wipe_ns;       // no new session
	uint16_t interval_s;    // persistent keepalive; 0 = off
	bool again;             // more data came while keepalive_ns was armed
	bool again_now;         // so the keepalive that is due arms it again
};

// An authenticated packet passed, either way.
static inline void sl_timers_passed(struct sl_timers *t, uint64_t now_ns)
{
	if (t->interval_s)
		t->persistent_ns = now_ns + t->interval_s * SL_TIMER_SECOND_NS;
}

// An authenticated packet was sent; `data`: with something in it. jitter_ns is random, below
// SL_JITTER_MS.
static inline void sl_timers_sent(struct sl_timers *t, uint64_t now_ns, bool data,
				  uint64_t jitter_ns)
{
	t->keepalive_ns = t->again_now ? now_ns + SL_KEEPALIVE_S * SL_TIMER_SECOND_NS : 0;
	t->again = t->again_now = false;
	if (data && !t->handshake_ns)
		t->handshake_ns = now_ns + jitter_ns +
				  (SL_KEEPALIVE_S + SL_REKEY_TIMEOUT_S) * SL_TIMER_SECOND_NS;
	sl_timers_passed(t, now_ns);
}

// An authenticated packet was received.
static inline void sl_timers_received(struct sl_timers *t, uint64_t now_ns, bool data)
{
	t->handshake_ns = 0;
	if (data && t->keepalive_ns)
		t->again = true;
	else if (data)
		t->keepalive_ns = now_ns + SL_KEEPALIVE_S * SL_TIMER_SECOND_NS;
	sl_timers_passed(t, now_ns);
}

// A session was given up. What there is of keys goes when it would have gone anyway.
static inline void sl_timers_given_up(struct sl_timers *t, uint64_t now_ns)
{
	if (!t->wipe_ns)
		t->wipe_ns = now_ns + SL_WIPE_AFTER_S * SL_TIMER_SECOND_NS;
}

// A session was derived.
static inline void sl_timers_derived(struct sl_timers *t, uint64_t now_ns)
{
	t->wipe_ns = now_ns + SL_WIPE_AFTER_S * SL_TIMER_SECOND_NS;
}

// Set the persistent keepalive, 0 = off. Returns whether one is to be sent at once: it was off.
static inline bool sl_timers_persist(struct sl_timers *t, uint64_t now_ns, uint16_t interval_s)
{
	bool was_off = !t->interval_s;

	t->interval_s = interval_s;
	t->persistent_ns = 0;
	sl_timers_passed(t, now_ns);
	return was_off && interval_s;
}

// Nothing is left to wait for: the keys are gone.
static inline void sl_timers_stop(struct sl_timers *t)
{
	t->keepalive_ns = t->handshake_ns = t->wipe_ns = 0;
	t->again = t->again_now = false;
}

static inline bool sl_timer_over(uint64_t *deadline_ns, uint64_t now_ns)
{
	if (!*deadline_ns || now_ns < *deadline_ns)
		return false;
	*deadline_ns = 0;
	return true;
}

// What is due now, of enum sl_timer_due; those timers are disarmed, but for persistent keepalives.
static inline unsigned sl_timers_due(struct sl_timers *t, uint64_t now_ns)
{
	unsigned due = 0;

	t->again_now = false;
	if (sl_timer_over(&t->keepalive_ns, now_ns)) {
		due |= SL_DUE_KEEPALIVE;
		t->again_now = t->again;
		t->again = false;
	}
	if (sl_timer_over(&t->persistent_ns, now_ns)) {
		due |= SL_DUE_KEEPALIVE;
		sl_timers_passed(t, now_ns); // even if none can be sent now
	}
	if (sl_timer_over(&t->handshake_ns, now_ns))
		due |= SL_DUE_HANDSHAKE;
	if (sl_timer_over(&t->wipe_ns, now_ns))
		due |= SL_DUE_WIPE;
	return due;
}
