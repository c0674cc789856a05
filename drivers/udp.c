// udp: kernel UDP sockets, at one end of a tunnel.
// Ports: any number -> rx.  Config: port, mark, ipv6.
//
// Its packets have IP and UDP headers around, as a router's have: those received get them from
// what the kernel says of each datagram, those sent lose them to it.

#include "drivers/udp_receive.h"
#include "drivers/udp_send.h"
#include "drivers/udp_socket.h"

#include <errno.h>

struct udp_config {
	uint64_t port, mark;
	bool ipv6;
};

struct udp {
	struct sl_app app;
	struct sl_udp_setting setting;
	struct sl_udp_sockets sockets;
	struct sl_udp_receiver receiver;
	struct sl_udp_sender sender;
};

static const struct sl_key udp_keys[] = {
	{.name = "port",
	 .type = SL_UINT,
	 .offset = offsetof(struct udp_config, port),
	 .preset = "0",
	 .max = UINT16_MAX,
	 .help = "of this host, in both families; 0 = one that is free"},
	{.name = "mark",
	 .type = SL_UINT,
	 .offset = offsetof(struct udp_config, mark),
	 .preset = "0",
	 .max = UINT32_MAX,
	 .help = "of what is sent (fwmark), for policy routing; 0 = none"},
	{.name = "ipv6",
	 .type = SL_BOOL,
	 .offset = offsetof(struct udp_config, ipv6),
	 .preset = "yes",
	 .help = "use IPv6 too, where the kernel has it"},
	{.name = NULL},
};

static void udp_needs(const void *config, struct sl_needs *needs)
{
	(void)config;
	needs->packets = SL_UDP_MESSAGES + SL_UDP_SEGMENTS;
}

// The same port, or any as before.
static bool keeps_port(const struct udp *before, const struct sl_udp_setting *setting)
{
	return setting->port ? before->sockets.port == setting->port : before->setting.port == 0;
}

static int udp_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	struct udp *self = (struct udp *)app;
	const struct udp *before = (const struct udp *)app->predecessor;
	const struct udp_config *c = config;
	int r;

	self->setting = (struct sl_udp_setting){
		.port = (uint16_t)c->port, .mark = (uint32_t)c->mark, .ipv6 = c->ipv6};
	if (before && !keeps_port(before, &self->setting))
		before = NULL;
	r = sl_udp_open(&self->sockets, &self->setting, before ? &before->sockets : NULL, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < SL_UDP_FAMILIES; i++)
		if (self->sockets.fd[i] >= 0)
			sl_app_watch(app, self->sockets.fd[i]);
	sl_app_metric(app, SL_UDP_METRIC_PORT, self->sockets.port);
	self->sender.app = app;
	self->sender.has_segments = sl_udp_has_segments(&self->sockets);
	if (sl_udp_receiver_init(&self->receiver, app) < 0)
		return sl_error_set(err, -ENOMEM, "out of memory");
	return 0;
}

// Shared sockets get their mark only now, when nothing else can fail.
static void udp_adopt(struct sl_app *app, struct sl_app *old)
{
	struct udp *self = (struct udp *)app;
	const struct udp *before = (const struct udp *)old;

	if (self->sockets.port == before->sockets.port &&
	    self->setting.mark != before->setting.mark)
		sl_udp_set_mark(&self->sockets, self->setting.mark);
}

static void udp_pull(struct sl_app *app)
{
	struct udp *self = (struct udp *)app;

	if (!app->out[SL_UDP_RX])
		return; // the sockets' own queue is the place where they are lost
	for (unsigned i = 0; i < SL_UDP_FAMILIES; i++)
		if (self->sockets.fd[i] >= 0)
			sl_udp_receive(&self->receiver, self->sockets.fd[i], self->sockets.port);
}

static void udp_push(struct sl_app *app)
{
	struct udp *self = (struct udp *)app;
	struct rte_mbuf *p[SL_BURST];

	for (unsigned i = 0; i < app->n_in; i++)
		sl_udp_send(&self->sender, self->sockets.fd, p, sl_app_take(app, i, p, SL_BURST));
}

static void udp_stop(struct sl_app *app)
{
	struct udp *self = (struct udp *)app;

	sl_udp_close(&self->sockets);
	sl_udp_receiver_fini(&self->receiver);
}

const struct sl_app_class sl_udp_class = {
	.name = "udp",
	.help = "exchange UDP datagrams with other hosts through the kernel's sockets\n"
		"Its packets have IP and UDP headers around, as the tunnel apps take and give "
		"them: link it to those, any number to its inputs. Of what it sends, destination, "
		"source address (where it is not 0, and as long as the host has it) and traffic "
		"class count, the rest is the kernel's; the source port is always `port`, which is "
		"also a metric. Bursts take one system call, and what goes to one place one "
		"message, where the kernel can cut and merge them (UDP_SEGMENT, UDP_GRO). "
		"`rx_overflow` counts the datagrams that found the kernel's buffer full, since its "
		"socket was opened. It receives while its output is connected.",
	.inputs = {"*"},
	.outputs = {[SL_UDP_RX] = "rx"},
	.drops = {[SL_UDP_DROP_TX_FULL] = "tx_full",
		  [SL_UDP_DROP_TOO_LONG] = "too_long",
		  [SL_UDP_DROP_NO_ROUTE] = "no_route",
		  [SL_UDP_DROP_PROHIBITED] = "prohibited",
		  [SL_UDP_DROP_MALFORMED] = "malformed"},
	.metrics = {[SL_UDP_METRIC_PORT] = "port",
		    [SL_UDP_METRIC_RX_OVERFLOW] = "rx_overflow",
		    [SL_UDP_METRIC_RX_NO_BUFFER] = "rx_no_buffer"},
	.keys = udp_keys,
	.config_size = sizeof(struct udp_config),
	.size = sizeof(struct udp),
	.needs = udp_needs,
	.configure = udp_configure,
	.adopt = udp_adopt,
	.pull = udp_pull,
	.push = udp_push,
	.stop = udp_stop,
};
