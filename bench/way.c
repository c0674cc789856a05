// way: what each app of a router adds to the way of a packet, in one process on a looped
// capture.

#include "bench/captures.h"
#include "bench/harness.h"
#include "bench/pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	LOOPED = 1000, // packets of a capture
	STEPS = 4,
};

// The apps on the way, each with what leads from it to the next. The capture's packets go to
// 198.19.0.1.
static const struct {
	const char *app, *output;
} apps[STEPS] = {
	{NULL, "out"}, // the capture
	{"ethernet-in: {mac: '02:00:00:00:00:02'}", "ipv4"},
	{"ipv4-input: {}", "out"},
	{"ipv4-route: {interfaces: [wan], routes: ['198.19.0.0/16 via 10.0.0.2 dev wan']}", "wan"},
};

// A pipeline of the first n apps.
static void open_way(struct bench_pipeline *b, const char *path, unsigned n)
{
	struct sl_graph *g = sl_graph_create();
	char yaml[4096], text[1200], app[512];
	struct sl_error err = {0};
	size_t len = (size_t)snprintf(yaml, sizeof(yaml), "apps:\n  sink: sink\n");

	for (unsigned i = 0; i < n; i++) {
		snprintf(app, sizeof(app), "pcap-reader: {file: '%s', loop: forever}", path);
		len += (size_t)snprintf(yaml + len, sizeof(yaml) - len, "  s%u: {%s}\n", i,
					apps[i].app ? apps[i].app : app);
	}
	len += (size_t)snprintf(yaml + len, sizeof(yaml) - len, "links:\n");
	for (unsigned i = 0; i < n; i++)
		len += (size_t)snprintf(yaml + len, sizeof(yaml) - len, "  - s%u.%s -> %s%.0u\n", i,
					apps[i].output, i + 1 < n ? "s" : "sink",
					i + 1 < n ? i + 1 : 0);
	if (sl_graph_parse(g, yaml, "router", &err) < 0) {
		sl_error_format(&err, text, sizeof(text));
		fprintf(stderr, "bench: %s\n", text);
		exit(1);
	}
	bench_pipeline_open_graph(b, g, "sink");
}

int main(void)
{
	static const uint16_t small[] = {64, 0};
	struct bench_pipeline steps[STEPS];
	struct bench benches[STEPS] = {
		{"capture", bench_pipeline_turn, &steps[0], NULL},
		{"... ethernet-in", bench_pipeline_turn, &steps[1], NULL},
		{"... ipv4-input", bench_pipeline_turn, &steps[2], NULL},
		{"... ipv4-route", bench_pipeline_turn, &steps[3], NULL},
	};
	char *path;

	bench_eal();
	bench_start("way");
	path = bench_capture_make(small, LOOPED);
	for (unsigned i = 0; i < STEPS; i++)
		open_way(&steps[i], path, i + 1);
	bench_run(&(struct bench_table){"a packet's way through a router, 64 bytes", "packet",
					benches, STEPS});
	for (unsigned i = 0; i < STEPS; i++)
		bench_pipeline_close(&steps[i]);
	unlink(path);
	free(path);
	return 0;
}
