#include "core/ip/neighbour_table.h"

static void solicit(struct sl_neighbours *t, struct sl_neighbour *n)
{
	n->asked = true;
	n->tries++;
	t->acts.solicit(t->acts.owner, n);
}

static bool has_address(const struct sl_neighbour *n, const uint8_t mac[6])
{
	return memcmp(n->header, mac, 6) == 0;
}

const struct sl_neighbour *sl_neighbours_use(struct sl_neighbours *t, const uint8_t ip[16],
					     struct rte_mbuf *p, uint64_t now_ns)
{
	struct sl_neighbour *n = sl_neighbours_find(t, ip);

	if (sl_neighbour_is_ready(n))
		return n;
	if (n && n->state == SL_NEIGHBOUR_STALE) { // section 7.3.3
		sl_neighbour_become(t, n, SL_NEIGHBOUR_DELAY, now_ns);
		return n;
	}
	if (n) {
		sl_neighbour_enqueue(t, n, p);
		return NULL;
	}
	n = sl_neighbour_add(t, ip, SL_NEIGHBOUR_INCOMPLETE, false, now_ns);
	if (!n) {
		t->acts.refuse(t->acts.owner, p, SL_NEIGHBOUR_TABLE_FULL);
		return NULL;
	}
	sl_neighbour_enqueue(t, n, p);
	solicit(t, n);
	return NULL;
}

// The address of n, which was INCOMPLETE, is known now: what waits goes out, and is a use of it.
static void complete(struct sl_neighbours *t, struct sl_neighbour *n, bool confirmed,
		     uint64_t now_ns)
{
	sl_neighbour_become(t, n, confirmed ? SL_NEIGHBOUR_REACHABLE : SL_NEIGHBOUR_STALE, now_ns);
	if (sl_neighbour_send_held(t, n) && !confirmed)
		sl_neighbour_become(t, n, SL_NEIGHBOUR_DELAY, now_ns);
}

void sl_neighbours_hear(struct sl_neighbours *t, const uint8_t ip[16], const uint8_t mac[6],
			bool create, uint64_t now_ns)
{
	struct sl_neighbour *n = sl_neighbours_find(t, ip);

	if (!n) {
		n = create ? sl_neighbour_add(t, ip, SL_NEIGHBOUR_STALE, false, now_ns) : NULL;
		if (n)
			sl_neighbour_set_address(n, mac);
		return;
	}
	if (n->state == SL_NEIGHBOUR_PERMANENT)
		return;
	if (n->state == SL_NEIGHBOUR_INCOMPLETE) {
		sl_neighbour_set_address(n, mac);
		complete(t, n, false, now_ns);
	} else if (!has_address(n, mac)) {
		sl_neighbour_set_address(n, mac);
		sl_neighbour_become(t, n, SL_NEIGHBOUR_STALE, now_ns);
	}
}

static void confirm(struct sl_neighbour *n)
{
	n->known |= n->asked;
	n->asked = false;
}

void sl_neighbours_advertise(struct sl_neighbours *t, const uint8_t ip[16], const uint8_t *mac,
			     bool solicited, bool override, uint64_t now_ns)
{
	struct sl_neighbour *n = sl_neighbours_find(t, ip);
	bool other = n && mac && !has_address(n, mac);

	if (!n || n->state == SL_NEIGHBOUR_PERMANENT)
		return;
	if (n->state == SL_NEIGHBOUR_INCOMPLETE) {
		if (!mac)
			return;
		sl_neighbour_set_address(n, mac);
		if (solicited)
			confirm(n);
		complete(t, n, solicited, now_ns);
		return;
	}
	if (other && !override) { // somebody else says so, too: ask
		if (n->state == SL_NEIGHBOUR_REACHABLE)
			sl_neighbour_become(t, n, SL_NEIGHBOUR_STALE, now_ns);
		return;
	}
	if (other)
		sl_neighbour_set_address(n, mac);
	if (solicited) {
		confirm(n);
		sl_neighbour_become(t, n, SL_NEIGHBOUR_REACHABLE, now_ns);
	} else if (other) {
		sl_neighbour_become(t, n, SL_NEIGHBOUR_STALE, now_ns);
	}
}

bool sl_neighbours_fix(struct sl_neighbours *t, const uint8_t ip[16], const uint8_t mac[6],
		       bool lasting)
{
	struct sl_neighbour *n = sl_neighbours_find(t, ip);

	if (!n)
		n = sl_neighbour_add(t, ip, SL_NEIGHBOUR_PERMANENT, false, 0);
	if (!n)
		return false;
	sl_neighbour_set_address(n, mac);
	n->lasting = lasting;
	sl_neighbour_become(t, n, SL_NEIGHBOUR_PERMANENT, 0);
	sl_neighbour_send_held(t, n);
	return true;
}

void sl_neighbours_unfix(struct sl_neighbours *t, const uint8_t ip[16])
{
	struct sl_neighbour *n = sl_neighbours_find(t, ip);

	if (n && n->state == SL_NEIGHBOUR_PERMANENT)
		sl_neighbour_forget(t, n, SL_NEIGHBOUR_UNREACHABLE);
}

// The time of n's state is over.
static void expire(struct sl_neighbours *t, struct sl_neighbour *n, uint64_t now_ns)
{
	switch (n->state) {
	case SL_NEIGHBOUR_INCOMPLETE:
	case SL_NEIGHBOUR_PROBE:
		if (n->tries >= SL_NEIGHBOUR_TRIES) {
			sl_neighbour_forget(t, n, SL_NEIGHBOUR_UNREACHABLE);
			return;
		}
		sl_neighbour_become(t, n, n->state, now_ns);
		solicit(t, n);
		return;
	case SL_NEIGHBOUR_DELAY:
		sl_neighbour_become(t, n, SL_NEIGHBOUR_PROBE, now_ns);
		solicit(t, n);
		return;
	case SL_NEIGHBOUR_REACHABLE:
		sl_neighbour_become(t, n, SL_NEIGHBOUR_STALE, now_ns);
		return;
	default:
		sl_neighbour_forget(t, n, SL_NEIGHBOUR_UNREACHABLE);
		return;
	}
}

void sl_neighbours_tick(struct sl_neighbours *t, uint64_t now_ns, unsigned most)
{
	for (unsigned i = SL_NEIGHBOUR_INCOMPLETE; i < SL_NEIGHBOUR_PARTS; i++) {
		for (unsigned n = 0; n < most && t->parts[i].count > 0; n++) {
			struct sl_neighbour *oldest = &t->entries[t->parts[i].oldest];

			if (i == SL_NEIGHBOUR_PERMANENT || oldest->due_ns > now_ns)
				break;
			expire(t, oldest, now_ns);
		}
	}
}

void sl_neighbours_set_mac(struct sl_neighbours *t, const uint8_t mac[6])
{
	memcpy(t->config.mac, mac, sizeof(t->config.mac));
	for (uint32_t i = 0; i < t->config.entries; i++)
		memcpy(t->entries[i].header + 6, mac, 6);
}
