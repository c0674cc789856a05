#include "core/ip/notices.h"

#include "core/ip/meta.h"

#include <errno.h>

static struct sl_notice *at(const struct sl_notices *n, uint32_t number)
{
	return sl_slots_at(&n->slots, number);
}

bool sl_notices_init(struct sl_notices *n, uint32_t max, const struct sl_sync *sync)
{
	*n = (struct sl_notices){.sync = sync};
	return sl_slots_init(&n->slots, max, sizeof(struct sl_notice));
}

void sl_notices_fini(struct sl_notices *n)
{
	sl_slots_fini(&n->slots);
}

// An address is another one with another prefix, too; a neighbour is not with another MAC.
static bool same(const struct sl_control *a, const struct sl_control *b)
{
	if (a->kind != b->kind || a->iface != b->iface)
		return false;
	if (a->kind == SL_CONTROL_NEIGHBOUR)
		return sl_ip_equal(&a->neighbour, &b->neighbour);
	return sl_ip_equal(&a->address.ip, &b->address.ip) && a->address.len == b->address.len;
}

static bool is_used(const struct sl_notice *e)
{
	return e->audience != 0;
}

static struct sl_notice *find(const struct sl_notices *n, const struct sl_control *record)
{
	for (uint32_t i = 1; i <= n->slots.high; i++)
		if (is_used(at(n, i)) && same(&at(n, i)->record, record))
			return at(n, i);
	return NULL;
}

static struct sl_notice *make(struct sl_notices *n, const struct sl_control *record,
			      uint64_t audience)
{
	uint32_t number = audience ? sl_slots_take(&n->slots) : 0;

	if (!number)
		return NULL;
	at(n, number)->record = *record;
	at(n, number)->audience = audience;
	return at(n, number);
}

int sl_notices_add(struct sl_notices *n, const struct sl_control *record, uint64_t audience,
		   bool by_event)
{
	struct sl_notice *e = find(n, record);

	if (e && !by_event && sl_heard_is_final(&e->heard, n->sync))
		return 0;
	if (!e)
		e = make(n, record, audience);
	if (!e)
		return audience ? -ENOSPC : 0;
	if (memcmp(e->record.mac, record->mac, sizeof(record->mac)) != 0)
		e->told = 0; // an addition takes the other's place
	memcpy(e->record.mac, record->mac, sizeof(record->mac));
	e->is_there = true;
	sl_heard_now(&e->heard, n->sync, by_event);
	n->has_news = true;
	return 0;
}

void sl_notices_remove(struct sl_notices *n, const struct sl_control *record)
{
	struct sl_notice *e = find(n, record);

	if (!e && n->sync->under_way)
		e = make(n, record, UINT64_MAX); // so that no dump brings it back
	if (!e)
		return;
	e->is_there = false;
	sl_heard_now(&e->heard, n->sync, true);
	n->has_news = true;
}

void sl_notices_sweep(struct sl_notices *n)
{
	for (uint32_t i = 1; i <= n->slots.high; i++)
		at(n, i)->is_there &= at(n, i)->heard.round == n->sync->round;
	n->has_news = true;
}

void sl_notices_set_up(struct sl_notices *n, uint16_t iface, bool up)
{
	uint64_t bit = UINT64_C(1) << iface;

	n->up = up ? n->up | bit : n->up & ~bit;
	n->has_news = true;
}

static bool is_wanted(const struct sl_notices *n, const struct sl_notice *e)
{
	return e->is_there && n->up >> e->record.iface & 1;
}

// Who waits to hear that it is there, or is no longer.
static uint64_t owed(const struct sl_notices *n, const struct sl_notice *e)
{
	return is_wanted(n, e) ? e->audience & ~e->told : e->told;
}

void sl_notices_retell(struct sl_notices *n,
		       uint64_t (*audience)(const struct sl_control *record, void *context),
		       void *context)
{
	for (uint32_t i = 1; i <= n->slots.high; i++) {
		struct sl_notice *e = at(n, i);

		if (!is_used(e))
			continue;
		e->audience = audience(&e->record, context);
		e->told = !is_wanted(n, e) && e->told ? e->audience : 0;
		if (!e->audience)
			sl_slots_give(&n->slots, i);
	}
	n->has_news = true;
}

void sl_notices_renumber(struct sl_notices *n, const uint16_t *to)
{
	uint64_t up = 0;

	for (unsigned i = 0; i < SL_IFACES_MAX; i++)
		if (n->up >> i & 1 && to[i] < SL_IFACES_MAX)
			up |= UINT64_C(1) << to[i];
	n->up = up;
	for (uint32_t i = 1; i <= n->slots.high; i++) {
		if (!is_used(at(n, i)))
			continue;
		at(n, i)->record.iface = to[at(n, i)->record.iface];
		if (at(n, i)->record.iface >= SL_IFACES_MAX)
			sl_slots_give(&n->slots, i);
	}
}

// Tell one of the listeners, if one waits. Returns which, or -1.
static int tell_one(struct sl_notices *n, struct sl_notice *e, uint64_t ready,
		    struct sl_control *record)
{
	uint64_t to = owed(n, e) & ready;
	uint64_t first = to & (~to + 1);

	if (!to)
		return -1;
	*record = e->record;
	record->remove = !is_wanted(n, e);
	e->told ^= first;
	return __builtin_ctzll(to);
}

// Free the slot of something that all have forgotten.
static void clear(struct sl_notices *n, uint32_t number)
{
	const struct sl_notice *e = at(n, number);

	if (is_used(e) && !e->is_there && !e->told && !sl_heard_is_final(&e->heard, n->sync))
		sl_slots_give(&n->slots, number);
}

bool sl_notices_tell(struct sl_notices *n, uint64_t ready, unsigned *listener,
		     struct sl_control *record)
{
	bool more = false;

	for (uint32_t i = 0; n->has_news && i < n->slots.high; i++) {
		uint32_t number = n->cursor % n->slots.high + 1;
		int to = tell_one(n, at(n, number), ready, record);

		if (to >= 0) { // there may be more in the same place
			*listener = (unsigned)to;
			return true;
		}
		more |= owed(n, at(n, number)) != 0;
		clear(n, number);
		n->cursor = number;
	}
	n->has_news = more;
	return false;
}

uint32_t sl_notices_count(const struct sl_notices *n, enum sl_control_kind kind)
{
	uint32_t count = 0;

	for (uint32_t i = 1; i <= n->slots.high; i++)
		count += is_used(at(n, i)) && at(n, i)->record.kind == kind &&
			 is_wanted(n, at(n, i));
	return count;
}
