#include "core/config.h"
#include "core/grow.h"
#include "core/read.h"
#include "core/suggest.h"

#include <errno.h>
#include <stdio.h>

// Longest text shown in an error.
#define SHOWN "%.64s"

// ---- ports

// Where a key of a port is kept, NULL for those that are no texts.
static struct sl_network_text *text_of(struct sl_network_port *p, const char *key)
{
	const struct {
		const char *name;
		struct sl_network_text *text;
	} texts[] = {
		{"device", &p->device},
		{"interface", &p->interface},
		{"in", &p->in},
		{"out", &p->out},
		{"tap", &p->tap},
		{"mac", &p->mac},
		{"promiscuous", &p->promiscuous},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(texts[i].name, key))
			return texts[i].text;
	return NULL;
}

static int read_port_key(const struct sl_reader *r, struct sl_network_port *p,
			 const struct sl_yaml *v)
{
	static const char *const known[] = {"device", "interface", "in",          "out", "tap",
					    "mac",    "mtu",       "promiscuous", NULL};
	struct sl_network_text *text = text_of(p, v->key->text);
	char what[SL_NAME_SIZE + 32];
	struct sl_error e;
	uint64_t mtu;
	bool yes;
	int code;

	snprintf(what, sizeof(what), "'%.20s' of port '%s'", v->key->text, p->name);
	if (!strcmp(v->key->text, "mtu")) {
		code = sl_read_number(r, v, what, SL_MTU_MIN, SL_MTU_MAX, &mtu);
		p->mtu = code ? 0 : (uint32_t)mtu;
		p->mtu_at = v->at;
		return code;
	}
	if (!text) {
		snprintf(what, sizeof(what), "port '%s'", p->name);
		return sl_read_unknown_key(r, v->key, what, known);
	}
	code = sl_read_want(r, v, what, SL_YAML_TEXT);
	if (!code && text == &p->promiscuous && sl_parse_bool(v->text, &yes, &e))
		code = sl_graph_error(r->g, v->at, r->err, -EINVAL, "%s: %s", what, e.text);
	return code ? code : sl_read_text(r, text, v);
}

static int read_port(const struct sl_reader *r, const struct sl_yaml *v)
{
	struct sl_network_port *p;
	int code = sl_read_interface(r, v, "port", &p);

	for (const struct sl_yaml *k = v->first; k && !code; k = k->next)
		code = read_port_key(r, p, k);
	return code;
}

int sl_read_ports(const struct sl_reader *r, const struct sl_yaml *v)
{
	int code = v->kind == SL_YAML_NOTHING ? 0 : sl_read_want(r, v, "'ports'", SL_YAML_MAP);

	sl_read_begin(r, v);
	for (const struct sl_yaml *p = v->first; p && !code; p = p->next)
		code = read_port(r, p);
	return code;
}

// ---- addresses

// Find a port by its name, or say that there is none, as the end of a sentence.
static int find_port(const struct sl_reader *r, const char *name, struct sl_place at,
		     const char *what, unsigned *port)
{
	struct sl_suggest near = {.wanted = name};
	char hint[SL_NAME_SIZE + 32];

	*port = sl_network_find_port(r->net, name);
	if (*port != SL_NETWORK_NO_PORT)
		return 0;
	for (size_t i = 0; i < r->net->n_ports; i++)
		sl_suggest_offer(&near, r->net->ports[i].name);
	return sl_graph_error(r->g, at, r->err, -EINVAL, "%s '" SHOWN "'%s", what, name,
			      sl_suggest_hint(&near, hint, sizeof(hint)));
}

static int read_address(const struct sl_reader *r, unsigned port, const struct sl_yaml *v)
{
	struct sl_network_address *a;
	struct sl_prefix prefix;

	if (!sl_prefix_parse(v->text, &prefix))
		return sl_graph_error(r->g, v->at, r->err, -EINVAL,
				      "'" SHOWN "' is not an address such as 10.0.0.1/24 or "
				      "fd00::1/64",
				      v->text);
	if (!strchr(v->text, '/'))
		return sl_graph_error(r->g, v->at, r->err, -EINVAL,
				      "'%s' needs the length of its network's prefix: %s/%d, or "
				      "%s/%d where it stands alone",
				      v->text, v->text, prefix.ip.family == 4 ? 24 : 64, v->text,
				      sl_ip_bits(prefix.ip.family));
	a = sl_read_append((void **)&r->net->addresses, &r->net->n_addresses, sizeof(*a));
	if (!a)
		return sl_read_memory(r, -ENOMEM);
	*a = (struct sl_network_address){.prefix = prefix, .port = port, .at = v->at};
	return 0;
}

