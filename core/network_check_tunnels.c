// What the words of a tunnel say wrong: keys, ports, peers and their prefixes. Where their packets
// go is another matter (core/network_ways.c).

#include "core/network.h"
#include "core/tunnel/claims.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct check {
	struct sl_network *n;
	const struct sl_graph *g;
	struct sl_error *err;
};

// ---- keys

// Whether a file holds a key that nobody else can read.
static int check_secret(const struct check *c, const struct sl_network_text *file)
{
	char *path = sl_graph_path(c->g, file->at, file->text);
	uint8_t key[SL_KEY];
	struct sl_error e;
	int code = 0;

	if (!path)
		return sl_error_set(c->err, -ENOMEM, "out of memory");
	if (sl_secret_is_file(path) && sl_key_load(path, key, &e) < 0)
		code = sl_graph_error(c->g, file->at, c->err, -EINVAL, "%s", e.text);
	sl_secret_wipe(key, sizeof(key));
	free(path);
	return code;
}

static int load_public(const char *path, uint8_t key[SL_KEY], struct sl_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), code;
	char line[256];

	if (fd < 0)
		return sl_error_set(err, -errno, "%s: cannot be opened: %s", path, strerror(errno));
	code = sl_secret_read(fd, path, line, sizeof(line), err);
	close(fd);
	if (code < 0)
		return code;
	code = sl_key_parse(key, line, err);
	return code < 0 ? sl_error_prefix(err, code, "%s", path) : 0;
}

// The key of a peer stands in the file, or in one of its own.
static int find_public(const struct check *c, struct sl_network_peer *p)
{
	struct sl_error e;
	char *path;
	int code;

	if (!p->key.text)
		return sl_graph_error(c->g, p->at, c->err, -EINVAL,
				      "a peer needs a 'key': its public key, or the file that "
				      "holds it");
	if (sl_key_parse(p->public_key, p->key.text, NULL) == 0)
		return 0;
	path = sl_graph_path(c->g, p->key.at, p->key.text);
	if (!path)
		return sl_error_set(c->err, -ENOMEM, "out of memory");
	code = load_public(path, p->public_key, &e);
	free(path);
	if (code == -ENOENT)
		return sl_graph_error(c->g, p->key.at, c->err, -EINVAL,
				      "'%.64s' is neither a public key, 44 characters of base64, "
				      "nor a file that holds one",
				      p->key.text);
	return code < 0 ? sl_graph_error(c->g, p->key.at, c->err, -EINVAL, "%s", e.text) : 0;
}

// ---- peers

static int check_endpoint(const struct check *c, const struct sl_network_peer *p)
{
	struct sl_ip ip = p->endpoint.ip;
	const char *odd;
	char text[SL_IP_TEXT];

	if (!ip.family)
		return 0;
	sl_scope_take(&ip);
	odd = sl_network_odd_address(&ip);
	if (!odd && sl_ip_is_link_local(&ip))
		odd = "is a link-local address, and those are on every link";
	if (odd)
		return sl_graph_error(c->g, p->endpoint_at, c->err, -EINVAL, "endpoint %s %s",
				      sl_ip_print(&ip, text), odd);
	for (size_t i = 0; i < c->n->n_addresses; i++)
		if (c->n->addresses[i].prefix.ip.family == ip.family)
			return 0;
	if (c->n->kernel.text)
		return 0;
	return sl_graph_error(c->g, p->endpoint_at, c->err, -EINVAL,
			      "endpoint %s: the router has no address of IPv%u to send from",
			      sl_ip_print(&ip, text), ip.family);
}

static int check_psk(const struct check *c, const struct sl_network_peer *p)
{
	if (!p->psk.text)
		return 0;
	if (!*p->psk.text || strpbrk(p->psk.text, " \t"))
		return sl_graph_error(c->g, p->psk.at, c->err, -EINVAL,
				      "the name of a file with a pre-shared key has no blanks");
	return check_secret(c, &p->psk);
}

static int check_allowed(const struct check *c, const struct sl_network_allowed *a)
{
	struct sl_prefix masked = sl_prefix_masked(&a->prefix);
	char text[SL_IP_TEXT], other[SL_IP_TEXT];

	if (sl_ip_equal(&masked.ip, &a->prefix.ip))
		return 0;
	return sl_graph_error(c->g, a->at, c->err, -EINVAL,
			      "%s has bits set behind its prefix; did you mean '%s'?",
			      sl_prefix_print(&a->prefix, text), sl_prefix_print(&masked, other));
}

static int check_peer(const struct check *c, struct sl_network_peer *p)
{
	int code = find_public(c, p);

	if (!code && sl_key_is_weak(p->public_key))
		code = sl_graph_error(c->g, p->key.at, c->err, -EINVAL,
				      "nothing that is agreed with this key would be secret");
	if (!code)
		code = check_psk(c, p);
	if (!code)
		code = check_endpoint(c, p);
	for (size_t i = 0; i < p->n_allowed && !code; i++)
		code = check_allowed(c, &p->allowed[i]);
	return code;
}

// ---- what stands there twice

static struct sl_place place(const struct sl_claim *c)
{
	return *(const struct sl_place *)c->of;
}

