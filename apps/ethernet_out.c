// ethernet-out: puts an Ethernet header on IP packets.
// Ports: any number -> out. Config: src, dst. Spec: RFC 894, RFC 2464.
//
// Where nobody is to be asked for addresses: in front of a capture file, or of a link that has one
// host at its other end. A router's ports have `neighbour` instead.

#include "apps/classes.h"
#include "core/ip/address.h"
#include "core/proto/ethernet.h"

#include <errno.h>

enum { OUT };
enum { DROP_NO_IP, DROP_NO_ROOM };

struct config {
	const char *src, *dst;
};

struct ethernet_out {
	struct sl_app app;
	uint8_t src[6], dst[6];
};

// The type that says what a packet is, or 0.
static uint16_t type_of(const struct rte_mbuf *p)
{
	unsigned version = sl_len(p) > 0 ? sl_data(p)[0] >> 4 : 0;

	return version == 4 ? SL_ETHER_IPV4 : version == 6 ? SL_ETHER_IPV6 : 0;
}

static void frame_one(struct ethernet_out *self, struct rte_mbuf *p)
{
	uint16_t type = type_of(p);
	struct sl_ether_hdr *h;

	if (!type) {
		sl_app_drop(&self->app, p, DROP_NO_IP);
		return;
	}
	h = (struct sl_ether_hdr *)sl_prepend(p, sizeof(*h));
	if (!h) {
		sl_app_drop(&self->app, p, DROP_NO_ROOM);
		return;
	}
	memcpy(h->dst, self->dst, sizeof(h->dst));
	memcpy(h->src, self->src, sizeof(h->src));
	store_be16(h->type, type);
	sl_app_give_one(&self->app, OUT, p);
}

static void ethernet_out_push(struct sl_app *app)
{
	struct rte_mbuf *p[SL_BURST];

	for (unsigned port = 0; port < app->n_in; port++) {
		unsigned n = sl_app_take(app, port, p, SL_BURST);

		for (unsigned i = 0; i < n; i++)
			frame_one((struct ethernet_out *)app, p[i]);
	}
}

static int read_mac(const char *key, const char *text, uint8_t mac[6], struct sl_error *err)
{
	if (sl_mac_parse(text, mac))
		return 0;
	return sl_error_set(err, -EINVAL, "%s: '%s' is not an address such as 02:00:00:00:00:01",
			    key, text);
}

static int ethernet_out_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	struct ethernet_out *self = (struct ethernet_out *)app;
	const struct config *c = config;
	int ret = read_mac("src", c->src, self->src, err);

	return ret < 0 ? ret : read_mac("dst", c->dst, self->dst, err);
}

static const struct sl_key keys[] = {
	{.name = "src",
	 .type = SL_STRING,
	 .offset = offsetof(struct config, src),
	 .preset = "02:00:00:00:00:01",
	 .help = "link-layer address that frames are from"},
	{.name = "dst",
	 .type = SL_STRING,
	 .offset = offsetof(struct config, dst),
	 .preset = "02:00:00:00:00:02",
	 .help = "and are to"},
	{0},
};

const struct sl_app_class sl_ethernet_out_class = {
	.name = "ethernet-out",
	.help = "put an Ethernet header on IP packets\n"
		"The same addresses on all of them: for captures, and for links with one host at "
		"the other end. What is no IP packet is dropped.",
	.inputs = {"*"},
	.outputs = {[OUT] = "out"},
	.drops = {[DROP_NO_IP] = "no_ip", [DROP_NO_ROOM] = "no_room"},
	.keys = keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct ethernet_out),
	.configure = ethernet_out_configure,
	.push = ethernet_out_push,
};
