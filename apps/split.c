// split: deals packets out to its outputs. Ports: in -> any number. Config: by.

#include "apps/classes.h"
#include "core/proto/flow.h"

enum { IN };
enum { BY_ROUND_ROBIN, BY_FLOW };

struct config {
	unsigned by;
};

struct split {
	struct sl_app app;
	bool by_flow;
	unsigned next; // output whose turn it is
	unsigned count[SL_PORTS_MAX];
	struct rte_mbuf *burst[SL_PORTS_MAX][SL_BURST];
};

static unsigned choose(struct split *self, const struct rte_mbuf *p)
{
	unsigned port;

	if (self->by_flow)
		return sl_flow_way(sl_flow_hash(sl_data(p), sl_len(p)), self->app.n_out);
	port = self->next;
	self->next = port + 1 < self->app.n_out ? port + 1 : 0;
	return port;
}

static void split_push(struct sl_app *app)
{
	struct split *self = (struct split *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, IN, p, SL_BURST);

	if (app->n_out == 0) {
		sl_app_unconnected(app, p, n);
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		unsigned port = choose(self, p[i]);

		self->burst[port][self->count[port]++] = p[i];
	}
	for (unsigned port = 0; port < app->n_out; port++) {
		if (self->count[port] == 0)
			continue;
		sl_app_give(app, port, self->burst[port], self->count[port]);
		self->count[port] = 0;
	}
}

static int split_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	const struct config *c = config;

	(void)err;
	((struct split *)app)->by_flow = c->by == BY_FLOW;
	return 0;
}

static const char *const by[] = {[BY_ROUND_ROBIN] = "round-robin", [BY_FLOW] = "flow", NULL};

static const struct sl_key keys[] = {
	{.name = "by",
	 .type = SL_CHOICE,
	 .offset = offsetof(struct config, by),
	 .preset = "round-robin",
	 .help = "deal packets out one by one, or keep those of a conversation together",
	 .choices = by},
	{0},
};

const struct sl_app_class sl_split_class = {
	.name = "split",
	.help = "deal packets out to several outputs\n"
		"`round-robin` gives the first packet to the first output, the second to the "
		"second and so on. `flow` keeps a conversation on one output, in order, both "
		"directions alike: it hashes the addresses, and with TCP, UDP, UDP-Lite, SCTP "
		"and DCCP also the protocol and the ports, of the IPv4 or IPv6 packet behind "
		"any VLAN tags. All fragments go by their addresses alone; frames that are not "
		"IP go by their MAC addresses and EtherType; frames shorter than 14 bytes go "
		"to the first output.",
	.inputs = {[IN] = "in"},
	.outputs = {"*"},
	.keys = keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct split),
	.configure = split_configure,
	.push = split_push,
};
