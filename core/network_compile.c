// The data flow that this makes is drawn in docs/router.md.

#include "core/grow.h"
#include "core/network.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	TEXT = 128, // bytes of a setting
	END = 128,  // bytes of a link's end
};

// A link to be: where several lead to one input, a join stands in front of it.
struct wire {
	char from[END], to[END];
	struct sl_place at;
};

// What apps and links are added to. The first failure stays, and nothing is added behind it.
struct builder {
	const struct sl_network *n;
	struct sl_graph *g;
	struct sl_error *err;
	struct wire *wires;
	size_t n_wires;
	size_t app; // index of the one whose settings are added
	bool ipv6;
	int code;
};

// ---- items

// Add an app called by the format; its settings follow.
__attribute__((format(printf, 4, 5))) static void add(struct builder *b, struct sl_place at,
						      const char *class, const char *format, ...)
{
	const struct sl_graph_app *app;
	char name[END];
	va_list args;

	if (b->code)
		return;
	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	app = sl_graph_add_app(b->g, name, at, class, at, b->err);
	if (app)
		b->app = (size_t)(app - b->g->apps);
	else
		b->code = -EINVAL;
}

static void put(struct builder *b, struct sl_place at, const char *key, const char *text,
		bool append)
{
	if (!b->code)
		b->code = sl_graph_app_set(b->g, &b->g->apps[b->app], key, at, text, at, append,
					   b->err);
}

