// The word `services` of a tunnel: who serves, and whom, as the lines that tunnel-handshake reads.

#include "core/read.h"
#include "core/tunnel/peer_text.h"
#include "core/tunnel/service_text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 4096 };

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

static int keep(const struct sl_reader *r, struct sl_network_text **texts, size_t *n,
		const struct sl_yaml *v, const char *text)
{
	struct sl_network_text *t = sl_read_append((void **)texts, n, sizeof(*t));

	if (!t)
		return sl_read_memory(r, -ENOMEM);
	t->at = v->at;
	t->text = strdup(text);
	return t->text ? 0 : sl_read_memory(r, -ENOMEM);
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
	int ret = sl_read_want_known(r, v, "a client", known);

	if (ret < 0)
		return ret;
	if (!strcmp(key, "cap") || !strcmp(key, "psk"))
		return append_path(r, l, key, v);
	return append_word(r, l, key, v);
}

// A client is a map, or the file of its capability alone.
static int read_client(const struct sl_reader *r, struct sl_network_services *s,
		       const char *service, const struct sl_yaml *v)
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
	return keep(r, &s->clients, &s->n_clients, v, l.text);
}

static int read_clients(const struct sl_reader *r, struct sl_network_services *s,
			const char *service, const struct sl_yaml *v)
{
	int ret = v->kind == SL_YAML_NOTHING ? 0 : sl_read_want(r, v, "'clients'", SL_YAML_LIST);

	for (const struct sl_yaml *c = v->first; c && ret == 0; c = c->next)
		ret = read_client(r, s, service, c);
	return ret;
}

// ---- services

static int read_service_word(const struct sl_reader *r, struct line *l, const struct sl_yaml *v)
{
	static const char *const known[] = {"noise", "key", "pool",    "networks",
					    "rate",  "mtu", "clients", NULL};
	const char *key = v->key->text;
	int ret = sl_read_want_known(r, v, "a service", known);

	if (ret < 0 || !strcmp(key, "noise") || !strcmp(key, "clients"))
		return ret;
	return !strcmp(key, "key") ? append_path(r, l, key, v) : append_word(r, l, key, v);
}

// The service's own addresses are the interface's.
static int add_addresses(const struct sl_reader *r, struct sl_network_services *s,
			 const struct sl_yaml *v, const struct sl_service_text *t)
{
	const struct sl_prefix *own[] = {&t->ipv4, &t->ipv6};
	char text[SL_IP_TEXT];
	int ret = 0;

	for (unsigned i = 0; i < 2 && ret == 0; i++)
		if (own[i]->ip.family)
			ret = keep(r, &s->own, &s->n_own, v, sl_prefix_print(own[i], text));
	return ret;
}

static int add_service(const struct sl_reader *r, struct sl_network_services *s,
		       const struct sl_yaml *v, const struct line *l)
{
	struct sl_service_text t;
	struct sl_error e;
	int ret;

	if (sl_service_text_parse(l->text, &t, &e) < 0)
		return sl_graph_error(r->g, v->key->at, r->err, -EINVAL, "%s", e.text);
	ret = keep(r, &s->services, &s->n_services, v->key, l->text);
	if (ret == 0)
		ret = add_addresses(r, s, v, &t);
	sl_service_text_fini(&t);
	return ret;
}

static int read_service(const struct sl_reader *r, struct sl_network_services *s,
			const struct sl_yaml *v)
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
	noise = sl_read_find(v, "noise");
	clients = sl_read_find(v, "clients");
	append(&l, "%s %s", name, noise && noise->kind == SL_YAML_TEXT ? noise->text : "NK");
	for (const struct sl_yaml *w = v->first; w && ret == 0; w = w->next)
		ret = read_service_word(r, &l, w);
	if (ret == 0)
		ret = add_service(r, s, v, &l);
	return ret == 0 && clients ? read_clients(r, s, name, clients) : ret;
}

int sl_read_services(const struct sl_reader *r, struct sl_network_services *s,
		     const struct sl_yaml *v)
{
	int ret = sl_read_want(r, v, "'services'", SL_YAML_MAP);

	for (const struct sl_yaml *w = v->first; w && ret == 0; w = w->next)
		ret = read_service(r, s, w);
	return ret;
}

static void free_texts(struct sl_network_text *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i].text);
	free(texts);
}

void sl_network_services_fini(struct sl_network_services *s)
{
	free_texts(s->services, s->n_services);
	free_texts(s->clients, s->n_clients);
	free_texts(s->own, s->n_own);
	*s = (struct sl_network_services){0};
}
