#include "core/ports.h"

#include "core/plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum side { INPUT, OUTPUT };

static const char *const side_names[] = {[INPUT] = "input", [OUTPUT] = "output"};

// The links on the ports of one side of one app, as index + 1; 0 = free.
struct ports {
	uint32_t links[SL_PORTS_MAX];
	unsigned extra; // links on "*" so far
};

// What one side of the graph is resolved with.
struct resolver {
	const struct sl_graph *g;
	struct sl_wiring *w;
	struct sl_error *err;
	enum side side;
	struct ports *ports; // by app
};

// One end of a link.
struct end {
	uint32_t link; // index
	size_t app;
	const struct sl_app_class *class;
	const char *const *names; // of the class's ports on this side
	const char *port;         // as the link names it, or NULL
	struct sl_place at;
};

// The ports that a class names.
static unsigned count_ports(const char *const *names)
{
	unsigned n = 0;

	while (n < SL_PORTS_MAX && names[n] && strcmp(names[n], "*") != 0)
		n++;
	return n;
}

// Whether any number of ports follows them.
static bool is_open(const char *const *names)
{
	unsigned n = count_ports(names);

	return n < SL_PORTS_MAX && names[n];
}

static const char *const *class_ports(const struct sl_app_class *class, enum side side)
{
	return side == INPUT ? class->inputs : class->outputs;
}

static struct end end_of(const struct resolver *r, size_t link)
{
	const struct sl_graph_link *l = &r->g->links[link];
	const struct sl_wire *wire = &r->w->wires[link];
	struct end e = {.link = (uint32_t)link};

	e.app = r->side == INPUT ? wire->to : wire->from;
	e.port = r->side == INPUT ? l->to_port : l->from_port;
	e.at = r->side == INPUT ? l->to_at : l->from_at;
	e.class = r->w->apps[e.app].class;
	e.names = class_ports(e.class, r->side);
	return e;
}

static void set_port(struct resolver *r, const struct end *e, unsigned port, const char *name)
{
	struct sl_wire *wire = &r->w->wires[e->link];
	char *to = r->side == INPUT ? wire->to_name : wire->from_name;

	if (r->side == INPUT)
		wire->to_port = port;
	else
		wire->from_port = port;
	snprintf(to, SL_NAME_SIZE, "%s", name);
	r->ports[e->app].links[port] = e->link + 1;
}

static const char *app_name(const struct resolver *r, const struct end *e)
{
	return r->g->apps[e->app].name;
}

// "out, expired": the port names of one side.
static const char *list_ports(const char *const *names, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < count_ports(names) && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%s", i ? ", " : "", names[i]);
	return buf;
}

// The port of that name, among those that the class names; count_ports(names) if there is none.
static unsigned find_port(const char *const *names, const char *name)
{
	unsigned n = count_ports(names), port = 0;

	while (port < n && strcmp(names[port], name) != 0)
		port++;
	return port;
}

static int no_ports(const struct resolver *r, const struct end *e)
{
	return sl_graph_error(r->g, e->at, r->err, -EINVAL, "app '%s' (%s) has no %ss",
			      app_name(r, e), e->class->name, side_names[r->side]);
}

static int unknown_port(const struct resolver *r, const struct end *e)
{
	const char *const *others = class_ports(e->class, r->side == INPUT ? OUTPUT : INPUT);
	char list[256], hint[160] = "";

	if (count_ports(e->names) == 0)
		return no_ports(r, e);
	// In "a -> router.expired -> b" the port is taken for an input.
	for (unsigned i = 0; r->side == INPUT && i < count_ports(others); i++)
		if (!strcmp(others[i], e->port))
			snprintf(hint, sizeof(hint),
				 "; for the output start a link with it: '%s.%s -> ...'",
				 app_name(r, e), e->port);
	return sl_graph_error(r->g, e->at, r->err, -EINVAL,
			      "app '%s' (%s) has no %s '%s'; its %ss: %s%s", app_name(r, e),
			      e->class->name, side_names[r->side], e->port, side_names[r->side],
			      list_ports(e->names, list, sizeof(list)), hint);
}

static int taken_port(const struct resolver *r, const struct end *e, unsigned port)
{
	uint32_t other = r->ports[e->app].links[port] - 1;
	const struct sl_graph_link *a = &r->g->links[other], *b = &r->g->links[e->link];
	// The class's first port may be connected from behind, by a link that names it.
	const struct sl_graph_link *first = other < e->link ? a : b;
	const struct sl_graph_link *second = other < e->link ? b : a;

	if (r->side == INPUT)
		return sl_graph_error(r->g, second->to_at, r->err, -EINVAL,
				      "input '%s' of app '%s' is fed by both '%s' and '%s': put a "
				      "'join' in front of it",
				      e->names[port], app_name(r, e), first->from, second->from);
	return sl_graph_error(r->g, second->from_at, r->err, -EINVAL,
			      "output '%s' of app '%s' feeds both '%s' and '%s': put a 'tee' or "
			      "'split' behind it",
			      e->names[port], app_name(r, e), first->to, second->to);
}

static int resolve_named(struct resolver *r, const struct end *e)
{
	unsigned port = find_port(e->names, e->port);

	if (port == count_ports(e->names))
		return unknown_port(r, e);
	if (r->ports[e->app].links[port])
		return taken_port(r, e, port);
	set_port(r, e, port, e->names[port]);
	return 0;
}

