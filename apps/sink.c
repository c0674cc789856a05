// sink: take packets and forget them.
// Ports: any number in.  Config: none.

#include "apps/classes.h"

struct sink {
	struct sl_app app;
};

static void sink_push(struct sl_app *app)
{
	struct rte_mbuf *p[SL_BURST];

	for (unsigned port = 0; port < app->n_in; port++) {
		unsigned n = sl_app_take(app, port, p, SL_BURST);

		sl_app_consumed(app, n);
		sl_free_burst(p, n);
	}
}

const struct sl_app_class sl_sink_class = {
	.name = "sink",
	.help = "take packets and forget them",
	.inputs = {"*"},
	.size = sizeof(struct sink),
	.push = sink_push,
};
