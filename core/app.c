#include "core/jumbo.h"

#include <errno.h>
#include <sluice/app.h>

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
