// From the lines of tunnel-handshake's settings to the services there are, the peers that are
// wanted and what clients get. Control thread; the running tunnel is not touched.

#include "apps/tunnel_handshake.h"
#include "core/tunnel/inner_pool.h"
#include "core/tunnel/peer_text.h"

#include <errno.h>
#include <sluice/capability.h>
#include <sodium.h>
#include <stdlib.h>

static int no_memory(struct sl_error *err)
{
	return sl_error_set(err, -ENOMEM, "out of memory");
}

static bool stands_in(const struct sl_shake *s, const char *path)
{
	return s->only_checks && !sl_secret_is_file(path);
}

int sl_shake_key_load(const struct sl_shake *s, const char *path, uint8_t key[SL_NOISE_KEY],
		      struct sl_error *err)
{
	if (!stands_in(s, path))
		return sl_key_load(path, key, err);
	randombytes_buf(key, SL_NOISE_KEY);
	return 0;
}

static void blame(struct sl_shake *s, const char *key, size_t item)
{
	s->blame = (struct sl_blame){.key = key, .item = item};
}

// ---- services

static int read_service(struct sl_shake *s, const char *line, struct sl_error *err)
{
	struct sl_shake_service *v = &s->services[s->n_services];
	uint8_t private_key[SL_NOISE_KEY];
	struct sl_service_text t;
	int ret = sl_service_text_parse(line, &t, err);

	if (ret < 0)
		return ret;
	memcpy(v->name, t.name, sizeof(v->name));
	v->ipv4 = t.ipv4;
	v->ipv6 = t.ipv6;
	v->grant = t.grant;
	v->stands_in = stands_in(s, t.key_path);
	ret = sl_shake_key_load(s, t.key_path, private_key, err);
	if (ret == 0) {
		sl_tunnel_local_init(&v->local, t.pattern, private_key);
		s->n_services++;
	}
	sodium_memzero(private_key, sizeof(private_key));
	sl_service_text_fini(&t);
	return ret;
}

// The number of a service, from 1, or 0.
static uint8_t find_service(const struct sl_shake *s, const char *name)
{
	for (uint8_t i = 0; i < s->n_services; i++)
		if (strcmp(s->services[i].name, name) == 0)
			return (uint8_t)(i + 1);
	return 0;
}

// An inner address is one client's.
static bool share_pool(const struct sl_shake_service *a, const struct sl_shake_service *b)
{
	return (a->ipv4.ip.family && sl_prefix_overlap(&a->ipv4, &b->ipv4)) ||
	       (a->ipv6.ip.family && sl_prefix_overlap(&a->ipv6, &b->ipv6));
}

static int check_pair(const struct sl_shake_service *a, const struct sl_shake_service *b,
		      struct sl_error *err)
{
	if (!memcmp(a->local.public_key, b->local.public_key, SL_NOISE_KEY))
		return sl_error_set(err, -EINVAL, "services %s and %s have one key", a->name,
				    b->name);
	if (share_pool(a, b))
		return sl_error_set(err, -EINVAL, "the pools of services %s and %s overlap",
				    a->name, b->name);
	return 0;
}

// Names and keys differ: mac1 says which key a message is for.
static int check_service(const struct sl_shake *s, uint8_t i, struct sl_error *err)
{
	const struct sl_shake_service *v = &s->services[i];
	int ret = 0;

	if (find_service(s, v->name) != i + 1)
		return sl_error_set(err, -EINVAL, "there are two services %s", v->name);
	if (s->local.has_key && !memcmp(s->local.public_key, v->local.public_key, SL_NOISE_KEY))
		return sl_error_set(err, -EINVAL, "service %s has the tunnel's own key", v->name);
	for (uint8_t k = 0; ret == 0 && k < i; k++)
		ret = check_pair(&s->services[k], v, err);
	return ret;
}

int sl_shake_services_read(struct sl_shake *s, const struct sl_strings *lines, struct sl_error *err)
{
	int ret = 0;

	blame(s, "services", SL_SHAKE_SERVICES);
	if (lines->count > SL_SHAKE_SERVICES)
		return sl_error_set(err, -E2BIG, "%zu services, at most %d", lines->count,
				    SL_SHAKE_SERVICES);
	s->services = calloc(lines->count + 1, sizeof(*s->services));
	if (!s->services)
		return no_memory(err);
	for (uint8_t i = 0; ret == 0 && i < lines->count; i++) {
		blame(s, "services", i);
		ret = read_service(s, lines->items[i], err);
		if (ret == 0)
			ret = check_service(s, i, err);
	}
	return ret;
}

