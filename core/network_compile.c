// The data flow that this makes is drawn in docs/router.md.

#include "core/network_build.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

// ---- the apps of a port

static void add_device(struct sl_builder *b, const struct sl_network_port *p, unsigned mtu)
{
	if (p->device.text) {
		sl_build_app(b, p->at, "dpdk", "port-%s", p->name);
		sl_build_set(b, p->device.at, "device", "%s", p->device.text);
		sl_build_set(b, p->mtu ? p->mtu_at : p->at, "mtu", "%u", mtu);
	} else if (p->interface.text) {
		sl_build_app(b, p->at, "tap", "port-%s", p->name);
		sl_build_set(b, p->interface.at, "name", "%s", p->interface.text);
		sl_build_set(b, p->mtu ? p->mtu_at : p->at, "mtu", "%u", mtu);
	}
}

// Whose link-layer address is the interface's.
static void set_mac(struct sl_builder *b, const struct sl_network_port *p)
{
	if (p->mac.text)
		sl_build_set(b, p->mac.at, "mac", "%s", p->mac.text);
	else
		sl_build_set(b, p->at, "port", "port-%s", p->name);
}

static void add_in(struct sl_builder *b, const struct sl_network_port *p, unsigned index)
{
	sl_build_app(b, p->at, "ethernet-in", "%s-in", p->name);
	sl_build_set(b, p->at, "index", "%u", index);
	set_mac(b, p);
	if (p->promiscuous.text)
		sl_build_set(b, p->promiscuous.at, "promiscuous", "%s", p->promiscuous.text);
}

static void add_addresses(struct sl_builder *b, unsigned port)
{
	char text[SL_IP_TEXT];

	for (size_t i = 0; i < b->n->n_addresses; i++) {
		const struct sl_network_address *a = &b->n->addresses[i];

		if (a->port == port)
			sl_build_append(b, a->at, "addresses", "%s",
					sl_prefix_print(&a->prefix, text));
	}
}

static void add_out(struct sl_builder *b, const struct sl_network_port *p, unsigned index)
{
	char text[SL_IP_TEXT];

	sl_build_app(b, p->at, "neighbour", "%s-out", p->name);
	sl_build_set(b, p->at, "index", "%u", index);
	set_mac(b, p);
	add_addresses(b, index);
	for (size_t i = 0; i < b->n->n_neighbours; i++) {
		const struct sl_network_neighbour *e = &b->n->neighbours[i];

		if (e->port == index)
			sl_build_append(b, e->at, "neighbours", "%s %s", sl_ip_print(&e->ip, text),
					e->mac.text);
	}
}

static void add_tap(struct sl_builder *b, const struct sl_network_port *p, unsigned index)
{
	if (!p->tap.text)
		return;
	sl_build_app(b, p->tap.at, "tap", "tap-%s", p->name);
	sl_build_set(b, p->tap.at, "name", "%s", p->tap.text);
	sl_build_set(b, p->mtu ? p->mtu_at : p->tap.at, "mtu", "%u",
		     sl_network_mtu(b->n, b->g, index));
	set_mac(b, p);
	sl_build_set(b, p->tap.at, "quiet",
		     "yes"); // what is said of the addresses there, the router says
	add_addresses(b, index);
}

static void add_port(struct sl_builder *b, unsigned index)
{
	const struct sl_network_port *p = &b->n->ports[index];

	add_device(b, p, sl_network_mtu(b->n, b->g, index));
	add_in(b, p, index);
	add_out(b, p, index);
	add_tap(b, p, index);
}

// ---- the apps that ports share

static void set_interfaces(struct sl_builder *b)
{
	for (size_t i = 0; i < b->n->n_ports; i++)
		sl_build_append(b, b->n->ports[i].at, "interfaces", "%s", b->n->ports[i].name);
}

static void set_addresses(struct sl_builder *b, unsigned families)
{
	char text[SL_IP_TEXT];

	for (size_t i = 0; i < b->n->n_addresses; i++) {
		const struct sl_network_address *a = &b->n->addresses[i];

		if (families == 46 || families == a->prefix.ip.family)
			sl_build_append(b, a->at, "addresses", "%s %s", b->n->ports[a->port].name,
					sl_prefix_print(&a->prefix, text));
	}
}

