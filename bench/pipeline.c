#include "bench/pipeline.h"

#include "core/eal.h"

#include <stdio.h>
#include <stdlib.h>

enum { BREATHS = 4096 };

static void exit_on(int code, const struct sl_error *err)
{
	char text[1200];

	if (code >= 0)
		return;
	sl_error_format(err, text, sizeof(text));
	fprintf(stderr, "bench: %s\n", text);
	exit(1);
}

struct sl_engine_options bench_options(void)
{
	return (struct sl_engine_options){.no_huge = getenv("BENCH_HUGE") == NULL};
}

void bench_eal(void)
{
	struct sl_engine_options options = bench_options();
	struct sl_error err = {0};

	exit_on(sl_eal_init(&options, &err), &err);
}

void bench_pipeline_open_graph(struct bench_pipeline *b, struct sl_graph *g, const char *sink)
{
	struct sl_engine_options options = bench_options();
	struct sl_error err = {0};

	*b = (struct bench_pipeline){.sink = sink, .breaths = BREATHS};
	exit_on(sl_engine_create(&b->engine, &options, &err), &err);
	exit_on(sl_engine_apply(b->engine, g, &err), &err);
	sl_graph_destroy(g);
}

void bench_pipeline_open(struct bench_pipeline *b, const char *line, const char *sink)
{
	struct sl_graph *g = sl_graph_create();
	struct sl_error err = {0};

	exit_on(sl_graph_pipeline(g, line, NULL, NULL, &err), &err);
	bench_pipeline_open_graph(b, g, sink);
}

void bench_pipeline_close(struct bench_pipeline *b)
{
	sl_engine_destroy(b->engine);
}

static uint64_t arrived(const struct bench_pipeline *b)
{
	const struct sl_stats *s = sl_stats_read(b->engine);
	uint64_t n = sl_stats_app(s, b->sink)->in;

	sl_stats_free(s);
	return n;
}

uint64_t bench_pipeline_turn(void *arg)
{
	struct bench_pipeline *b = arg;
	uint64_t before = arrived(b);

	for (unsigned i = 0; i < b->breaths; i++)
		sl_engine_breathe(b->engine);
	return arrived(b) - before;
}

uint64_t bench_pipeline_drain(struct bench_pipeline *b)
{
	uint64_t before = arrived(b);

	do {
		for (unsigned i = 0; i < b->breaths; i++)
			sl_engine_breathe(b->engine);
	} while (!sl_engine_drained(b->engine));
	return arrived(b) - before;
}
