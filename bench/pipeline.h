// pipeline: an engine that a bench runs on its own thread.
#pragma once

#include <sluice/stats.h>

struct bench_pipeline {
	struct sl_engine *engine;
	const char *sink; // the app whose packets count
	unsigned breaths; // of one turn
};

// Build an engine that runs the pipeline line, or exit with the error. Packets that reach the app
// named `sink` count.
void bench_pipeline_open(struct bench_pipeline *b, const char *line, const char *sink);

// The same for a graph; takes ownership of g.
void bench_pipeline_open_graph(struct bench_pipeline *b, struct sl_graph *g, const char *sink);

void bench_pipeline_close(struct bench_pipeline *b);

// A turn that runs until the engine is drained, however many breaths that takes.
uint64_t bench_pipeline_drain(struct bench_pipeline *b);

// A turn of a struct bench: arg is a struct bench_pipeline. Returns packets that reached the sink.
uint64_t bench_pipeline_turn(void *arg);

// Initialise EAL, or exit with the error.
void bench_eal(void);

// Options every bench creates its engine with: hugepages only where $BENCH_HUGE is set.
struct sl_engine_options bench_options(void);