// "10.1.0.0/16 via 10.0.0.2 dev lan": as `ip route` would print it.
static void set_route(struct sl_builder *b, const struct sl_network_route *r)
{
	static const char *const actions[] = {"", "blackhole", "unreachable", "prohibit"};
	char text[SL_IP_TEXT * (2 * SL_NETWORK_HOPS_MAX + 1)], ip[SL_IP_TEXT];
	size_t at = (size_t)snprintf(text, sizeof(text), "%s%s%s", sl_prefix_print(&r->prefix, ip),
				     r->action ? " " : "", actions[r->action]);

	for (unsigned i = 0; i < r->n_hops; i++) {
		const struct sl_network_hop *h = &r->hops[i];

		if (h->gateway.family)
			at += (size_t)snprintf(text + at, sizeof(text) - at, " via %s",
					       sl_ip_print(&h->gateway, ip));
		at += (size_t)snprintf(text + at, sizeof(text) - at, " dev %s",
				       b->n->ports[h->port].name);
	}
	sl_build_put(b, r->at, "routes", text, true);
}

static void add_route(struct sl_builder *b, unsigned family)
{
	sl_build_app(b, b->n->at, family == 4 ? "ipv4-route" : "ipv6-route", "ipv%u-route", family);
	set_interfaces(b);
	for (unsigned i = 0; i < b->n->n_ports; i++) {
		const struct sl_network_port *p = &b->n->ports[i];

		sl_build_append(b, p->mtu ? p->mtu_at : p->at, "mtus", "%u",
				sl_network_mtu(b->n, b->g, i));
	}
	set_addresses(b, family);
	for (size_t i = 0; i < b->n->n_routes; i++)
		if (b->n->routes[i].prefix.ip.family == family)
			set_route(b, &b->n->routes[i]);
}

static void add_kernel(struct sl_builder *b)
{
	if (!b->n->kernel.text)
		return;
	sl_build_app(b, b->n->kernel.at, "kernel-routes", "kernel-routes");
	for (size_t i = 0; i < b->n->n_ports; i++) {
		const struct sl_network_port *p = &b->n->ports[i];

		if (p->tunnel)
			break; // no interface of the kernel is one
		sl_build_append(b, p->at, "interfaces", "%s", p->name);
		sl_build_append(b, p->tap.at, "devices", "%s", p->tap.text);
	}
	sl_build_set(b, b->n->kernel.at, "table", "%s", b->n->kernel.text);
}

// One for each family, for what leaves it goes to another input of neighbour.
static void add_fragment(struct sl_builder *b, unsigned family)
{
	sl_build_app(b, b->n->at, "ip-fragment", "ipv%u-fragment", family);
	set_interfaces(b);
}

static void set_listen(struct sl_builder *b)
{
	for (size_t i = 0; i < b->n->n_ports; i++) {
		const struct sl_network_port *p = &b->n->ports[i];

		if (p->tunnel)
			sl_build_append(b, p->tunnel->listen.at, "listen", "%s %u", p->name,
					p->tunnel->listen.value);
	}
}

static void add_shared(struct sl_builder *b)
{
	sl_build_app(b, b->n->at, "ipv4-input", "ipv4-input");
	add_route(b, 4);
	if (b->ipv6) {
		sl_build_app(b, b->n->at, "ipv6-input", "ipv6-input");
		add_route(b, 6);
	}
	add_fragment(b, 4);
	if (b->ipv6)
		add_fragment(b, 6);
	sl_build_app(b, b->n->at, "icmp-error", "icmp-error");
	set_interfaces(b);
	set_addresses(b, 46);
	sl_build_app(b, b->n->at, "local", "local");
	set_interfaces(b);
	set_addresses(b, 46);
	set_listen(b);
	add_kernel(b);
}

// The words of `router`.
static void set_words(struct sl_builder *b, const struct sl_setting *s)
{
	const struct sl_network_word *w = sl_network_words;

	while (strcmp(w->name, s->key) != 0)
		w++;
	for (unsigned i = 0; w->apps[i]; i++) {
		const struct sl_graph_app *app = sl_graph_find(b->g, w->apps[i]);

		if (!app)
			continue; // no IPv6, or nothing of the kernel
		b->app = (size_t)(app - b->g->apps);
		sl_build_put(b, s->value.at, w->key, s->value.text, false);
	}
}

// ---- links