int sl_read_addresses(const struct sl_reader *r, const struct sl_yaml *v)
{
	int code = v->kind == SL_YAML_NOTHING ? 0 : sl_read_want(r, v, "'addresses'", SL_YAML_MAP);

	sl_read_begin(r, v);
	for (const struct sl_yaml *p = v->first; p && !code; p = p->next) {
		unsigned port;

		code = find_port(r, p->key->text, p->key->at, "no port is named", &port);
		if (!code && p->kind != SL_YAML_NOTHING)
			code = sl_read_want_texts(r, p, "the addresses of a port");
		for (const struct sl_yaml *a = sl_read_first(p); a && !code && p->kind;
		     a = sl_read_next(p, a))
			code = read_address(r, port, a);
	}
	return code;
}

// ---- routes

// Take "fe80::1%wan" apart: the gateway, and the port where one is named.
static int read_gateway(const struct sl_reader *r, const struct sl_yaml *v,
			struct sl_network_hop *hop)
{
	const char *percent = strchr(v->text, '%');
	size_t n = percent ? (size_t)(percent - v->text) : strlen(v->text);
	char address[SL_IP_TEXT];

	snprintf(address, sizeof(address), "%.*s", (int)n, v->text);
	if (n >= sizeof(address) || !sl_ip_parse(address, &hop->gateway))
		return find_port(r, v->text, v->at,
				 "a next hop is an address or a port, and no port is named",
				 &hop->port);
	if (!percent)
		return 0;
	return find_port(r, percent + 1, sl_place_inside(r->g, v->at, v->text, n + 1),
			 "no port is named", &hop->port);
}

static int read_hop(const struct sl_reader *r, struct sl_network_route *route,
		    const struct sl_yaml *v)
{
	struct sl_network_hop hop = {.port = SL_NETWORK_NO_PORT, .at = v->at};
	int code = read_gateway(r, v, &hop);

	if (code)
		return code;
	if (route->n_hops == SL_NETWORK_HOPS_MAX)
		return sl_graph_error(r->g, v->at, r->err, -EINVAL,
				      "more than %d next hops of one route", SL_NETWORK_HOPS_MAX);
	return sl_read_memory(r, sl_network_add_hop(route, &hop));
}

static bool read_action(const char *text, enum sl_network_action *action)
{
	static const char *const words[] = {
		[SL_NETWORK_BLACKHOLE] = "blackhole",
		[SL_NETWORK_UNREACHABLE] = "unreachable",
		[SL_NETWORK_PROHIBIT] = "prohibit",
	};

	for (*action = SL_NETWORK_BLACKHOLE; *action <= SL_NETWORK_PROHIBIT; (*action)++)
		if (!strcmp(words[*action], text))
			return true;
	*action = SL_NETWORK_FORWARD;
	return false;
}

// `kernel: main`, or `routes: kernel`.
static int read_kernel(const struct sl_reader *r, const struct sl_yaml *v, const char *table)
{
	int code = sl_read_want(r, v, "'kernel'", SL_YAML_TEXT);

	if (code)
		return code;
	r->net->kernel.at = v->at;
	return sl_read_memory(r, sl_copy_text(&r->net->kernel.text, table) ? 0 : -ENOMEM);
}

static int read_route(const struct sl_reader *r, const struct sl_yaml *v)
{
	struct sl_network_route *route;
	struct sl_prefix prefix;
	int code = 0;

	if (!sl_prefix_parse(v->key->text, &prefix))
		return sl_graph_error(r->g, v->key->at, r->err, -EINVAL,
				      !strcmp(v->key->text, "default")
					      ? "'" SHOWN "' is written 0.0.0.0/0 or ::/0 here"
					      : "'" SHOWN "' is not a prefix such as 10.1.0.0/16 "
						"or 2001:db8::/32",
				      v->key->text);
	code = sl_read_want_texts(r, v, "the next hop of a route");
	if (code)
		return code;
	route = sl_read_append((void **)&r->net->routes, &r->net->n_routes, sizeof(*route));
	if (!route)
		return sl_read_memory(r, -ENOMEM);
	*route = (struct sl_network_route){.prefix = prefix, .at = v->key->at, .value_at = v->at};
	if (v->kind == SL_YAML_TEXT && read_action(v->text, &route->action))
		return 0;
	for (const struct sl_yaml *h = sl_read_first(v); h && !code; h = sl_read_next(v, h))
		code = read_hop(r, route, h);
	return code;
}

