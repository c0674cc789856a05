#include "core/ip/neighbour_table.h"

#include "core/proto/bytes.h"

#include <stdlib.h>

// The parts: those of strangers by their state, those of stations that have answered behind them.
// Each is a list in the order in which its members are due, which is that in which they came, for
// a state lasts equally long for all.
enum {
	KNOWN = SL_NEIGHBOUR_PERMANENT - SL_NEIGHBOUR_STALE + 1, // from a stranger's part to this
	INCOMPLETE = SL_NEIGHBOUR_INCOMPLETE,
	HEARD = SL_NEIGHBOUR_STALE,
};
_Static_assert(SL_NEIGHBOUR_REACHABLE + KNOWN + 1 == SL_NEIGHBOUR_PARTS, "parts");

// A packet that waits, in the queue of its neighbour and in that of all packets.
struct sl_neighbour_hold {
	struct rte_mbuf *p;
	uint32_t entry;
	uint32_t next; // of the neighbour, or free
	uint32_t older, newer;
};

// ---- packets that wait

static struct rte_mbuf *pop(struct sl_neighbours *t, struct sl_neighbour *n)
{
	uint32_t i = n->hold_first;
	struct sl_neighbour_hold *h = &t->holds[i];

	n->hold_first = h->next;
	n->held--;
	if (h->older != SL_NEIGHBOUR_NONE)
		t->holds[h->older].newer = h->newer;
	else
		t->oldest_hold = h->newer;
	if (h->newer != SL_NEIGHBOUR_NONE)
		t->holds[h->newer].older = h->older;
	else
		t->newest_hold = h->older;
	h->next = t->free_hold;
	t->free_hold = i;
	t->held--;
	return h->p;
}

static void refuse_all(struct sl_neighbours *t, struct sl_neighbour *n,
		       enum sl_neighbour_refusal why)
{
	while (n->held > 0)
		t->acts.refuse(t->acts.owner, pop(t, n), why);
}

bool sl_neighbour_send_held(struct sl_neighbours *t, struct sl_neighbour *n)
{
	bool any = n->held > 0;

	while (n->held > 0)
		t->acts.send(t->acts.owner, n, pop(t, n));
	return any;
}

static void push(struct sl_neighbours *t, struct sl_neighbour *n, struct rte_mbuf *p)
{
	uint32_t i = t->free_hold;
	struct sl_neighbour_hold *h = &t->holds[i];

	t->free_hold = h->next;
	*h = (struct sl_neighbour_hold){.p = p,
					.entry = (uint32_t)(n - t->entries),
					.next = SL_NEIGHBOUR_NONE,
					.older = t->newest_hold,
					.newer = SL_NEIGHBOUR_NONE};
	if (t->newest_hold != SL_NEIGHBOUR_NONE)
		t->holds[t->newest_hold].newer = i;
	else
		t->oldest_hold = i;
	t->newest_hold = i;
	if (n->held > 0)
		t->holds[n->hold_last].next = i;
	else
		n->hold_first = i;
	n->hold_last = i;
	n->held++;
	t->held++;
}

void sl_neighbour_enqueue(struct sl_neighbours *t, struct sl_neighbour *n, struct rte_mbuf *p)
{
	struct sl_neighbour *victim = NULL;

	if (n->held == t->config.hold)
		victim = n;
	else if (t->held == t->config.holds)
		victim = &t->entries[t->holds[t->oldest_hold].entry];
	if (victim)
		t->acts.refuse(t->acts.owner, pop(t, victim), SL_NEIGHBOUR_QUEUE_FULL);
	push(t, n, p);
}

// ---- entries

static uint8_t part_of(const struct sl_neighbour *n, enum sl_neighbour_state state)
{
	bool parted = state >= SL_NEIGHBOUR_STALE && state <= SL_NEIGHBOUR_REACHABLE;

	return (uint8_t)(state + (parted && n->known ? KNOWN : 0));
}

static void leave(struct sl_neighbours *t, struct sl_neighbour *n)
{
	struct sl_neighbour_part *part = &t->parts[n->part];

	if (n->older != SL_NEIGHBOUR_NONE)
		t->entries[n->older].newer = n->newer;
	else
		part->oldest = n->newer;
	if (n->newer != SL_NEIGHBOUR_NONE)
		t->entries[n->newer].older = n->older;
	else
		part->newest = n->older;
	part->count--;
}

static void join(struct sl_neighbours *t, struct sl_neighbour *n, uint8_t to)
{
	struct sl_neighbour_part *part = &t->parts[to];
	uint32_t i = (uint32_t)(n - t->entries);

	n->part = to;
	n->older = part->newest;
	n->newer = SL_NEIGHBOUR_NONE;
	if (part->newest != SL_NEIGHBOUR_NONE)
		t->entries[part->newest].newer = i;
	else
		part->oldest = i;
	part->newest = i;
	part->count++;
}

