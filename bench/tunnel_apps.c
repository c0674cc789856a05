#include "bench/tunnel_apps.h"

#include "apps/tunnel.h"
#include "bench/harness.h"

#include <rte_cycles.h>
#include <sluice/graph.h>
#include <stdio.h>
#include <stdlib.h>

struct bench_loop bench_loops[BENCH_LOOPS];
static struct sl_tunnel *newest;

// ---- loops

static void *take_memory(size_t bytes)
{
	void *p = malloc(bytes);

	if (p)
		return p;
	fprintf(stderr, "bench: out of memory\n");
	exit(1);
}

void bench_loop_init(unsigned loop, unsigned n, uint16_t len)
{
	struct bench_loop *l = &bench_loops[loop];
	size_t each = RTE_ALIGN_CEIL(len, 16);

	free(l->bytes);
	free(l->packets);
	*l = (struct bench_loop){.size = n * each, .max = n};
	l->bytes = take_memory(l->size + 1);
	l->packets = take_memory(n * sizeof(l->packets[0]));
}

void bench_loop_add(struct bench_loop *l, const uint8_t *bytes, uint16_t len)
{
	uint8_t *to = l->bytes + l->used;

	if (l->n == l->max || l->used + len > l->size)
		return;
	memcpy(to, bytes, len);
	l->packets[l->n++] = (struct bench_packet){to, len};
	l->used += RTE_ALIGN_CEIL(len, 16);
}

// Make the replay windows of all peers forget what they saw, so that the packets can come again.
// That is not part of what is measured.
static void forget(struct sl_tunnel *t)
{
	uint64_t start = rte_rdtsc();

	for (uint32_t i = 0; t && i < t->max_peers; i++) {
		struct sl_session *s = sl_session(&t->peers[i].sessions, SL_CURRENT);

		s->open.replay = (struct sl_replay){0};
	}
	bench_exclude(rte_rdtsc() - start);
}

struct sl_tunnel *bench_tunnel(void)
{
	return newest;
}

// ---- bench-peers

void bench_peer_address(uint32_t peer, uint8_t address[4])
{
	store_be32(address, 0x0a000000 + peer);
}

struct peers_config {
	uint64_t n;
};

struct peers {
	struct sl_app app;
	uint32_t n, told;
	uint8_t step; // of enum step, of the peer that is told next
};

enum step { PEER, PREFIX, SESSION, STEPS };

// One key both ways, so that a tunnel opens what another of its kind has sealed.
static void tell_keys(struct sl_tunnel_record *r)
{
	memset(r->keys.send, 0x5a, sizeof(r->keys.send));
	memcpy(r->keys.send, &r->peer, sizeof(r->peer));
	memcpy(r->keys.receive, r->keys.send, sizeof(r->keys.receive));
	r->keys.local = r->keys.remote = r->peer * 2654435761u; // as if at random
	r->keys.is_initiator = r->keys.shared = true;
}

static struct sl_tunnel_record record(const struct peers *self)
{
	static const uint8_t kinds[STEPS] = {SL_TUNNEL_PEER, SL_TUNNEL_ALLOW, SL_TUNNEL_SESSION};
	struct sl_tunnel_record r = {.kind = kinds[self->step], .peer = self->told};

	r.endpoint = (struct sl_endpoint){{4, {192, 0, 2, 2}}, 51820};
	r.source = (struct sl_endpoint){{4, {192, 0, 2, 1}}, 51820};
	if (self->step == PREFIX) {
		r.prefix = (struct sl_prefix){.ip.family = 4, .len = 32};
		bench_peer_address(r.peer, r.prefix.ip.bytes);
	}
	if (self->step == SESSION)
		tell_keys(&r);
	return r;
}

