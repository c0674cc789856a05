#include "core/network.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

// ---- addresses as such

const char *sl_network_odd_prefix(const struct sl_prefix *p)
{
	static const struct {
		const char *prefix, *what;
	} odd[] = {
		{"0.0.0.0/8", "is of \"this network\""},
		{"127.0.0.0/8", "is of the loopback interface"},
		{"224.0.0.0/4", "is multicast"},
		{"240.0.0.0/4", "is of a class that is reserved"},
		{"::/128", "is the unspecified address"},
		{"::1/128", "is of the loopback interface"},
		{"::ffff:0:0/96", "is IPv4 in disguise"},
		{"ff00::/8", "is multicast"},
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct sl_prefix o;

		if (sl_prefix_parse(odd[i].prefix, &o) && p->len >= o.len &&
		    sl_prefix_contains(&o, &p->ip))
			return odd[i].what;
	}
	return NULL;
}

const char *sl_network_odd_address(const struct sl_ip *ip)
{
	const struct sl_prefix alone = {.ip = *ip, .len = (uint8_t)sl_ip_bits(ip->family)};

	return sl_network_odd_prefix(&alone);
}

const char *sl_network_no_host(const struct sl_prefix *subnet, const struct sl_ip *ip)
{
	unsigned bits = sl_ip_bits(ip->family);
	bool zeros = true, ones = true;

	if (subnet->ip.family != ip->family || subnet->len + 2u > bits)
		return NULL; // RFC 3021, RFC 6164: every address of these is a host's
	for (unsigned i = subnet->len; i < bits; i++) {
		bool bit = ip->bytes[i / 8] >> (7 - i % 8) & 1;

		zeros &= !bit;
		ones &= bit;
	}
	if (ip->family == 6) // RFC 4291 section 2.6.1
		return zeros ? "the subnet-router anycast address" : NULL;
	return zeros ? "the address of the network itself" : ones ? "the broadcast address" : NULL;
}

// ---- ports

// A device is known by what is in front of its first comma.
static bool same_device(const struct sl_network_text *a, const struct sl_network_text *b)
{
	size_t n = a->text ? strcspn(a->text, ",") : 0;

	return a->text && b->text && strcspn(b->text, ",") == n && !memcmp(a->text, b->text, n);
}

static int check_kind(const struct sl_network_port *p, const struct sl_graph *g,
		      struct sl_error *err)
{
	unsigned kinds = !!p->device.text + !!p->interface.text + (p->in.text || p->out.text);
	const struct sl_network_text *second = p->in.text ? &p->in : &p->out;

	if (kinds == 0)
		return sl_graph_error(g, p->at, err, -EINVAL,
				      "port '%s' needs a 'device', the name of a TAP as "
				      "'interface', or apps as 'in' and 'out'",
				      p->name);
	if (kinds > 1 && !second->text)
		second = &p->interface;
	if (kinds > 1)
		return sl_graph_error(g, second->at, err, -EINVAL,
				      "port '%s' has %s already: it is one of a 'device', an "
				      "'interface', and 'in' and 'out'",
				      p->name, p->device.text ? "a 'device'" : "an 'interface'");
	if (!p->in.text != !p->out.text)
		return sl_graph_error(g, second->at, err, -EINVAL,
				      "port '%s' has no '%s': packets go both ways", p->name,
				      p->in.text ? "out" : "in");
	if (!p->device.text && !p->mac.text)
		return sl_graph_error(g, p->at, err, -EINVAL,
				      "port '%s' has no device, so it needs a 'mac', such as "
				      "02:00:00:00:00:01",
				      p->name);
	return 0;
}

static int check_interface(const struct sl_network_port *p, const struct sl_network_text *name,
			   const struct sl_graph *g, struct sl_error *err)
{
	const char *s = name->text;

	if (!s)
		return 0;
	if (strlen(s) >= SL_NETWORK_INTERFACE)
		return sl_graph_error(g, name->at, err, -EINVAL,
				      "'%.64s' is too long for an interface of the kernel: at most "
				      "%d characters",
				      s, SL_NETWORK_INTERFACE - 1);
	if (!*s || !strcmp(s, ".") || !strcmp(s, "..") || strpbrk(s, "/: \t\n%"))
		return sl_graph_error(g, name->at, err, -EINVAL,
				      "'%s' of port '%s' is no name for an interface of the kernel",
				      s, p->name);
	return 0;
}

int sl_network_check_mac(const struct sl_network_text *text, const struct sl_graph *g,
			 struct sl_error *err)
{
	static const uint8_t zero[6];
	uint8_t mac[6];

