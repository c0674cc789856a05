#include "core/app.h"

#include "core/jumbo.h"

#include <errno.h>

void sl_app_unconnected(struct sl_app *app, struct rte_mbuf *const *p, unsigned n)
{
	sl_count(&app->unconnected, n);
	sl_free_burst(p, n);
}

struct rte_mempool *sl_app_jumbo_pool(struct sl_app *app, struct sl_error *err)
{
	if (app->jumbo)
		return sl_jumbo_pool(app->jumbo, err);
	sl_error_set(err, -ENOTSUP, "%s: there is no pool for long frames", app->name);
	return NULL;
}

const struct sl_app *sl_app_find(const struct sl_apps *apps, const char *name)
{
	for (size_t i = 0; i < apps->n; i++)
		if (!strcmp(apps->items[i]->name, name))
			return apps->items[i];
	return NULL;
}

static int find_port(const char *const *names, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return (int)i;
	return -1;
}

int sl_app_output(const struct sl_app *app, const char *name)
{
	return find_port(app->out_names, app->n_out, name);
}

int sl_app_input(const struct sl_app *app, const char *name)
{
	return find_port(app->in_names, app->n_in, name);
}
