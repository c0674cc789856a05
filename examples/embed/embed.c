// embed: a program of its own that runs Sluice inside, with an app of its own between two of the
// library's. It makes packets, turns each one round (swaps its MAC addresses), and counts.
//
//   cc -O2 -o embed embed.c $(pkg-config --cflags --libs sluice)
//   ./embed 1000
//
// With the static library, everything else from the distribution being shared:
//   libs="$(pkg-config --libs libdpdk libsodium libpcap libfyaml libmnl) -lm"
//   flags=$(pkg-config --cflags --libs-only-L sluice)
//   cc -O2 -o embed embed.c $flags -l:libsluice.a $libs

#include <errno.h>
#include <sluice/stats.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { IN };
enum { OUT };
enum { DROP_SHORT };
enum { MAC = 6 }; // bytes of an address; a frame starts with the receiver's, then the sender's

struct turn {
	struct sl_app app; // first member; the engine wires it
};

static void turn_push(struct sl_app *app)
{
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, IN, p, SL_BURST), kept = 0;

	for (unsigned i = 0; i < n; i++) {
		uint8_t *frame = sl_data(p[i]), receiver[MAC];

		if (sl_len(p[i]) < 2 * MAC) {
			sl_app_drop(app, p[i], DROP_SHORT);
			continue;
		}
		memcpy(receiver, frame, MAC);
		memcpy(frame, frame + MAC, MAC);
		memcpy(frame + MAC, receiver, MAC);
		p[kept++] = p[i];
	}
	sl_app_give(app, OUT, p, kept);
}

static const struct sl_app_class turn_class = {
	.name = "turn",
	.help = "swaps the MAC addresses of every frame",
	.inputs = {[IN] = "in"},
	.outputs = {[OUT] = "out"},
	.drops = {[DROP_SHORT] = "short"},
	.size = sizeof(struct turn),
	.push = turn_push,
};

// source -> turn -> sink, by the calls that a program builds a graph with.
static int build(struct sl_graph *g, const char *count, struct sl_error *err)
{
	int r = sl_graph_add(g, "in", "source", err);

	if (r == 0)
		r = sl_graph_set(g, "in", "count", count, false, err);
	if (r == 0)
		r = sl_graph_add(g, "turn", "turn", err);
	if (r == 0)
		r = sl_graph_add(g, "out", "sink", err);
	if (r == 0)
		r = sl_graph_link(g, "in -> turn -> out", err);
	return r;
}

static int run(struct sl_engine *e, const struct sl_graph *g, struct sl_error *err)
{
	static const struct timespec moment = {.tv_nsec = 1000 * 1000};
	int r = sl_engine_apply(e, g, err);

	if (r == 0)
		r = sl_engine_start(e, err);
	while (r == 0 && !sl_engine_drained(e))
		nanosleep(&moment, NULL); // the packets are the workers' business
	sl_engine_stop(e);
	return r;
}

static void report(struct sl_engine *e)
{
	const struct sl_stats *s = sl_stats_read(e);

	for (size_t i = 0; s && i < s->n_apps; i++)
		printf("%-5s made %lu, took %lu, gave %lu, absorbed %lu\n", s->apps[i].name,
		       s->apps[i].created, s->apps[i].in, s->apps[i].out, s->apps[i].consumed);
	sl_stats_free(s);
}

int main(int argc, char **argv)
{
	struct sl_graph *g = sl_graph_create();
	struct sl_engine *e = NULL;
	struct sl_error err = {0};
	char text[1200];
	int r = g ? sl_class_register(&turn_class) : -ENOMEM;

	if (r < 0)
		sl_error_set(&err, r, "cannot begin: %s", strerror(-r));
	if (r == 0)
		r = sl_engine_create(&e, NULL, &err);
	if (r == 0)
		r = build(g, argc > 1 ? argv[1] : "1000", &err);
	if (r == 0)
		r = run(e, g, &err);
	if (r == 0) {
		report(e);
	} else {
		sl_error_format(&err, text, sizeof(text));
		fprintf(stderr, "embed: %s\n", text);
	}
	sl_engine_destroy(e);
	sl_graph_destroy(g);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
