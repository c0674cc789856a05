#include "core/ip/kernel_table.h"
#include "core/network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINK_LOCAL_LEN = 10 }; // fe80::/10

struct check {
	const struct sl_network *n;
	const struct sl_graph *g;
	struct sl_error *err;
	const struct sl_network_route **on_link; // those that lead to the link of a port
	size_t n_on_link;
};

// The address of another machine, which must be on one of our links.
struct subject {
	const char *what; // "next hop"
	const struct sl_ip *ip;
	unsigned *port; // of the link, found where it is not given
	struct sl_place at;
};

static const struct sl_network_address *own(const struct sl_network *n, const struct sl_ip *ip)
{
	for (size_t i = 0; i < n->n_addresses; i++)
		if (sl_ip_equal(&n->addresses[i].prefix.ip, ip))
			return &n->addresses[i];
	return NULL;
}

// The address of ours in whose subnet ip lies, on the port given or on any.
static const struct sl_network_address *beside(const struct sl_network *n, const struct sl_ip *ip,
					       unsigned port)
{
	for (size_t i = 0; i < n->n_addresses; i++)
		if (sl_prefix_contains(&n->addresses[i].prefix, ip) &&
		    (port == SL_NETWORK_NO_PORT || port == n->addresses[i].port))
			return &n->addresses[i];
	return NULL;
}

static bool leads_to_link(const struct check *c, const struct sl_network_hop *hop)
{
	return !hop->gateway.family && !c->n->ports[hop->port].tunnel;
}

static int find_on_link(struct check *c)
{
	c->on_link = calloc(c->n->n_routes + 1, sizeof(struct sl_network_route *));
	if (!c->on_link)
		return sl_error_set(c->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < c->n->n_routes; i++) {
		const struct sl_network_route *r = &c->n->routes[i];

		if (r->action == SL_NETWORK_FORWARD && r->n_hops == 1 &&
		    leads_to_link(c, &r->hops[0]))
			c->on_link[c->n_on_link++] = r;
	}
	return 0;
}

// The port, or the one given, on whose link a route says that ip is, though no subnet does.
static unsigned routed_beside(const struct check *c, const struct sl_ip *ip, unsigned port)
{
	const struct sl_network_route *found = NULL;

	for (size_t i = 0; i < c->n_on_link; i++) {
		const struct sl_network_route *r = c->on_link[i];

		if (sl_prefix_contains(&r->prefix, ip) &&
		    (port == SL_NETWORK_NO_PORT || port == r->hops[0].port) &&
		    (!found || r->prefix.len > found->prefix.len))
			found = r;
	}
	return found ? found->hops[0].port : SL_NETWORK_NO_PORT;
}

static int beside_no_address(const struct check *c, const struct subject *s, const char *text)
{
	unsigned port = routed_beside(c, s->ip, *s->port);

	if (port != SL_NETWORK_NO_PORT) {
		*s->port = port;
		return 0;
	}
	if (*s->port != SL_NETWORK_NO_PORT)
		return sl_graph_error(c->g, s->at, c->err, -EINVAL,
				      "%s %s is not on the link of %s '%s': it is in none of its "
				      "subnets",
				      s->what, text, sl_network_kind(&c->n->ports[*s->port]),
				      c->n->ports[*s->port].name);
	return sl_graph_error(c->g, s->at, c->err, -EINVAL,
			      "%s %s is not on any link: it is in no port's subnet", s->what, text);
}

static int check_link_local(const struct check *c, const struct subject *s, const char *text)
{
	if (*s->port != SL_NETWORK_NO_PORT)
		return 0;
	return sl_graph_error(c->g, s->at, c->err, -EINVAL,
			      "%s %s is a link-local address, and those are on every link: name "
			      "the port behind it, as in %s%%%s",
			      s->what, text, text, c->n->n_ports ? c->n->ports[0].name : "lan");
}

