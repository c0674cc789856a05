#include "core/order.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { NEW, OPEN, DONE };

// A depth-first walk. Finished apps are put in front of those finished before them, which is a
// topological order and keeps chains together.
struct walk {
	size_t n;
	size_t *start; // wires[start[i] .. start[i + 1]) leave app i
	size_t *wires; // indices, grouped by the app they leave
	size_t *next;  // per app: the next of its wires to look at
	size_t *path;  // apps being walked, outermost first
	char *state;
	size_t *order;
	size_t placed; // order[n - placed ..] is final
	size_t path_len;
	size_t cycle_wire; // the wire that closed a cycle
};

static void walk_fini(struct walk *k)
{
	free(k->start);
	free(k->wires);
	free(k->next);
	free(k->path);
	free(k->state);
}

static bool is_source(const struct sl_wiring *w, size_t app)
{
	return w->apps[app].class->pull && !w->apps[app].class->delays;
}

static bool counts(const struct sl_wiring *w, size_t wire, bool all)
{
	size_t from = w->wires[wire].from;

	return all || (!is_source(w, from) && !w->apps[from].class->loops);
}

// Group the wires that count by the app they leave.
static int walk_init(struct walk *k, const struct sl_wiring *w, size_t *order, bool all)
{
	size_t at = 0;

	*k = (struct walk){.n = w->n_apps, .order = order};
	k->start = calloc(k->n + 1, sizeof(*k->start));
	k->wires = calloc(w->n_wires + 1, sizeof(*k->wires));
	k->next = calloc(k->n + 1, sizeof(*k->next));
	k->path = calloc(k->n + 1, sizeof(*k->path));
	k->state = calloc(k->n + 1, 1);
	if (!k->start || !k->wires || !k->next || !k->path || !k->state)
		return -ENOMEM;
	for (size_t i = 0; i < w->n_wires; i++)
		if (counts(w, i, all))
			k->start[w->wires[i].from + 1]++;
	for (size_t i = 0; i < k->n; i++) {
		at += k->start[i + 1];
		k->start[i + 1] = at;
		k->next[i] = k->start[i];
	}
	for (size_t i = 0; i < w->n_wires; i++)
		if (counts(w, i, all))
			k->wires[k->next[w->wires[i].from]++] = i;
	for (size_t i = 0; i < k->n; i++)
		k->next[i] = k->start[i];
	return 0;
}

static void enter(struct walk *k, size_t app)
{
	k->state[app] = OPEN;
	k->path[k->path_len++] = app;
}

// Walk everything behind `root`. Returns -ELOOP where the way comes back to itself, unless
// cycles are allowed.
static int walk_from(struct walk *k, const struct sl_wiring *w, size_t root, bool cycles)
{
	enter(k, root);
	while (k->path_len > 0) {
		size_t app = k->path[k->path_len - 1];

		if (k->next[app] == k->start[app + 1]) {
			k->state[app] = DONE;
			k->order[k->n - ++k->placed] = app;
			k->path_len--;
			continue;
		}
		size_t wire = k->wires[k->next[app]++], to = w->wires[wire].to;

		if (k->state[to] == NEW) {
			enter(k, to);
		} else if (k->state[to] == OPEN && !cycles) {
			k->cycle_wire = wire;
			return -ELOOP;
		}
	}
	return 0;
}

static int cycle_error(const struct walk *k, const struct sl_graph *g, const struct sl_wiring *w,
		       struct sl_error *err)
{
	size_t to = w->wires[k->cycle_wire].to, i = 0, len = 0;
	char text[256] = "";

	while (k->path[i] != to)
		i++;
	for (; i < k->path_len && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s -> ",
					g->apps[k->path[i]].name);
	return sl_graph_error(g, g->links[k->cycle_wire].from_at, err, -ELOOP,
			      "links form a cycle: %s%s; only a source may close one", text,
			      g->apps[to].name);
}

// Roots are walked last to first, since each chain lands in front of those before: first the
// sources, so that chains start where packets do, then whatever no source leads to.
static int walk_all(struct walk *k, const struct sl_wiring *w, bool cycles)
{
	int r = 0;

	for (int rest = 0; rest < 2; rest++)
		for (size_t i = w->n_apps; i-- > 0 && r == 0;)
			if (k->state[i] == NEW && is_source(w, i) != (bool)rest)
				r = walk_from(k, w, i, cycles);
	return r;
}

static int sort(const struct sl_graph *g, const struct sl_wiring *w, size_t *order, bool all,
		struct sl_error *err)
{
	struct walk k;
	int r = walk_init(&k, w, order, all);

	if (r == 0)
		r = walk_all(&k, w, all);
	if (r == -ELOOP)
		cycle_error(&k, g, w, err);
	else if (r < 0)
		sl_error_set(err, r, "out of memory");
	walk_fini(&k);
	return r;
}

int sl_graph_order(const struct sl_graph *g, const struct sl_wiring *w, size_t *order,
		   struct sl_error *err)
{
	return sort(g, w, order, false, err);
}

int sl_graph_assign(const struct sl_graph *g, const struct sl_wiring *w, unsigned *worker)
{
	size_t *order = calloc(g->n_apps + 1, sizeof(*order)), free_apps = 0, i = 0;
	int r = order ? sort(g, w, order, true, NULL) : -ENOMEM;

	for (size_t a = 0; a < g->n_apps; a++)
		free_apps += g->apps[a].worker < 0;
	for (size_t a = 0; a < g->n_apps && r == 0; a++) {
		int wanted = g->apps[order[a]].worker;

		worker[order[a]] = wanted >= 0 ? (unsigned)wanted
					       : (unsigned)(i++ * g->workers / free_apps);
	}
	free(order);
	return r;
}
