// impair: a bad network. Ports: in -> out. Config: see `keys`.
//
// A packet's fate is drawn from the seed, the kind of impairment and the packet's number alone:
// the same input meets the same fate whatever the timing, and turning one impairment on or off
// leaves the others as they were.
//
// A packet passes, in this order: loss, corruption, duplication, reordering, delay.

#include "apps/classes.h"
#include "apps/copy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { IN };
enum { OUT };
enum { DROP_LOST, DROP_HOLD_FULL, DROP_NO_COPY };
enum { METRIC_CORRUPTED, METRIC_DUPLICATED, METRIC_REORDERED };
enum { LOSS, CORRUPT, DUPLICATE, REORDER, JITTER, KINDS };
enum { TICK_NS = 1000000 };

struct config {
	double chance[KINDS]; // not of JITTER
	uint64_t gap, wait_ns;
	uint64_t delay_ns, jitter_ns;
	uint64_t hold;
	uint64_t seed;
};

struct held {
	struct rte_mbuf *packet;
	uint64_t until; // time it leaves, ns; or number of the packet that it lets go first
};

// A ring; head and tail never wrap.
struct queue {
	struct held *slots;
	uint64_t size, head, tail;
};

struct impair {
	struct sl_app app;
	uint64_t key[KINDS];       // what a kind's draws begin with
	uint64_t threshold[KINDS]; // of 2^53
	uint64_t number;           // packets taken
	uint64_t passed;           // packets that came to reordering
	uint64_t gap;
	uint64_t delay_ns, jitter_ns;
	uint64_t passed_at_tick, quiet, wait_ticks; // ticks without a packet
	struct queue aside;                         // packets that let others pass
	struct queue delayed;
	struct rte_mbuf *burst[SL_BURST]; // on their way out
	unsigned n_burst;
};

static uint64_t count(const struct queue *q)
{
	return q->tail - q->head;
}

static void put(struct queue *q, struct rte_mbuf *p, uint64_t until)
{
	q->slots[q->tail++ % q->size] = (struct held){p, until};
}

static struct held *first(const struct queue *q)
{
	return &q->slots[q->head % q->size];
}