int sl_read_routes(const struct sl_reader *r, const struct sl_yaml *v)
{
	int code;

	sl_read_begin(r, v);
	if (v->kind == SL_YAML_NOTHING)
		return 0;
	if (v->kind == SL_YAML_TEXT && !strcmp(v->text, "kernel"))
		return read_kernel(r, v, "main");
	if (v->kind == SL_YAML_TEXT)
		return sl_graph_error(r->g, v->at, r->err, -EINVAL,
				      "'" SHOWN "' is neither a map of routes nor 'kernel'",
				      v->text);
	code = sl_read_want(r, v, "'routes'", SL_YAML_MAP);
	for (const struct sl_yaml *i = v->first; i && !code; i = i->next)
		code = !strcmp(i->key->text, "kernel") ? read_kernel(r, i, i->text)
						       : read_route(r, i);
	return code;
}

// ---- neighbours

static int read_neighbour(const struct sl_reader *r, const struct sl_yaml *v)
{
	struct sl_network_hop hop = {.port = SL_NETWORK_NO_PORT};
	struct sl_network_neighbour *neighbour;
	int code = read_gateway(r, v->key, &hop);

	if (code && hop.gateway.family)
		return code;
	if (!hop.gateway.family)
		return sl_graph_error(r->g, v->key->at, r->err, -EINVAL,
				      "'" SHOWN "' is not the address of a neighbour, such as "
				      "10.0.0.2 or fe80::2%%lan",
				      v->key->text);
	code = sl_read_want(r, v, "the link-layer address of a neighbour", SL_YAML_TEXT);
	if (code)
		return code;
	neighbour = sl_read_append((void **)&r->net->neighbours, &r->net->n_neighbours,
				   sizeof(*neighbour));
	if (!neighbour)
		return sl_read_memory(r, -ENOMEM);
	neighbour->ip = hop.gateway;
	neighbour->port = hop.port;
	neighbour->at = v->key->at;
	return sl_read_text(r, &neighbour->mac, v);
}

int sl_read_neighbours(const struct sl_reader *r, const struct sl_yaml *v)
{
	int code = v->kind == SL_YAML_NOTHING ? 0 : sl_read_want(r, v, "'neighbours'", SL_YAML_MAP);

	sl_read_begin(r, v);
	for (const struct sl_yaml *i = v->first; i && !code; i = i->next)
		code = read_neighbour(r, i);
	return code;
}

// ---- the router

const struct sl_network_word sl_network_words[] = {
	{"max-routes", "max-routes", {"ipv4-route", "ipv6-route", "kernel-routes"}},
	{"icmp-rate", "rate", {"icmp-error"}},
	{"icmp-burst", "burst", {"icmp-error"}},
	{0},
};

static int read_word(const struct sl_reader *r, const struct sl_yaml *v)
{
	const char *known[sizeof(sl_network_words) / sizeof(sl_network_words[0])] = {0};
	struct sl_setting *s;
	unsigned n = 0;
	bool is_known = false;
	int code;

	for (; sl_network_words[n].name; n++) {
		known[n] = sl_network_words[n].name;
		is_known |= !strcmp(known[n], v->key->text);
	}
	if (!is_known)
		return sl_read_unknown_key(r, v->key, "'router'", known);
	code = sl_read_want(r, v, "a setting of the router", SL_YAML_TEXT);
	if (code)
		return code;
	s = sl_read_append((void **)&r->net->router, &r->net->n_router, sizeof(*s));
	if (!s)
		return sl_read_memory(r, -ENOMEM);
	s->at = v->key->at;
	s->value.at = v->at;
	return sl_read_memory(r, sl_copy_text(&s->key, v->key->text) &&
						 sl_copy_text(&s->value.text, v->text)
					 ? 0
					 : -ENOMEM);
}

int sl_read_router(const struct sl_reader *r, const struct sl_yaml *v)
{
	int code = v->kind == SL_YAML_NOTHING ? 0 : sl_read_want(r, v, "'router'", SL_YAML_MAP);

	sl_read_begin(r, v);
	for (const struct sl_yaml *i = v->first; i && !code; i = i->next)
		code = read_word(r, i);
	return code;
}