static void peers_pull(struct sl_app *app)
{
	struct peers *self = (struct peers *)app;
	struct sl_tunnel_record r = record(self);
	struct rte_mbuf *p;

	if (self->told == self->n || !sl_alloc_burst(app->pool, &p, 1))
		return;
	sl_app_created(app, 1);
	while (self->told < self->n && sl_tunnel_record_put(p, &r)) {
		self->step = (uint8_t)((self->step + 1) % STEPS);
		self->told += self->step == PEER;
		r = record(self);
	}
	sl_app_give_one(app, 0, p);
}

static int peers_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	(void)err;
	((struct peers *)app)->n = (uint32_t)((const struct peers_config *)config)->n;
	return 0;
}

static const struct sl_key peers_keys[] = {
	{.name = "n",
	 .type = SL_UINT,
	 .offset = offsetof(struct peers_config, n),
	 .required = true},
	{0},
};

static const struct sl_app_class peers_class = {
	.name = "bench-peers",
	.outputs = {"out"},
	.keys = peers_keys,
	.config_size = sizeof(struct peers_config),
	.size = sizeof(struct peers),
	.configure = peers_configure,
	.pull = peers_pull,
};

// ---- bench-feed and bench-keep

struct loop_config {
	uint64_t loop;
};

struct loop_app {
	struct sl_app app;
	struct bench_loop *loop;
	struct sl_tunnel *opener; // of a loop of sealed packets
};

static int loop_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	(void)err;
	((struct loop_app *)app)->loop = &bench_loops[((const struct loop_config *)config)->loop];
	return 0;
}

static const struct sl_key loop_keys[] = {
	{.name = "loop",
	 .type = SL_UINT,
	 .offset = offsetof(struct loop_config, loop),
	 .required = true,
	 .max = BENCH_LOOPS - 1},
	{0},
};

static void feed_pull(struct sl_app *app)
{
	struct loop_app *self = (struct loop_app *)app;
	struct bench_loop *l = self->loop;
	unsigned n = (unsigned)RTE_MIN(RTE_MIN((uint64_t)(l->n - l->next), l->left),
				       (uint64_t)SL_BURST);
	struct rte_mbuf *p[SL_BURST];

	if (n == 0 || !sl_alloc_burst(app->pool, p, n))
		return;
	if (l->next == 0) // all of the last time have been opened
		forget(self->opener);
	for (unsigned i = 0; i < n; i++) {
		const struct bench_packet *from = &l->packets[l->next + i];

		memcpy(sl_append(p[i], from->len), from->bytes, from->len);
	}
	sl_app_created(app, n);
	sl_app_give(app, 0, p, n);
	l->left -= n;
	l->next = (l->next + n) % l->n;
}

static void feed_settle(struct sl_app *app, const struct sl_apps *apps)
{
	struct loop_app *self = (struct loop_app *)app;

	newest = (struct sl_tunnel *)(uintptr_t)sl_app_find(apps, "tunnel");
	if ((self->loop - bench_loops) % BENCH_KINDS == BENCH_SEALED)
		self->opener = newest;
}

static const struct sl_app_class feed_class = {
	.name = "bench-feed",
	.outputs = {"out"},
	.keys = loop_keys,
	.config_size = sizeof(struct loop_config),
	.size = sizeof(struct loop_app),
	.configure = loop_configure,
	.settle = feed_settle,
	.pull = feed_pull,
};

static void keep_push(struct sl_app *app)
{
	struct bench_loop *l = ((struct loop_app *)app)->loop;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, 0, p, SL_BURST);

	for (unsigned i = 0; i < n; i++)
		bench_loop_add(l, sl_data(p[i]), sl_len(p[i]));
	sl_app_consumed(app, n);
	sl_free_burst(p, n);
}

static const struct sl_app_class keep_class = {
	.name = "bench-keep",
	.inputs = {"in"},
	.keys = loop_keys,
	.config_size = sizeof(struct loop_config),
	.size = sizeof(struct loop_app),
	.configure = loop_configure,
	.push = keep_push,
};

void bench_tunnel_register(void)
{
	sl_class_register(&peers_class);
	sl_class_register(&feed_class);
	sl_class_register(&keep_class);
}