// Whether a link names this port of the end's app.
static bool extra_name_used(const struct resolver *r, const struct end *e, const char *name,
			    size_t n_links)
{
	for (size_t i = 0; i < n_links; i++) {
		struct end other = end_of(r, i);

		if (other.app == e->app && other.port && !strcmp(other.port, name))
			return true;
	}
	return false;
}

static int resolve_extra(struct resolver *r, const struct end *e)
{
	struct ports *p = &r->ports[e->app];
	unsigned port = count_ports(e->names) + p->extra, number = p->extra + 1;
	char name[SL_NAME_SIZE];

	if (port == SL_PORTS_MAX)
		return sl_graph_error(r->g, e->at, r->err, -EINVAL, "app '%s' has more than %d %ss",
				      app_name(r, e), SL_PORTS_MAX, side_names[r->side]);
	if (e->port && extra_name_used(r, e, e->port, e->link))
		return sl_graph_error(r->g, e->at, r->err, -EINVAL,
				      "%s '%s' of app '%s' is connected twice", side_names[r->side],
				      e->port, app_name(r, e));
	p->extra++;
	if (e->port) {
		set_port(r, e, port, e->port);
		return 0;
	}
	do
		snprintf(name, sizeof(name), "%u", number++);
	while (extra_name_used(r, e, name, r->g->n_links));
	set_port(r, e, port, name);
	return 0;
}

static int resolve_unnamed(struct resolver *r, const struct end *e)
{
	unsigned n = count_ports(e->names), port = 0;
	char list[256];

	while (port < n && r->ports[e->app].links[port])
		port++;
	if (port == n && is_open(e->names))
		return resolve_extra(r, e);
	if (n == 0)
		return no_ports(r, e);
	if (port == n && n == 1)
		return taken_port(r, e, 0);
	if (port == n)
		return sl_graph_error(r->g, e->at, r->err, -EINVAL,
				      "every %s of app '%s' (%s) is connected already: %s",
				      side_names[r->side], app_name(r, e), e->class->name,
				      list_ports(e->names, list, sizeof(list)));
	set_port(r, e, port, e->names[port]);
	return 0;
}

// Whether a link names a port that the class names, too, or must.
static bool is_named(const struct end *e)
{
	if (!e->port)
		return false;
	return !is_open(e->names) || find_port(e->names, e->port) < count_ports(e->names);
}

static int resolve_end(struct resolver *r, const struct end *e)
{
	if (is_named(e))
		return resolve_named(r, e);
	return e->port ? resolve_extra(r, e) : resolve_unnamed(r, e);
}

// Ports that the class names first, whatever the order of the links, then what is left to choose.
static int resolve_side(struct resolver *r)
{
	int code = 0;

	r->ports = calloc(r->g->n_apps + 1, sizeof(*r->ports));
	if (!r->ports)
		return sl_error_set(r->err, -ENOMEM, "out of memory");
	for (int named = 1; named >= 0; named--) {
		for (size_t i = 0; !code && i < r->g->n_links; i++) {
			struct end e = end_of(r, i);

			if (is_named(&e) == (bool)named)
				code = resolve_end(r, &e);
		}
	}
	for (size_t i = 0; !code && i < r->g->n_apps; i++) {
		struct sl_wired_app *a = &r->w->apps[i];
		const char *const *names = class_ports(a->class, r->side);
		unsigned n = count_ports(names) + r->ports[i].extra;

		*(r->side == INPUT ? &a->n_in : &a->n_out) = n;
	}
	free(r->ports);
	return code;
}

static size_t app_index(const struct sl_graph *g, const char *name)
{
	return (size_t)(sl_graph_find(g, name) - g->apps);
}

int sl_wiring_resolve(const struct sl_graph *g, struct sl_wiring *w, struct sl_error *err)
{
	struct resolver in = {.g = g, .w = w, .err = err, .side = INPUT};
	struct resolver out = {.g = g, .w = w, .err = err, .side = OUTPUT};
	int code = -EINVAL;

	*w = (struct sl_wiring){.n_wires = g->n_links, .n_apps = g->n_apps};
	w->wires = calloc(g->n_links + 1, sizeof(*w->wires));
	w->apps = calloc(g->n_apps + 1, sizeof(*w->apps));
	if (!w->wires || !w->apps) {
		code = sl_error_set(err, -ENOMEM, "out of memory");
		goto fail;
	}
	for (size_t i = 0; i < g->n_apps; i++) {
		w->apps[i].class = sl_class_of(g, &g->apps[i], err);
		if (!w->apps[i].class)
			goto fail;
	}
	for (size_t i = 0; i < g->n_links; i++) {
		w->wires[i].from = app_index(g, g->links[i].from);
		w->wires[i].to = app_index(g, g->links[i].to);
	}
	code = resolve_side(&out);
	if (!code)
		code = resolve_side(&in);
	if (!code)
		return 0;
fail:
	sl_wiring_fini(w);
	return code;
}

void sl_wiring_fini(struct sl_wiring *w)
{
	free(w->wires);
	free(w->apps);
	*w = (struct sl_wiring){0};
}
