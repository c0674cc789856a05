// filter: parts packets by a pcap expression. Ports: in -> out, rest. Config: expression.
// Spec: pcap-filter(7).

#include "apps/classes.h"
#include "apps/packet_filter.h"

enum { IN };
enum { OUT, REST };
enum { DROP_NO_MATCH };
enum { METRIC_MACHINE_CODE };

struct config {
	const char *expression;
};

struct filter {
	struct sl_app app;
	struct sl_packet_filter program;
};

static void give_rest(struct sl_app *app, struct rte_mbuf **p, unsigned n)
{
	if (app->out[REST]) {
		sl_app_give(app, REST, p, n);
		return;
	}
	sl_count(&app->drops[DROP_NO_MATCH], n);
	sl_free_burst(p, n);
}

static void filter_push(struct sl_app *app)
{
	struct filter *self = (struct filter *)app;
	struct rte_mbuf *p[SL_BURST], *match[SL_BURST], *rest[SL_BURST];
	unsigned n = sl_app_take(app, IN, p, SL_BURST), n_match = 0, n_rest = 0;

	for (unsigned i = 0; i < n; i++) {
		bool matches = sl_packet_filter_match(&self->program, p[i]);

		match[n_match] = p[i];
		n_match += matches;
		rest[n_rest] = p[i];
		n_rest += !matches;
	}
	if (n_match > 0)
		sl_app_give(app, OUT, match, n_match);
	if (n_rest > 0)
		give_rest(app, rest, n_rest);
}

static int filter_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	const struct config *c = config;
	struct filter *self = (struct filter *)app;
	int rc = sl_packet_filter_init(&self->program, c->expression, err);

	sl_app_metric(app, METRIC_MACHINE_CODE, self->program.machine_code != NULL);
	return rc;
}

static void filter_stop(struct sl_app *app)
{
	sl_packet_filter_fini(&((struct filter *)app)->program);
}

static const struct sl_key keys[] = {
	{.name = "expression",
	 .type = SL_STRING,
	 .offset = offsetof(struct config, expression),
	 .required = true,
	 .check = sl_packet_filter_check,
	 .help = "what passes, in the words of tcpdump: udp port 53"},
	{0},
};

const struct sl_app_class sl_filter_class = {
	.name = "filter",
	.help = "pass the packets that match an expression\n"
		"The expression is that of tcpdump (pcap-filter(7)). Packets that match leave "
		"on `out`, the others on `rest`; where `rest` is not connected they are "
		"dropped as `no_match`. A packet too short for what the expression looks at "
		"does not match. Tags and tunnels are looked at only where the expression says "
		"so (`vlan and udp`). libpcap compiles the expression; on x86-64 the result "
		"runs as machine code, and the metric `machine_code` is 1. It is 0 where "
		"libpcap's interpreter runs it instead, some times slower.",
	.inputs = {[IN] = "in"},
	.outputs = {[OUT] = "out", [REST] = "rest"},
	.drops = {[DROP_NO_MATCH] = "no_match"},
	.metrics = {[METRIC_MACHINE_CODE] = "machine_code"},
	.keys = keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct filter),
	.configure = filter_configure,
	.push = filter_push,
	.stop = filter_stop,
};
