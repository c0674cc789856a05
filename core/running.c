#include "core/running.h"

#include "core/app.h"
#include "core/config.h"
#include "core/graph_files.h"
#include "core/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct sl_error *err)
{
	return sl_error_set(err, -ENOMEM, "out of memory");
}

static void instance_stop(struct sl_instance *in)
{
	if (in->app && in->app->class->stop)
		in->app->class->stop(in->app);
}

static void instance_free(struct sl_instance *in)
{
	if (!in->app)
		return;
	sl_config_fini(in->app->class, in->config);
	free(in->config);
	free((char *)(uintptr_t)in->app->name);
	free(in->app);
	*in = (struct sl_instance){0};
}

static void instance_abandon(struct sl_instance *in)
{
	instance_stop(in);
	instance_free(in);
}

static struct sl_app *app_create(const struct sl_app_class *class, const char *name)
{
	size_t size = RTE_ALIGN_CEIL(class->size, (size_t)SL_LINE);
	struct sl_app *app = aligned_alloc(SL_LINE, size);

	if (!app)
		return NULL;
	memset(app, 0, size);
	app->class = class;
	app->name = strdup(name);
	if (app->name)
		return app;
	free(app);
	return NULL;
}

static void name_ports(const struct sl_running *next, size_t i, struct sl_app *app)
{
	app->n_in = (uint16_t)next->diff.to.apps[i].n_in;
	app->n_out = (uint16_t)next->diff.to.apps[i].n_out;
	app->in_names = next->port_names[i];
	app->out_names = next->port_names[i] + app->n_in;
}

static int instance_create(struct sl_running *next, size_t i, struct sl_app *predecessor,
			   const struct sl_supply *supply, struct sl_error *err)
{
	const struct sl_graph_app *g = &next->graph->apps[i];
	const struct sl_app_class *class = next->diff.to.apps[i].class;
	struct sl_instance *in = &next->instances[i];
	int r;

	in->config = calloc(1, class->config_size + 1);
	in->app = in->config ? app_create(class, g->name) : NULL;
	if (!in->app) {
		free(in->config);
		return no_memory(err);
	}
	in->app->pool = supply->pool;
	in->app->jumbo = supply->jumbo;
	in->app->mtu = next->graph->mtu;
	in->app->predecessor = predecessor;
	name_ports(next, i, in->app);
	r = sl_config_read(class, next->graph, g, in->config, err);
	if (r == 0 && class->configure) {
		r = class->configure(in->app, in->config, err);
		if (r < 0 && sl_graph_check_config(next->graph, g, class, in->config, err) == 0) {
			sl_error_prefix(err, r, "%s", g->name);
			sl_graph_error_place(next->graph, g->at, err);
		}
	}
	in->app->predecessor = NULL;
	return r;
}

