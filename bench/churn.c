// churn: forwarding while routes change: none, a million of them arriving, 10,000 changes a second.
//
// Packets to random routes go through ipv4-route as fast as it takes them, while records as of the
// kernel come on its other input. The time between two pulls of the source is what a packet may
// have to wait. It is processor time of the thread, so that other programs of a shared core do not
// count; and no packet may be lost.

#include "bench/harness.h"
#include "bench/pipeline.h"
#include "core/ip/control.h"
#include "core/ip/meta.h"
#include "core/proto/checksum.h"
#include "core/proto/ipv4.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	ROUTES = 1000000,
	PER_SECOND = 10000, // changes in turmoil
	RECORDS = 32,       // in a packet
	SECONDS = 5,
	GAPS = 10000, // of a histogram in microseconds
};

enum phase { STILL, LOADING, TURMOIL };

static enum phase phase;
static uint64_t changes;        // made so far
static uint64_t gaps[GAPS + 1]; // pulls by the time since the one before, microseconds
static uint64_t longest_ns;

static uint32_t random_word(uint64_t i)
{
	i *= 0x9e3779b97f4a7c15u;
	i ^= i >> 32;
	i *= 0xd6e8feb86659fd93u;
	return (uint32_t)(i >> 32);
}

// The prefix of route i, the same each time: a /24 in 1.0.0.0 to 127.255.255.0.
static uint32_t prefix(uint64_t i)
{
	return (0x01000000 + random_word(i % ROUTES) % 0x7f000000) & 0xffffff00;
}

static uint64_t thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

// ---- packets

struct traffic {
	struct sl_app app;
	uint64_t last_ns, n;
};

static void build(struct rte_mbuf *p, uint64_t i)
{
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)sl_append(p, 50);

	*ip = (struct sl_ipv4_hdr){.version_ihl = 0x45,
				   .total_len = {0, 50},
				   .ttl = 64,
				   .protocol = 17,
				   .src = {198, 18, 0, 1}};
	store_be32(ip->dst, prefix(random_word(i)) | 1);
	sl_ip_meta_arrive(p, 0, 0);
}

static void note_gap(struct traffic *self)
{
	uint64_t now = thread_ns(), gap = self->last_ns ? now - self->last_ns : 0;

	self->last_ns = now;
	gaps[RTE_MIN(gap / 1000, (uint64_t)GAPS)]++;
	longest_ns = RTE_MAX(longest_ns, gap);
}

static void traffic_pull(struct sl_app *app)
{
	struct traffic *self = (struct traffic *)app;
	struct rte_mbuf *p[SL_BURST];

	note_gap(self);
	if (sl_link_room(app->out[0]) < SL_BURST || !sl_alloc_burst(app->pool, p, SL_BURST))
		return;
	for (unsigned i = 0; i < SL_BURST; i++)
		build(p[i], self->n++);
	sl_app_created(app, SL_BURST);
	sl_app_give(app, 0, p, SL_BURST);
}

static const struct sl_app_class traffic_class = {
	.name = "traffic",
	.help = "packets to random routes",
	.outputs = {"out"},
	.size = sizeof(struct traffic),
	.pull = traffic_pull,
};

// ---- records

struct kernel {
	struct sl_app app;
	uint64_t begin_ns, done; // of turmoil
};

// Load: route by route. Turmoil: one goes, one comes back by another way.
static void write_record(struct rte_mbuf *p, uint64_t i)
{
	struct sl_control c = {.kind = SL_CONTROL_ROUTE, .route = {.n_hops = 1}};
	uint64_t route = phase == LOADING ? i : random_word(i / 2);

	c.remove = phase == TURMOIL && i % 2 == 0;
	c.route.prefix = (struct sl_prefix){.ip.family = 4, .len = 24};
	store_be32(c.route.prefix.ip.bytes, prefix(route));
	c.route.hops[0] = (struct sl_route_hop){.gateway.family = 4, .weight = 1};
	store_be32(c.route.hops[0].gateway.bytes, 0x0a000000 + (uint32_t)(i % 200));
	sl_control_put(p, &c);
}

