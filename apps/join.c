// join: brings several streams together. Ports: any number -> out. Config: none.
//
// Takes no more than the output has room for, so that a stream which is too fast overflows its
// own link and not that of its neighbours.

#include "apps/classes.h"

enum { OUT };

struct join {
	struct sl_app app;
	unsigned next; // input whose turn it is
};

static unsigned room(const struct sl_app *app)
{
	return app->out[OUT] ? (unsigned)sl_link_room(app->out[OUT]) : UINT16_MAX;
}

static void join_push(struct sl_app *app)
{
	struct join *self = (struct join *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned left = room(app);

	for (unsigned i = 0; i < app->n_in && left > 0; i++) {
		unsigned n = sl_app_take(app, self->next, p, RTE_MIN(left, (unsigned)SL_BURST));

		sl_app_give(app, OUT, p, n);
		left -= n;
		self->next = self->next + 1 < app->n_in ? self->next + 1 : 0;
	}
}

const struct sl_app_class sl_join_class = {
	.name = "join",
	.help = "bring several streams together\n"
		"The inputs take turns, a burst of up to 64 packets each. When the output is full, "
		"packets wait in the links of the inputs: a stream that is too fast overflows its "
		"own link and takes nothing from the others. The order within a stream stays.",
	.inputs = {"*"},
	.outputs = {[OUT] = "out"},
	.size = sizeof(struct join),
	.push = join_push,
};
