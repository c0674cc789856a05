// The word `serve`: a tunnel between a TUN interface and a UDP port of the host, which serves who
// holds a capability. It becomes the apps that sl_tunnel_add makes, with services and clients as
// the lines that tunnel-handshake reads.

#include "core/read.h"
#include "core/tunnel/peer_text.h"
#include "core/tunnel/service_text.h"

#include <errno.h>
#include <sluice/tunnel.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVE "serve"

enum { MTU_MAX = 65000, LINE = 4096 };

struct line {
	char text[LINE];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void append(struct line *l, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->text + l->len, LINE - l->len, format, args);
	va_end(args);
	l->len += (size_t)n < LINE - l->len ? (size_t)n : LINE - 1 - l->len;
}

// ---- what is set

static int set_text(const struct sl_reader *r, const char *app, const char *key,
		    const struct sl_yaml *v, const char *text, bool more)
{
	struct sl_graph_app *a = sl_graph_find(r->g, app);

	return sl_graph_app_set(r->g, a, key, v->at, text, v->at, more, r->err);
}

static int set_number(const struct sl_reader *r, const struct sl_yaml *v, const char *app,
		      const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return set_text(r, app, key, v, text, false);
}

// ---- words

// Refuse a key that is not among those known, NULL at the end. Returns 0 or -EINVAL.
static int want_known(const struct sl_reader *r, const struct sl_yaml *v, const char *what,
		      const char *const *known)
{
	return sl_read_is_one_of(known, v->key->text) ? 0
						      : sl_read_unknown_key(r, v->key, what, known);
}

// Append "name=value", values in a list joined by commas.
static int append_word(const struct sl_reader *r, struct line *l, const char *name,
		       const struct sl_yaml *v)
{
	const struct sl_yaml *t = sl_read_first(v);
	int ret = sl_read_want_texts(r, v, name);

	if (ret < 0)
		return ret;
	append(l, " %s=", name);
	for (; t; t = sl_read_next(v, t)) {
		if (t->text[strcspn(t->text, " \t,")])
			return sl_graph_error(r->g, t->at, r->err, -EINVAL,
					      "'%.64s' has a blank or a comma in it", t->text);
		append(l, "%s%s", t == sl_read_first(v) ? "" : ",", t->text);
	}
	return 0;
}

// The same for a file, relative to the folder of this one.
static int append_path(const struct sl_reader *r, struct line *l, const char *name,
		       const struct sl_yaml *v)
{
	int ret = sl_read_want(r, v, name, SL_YAML_TEXT);
	char *path;

	if (ret < 0)
		return ret;
	path = sl_graph_path(r->g, v->at, v->text);
	if (!path)
		return sl_read_memory(r, -ENOMEM);
	if (path[strcspn(path, " \t,")])
		ret = sl_graph_error(r->g, v->at, r->err, -EINVAL,
				     "'%.64s' has a blank or a comma in it", path);
	append(l, " %s=%s", name, path);
	free(path);
	return ret;
}

// ---- clients

static int read_client_word(const struct sl_reader *r, struct line *l, const struct sl_yaml *v)
{
	static const char *const known[] = {"cap",  "psk", "key",     "address", "networks",
					    "rate", "mtu", "allowed", NULL};
	const char *key = v->key->text;
	int ret = want_known(r, v, "a client", known);

	if (ret < 0)
		return ret;
	if (!strcmp(key, "cap") || !strcmp(key, "psk"))
		return append_path(r, l, key, v);
	return append_word(r, l, key, v);
}

// A client is a map, or the file of its capability alone.
static int read_client(const struct sl_reader *r, const char *service, const struct sl_yaml *v)
{
	struct line l = {.len = 0};
	struct sl_peer_text t;
	struct sl_error e;
	int ret = 0;

	append(&l, "service=%s", service);
	if (v->kind == SL_YAML_TEXT)
		ret = append_path(r, &l, "cap", v);
	else
		ret = sl_read_want(r, v, "a client", SL_YAML_MAP);
	for (const struct sl_yaml *w = v->kind == SL_YAML_MAP ? v->first : NULL; w && ret == 0;
	     w = w->next)
		ret = read_client_word(r, &l, w);
	if (ret < 0)
		return ret;
	if (sl_peer_text_parse(l.text, &t, &e) < 0)
		return sl_graph_error(r->g, v->at, r->err, -EINVAL, "%s", e.text);
	sl_peer_text_fini(&t);
	return set_text(r, SERVE "-handshake", "peers", v, l.text, true);
}

static int read_clients(const struct sl_reader *r, const char *service, const struct sl_yaml *v)
{
	int ret = v->kind == SL_YAML_NOTHING ? 0 : sl_read_want(r, v, "'clients'", SL_YAML_LIST);

	for (const struct sl_yaml *c = v->first; c && ret == 0; c = c->next)
		ret = read_client(r, service, c);
	return ret;
}

// ---- services

static const struct sl_yaml *find(const struct sl_yaml *map, const char *key)
{
	for (const struct sl_yaml *v = map->first; v; v = v->next)
		if (!strcmp(v->key->text, key))
			return v;
	return NULL;
}

static int read_service_word(const struct sl_reader *r, struct line *l, const struct sl_yaml *v)
{
	static const char *const known[] = {"noise", "key", "pool",    "networks",
					    "rate",  "mtu", "clients", NULL};
	const char *key = v->key->text;
	int ret = want_known(r, v, "a service", known);

	if (ret < 0 || !strcmp(key, "noise") || !strcmp(key, "clients"))
		return ret;
	return !strcmp(key, "key") ? append_path(r, l, key, v) : append_word(r, l, key, v);
}

