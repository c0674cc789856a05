// A tunnel is an interface without Ethernet: what is routed to it goes to tunnel-data, and what
// comes out is as new as what comes from a port. docs/tunnel.md draws it.

#include "core/network_build.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void set_number(struct sl_builder *b, const char *key, const struct sl_network_number *n)
{
	sl_build_set(b, n->at, key, "%u", n->value);
}

static void add_data(struct sl_builder *b, const struct sl_network_port *p, unsigned index)
{
	const struct sl_network_tunnel *t = p->tunnel;

	sl_build_app(b, p->at, "tunnel-data", "%s", p->name);
	sl_build_set(b, p->at, "index", "%u", index);
	sl_build_set(b, p->mtu_at, "mtu", "%u", p->mtu);
	set_number(b, "max-peers", &t->max_peers);
	set_number(b, "max-prefixes", &t->max_prefixes);
	if (t->mss_clamp.text)
		sl_build_set(b, t->mss_clamp.at, "mss-clamp", "%s", t->mss_clamp.text);
}

static void print_allowed(FILE *f, const struct sl_network_peer *p)
{
	char text[SL_IP_TEXT];

	for (size_t i = 0; i < p->n_allowed; i++)
		fprintf(f, "%s%s",
			i ? "," : " allowed=", sl_prefix_print(&p->allowed[i].prefix, text));
}

// A peer as core/tunnel/peer_text.h reads it. The path of a file is as the process opens it.
static int print_peer(const struct sl_builder *b, FILE *f, const struct sl_network_peer *p)
{
	char key[SL_KEY_TEXT], endpoint[SL_ENDPOINT_TEXT];

	sl_key_format(p->public_key, key);
	fputs(key, f);
	if (p->psk.text) {
		char *path = sl_graph_path(b->g, p->psk.at, p->psk.text);

		if (!path)
			return -ENOMEM;
		fprintf(f, " psk=%s", path);
		free(path);
	}
	if (p->endpoint.ip.family)
		fprintf(f, " endpoint=%s", sl_endpoint_print(&p->endpoint, endpoint));
	if (p->keepalive_s)
		fprintf(f, " keepalive=%u", p->keepalive_s);
	print_allowed(f, p);
	return 0;
}

static void append_peer(struct sl_builder *b, const struct sl_network_peer *p)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int code = f ? print_peer(b, f, p) : -ENOMEM;

	if (f && fclose(f) != 0)
		code = -ENOMEM;
	if (code && !b->code)
		b->code = sl_error_set(b->err, code, "out of memory");
	sl_build_put(b, p->at, "peers", text, true);
	free(text);
}

static void put_texts(struct sl_builder *b, const char *key, const struct sl_network_text *texts,
		      size_t n)
{
	for (size_t i = 0; i < n; i++)
		sl_build_put(b, texts[i].at, key, texts[i].text, true);
}

static void add_handshake(struct sl_builder *b, const struct sl_network_port *p)
{
	const struct sl_network_tunnel *t = p->tunnel;

	sl_build_app(b, p->at, "tunnel-handshake", "%s-handshake", p->name);
	if (t->key.text)
		sl_build_put(b, t->key.at, "key", t->key.text, false);
	if (t->noise.text)
		sl_build_set(b, t->noise.at, "noise", "%s", t->noise.text);
	set_number(b, "port", &t->listen);
	set_number(b, "max-peers", &t->max_peers);
	set_number(b, "max-prefixes", &t->max_prefixes);
	for (size_t i = 0; i < t->n_peers; i++)
		append_peer(b, &t->peers[i]);
	put_texts(b, "services", t->services.services, t->services.n_services);
	put_texts(b, "peers", t->services.clients, t->services.n_clients);
}

static void wire_family(struct sl_builder *b, const struct sl_network_port *p, unsigned family)
{
	static const struct {
		const char *from, *to;
	} links[2][5] = {
		{{"ipv4-route.*", "*.inner"},
		 {"ipv4-fragment.*", "*.inner"},
		 {"*.inner4", "ipv4-input.*"},
		 {"*.outer4", "ipv4-route.self"},
		 {"*-handshake.outer4", "ipv4-route.self"}},
		{{"ipv6-route.*", "*.inner"},
		 {"ipv6-fragment.*", "*.inner"},
		 {"*.inner6", "ipv6-input.*"},
		 {"*.outer6", "ipv6-route.self"},
		 {"*-handshake.outer6", "ipv6-route.self"}},
	};

	for (unsigned i = 0; i < 5; i++)
		sl_build_wire(b, p->at, p->name, links[family == 6][i].from,
			      links[family == 6][i].to);
}

void sl_build_tunnel(struct sl_builder *b, unsigned index)
{
	const struct sl_network_port *p = &b->n->ports[index];

	add_data(b, p, index);
	add_handshake(b, p);
	wire_family(b, p, 4);
	if (b->ipv6)
		wire_family(b, p, 6);
	sl_build_wire(b, p->tunnel->listen.at, p->name, "local.*", "*.outer");
	sl_build_wire(b, p->at, p->name, "*.error", "icmp-error.*");
	sl_build_wire(b, p->at, p->name, "*.handshake", "*-handshake.handshake");
	sl_build_wire(b, p->at, p->name, "*.events", "*-handshake.events");
	sl_build_wire(b, p->at, p->name, "*-handshake.commands", "*.commands");
}