// SplitMix64 (Steele, Lea, Flood 2014), by number instead of in sequence.
static uint64_t draw(uint64_t key, uint64_t number)
{
	uint64_t x = key + (number + 1) * 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static bool happens(const struct impair *self, unsigned kind, uint64_t number)
{
	return self->threshold[kind] != 0 &&
	       draw(self->key[kind], number) >> 11 < self->threshold[kind];
}

static void flush(struct impair *self)
{
	if (self->n_burst > 0)
		sl_app_give(&self->app, OUT, self->burst, self->n_burst);
	self->n_burst = 0;
}

static void leave(struct impair *self, struct rte_mbuf *p)
{
	self->burst[self->n_burst++] = p;
	if (self->n_burst == SL_BURST)
		flush(self);
}

// The time a packet leaves that comes now: never before the one in front of it.
static uint64_t due(const struct impair *self)
{
	uint64_t ns = self->app.now_ns + self->delay_ns, last;

	if (self->jitter_ns > 0) {
		uint64_t r = draw(self->key[JITTER], self->passed) >> 11;
		uint64_t extra = (uint64_t)((double)r * 0x1p-53 *
					    (double)(2 * self->jitter_ns + 1));

		ns = ns + extra > self->app.now_ns + self->jitter_ns ? ns + extra - self->jitter_ns
								     : self->app.now_ns;
	}
	if (count(&self->delayed) == 0)
		return ns;
	last = self->delayed.slots[(self->delayed.tail - 1) % self->delayed.size].until;
	return RTE_MAX(ns, last);
}

static void delay(struct impair *self, struct rte_mbuf *p)
{
	if (self->delay_ns == 0 && self->jitter_ns == 0 && count(&self->delayed) == 0)
		leave(self, p);
	else if (count(&self->delayed) == self->delayed.size)
		sl_app_drop(&self->app, p, DROP_HOLD_FULL);
	else
		put(&self->delayed, p, due(self));
}

static void reorder(struct impair *self, struct rte_mbuf *p, bool late)
{
	uint64_t number = self->passed++;

	if (late) {
		put(&self->aside, p, number + self->gap);
		sl_app_metric_add(&self->app, METRIC_REORDERED, 1);
	} else {
		delay(self, p);
	}
	while (count(&self->aside) > 0 && first(&self->aside)->until <= number) {
		delay(self, first(&self->aside)->packet);
		self->aside.head++;
	}
}

static void corrupt(struct impair *self, struct rte_mbuf *p, uint64_t number)
{
	uint64_t bit;

	if (sl_len(p) == 0)
		return;
	bit = draw(~self->key[CORRUPT], number) % (sl_len(p) * 8U);
	sl_data(p)[bit / 8] ^= (uint8_t)(1U << bit % 8);
	sl_app_metric_add(&self->app, METRIC_CORRUPTED, 1);
}

static void impair_one(struct impair *self, struct rte_mbuf *p)
{
	struct rte_mbuf *copy = NULL;
	uint64_t number = self->number++;

	if (happens(self, LOSS, number)) {
		sl_app_drop(&self->app, p, DROP_LOST);
		return;
	}
	if (happens(self, CORRUPT, number))
		corrupt(self, p, number);
	if (happens(self, DUPLICATE, number) &&
	    sl_app_copy(&self->app, &p, 1, &copy, DROP_NO_COPY) == 1)
		sl_app_metric_add(&self->app, METRIC_DUPLICATED, 1);
	else
		copy = NULL;
	reorder(self, p, happens(self, REORDER, number));
	if (copy)
		reorder(self, copy, false);
}

// End of a callback: send what is on its way out, say what is held and when to be called again.
static void settle(struct impair *self)
{
	flush(self);
	sl_app_set_held(&self->app, count(&self->aside) + count(&self->delayed));
	if (count(&self->delayed) > 0)
		sl_app_wake_at(&self->app, first(&self->delayed)->until);
	if (count(&self->aside) > 0)
		sl_app_wake_at(&self->app, self->app.now_ns + TICK_NS);
}

// Let go what is due, as far as the output has room: it can wait here.
static void impair_pull(struct sl_app *app)
{
	struct impair *self = (struct impair *)app;
	struct queue *q = &self->delayed;
	uint64_t room = app->out[OUT] ? sl_link_room(app->out[OUT]) : UINT64_MAX;

	for (; count(q) > 0 && first(q)->until <= app->now_ns && room > 0; room--) {
		leave(self, first(q)->packet);
		q->head++;
	}
	settle(self);
}

static void impair_push(struct sl_app *app)
{
	struct impair *self = (struct impair *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, IN, p, SL_BURST);

	for (unsigned i = 0; i < n; i++)
		impair_one(self, p[i]);
	settle(self);
}

// Packets set aside wait for later ones, but not for ever. Counted in ticks and not by the clock,
// or a worker that was held up would find them overdue though packets wait in the link.
static void impair_tick(struct sl_app *app)
{
	struct impair *self = (struct impair *)app;

	self->quiet = self->passed == self->passed_at_tick ? self->quiet + 1 : 0;
	self->passed_at_tick = self->passed;
	if (self->quiet < self->wait_ticks)
		return;
	for (; count(&self->aside) > 0; self->aside.head++)
		delay(self, first(&self->aside)->packet);
	settle(self);
}

static void impair_needs(const void *config, struct sl_needs *needs)
{
	const struct config *c = config;

	needs->packets = SL_BURST;
	if (c->delay_ns > 0 || c->jitter_ns > 0)
		needs->packets += (uint32_t)c->hold;
	if (c->chance[REORDER] > 0)
		needs->packets += (uint32_t)c->gap;
}

static int create(struct queue *q, uint64_t size, struct sl_error *err)
{
	q->slots = calloc(size, sizeof(*q->slots));
	q->size = size;
	return q->slots ? 0
			: sl_error_set(err, -ENOMEM, "no memory to hold %" PRIu64 " packets", size);
}

static int impair_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	const struct config *c = config;
	struct impair *self = (struct impair *)app;
	int rc;

	for (unsigned kind = 0; kind < KINDS; kind++) {
		self->threshold[kind] = (uint64_t)(c->chance[kind] * 0x1p53);
		self->key[kind] = draw(c->seed, kind);
	}
	self->gap = c->gap;
	self->delay_ns = c->delay_ns;
	self->jitter_ns = c->jitter_ns;
	self->wait_ticks = RTE_MAX(c->wait_ns / TICK_NS, (uint64_t)1);
	rc = create(&self->aside, c->gap + 1, err);
	return rc ? rc : create(&self->delayed, c->hold, err);
}