// The slot that holds n.
static uint64_t slot_of(const struct sl_neighbours *t, const struct sl_neighbour *n)
{
	uint64_t i = sl_neighbours_hash(t, n->ip) & t->mask;

	while (t->slots[i].entry != (uint32_t)(n - t->entries))
		i = (i + 1) & t->mask;
	return i;
}

// Empty a slot and move up what stands behind it only because it was taken.
static void slot_clear(struct sl_neighbours *t, uint64_t gap)
{
	for (uint64_t i = (gap + 1) & t->mask; t->slots[i].entry != SL_NEIGHBOUR_NONE;
	     i = (i + 1) & t->mask) {
		const struct sl_neighbour *n = &t->entries[t->slots[i].entry];
		uint64_t home = sl_neighbours_hash(t, n->ip) & t->mask;

		if (((i - home) & t->mask) < ((i - gap) & t->mask))
			continue;
		t->slots[gap] = t->slots[i];
		gap = i;
	}
	t->slots[gap].entry = SL_NEIGHBOUR_NONE;
}

void sl_neighbour_forget(struct sl_neighbours *t, struct sl_neighbour *n,
			 enum sl_neighbour_refusal why)
{
	refuse_all(t, n, why);
	slot_clear(t, slot_of(t, n));
	leave(t, n);
	n->state = SL_NEIGHBOUR_FREE;
	n->newer = t->free_entry;
	t->free_entry = (uint32_t)(n - t->entries);
	t->count--;
}

static bool displace(struct sl_neighbours *t, unsigned part)
{
	if (t->parts[part].count == 0)
		return false;
	sl_neighbour_forget(t, &t->entries[t->parts[part].oldest], SL_NEIGHBOUR_TABLE_FULL);
	t->displaced++;
	return true;
}

// Have room for one more in a part. Where the table is full of better known neighbours, only those
// who are silent, or told about themselves and are not used, make room; for one that is fixed, all
// others do, the best known last.
static bool make_room(struct sl_neighbours *t, unsigned part)
{
	if (t->parts[part].count >= t->parts[part].share)
		return displace(t, part);
	if (t->free_entry != SL_NEIGHBOUR_NONE)
		return true;
	if (part != SL_NEIGHBOUR_PERMANENT)
		return displace(t, part) || displace(t, INCOMPLETE) || displace(t, HEARD);
	for (unsigned i = INCOMPLETE; i < SL_NEIGHBOUR_PARTS; i++)
		if (i != SL_NEIGHBOUR_PERMANENT && displace(t, i))
			return true;
	return false;
}

static uint64_t duration(const struct sl_neighbours *t, enum sl_neighbour_state state)
{
	switch (state) {
	case SL_NEIGHBOUR_INCOMPLETE:
	case SL_NEIGHBOUR_PROBE:
		return t->config.retransmit_ns;
	case SL_NEIGHBOUR_STALE:
		return t->config.stale_ns;
	case SL_NEIGHBOUR_DELAY:
		return t->config.delay_ns;
	case SL_NEIGHBOUR_REACHABLE:
		return t->config.reachable_ns;
	default:
		return 0;
	}
}

struct sl_neighbour *sl_neighbour_add(struct sl_neighbours *t, const uint8_t ip[16],
				      enum sl_neighbour_state state, bool known, uint64_t now_ns)
{
	const struct sl_neighbour fresh = {.state = (uint8_t)state, .known = known};
	uint64_t hash = sl_neighbours_hash(t, ip), slot = hash & t->mask;
	struct sl_neighbour *n;
	uint32_t i;

	if (!make_room(t, part_of(&fresh, state)))
		return NULL;
	i = t->free_entry;
	n = &t->entries[i];
	t->free_entry = n->newer;
	*n = fresh;
	memcpy(n->ip, ip, sizeof(n->ip));
	memcpy(n->header + 6, t->config.mac, 6);
	store_be16(n->header + 12, t->config.type);
	n->due_ns = now_ns + duration(t, state);
	join(t, n, part_of(n, state));
	while (t->slots[slot].entry != SL_NEIGHBOUR_NONE)
		slot = (slot + 1) & t->mask;
	t->slots[slot] = (struct sl_neighbour_slot){(uint32_t)(hash >> 32), i};
	t->count++;
	return n;
}

void sl_neighbour_become(struct sl_neighbours *t, struct sl_neighbour *n,
			 enum sl_neighbour_state state, uint64_t now_ns)
{
	uint8_t to = part_of(n, state);

