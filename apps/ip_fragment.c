// ip-fragment: sends packets that are too long for their way on as fragments, or says that it may
// not. Ports: any number -> error, one per interface. Config: interfaces.
// Spec: RFC 791 section 3.2, RFC 1191 section 3, RFC 8200 section 5.

#include "apps/classes.h"
#include "apps/divide.h"
#include "core/ip/interfaces.h"
#include "core/proto/ip.h"

#include <errno.h>
#include <sys/random.h>

enum { ERROR, FIRST };
enum { DROP_NO_IP, DROP_NO_INTERFACE, DROP_BAD_OPTIONS, DROP_BEYOND_END, DROP_NO_BUFFER };
enum { METRIC_DIVIDED, METRIC_FRAGMENTS, METRIC_TOO_BIG };

struct config {
	struct sl_strings interfaces;
};

struct ip_fragment {
	struct sl_app app;
	struct sl_strings interfaces;
	uint8_t outputs[SL_IFACES_MAX]; // by interface
	uint64_t ids6;                  // state of the identifications of IPv6
};

// A router divides no IPv6 packets but its own (RFC 8200 section 5).
static bool may_divide(const struct rte_mbuf *p)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)sl_data(p);

	if (ip->version_ihl >> 4 == 6)
		return sl_ip_meta(p)->iface_in == SL_IFACE_NONE;
	return !(load_be16(ip->flags_offset) & SL_IPV4_DF);
}

static void too_big(struct ip_fragment *self, struct rte_mbuf *p)
{
	sl_ip_meta(p)->error = SL_IP_TOO_BIG;
	sl_app_metric_add(&self->app, METRIC_TOO_BIG, 1);
	sl_app_give_one(&self->app, ERROR, p);
}

static void divide(struct ip_fragment *self, struct rte_mbuf *p, unsigned output)
{
	struct rte_mbuf *fragments[SL_BURST];
	struct sl_fragments f;

	if (!sl_fragments_begin(&f, sl_data(p), sl_len(p), sl_ip_meta(p)->mtu,
				sl_fragment_id(&self->ids6))) {
		sl_app_drop(&self->app, p, DROP_BAD_OPTIONS);
		return;
	}
	while (sl_fragments_len(&f) > 0) {
		unsigned n = sl_app_divide(&self->app, &f, p, fragments);

		if (n == 0) {
			sl_app_drop(&self->app, p, DROP_NO_BUFFER);
			return;
		}
		sl_app_metric_add(&self->app, METRIC_FRAGMENTS, n);
		sl_app_give(&self->app, output, fragments, n);
	}
	sl_app_metric_add(&self->app, METRIC_DIVIDED, 1);
	sl_app_consumed(&self->app, 1);
	sl_free(p);
}

static void ip_fragment_one(struct ip_fragment *self, struct rte_mbuf *p)
{
	const struct sl_ip_meta *m = sl_ip_meta(p);
	uint8_t output = m->iface_out < SL_IFACES_MAX ? self->outputs[m->iface_out]
						      : SL_IFACE_NO_OUTPUT;

	if (!sl_ip_is_packet(sl_data(p), sl_len(p)))
		sl_app_drop(&self->app, p, DROP_NO_IP);
	else if (!may_divide(p))
		too_big(self, p);
	else if (output == SL_IFACE_NO_OUTPUT)
		sl_app_drop(&self->app, p, DROP_NO_INTERFACE);
	else if (!sl_fragments_fit(sl_data(p), sl_len(p)))
		sl_app_drop(&self->app, p, DROP_BEYOND_END);
	else
		divide(self, p, output);
}

static void ip_fragment_push(struct sl_app *app)
{
	struct rte_mbuf *p[SL_BURST];

	for (unsigned port = 0; port < app->n_in; port++) {
		unsigned n = sl_app_take(app, port, p, SL_BURST);

		for (unsigned i = 0; i < n; i++)
			ip_fragment_one((struct ip_fragment *)app, p[i]);
	}
}

static int ip_fragment_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	struct ip_fragment *self = (struct ip_fragment *)app;
	const struct config *c = config;

	self->interfaces = c->interfaces;
	sl_iface_outputs(self->outputs, app, &self->interfaces);
	if (getrandom(&self->ids6, sizeof(self->ids6), GRND_NONBLOCK) < 0)
		return sl_error_set(err, -errno, "no random numbers");
	return sl_ifaces_check(&self->interfaces, err);
}

static void ip_fragment_settle(struct sl_app *app, const struct sl_apps *apps)
{
	struct ip_fragment *self = (struct ip_fragment *)app;

	(void)apps;
	sl_iface_outputs(self->outputs, app, &self->interfaces);
}

static const struct sl_key keys[] = {
	{.name = "interfaces",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct config, interfaces),
	 .help = "names of the router's interfaces, which its outputs bear; a name's place is the "
		 "interface's index"},
	{0},
};

const struct sl_app_class sl_ip_fragment_class = {
	.name = "ip-fragment",
	.help = "divide packets that are too long for their way on\n"
		"Takes what the route apps found to be longer than the MTU of its interface. "
		"IPv4 packets that may be divided, and the router's own of IPv6, leave as "
		"fragments, on the output of their interface; all others leave on `error`, for "
		"icmp-error to tell their source the MTU. Options are copied into each "
		"fragment as their flag says; a packet whose options make no sense is dropped "
		"as `bad_options`, a fragment that ends behind the 65,535 bytes that a datagram "
		"may have as `beyond_end`. A packet that has been divided counts as consumed, its "
		"fragments as created.",
	.inputs = {"*"},
	.outputs = {[ERROR] = "error", [FIRST] = "*"},
	.drops = {[DROP_NO_IP] = "no_ip",
		  [DROP_NO_INTERFACE] = "no_interface",
		  [DROP_BAD_OPTIONS] = "bad_options",
		  [DROP_BEYOND_END] = "beyond_end",
		  [DROP_NO_BUFFER] = "no_buffer"},
	.metrics = {[METRIC_DIVIDED] = "divided",
		    [METRIC_FRAGMENTS] = "fragments",
		    [METRIC_TOO_BIG] = "too_big"},
	.keys = keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct ip_fragment),
	.configure = ip_fragment_configure,
	.settle = ip_fragment_settle,
	.push = ip_fragment_push,
};