__attribute__((format(printf, 4, 5))) static void set(struct builder *b, struct sl_place at,
						      const char *key, const char *format, ...)
{
	char text[TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put(b, at, key, text, false);
}

// Append an item to a list.
__attribute__((format(printf, 4, 5))) static void append(struct builder *b, struct sl_place at,
							 const char *key, const char *format, ...)
{
	char text[TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put(b, at, key, text, true);
}

// Write a pattern with the name in place of its '*'.
static void expand(char *to, const char *pattern, const char *name)
{
	int before = (int)strcspn(pattern, "*");

	if (pattern[before])
		snprintf(to, END, "%.*s%s%s", before, pattern, name, pattern + before + 1);
	else
		snprintf(to, END, "%s", pattern);
}

// Have a link between two ends, "app.port" each; '*' stands for the name.
static void wire(struct builder *b, struct sl_place at, const char *name, const char *from,
		 const char *to)
{
	struct wire *wires = b->code ? NULL : sl_grow(b->wires, b->n_wires, sizeof(*wires));

	if (!b->code && !wires)
		b->code = sl_error_set(b->err, -ENOMEM, "out of memory");
	if (b->code)
		return;
	b->wires = wires;
	wires += b->n_wires++;
	wires->at = at;
	expand(wires->from, from, name);
	expand(wires->to, to, name);
}

static void add_link(struct builder *b, struct sl_place at, const char *from, const char *to)
{
	if (!b->code && !sl_graph_add_link(b->g, from, at, to, at, b->err))
		b->code = -EINVAL;
}

// "lan-out.error" as part of a name: "lan-out-error".
static void dash(char *name, const char *end)
{
	snprintf(name, END, "%s", end);
	for (; *name; name++)
		if (*name == '.')
			*name = '-';
}

// Link every wire to the same input as wire i, the first of them. A join's inputs are named by
// where they come from: these names stay when one more is added.
static void link_input(struct builder *b, size_t i)
{
	const struct wire *first = &b->wires[i];
	char join[END + 8], name[END], input[3 * END];
	unsigned n = 0;

	for (size_t k = i; k < b->n_wires; k++)
		n += !strcmp(b->wires[k].to, first->to);
	if (n == 1) {
		add_link(b, first->at, first->from, first->to);
		return;
	}
	dash(name, first->to);
	snprintf(join, sizeof(join), "%s-join", name);
	add(b, first->at, "join", "%s", join);
	for (size_t k = i; k < b->n_wires; k++) {
		if (strcmp(b->wires[k].to, first->to) != 0)
			continue;
		dash(name, b->wires[k].from);
		snprintf(input, sizeof(input), "%s.%s", join, name);
		add_link(b, b->wires[k].at, b->wires[k].from, input);
	}
	add_link(b, first->at, join, first->to);
}

static void link_wires(struct builder *b)
{
	for (size_t i = 0; i < b->n_wires && !b->code; i++) {
		size_t k = 0;

		while (strcmp(b->wires[k].to, b->wires[i].to) != 0)
			k++;
		if (k == i)
			link_input(b, i);
	}
}

// ---- the apps of a port

static void add_device(struct builder *b, const struct sl_network_port *p, unsigned mtu)
{
	if (p->device.text) {
		add(b, p->at, "dpdk", "port-%s", p->name);
		set(b, p->device.at, "device", "%s", p->device.text);
		set(b, p->mtu ? p->mtu_at : p->at, "mtu", "%u", mtu);
	} else if (p->interface.text) {
		add(b, p->at, "tap", "port-%s", p->name);
		set(b, p->interface.at, "name", "%s", p->interface.text);
		set(b, p->mtu ? p->mtu_at : p->at, "mtu", "%u", mtu);
	}
}

// Whose link-layer address is the interface's.
static void set_mac(struct builder *b, const struct sl_network_port *p)
{
	if (p->mac.text)
		set(b, p->mac.at, "mac", "%s", p->mac.text);
	else
		set(b, p->at, "port", "port-%s", p->name);
}

static void add_in(struct builder *b, const struct sl_network_port *p, unsigned index)
{
	add(b, p->at, "ethernet-in", "%s-in", p->name);
	set(b, p->at, "index", "%u", index);
	set_mac(b, p);
	if (p->promiscuous.text)
		set(b, p->promiscuous.at, "promiscuous", "%s", p->promiscuous.text);
}

static void add_addresses(struct builder *b, unsigned port)
{
	char text[SL_IP_TEXT];

	for (size_t i = 0; i < b->n->n_addresses; i++) {
		const struct sl_network_address *a = &b->n->addresses[i];

		if (a->port == port)
			append(b, a->at, "addresses", "%s", sl_prefix_print(&a->prefix, text));
	}
}

static void add_out(struct builder *b, const struct sl_network_port *p, unsigned index)
{
	char text[SL_IP_TEXT];

	add(b, p->at, "neighbour", "%s-out", p->name);
	set(b, p->at, "index", "%u", index);
	set_mac(b, p);
	add_addresses(b, index);
	for (size_t i = 0; i < b->n->n_neighbours; i++) {
		const struct sl_network_neighbour *e = &b->n->neighbours[i];

		if (e->port == index)
			append(b, e->at, "neighbours", "%s %s", sl_ip_print(&e->ip, text),
			       e->mac.text);
	}
}

static void add_tap(struct builder *b, const struct sl_network_port *p, unsigned index)
{
	if (!p->tap.text)
		return;
	add(b, p->tap.at, "tap", "tap-%s", p->name);
	set(b, p->tap.at, "name", "%s", p->tap.text);
	set(b, p->mtu ? p->mtu_at : p->tap.at, "mtu", "%u", sl_network_mtu(b->n, b->g, index));
	set_mac(b, p);
	set(b, p->tap.at, "quiet", "yes"); // what is said of the addresses there, the router says
	add_addresses(b, index);
}

static void add_port(struct builder *b, unsigned index)
{
	const struct sl_network_port *p = &b->n->ports[index];

	add_device(b, p, sl_network_mtu(b->n, b->g, index));
	add_in(b, p, index);
	add_out(b, p, index);
	add_tap(b, p, index);
}

// ---- the apps that ports share

static void set_interfaces(struct builder *b)
{
	for (size_t i = 0; i < b->n->n_ports; i++)
		append(b, b->n->ports[i].at, "interfaces", "%s", b->n->ports[i].name);
}

static void set_addresses(struct builder *b, unsigned families)
{
	char text[SL_IP_TEXT];

	for (size_t i = 0; i < b->n->n_addresses; i++) {
		const struct sl_network_address *a = &b->n->addresses[i];

		if (families == 46 || families == a->prefix.ip.family)
			append(b, a->at, "addresses", "%s %s", b->n->ports[a->port].name,
			       sl_prefix_print(&a->prefix, text));
	}
}

// "10.1.0.0/16 via 10.0.0.2 dev lan": as `ip route` would print it.
static void set_route(struct builder *b, const struct sl_network_route *r)
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
	put(b, r->at, "routes", text, true);
}

static void add_route(struct builder *b, unsigned family)
{
	add(b, b->n->at, family == 4 ? "ipv4-route" : "ipv6-route", "ipv%u-route", family);
	set_interfaces(b);
	for (unsigned i = 0; i < b->n->n_ports; i++) {
		const struct sl_network_port *p = &b->n->ports[i];

		append(b, p->mtu ? p->mtu_at : p->at, "mtus", "%u", sl_network_mtu(b->n, b->g, i));
	}
	set_addresses(b, family);
	for (size_t i = 0; i < b->n->n_routes; i++)
		if (b->n->routes[i].prefix.ip.family == family)
			set_route(b, &b->n->routes[i]);
}

static void add_kernel(struct builder *b)
{
	if (!b->n->kernel.text)
		return;
	add(b, b->n->kernel.at, "kernel-routes", "kernel-routes");
	set_interfaces(b);
	for (size_t i = 0; i < b->n->n_ports; i++)
		append(b, b->n->ports[i].tap.at, "devices", "%s", b->n->ports[i].tap.text);
	set(b, b->n->kernel.at, "table", "%s", b->n->kernel.text);
}

// One for each family, for what leaves it goes to another input of neighbour.
static void add_fragment(struct builder *b, unsigned family)
{
	add(b, b->n->at, "ip-fragment", "ipv%u-fragment", family);
	set_interfaces(b);
}

static void add_shared(struct builder *b)
{
	add(b, b->n->at, "ipv4-input", "ipv4-input");
	add_route(b, 4);
	if (b->ipv6) {
		add(b, b->n->at, "ipv6-input", "ipv6-input");
		add_route(b, 6);
	}
	add_fragment(b, 4);
	if (b->ipv6)
		add_fragment(b, 6);
	add(b, b->n->at, "icmp-error", "icmp-error");
	set_interfaces(b);
	set_addresses(b, 46);
	add(b, b->n->at, "local", "local");
	set_interfaces(b);
	set_addresses(b, 46);
	add_kernel(b);
}

// The words of `router`.
static void set_words(struct builder *b, const struct sl_setting *s)
{
	const struct sl_network_word *w = sl_network_words;

	while (strcmp(w->name, s->key) != 0)
		w++;
	for (unsigned i = 0; i < 2 && w->apps[i]; i++) {
		const struct sl_graph_app *app = sl_graph_find(b->g, w->apps[i]);

		if (!app)
			continue; // no IPv6
		b->app = (size_t)(app - b->g->apps);
		put(b, s->value.at, w->key, s->value.text, false);
	}
}

// ---- links

static void wire_family(struct builder *b, const struct sl_network_port *p, unsigned family)
{
	static const struct {
		const char *from, *to;
	} links[2][4] = {
		{{"*-in.ipv4", "ipv4-input.*"},
		 {"*-in.arp", "*-out.arp"},
		 {"ipv4-route.*", "*-out.ipv4"},
		 {"ipv4-fragment.*", "*-out.ipv4"}},
		{{"*-in.ipv6", "ipv6-input.*"},
		 {"*-in.nd", "*-out.nd"},
		 {"ipv6-route.*", "*-out.ipv6"},
		 {"ipv6-fragment.*", "*-out.ipv6"}},
	};

	for (unsigned i = 0; i < 4 && links[family == 6][i].from; i++)
		wire(b, p->at, p->name, links[family == 6][i].from, links[family == 6][i].to);
}

static void wire_port(struct builder *b, const struct sl_network_port *p)
{
	if (p->in.text)
		wire(b, p->in.at, p->name, p->in.text, "*-in");
	else
		wire(b, p->at, p->name, "port-*", "*-in");
	wire_family(b, p, 4);
	if (b->ipv6)
		wire_family(b, p, 6);
	wire(b, p->at, p->name, "*-out.error", "icmp-error.*");
	if (p->out.text)
		wire(b, p->out.at, p->name, "*-out.out", p->out.text);
	else
		wire(b, p->at, p->name, "*-out.out", "port-*");
	if (!p->tap.text)
		return;
	wire(b, p->tap.at, p->name, "*-in.other", "tap-*");
	wire(b, p->tap.at, p->name, "*-out.tap", "tap-*");
	wire(b, p->tap.at, p->name, "local.*", "tap-*");
	wire(b, p->tap.at, p->name, "tap-*", p->out.text ? p->out.text : "port-*");
}

static void wire_shared(struct builder *b, const char *family)
{
	struct sl_place at = b->n->at;

	wire(b, at, family, "*-input", "*-route.in");
	wire(b, at, family, "*-route.local", "local.*");
	wire(b, at, family, "*-route.error", "icmp-error.router");
	wire(b, at, family, "*-route.big", "*-fragment.route");
	wire(b, at, family, "*-fragment.error", "icmp-error.router");
	wire(b, at, family, "icmp-error.*", "*-route.self");
	wire(b, at, family, "local.*", "*-route.self");
}

static void wire_kernel(struct builder *b)
{
	struct sl_place at = b->n->kernel.at;

	if (!b->n->kernel.text)
		return;
	wire(b, at, "", "kernel-routes.ipv4", "ipv4-route.control");
	wire(b, at, "", "kernel-routes.ipv6", "ipv6-route.control");
	wire(b, at, "", "kernel-routes.icmp", "icmp-error.control");
	wire(b, at, "", "kernel-routes.local", "local.control");
	for (size_t i = 0; i < b->n->n_ports; i++)
		wire(b, at, b->n->ports[i].name, "kernel-routes.*", "*-out.control");
}

static void wire_all(struct builder *b)
{
	for (size_t i = 0; i < b->n->n_ports; i++)
		wire_port(b, &b->n->ports[i]);
	wire_shared(b, "ipv4");
	if (b->ipv6)
		wire_shared(b, "ipv6");
	wire(b, b->n->at, "", "local.error", "icmp-error.router");
	wire_kernel(b);
}

int sl_network_compile(const struct sl_network *n, struct sl_graph *g, struct sl_error *err)
{
	struct builder b = {.n = n, .g = g, .err = err, .ipv6 = sl_network_has_ipv6(n)};

	if (n->n_ports == 0)
		return 0;
	for (unsigned i = 0; i < n->n_ports; i++)
		add_port(&b, i);
	add_shared(&b);
	for (size_t i = 0; i < n->n_router && !b.code; i++)
		set_words(&b, &n->router[i]);
	wire_all(&b);
	link_wires(&b);
	for (unsigned i = 0; i < n->n_ports; i++)
		if (n->ports[i].mtu > g->mtu)
			g->mtu = n->ports[i].mtu;
	free(b.wires);
	return b.code;
}
