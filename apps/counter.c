// counter: counts what passes. Ports: in -> out. Config: none.

#include "apps/classes.h"

enum { IN };
enum { OUT };
enum { METRIC_PACKETS, METRIC_BYTES };

static uint64_t length(struct rte_mbuf *const *p, unsigned n)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		bytes += sl_len(p[i]);
	return bytes;
}

// The output link sums up what it accepts anyway. Only where it may not accept all is the sum
// made here: a chain of counters is as thin as its links.
static void counter_push(struct sl_app *app)
{
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, IN, p, SL_BURST);
	const struct sl_link *out = app->out[OUT];
	uint64_t bytes;

	if (out && sl_link_room(app->out[OUT]) >= n) {
		bytes = out->bytes_next;
		sl_app_give(app, OUT, p, n);
		bytes = out->bytes_next - bytes;
	} else {
		bytes = length(p, n);
		sl_app_give(app, OUT, p, n);
	}
	sl_app_metric_add(app, METRIC_PACKETS, n);
	sl_app_metric_add(app, METRIC_BYTES, bytes);
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
