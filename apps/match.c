// match: compares two streams packet by packet. Ports: a (expected), b (got) -> none.
// Config: hold, wait.

#include "apps/classes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { A, B };
enum { METRIC_MATCHED, METRIC_DIFFERING, METRIC_MISSING, METRIC_EXTRA };
enum { TICK_NS = 1000000 };

struct config {
	uint64_t hold;
	uint64_t wait_ns;
};

// Packets whose counterpart has not come yet.
struct queue {
	struct rte_mbuf **packets; // a ring of match.hold
	uint64_t head, tail;
};

struct match {
	struct sl_app app;
	struct queue side[2];
	uint64_t hold;
	uint64_t compared;          // pairs so far
	uint64_t quiet, wait_ticks; // ticks since a packet came
	char failure[128];          // the first difference
};

static uint64_t waiting(const struct queue *q)
{
	return q->tail - q->head;
}

static void fill(struct match *self, unsigned side)
{
	struct queue *q = &self->side[side];
	struct rte_mbuf *p[SL_BURST];
	uint64_t room = self->hold - waiting(q);
	unsigned n = sl_app_take(&self->app, side, p, (unsigned)RTE_MIN(room, (uint64_t)SL_BURST));

	for (unsigned i = 0; i < n; i++)
		q->packets[q->tail++ % self->hold] = p[i];
	if (n > 0)
		self->quiet = 0;
}

static struct rte_mbuf *next(struct match *self, unsigned side)
{
	struct queue *q = &self->side[side];

	return q->packets[q->head++ % self->hold];
}

static void absorb(struct match *self, struct rte_mbuf *p)
{
	sl_app_consumed(&self->app, 1);
	sl_free(p);
}

// First byte that differs; the shorter length where one begins like the other.
static unsigned first_difference(const struct rte_mbuf *a, const struct rte_mbuf *b)
{
	unsigned i = 0, n = RTE_MIN(sl_len(a), sl_len(b));

	while (i < n && sl_data(a)[i] == sl_data(b)[i])
		i++;
	return i;
}

static void compare(struct match *self, const struct rte_mbuf *a, const struct rte_mbuf *b)
{
	bool same = sl_len(a) == sl_len(b) && memcmp(sl_data(a), sl_data(b), sl_len(a)) == 0;

	self->compared++;
	sl_app_metric_add(&self->app, same ? METRIC_MATCHED : METRIC_DIFFERING, 1);
	if (same || self->failure[0])
		return;
	snprintf(self->failure, sizeof(self->failure),
		 "packet %" PRIu64 " differs at byte %u: %u bytes expected, %u bytes got",
		 self->compared, first_difference(a, b), sl_len(a), sl_len(b));
	sl_app_fail(&self->app, self->failure);
}

static void set_held(struct match *self)
{
	sl_app_set_held(&self->app, waiting(&self->side[A]) + waiting(&self->side[B]));
}

static void match_push(struct sl_app *app)
{
	struct match *self = (struct match *)app;

	fill(self, A);
	fill(self, B);
	while (waiting(&self->side[A]) > 0 && waiting(&self->side[B]) > 0) {
		struct rte_mbuf *a = next(self, A), *b = next(self, B);

		compare(self, a, b);
		absorb(self, a);
		absorb(self, b);
	}
	set_held(self);
}

// Give up on the counterparts of what one side holds.
static void give_up(struct match *self, unsigned side, unsigned metric, const char *what)
{
	uint64_t n = waiting(&self->side[side]);

	if (n == 0)
		return;
	sl_app_metric_add(&self->app, metric, n);
	while (waiting(&self->side[side]) > 0)
		absorb(self, next(self, side));
	if (self->failure[0])
		return;
	snprintf(self->failure, sizeof(self->failure),
		 "%" PRIu64 " packets %s after packet %" PRIu64, n, what, self->compared);
	sl_app_fail(&self->app, self->failure);
}

static void match_tick(struct sl_app *app)
{
	struct match *self = (struct match *)app;

	if (++self->quiet < self->wait_ticks)
		return;
	self->quiet = 0;
	give_up(self, A, METRIC_MISSING, "missing");
	give_up(self, B, METRIC_EXTRA, "too many");
	set_held(self);
}

static void match_needs(const void *config, struct sl_needs *needs)
{
	needs->packets = (uint32_t)((const struct config *)config)->hold * 2;
}

static int match_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	const struct config *c = config;
	struct match *self = (struct match *)app;

	self->hold = c->hold;
	self->wait_ticks = RTE_MAX(c->wait_ns / TICK_NS, (uint64_t)1);
	for (unsigned side = A; side <= B; side++) {
		self->side[side].packets = calloc(c->hold, sizeof(struct rte_mbuf *));
		if (!self->side[side].packets)
			return sl_error_set(err, -ENOMEM, "no memory to hold %" PRIu64 " packets",
					    c->hold);
	}
	return 0;
}

static void match_stop(struct sl_app *app)
{
	struct match *self = (struct match *)app;

	for (unsigned side = A; side <= B; side++) {
		while (waiting(&self->side[side]) > 0)
			sl_free(next(self, side));
		free(self->side[side].packets);
	}
}

static const struct sl_key keys[] = {
	{.name = "hold",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, hold),
	 .preset = "1024",
	 .help = "packets by which one stream may be ahead of the other; more wait in its link",
	 .min = 1,
	 .max = 1 << 20},
	{.name = "wait",
	 .type = SL_DURATION,
	 .offset = offsetof(struct config, wait_ns),
	 .preset = "1s",
	 .help = "when nothing has come for so long, what is held counts as missing or extra",
	 .max = 3600e9},
	{0},
};

const struct sl_app_class sl_match_class = {
	.name = "match",
	.help = "compare two streams packet by packet\n"
		"`a` is what is expected, `b` what came. The first packet of one is compared "
		"with the first of the other, byte by byte, and so on; times play no part. The "
		"metrics `matched` and `differing` count pairs; `missing` and `extra` count "
		"the packets that `a` and `b` had more than the other. The first difference "
		"makes the app fail, with a text that says where: the command then ends with a "
		"failure. A packet lost on the way makes all behind it differ.",
	.inputs = {[A] = "a", [B] = "b"},
	.metrics = {[METRIC_MATCHED] = "matched",
		    [METRIC_DIFFERING] = "differing",
		    [METRIC_MISSING] = "missing",
		    [METRIC_EXTRA] = "extra"},
	.keys = keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct match),
	.needs = match_needs,
	.configure = match_configure,
	.push = match_push,
	.tick = match_tick,
	.stop = match_stop,
};
