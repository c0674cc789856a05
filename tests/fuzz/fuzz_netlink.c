// fuzz_netlink: messages of the kernel, whole or broken, as events and as dumps. Whatever they say,
// what the router has been told in the end is what it would be told anew.

#include "drivers/kernel_tables.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

enum { ALL = 4096 }; // prefixes looked at by one call

static uint64_t everybody(const struct sl_control *c, void *context)
{
	(void)c;
	(void)context;
	return 3;
}

// Messages that end a dump begin and end rounds, too.
static void take(struct sl_kernel_tables *t, const struct nlmsghdr *h)
{
	sl_kernel_tables_take(t, h, !(h->nlmsg_flags & NLM_F_MULTI));
	if (h->nlmsg_type != NLMSG_DONE)
		return;
	(void)sl_netlink_read_result(h);
	if (sl_rib_sync(t->rib)->under_way) {
		sl_kernel_tables_end_links(t);
		sl_kernel_tables_end(t);
	} else {
		sl_kernel_tables_begin(t);
	}
}

static unsigned tell_routes(struct sl_kernel_tables *t, uint8_t family, unsigned *removed)
{
	struct sl_control c;
	unsigned added = 0, budget;

	for (;;) {
		budget = ALL;
		if (!sl_rib_tell(t->rib, family, &budget, &c)) {
			if (budget)
				return added;
			continue;
		}
		if (c.route.prefix.ip.family != family || c.route.n_hops > SL_ROUTE_HOPS_MAX)
			abort();
		for (unsigned i = 0; i < c.route.n_hops; i++)
			if (c.route.hops[i].iface >= t->n_devices || !c.route.hops[i].weight)
				abort();
		added += !c.remove;
		*removed += c.remove;
	}
}

static void tell(struct sl_kernel_tables *t, unsigned *added, unsigned *removed)
{
	struct sl_control c;
	unsigned listener;

	while (sl_rib_walk(t->rib, ALL))
		;
	*added = tell_routes(t, 4, removed);
	*added += tell_routes(t, 6, removed);
	while (sl_notices_tell(&t->notices, 3, &listener, &c))
		if (c.iface >= t->n_devices || listener > 1)
			abort();
}

static void check(struct sl_kernel_tables *t)
{
	unsigned added, removed = 0;

	tell(t, &added, &removed);
	sl_rib_retell(t->rib);
	removed = 0;
	tell(t, &added, &removed);
	if (removed || added != sl_rib_count_told(t->rib))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sl_kernel_limits limits = {
		.rib = {.routes = 64, .sets = 16, .nexthops = 16}, .notices = 16};
	struct sl_kernel_tables t = {.n_devices = 2, .table = 254, .audience = everybody};
	// Aligned, and ending where its memory does: what is read beyond it is found.
	size_t room = (size + 15) / 16 * 16, whole = (size + 3) / 4 * 4;
	uint8_t *memory = aligned_alloc(16, room + !room * 16), *bytes = memory + room - whole;
	const uint8_t *at = bytes;
	const struct nlmsghdr *h;

	memcpy(t.devices[0].name, "lan0", 5);
	memcpy(t.devices[1].name, "wan0", 5);
	if (sl_kernel_tables_init(&t, &limits) < 0)
		abort();
	memcpy(bytes, data, size);
	while ((h = sl_netlink_next(&at, &size))) {
		take(&t, h);
		if (h->nlmsg_seq & 1) // now and then, as the router has room
			check(&t);
	}
	check(&t);
	sl_kernel_tables_fini(&t);
	free(memory);
	return 0;
}
