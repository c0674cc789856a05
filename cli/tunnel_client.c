#include "cli/tunnel_client.h"

#include "cli/loop.h"
#include "cli/say.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <sluice/engine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS 1000000000ull

enum {
	MTU = 1420,       // 1500 less the headers of IPv6, UDP and the tunnel
	PREFIXES = 64,    // a lease has up to six
	KEEPALIVE_S = 25, // so that a NAT on the way remembers us
	FIRST_S = 6,      // one try has been in vain
	AGAIN_S = 30,
	LOST_S = 200, // a session ends after 180 s, and another one is tried before
	INTERFACES = 1000,
};

// ---- the graph

static const char *pattern_of(const struct sl_capability *c)
{
	static const char *const names[][2] = {
		{"NKpsk0", "NK"}, {"KKpsk0", "KK"}, {"XKpsk0", "XK"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(c->pattern, names[i][0]) == 0)
			return names[i][1];
	return NULL;
}

static int set_handshake(struct sl_graph *g, const struct tunnel_client *c, struct sl_error *err)
{
	int ret = sl_graph_set(g, TUNNEL_HANDSHAKE, "noise", pattern_of(&c->capability), false,
			       err);

	if (ret == 0 && c->key)
		ret = sl_graph_set(g, TUNNEL_HANDSHAKE, "key", c->key, false, err);
	return ret;
}

static int add_route(struct sl_graph *g, const char *to, struct sl_error *err)
{
	return sl_graph_set(g, TUNNEL_TUN, "routes", to, true, err);
}

static bool is_default(const char *prefix)
{
	const char *slash = strchr(prefix, '/');

	return slash && strcmp(slash, "/0") == 0;
}

static int add_listed(struct sl_graph *g, const struct sl_tunnel_lease *l, struct sl_error *err)
{
	int ret = 0;

	for (size_t i = 0; i < l->n_networks && ret == 0; i++)
		if (!is_default(l->networks[i]))
			ret = add_route(g, l->networks[i], err);
	return ret;
}

// Two halves, which win over the default route and leave it as it is; what goes to the service
// itself keeps its way.
static int add_all(struct sl_graph *g, const struct tunnel_client *c,
		   const struct sl_tunnel_lease *l, struct sl_error *err)
{
	char host[SL_TUNNEL_ENDPOINT_TEXT];
	size_t n;
	int ret;

	snprintf(host, sizeof(host), "%s", c->address + (c->address[0] == '['));
	n = strcspn(host, c->address[0] == '[' ? "]%" : ":");
	host[n] = '\0';
	ret = sl_graph_set(g, TUNNEL_TUN, "bypass", host, true, err);
	if (ret == 0 && l->ipv4[0])
		ret = add_route(g, "0.0.0.0/1", err);
	if (ret == 0 && l->ipv4[0])
		ret = add_route(g, "128.0.0.0/1", err);
	if (ret == 0 && l->ipv6[0])
		ret = add_route(g, "::/1", err);
	if (ret == 0 && l->ipv6[0])
		ret = add_route(g, "8000::/1", err);
	return ret;
}

static int set_routes(struct sl_graph *g, const struct tunnel_client *c,
		      const struct sl_tunnel_lease *l, struct sl_error *err)
{
	switch (c->routes) {
	case TUNNEL_ROUTES_LISTED:
		return add_listed(g, l, err);
	case TUNNEL_ROUTES_ALL:
		return add_all(g, c, l, err);
	case TUNNEL_ROUTES_NONE:
		break;
	}
	return 0;
}

// What the service says, as far as it can be.
static uint32_t mtu_of(const struct sl_tunnel_lease *lease)
{
	if (!lease || !lease->mtu)
		return MTU;
	return lease->mtu < SL_TUNNEL_MTU_MAX ? lease->mtu : SL_TUNNEL_MTU_MAX;
}

// lease  NULL = not known yet: the interface stays down.
static int fill(struct sl_graph *g, const struct tunnel_client *c,
		const struct sl_tunnel_lease *lease, struct sl_error *err)
{
	struct tunnel_graph t = {.interface = c->name,
				 .tun_mtu = mtu_of(lease),
				 .up = lease != NULL,
				 .max_peers = 1,
				 .max_prefixes = PREFIXES};
	const char *addresses[2];
	int ret;

	t.mtu = t.tun_mtu;
	t.addresses = addresses;
	if (lease && lease->ipv4[0])
		addresses[t.n_addresses++] = lease->ipv4;
	if (lease && lease->ipv6[0])
		addresses[t.n_addresses++] = lease->ipv6;
	ret = tunnel_graph_fill(g, &t, err);
	if (ret == 0)
		ret = set_handshake(g, c, err);
	if (ret == 0 && lease)
		ret = set_routes(g, c, lease, err);
	return ret;
}

static int apply(const struct tunnel_client *c, const struct sl_tunnel_lease *lease,
		 struct sl_error *err)
{
	struct sl_graph *g = sl_graph_create();
	int ret = g ? fill(g, c, lease, err) : sl_error_set(err, -ENOMEM, "out of memory");

	if (ret == 0)
		ret = sl_engine_apply(c->engine, g, err);
	sl_graph_destroy(g);
	return ret;
}

// ---- where the service is

static void print_address(const struct addrinfo *a, char out[SL_TUNNEL_ENDPOINT_TEXT])
{
	char host[NI_MAXHOST], port[NI_MAXSERV];

	getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(out, SL_TUNNEL_ENDPOINT_TEXT,
		 a->ai_family == AF_INET6 ? "[%.45s]:%.5s" : "%.45s:%.5s", host, port);
}

// The resolver takes the last 16 bits of any number.
static bool is_port(const char *text)
{
	size_t n = strspn(text, "0123456789");
	unsigned long port = strtoul(text, NULL, 10);

	return n > 0 && !text[n] && port > 0 && port <= UINT16_MAX;
}

static int resolve(struct tunnel_client *c, struct sl_error *err)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
	char host[SL_CAPABILITY_ENDPOINT], *port, *name = host;
	struct addrinfo *found;
	int code;

	snprintf(host, sizeof(host), "%s", c->endpoint);
	port = strrchr(host, ':');
	if (!port || port == host)
		return sl_error_set(err, -EINVAL, "endpoint '%s' is not host:port", c->endpoint);
	*port++ = '\0';
	if (!is_port(port))
		return sl_error_set(err, -EINVAL, "endpoint '%s': a port is 1 to 65535",
				    c->endpoint);
	if (host[0] == '[' && port[-2] == ']') {
		port[-2] = '\0';
		name++;
	}
	code = getaddrinfo(name, port, &hints, &found);
	if (code != 0)
		return sl_error_set(err, -ENOENT, "%s: %s", c->endpoint, gai_strerror(code));
	print_address(found, c->address);
	freeaddrinfo(found);
	return 0;
}

