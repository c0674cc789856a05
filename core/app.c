#include <sluice/app.h>

void sl_app_unconnected(struct sl_app *app, struct rte_mbuf *const *p, unsigned n)
{
	sl_count(&app->unconnected, n);
	sl_free_burst(p, n);
}
