#include "core/tunnel/session.h"

#include <sodium.h>

void sl_sessions_init(struct sl_sessions *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned i = 0; i < SL_SLOTS; i++)
		s->place[i] = (uint8_t)i;
}

static void drop(struct sl_sessions *s, enum sl_slot slot, struct sl_session_gone *gone)
{
	struct sl_session *x = sl_session(s, slot);

	if (sl_session_is_live(x))
		gone->index[gone->n++] = x->seal.local;
	sodium_memzero(x, sizeof(*x));
}

static void swap(struct sl_sessions *s, enum sl_slot a, enum sl_slot b)
{
	uint8_t place = s->place[a];

	s->place[a] = s->place[b];
	s->place[b] = place;
}

// Make room in the current slot for our own new session.
static void retire_current(struct sl_sessions *s, struct sl_session_gone *gone)
{
	drop(s, SL_PREVIOUS, gone);
	if (sl_session_is_live(
		    sl_session(s, SL_NEXT))) { // younger than the current one, so that one goes
		drop(s, SL_CURRENT, gone);
		swap(s, SL_NEXT, SL_PREVIOUS);
	} else {
		swap(s, SL_CURRENT, SL_PREVIOUS);
	}
}

static uint64_t after_ns(uint64_t now_ns, uint64_t seconds)
{
	return now_ns + seconds * SL_TIMER_SECOND_NS;
}

// Begin a session. An initiator alone renews it for its age: when it sends a while before its end,
// and when it receives so late that an answer sent at once might not find a new one.
static void start(struct sl_session *x, const struct sl_tunnel_keys *keys, uint64_t now_ns)
{
	const uint64_t last_s = SL_REJECT_AFTER_S - SL_KEEPALIVE_S - SL_REKEY_TIMEOUT_S;

	memcpy(x->seal.key, keys->send, sizeof(x->seal.key));
	memcpy(x->open.key, keys->receive, sizeof(x->open.key));
	x->seal.local = keys->local;
	x->seal.remote = keys->remote;
	x->seal.until_ns = x->open.until_ns = after_ns(now_ns, SL_REJECT_AFTER_S);
	x->seal.renew_ns = x->open.renew_ns = UINT64_MAX;
	if (!keys->is_initiator)
		return;
	x->seal.renew_ns = after_ns(now_ns, SL_REKEY_AFTER_S);
	x->open.renew_ns = after_ns(now_ns, last_s);
}

void sl_sessions_add(struct sl_sessions *s, const struct sl_tunnel_keys *keys, uint64_t now_ns,
		     struct sl_session_gone *gone)
{
	enum sl_slot slot = keys->shared ? SL_CURRENT : SL_NEXT;

	gone->n = 0;
	if (keys->shared) {
		retire_current(s, gone);
	} else {
		drop(s, SL_NEXT, gone);
		drop(s, SL_PREVIOUS, gone);
	}
	start(sl_session(s, slot), keys, now_ns);
}

bool sl_sessions_confirm(struct sl_sessions *s, unsigned place, struct sl_session_gone *gone)
{
	gone->n = 0;
	if (!sl_sessions_awaits(s, place))
		return false;
	drop(s, SL_PREVIOUS, gone);
	swap(s, SL_CURRENT, SL_PREVIOUS);
	swap(s, SL_NEXT, SL_CURRENT);
	return true;
}

void sl_sessions_wipe(struct sl_sessions *s, struct sl_session_gone *gone)
{
	gone->n = 0;
	for (unsigned i = 0; i < SL_SLOTS; i++)
		drop(s, i, gone);
}
