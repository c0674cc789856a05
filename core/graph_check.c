#include "core/config.h"
#include "core/graph.h"
#include "core/order.h"
#include "core/plugin.h"
#include "core/ports.h"

#include <errno.h>
#include <stdlib.h>

static int check_range(const char *what, uint64_t value, uint64_t min, uint64_t max,
		       struct sl_error *err)
{
	if (value >= min && value <= max)
		return 0;
	return sl_error_set(err, -EINVAL, "%s must be between %llu and %llu, not %llu", what,
			    (unsigned long long)min, (unsigned long long)max,
			    (unsigned long long)value);
}

// What a file cannot say wrong, but a C call can, and what two of a file's words say together.
static int check_engine_words(const struct sl_graph *g, struct sl_error *err)
{
	int code = check_range("the number of workers", g->workers, 1, SL_WORKERS_MAX, err);

	if (!code)
		code = check_range("the MTU", g->mtu, SL_MTU_MIN, SL_MTU_MAX, err);
	if (!code)
		code = check_range("the size of links", g->link_size, SL_LINK_SIZE_MIN,
				   SL_LINK_SIZE_MAX, err);
	if (!code && g->packets)
		code = check_range("the number of packets", g->packets, SL_PACKETS_MIN,
				   SL_PACKETS_MAX, err);
	if (!code && g->cpus && g->n_cpus < g->workers)
		code = sl_graph_error(g, g->cpus_at, err, -EINVAL,
				      "%u CPUs are too few for %u workers", g->n_cpus, g->workers);
	return code;
}

static int check_app(const struct sl_graph *g, const struct sl_graph_app *app, struct sl_error *err)
{
	const struct sl_app_class *class = sl_class_of(g, app, err);
	struct sl_place at = app->worker_at.text >= 0 ? app->worker_at : app->at;

	if (!class)
		return -EINVAL;
	if (app->worker >= 0 && (unsigned)app->worker >= g->workers)
		return sl_graph_error(
			g, at, err, -EINVAL,
			"app '%s' is put on worker %d, and the last of %u is worker %u", app->name,
			app->worker, g->workers, g->workers - 1);
	return sl_config_read(class, g, app, NULL, err);
}

// Apps that no packet can reach are a forgotten link.
static int check_reach(const struct sl_graph *g, const struct sl_wiring *w, struct sl_error *err)
{
	struct degree {
		size_t in, out;
	} *degrees = calloc(g->n_apps + 1, sizeof(*degrees));
	int code = degrees ? 0 : sl_error_set(err, -ENOMEM, "out of memory");

	for (size_t i = 0; !code && i < w->n_wires; i++) {
		degrees[w->wires[i].from].out++;
		degrees[w->wires[i].to].in++;
	}
	for (size_t i = 0; !code && i < g->n_apps; i++) {
		const struct sl_graph_app *app = &g->apps[i];
		const struct sl_app_class *class = w->apps[i].class;
		bool has_ports = class->inputs[0] || class->outputs[0];

		if (has_ports && degrees[i].in + degrees[i].out == 0)
			code = sl_graph_error(g, app->at, err, -EINVAL,
					      "app '%s' is linked to nothing", app->name);
		else if (!class->pull && class->inputs[0] && degrees[i].in == 0)
			code = sl_graph_error(g, app->at, err, -EINVAL,
					      "app '%s' gets no packets: no link ends at it",
					      app->name);
	}
	free(degrees);
	return code;
}

static int check_cycles(const struct sl_graph *g, const struct sl_wiring *w, struct sl_error *err)
{
	size_t *order = calloc(g->n_apps + 1, sizeof(*order));
	int code = order ? sl_graph_order(g, w, order, err)
			 : sl_error_set(err, -ENOMEM, "out of memory");

	free(order);
	return code;
}

int sl_graph_check(const struct sl_graph *g, struct sl_error *err)
{
	struct sl_wiring w;
	int code = sl_plugin_load_all(g, err);

	if (!code)
		code = check_engine_words(g, err);
	for (size_t i = 0; i < g->n_apps && !code; i++)
		code = check_app(g, &g->apps[i], err);
	if (!code)
		code = sl_wiring_resolve(g, &w, err);
	if (code)
		return code;
	code = check_reach(g, &w, err);
	if (!code)
		code = check_cycles(g, &w, err);
	sl_wiring_fini(&w);
	return code;
}
