// counter: counts what passes. Ports: in -> out. Config: none.

#include "apps/classes.h"

enum { IN };
enum { OUT };
enum { METRIC_PACKETS, METRIC_BYTES };

static void counter_push(struct sl_app *app)
{
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, IN, p, SL_BURST);
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		bytes += sl_len(p[i]);
	sl_app_metric_add(app, METRIC_PACKETS, n);
	sl_app_metric_add(app, METRIC_BYTES, bytes);
	sl_app_give(app, OUT, p, n);
}

const struct sl_app_class sl_counter_class = {
	.name = "counter",
	.help = "count packets and bytes\n"
		"Packets pass unchanged; the metrics `packets` and `bytes` say how many there were "
		"and how long their frames were in sum, without FCS. Put one wherever a number is "
		"wanted: it costs next to nothing.",
	.inputs = {[IN] = "in"},
	.outputs = {[OUT] = "out"},
	.metrics = {[METRIC_PACKETS] = "packets", [METRIC_BYTES] = "bytes"},
	.size = sizeof(struct sl_app),
	.push = counter_push,
};