// Instances that go on come from `now`; the others are made, configured, and may fail.
static int prepare_instances(struct sl_running *next, const struct sl_running *now,
			     const struct sl_supply *supply, struct sl_error *err)
{
	for (size_t i = 0; i < next->graph->n_apps; i++) {
		const struct sl_action *a = &next->diff.apps[i];
		struct sl_app *old = now && a->change == SL_REPLACE ? now->instances[a->old].app
								    : NULL;
		int r;

		if (a->change == SL_KEEP) {
			next->instances[i] = now->instances[a->old];
			continue;
		}
		r = instance_create(next, i, old, supply, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int prepare_links(struct sl_running *next, const struct sl_running *now,
			 struct sl_error *err)
{
	for (size_t i = 0; i < next->graph->n_links; i++) {
		const struct sl_action *a = &next->diff.links[i];

		next->links[i] = a->change == SL_KEEP ? now->links[a->old]
						      : sl_link_create(next->graph->link_size);
		if (!next->links[i])
			return no_memory(err);
	}
	return 0;
}

static void copy_names(const char **to, const char *const *names)
{
	for (unsigned i = 0; i < SL_PORTS_MAX && names[i] && strcmp(names[i], "*") != 0; i++)
		to[i] = names[i];
}

// Lay out the names of each app's ports, inputs before outputs: those of its class, then those
// that its links made up.
static int prepare_names(struct sl_running *next, struct sl_error *err)
{
	const struct sl_wiring *w = &next->diff.to;

	for (size_t i = 0; i < next->graph->n_apps; i++) {
		const struct sl_wired_app *a = &w->apps[i];
		const char **names = calloc(a->n_in + a->n_out + 1, sizeof(*names));

		next->port_names[i] = names;
		if (!names)
			return no_memory(err);
		copy_names(names, a->class->inputs);
		copy_names(names + a->n_in, a->class->outputs);
	}
	for (size_t i = 0; i < w->n_wires; i++) {
		const struct sl_wire *wire = &w->wires[i];

		next->port_names[wire->from][w->apps[wire->from].n_in + wire->from_port] =
			wire->from_name;
		next->port_names[wire->to][wire->to_port] = wire->to_name;
	}
	return 0;
}

// Lay out each app's arrays of links, inputs before outputs.
static int prepare_ports(struct sl_running *next, struct sl_error *err)
{
	const struct sl_wiring *w = &next->diff.to;

	for (size_t i = 0; i < next->graph->n_apps; i++) {
		next->ports[i] = calloc(w->apps[i].n_in + w->apps[i].n_out + 1,
					sizeof(**next->ports));
		if (!next->ports[i])
			return no_memory(err);
	}
	for (size_t i = 0; i < w->n_wires; i++) {
		const struct sl_wire *wire = &w->wires[i];

		next->ports[wire->from][w->apps[wire->from].n_in + wire->from_port] =
			next->links[i];
		next->ports[wire->to][wire->to_port] = next->links[i];
	}
	return 0;
}

static bool schedule_allocate(struct sl_schedule *s, size_t n)
{
	s->pulls = calloc(n + 1, sizeof(struct sl_app *));
	s->pushes = calloc(n + 1, sizeof(struct sl_app *));
	s->all = calloc(n + 1, sizeof(struct sl_app *));
	return s->pulls && s->pushes && s->all;
}

static void schedule_add(struct sl_schedule *s, struct sl_app *app)
{
	s->all[s->n_all++] = app;
	if (app->class->pull) {
		s->pulls[s->n_pulls++] = app;
		if (app->class->delays) { // in front of the sources
			s->pulls[s->n_pulls - 1] = s->pulls[s->n_delays];
			s->pulls[s->n_delays++] = app;
		}
	}
	if (app->class->push)
		s->pushes[s->n_pushes++] = app;
}

static int prepare_schedules(struct sl_running *next, struct sl_error *err)
{
	const struct sl_graph *g = next->graph;
	size_t *order = calloc(g->n_apps + 1, sizeof(*order));
	int r = order ? sl_graph_order(g, &next->diff.to, order, err) : no_memory(err);

	if (r == 0)
		r = sl_graph_assign(g, &next->diff.to, next->workers);
	for (unsigned i = 0; i < g->workers && r == 0; i++)
		if (!schedule_allocate(&next->schedules[i], g->n_apps))
			r = no_memory(err);
	for (size_t i = 0; i < g->n_apps && r == 0; i++)
		schedule_add(&next->schedules[next->workers[order[i]]],
			     next->instances[order[i]].app);
	free(order);
	return r;
}

static bool allocate(struct sl_running *next)
{
	const struct sl_graph *g = next->graph;

	next->instances = calloc(g->n_apps + 1, sizeof(*next->instances));
	next->links = calloc(g->n_links + 1, sizeof(*next->links));
	next->ports = calloc(g->n_apps + 1, sizeof(*next->ports));
	next->port_names = calloc(g->n_apps + 1, sizeof(*next->port_names));
	next->apps = calloc(g->n_apps + 1, sizeof(*next->apps));
	next->schedules = calloc(g->workers + 1, sizeof(*next->schedules));
	next->workers = calloc(g->n_apps + 1, sizeof(*next->workers));
	return next->instances && next->links && next->ports && next->port_names && next->apps &&
	       next->schedules && next->workers;
}

// Free the frame, whatever happened to instances and links.
static void running_free(struct sl_running *r)
{
	for (size_t i = 0; r->ports && i < r->graph->n_apps; i++)
		free(r->ports[i]);
	for (size_t i = 0; r->port_names && i < r->graph->n_apps; i++)
		free(r->port_names[i]);
	for (unsigned i = 0; r->schedules && i < r->graph->workers; i++) {
		free(r->schedules[i].pulls);
		free(r->schedules[i].pushes);
		free(r->schedules[i].all);
	}
	free(r->instances);
	free(r->links);
	free(r->ports);
	free(r->port_names);
	free(r->apps);
	free(r->schedules);
	free(r->workers);
	sl_diff_fini(&r->diff);
	sl_graph_destroy(r->graph);
	free(r);
}

int sl_running_prepare(struct sl_running **prepared, const struct sl_running *now,
		       const struct sl_graph *graph, const struct sl_supply *supply,
		       struct sl_error *err)
{
	struct sl_running *next = calloc(1, sizeof(*next));
	struct sl_graph *nothing = sl_graph_create();
	int r = -ENOMEM;

	if (!next || !nothing || !(next->graph = sl_graph_copy(graph)) || !allocate(next))
		no_memory(err);
	else
		r = sl_graph_diff(now ? now->graph : nothing, next->graph, &next->diff, err);
	sl_graph_destroy(nothing);
	if (r == 0)
		r = prepare_names(next, err);
	if (r == 0)
		r = prepare_instances(next, now, supply, err);
	if (r == 0)
		r = prepare_links(next, now, err);
	if (r == 0)
		r = prepare_ports(next, err);
	if (r == 0)
		r = prepare_schedules(next, err);
	if (r == 0) {
		next->pool = supply->pool;
		*prepared = next;
		return 0;
	}
	if (next && next->graph)
		sl_running_abandon(next);
	else
		free(next);
	return r;
}

void sl_running_abandon(struct sl_running *next)
{
	for (size_t i = 0; i < next->graph->n_links && next->links; i++)
		if (next->diff.links && next->diff.links[i].change != SL_KEEP)
			sl_link_destroy(next->links[i]);
	for (size_t i = 0; i < next->graph->n_apps && next->instances; i++)
		if (next->diff.apps && next->diff.apps[i].change != SL_KEEP)
			instance_abandon(&next->instances[i]);
	running_free(next);
}

static void settle(struct sl_running *next)
{
	struct sl_apps all = {.items = next->apps, .n = next->graph->n_apps};

	for (size_t i = 0; i < all.n; i++)
		next->apps[i] = next->instances[i].app;
	for (size_t i = 0; i < all.n; i++) {
		struct sl_app *app = next->instances[i].app;

		if (app->class->settle)
			app->class->settle(app, &all);
	}
}

void sl_running_commit(struct sl_running *now, struct sl_running *next)
{
	for (size_t i = 0; i < next->graph->n_apps; i++) {
		const struct sl_action *a = &next->diff.apps[i];
		struct sl_app *app = next->instances[i].app;

		name_ports(next, i, app);
		app->in = next->ports[i];
		app->out = next->ports[i] + app->n_in;
		app->worker = (uint16_t)next->workers[i];
		app->pool = next->pool;
		if (a->change == SL_REPLACE && app->class->adopt &&
		    now->instances[a->old].app->class == app->class)
			app->class->adopt(app, now->instances[a->old].app);
	}
	settle(next);
}

struct sl_app *sl_running_find(const struct sl_running *r, const char *name)
{
	for (size_t i = 0; i < r->graph->n_apps; i++)
		if (!strcmp(r->graph->apps[i].name, name))
			return r->instances[i].app;
	return NULL;
}

static void count_link(const struct sl_link *l, struct sl_gone *gone)
{
	gone->dropped += l->drops;
	gone->removed += l->tail - l->head;
}

static void count_app(const struct sl_app *app, struct sl_gone *gone)
{
	gone->created += app->created;
	gone->consumed += app->consumed;
	gone->dropped += app->unconnected;
	for (unsigned i = 0; i < SL_DROPS_MAX; i++)
		gone->dropped += app->drops[i];
	gone->removed += app->held;
}

void sl_running_retire(struct sl_running *now, struct sl_running *next, struct sl_gone *gone)
{
	for (size_t i = 0; i < now->graph->n_links; i++) {
		if (next && !next->diff.link_stops[i])
			continue;
		count_link(now->links[i], gone);
		sl_link_destroy(now->links[i]);
	}
	for (size_t i = 0; i < now->graph->n_apps; i++) {
		if (next && !next->diff.app_stops[i])
			continue;
		instance_stop(&now->instances[i]); // may yet hand out what it held
		count_app(now->instances[i].app, gone);
		instance_free(&now->instances[i]);
	}
	running_free(now);
}
