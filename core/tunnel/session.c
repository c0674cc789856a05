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

	if (x->live)
		gone->index[gone->n++] = x->keys.local;
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
	if (sl_session(s, SL_NEXT)->live) { // younger than the current one, so that one goes
		drop(s, SL_CURRENT, gone);
		swap(s, SL_NEXT, SL_PREVIOUS);
	} else {
		swap(s, SL_CURRENT, SL_PREVIOUS);
	}
}

void sl_sessions_add(struct sl_sessions *s, const struct sl_tunnel_keys *keys, uint64_t now_ns,
		     struct sl_session_gone *gone)
{
	enum sl_slot slot = keys->shared ? SL_CURRENT : SL_NEXT;
	struct sl_session *x;

	gone->n = 0;
	if (keys->shared) {
		retire_current(s, gone);
	} else {
		drop(s, SL_NEXT, gone);
		drop(s, SL_PREVIOUS, gone);
	}
	x = sl_session(s, slot);
	x->keys = *keys;
	x->born_ns = now_ns;
	x->live = true;
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
