#include "core/tunnel/inner_pool.h"

#include "core/proto/bytes.h"

#include <errno.h>
#include <stdlib.h>

enum { HOSTS_MAX = 1 << 20 };

struct sl_inner_pool {
	struct sl_prefix network; // masked
	uint32_t hosts;           // numbers below this
	bool taken[];
};

// The host's number in the last four bytes of its address.
static uint8_t *tail(struct sl_ip *ip)
{
	return ip->bytes + sl_ip_len(ip->family) - 4;
}

static uint32_t count_hosts(const struct sl_prefix *p)
{
	unsigned bits = sl_ip_bits(p->ip.family) - p->len;

	return bits >= 20 ? HOSTS_MAX : 1u << bits;
}

// The number of a host, or HOSTS_MAX where it is none of the pool's.
static uint32_t number_of(const struct sl_inner_pool *p, const struct sl_ip *ip)
{
	struct sl_ip host = *ip, first = p->network.ip;
	uint32_t n;

	if (!sl_prefix_contains(&p->network, ip))
		return HOSTS_MAX;
	n = load_be32(tail(&host)) - load_be32(tail(&first));
	store_be32(tail(&host), load_be32(tail(&first)));
	return sl_ip_equal(&host, &first) && n < p->hosts ? n : HOSTS_MAX;
}

struct sl_inner_pool *sl_inner_pool_create(const struct sl_prefix *own)
{
	uint32_t hosts = count_hosts(own), self;
	struct sl_inner_pool *p = calloc(1, sizeof(*p) + hosts * sizeof(p->taken[0]));

	if (!p)
		return NULL;
	p->network = sl_prefix_masked(own);
	p->hosts = hosts;
	if (hosts > 2)
		p->taken[0] = true;
	if (hosts > 2 && own->ip.family == 4 && hosts < HOSTS_MAX)
		p->taken[hosts - 1] = true;
	self = number_of(p, &own->ip);
	if (self < hosts)
		p->taken[self] = true;
	return p;
}

void sl_inner_pool_destroy(struct sl_inner_pool *p)
{
	free(p);
}

int sl_inner_pool_take(struct sl_inner_pool *p, const struct sl_ip *ip)
{
	uint32_t n = number_of(p, ip);

	if (n >= p->hosts)
		return -ERANGE;
	if (p->taken[n])
		return -EEXIST;
	p->taken[n] = true;
	return 0;
}

bool sl_inner_pool_take_any(struct sl_inner_pool *p, const uint8_t *name, struct sl_ip *out)
{
	uint32_t n = (uint32_t)(load_be64(name) % p->hosts), tries = 0;

	while (p->taken[n]) {
		n = (n + 1) % p->hosts;
		if (++tries == p->hosts)
			return false;
	}
	p->taken[n] = true;
	*out = p->network.ip;
	store_be32(tail(out), load_be32(tail(out)) + n);
	return true;
}
