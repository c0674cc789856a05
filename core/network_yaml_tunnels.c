// The word `tunnels`.

#include "core/config.h"
#include "core/read.h"

#include <errno.h>
#include <sluice/tunnel.h>
#include <stdio.h>

enum { WHAT = 96 };

// ---- peers

static int read_prefix(const struct sl_reader *r, struct sl_network_peer *p,
		       const struct sl_yaml *v)
{
	struct sl_network_allowed *a;
	struct sl_prefix prefix;

	if (!sl_prefix_parse(v->text, &prefix))
		return sl_graph_error(r->g, v->at, r->err, -EINVAL,
				      "'%.64s' is not a prefix such as 10.1.0.0/16 or "
				      "2001:db8::/32",
				      v->text);
	a = sl_read_append((void **)&p->allowed, &p->n_allowed, sizeof(*a));
	if (!a)
		return sl_read_memory(r, -ENOMEM);
	*a = (struct sl_network_allowed){.prefix = prefix, .at = v->at};
	return 0;
}

static int read_allowed(const struct sl_reader *r, struct sl_network_peer *p,
			const struct sl_yaml *v)
{
	int code = 0;

	if (v->kind == SL_YAML_LIST && !v->first)
		return 0;
	code = sl_read_want_texts(r, v, "'allowed' of a peer");
	for (const struct sl_yaml *a = sl_read_first(v); a && !code; a = sl_read_next(v, a))
		code = read_prefix(r, p, a);
	return code;
}

static int read_endpoint(const struct sl_reader *r, struct sl_network_peer *p,
			 const struct sl_yaml *v)
{
	p->endpoint_at = v->at;
	if (sl_endpoint_parse(v->text, &p->endpoint))
		return 0;
	return sl_graph_error(r->g, v->at, r->err, -EINVAL,
			      "'%.64s' is not an endpoint such as 192.0.2.1:51820 or "
			      "[2001:db8::1]:51820",
			      v->text);
}

// "25s", "off", or wg's plain number of seconds.
static int read_keepalive(const struct sl_reader *r, struct sl_network_peer *p,
			  const struct sl_yaml *v)
{
	const uint64_t second_ns = 1000000000;
	bool plain = v->text[0] && !v->text[strspn(v->text, "0123456789")];
	uint64_t ns = 0, seconds = 0;

	if (plain && !sl_parse_uint(v->text, &seconds, NULL))
		ns = seconds <= UINT16_MAX ? seconds * second_ns : UINT64_MAX;
	else if (strcmp(v->text, "off") != 0 && sl_parse_duration(v->text, &ns, NULL))
		ns = UINT64_MAX;
	if (ns % second_ns || ns / second_ns > UINT16_MAX)
		return sl_graph_error(r->g, v->at, r->err, -EINVAL,
				      "keepalive '%.64s' is not 'off' or whole seconds such as "
				      "25s, up to 65535s",
				      v->text);
	p->keepalive_s = (uint16_t)(ns / second_ns);
	return 0;
}

static int read_peer_key(const struct sl_reader *r, struct sl_network_peer *p,
			 const struct sl_yaml *v)
{
	static const char *const known[] = {"key", "psk", "endpoint", "keepalive", "allowed", NULL};
	const char *key = v->key->text;
	char what[WHAT];
	int code;

	if (!strcmp(key, "allowed"))
		return read_allowed(r, p, v);
	snprintf(what, sizeof(what), "'%.20s' of a peer", key);
	code = sl_read_is_one_of(known, key) ? sl_read_want(r, v, what, SL_YAML_TEXT)
					     : sl_read_unknown_key(r, v->key, "a peer", known);
	if (code)
		return code;
	if (!strcmp(key, "endpoint"))
		return read_endpoint(r, p, v);
	if (!strcmp(key, "keepalive"))
		return read_keepalive(r, p, v);
	return sl_read_text(r, !strcmp(key, "key") ? &p->key : &p->psk, v);
}

static int read_peer(const struct sl_reader *r, struct sl_network_tunnel *t,
		     const struct sl_yaml *v)
{
	struct sl_network_peer *p;
	int code = sl_read_want(r, v, "a peer of a tunnel", SL_YAML_MAP);

	if (code)
		return code;
	p = sl_read_append((void **)&t->peers, &t->n_peers, sizeof(*p));
	if (!p)
		return sl_read_memory(r, -ENOMEM);
	p->at = v->at;
	for (const struct sl_yaml *k = v->first; k && !code; k = k->next)
		code = read_peer_key(r, p, k);
	return code;
}