static int check_on_link(const struct check *c, const struct subject *s)
{
	const struct sl_network_address *a = own(c->n, s->ip);
	const char *wrong = sl_network_odd_address(s->ip);
	char text[SL_IP_TEXT];

	sl_ip_print(s->ip, text);
	if (wrong)
		return sl_graph_error(c->g, s->at, c->err, -EINVAL, "%s %s %s", s->what, text,
				      wrong);
	if (a)
		return sl_graph_error(c->g, s->at, c->err, -EINVAL,
				      "%s %s is an address of the router itself, on %s '%s'",
				      s->what, text, sl_network_kind(&c->n->ports[a->port]),
				      c->n->ports[a->port].name);
	if (sl_ip_is_link_local(s->ip))
		return check_link_local(c, s, text);
	a = beside(c->n, s->ip, *s->port);
	if (!a)
		return beside_no_address(c, s, text);
	wrong = sl_network_no_host(&a->prefix, s->ip);
	if (wrong && s->ip->family == 4)
		return sl_graph_error(c->g, s->at, c->err, -EINVAL, "%s %s is %s", s->what, text,
				      wrong);
	*s->port = a->port;
	return 0;
}

// ---- neighbours

int sl_network_check_neighbours(struct sl_network *n, const struct sl_graph *g,
				struct sl_error *err)
{
	struct check c = {.n = n, .g = g, .err = err};
	int code = find_on_link(&c);

	for (size_t i = 0; i < n->n_neighbours && !code; i++) {
		struct sl_network_neighbour *a = &n->neighbours[i];
		const struct subject s = {"neighbour", &a->ip, &a->port, a->at};

		code = check_on_link(&c, &s);
		if (!code && n->ports[a->port].tunnel)
			code = sl_graph_error(g, a->at, err, -EINVAL,
					      "in tunnel '%s' nobody has a link-layer address",
					      n->ports[a->port].name);
		if (!code)
			code = sl_network_check_mac(&a->mac, g, err);
		for (size_t k = 0; k < i && !code; k++)
			if (n->neighbours[k].port == a->port &&
			    sl_ip_equal(&n->neighbours[k].ip, &a->ip))
				code = sl_graph_error(g, a->at, err, -EINVAL,
						      "this neighbour stands here twice, first on "
						      "line %u",
						      n->neighbours[k].at.line);
	}
	free(c.on_link);
	return code;
}

// ---- routes

static int check_gateway(const struct check *c, const struct sl_network_route *route,
			 struct sl_network_hop *hop)
{
	const struct subject s = {"next hop", &hop->gateway, &hop->port, hop->at};
	char text[SL_IP_TEXT];

	if (hop->gateway.family != route->prefix.ip.family)
		return sl_graph_error(c->g, hop->at, c->err, -EINVAL,
				      "next hop %s is an IPv%u address, and the route is of IPv%u",
				      sl_ip_print(&hop->gateway, text), hop->gateway.family,
				      route->prefix.ip.family);
	return check_on_link(c, &s);
}

static int check_hop(const struct check *c, const struct sl_network_route *route, unsigned i)
{
	struct sl_network_hop *hop = &route->hops[i];
	int code = hop->gateway.family ? check_gateway(c, route, hop) : 0;
	uint32_t mtu = code ? 0 : sl_network_mtu(c->n, c->g, hop->port);

	if (code)
		return code;
	for (unsigned k = 0; k < i; k++)
		if (route->hops[k].port == hop->port &&
		    sl_ip_equal(&route->hops[k].gateway, &hop->gateway))
			return sl_graph_error(c->g, hop->at, c->err, -EINVAL,
					      "this next hop stands here twice");
	if (route->prefix.ip.family == 6 && mtu < SL_NETWORK_MTU_MIN6)
		return sl_graph_error(c->g, hop->at, c->err, -EINVAL,
				      "the MTU of %s '%s', %u, is too small for IPv6: at least "
				      "%d",
				      sl_network_kind(&c->n->ports[hop->port]),
				      c->n->ports[hop->port].name, mtu, SL_NETWORK_MTU_MIN6);
	return 0;
}

