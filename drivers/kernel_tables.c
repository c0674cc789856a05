#include "drivers/kernel_tables.h"

#include <errno.h>
#include <linux/rtnetlink.h>

int sl_kernel_tables_init(struct sl_kernel_tables *t, const struct sl_kernel_limits *limits)
{
	t->rib = sl_rib_create(&limits->rib);
	if (!t->rib)
		return -ENOMEM;
	return sl_notices_init(&t->notices, limits->notices, sl_rib_sync(t->rib)) ? 0 : -ENOMEM;
}

void sl_kernel_tables_fini(struct sl_kernel_tables *t)
{
	sl_notices_fini(&t->notices);
	sl_rib_destroy(t->rib);
	t->rib = NULL;
}

// The interface whose device has the index, SL_IFACE_NONE where none has.
static uint16_t iface_of(const struct sl_kernel_tables *t, uint32_t index)
{
	for (uint16_t i = 0; i < t->n_devices; i++)
		if (index && t->devices[i].index == index)
			return i;
	return SL_IFACE_NONE;
}

static uint16_t iface_named(const struct sl_kernel_tables *t, const char *name)
{
	for (uint16_t i = 0; i < t->n_devices; i++)
		if (*name && strcmp(t->devices[i].name, name) == 0)
			return i;
	return SL_IFACE_NONE;
}

void sl_kernel_tables_adopt(struct sl_kernel_tables *t, struct sl_kernel_tables *from)
{
	uint16_t to[SL_IFACES_MAX];

	for (unsigned i = 0; i < SL_IFACES_MAX; i++)
		to[i] = i < from->n_devices ? iface_named(t, from->devices[i].name) : SL_IFACE_NONE;
	sl_kernel_tables_fini(t);
	t->rib = from->rib;
	t->notices = from->notices;
	from->rib = NULL;
	from->notices = (struct sl_notices){.up = 0};
	for (unsigned i = 0; i < from->n_devices; i++)
		if (to[i] != SL_IFACE_NONE)
			t->devices[to[i]] = from->devices[i];
	sl_rib_renumber(t->rib, to);
	sl_notices_renumber(&t->notices, to);
	t->refused = from->refused;
	t->malformed = from->malformed;
	t->has_met_all = from->has_met_all;
	t->wants_round = true;
}

static void note(struct sl_kernel_tables *t, int result)
{
	if (result < 0) {
		t->refused++;
		t->is_full = true;
	}
}

// ---- devices

static void go_down(struct sl_kernel_tables *t, uint16_t iface)
{
	struct sl_kernel_device *d = &t->devices[iface];

	if (d->is_up) {
		sl_rib_down(t->rib, iface);
		sl_notices_set_up(&t->notices, iface, false);
	}
	d->is_up = false;
	t->wants_round = true;
}

static void go_away(struct sl_kernel_tables *t, uint16_t iface)
{
	go_down(t, iface);
	t->devices[iface].index = 0;
}

static void set_device(struct sl_kernel_tables *t, uint16_t iface, const struct sl_netlink_link *l)
{
	struct sl_kernel_device *d = &t->devices[iface];

	if (d->index != l->device)
		go_away(t, iface);
	d->index = l->device;
	d->is_met = true;
	if (d->is_up && !l->is_up)
		go_down(t, iface);
	if (!d->is_up && l->is_up) {
		d->is_up = true;
		sl_notices_set_up(&t->notices, iface, true);
		t->wants_round = true;
	}
	// Its loss and its return change routes without a word.
	if (d->is_running != l->is_running)
		t->wants_round = true;
	d->is_running = l->is_running;
}

static void take_link(struct sl_kernel_tables *t, const struct sl_netlink *m)
{
	uint16_t before = iface_of(t, m->link.device), now = iface_named(t, m->link.name);

	if (before != SL_IFACE_NONE && (m->remove || now != before))
		go_away(t, before);
	if (now != SL_IFACE_NONE && !m->remove)
		set_device(t, now, &m->link);
}

void sl_kernel_tables_begin(struct sl_kernel_tables *t)
{
	t->is_full = false;
	for (unsigned i = 0; i < t->n_devices; i++)
		t->devices[i].is_met = false;
	sl_rib_begin(t->rib);
}

void sl_kernel_tables_end_links(struct sl_kernel_tables *t)
{
	for (unsigned i = 0; i < t->n_devices; i++)
		if (!t->devices[i].is_met && t->devices[i].index)
			go_away(t, (uint16_t)i);
	t->wants_round = false; // what follows tells it
}

void sl_kernel_tables_end(struct sl_kernel_tables *t)
{
	sl_notices_sweep(&t->notices);
	sl_rib_end(t->rib);
	t->has_met_all = true;
}

// ---- addresses and neighbours

static void take_record(struct sl_kernel_tables *t, const struct sl_control *c, bool there,
			bool by_event)
{
	if (there)
		note(t, sl_notices_add(&t->notices, c, t->audience(c, t->context), by_event));
	else
		sl_notices_remove(&t->notices, c);
}

static void take_address(struct sl_kernel_tables *t, const struct sl_netlink *m, bool by_event)
{
	struct sl_control c = {.kind = SL_CONTROL_ADDRESS, .address = m->address.prefix};

	c.iface = iface_of(t, m->address.device);
	if (c.iface == SL_IFACE_NONE)
		return;
	take_record(t, &c, !m->remove && m->address.is_ready, by_event);
	// The kernel removes the IPv4 routes that came from it, or had it as source, silently.
	if (m->remove)
		t->wants_round = true;
}

