#include "drivers/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

// Sort the attributes behind a header of `head` bytes by type, up to max. False where the message
// is too short for the header, ends within an attribute, or not where its padding does: the kernel
// always pads, and libmnl reads as if it had.
static bool collect(const struct nlmsghdr *h, size_t head, const struct nlattr **by_type,
		    unsigned max)
{
	const char *tail = mnl_nlmsg_get_payload_tail(h);
	const struct nlattr *a;

	memset(by_type, 0, (max + 1) * sizeof(*by_type));
	if (h->nlmsg_len % MNL_ALIGNTO || mnl_nlmsg_get_payload_len(h) < head)
		return false;
	mnl_attr_for_each(a, h, head) if (mnl_attr_get_type(a) <= max)
		by_type[mnl_attr_get_type(a)] = a;
	return (const char *)a >= tail;
}

static uint8_t family_of(uint8_t family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0;
}

// Each reader takes an attribute that may be NULL, which changes nothing and is no mistake.
static bool read_u32(const struct nlattr *a, uint32_t *value)
{
	if (a && mnl_attr_get_payload_len(a) != sizeof(*value))
		return false;
	if (a)
		*value = mnl_attr_get_u32(a);
	return true;
}

static bool read_ip_bytes(const void *bytes, size_t len, uint8_t family, struct sl_ip *ip)
{
	if (len != sl_ip_len(family))
		return false;
	*ip = (struct sl_ip){.family = family};
	memcpy(ip->bytes, bytes, len);
	return true;
}

static bool read_ip(const struct nlattr *a, uint8_t family, struct sl_ip *ip)
{
	return !a ||
	       read_ip_bytes(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a), family, ip);
}

// RTA_VIA: a gateway of either family.
static bool read_via(const struct nlattr *a, struct sl_ip *gateway)
{
	const struct rtvia *via = a ? mnl_attr_get_payload(a) : NULL;
	size_t head = sizeof(via->rtvia_family);

	if (!a)
		return true;
	if (mnl_attr_get_payload_len(a) < head || !family_of((uint8_t)via->rtvia_family))
		return false;
	return read_ip_bytes(via->rtvia_addr, mnl_attr_get_payload_len(a) - head,
			     family_of((uint8_t)via->rtvia_family), gateway);
}

// What routes, their multiple paths and next hop objects have in common.
static bool read_hop(const struct nlattr *const *by_type, uint8_t family,
		     struct sl_netlink_hop *hop)
{
	hop->unusable = by_type[RTA_ENCAP_TYPE] || by_type[RTA_NEWDST];
	return read_ip(by_type[RTA_GATEWAY], family, &hop->gateway) &&
	       read_via(by_type[RTA_VIA], &hop->gateway);
}

// One of several paths. Returns where the next one starts, or NULL.
static const uint8_t *read_path(const uint8_t *at, const uint8_t *end, uint8_t family,
				struct sl_netlink_hop *hop)
{
	const struct rtnexthop *path = (const struct rtnexthop *)at;
	const struct nlattr *by_type[RTA_MAX + 1] = {NULL}, *a, *next;
	int len;

	if ((size_t)(end - at) < sizeof(*path) || path->rtnh_len < sizeof(*path) ||
	    path->rtnh_len > end - at)
		return NULL;
	len = path->rtnh_len - (int)sizeof(*path);
	for (a = (const struct nlattr *)(path + 1); mnl_attr_ok(a, len); a = next) {
		next = mnl_attr_next(a);
		len -= (int)((const char *)next - (const char *)a);
		if (mnl_attr_get_type(a) <= RTA_MAX)
			by_type[mnl_attr_get_type(a)] = a;
	}
	*hop = (struct sl_netlink_hop){.device = (uint32_t)path->rtnh_ifindex};
	hop->weight = path->rtnh_hops < UINT8_MAX ? (uint8_t)(path->rtnh_hops + 1) : UINT8_MAX;
	hop->is_dead = path->rtnh_flags & RTNH_F_DEAD;
	if (!read_hop(by_type, family, hop))
		return NULL;
	return end - at <= (ptrdiff_t)RTNH_ALIGN(path->rtnh_len) ? end
								 : at + RTNH_ALIGN(path->rtnh_len);
}

static bool read_paths(const struct nlattr *a, uint8_t family, struct sl_netlink_route *r)
{
	const uint8_t *at = mnl_attr_get_payload(a), *end = at + mnl_attr_get_payload_len(a);
	struct sl_netlink_hop hop;

	while (at < end) {
		at = read_path(at, end, family, &hop);
		if (!at)
			return false;
		if (r->n_hops < SL_ROUTE_HOPS_MAX)
			r->hops[r->n_hops++] = hop;
		else
			r->has_more = true;
	}
	return true;
}

static bool read_hops(const struct rtmsg *rt, const struct nlattr *const *by_type,
		      struct sl_netlink_route *r)
{
	uint8_t family = family_of(rt->rtm_family);