void sl_shake_services_fini(struct sl_shake *s)
{
	if (s->services)
		sodium_memzero(s->services, s->n_services * sizeof(*s->services));
	free(s->services);
	s->services = NULL;
	s->n_services = 0;
}

// ---- peers

// With room for the inner addresses that a client gets.
static int want_prefixes(struct sl_shake_peer *p, const struct sl_peer_text *t,
			 struct sl_error *err)
{
	p->allowed = calloc(t->n_allowed + 2, sizeof(*p->allowed));
	if (!p->allowed)
		return no_memory(err);
	p->n_allowed = t->n_allowed;
	for (size_t i = 0; i < t->n_allowed; i++)
		p->allowed[i].prefix = t->allowed[i];
	return 0;
}

// The psk of a client, from its file or its capability, which must be for this service.
static int load_client(const struct sl_shake *s, const struct sl_shake_service *v,
		       const struct sl_peer_text *t, struct sl_shake_peer *p, struct sl_error *err)
{
	struct sl_capability c;
	int ret;

	if (!t->cap_path || stands_in(s, t->cap_path))
		return sl_shake_key_load(s, t->cap_path ? t->cap_path : t->psk_path, p->psk, err);
	ret = sl_capability_load(t->cap_path, &c, err);
	if (ret < 0)
		return ret;
	memcpy(p->psk, c.psk, sizeof(p->psk));
	if ((memcmp(c.key, v->local.public_key, sizeof(c.key)) != 0 && !v->stands_in) ||
	    strcmp(c.pattern, sl_tunnel_pattern_name(v->local.pattern)) != 0)
		ret = sl_error_set(err, -EINVAL, "%s is not for service %s", t->cap_path, v->name);
	sl_capability_wipe(&c);
	return ret;
}

// A client is found by the id of its capability, and has a key as its pattern says.
static int want_client(struct sl_shake *s, struct sl_shake_peer *p, const struct sl_peer_text *t,
		       struct sl_error *err)
{
	const struct sl_shake_service *v;
	struct sl_capability c = {0};
	int ret;

	p->service = find_service(s, t->service);
	if (!p->service)
		return sl_error_set(err, -EINVAL, "there is no service %s", t->service);
	v = &s->services[p->service - 1];
	ret = load_client(s, v, t, p, err);
	if (ret < 0)
		return ret;
	if (sodium_is_zero(p->psk, sizeof(p->psk)))
		return sl_error_set(err, -EINVAL, "%s: zeros are no psk", t->psk_path);
	if (t->has_key && !sl_tunnel_pattern_has_static(v->local.pattern))
		return sl_error_set(err, -EINVAL, "clients of service %s have no key", v->name);
	if (!t->has_key && sl_tunnel_pattern_knows_static(v->local.pattern))
		return sl_error_set(err, -EINVAL, "clients of service %s need key=", v->name);
	memcpy(c.key, v->local.public_key, sizeof(c.key));
	memcpy(c.psk, p->psk, sizeof(c.psk));
	strcpy(c.pattern, sl_tunnel_pattern_name(v->local.pattern));
	sl_capability_id(&c, p->public_key);
	sl_capability_wipe(&c);
	memcpy(p->key, t->public_key, sizeof(p->key));
	p->has_key = t->has_key;
	p->grant = sl_grant_merge(&t->grant, &v->grant);
	return 0;
}

// One line of the settings becomes one peer more that is wanted.
static int want(struct sl_shake *s, const char *line, struct sl_error *err)
{
	struct sl_shake_peer *p = &s->wanted[s->n_wanted];
	struct sl_peer_text t;
	int ret = sl_peer_text_parse(line, &t, err);

	if (ret < 0)
		return ret;
	*p = (struct sl_shake_peer){.has_psk = true,
				    .has_keepalive = true,
				    .from_settings = true,
				    .endpoint = t.endpoint,
				    .keepalive_ns = t.keepalive_ns};
	// Where the settings say none, the prefixes of a service are what its lease says.
	p->replace_allowed = t.service || t.n_allowed > 0 ||
			     !sl_tunnel_pattern_is_tagged(s->local.pattern);
	memcpy(p->public_key, t.public_key, sizeof(p->public_key));
	ret = want_prefixes(p, &t, err);
	if (ret == 0 && !t.service && t.psk_path)
		ret = sl_shake_key_load(s, t.psk_path, p->psk, err);
	if (ret == 0 && t.service)
		ret = want_client(s, p, &t, err);
	s->n_wanted++;
	sl_peer_text_fini(&t);
	return ret;
}

// ---- what clients get

static const struct sl_prefix *pool_of(const struct sl_shake_service *v, uint8_t family)
{
	return family == 4 ? &v->ipv4 : &v->ipv6;
}

