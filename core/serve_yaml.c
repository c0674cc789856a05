// The word `serve`: a tunnel between a TUN interface and a UDP port of the host, which serves who
// holds a capability. It becomes the apps that sl_tunnel_add makes.

#include "core/read.h"

#include <errno.h>
#include <sluice/tunnel.h>
#include <stdio.h>
#include <string.h>

#define SERVE "serve"

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

static int set_texts(const struct sl_reader *r, const char *app, const char *key,
		     const struct sl_network_text *texts, size_t n)
{
	struct sl_graph_app *a = sl_graph_find(r->g, app);
	int ret = 0;

	for (size_t i = 0; i < n && ret == 0; i++)
		ret = sl_graph_app_set(r->g, a, key, texts[i].at, texts[i].text, texts[i].at, true,
				       r->err);
	return ret;
}

static int read_services(const struct sl_reader *r, const struct sl_yaml *v)
{
	struct sl_network_services s = {0};
	int ret = sl_read_services(r, &s, v);

	if (ret == 0)
		ret = set_texts(r, SERVE "-handshake", "services", s.services, s.n_services);
	if (ret == 0)
		ret = set_texts(r, SERVE "-handshake", "peers", s.clients, s.n_clients);
	if (ret == 0)
		ret = set_texts(r, SERVE "-tun", "addresses", s.own, s.n_own);
	sl_network_services_fini(&s);
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
	int ret = sl_read_want_known(r, v, "'serve'", known);

	if (ret < 0)
		return ret;
	if (!strcmp(key, "services"))
		return read_services(r, v);
	if (strcmp(key, "interface") != 0)
		return read_number(r, v,
				   !strcmp(key, "listen") ? UINT16_MAX
				   : !strcmp(key, "mtu")  ? SL_TUNNEL_MTU_MAX
							  : 1 << 20);
	ret = sl_read_want(r, v, "'interface'", SL_YAML_TEXT);
	return ret < 0 ? ret : set_text(r, SERVE "-tun", "name", v, v->text, false);
}

// What is not said.
static int set_presets(const struct sl_reader *r, const struct sl_yaml *v)
{
	int ret = 0;

	if (!sl_read_find(v, "interface"))
		ret = set_text(r, SERVE "-tun", "name", v, "sluice0", false);
	if (ret == 0 && !sl_read_find(v, "listen"))
		ret = set_number(r, v, SERVE "-udp", "port", 51820);
	if (ret == 0 && !sl_read_find(v, "mtu"))
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
	if (ret == 0 && !sl_read_find(v, "services"))
		ret = sl_graph_error(r->g, v->at, r->err, -EINVAL, "'serve' needs 'services'");
	return ret == 0 ? set_presets(r, v) : ret;
}
