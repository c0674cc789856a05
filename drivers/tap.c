// tap, tun: the kernel's own network stack, at the other end of a virtual interface.
// Ports: tx (to the kernel), rx (from it).  Config: tap_keys below.
// `tap` carries Ethernet frames; `tun` carries IP packets without an Ethernet header.
//
// Packets received get the time of the breath as their time stamp. What the kernel refuses is
// dropped at once: it says why, and does not say when it would take it.

#include "core/ip/address.h"
#include "drivers/spill.h"
#include "drivers/tap_device.h"
#include "drivers/tap_packets.h"
#include "drivers/tap_routes.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	ADDRESSES_MAX = 128,
	HEADER = 14 + 4, // bytes of an Ethernet header and a VLAN tag
};

struct tap_config {
	const char *name;
	uint64_t mtu; // 0 = as it is
	bool up;
	struct sl_strings addresses, routes, bypass;
	const char *mac, *port;
	bool quiet;
};

// What the interface is to be like.
struct setting {
	uint32_t mtu; // 0 = as it is
	bool up;
	bool has_mac; // else it is as it is
	uint8_t mac[6];
	bool quiet;    // the kernel is host there, no router or neighbour
	bool is_early; // the address to be is not known yet: the interface stays down
	struct sl_address addresses[ADDRESSES_MAX];
	size_t n_addresses;
	struct sl_tap_routes routes;
};

struct tap {
	struct sl_app app;
	bool is_open;
	int fd;
	enum sl_tap_pieces pieces;
	uint8_t *spill; // for sl_tap_receive
	char name[IFNAMSIZ];
	const char *port; // the app whose link-layer address the interface gets, or NULL
	struct setting setting;
};

static const struct sl_key tap_keys[] = {
	{.name = "name",
	 .type = SL_STRING,
	 .offset = offsetof(struct tap_config, name),
	 .required = true,
	 .help = "of the interface; one that is not there is made, and goes with the app"},
	{.name = "mtu",
	 .type = SL_BYTES,
	 .offset = offsetof(struct tap_config, mtu),
	 .min = 68,
	 .max = SL_FRAME_MAX - HEADER,
	 .help = "largest IP packet; the interface is set to it (default: left as it is)"},
	{.name = "up",
	 .type = SL_BOOL,
	 .offset = offsetof(struct tap_config, up),
	 .preset = "yes",
	 .help = "bring the interface up"},
	{.name = "addresses",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct tap_config, addresses),
	 .help = "the kernel's own on it, such as 10.0.0.1/24 or fd00::1/64"},
	{.name = "routes",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct tap_config, routes),
	 .help = "prefixes that the kernel sends there while it is up, such as 10.1.0.0/16"},
	{.name = "bypass",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct tap_config, bypass),
	 .help = "addresses that keep the way they had before these routes"},
	{.name = "mac",
	 .type = SL_STRING,
	 .offset = offsetof(struct tap_config, mac),
	 .help = "the kernel's link-layer address on it (default: left as it is; tap only)"},
	{.name = "port",
	 .type = SL_STRING,
	 .offset = offsetof(struct tap_config, port),
	 .help = "an app whose link-layer address it gets instead (tap only)"},
	{.name = "quiet",
	 .type = SL_BOOL,
	 .offset = offsetof(struct tap_config, quiet),
	 .preset = "no",
	 .help = "the kernel answers no ARP there and forwards nothing: a router does"},
	{.name = NULL},
};

static void tap_needs(const void *config, struct sl_needs *needs)
{
	const struct tap_config *c = config;

	if (c->mtu)
		needs->frame_bytes = (uint32_t)c->mtu + HEADER;
}

static int read_setting(struct setting *s, const struct tap_config *c, struct sl_error *err)
{
	int r = 0;

	if (c->addresses.count > ADDRESSES_MAX)
		return sl_error_set(err, -E2BIG, "%s: %zu addresses, at most %d", c->name,
				    c->addresses.count, ADDRESSES_MAX);
	if (c->mac && !sl_mac_parse(c->mac, s->mac))
		return sl_error_set(err, -EINVAL,
				    "mac: '%s' is not an address such as 02:00:00:00:00:01",
				    c->mac);
	s->mtu = (uint32_t)c->mtu;
	s->up = c->up;
	s->has_mac = c->mac;
	s->quiet = c->quiet;
	s->is_early = !c->mac && c->port;
	for (; s->n_addresses < c->addresses.count && r == 0; s->n_addresses++)
		r = sl_address_parse(c->addresses.items[s->n_addresses],
				     &s->addresses[s->n_addresses], err);
	return r < 0 ? r : sl_tap_routes_read(&s->routes, &c->routes, &c->bypass, err);
}

