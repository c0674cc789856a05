#include "drivers/interface_route.h"

#include "drivers/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>

enum { BUFFER = 8192 };

static int explain(const char *what, const struct sl_prefix *to, int code, struct sl_error *err)
{
	char text[SL_IP_TEXT];

	return sl_error_set(err, code, "%s %s: %s", what, sl_prefix_print(to, text),
			    strerror(-code));
}

static struct nlmsghdr *begin(void *buf, uint16_t type, uint16_t flags, const struct sl_prefix *to)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct rtmsg *m;

	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->rtm_family = to->ip.family == 4 ? AF_INET : AF_INET6;
	m->rtm_dst_len = to->len;
	m->rtm_table = RT_TABLE_MAIN;
	mnl_attr_put(h, RTA_DST, sl_ip_len(to->ip.family), to->ip.bytes);
	return h;
}

// Send a request and read the answer into buf. Returns its length or -errno.
static int ask(void *buf, struct nlmsghdr *h)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	ssize_t n = -1;

	if (!s)
		return -errno;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    mnl_socket_sendto(s, h, h->nlmsg_len) > 0)
		n = mnl_socket_recvfrom(s, buf, BUFFER);
	n = n < 0 ? -errno : n;
	mnl_socket_close(s);
	return (int)n;
}

static int change(const struct sl_kernel_way *w, uint16_t type, uint16_t flags)
{
	_Alignas(struct nlmsghdr) char buf[BUFFER];
	struct nlmsghdr *h = begin(buf, type, (uint16_t)(NLM_F_ACK | flags), &w->to);
	struct rtmsg *m = mnl_nlmsg_get_payload(h);
	int n;

	m->rtm_protocol = RTPROT_STATIC;
	m->rtm_type = RTN_UNICAST;
	m->rtm_scope = w->gateway.family || w->to.ip.family == 6 ? RT_SCOPE_UNIVERSE
								 : RT_SCOPE_LINK;
	if (w->gateway.family)
		mnl_attr_put(h, RTA_GATEWAY, sl_ip_len(w->gateway.family), w->gateway.bytes);
	mnl_attr_put_u32(h, RTA_OIF, w->device);
	n = ask(buf, h);
	return n < 0 ? n : sl_netlink_read_result((struct nlmsghdr *)buf);
}

int sl_kernel_add_way(const struct sl_kernel_way *w, struct sl_error *err)
{
	int r = change(w, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);

	return r < 0 && r != -EEXIST ? explain("cannot add a route to", &w->to, r, err) : 0;
}

int sl_kernel_remove_way(const struct sl_kernel_way *w, struct sl_error *err)
{
	int r = change(w, RTM_DELROUTE, 0);

	return r < 0 && r != -ESRCH ? explain("cannot remove the route to", &w->to, r, err) : 0;
}

int sl_kernel_find_way(const struct sl_ip *to, struct sl_kernel_way *out, struct sl_error *err)
{
	_Alignas(struct nlmsghdr) char buf[BUFFER];
	struct sl_kernel_way w = {.to = {.ip = *to, .len = (uint8_t)sl_ip_bits(to->family)}};
	struct nlmsghdr *request = begin(buf, RTM_GETROUTE, 0, &w.to);
	const uint8_t *at = (const uint8_t *)buf;
	const struct nlmsghdr *h;
	struct sl_netlink m;
	size_t len;
	int n;

	// The route itself, not what became of it for this address.
	((struct rtmsg *)mnl_nlmsg_get_payload(request))->rtm_flags = RTM_F_FIB_MATCH;
	n = ask(buf, request);
	len = n < 0 ? 0 : (size_t)n;
	h = sl_netlink_next(&at, &len);

	if (n >= 0)
		n = !h                             ? -EBADMSG
		    : h->nlmsg_type == NLMSG_ERROR ? sl_netlink_read_result(h)
						   : sl_netlink_read(h, &m);
	if (n < 0 || m.kind != SL_NETLINK_ROUTE || m.route.n_hops == 0)
		return explain("no route to", &w.to, n < 0 ? n : -ENETUNREACH, err);
	w.device = m.route.hops[0].device;
	w.gateway = m.route.hops[0].gateway;
	*out = w;
	return 0;
}
