// truncate: cuts frames to a length. Ports: in -> out. Config: length.

#include "apps/classes.h"

enum { IN };
enum { OUT };
enum { METRIC_CUT };

struct config {
	uint64_t length;
};

struct truncate {
	struct sl_app app;
	uint16_t length;
};

static void truncate_push(struct sl_app *app)
{
	const struct truncate *self = (const struct truncate *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, IN, p, SL_BURST), cut = 0;

	for (unsigned i = 0; i < n; i++) {
		if (sl_len(p[i]) <= self->length)
			continue;
		sl_set_len(p[i], self->length);
		cut++;
	}
	sl_app_metric_add(app, METRIC_CUT, cut);
	sl_app_give(app, OUT, p, n);
}

static int truncate_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	const struct config *c = config;

	(void)err;
	((struct truncate *)app)->length = (uint16_t)c->length;
	return 0;
}

static const struct sl_key keys[] = {
	{.name = "length",
	 .type = SL_BYTES,
	 .offset = offsetof(struct config, length),
	 .required = true,
	 .help = "longest frame that passes whole; longer ones lose their end",
	 .min = 1,
	 .max = SL_FRAME_MAX},
	{0},
};

const struct sl_app_class sl_truncate_class = {
	.name = "truncate",
	.help = "cut packets to a length\n"
		"Keeps the first `length` bytes of each frame, as a capture's snap length does. "
		"Headers are left as they are, so they still tell the original length. The metric "
		"`cut` counts the frames that were longer.",
	.inputs = {[IN] = "in"},
	.outputs = {[OUT] = "out"},
	.metrics = {[METRIC_CUT] = "cut"},
	.keys = keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct truncate),
	.configure = truncate_configure,
	.push = truncate_push,
};