	if (!text->text)
		return 0;
	if (!sl_mac_parse(text->text, mac))
		return sl_graph_error(g, text->at, err, -EINVAL,
				      "'%.64s' is not a link-layer address such as "
				      "02:00:00:00:00:01",
				      text->text);
	if (mac[0] & 1)
		return sl_graph_error(g, text->at, err, -EINVAL,
				      "'%s' is a multicast address: the lowest bit of the first "
				      "byte must be 0",
				      text->text);
	if (!memcmp(mac, zero, sizeof(mac)))
		return sl_graph_error(g, text->at, err, -EINVAL,
				      "a link-layer address is not all zeros");
	return 0;
}

// An interface of the kernel, and where the file names it.
struct interface {
	const char *name;
	size_t len;
	struct sl_place at;
};

static unsigned add_text(const struct sl_network_text *t, struct interface *to)
{
	if (!t->text)
		return 0;
	*to = (struct interface){t->text, strlen(t->text), t->at};
	return 1;
}

// A device of DPDK that is an interface of the kernel, or some queues of one, which others may
// share.
static unsigned add_device(const struct sl_network_text *t, struct interface *to)
{
	static const char key[] = ",iface=";
	const char *found = t->text ? strstr(t->text, key) : NULL;

	if (!found || strstr(t->text, ",start_queue="))
		return 0;
	found += strlen(key);
	*to = (struct interface){found, strcspn(found, ","), t->at};
	return 1;
}

// The interfaces of the kernel that a port is or makes. Returns how many there are.
static unsigned interfaces_of(const struct sl_network_port *p, struct interface list[3])
{
	unsigned n = add_text(&p->tap, list);

	n += add_text(&p->interface, list + n);
	return n + add_device(&p->device, list + n);
}

// Look for an interface that p shares with another port, or with itself.
static int check_interfaces(const struct sl_network_port *p, const struct sl_network_port *other,
			    const struct sl_graph *g, struct sl_error *err)
{
	struct interface mine[3], theirs[3];
	unsigned n = interfaces_of(p, mine), m = interfaces_of(other, theirs);

	for (unsigned i = 0; i < n; i++)
		for (unsigned k = p == other ? i + 1 : 0; k < m; k++)
			if (mine[i].len == theirs[k].len &&
			    memcmp(mine[i].name, theirs[k].name, mine[i].len) == 0)
				return sl_graph_error(
					g, mine[i].at, err, -EINVAL,
					"'%.*s' is the interface of port '%s' already",
					(int)mine[i].len, mine[i].name, other->name);
	return 0;
}

// What no two ports may share.
static int check_pair(const struct sl_network_port *p, const struct sl_network_port *other,
		      const struct sl_graph *g, struct sl_error *err)
{
	if (same_device(&other->device, &p->device))
		return sl_graph_error(g, p->device.at, err, -EINVAL,
				      "this is the device of port '%s' already", other->name);
	return check_interfaces(p, other, g, err);
}

int sl_network_check_ports(const struct sl_network *n, const struct sl_graph *g,
			   struct sl_error *err)
{
	int code = 0;

	for (size_t i = 0; i < n->n_ports && !code; i++) {
		const struct sl_network_port *p = &n->ports[i];

		if (p->tunnel)
			break; // they have none of these words
		code = check_kind(p, g, err);
		if (!code)
			code = check_interface(p, &p->interface, g, err);
		if (!code)
			code = check_interface(p, &p->tap, g, err);
		if (!code)
			code = sl_network_check_mac(&p->mac, g, err);
		if (!code)
			code = check_interfaces(p, p, g, err);
		for (size_t k = 0; k < i && !code; k++)
			code = check_pair(p, &n->ports[k], g, err);
	}
	return code;
}

// ---- addresses

static int check_address(const struct sl_network_address *a, const struct sl_graph *g,
			 struct sl_error *err)
{
	const char *odd = sl_network_odd_address(&a->prefix.ip);
	const char *no_host = sl_network_no_host(&a->prefix, &a->prefix.ip);
	char text[SL_IP_TEXT], first[SL_IP_TEXT];
	struct sl_prefix next = sl_prefix_masked(&a->prefix);