static void take_neighbour(struct sl_kernel_tables *t, const struct sl_netlink *m, bool by_event)
{
	struct sl_control c = {.kind = SL_CONTROL_NEIGHBOUR, .neighbour = m->neighbour.ip};

	c.iface = iface_of(t, m->neighbour.device);
	memcpy(c.mac, m->neighbour.mac, sizeof(c.mac));
	if (c.iface != SL_IFACE_NONE)
		take_record(t, &c, !m->remove && m->neighbour.is_static, by_event);
}

// ---- routes

// Copy a hop. Returns false where its device is not ours.
static bool translate(const struct sl_kernel_tables *t, const struct sl_netlink_hop *from,
		      struct sl_hop *to)
{
	uint16_t iface = iface_of(t, from->device);

	if (iface == SL_IFACE_NONE)
		return false;
	*to = (struct sl_hop){.life = sl_rib_life(t->rib, iface),
			      .gateway = from->gateway,
			      .iface = iface,
			      .weight = from->weight,
			      .unusable = from->unusable};
	return true;
}

static bool is_followed(const struct sl_kernel_tables *t, const struct sl_netlink_route *r)
{
	if (r->table != t->table)
		return false;
	// Each link has them, and the router knows.
	return r->prefix.ip.family == 4 ||
	       (!(sl_ip_is_link_local(&r->prefix.ip) && r->prefix.len >= 10) &&
		!sl_ip_is_multicast(&r->prefix.ip));
}

// Whether the router can do all that the route asks for.
static bool is_fit(const struct sl_netlink_route *r)
{
	bool fit = !r->has_more;

	for (unsigned i = 0; i < r->n_hops; i++)
		fit &= !r->hops[i].unusable && (!r->hops[i].gateway.family ||
						r->hops[i].gateway.family == r->prefix.ip.family);
	return fit;
}

static enum sl_rib_how how_of(const struct sl_netlink *m, bool by_event)
{
	if (!by_event)
		return SL_RIB_DUMPED;
	if (m->flags & NLM_F_REPLACE)
		return SL_RIB_REPLACE;
	return m->flags & NLM_F_APPEND ? SL_RIB_LAST : SL_RIB_FIRST;
}

// Later rounds tell of it again.
static void count_refused(struct sl_kernel_tables *t, const struct sl_netlink *m, bool by_event)
{
	t->refused += !m->remove && (by_event || !t->has_met_all);
}

static void take_route(struct sl_kernel_tables *t, const struct sl_netlink *m, bool by_event)
{
	const struct sl_netlink_route *r = &m->route;
	struct sl_rib_route to = {
		.prefix = r->prefix, .metric = r->metric, .nexthop = r->nexthop, .kind = r->kind};

	if (!is_followed(t, r))
		return;
	if (r->is_special) {
		count_refused(t, m, by_event);
		return;
	}
	// What the kernel does not use now may be what it used when we heard of the route.
	for (unsigned i = 0; i < r->n_hops && r->kind == SL_ROUTE_FORWARD; i++)
		if (m->remove || !r->hops[i].is_dead)
			to.n_hops += translate(t, &r->hops[i], &to.hops[to.n_hops]);
	if (m->remove) {
		sl_rib_remove(t->rib, &to);
		return;
	}
	if (to.n_hops > 0 && !is_fit(r))
		count_refused(t, m, by_event);
	note(t, sl_rib_add(t->rib, &to, how_of(m, by_event)));
}

static void take_nexthop(struct sl_kernel_tables *t, const struct sl_netlink *m, bool by_event)
{
	const struct sl_netlink_nexthop *from = &m->nexthop;
	struct sl_nexthop to = {.id = from->id, .kind = from->kind, .n_members = from->n_members};

	if (m->remove) {
		sl_rib_remove_nexthop(t->rib, from->id);
		t->wants_round = true; // IPv4 routes by it went silently
		return;
	}
	to.is_elsewhere = from->hop.is_dead || !translate(t, &from->hop, &to.hop);
	for (unsigned i = 0; i < from->n_members; i++)
		to.members[i] = (struct sl_nexthop_member){from->members[i].id,
							   from->members[i].weight};
	note(t, sl_rib_add_nexthop(t->rib, &to, by_event));
}

void sl_kernel_tables_take(struct sl_kernel_tables *t, const struct nlmsghdr *h, bool by_event)
{
	struct sl_netlink m;

	if (sl_netlink_read(h, &m) < 0) {
		t->malformed++;
		return;
	}
	switch (m.kind) {
	case SL_NETLINK_LINK:
		take_link(t, &m);
		break;
	case SL_NETLINK_ADDRESS:
		take_address(t, &m, by_event);
		break;
	case SL_NETLINK_NEIGHBOUR:
		take_neighbour(t, &m, by_event);
		break;
	case SL_NETLINK_ROUTE:
		take_route(t, &m, by_event);
		break;
	case SL_NETLINK_NEXTHOP:
		take_nexthop(t, &m, by_event);
		break;
	case SL_NETLINK_OTHER:
		break;
	}
}