	leave(t, n);
	if (t->parts[to].count >= t->parts[to].share)
		displace(t, to);
	if (state != n->state)
		n->tries = 0;
	n->state = (uint8_t)state;
	n->due_ns = now_ns + duration(t, state);
	join(t, n, to);
}

// ---- the whole

static void lay_out_parts(struct sl_neighbours *t)
{
	const uint32_t entries = t->config.entries;

	for (unsigned i = 0; i < SL_NEIGHBOUR_PARTS; i++)
		t->parts[i] = (struct sl_neighbour_part){SL_NEIGHBOUR_NONE, SL_NEIGHBOUR_NONE, 0,
							 UINT32_MAX};
	t->parts[INCOMPLETE].share = entries / 4;
	t->parts[HEARD].share = entries / 4;
	t->parts[SL_NEIGHBOUR_DELAY].share = entries / 8;
	t->parts[SL_NEIGHBOUR_PROBE].share = entries / 8;
	t->parts[SL_NEIGHBOUR_REACHABLE].share = entries / 8;
}

static void chain_free(struct sl_neighbours *t)
{
	for (uint32_t i = 0; i < t->config.entries; i++)
		t->entries[i].newer = i + 1 < t->config.entries ? i + 1 : SL_NEIGHBOUR_NONE;
	for (uint32_t i = 0; i < t->config.holds; i++)
		t->holds[i].next = i + 1 < t->config.holds ? i + 1 : SL_NEIGHBOUR_NONE;
}

struct sl_neighbours *sl_neighbours_create(const struct sl_neighbour_config *config,
					   const struct sl_neighbour_acts *acts)
{
	struct sl_neighbours *t = calloc(1, sizeof(*t));
	size_t slots = 1;

	if (!t)
		return NULL;
	while (slots < 2 * (size_t)config->entries)
		slots *= 2;
	t->config = *config;
	t->acts = *acts;
	t->mask = slots - 1;
	memcpy(t->seed, config->seed, sizeof(t->seed));
	t->slots = malloc(slots * sizeof(*t->slots));
	t->entries = aligned_alloc(SL_LINE, config->entries * sizeof(*t->entries));
	t->holds = calloc(config->holds, sizeof(*t->holds));
	if (!t->slots || !t->entries || !t->holds) {
		sl_neighbours_destroy(t);
		return NULL;
	}
	memset(t->slots, 0xff, slots * sizeof(*t->slots));
	memset(t->entries, 0, config->entries * sizeof(*t->entries));
	t->oldest_hold = t->newest_hold = SL_NEIGHBOUR_NONE;
	lay_out_parts(t);
	chain_free(t);
	return t;
}

void sl_neighbours_destroy(struct sl_neighbours *t)
{
	if (!t)
		return;
	for (uint32_t i = t->held ? t->oldest_hold : SL_NEIGHBOUR_NONE; i != SL_NEIGHBOUR_NONE;
	     i = t->holds[i].newer)
		sl_free(t->holds[i].p);
	free(t->slots);
	free(t->entries);
	free(t->holds);
	free(t);
}

// Take over one neighbour of another table, or what waits for it where it is fixed here.
static void move(struct sl_neighbours *t, struct sl_neighbours *old, struct sl_neighbour *from,
		 uint64_t now_ns)
{
	struct sl_neighbour *n = sl_neighbours_find(t, from->ip);
	bool fixed = n != NULL;

	if (!n && (from->state != SL_NEIGHBOUR_PERMANENT || from->lasting))
		n = sl_neighbour_add(t, from->ip, from->state, from->known, now_ns);
	if (!n) {
		refuse_all(old, from, SL_NEIGHBOUR_TABLE_FULL);
		return;
	}
	while (fixed && from->held > 0)
		t->acts.send(t->acts.owner, n, pop(old, from));
	if (fixed)
		return;
	sl_neighbour_set_address(n, from->header);
	n->tries = from->tries;
	n->asked = from->asked;
	n->lasting = from->lasting;
	n->due_ns = RTE_MIN(from->due_ns, n->due_ns);
	while (from->held > 0)
		sl_neighbour_enqueue(t, n, pop(old, from));
}

void sl_neighbours_adopt(struct sl_neighbours *t, struct sl_neighbours *old, uint64_t now_ns)
{
	for (unsigned part = SL_NEIGHBOUR_PARTS; part-- > INCOMPLETE;) { // the best known first
		uint32_t i = old->parts[part].oldest;

		for (; i != SL_NEIGHBOUR_NONE; i = old->entries[i].newer)
			move(t, old, &old->entries[i], now_ns);
	}
}
