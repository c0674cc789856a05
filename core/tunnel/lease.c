#include "core/tunnel/lease.h"

#include "core/proto/bytes.h"

#include <string.h>

enum { VERSION = 1, MTU_MIN = 68 };

// A prefix on the wire. Family 0 with all else zero: none.
struct wire_prefix {
	uint8_t family, len;
	uint8_t zero[2];
	uint8_t ip[16];
};
_Static_assert(sizeof(struct wire_prefix) == 20, "prefix of a lease");

struct wire_lease {
	uint8_t version, zero;
	uint8_t mtu[2];
	struct wire_prefix ipv4, ipv6;
	struct wire_prefix networks[SL_LEASE_NETWORKS];
	uint8_t later[4];
};
_Static_assert(sizeof(struct wire_lease) == SL_LEASE_LEN, "lease");

static void put_prefix(struct wire_prefix *w, const struct sl_prefix *p)
{
	w->family = p->ip.family;
	w->len = p->len;
	memcpy(w->ip, p->ip.bytes, p->ip.family ? sl_ip_len(p->ip.family) : 0);
}

// Returns whether it is a prefix of that family, of either one where it is 0, or none.
static bool get_prefix(const struct wire_prefix *w, uint8_t family, struct sl_prefix *p)
{
	*p = (struct sl_prefix){0};
	if (w->family == 0)
		return true;
	if ((w->family != 4 && w->family != 6) || (family && w->family != family) ||
	    w->len > sl_ip_bits(w->family))
		return false;
	p->ip.family = w->family;
	p->len = w->len;
	memcpy(p->ip.bytes, w->ip, sl_ip_len(w->family));
	return true;
}

void sl_lease_write(const struct sl_lease *l, uint8_t out[SL_LEASE_LEN])
{
	struct wire_lease w = {.version = VERSION};

	store_le16(w.mtu, l->mtu);
	put_prefix(&w.ipv4, &l->ipv4);
	put_prefix(&w.ipv6, &l->ipv6);
	for (unsigned i = 0; i < l->n_networks; i++)
		put_prefix(&w.networks[i], &l->networks[i]);
	memcpy(out, &w, sizeof(w));
}

bool sl_lease_read(const uint8_t in[SL_LEASE_LEN], struct sl_lease *out)
{
	struct sl_lease l = {0};
	struct wire_lease w;

	memcpy(&w, in, sizeof(w));
	l.mtu = load_le16(w.mtu);
	if (w.version < VERSION || (l.mtu && l.mtu < MTU_MIN) || !get_prefix(&w.ipv4, 4, &l.ipv4) ||
	    !get_prefix(&w.ipv6, 6, &l.ipv6))
		return false;
	for (unsigned i = 0; i < SL_LEASE_NETWORKS; i++) {
		struct sl_prefix p;

		if (!get_prefix(&w.networks[i], 0, &p))
			return false;
		if (p.ip.family)
			l.networks[l.n_networks++] = sl_prefix_masked(&p);
	}
	*out = l;
	return true;
}

bool sl_lease_network(const struct sl_lease *l, unsigned i, struct sl_prefix *out)
{
	const struct sl_prefix *own[] = {&l->ipv4, &l->ipv6};

	if (i < l->n_networks) {
		*out = l->networks[i];
		return true;
	}
	i -= l->n_networks;
	for (unsigned k = 0; k < 2; k++)
		if (own[k]->ip.family && i-- == 0) {
			*out = sl_prefix_masked(own[k]);
			return true;
		}
	return false;
}