// A prefix that is reached already, or never.
static int check_prefix(const struct check *c, const struct sl_network_route *r)
{
	struct sl_prefix masked = sl_prefix_masked(&r->prefix);
	const char *odd = r->action == SL_NETWORK_FORWARD ? sl_network_odd_prefix(&masked) : NULL;
	char text[SL_IP_TEXT], other[SL_IP_TEXT];

	sl_prefix_print(&r->prefix, text);
	if (!sl_ip_equal(&masked.ip, &r->prefix.ip))
		return sl_graph_error(c->g, r->at, c->err, -EINVAL,
				      "%s has bits set behind its prefix; did you mean '%s'?", text,
				      sl_prefix_print(&masked, other));
	if (odd)
		return sl_graph_error(c->g, r->at, c->err, -EINVAL, "no route leads to %s: it %s",
				      text, odd);
	if (sl_ip_is_link_local(&masked.ip) && masked.len >= LINK_LOCAL_LEN)
		return sl_graph_error(c->g, r->at, c->err, -EINVAL,
				      "%s is link-local: every port has such addresses on its "
				      "link, and no route leads to them",
				      text);
	for (size_t i = 0; i < c->n->n_addresses; i++) {
		const struct sl_network_address *a = &c->n->addresses[i];
		struct sl_prefix subnet = sl_prefix_masked(&a->prefix);

		if (sl_ip_equal(&masked.ip, &subnet.ip) && masked.len == subnet.len)
			return sl_graph_error(c->g, r->at, c->err, -EINVAL,
					      "%s is the subnet of %s '%s' and needs no route",
					      text, sl_network_kind(&c->n->ports[a->port]),
					      c->n->ports[a->port].name);
		if (sl_ip_equal(&masked.ip, &a->prefix.ip) &&
		    masked.len == sl_ip_bits(masked.ip.family))
			return sl_graph_error(c->g, r->at, c->err, -EINVAL,
					      "%s is an address of the router itself, on %s '%s'",
					      text, sl_network_kind(&c->n->ports[a->port]),
					      c->n->ports[a->port].name);
	}
	return 0;
}

static int check_route(const struct check *c, const struct sl_network_route *r)
{
	int code = check_prefix(c, r);

	if (!code && r->action == SL_NETWORK_FORWARD && r->n_hops == 0)
		code = sl_graph_error(c->g, r->value_at, c->err, -EINVAL,
				      "the route has no next hop");
	for (unsigned i = 0; i < r->n_hops && !code; i++)
		code = check_hop(c, r, i);
	return code;
}

static int compare_routes(const void *a, const void *b)
{
	const struct sl_network_route *x = *(const struct sl_network_route *const *)a;
	const struct sl_network_route *y = *(const struct sl_network_route *const *)b;
	int order = memcmp(&x->prefix, &y->prefix, sizeof(x->prefix));

	return order ? order : (x > y) - (x < y); // as they stand in the file
}

// The same prefix in two spellings; the file's reader has found those in one.
static int check_twice(const struct check *c)
{
	const struct sl_network_route **sorted = calloc(c->n->n_routes + 1, sizeof(*sorted));
	const struct sl_network_route *once = NULL, *twice = NULL;
	char text[SL_IP_TEXT];

	if (!sorted)
		return sl_error_set(c->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < c->n->n_routes; i++)
		sorted[i] = &c->n->routes[i];
	qsort(sorted, c->n->n_routes, sizeof(*sorted), compare_routes);
	for (size_t i = 1; i < c->n->n_routes; i++) {
		const struct sl_network_route *a = sorted[i - 1], *b = sorted[i];

		if (!memcmp(&a->prefix, &b->prefix, sizeof(a->prefix)) && (!twice || b < twice)) {
			once = a;
			twice = b;
		}
	}
	free(sorted);
	if (!twice)
		return 0;
	return sl_graph_error(c->g, twice->at, c->err, -EINVAL,
			      "a route to %s stands here twice, first on line %u",
			      sl_prefix_print(&twice->prefix, text), once->at.line);
}

static int check_kernel(const struct check *c)
{
	struct sl_error why;
	uint32_t table;

	if (!c->n->kernel.text)
		return 0;
	if (sl_kernel_table_parse(c->n->kernel.text, &table, &why) < 0)
		return sl_graph_error(c->g, c->n->kernel.at, c->err, -EINVAL, "%s", why.text);
	for (size_t i = 0; i < c->n->n_ports; i++)
		if (!c->n->ports[i].tunnel && !c->n->ports[i].tap.text)
			return sl_graph_error(c->g, c->n->ports[i].at, c->err, -EINVAL,
					      "the routes of the kernel name its own interfaces: "
					      "port '%s' needs a 'tap' for them",
					      c->n->ports[i].name);
	return 0;
}

int sl_network_check_routes(struct sl_network *n, const struct sl_graph *g, struct sl_error *err)
{
	struct check c = {.n = n, .g = g, .err = err};
	int code = find_on_link(&c);

	if (!code)
		code = check_kernel(&c);
	for (size_t i = 0; i < n->n_routes && !code; i++)
		code = check_route(&c, &n->routes[i]);
	if (!code)
		code = check_twice(&c);
	free(c.on_link);
	return code;
}