static int set_peer(const struct tunnel_client *c, struct sl_error *err)
{
	struct sl_tunnel_change change = {.has_psk = true,
					  .has_keepalive = true,
					  .keepalive_s = KEEPALIVE_S,
					  .endpoint = c->address};
	int ret;

	memcpy(change.public_key, c->capability.key, SL_KEY);
	memcpy(change.psk, c->capability.psk, SL_KEY);
	ret = sl_tunnel_change(c->engine, TUNNEL, &change, err);
	sl_secret_wipe(&change, sizeof(change));
	return ret;
}

// ---- opening and closing

static int check(const struct tunnel_client *c, struct sl_error *err)
{
	const char *pattern = pattern_of(&c->capability);

	if (!pattern)
		return sl_error_set(err, -EINVAL,
				    "nobody can connect with pattern %s; NKpsk0, KKpsk0 and XKpsk0 "
				    "are for tunnels",
				    c->capability.pattern);
	if (!c->key && strcmp(pattern, "NK") != 0)
		return sl_error_set(err, -EINVAL, "with %s a client has a key of its own: --key",
				    pattern);
	if (c->key && strcmp(pattern, "NK") == 0)
		return sl_error_set(err, -EINVAL, "with NK a client has no key: leave out --key");
	if (!c->endpoint[0])
		return sl_error_set(err, -EINVAL,
				    "the capability does not say where the service is: --endpoint");
	return 0;
}

static int choose_name(struct tunnel_client *c, struct sl_error *err)
{
	if (c->interface && strlen(c->interface) >= sizeof(c->name))
		return sl_error_set(err, -EINVAL,
				    "'%s': an interface's name has at most %zu characters",
				    c->interface, sizeof(c->name) - 1);
	if (c->interface) {
		snprintf(c->name, sizeof(c->name), "%s", c->interface);
		return 0;
	}
	for (unsigned i = 0; i < INTERFACES; i++) {
		snprintf(c->name, sizeof(c->name), "sluice%u", i);
		if (if_nametoindex(c->name) == 0)
			return 0;
	}
	return sl_error_set(err, -EEXIST, "no name for an interface is free: --dev");
}

static void enter(struct tunnel_client *c, enum tunnel_state state)
{
	c->state = state;
	c->since_ns = c->told_ns = loop_now_ns();
}