static struct sl_ip *address_of(struct sl_shake_peer *p, uint8_t family)
{
	return family == 4 ? &p->grant.ipv4 : &p->grant.ipv6;
}

// Addresses that the settings choose come first.
static int take_chosen(struct sl_shake *s, uint8_t service, uint8_t family,
		       struct sl_inner_pool *pool, struct sl_error *err)
{
	const char *name = s->services[service - 1].name;
	char text[SL_IP_TEXT];

	for (size_t i = 0; i < s->n_wanted; i++) {
		struct sl_ip *ip = address_of(&s->wanted[i], family);
		int ret;

		if (s->wanted[i].service != service || !ip->family)
			continue;
		blame(s, "peers", i);
		ret = sl_inner_pool_take(pool, ip);
		if (ret < 0)
			return sl_error_set(err, -EINVAL, "service %s: %s is %s", name,
					    sl_ip_print(ip, text),
					    ret == -EEXIST ? "taken" : "not in the pool");
	}
	return 0;
}

static int take_others(struct sl_shake *s, uint8_t service, uint8_t family,
		       struct sl_inner_pool *pool, struct sl_error *err)
{
	for (size_t i = 0; i < s->n_wanted; i++) {
		struct sl_shake_peer *p = &s->wanted[i];
		struct sl_ip *ip = address_of(p, family);

		if (p->service == service && !ip->family &&
		    !sl_inner_pool_take_any(pool, p->public_key, ip)) {
			blame(s, "peers", i);
			return sl_error_set(err, -ENOSPC,
					    "service %s: the pool is too small for its clients",
					    s->services[service - 1].name);
		}
	}
	return 0;
}

static int assign(struct sl_shake *s, uint8_t service, uint8_t family, struct sl_error *err)
{
	const struct sl_prefix *own = pool_of(&s->services[service - 1], family);
	struct sl_inner_pool *pool;
	int ret;

	if (!own->ip.family)
		return 0;
	pool = sl_inner_pool_create(own);
	if (!pool)
		return no_memory(err);
	ret = take_chosen(s, service, family, pool, err);
	if (ret == 0)
		ret = take_others(s, service, family, pool, err);
	sl_inner_pool_destroy(pool);
	return ret;
}

// A client's address with the length of its pool; it is one of the client's prefixes.
static struct sl_prefix leased(const struct sl_shake *s, struct sl_shake_peer *p, uint8_t family)
{
	const struct sl_prefix *own = pool_of(&s->services[p->service - 1], family);
	struct sl_prefix alone = {.ip = *address_of(p, family), .len = (uint8_t)sl_ip_bits(family)};
	struct sl_prefix in_pool = alone;

	if (!alone.ip.family)
		return (struct sl_prefix){0};
	p->allowed[p->n_allowed++].prefix = alone;
	if (own->ip.family)
		in_pool.len = own->len;
	return in_pool;
}

static void fill_lease(const struct sl_shake *s, struct sl_shake_peer *p)
{
	struct sl_lease l = {.mtu = p->grant.mtu, .n_networks = p->grant.n_networks};

	memcpy(l.networks, p->grant.networks, sizeof(l.networks));
	l.ipv4 = leased(s, p, 4);
	l.ipv6 = leased(s, p, 6);
	sl_lease_write(&l, p->lease);
	p->limit.rate = p->grant.rate;
	while (sl_lease_network(&l, p->limit.n_networks, &p->limit.networks[p->limit.n_networks]))
		p->limit.n_networks++;
}

int sl_shake_wanted_read(struct sl_shake *s, const struct sl_strings *lines, struct sl_error *err)
{
	int ret = 0;

	s->wanted = calloc(lines->count + 1, sizeof(*s->wanted));
	if (!s->wanted)
		return no_memory(err);
	for (size_t i = 0; ret == 0 && i < lines->count; i++) {
		blame(s, "peers", i);
		ret = want(s, lines->items[i], err);
	}
	for (uint8_t i = 1; ret == 0 && i <= s->n_services; i++) {
		ret = assign(s, i, 4, err);
		if (ret == 0)
			ret = assign(s, i, 6, err);
	}
	for (size_t i = 0; ret == 0 && i < s->n_wanted; i++)
		if (s->wanted[i].service)
			fill_lease(s, &s->wanted[i]);
	return ret;
}

void sl_shake_wanted_fini(struct sl_shake *s)
{
	for (size_t i = 0; i < s->n_wanted; i++)
		free(s->wanted[i].allowed);
	if (s->wanted)
		sodium_memzero(s->wanted, s->n_wanted * sizeof(*s->wanted));
	free(s->wanted);
	s->wanted = NULL;
	s->n_wanted = 0;
}
