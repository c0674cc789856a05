#include "drivers/kernel_follower.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

enum {
	MS = 1000000,        // nanoseconds
	PAUSE_NS = 250 * MS, // between two rounds of dumps
	TRIES = 8,           // rounds that tables changing underneath may spoil
	EVENTS = 64,         // messages of one portion
};

// ---- rounds of dumps

// Ask for the next dump; those a kernel does not have are passed over.
static void request(struct sl_kernel_follower *f, enum sl_kernel_dump stage)
{
	f->stage = stage;
	if (stage < SL_KERNEL_DUMPS &&
	    sl_kernel_request(f->dumps, stage, f->tables->table, ++f->seq) < 0) {
		f->stage = SL_KERNEL_DUMPS; // out of memory: later
		f->tables->wants_round = true;
	}
}

// The dump asked for has ended. Returns 0 or -errno.
static int end_of_dump(const struct nlmsghdr *h)
{
	int r = sl_netlink_read_result(h);

	// A kernel without such objects, or without the table, which comes with its first route.
	return r == -EOPNOTSUPP || r == -ENOENT ? 0 : r;
}

// Take a part of a dump in. Returns 1 where it goes on, 0 at its end, or -errno.
static int take_dump(struct sl_kernel_follower *f, size_t len)
{
	const uint8_t *at = f->buf;
	const struct nlmsghdr *h;

	while ((h = sl_netlink_next(&at, &len))) {
		if (h->nlmsg_seq != f->seq)
			continue;
		f->is_spoilt |= (h->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
			return end_of_dump(h);
		sl_kernel_tables_take(f->tables, h, false);
	}
	return 1;
}

// The dump of links is read at one go: no event may come between.
static int dump_links(struct sl_kernel_follower *f)
{
	int r;

	request(f, SL_KERNEL_LINKS);
	do {
		int len = sl_kernel_read(f->dumps, f->buf, SL_KERNEL_PORTION);

		r = len > 0 ? take_dump(f, (size_t)len) : len < 0 ? len : -EIO;
	} while (r > 0);
	sl_kernel_tables_end_links(f->tables);
	return r;
}

static void begin_round(struct sl_kernel_follower *f)
{
	f->is_spoilt = false;
	sl_kernel_tables_begin(f->tables);
	f->tables->wants_round = false;
	if (dump_links(f) < 0)
		f->tables->wants_round = true;
	request(f, SL_KERNEL_ADDRESSES);
}

static void end_round(struct sl_kernel_follower *f, uint64_t now_ns)
{
	f->pause_ns = now_ns + PAUSE_NS;
	if (f->is_spoilt && ++f->spoilt < TRIES) {
		f->tables->wants_round = true; // what was not met may be there all the same
		return;
	}
	f->spoilt = 0;
	if (f->tables->has_met_all) // else it is the first, at the start
		f->resyncs++;
	sl_kernel_tables_end(f->tables);
}

// One portion of the round under way. Returns whether there is more to do.
static bool go_round(struct sl_kernel_follower *f, uint64_t now_ns)
{
	int len, r;

	if (f->stage == SL_KERNEL_DUMPS) {
		if (!f->tables->wants_round || f->is_lost || now_ns < f->pause_ns)
			return false;
		begin_round(f);
		return true;
	}
	len = sl_kernel_read(f->dumps, f->buf, SL_KERNEL_PORTION);
	r = len > 0 ? take_dump(f, (size_t)len) : len < 0 ? len : 1;
	if (r < 0)
		f->is_spoilt = true;
	if (r <= 0)
		request(f, f->stage + 1);
	if (f->stage == SL_KERNEL_DUMPS)
		end_round(f, now_ns);
	return true;
}

// ---- events

static void take_events(struct sl_kernel_follower *f, size_t len)
{
	const uint8_t *at = f->buf;
	const struct nlmsghdr *h;

	while ((h = sl_netlink_next(&at, &len)))
		sl_kernel_tables_take(f->tables, h, true);
}

// Returns whether more may wait.
static bool read_events(struct sl_kernel_follower *f)
{
	for (unsigned i = 0; i < EVENTS; i++) {
		int len = sl_kernel_read(f->events, f->buf, SL_KERNEL_BUFFER);

		if (len > 0) {
			take_events(f, (size_t)len);
		} else if (len < 0) {
			// The kernel drops all further events until what waits has been read.
			f->is_lost = true;
		} else {
			f->tables->wants_round |= f->is_lost;
			f->is_lost = false;
			return false;
		}
	}
	return true;
}

bool sl_kernel_follower_step(struct sl_kernel_follower *f, uint64_t now_ns)
{
	bool busy = read_events(f);

	return go_round(f, now_ns) || busy;
}

// ---- life

int sl_kernel_follower_open(struct sl_kernel_follower *f, struct sl_error *err)
{
	int r;

	f->buf = malloc(SL_KERNEL_BUFFER);
	if (!f->buf)
		return sl_error_set(err, -ENOMEM, "out of memory");
	// First the events: what changes while the dumps are made is in both.
	f->events = sl_kernel_open_events(err);
	if (!f->events)
		return -errno;
	f->dumps = sl_kernel_open_dumps(err);
	if (!f->dumps)
		return -errno;
	sl_kernel_tables_begin(f->tables);
	r = dump_links(f);
	if (r < 0)
		return sl_error_set(err, r, "the kernel does not tell its devices: %s",
				    strerror(-r));
	f->tables->wants_round = true;
	f->stage = SL_KERNEL_DUMPS;
	return 0;
}

void sl_kernel_follower_close(struct sl_kernel_follower *f)
{
	if (f->dumps)
		mnl_socket_close(f->dumps);
	if (f->events)
		mnl_socket_close(f->events);
	free(f->buf);
	f->dumps = f->events = NULL;
	f->buf = NULL;
}