int tunnel_client_open(struct tunnel_client *c, struct sl_error *err)
{
	static const struct sl_engine_options options;
	int ret = check(c, err);

	if (ret == 0)
		ret = choose_name(c, err);
	if (ret == 0)
		ret = resolve(c, err);
	if (ret == 0)
		ret = sl_engine_create(&c->engine, &options, err);
	if (ret == 0)
		ret = apply(c, NULL, err);
	if (ret == 0)
		ret = set_peer(c, err);
	enter(c, TUNNEL_TRYING);
	return ret;
}

void tunnel_client_close(struct tunnel_client *c)
{
	sl_engine_destroy(c->engine);
	c->engine = NULL;
	sl_capability_wipe(&c->capability);
}

// ---- how it is

static void tell_connected(const struct tunnel_client *c)
{
	const struct sl_tunnel_lease *l = &c->lease;
	bool both = l->ipv4[0] && l->ipv6[0], left_out = false;

	for (size_t i = 0; i < l->n_networks; i++)
		left_out |= is_default(l->networks[i]);
	say("connected to %s: %s has %s%s%s", c->address, c->name, l->ipv4, both ? " and " : "",
	    l->ipv4[0] || l->ipv6[0] ? l->ipv6 : "no address");
	if (left_out && c->routes == TUNNEL_ROUTES_LISTED)
		say("the service takes everything; --route-all sends it there");
}

static bool same_lease(const struct sl_tunnel_lease *a, const struct sl_tunnel_lease *b)
{
	if (strcmp(a->ipv4, b->ipv4) != 0 || strcmp(a->ipv6, b->ipv6) != 0 || a->mtu != b->mtu ||
	    a->n_networks != b->n_networks)
		return false;
	for (size_t i = 0; i < a->n_networks; i++)
		if (strcmp(a->networks[i], b->networks[i]) != 0)
			return false;
	return true;
}

static bool is_new(const struct tunnel_client *c, const struct sl_tunnel_peer_view *v)
{
	return c->state == TUNNEL_TRYING || !same_lease(&c->lease, &v->lease);
}

static void connect_to(struct tunnel_client *c, const struct sl_tunnel_peer_view *v)
{
	struct sl_error err = {0};
	bool again = c->state == TUNNEL_LOST;

	if (is_new(c, v)) {
		c->lease = v->lease;
		if (apply(c, &c->lease, &err) < 0)
			say_error(&err);
		tell_connected(c);
	} else if (again) {
		say("connected again to %s", v->endpoint);
	}
	if (c->state != TUNNEL_CONNECTED)
		enter(c, TUNNEL_CONNECTED);
}

// A name may stand for another address by now.
static void look_elsewhere(struct tunnel_client *c)
{
	char before[SL_TUNNEL_ENDPOINT_TEXT];

	memcpy(before, c->address, sizeof(before));
	if (resolve(c, NULL) == 0 && strcmp(before, c->address) != 0) {
		set_peer(c, NULL);
		say("%s is %s now", c->endpoint, c->address);
	}
}

static void wait_for_it(struct tunnel_client *c)
{
	uint64_t now = loop_now_ns(), silent_s = (now - c->since_ns) / SECOND_NS;
	bool first = c->told_ns == c->since_ns;

	if (now - c->told_ns < (first ? FIRST_S : AGAIN_S) * SECOND_NS)
		return;
	c->told_ns = now;
	say("no answer from %s for %llu s; trying on", c->address, (unsigned long long)silent_s);
	if (first)
		say("a service is silent to who may not connect: is it there, does UDP reach it, "
		    "is the capability still good, is this clock right?");
	else
		look_elsewhere(c);
}

// Sessions age while the host sleeps.
static uint64_t boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

// Whether there is a session that may still last.
static bool is_alive(struct tunnel_client *c, uint64_t handshake_ns)
{
	if (handshake_ns != c->handshake_ns) {
		c->handshake_ns = handshake_ns;
		c->shaken_ns = boot_ns();
	}
	return handshake_ns && boot_ns() - c->shaken_ns <= LOST_S * SECOND_NS;
}

void tunnel_client_look(struct tunnel_client *c)
{
	struct sl_tunnel_view *v;
	const struct sl_tunnel_peer_view *peer;

	if (sl_tunnel_read(c->engine, TUNNEL, &v, NULL) < 0)
		return;
	peer = v->n_peers ? &v->peers[0] : NULL;
	if (peer && is_alive(c, peer->handshake_ns)) {
		connect_to(c, peer);
	} else {
		if (c->state == TUNNEL_CONNECTED) {
			say("%s does not answer any more", c->address);
			enter(c, TUNNEL_LOST);
		}
		wait_for_it(c);
	}
	sl_tunnel_free(v);
}