static void write_records(struct kernel *self, unsigned n)
{
	struct rte_mbuf *p;

	if (!sl_link_room(self->app.out[0]) || !sl_alloc_burst(self->app.pool, &p, 1))
		return;
	for (unsigned i = 0; i < n; i++)
		write_record(p, changes++);
	self->done += n;
	sl_app_created(&self->app, 1);
	sl_app_give(&self->app, 0, &p, 1);
}

static void kernel_pull(struct sl_app *app)
{
	struct kernel *self = (struct kernel *)app;
	uint64_t due;

	if (phase == LOADING && changes < ROUTES)
		write_records(self, RECORDS);
	if (phase != TURMOIL)
		return;
	if (self->begin_ns == 0)
		self->begin_ns = app->now_ns;
	due = (app->now_ns - self->begin_ns) * PER_SECOND / 1000000000;
	if (due >= self->done + RECORDS)
		write_records(self, RECORDS);
}

static const struct sl_app_class kernel_class = {
	.name = "records",
	.help = "records as of the kernel",
	.outputs = {"out"},
	.size = sizeof(struct kernel),
	.pull = kernel_pull,
};

// ---- phases

static struct sl_graph *graph(void)
{
	static const char yaml[] = "apps:\n"
				   "  traffic: traffic\n"
				   "  kernel: records\n"
				   "  route: {ipv4-route: {interfaces: [wan], max-routes: 2M}}\n"
				   "  wan: sink\n"
				   "  error: sink\n"
				   "links:\n"
				   "  - traffic -> route.in\n"
				   "  - kernel -> route.control\n"
				   "  - route.wan -> wan\n"
				   "  - route.error -> error\n";
	struct sl_graph *g = sl_graph_create();

	if (sl_graph_parse(g, yaml, "churn", NULL) < 0)
		exit(1);
	return g;
}

static double percentile(double share)
{
	uint64_t sum = 0, below = 0;
	unsigned i = 0;

	for (unsigned k = 0; k <= GAPS; k++)
		sum += gaps[k];
	while (i < GAPS && (double)(below += gaps[i]) < share * (double)sum)
		i++;
	return i;
}

static uint64_t lost(const struct sl_stats *s)
{
	uint64_t drops = 0;

	for (size_t i = 0; i < s->n_links; i++)
		drops += s->links[i].drops;
	return drops;
}

static void run(struct bench_pipeline *b, enum phase next, const char *name)
{
	const struct sl_stats *s = sl_stats_read(b->engine);
	uint64_t begin = thread_ns(), first = changes;
	uint64_t before = sl_stats_app(s, "traffic")->created;
	bool again = true;

	sl_stats_free(s);
	memset(gaps, 0, sizeof(gaps));
	longest_ns = 0;
	phase = next;
	while (again) {
		for (unsigned i = 0; i < 1024; i++)
			sl_engine_breathe(b->engine);
		again = next == LOADING ? changes < ROUTES
					: thread_ns() - begin < SECONDS * 1000000000ull;
	}
	s = sl_stats_read(b->engine);
	printf("  %-24s %8.2f %8.2f %9lu %8.0f %8.0f %8.0f %6lu\n", name,
	       (double)(thread_ns() - begin) / 1e9,
	       (double)(sl_stats_app(s, "traffic")->created - before) * 1e3 /
		       (double)(thread_ns() - begin),
	       (unsigned long)(changes - first), percentile(0.5), percentile(0.999),
	       (double)longest_ns / 1e3, (unsigned long)lost(s));
	sl_stats_free(s);
}

int main(void)
{
	struct bench_pipeline b;

	bench_eal();
	bench_start("churn");
	if (sl_class_register(&traffic_class) < 0 || sl_class_register(&kernel_class) < 0)
		return 1;
	bench_pipeline_open_graph(&b, graph(), "wan");
	printf("\npackets to random routes while routes change; microseconds between two bursts\n"
	       "  %-24s %8s %8s %9s %8s %8s %8s %6s\n",
	       "", "seconds", "Mpps", "changes", "median", "99.9%%", "longest", "lost");
	run(&b, LOADING, "a million routes arrive");
	run(&b, STILL, "nothing changes");
	run(&b, TURMOIL, "10,000 changes a second");
	bench_pipeline_close(&b);
	return 0;
}
