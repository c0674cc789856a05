#include "apps/neighbour_own.h"

#include "core/proto/bytes.h"

#include <errno.h>

static struct sl_neighbour_address *find_prefix(struct sl_neighbour_own *own,
						const struct sl_prefix *p)
{
	for (unsigned i = 0; i < own->n; i++) {
		struct sl_neighbour_address *a = &own->items[i];

		if (a->prefix.len == p->len && sl_ip_equal(&a->prefix.ip, &p->ip))
			return a;
	}
	return NULL;
}

// The place of an address, a new one where it is not there; NULL where there is no room.
static struct sl_neighbour_address *place(struct sl_neighbour_own *own, const struct sl_prefix *p)
{
	struct sl_neighbour_address *a = find_prefix(own, p);

	if (a)
		return a;
	if (own->n == 0) // the place of the link-local address
		own->items[own->n++] = (struct sl_neighbour_address){0};
	if (own->n == SL_NEIGHBOUR_OWN_MAX)
		return NULL;
	a = &own->items[own->n++];
	*a = (struct sl_neighbour_address){.prefix = *p};
	own->news = own->changed = true;
	return a;
}

int sl_neighbour_own_read(struct sl_neighbour_own *own, const struct sl_strings *texts,
			  struct sl_error *err)
{
	for (size_t i = 0; i < texts->count; i++) {
		struct sl_neighbour_address *a;
		struct sl_prefix p;

		if (!sl_prefix_parse(texts->items[i], &p) || sl_ip_is_multicast(&p.ip))
			return sl_error_set(err, -EINVAL,
					    "addresses: '%s' is not an address such as 10.0.0.1/24",
					    texts->items[i]);
		a = place(own, &p);
		if (!a)
			return sl_error_set(err, -E2BIG, "addresses: more than %d",
					    SL_NEIGHBOUR_OWN_MAX - 1);
		a->filed = true;
	}
	return 0;
}

void sl_neighbour_own_set_mac(struct sl_neighbour_own *own, const uint8_t mac[6])
{
	struct sl_prefix p = {.ip = sl_ip_link_local(mac), .len = 64};

	if (own->n == 0)
		own->n = 1;
	own->items[SL_NEIGHBOUR_LINK_LOCAL] = (struct sl_neighbour_address){.prefix = p,
									    .filed = true};
	for (unsigned i = 0; i < own->n; i++)
		own->items[i].announced = false;
	own->news = own->changed = true;
}

static void remove_learned(struct sl_neighbour_own *own, struct sl_neighbour_address *a)
{
	a->learned = false;
	if (a->filed)
		return;
	*a = own->items[--own->n];
	own->changed = true;
}

bool sl_neighbour_own_control(struct sl_neighbour_own *own, const struct sl_control *c)
{
	struct sl_neighbour_address *a;

	if (c->remove) {
		a = find_prefix(own, &c->address);
		if (a)
			remove_learned(own, a);
		return true;
	}
	a = place(own, &c->address);
	if (a)
		a->learned = true;
	return a != NULL;
}

void sl_neighbour_own_adopt(struct sl_neighbour_own *own, const struct sl_neighbour_own *old,
			    bool same_mac)
{
	for (unsigned i = 0; i < old->n; i++) {
		const struct sl_neighbour_address *before = &old->items[i];
		struct sl_neighbour_address *a = before->learned
							 ? place(own, &before->prefix)
							 : find_prefix(own, &before->prefix);

		if (!a)
			continue;
		a->learned = before->learned;
		a->announced = before->announced && same_mac;
		a->defended_ns = before->defended_ns;
	}
}

struct sl_neighbour_address *sl_neighbour_own_find(struct sl_neighbour_own *own, uint8_t family,
						   const uint8_t *ip)
{
	const size_t len = sl_ip_len(family);

	for (unsigned i = 0; i < own->n; i++) {
		struct sl_ip *mine = &own->items[i].prefix.ip;

		if (mine->family == family && memcmp(mine->bytes, ip, len) == 0)
			return &own->items[i];
	}
	return NULL;
}

bool sl_neighbour_own_anycast(const struct sl_neighbour_own *own, const uint8_t ip[16])
{
	for (unsigned i = 0; i < own->n; i++)
		if (sl_prefix_is_anycast(&own->items[i].prefix, ip))
			return true;
	return false;
}

static struct sl_ip ip_of(uint8_t family, const uint8_t *bytes)
{
	struct sl_ip ip = {.family = family};

	memcpy(ip.bytes, bytes, sl_ip_len(family));
	return ip;
}

bool sl_neighbour_own_reaches(const struct sl_neighbour_own *own, uint8_t family, const uint8_t *ip)
{
	struct sl_ip other = ip_of(family, ip);

	for (unsigned i = 0; i < own->n; i++)
		if (sl_prefix_contains(&own->items[i].prefix, &other))
			return true;
	return false;
}

// Whether ip is an address of a network of ours with these bits behind the prefix. A network of two
// has none that is special: RFC 3021.
static bool ends_in(const struct sl_neighbour_own *own, const uint8_t ip[4], uint32_t bits)
{
	const uint32_t other = load_be32(ip);

	for (unsigned i = 0; i < own->n; i++) {
		const struct sl_prefix *p = &own->items[i].prefix;
		uint32_t host = p->len < 31 ? UINT32_MAX >> p->len : 0;

		if (p->ip.family == 4 && host &&
		    other == ((load_be32(p->ip.bytes) & ~host) | (bits & host)))
			return true;
	}
	return false;
}

bool sl_neighbour_own_broadcast(const struct sl_neighbour_own *own, const uint8_t ip[4])
{
	return load_be32(ip) == UINT32_MAX || ends_in(own, ip, UINT32_MAX);
}

bool sl_neighbour_own_network(const struct sl_neighbour_own *own, const uint8_t ip[4])
{
	return ends_in(own, ip, 0);
}

const uint8_t *sl_neighbour_own_source(const struct sl_neighbour_own *own, uint8_t family,
				       const uint8_t *ip)
{
	struct sl_ip other = ip_of(family, ip);
	const uint8_t *any = NULL;

	for (unsigned i = 0; i < own->n; i++) {
		const struct sl_prefix *p = &own->items[i].prefix;

		if (p->ip.family != family)
			continue;
		if (family == 6 && sl_ip_is_link_local(&p->ip))
			return p->ip.bytes;
		if (family == 4 && sl_prefix_contains(p, &other))
			return p->ip.bytes;
		if (!any)
			any = p->ip.bytes;
	}
	return any;
}