static int read_peers(const struct sl_reader *r, struct sl_network_tunnel *t,
		      const struct sl_yaml *v)
{
	int code = v->kind == SL_YAML_NOTHING
			   ? 0
			   : sl_read_want(r, v, "'peers' of a tunnel", SL_YAML_LIST);

	for (const struct sl_yaml *p = v->first; p && !code; p = p->next)
		code = read_peer(r, t, p);
	return code;
}

// ---- tunnels

// Numbers of a tunnel, and where they are kept.
static int read_number(const struct sl_reader *r, struct sl_network_port *p,
		       const struct sl_yaml *v, const char *what)
{
	struct sl_network_tunnel *t = p->tunnel;
	const struct {
		const char *name;
		uint32_t *number;
		struct sl_place *at;
		uint32_t min, max;
	} numbers[] = {
		{"mtu", &p->mtu, &p->mtu_at, SL_MTU_MIN, SL_TUNNEL_MTU_MAX},
		{"listen", &t->listen.value, &t->listen.at, 1, UINT16_MAX},
		{"max-peers", &t->max_peers.value, &t->max_peers.at, 1, 1 << 20},
		{"max-prefixes", &t->max_prefixes.value, &t->max_prefixes.at, 1, 1 << 24},
	};
	unsigned i = 0;
	uint64_t value;
	int code;

	while (strcmp(numbers[i].name, v->key->text) != 0)
		i++;
	code = sl_read_number(r, v, what, numbers[i].min, numbers[i].max, &value);
	if (code)
		return code;
	*numbers[i].number = (uint32_t)value;
	*numbers[i].at = v->at;
	return 0;
}

static int read_clamp(const struct sl_reader *r, struct sl_network_tunnel *t,
		      const struct sl_yaml *v, const char *what)
{
	struct sl_error e;
	bool yes;
	int code = sl_read_want(r, v, what, SL_YAML_TEXT);

	if (!code && sl_parse_bool(v->text, &yes, &e))
		code = sl_graph_error(r->g, v->at, r->err, -EINVAL, "%s: %s", what, e.text);
	return code ? code : sl_read_text(r, &t->mss_clamp, v);
}

static int read_tunnel_key(const struct sl_reader *r, struct sl_network_port *p,
			   const struct sl_yaml *v)
{
	static const char *const known[] = {"noise",    "key",       "listen",    "mtu",
					    "peers",    "mss-clamp", "max-peers", "max-prefixes",
					    "services", NULL};
	const char *key = v->key->text;
	char what[WHAT];
	int code;

	if (!strcmp(key, "peers"))
		return read_peers(r, p->tunnel, v);
	if (!strcmp(key, "services"))
		return sl_read_services(r, &p->tunnel->services, v);
	if (!sl_read_is_one_of(known, key)) {
		snprintf(what, sizeof(what), "tunnel '%s'", p->name);
		return sl_read_unknown_key(r, v->key, what, known);
	}
	snprintf(what, sizeof(what), "'%.20s' of tunnel '%s'", key, p->name);
	if (!strcmp(key, "mss-clamp"))
		return read_clamp(r, p->tunnel, v, what);
	if (strcmp(key, "noise") != 0 && strcmp(key, "key") != 0)
		return read_number(r, p, v, what);
	code = sl_read_want(r, v, what, SL_YAML_TEXT);
	if (code)
		return code;
	return sl_read_text(r, !strcmp(key, "key") ? &p->tunnel->key : &p->tunnel->noise, v);
}

static int read_tunnel(const struct sl_reader *r, const struct sl_yaml *v)
{
	unsigned same = sl_network_find_port(r->net, v->key->text);
	struct sl_network_port *p;
	int code;

	if (same != SL_NETWORK_NO_PORT)
		return sl_graph_error(r->g, v->key->at, r->err, -EINVAL,
				      "'%s' is the name of a port already, on line %u",
				      v->key->text, r->net->ports[same].at.line);
	code = sl_read_interface(r, v, "tunnel", &p);
	if (code)
		return code;
	p->tunnel = calloc(1, sizeof(*p->tunnel));
	if (!p->tunnel)
		return sl_read_memory(r, -ENOMEM);
	for (const struct sl_yaml *k = v->first; k && !code; k = k->next)
		code = read_tunnel_key(r, p, k);
	return code;
}

int sl_read_tunnels(const struct sl_reader *r, const struct sl_yaml *v)
{
	int code = v->kind == SL_YAML_NOTHING ? 0 : sl_read_want(r, v, "'tunnels'", SL_YAML_MAP);

	sl_read_begin(r, v);
	for (const struct sl_yaml *t = v->first; t && !code; t = t->next)
		code = read_tunnel(r, t);
	return code;
}