	if (by_type[RTA_MULTIPATH])
		return read_paths(by_type[RTA_MULTIPATH], family, r);
	if (!by_type[RTA_OIF] && !by_type[RTA_GATEWAY] && !by_type[RTA_VIA])
		return true;
	r->n_hops = 1;
	r->hops[0].weight = 1;
	r->hops[0].is_dead = rt->rtm_flags & RTNH_F_DEAD;
	return read_u32(by_type[RTA_OIF], &r->hops[0].device) &&
	       read_hop(by_type, family, &r->hops[0]);
}

// Returns false for types that come from addresses, and are followed as such.
static bool read_type(uint8_t type, struct sl_netlink_route *r)
{
	switch (type) {
	case RTN_UNICAST:
		r->kind = SL_ROUTE_FORWARD;
		return true;
	case RTN_BLACKHOLE:
		r->kind = SL_ROUTE_BLACKHOLE;
		return true;
	case RTN_UNREACHABLE:
		r->kind = SL_ROUTE_UNREACHABLE;
		return true;
	case RTN_PROHIBIT:
		r->kind = SL_ROUTE_PROHIBIT;
		return true;
	case RTN_LOCAL:
	case RTN_BROADCAST:
	case RTN_ANYCAST:
	case RTN_MULTICAST:
		return false;
	default: // RTN_THROW, RTN_NAT
		r->is_special = true;
		return true;
	}
}

static int read_route(const struct nlmsghdr *h, struct sl_netlink *m)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(h);
	const struct nlattr *by_type[RTA_MAX + 1];
	struct sl_netlink_route *r = &m->route;
	struct sl_prefix p = {.len = 0};

	if (!collect(h, sizeof(*rt), by_type, RTA_MAX))
		return -EBADMSG;
	p.ip.family = family_of(rt->rtm_family);
	p.len = rt->rtm_dst_len;
	if (!p.ip.family || rt->rtm_flags & RTM_F_CLONED || !read_type(rt->rtm_type, r))
		return 0;
	m->kind = SL_NETLINK_ROUTE;
	r->table = rt->rtm_table;
	r->is_special |= rt->rtm_tos || rt->rtm_src_len;
	if (p.len > sl_ip_bits(p.ip.family) || (p.len > 0 && !by_type[RTA_DST]) ||
	    !read_ip(by_type[RTA_DST], p.ip.family, &p.ip) ||
	    !read_u32(by_type[RTA_TABLE], &r->table) ||
	    !read_u32(by_type[RTA_PRIORITY], &r->metric) ||
	    !read_u32(by_type[RTA_NH_ID], &r->nexthop) || !read_hops(rt, by_type, r))
		return -EBADMSG;
	r->prefix = sl_prefix_masked(&p);
	return 0;
}

static int read_address(const struct nlmsghdr *h, struct sl_netlink *m)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(h);
	const struct nlattr *by_type[IFA_MAX + 1];
	struct sl_netlink_address *a = &m->address;
	struct sl_ip peer = {.family = 0};
	uint32_t flags;
	uint8_t family;

	if (!collect(h, sizeof(*ifa), by_type, IFA_MAX))
		return -EBADMSG;
	family = family_of(ifa->ifa_family);
	if (!family)
		return 0;
	m->kind = SL_NETLINK_ADDRESS;
	a->device = ifa->ifa_index;
	a->prefix.len = ifa->ifa_prefixlen;
	flags = ifa->ifa_flags;
	if (!read_ip(by_type[IFA_ADDRESS], family, &peer) || !read_u32(by_type[IFA_FLAGS], &flags))
		return -EBADMSG;
	a->prefix.ip = peer;
	if (!read_ip(by_type[IFA_LOCAL], family, &a->prefix.ip) || !a->prefix.ip.family ||
	    a->prefix.len > sl_ip_bits(family))
		return -EBADMSG;
	if (peer.family && !sl_ip_equal(&peer, &a->prefix.ip))
		a->prefix.len = (uint8_t)sl_ip_bits(family); // the prefix is the peer's
	a->is_ready = !(flags & IFA_F_DADFAILED) &&
		      (!(flags & IFA_F_TENTATIVE) || flags & IFA_F_OPTIMISTIC);
	return 0;
}

static int read_neighbour(const struct nlmsghdr *h, struct sl_netlink *m)
{
	const struct ndmsg *nd = mnl_nlmsg_get_payload(h);
	const struct nlattr *by_type[NDA_MAX + 1], *mac;
	struct sl_netlink_neighbour *n = &m->neighbour;
	uint8_t family;

	if (!collect(h, sizeof(*nd), by_type, NDA_MAX))
		return -EBADMSG;
	family = family_of(nd->ndm_family);
	if (!family || nd->ndm_flags & NTF_PROXY || !by_type[NDA_DST])
		return 0;
	if (!read_ip(by_type[NDA_DST], family, &n->ip))
		return -EBADMSG;
	m->kind = SL_NETLINK_NEIGHBOUR;
	n->device = (uint32_t)nd->ndm_ifindex;
	mac = by_type[NDA_LLADDR];
	if (!mac || mnl_attr_get_payload_len(mac) != sizeof(n->mac))
		return 0;
	memcpy(n->mac, mnl_attr_get_payload(mac), sizeof(n->mac));
	n->is_static = nd->ndm_state & NUD_PERMANENT || nd->ndm_flags & NTF_EXT_LEARNED;
	return 0;
}