static void wire_family(struct sl_builder *b, const struct sl_network_port *p, unsigned family)
{
	static const struct {
		const char *from, *to;
	} links[2][4] = {
		{{"*-in.ipv4", "ipv4-input.*"},
		 {"*-in.arp", "*-out.arp"},
		 {"ipv4-route.*", "*-out.ipv4"},
		 {"ipv4-fragment.*", "*-out.fragments4"}},
		{{"*-in.ipv6", "ipv6-input.*"},
		 {"*-in.nd", "*-out.nd"},
		 {"ipv6-route.*", "*-out.ipv6"},
		 {"ipv6-fragment.*", "*-out.fragments6"}},
	};

	for (unsigned i = 0; i < 4 && links[family == 6][i].from; i++)
		sl_build_wire(b, p->at, p->name, links[family == 6][i].from,
			      links[family == 6][i].to);
}

static void wire_port(struct sl_builder *b, unsigned index)
{
	const struct sl_network_port *p = &b->n->ports[index];

	if (p->in.text)
		sl_build_wire(b, p->in.at, p->name, p->in.text, "*-in");
	else
		sl_build_wire(b, p->at, p->name, "port-*", "*-in");
	wire_family(b, p, 4);
	if (b->ipv6 && sl_network_mtu(b->n, b->g, index) >= SL_NETWORK_MTU_MIN6)
		wire_family(b, p, 6);
	sl_build_wire(b, p->at, p->name, "*-out.error", "icmp-error.*");
	if (p->out.text)
		sl_build_wire(b, p->out.at, p->name, "*-out.out", p->out.text);
	else
		sl_build_wire(b, p->at, p->name, "*-out.out", "port-*");
	if (!p->tap.text)
		return;
	sl_build_wire(b, p->tap.at, p->name, "*-in.other", "tap-*");
	sl_build_wire(b, p->tap.at, p->name, "*-out.tap", "tap-*");
	sl_build_wire(b, p->tap.at, p->name, "local.*", "tap-*");
	sl_build_wire(b, p->tap.at, p->name, "tap-*", p->out.text ? p->out.text : "port-*");
}

static void wire_shared(struct sl_builder *b, const char *family)
{
	struct sl_place at = b->n->at;

	sl_build_wire(b, at, family, "*-input", "*-route.in");
	sl_build_wire(b, at, family, "*-route.local", "local.*");
	sl_build_wire(b, at, family, "*-route.error", "icmp-error.router");
	sl_build_wire(b, at, family, "*-route.big", "*-fragment.route");
	sl_build_wire(b, at, family, "*-fragment.error", "icmp-error.router");
	sl_build_wire(b, at, family, "icmp-error.*", "*-route.self");
	sl_build_wire(b, at, family, "local.*", "*-route.self");
}

static void wire_kernel(struct sl_builder *b)
{
	struct sl_place at = b->n->kernel.at;

	if (!b->n->kernel.text)
		return;
	sl_build_wire(b, at, "", "kernel-routes.ipv4", "ipv4-route.control");
	sl_build_wire(b, at, "", "kernel-routes.ipv6", "ipv6-route.control");
	sl_build_wire(b, at, "", "kernel-routes.icmp", "icmp-error.control");
	sl_build_wire(b, at, "", "kernel-routes.local", "local.control");
	for (size_t i = 0; i < b->n->n_ports; i++)
		if (!b->n->ports[i].tunnel)
			sl_build_wire(b, at, b->n->ports[i].name, "kernel-routes.*",
				      "*-out.control");
}

static void wire_all(struct sl_builder *b)
{
	for (unsigned i = 0; i < b->n->n_ports; i++) {
		if (b->n->ports[i].tunnel)
			sl_build_tunnel(b, i);
		else
			wire_port(b, i);
	}
	wire_shared(b, "ipv4");
	if (b->ipv6)
		wire_shared(b, "ipv6");
	sl_build_wire(b, b->n->at, "", "local.error", "icmp-error.router");
	wire_kernel(b);
}

int sl_network_compile(const struct sl_network *n, struct sl_graph *g, struct sl_error *err)
{
	struct sl_builder b = {.n = n, .g = g, .err = err, .ipv6 = sl_network_has_ipv6(n)};

	if (n->n_ports == 0)
		return 0;
	for (unsigned i = 0; i < n->n_ports; i++)
		if (!n->ports[i].tunnel)
			add_port(&b, i);
	add_shared(&b);
	for (size_t i = 0; i < n->n_router && !b.code; i++)
		set_words(&b, &n->router[i]);
	wire_all(&b);
	sl_build_link(&b);
	for (unsigned i = 0; i < n->n_ports; i++)
		g->mtu = RTE_MAX(g->mtu, sl_network_longest(&n->ports[i]));
	return b.code;
}