// What the old instance delays goes on being delayed; what it has set aside lines up behind.
static void impair_adopt(struct sl_app *app, struct sl_app *old)
{
	struct impair *self = (struct impair *)app, *before = (struct impair *)old;
	struct queue *const from[] = {&before->delayed, &before->aside};

	for (unsigned i = 0; i < RTE_DIM(from); i++)
		for (; count(from[i]) > 0; from[i]->head++) {
			struct held *h = first(from[i]);

			if (count(&self->delayed) < self->delayed.size)
				put(&self->delayed, h->packet, i == 0 ? h->until : 0);
			else
				sl_app_drop(app, h->packet, DROP_HOLD_FULL);
		}
	sl_app_set_held(old, 0);
	sl_app_set_held(app, count(&self->delayed));
}

static void destroy(struct queue *q)
{
	for (; count(q) > 0; q->head++)
		sl_free(first(q)->packet);
	free(q->slots);
}

static void impair_stop(struct sl_app *app)
{
	destroy(&((struct impair *)app)->aside);
	destroy(&((struct impair *)app)->delayed);
}

static const struct sl_key keys[] = {
	{.name = "loss",
	 .type = SL_REAL,
	 .offset = offsetof(struct config, chance[LOSS]),
	 .preset = "0",
	 .help = "chance that a packet is dropped, as `lost`: 0.01 or 1%",
	 .max = 1},
	{.name = "corrupt",
	 .type = SL_REAL,
	 .offset = offsetof(struct config, chance[CORRUPT]),
	 .preset = "0",
	 .help = "chance that one bit of a frame, any of them, is flipped",
	 .max = 1},
	{.name = "duplicate",
	 .type = SL_REAL,
	 .offset = offsetof(struct config, chance[DUPLICATE]),
	 .preset = "0",
	 .help = "chance that a packet is followed by a copy of itself",
	 .max = 1},
	{.name = "reorder",
	 .type = SL_REAL,
	 .offset = offsetof(struct config, chance[REORDER]),
	 .preset = "0",
	 .help = "chance that a packet lets later ones pass",
	 .max = 1},
	{.name = "reorder-gap",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, gap),
	 .preset = "3",
	 .help = "how many later packets it lets pass",
	 .min = 1,
	 .max = 4096},
	{.name = "reorder-wait",
	 .type = SL_DURATION,
	 .offset = offsetof(struct config, wait_ns),
	 .preset = "100ms",
	 .help = "how long it waits for them once nothing comes any more",
	 .max = 3600e9},
	{.name = "delay",
	 .type = SL_DURATION,
	 .offset = offsetof(struct config, delay_ns),
	 .preset = "0",
	 .help = "time every packet is held",
	 .max = 3600e9},
	{.name = "jitter",
	 .type = SL_DURATION,
	 .offset = offsetof(struct config, jitter_ns),
	 .preset = "0",
	 .help = "the delay varies by up to so much both ways, evenly; order is kept",
	 .max = 3600e9},
	{.name = "hold",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, hold),
	 .preset = "10k",
	 .help = "packets held by the delay at most; more are dropped as `hold_full`",
	 .min = 1,
	 .max = 1 << 20},
	{.name = "seed",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, seed),
	 .preset = "1",
	 .help = "another seed gives the packets another fate"},
	{0},
};

const struct sl_app_class sl_impair_class = {
	.name = "impair",
	.help = "lose, corrupt, duplicate, reorder and delay packets\n"
		"Each packet meets, in this order: loss; corruption, which flips one bit; "
		"duplication, whose copy has the flipped bit too; reordering; delay. A "
		"reordered packet steps aside until `reorder-gap` later ones (lost ones do not "
		"count, copies do) have come, and goes right behind the last of them. Delay "
		"and jitter keep the order: a packet never leaves before the one in front, so "
		"with jitter the average delay is above `delay`.\n"
		"The same seed and the same input give the same packets in the same order, "
		"byte for byte, whatever the timing and on every machine; each impairment is "
		"drawn on its own, so changing one leaves the others as they were. Exceptions: "
		"packets set aside longer than `reorder-wait`, and drops as `hold_full` (delay "
		"x packet rate must fit in `hold`) or `no_copy` (the pool of packets was "
		"empty).",
	.inputs = {[IN] = "in"},
	.outputs = {[OUT] = "out"},
	.drops = {[DROP_LOST] = "lost", [DROP_HOLD_FULL] = "hold_full", [DROP_NO_COPY] = "no_copy"},
	.metrics = {[METRIC_CORRUPTED] = "corrupted",
		    [METRIC_DUPLICATED] = "duplicated",
		    [METRIC_REORDERED] = "reordered"},
	.keys = keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct impair),
	.delays = true,
	.needs = impair_needs,
	.configure = impair_configure,
	.adopt = impair_adopt,
	.pull = impair_pull,
	.push = impair_push,
	.tick = impair_tick,
	.stop = impair_stop,
};