static int tap_check(const void *config, struct sl_blame *blame, struct sl_error *err)
{
	const struct tap_config *c = config;
	struct setting s = {0};

	blame->key = "name";
	if (sl_interface_check_name(c->name, err) < 0)
		return -EINVAL;
	blame->key = NULL;
	return read_setting(&s, c, err);
}

// Make the interface what s says.
static int settle(const char *name, const struct setting *s, struct sl_error *err)
{
	int r = s->mtu ? sl_interface_set_mtu(name, s->mtu, err) : 0;

	if (s->quiet)
		sl_interface_set_quiet(name);
	if (r == 0 && s->has_mac)
		r = sl_interface_set_mac(name, s->mac, err);
	for (size_t i = 0; i < s->n_addresses && r == 0; i++)
		r = sl_interface_add_address(name, &s->addresses[i], err);
	if (r == 0 && s->up && !s->is_early)
		r = sl_interface_set_up(name, true, err);
	return r;
}

// The kernel has routes to interfaces that are up.
static int set_routes(const char *name, struct setting *before, struct setting *s,
		      struct sl_error *err)
{
	struct sl_tap_routes none = {.n_routes = 0};
	struct sl_tap_routes *was = before ? &before->routes : NULL;

	if (!s->up || s->is_early)
		return sl_tap_routes_set(name, was, &none, err);
	return sl_tap_routes_set(name, was, &s->routes, err);
}

static bool has_address(const struct setting *s, const struct sl_address *a)
{
	for (size_t i = 0; i < s->n_addresses; i++) {
		const struct sl_address *b = &s->addresses[i];

		if (b->family == a->family && b->prefix == a->prefix &&
		    memcmp(b->bytes, a->bytes, sizeof(a->bytes)) == 0)
			return true;
	}
	return false;
}

static int open_device(struct tap *self, const struct tap *before, bool is_tap,
		       struct sl_error *err)
{
	int r;

	// The kernel lets one descriptor in; the successor of an app shares it.
	if (before && strcmp(before->name, self->name) == 0) {
		self->fd = dup(before->fd);
		if (self->fd < 0)
			return sl_error_set(err, -errno, "%s: %s", self->name, strerror(errno));
		self->is_open = true;
		sl_app_watch(&self->app, self->fd);
		return 0;
	}
	self->fd = sl_tap_open(self->name, is_tap, err);
	if (self->fd < 0)
		return self->fd;
	self->is_open = true;
	sl_app_watch(&self->app, self->fd);
	r = settle(self->name, &self->setting, err);
	return r < 0 ? r : set_routes(self->name, NULL, &self->setting, err);
}

static int configure(struct sl_app *app, const struct tap_config *c, bool is_tap,
		     struct sl_error *err)
{
	struct tap *self = (struct tap *)app;
	int r = read_setting(&self->setting, c, err);

	if (r < 0)
		return r;
	if (strlen(c->name) >= sizeof(self->name))
		return sl_tap_open(c->name, is_tap, err); // which says what is wrong with it
	memcpy(self->name, c->name, strlen(c->name));
	self->port = c->mac ? NULL : c->port;
	self->spill = malloc(SL_SPILL_BYTES);
	if (!self->spill)
		return sl_error_set(err, -ENOMEM, "out of memory");
	r = open_device(self, (const struct tap *)app->predecessor, is_tap, err);
	if (r == 0 && !is_tap)
		self->pieces = sl_tun_has_udp(self->fd) ? SL_TAP_TCP_UDP : SL_TAP_TCP;
	return r;
}

static int tap_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	return configure(app, config, true, err);
}

static int tun_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	return configure(app, config, false, err);
}

// The same interface with other settings: it changes only now, when nothing else can fail.
static void tap_adopt(struct sl_app *app, struct sl_app *old)
{
	struct tap *before = (struct tap *)old, *self = (struct tap *)app;

	if (strcmp(before->name, self->name) != 0)
		return;
	for (size_t i = 0; i < before->setting.n_addresses; i++)
		if (!has_address(&self->setting, &before->setting.addresses[i]))
			sl_interface_remove_address(self->name, &before->setting.addresses[i],
						    NULL);
	if (before->setting.up && !self->setting.up)
		sl_interface_set_up(self->name, false, NULL);
	settle(self->name, &self->setting, NULL);
	if (set_routes(self->name, &before->setting, &self->setting, NULL) < 0)
		sl_app_fail(app, "the kernel does not take all routes");
}

