// change: how long forwarding stands still while the running graph is changed.
//
// A worker passes packets as fast as it can while the control thread replaces the app in the
// middle, again and again. The source notes the longest time between two of its pulls; the sink
// would see a lost packet. A row without any change says what the machine does by itself.

#include "bench/harness.h"
#include "bench/pipeline.h"

#include <rte_cycles.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	CHANGES = 200,
	BETWEEN_US = 2000, // changes
};

static _Atomic uint64_t longest; // TSC cycles between two pulls, since it was last set to 0

struct beat {
	struct sl_app app;
	uint64_t last, next;
};

static void beat_pull(struct sl_app *app)
{
	struct beat *self = (struct beat *)app;
	uint64_t now = rte_rdtsc(), gap = self->last ? now - self->last : 0;
	struct rte_mbuf *p[SL_BURST];

	self->last = now;
	if (gap > atomic_load_explicit(&longest, memory_order_relaxed))
		atomic_store_explicit(&longest, gap, memory_order_relaxed);
	if (sl_link_room(app->out[0]) < SL_BURST || !sl_alloc_burst(app->pool, p, SL_BURST))
		return;
	for (unsigned i = 0; i < SL_BURST; i++) {
		sl_set_len(p[i], 60);
		sl_set_stamp_ns(p[i], self->next++);
	}
	sl_app_created(app, SL_BURST);
	sl_app_give(app, 0, p, SL_BURST);
}

static void order_push(struct sl_app *app)
{
	struct beat *self = (struct beat *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, 0, p, SL_BURST);

	for (unsigned i = 0; i < n; i++) {
		sl_app_metric_add(app, 0, sl_stamp_ns(p[i]) != self->next);
		self->next = sl_stamp_ns(p[i]) + 1;
	}
	sl_app_consumed(app, n);
	sl_free_burst(p, n);
}

static const struct sl_app_class beat_class = {
	.name = "beat",
	.help = "notes the time between its pulls",
	.outputs = {"out"},
	.size = sizeof(struct beat),
	.pull = beat_pull,
};

static const struct sl_app_class order_class = {
	.name = "order",
	.help = "notes packets that are not the successor of the one before",
	.inputs = {"in"},
	.metrics = {"wrong"},
	.size = sizeof(struct beat),
	.push = order_push,
};

static struct sl_graph *graph(unsigned variant)
{
	struct sl_graph *g = sl_graph_create();
	char line[128];

	snprintf(line, sizeof(line), "beat -> middle=truncate %u -> order", 1000 + variant);
	if (sl_graph_pipeline(g, line, NULL, NULL, NULL) < 0)
		exit(1);
	sl_graph_set_idle(g, 0);
	return g;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void print(const char *name, double *us)
{
	qsort(us, CHANGES, sizeof(*us), compare);
	printf("  %-40s %8.1f %8.1f %8.1f %8.1f\n", name, us[CHANGES / 10], us[CHANGES / 2],
	       us[CHANGES - 1 - CHANGES / 10], us[CHANGES - 1]);
}

static double microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int main(void)
{
	static double still[CHANGES], changed[CHANGES], apply[CHANGES];
	struct bench_pipeline b;
	const struct sl_stats *s;

	bench_eal();
	bench_start("change");
	if (sl_class_register(&beat_class) < 0 || sl_class_register(&order_class) < 0)
		return 1;
	bench_pipeline_open_graph(&b, graph(0), "order");
	if (sl_engine_start(b.engine, NULL) < 0)
		return 1;
	for (unsigned i = 0; i < CHANGES; i++) {
		struct sl_graph *g = graph(i % 2 + 1);
		double begin;

		atomic_store(&longest, 0);
		usleep(BETWEEN_US);
		still[i] = (double)atomic_exchange(&longest, 0) * 1e6 / (double)rte_get_tsc_hz();
		begin = microseconds();
		if (sl_engine_apply(b.engine, g, NULL) < 0)
			return 1;
		apply[i] = microseconds() - begin;
		usleep(BETWEEN_US);
		changed[i] = (double)atomic_load(&longest) * 1e6 / (double)rte_get_tsc_hz();
		sl_graph_destroy(g);
	}
	printf("\n%d changes of one app under traffic, microseconds\n  %-40s %8s %8s %8s %8s\n",
	       CHANGES, "", "10%", "median", "90%", "max");
	print("longest time between two pulls, no change", still);
	print("longest time between two pulls, a change", changed);
	print("the call of sl_engine_apply", apply);
	s = sl_stats_read(b.engine);
	printf("  packets lost or out of order: %lu of %lu\n",
	       (unsigned long)sl_app_stats_metric(sl_stats_app(s, "order"), "wrong"),
	       (unsigned long)sl_stats_app(s, "order")->in);
	sl_stats_free(s);
	bench_pipeline_close(&b);
	return 0;
}