	if (odd)
		return sl_graph_error(g, a->at, err, -EINVAL, "%s %s",
				      sl_ip_print(&a->prefix.ip, text), odd);
	if (a->prefix.len == 0)
		return sl_graph_error(g, a->at, err, -EINVAL,
				      "a subnet of length 0 holds every address there is");
	if (sl_ip_is_link_local(&a->prefix.ip))
		return sl_graph_error(g, a->at, err, -EINVAL,
				      "each port makes its link-local address itself, from its "
				      "link-layer address");
	next.ip.bytes[sl_ip_len(next.ip.family) - 1] |= 1;
	if (no_host)
		return sl_graph_error(
			g, a->at, err, -EINVAL, "%s is %s, not that of a host; the first one is %s",
			sl_ip_print(&a->prefix.ip, text), no_host, sl_prefix_print(&next, first));
	return 0;
}

static int check_address_pair(const struct sl_network *n, const struct sl_network_address *a,
			      const struct sl_network_address *b, const struct sl_graph *g,
			      struct sl_error *err)
{
	char text[SL_IP_TEXT], other[SL_IP_TEXT];

	if (sl_ip_equal(&a->prefix.ip, &b->prefix.ip))
		return sl_graph_error(
			g, b->at, err, -EINVAL, "%s is an address of %s '%s' already, on line %u",
			sl_ip_print(&b->prefix.ip, text), sl_network_kind(&n->ports[a->port]),
			n->ports[a->port].name, a->at.line);
	if (a->port == b->port || !sl_prefix_overlap(&a->prefix, &b->prefix))
		return 0;
	return sl_graph_error(
		g, b->at, err, -EINVAL,
		"the subnet of %s on %s '%s' overlaps that of %s on %s '%s', "
		"on line %u",
		sl_prefix_print(&b->prefix, text), sl_network_kind(&n->ports[b->port]),
		n->ports[b->port].name, sl_prefix_print(&a->prefix, other),
		sl_network_kind(&n->ports[a->port]), n->ports[a->port].name, a->at.line);
}

// RFC 8200 section 5: no link of IPv6 carries less.
static int check_mtu6(const struct sl_network *n, const struct sl_network_address *a,
		      const struct sl_graph *g, struct sl_error *err)
{
	const struct sl_network_port *p = &n->ports[a->port];
	uint32_t mtu = sl_network_mtu(n, g, a->port);
	char text[SL_IP_TEXT];

	if (a->prefix.ip.family != 6 || mtu >= SL_NETWORK_MTU_MIN6)
		return 0;
	return sl_graph_error(g, p->mtu ? p->mtu_at : a->at, err, -EINVAL,
			      "the MTU of %s '%s', %u, is too small for IPv6 (%s): at least %d",
			      sl_network_kind(p), p->name, mtu, sl_prefix_print(&a->prefix, text),
			      SL_NETWORK_MTU_MIN6);
}

// What the apps have room for.
static int check_number(const struct sl_network *n, size_t i, const struct sl_graph *g,
			struct sl_error *err)
{
	const struct sl_network_address *a = &n->addresses[i];
	unsigned same_port = 0;

	for (size_t k = 0; k <= i; k++)
		same_port += n->addresses[k].port == a->port;
	if (same_port > SL_NETWORK_ADDRESSES_MAX)
		return sl_graph_error(g, a->at, err, -EINVAL,
				      "port '%s' has more than %d addresses",
				      n->ports[a->port].name, SL_NETWORK_ADDRESSES_MAX);
	if (i == SL_NETWORK_ALL_MAX)
		return sl_graph_error(g, a->at, err, -EINVAL, "more than %d addresses",
				      SL_NETWORK_ALL_MAX);
	return 0;
}

int sl_network_check_addresses(const struct sl_network *n, const struct sl_graph *g,
			       struct sl_error *err)
{
	int code = 0;

	for (size_t i = 0; i < n->n_addresses && !code; i++) {
		const struct sl_network_address *a = &n->addresses[i];

		code = check_address(a, g, err);
		if (!code)
			code = check_number(n, i, g, err);
		for (size_t k = 0; k < i && !code; k++)
			code = check_address_pair(n, &n->addresses[k], a, g, err);
		if (!code)
			code = check_mtu6(n, a, g, err);
	}
	return code;
}

int sl_network_check(struct sl_network *n, const struct sl_graph *g, struct sl_error *err)
{
	int code = sl_network_check_ports(n, g, err);

	if (!code)
		code = sl_network_check_addresses(n, g, err);
	if (!code)
		code = sl_network_check_neighbours(n, g, err);
	if (!code)
		code = sl_network_check_routes(n, g, err);
	if (!code)
		code = sl_network_check_tunnels(n, g, err);
	if (!code)
		code = sl_network_check_ways(n, g, err);
	return code;
}