// The service's own addresses are the interface's.
static int add_addresses(const struct sl_reader *r, const struct sl_yaml *v,
			 const struct sl_service_text *t)
{
	const struct sl_prefix *own[] = {&t->ipv4, &t->ipv6};
	char text[SL_IP_TEXT];
	int ret = 0;

	for (unsigned i = 0; i < 2 && ret == 0; i++)
		if (own[i]->ip.family)
			ret = set_text(r, SERVE "-tun", "addresses", v,
				       sl_prefix_print(own[i], text), true);
	return ret;
}

static int add_service(const struct sl_reader *r, const struct sl_yaml *v, const struct line *l)
{
	struct sl_service_text t;
	struct sl_error e;
	int ret;

	if (sl_service_text_parse(l->text, &t, &e) < 0)
		return sl_graph_error(r->g, v->key->at, r->err, -EINVAL, "%s", e.text);
	ret = set_text(r, SERVE "-handshake", "services", v, l->text, true);
	if (ret == 0)
		ret = add_addresses(r, v, &t);
	sl_service_text_fini(&t);
	return ret;
}

static int read_service(const struct sl_reader *r, const struct sl_yaml *v)
{
	const char *name = v->key->text;
	const struct sl_yaml *noise, *clients;
	struct line l = {.len = 0};
	int ret = sl_read_want(r, v, "a service", SL_YAML_MAP);

	if (ret < 0)
		return ret;
	if (!sl_name_valid(name))
		return sl_graph_error(r->g, v->key->at, r->err, -EINVAL,
				      "'%.64s' is no name for a service", name);
	noise = find(v, "noise");
	clients = find(v, "clients");
	append(&l, "%s %s", name, noise && noise->kind == SL_YAML_TEXT ? noise->text : "NK");
	for (const struct sl_yaml *w = v->first; w && ret == 0; w = w->next)
		ret = read_service_word(r, &l, w);
	if (ret == 0)
		ret = add_service(r, v, &l);
	return ret == 0 && clients ? read_clients(r, name, clients) : ret;
}

static int read_services(const struct sl_reader *r, const struct sl_yaml *v)
{
	int ret = sl_read_want(r, v, "'services'", SL_YAML_MAP);

	for (const struct sl_yaml *s = v->first; s && ret == 0; s = s->next)
		ret = read_service(r, s);
	return ret;
}

// ---- all of it

static int read_number(const struct sl_reader *r, const struct sl_yaml *v, uint64_t max)
{
	// The apps that a number is for, NULL at the end.
	static const struct {
		const char *word, *key, *apps[3];
	} numbers[] = {
		{"listen", "port", {SERVE "-udp", SERVE "-handshake"}},
		{"mtu", "mtu", {SERVE "-tun", SERVE}},
		{"max-clients", "max-peers", {SERVE, SERVE "-handshake"}},
	};
	unsigned i = 0;
	uint64_t value;
	int ret;

	while (strcmp(numbers[i].word, v->key->text) != 0)
		i++;
	ret = sl_read_number(r, v, v->key->text, i == 1 ? SL_MTU_MIN : 1, max, &value);
	for (unsigned k = 0; k < 2 && ret == 0; k++)
		ret = set_number(r, v, numbers[i].apps[k], numbers[i].key, value);
	return ret;
}

static int read_word(const struct sl_reader *r, const struct sl_yaml *v)
{
	static const char *const known[] = {"interface",   "listen",   "mtu",
					    "max-clients", "services", NULL};
	const char *key = v->key->text;
	int ret = want_known(r, v, "'serve'", known);

	if (ret < 0)
		return ret;
	if (!strcmp(key, "services"))
		return read_services(r, v);
	if (strcmp(key, "interface") != 0)
		return read_number(r, v,
				   !strcmp(key, "listen") ? UINT16_MAX
				   : !strcmp(key, "mtu")  ? MTU_MAX
							  : 1 << 20);
	ret = sl_read_want(r, v, "'interface'", SL_YAML_TEXT);
	return ret < 0 ? ret : set_text(r, SERVE "-tun", "name", v, v->text, false);
}

// What is not said.
static int set_presets(const struct sl_reader *r, const struct sl_yaml *v)
{
	int ret = 0;

	if (!find(v, "interface"))
		ret = set_text(r, SERVE "-tun", "name", v, "sluice0", false);
	if (ret == 0 && !find(v, "listen"))
		ret = set_number(r, v, SERVE "-udp", "port", 51820);
	if (ret == 0 && !find(v, "mtu"))
		ret = set_number(r, v, SERVE "-tun", "mtu", 1420);
	return ret;
}

int sl_read_serve(const struct sl_reader *r, const struct sl_yaml *v)
{
	int ret = sl_read_want(r, v, "'serve'", SL_YAML_MAP);

	if (ret == 0 && sl_tunnel_add(r->g, SERVE, r->err) < 0)
		return -EINVAL;
	for (const struct sl_yaml *w = v->first; w && ret == 0; w = w->next)
		ret = read_word(r, w);
	if (ret == 0 && !find(v, "services"))
		ret = sl_graph_error(r->g, v->at, r->err, -EINVAL, "'serve' needs 'services'");
	return ret == 0 ? set_presets(r, v) : ret;
}