static int read_link(const struct nlmsghdr *h, struct sl_netlink *m)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(h);
	const struct nlattr *by_type[IFLA_IFNAME + 1], *name;

	if (!collect(h, sizeof(*ifi), by_type, IFLA_IFNAME))
		return -EBADMSG;
	if (ifi->ifi_family != AF_UNSPEC) // a bridge, of its ports
		return 0;
	name = by_type[IFLA_IFNAME];
	if (name && (mnl_attr_get_payload_len(name) > IFNAMSIZ ||
		     !memchr(mnl_attr_get_payload(name), '\0', mnl_attr_get_payload_len(name))))
		return -EBADMSG;
	m->kind = SL_NETLINK_LINK;
	m->link.device = (uint32_t)ifi->ifi_index;
	m->link.is_up = ifi->ifi_flags & IFF_UP;
	m->link.is_running = ifi->ifi_flags & IFF_RUNNING;
	if (name)
		memcpy(m->link.name, mnl_attr_get_payload(name), mnl_attr_get_payload_len(name));
	return 0;
}

static bool read_members(const struct nlattr *a, struct sl_netlink_nexthop *n)
{
	const struct nexthop_grp *members = mnl_attr_get_payload(a);
	size_t count = mnl_attr_get_payload_len(a) / sizeof(*members);

	if (count == 0 || mnl_attr_get_payload_len(a) % sizeof(*members))
		return false;
	n->has_more = count > SL_ROUTE_HOPS_MAX;
	n->n_members = n->has_more ? SL_ROUTE_HOPS_MAX : (uint8_t)count;
	for (unsigned i = 0; i < n->n_members; i++) {
		n->members[i].id = members[i].id;
		n->members[i].weight = members[i].weight < UINT8_MAX ? members[i].weight + 1
								     : UINT8_MAX;
	}
	return true;
}

static int read_nexthop(const struct nlmsghdr *h, struct sl_netlink *m)
{
	const struct nhmsg *nh = mnl_nlmsg_get_payload(h);
	const struct nlattr *by_type[NHA_MAX + 1];
	struct sl_netlink_nexthop *n = &m->nexthop;

	if (!collect(h, sizeof(*nh), by_type, NHA_MAX))
		return -EBADMSG;
	if (by_type[NHA_FDB])
		return 0;
	if (!read_u32(by_type[NHA_ID], &n->id) || n->id == 0)
		return -EBADMSG;
	m->kind = SL_NETLINK_NEXTHOP;
	n->kind = by_type[NHA_BLACKHOLE] ? SL_ROUTE_BLACKHOLE : SL_ROUTE_FORWARD;
	n->hop.weight = 1;
	n->hop.is_dead = nh->nh_flags & RTNH_F_DEAD;
	n->hop.unusable = by_type[NHA_ENCAP_TYPE] != NULL;
	if (by_type[NHA_GROUP])
		return read_members(by_type[NHA_GROUP], n) ? 0 : -EBADMSG;
	if (by_type[NHA_GATEWAY] && !family_of(nh->nh_family))
		return -EBADMSG;
	if (!read_u32(by_type[NHA_OIF], &n->hop.device) ||
	    !read_ip(by_type[NHA_GATEWAY], family_of(nh->nh_family), &n->hop.gateway))
		return -EBADMSG;
	return 0;
}

const struct nlmsghdr *sl_netlink_next(const uint8_t **at, size_t *len)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)*at;
	size_t size;

	if (*len < sizeof(*h) || h->nlmsg_len < sizeof(*h) || h->nlmsg_len > *len)
		return NULL;
	size = NLMSG_ALIGN((size_t)h->nlmsg_len);
	if (size > *len)
		size = *len;
	*at += size;
	*len -= size;
	return h;
}

int sl_netlink_read(const struct nlmsghdr *h, struct sl_netlink *m)
{
	memset(m, 0, sizeof(*m));
	m->flags = h->nlmsg_flags;
	// Each kind has its NEW, DEL, GET and SET, in this order.
	m->remove = h->nlmsg_type % 4 == RTM_DELLINK % 4;
	switch (h->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return read_route(h, m);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return read_address(h, m);
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		return read_neighbour(h, m);
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return read_link(h, m);
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		return read_nexthop(h, m);
	default:
		return 0;
	}
}

int sl_netlink_read_result(const struct nlmsghdr *h)
{
	int32_t result;

	// A dump's end may say nothing.
	if (mnl_nlmsg_get_payload_len(h) < sizeof(result))
		return h->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
	memcpy(&result, mnl_nlmsg_get_payload(h), sizeof(result));
	return result <= 0 ? result : -EBADMSG;
}
