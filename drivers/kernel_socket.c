#include "drivers/kernel_socket.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

enum {
	EVENTS_BYTES = 16 << 20, // of the kernel's memory, for events we have not read yet
	GROUPS = RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
		 RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
};

static const unsigned nexthop_group = 1u << (RTNLGRP_NEXTHOP - 1);

static struct mnl_socket *open_socket(unsigned groups, struct sl_error *err)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (s && mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) == 0)
		return s;
	sl_error_set(err, -errno, "no netlink socket: %s", strerror(errno));
	if (s)
		mnl_socket_close(s);
	return NULL;
}

struct mnl_socket *sl_kernel_open_events(struct sl_error *err)
{
	struct mnl_socket *s = open_socket(GROUPS | nexthop_group, err);
	int bytes = EVENTS_BYTES, fd;

	if (!s)
		return NULL;
	// Only an administrator may exceed the system's limit; with less there are more resyncs.
	fd = mnl_socket_get_fd(s);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return s;
}

struct mnl_socket *sl_kernel_open_dumps(struct sl_error *err)
{
	struct mnl_socket *s = open_socket(0, err);
	int strict = 1;

	// With it the kernel picks the table; without, we do.
	if (s)
		mnl_socket_setsockopt(s, NETLINK_GET_STRICT_CHK, &strict, sizeof(strict));
	return s;
}

static const struct {
	uint16_t type;
	uint8_t family;
	uint8_t head; // bytes of the header behind netlink's own, which begins with the family
} dumps[SL_KERNEL_DUMPS] = {
	[SL_KERNEL_LINKS] = {RTM_GETLINK, AF_UNSPEC, sizeof(struct ifinfomsg)},
	[SL_KERNEL_ADDRESSES] = {RTM_GETADDR, AF_UNSPEC, sizeof(struct ifaddrmsg)},
	[SL_KERNEL_NEXTHOPS] = {RTM_GETNEXTHOP, AF_UNSPEC, sizeof(struct nhmsg)},
	[SL_KERNEL_ROUTES_4] = {RTM_GETROUTE, AF_INET, sizeof(struct rtmsg)},
	[SL_KERNEL_ROUTES_6] = {RTM_GETROUTE, AF_INET6, sizeof(struct rtmsg)},
	[SL_KERNEL_NEIGHBOURS] = {RTM_GETNEIGH, AF_UNSPEC, sizeof(struct ndmsg)},
};

int sl_kernel_request(struct mnl_socket *s, enum sl_kernel_dump what, uint32_t table, uint32_t seq)
{
	_Alignas(struct nlmsghdr) char buf[256];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	uint8_t *head;

	h->nlmsg_type = dumps[what].type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = seq;
	head = mnl_nlmsg_put_extra_header(h, dumps[what].head);
	head[0] = dumps[what].family;
	if (dumps[what].type == RTM_GETROUTE)
		mnl_attr_put_u32(h, RTA_TABLE, table);
	return mnl_socket_sendto(s, h, h->nlmsg_len) < 0 ? -errno : 0;
}

int sl_kernel_read(struct mnl_socket *s, void *buf, size_t size)
{
	ssize_t n = mnl_socket_recvfrom(s, buf, size);

	if (n >= 0)
		return (int)n;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}