// The kernel makes its IPv6 link-local address of the link-layer one when the interface comes up,
// so that comes last.
static void tap_settle(struct sl_app *app, const struct sl_apps *apps)
{
	static const uint8_t none[6];
	struct tap *self = (struct tap *)app;
	const struct sl_app *port = self->port ? sl_app_find(apps, self->port) : NULL;
	struct setting *s = &self->setting;

	if (!port || memcmp(port->ether, none, sizeof(none)) == 0 ||
	    (s->has_mac && memcmp(port->ether, s->mac, sizeof(s->mac)) == 0))
		return;
	memcpy(s->mac, port->ether, sizeof(s->mac));
	s->has_mac = true;
	s->is_early = false;
	if (sl_interface_set_mac(self->name, s->mac, NULL) < 0)
		sl_app_fail(app, "the interface does not take the link-layer address of its port");
	else if (s->up && sl_interface_set_up(self->name, true, NULL) < 0)
		sl_app_fail(app, "the interface does not come up");
}

static void tap_stop(struct sl_app *app)
{
	struct tap *self = (struct tap *)app;

	sl_tap_routes_end(&self->setting.routes);
	if (self->is_open)
		close(self->fd);
	free(self->spill);
}

static void tap_pull(struct sl_app *app)
{
	struct tap *self = (struct tap *)app;

	if (app->out[SL_TAP_RX]) // else the interface's own queue is the place where they are lost
		sl_tap_receive(app, self->fd, self->spill);
}

static void tap_push(struct sl_app *app)
{
	struct tap *self = (struct tap *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, SL_TAP_TX, p, SL_BURST);

	sl_tap_send(app, self->fd, p, n, self->pieces);
}

const struct sl_app_class sl_tap_class = {
	.name = "tap",
	.help = "exchange Ethernet frames with the kernel through a TAP interface\n"
		"Each packet takes a system call; for more speed use dpdk with net_af_packet or "
		"net_af_xdp. Needs CAP_NET_ADMIN. It receives while its output is connected.",
	.inputs = {[SL_TAP_TX] = "tx"},
	.outputs = {[SL_TAP_RX] = "rx"},
	.drops = {[SL_TAP_DROP_TX_FULL] = "tx_full",
		  [SL_TAP_DROP_DOWN] = "down",
		  [SL_TAP_DROP_MALFORMED] = "malformed",
		  [SL_TAP_DROP_TOO_LONG] = "too_long"},
	.metrics = {[SL_TAP_METRIC_RX_NO_BUFFER] = "rx_no_buffer"},
	.keys = tap_keys,
	.config_size = sizeof(struct tap_config),
	.size = sizeof(struct tap),
	.needs = tap_needs,
	.check = tap_check,
	.configure = tap_configure,
	.adopt = tap_adopt,
	.settle = tap_settle,
	.pull = tap_pull,
	.push = tap_push,
	.stop = tap_stop,
};

const struct sl_app_class sl_tun_class = {
	.name = "tun",
	.help = "exchange IP packets with the kernel through a TUN interface\n"
		"Its packets are IPv4 or IPv6 without an Ethernet header, as tunnels carry them: "
		"link it to apps that give and take IP packets. TCP segments that follow each "
		"other pass the kernel in one piece, and so do UDP datagrams since Linux 6.2; they "
		"are cut and merged here. Needs "
		"CAP_NET_ADMIN. It receives while its output is connected.",
	.inputs = {[SL_TAP_TX] = "tx"},
	.outputs = {[SL_TAP_RX] = "rx"},
	.drops = {[SL_TAP_DROP_TX_FULL] = "tx_full",
		  [SL_TAP_DROP_DOWN] = "down",
		  [SL_TAP_DROP_MALFORMED] = "malformed",
		  [SL_TAP_DROP_TOO_LONG] = "too_long"},
	.metrics = {[SL_TAP_METRIC_RX_NO_BUFFER] = "rx_no_buffer"},
	.keys = tap_keys,
	.config_size = sizeof(struct tap_config),
	.size = sizeof(struct tap),
	.needs = tap_needs,
	.check = tap_check,
	.configure = tun_configure,
	.adopt = tap_adopt,
	.pull = tap_pull,
	.push = tap_push,
	.stop = tap_stop,
};