static int check_keys_twice(const struct check *c, const struct sl_network_tunnel *t)
{
	struct sl_claim *claims = calloc(t->n_peers + 1, sizeof(*claims));
	const struct sl_claim *first, *second;
	int code = 0;

	if (!claims)
		return sl_error_set(c->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < t->n_peers; i++) {
		memcpy(claims[i].bytes, t->peers[i].public_key, SL_KEY);
		claims[i].order = i;
		claims[i].of = &t->peers[i].key.at;
	}
	second = sl_claims_second(claims, t->n_peers, &first);
	if (second)
		code = sl_graph_error(c->g, place(second), c->err, -EINVAL,
				      "a peer with this key stands here twice, first on line %u",
				      place(first).line);
	free(claims);
	return code;
}

static size_t count_allowed(const struct sl_network_tunnel *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_peers; i++)
		n += t->peers[i].n_allowed;
	return n;
}

// A prefix belongs to one peer; a longer one inside it may be another's.
static int check_allowed_twice(const struct check *c, const struct sl_network_tunnel *t)
{
	struct sl_claim *claims = calloc(count_allowed(t) + 1, sizeof(*claims));
	const struct sl_claim *first, *second;
	size_t n = 0;
	int code = 0;

	if (!claims)
		return sl_error_set(c->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < t->n_peers; i++)
		for (size_t k = 0; k < t->peers[i].n_allowed; k++, n++) {
			const struct sl_network_allowed *a = &t->peers[i].allowed[k];

			memcpy(claims[n].bytes, &a->prefix, sizeof(a->prefix));
			claims[n].order = n;
			claims[n].of = &a->at;
		}
	second = sl_claims_second(claims, n, &first);
	if (second)
		code = sl_graph_error(c->g, place(second), c->err, -EINVAL,
				      "this prefix is allowed already, on line %u: it can belong "
				      "to one peer",
				      place(first).line);
	free(claims);
	return code;
}

// ---- tunnels

static int check_numbers(const struct check *c, const struct sl_network_port *p)
{
	const struct sl_network_tunnel *t = p->tunnel;
	size_t allowed = count_allowed(t);

	if (t->n_peers > t->max_peers.value)
		return sl_graph_error(c->g, t->peers[t->max_peers.value].at, c->err, -EINVAL,
				      "tunnel '%s' has more than %u peers: 'max-peers' says how "
				      "many there may be",
				      p->name, t->max_peers.value);
	if (allowed > t->max_prefixes.value)
		return sl_graph_error(c->g, p->at, c->err, -EINVAL,
				      "the peers of tunnel '%s' have %zu prefixes: 'max-prefixes' "
				      "says how many there may be, %u now",
				      p->name, allowed, t->max_prefixes.value);
	return 0;
}

static int check_listen(const struct check *c, size_t i)
{
	const struct sl_network_port *p = &c->n->ports[i];

	for (size_t k = 0; k < i; k++) {
		const struct sl_network_port *other = &c->n->ports[k];

		if (other->tunnel && other->tunnel->listen.value == p->tunnel->listen.value)
			return sl_graph_error(c->g, p->tunnel->listen.at, c->err, -EINVAL,
					      "tunnel '%s' listens on port %u already, on line %u",
					      other->name, p->tunnel->listen.value,
					      other->tunnel->listen.at.line);
	}
	return 0;
}

// What the file does not say.
static void set_defaults(struct sl_network_port *p)
{
	struct sl_network_tunnel *t = p->tunnel;
	const struct {
		struct sl_network_number *number;
		uint32_t value;
	} defaults[] = {
		{&t->listen, SL_NETWORK_LISTEN},
		{&t->max_peers, SL_NETWORK_PEERS},
		{&t->max_prefixes, SL_NETWORK_PREFIXES},
	};

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (!defaults[i].number->value)
			*defaults[i].number = (struct sl_network_number){defaults[i].value, p->at};
}

static int check_words(const struct check *c, const struct sl_network_port *p)
{
	const struct sl_network_tunnel *t = p->tunnel;

	// the other patterns are those of services
	if (t->noise.text && strcmp(t->noise.text, "IK") != 0)
		return sl_graph_error(c->g, t->noise.at, c->err, -EINVAL,
				      "'noise' of tunnel '%s' is 'IK', WireGuard's, and not "
				      "'%.32s'",
				      p->name, t->noise.text);
	if (!t->key.text && t->services.n_services > 0 && t->n_peers == 0)
		return 0; // nobody needs the tunnel's own
	if (!t->key.text)
		return sl_graph_error(c->g, p->at, c->err, -EINVAL,
				      "tunnel '%s' needs a 'key': the file of its private key, as "
				      "`sluice key new` or `wg genkey` makes it",
				      p->name);
	return check_secret(c, &t->key);
}

static int check_tunnel(const struct check *c, size_t i)
{
	struct sl_network_port *p = &c->n->ports[i];
	int code = check_words(c, p);

	set_defaults(p);
	if (!code)
		code = check_listen(c, i);
	if (!code)
		code = check_numbers(c, p);
	for (size_t k = 0; k < p->tunnel->n_peers && !code; k++)
		code = check_peer(c, &p->tunnel->peers[k]);
	if (!code)
		code = check_keys_twice(c, p->tunnel);
	return code ? code : check_allowed_twice(c, p->tunnel);
}

int sl_network_check_tunnels(struct sl_network *n, const struct sl_graph *g, struct sl_error *err)
{
	const struct check c = {n, g, err};
	int code = 0;

	for (size_t i = 0; i < n->n_ports && !code; i++)
		if (n->ports[i].tunnel)
			code = check_tunnel(&c, i);
	return code;
}
