// tee: gives every packet to every output. Ports: in -> any number. Config: none.

#include "apps/classes.h"
#include "apps/copy.h"

enum { IN };
enum { DROP_NO_COPY };

static void tee_push(struct sl_app *app)
{
	struct rte_mbuf *p[SL_BURST], *copies[SL_BURST];
	unsigned n = sl_app_take(app, IN, p, SL_BURST), last = app->n_out - 1U;

	if (app->n_out == 0) {
		sl_app_unconnected(app, p, n);
		return;
	}
	for (unsigned port = 0; port < last; port++)
		sl_app_give(app, port, copies, sl_app_copy(app, p, n, copies, DROP_NO_COPY));
	sl_app_give(app, last, p, n);
}

const struct sl_app_class sl_tee_class = {
	.name = "tee",
	.help = "give every packet to every output\n"
		"The last output gets the packet itself, the others get copies of it. When the "
		"pool of packets is empty, copies are dropped as `no_copy`; the packet itself "
		"still passes.",
	.inputs = {[IN] = "in"},
	.outputs = {"*"},
	.drops = {[DROP_NO_COPY] = "no_copy"},
	.size = sizeof(struct sl_app),
	.push = tee_push,
};
