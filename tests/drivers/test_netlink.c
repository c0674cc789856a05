// Messages built byte by byte, as the kernel builds them, and then spoiled.

#include "drivers/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static _Alignas(struct nlmsghdr) uint8_t buf[1024];

static const uint8_t gateway[4] = {10, 0, 0, 2};
static const uint8_t gateway6[16] = {0xfe, 0x80, [15] = 2};

static struct nlmsghdr *begin(uint16_t type, const void *head, size_t len)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

	h->nlmsg_type = type;
	memcpy(mnl_nlmsg_put_extra_header(h, len), head, len);
	return h;
}

// 10.1.0.0/16, to be continued.
static struct nlmsghdr *route(uint8_t type)
{
	static const uint8_t to[4] = {10, 1, 77, 77}; // bits behind the prefix count for nothing
	struct rtmsg rt = {.rtm_family = AF_INET,
			   .rtm_dst_len = 16,
			   .rtm_table = RT_TABLE_MAIN,
			   .rtm_type = type};
	struct nlmsghdr *h = begin(RTM_NEWROUTE, &rt, sizeof(rt));

	mnl_attr_put(h, RTA_DST, sizeof(to), to);
	return h;
}

static struct rtmsg *head_of(struct nlmsghdr *h)
{
	return mnl_nlmsg_get_payload(h);
}

// Read a copy that ends where its memory does, so that nothing can be read behind it unseen.
static int read_copy(const struct nlmsghdr *h, struct sl_netlink *m)
{
	struct nlmsghdr *copy = malloc(h->nlmsg_len);
	int r;

	memcpy(copy, h, h->nlmsg_len);
	r = sl_netlink_read(copy, m);
	free(copy);
	return r;
}

static struct sl_netlink good(const struct nlmsghdr *h, enum sl_netlink_kind kind)
{
	struct sl_netlink m;

	assert_int_equal(read_copy(h, &m), 0);
	assert_int_equal(m.kind, kind);
	return m;
}

static void bad(const struct nlmsghdr *h)
{
	struct sl_netlink m;

	assert_int_equal(read_copy(h, &m), -EBADMSG);
}

static void ignored(const struct nlmsghdr *h)
{
	good(h, SL_NETLINK_OTHER);
}

// No end of the message is too early for the reader.
static void try_all_lengths(struct nlmsghdr *h)
{
	uint32_t len = h->nlmsg_len;
	struct sl_netlink m;

	for (h->nlmsg_len = sizeof(*h); h->nlmsg_len < len; h->nlmsg_len++)
		read_copy(h, &m);
	h->nlmsg_len = len;
}

static void route_says_where_it_leads(void **state)
{
	struct nlmsghdr *h = route(RTN_UNICAST);
	struct sl_netlink m;
	char text[SL_IP_TEXT];

	(void)state;
	mnl_attr_put_u32(h, RTA_OIF, 7);
	mnl_attr_put(h, RTA_GATEWAY, sizeof(gateway), gateway);
	mnl_attr_put_u32(h, RTA_PRIORITY, 20);
	m = good(h, SL_NETLINK_ROUTE);
	assert_false(m.remove);
	assert_string_equal(sl_prefix_print(&m.route.prefix, text), "10.1.0.0/16");
	assert_int_equal(m.route.table, RT_TABLE_MAIN);
	assert_int_equal(m.route.metric, 20);
	assert_int_equal(m.route.kind, SL_ROUTE_FORWARD);
	assert_int_equal(m.route.n_hops, 1);
	assert_int_equal(m.route.hops[0].device, 7);
	assert_int_equal(m.route.hops[0].weight, 1);
	assert_string_equal(sl_ip_print(&m.route.hops[0].gateway, text), "10.0.0.2");
	h->nlmsg_type = RTM_DELROUTE;
	assert_true(good(h, SL_NETLINK_ROUTE).remove);
	try_all_lengths(h);
}

static void table_and_object_are_read_where_given(void **state)
{
	struct nlmsghdr *h = route(RTN_UNICAST);
	struct sl_netlink m;

	(void)state;
	mnl_attr_put_u32(h, RTA_TABLE, 1000);
	mnl_attr_put_u32(h, RTA_NH_ID, 42);
	m = good(h, SL_NETLINK_ROUTE);
	assert_int_equal(m.route.table, 1000);
	assert_int_equal(m.route.nexthop, 42);
	assert_int_equal(m.route.n_hops, 0);
}

static void put_path(struct nlmsghdr *h, unsigned device, uint8_t hops, uint8_t flags,
		     uint16_t type, const void *bytes, size_t len)
{
	struct rtnexthop *path = mnl_nlmsg_get_payload_tail(h);
	struct nlattr *a = (struct nlattr *)(path + 1);

	*path = (struct rtnexthop){.rtnh_len = (unsigned short)(sizeof(*path) + sizeof(*a) + len),
				   .rtnh_flags = flags,
				   .rtnh_hops = hops,
				   .rtnh_ifindex = (int)device};
	*a = (struct nlattr){.nla_len = (uint16_t)(sizeof(*a) + len), .nla_type = type};
	memcpy(a + 1, bytes, len);
	h->nlmsg_len += RTNH_ALIGN(path->rtnh_len);
}

static struct nlmsghdr *multipath(unsigned paths)
{
	struct nlmsghdr *h = route(RTN_UNICAST);
	struct nlattr *nest = mnl_attr_nest_start(h, RTA_MULTIPATH);

	for (unsigned i = 0; i < paths; i++)
		put_path(h, i + 1, (uint8_t)(i ? 255 : 0), i == 2 ? RTNH_F_DEAD : 0, RTA_GATEWAY,
			 gateway, sizeof(gateway));
	mnl_attr_nest_end(h, nest);
	return h;
}

static void several_paths_are_read_with_weights(void **state)
{
	struct sl_netlink m = good(multipath(3), SL_NETLINK_ROUTE);

	(void)state;
	assert_int_equal(m.route.n_hops, 3);
	assert_int_equal(m.route.hops[0].device, 1);
	assert_int_equal(m.route.hops[0].weight, 1);
	assert_int_equal(m.route.hops[1].weight, 255); // of 256
	assert_false(m.route.hops[1].is_dead);
	assert_true(m.route.hops[2].is_dead);
	try_all_lengths(multipath(3));
}

static void more_paths_than_fit_are_noticed(void **state)
{
	struct sl_netlink m = good(multipath(SL_ROUTE_HOPS_MAX), SL_NETLINK_ROUTE);

	(void)state;
	assert_false(m.route.has_more);
	m = good(multipath(SL_ROUTE_HOPS_MAX + 1), SL_NETLINK_ROUTE);
	assert_true(m.route.has_more);
	assert_int_equal(m.route.n_hops, SL_ROUTE_HOPS_MAX);
}

static void paths_of_odd_lengths_are_refused(void **state)
{
	static const unsigned short lengths[] = {0, 1, 7, 15, 17, 1000, 65535};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(lengths); i++) {
		struct nlmsghdr *h = multipath(1);
		struct rtnexthop *path =
			(struct rtnexthop *)((uint8_t *)mnl_nlmsg_get_payload_tail(h) - 16);

		path->rtnh_len = lengths[i];
		if (lengths[i] == 15) // the gateway ends within the path no longer
			assert_false(good(h, SL_NETLINK_ROUTE).route.hops[0].gateway.family);
		else
			bad(h);
	}
}

static void gateway_may_be_of_the_other_family(void **state)
{
	struct nlmsghdr *h = route(RTN_UNICAST);
	uint8_t via[2 + 16] = {0};
	uint16_t family = AF_INET6;
	struct sl_netlink m;

	(void)state;
	memcpy(via, &family, 2);
	memcpy(via + 2, gateway6, 16);
	mnl_attr_put(h, RTA_VIA, sizeof(via), via);
	m = good(h, SL_NETLINK_ROUTE);
	assert_int_equal(m.route.hops[0].gateway.family, 6);
	try_all_lengths(h);
	h = route(RTN_UNICAST);
	mnl_attr_put(h, RTA_VIA, sizeof(via) - 1, via);
	bad(h);
	h = route(RTN_UNICAST);
	mnl_attr_put(h, RTA_VIA, 1, via);
	bad(h);
	h = route(RTN_UNICAST);
	family = AF_UNIX;
	memcpy(via, &family, 2);
	mnl_attr_put(h, RTA_VIA, sizeof(via), via);
	bad(h);
}

static void encapsulation_is_noticed(void **state)
{
	struct nlmsghdr *h = route(RTN_UNICAST);

	(void)state;
	mnl_attr_put_u32(h, RTA_OIF, 7);
	mnl_attr_put_u16(h, RTA_ENCAP_TYPE, 1);
	assert_true(good(h, SL_NETLINK_ROUTE).route.hops[0].unusable);
}

static void kinds_of_routes_are_told_apart(void **state)
{
	static const struct {
		uint8_t type, kind;
	} kinds[] = {{RTN_BLACKHOLE, SL_ROUTE_BLACKHOLE},
		     {RTN_UNREACHABLE, SL_ROUTE_UNREACHABLE},
		     {RTN_PROHIBIT, SL_ROUTE_PROHIBIT}};
	static const uint8_t passed_over[] = {RTN_LOCAL, RTN_BROADCAST, RTN_ANYCAST, RTN_MULTICAST};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(kinds); i++)
		assert_int_equal(good(route(kinds[i].type), SL_NETLINK_ROUTE).route.kind,
				 kinds[i].kind);
	for (size_t i = 0; i < RTE_DIM(passed_over); i++)
		ignored(route(passed_over[i]));
	assert_true(good(route(RTN_THROW), SL_NETLINK_ROUTE).route.is_special);
}

static void routes_for_some_packets_only_are_noticed(void **state)
{
	struct nlmsghdr *h = route(RTN_UNICAST);

	(void)state;
	head_of(h)->rtm_tos = 0x10;
	assert_true(good(h, SL_NETLINK_ROUTE).route.is_special);
	h = route(RTN_UNICAST);
	head_of(h)->rtm_src_len = 8;
	assert_true(good(h, SL_NETLINK_ROUTE).route.is_special);
	h = route(RTN_UNICAST);
	head_of(h)->rtm_flags = RTM_F_CLONED;
	ignored(h);
	h = route(RTN_UNICAST);
	head_of(h)->rtm_family = AF_UNIX;
	ignored(h);
}

static void routes_that_make_no_sense_are_refused(void **state)
{
	struct nlmsghdr *h = route(RTN_UNICAST);

	(void)state;
	head_of(h)->rtm_dst_len = 33;
	bad(h);
	h = route(RTN_UNICAST);
	head_of(h)->rtm_family = AF_INET6; // the destination is too short for it
	bad(h);
	h = route(RTN_UNICAST);
	mnl_attr_put(h, RTA_GATEWAY, 3, gateway);
	bad(h);
	h = route(RTN_UNICAST);
	mnl_attr_put_u16(h, RTA_OIF, 7);
	bad(h);
	h = route(RTN_UNICAST);
	mnl_attr_put_u16(h, RTA_PRIORITY, 7);
	bad(h);
	h = route(RTN_UNICAST);
	h->nlmsg_len = sizeof(*h) + sizeof(struct rtmsg); // a prefix without a destination
	bad(h);
	h->nlmsg_len -= 4; // half a header
	bad(h);
	h = route(RTN_UNICAST);
	h->nlmsg_len += 2; // two bytes of an attribute
	bad(h);
}

static void default_route_needs_no_destination(void **state)
{
	struct rtmsg rt = {.rtm_family = AF_INET6, .rtm_type = RTN_UNICAST};
	struct nlmsghdr *h = begin(RTM_NEWROUTE, &rt, sizeof(rt));
	struct sl_netlink m;
	char text[SL_IP_TEXT];

	(void)state;
	mnl_attr_put(h, RTA_GATEWAY, sizeof(gateway6), gateway6);
	m = good(h, SL_NETLINK_ROUTE);
	assert_string_equal(sl_prefix_print(&m.route.prefix, text), "::/0");
	assert_string_equal(sl_ip_print(&m.route.hops[0].gateway, text), "fe80::2");
}

static struct nlmsghdr *address(uint8_t flags)
{
	struct ifaddrmsg ifa = {
		.ifa_family = AF_INET6, .ifa_prefixlen = 64, .ifa_flags = flags, .ifa_index = 7};
	struct nlmsghdr *h = begin(RTM_NEWADDR, &ifa, sizeof(ifa));

	mnl_attr_put(h, IFA_ADDRESS, sizeof(gateway6), gateway6);
	return h;
}

static void address_is_ready_when_nobody_else_has_it(void **state)
{
	struct nlmsghdr *h = address(0);
	struct sl_netlink m = good(h, SL_NETLINK_ADDRESS);
	char text[SL_IP_TEXT];

	(void)state;
	assert_string_equal(sl_prefix_print(&m.address.prefix, text), "fe80::2/64");
	assert_int_equal(m.address.device, 7);
	assert_true(m.address.is_ready);
	try_all_lengths(h);
	assert_false(good(address(IFA_F_TENTATIVE), SL_NETLINK_ADDRESS).address.is_ready);
	assert_false(good(address(IFA_F_DADFAILED), SL_NETLINK_ADDRESS).address.is_ready);
	assert_true(good(address(IFA_F_TENTATIVE | IFA_F_OPTIMISTIC), SL_NETLINK_ADDRESS)
			    .address.is_ready);
	h = address(0);
	mnl_attr_put_u32(h, IFA_FLAGS, IFA_F_TENTATIVE); // more than the header has room for
	assert_false(good(h, SL_NETLINK_ADDRESS).address.is_ready);
}

static void address_with_a_peer_stands_alone(void **state)
{
	static const uint8_t own[4] = {10, 0, 0, 1};
	struct ifaddrmsg ifa = {.ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = 7};
	struct nlmsghdr *h = begin(RTM_NEWADDR, &ifa, sizeof(ifa));
	struct sl_netlink m;
	char text[SL_IP_TEXT];

	(void)state;
	mnl_attr_put(h, IFA_LOCAL, sizeof(own), own);
	mnl_attr_put(h, IFA_ADDRESS, sizeof(gateway), gateway);
	m = good(h, SL_NETLINK_ADDRESS);
	assert_string_equal(sl_prefix_print(&m.address.prefix, text), "10.0.0.1/32");
}

static void addresses_that_make_no_sense_are_refused(void **state)
{
	struct nlmsghdr *h = address(0);
	struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(h);

	(void)state;
	ifa->ifa_prefixlen = 129;
	bad(h);
	ifa->ifa_prefixlen = 24;
	ifa->ifa_family = AF_INET;
	bad(h);
	ifa->ifa_family = AF_UNIX;
	ignored(h);
	h = address(0);
	h->nlmsg_len = sizeof(*h) + sizeof(*ifa);
	bad(h);
}

static struct nlmsghdr *neighbour(uint16_t state, uint8_t flags)
{
	static const uint8_t mac[8] = {2, 0, 0, 0, 0, 9};
	struct ndmsg nd = {
		.ndm_family = AF_INET, .ndm_ifindex = 7, .ndm_state = state, .ndm_flags = flags};
	struct nlmsghdr *h = begin(RTM_NEWNEIGH, &nd, sizeof(nd));

	mnl_attr_put(h, NDA_DST, sizeof(gateway), gateway);
	mnl_attr_put(h, NDA_LLADDR, 6, mac);
	return h;
}

static void only_static_neighbours_count(void **state)
{
	struct sl_netlink m = good(neighbour(NUD_PERMANENT, 0), SL_NETLINK_NEIGHBOUR);

	(void)state;
	assert_true(m.neighbour.is_static);
	assert_int_equal(m.neighbour.mac[5], 9);
	assert_true(good(neighbour(NUD_NOARP, NTF_EXT_LEARNED), SL_NETLINK_NEIGHBOUR)
			    .neighbour.is_static);
	assert_false(good(neighbour(NUD_REACHABLE, 0), SL_NETLINK_NEIGHBOUR).neighbour.is_static);
	ignored(neighbour(NUD_PERMANENT, NTF_PROXY));
	try_all_lengths(neighbour(NUD_PERMANENT, 0));
}

static void link_says_its_name_and_whether_it_is_up(void **state)
{
	struct ifinfomsg ifi = {.ifi_index = 7, .ifi_flags = IFF_UP};
	struct nlmsghdr *h = begin(RTM_NEWLINK, &ifi, sizeof(ifi));
	struct sl_netlink m;

	(void)state;
	mnl_attr_put_strz(h, IFLA_IFNAME, "lan0");
	m = good(h, SL_NETLINK_LINK);
	assert_string_equal(m.link.name, "lan0");
	assert_int_equal(m.link.device, 7);
	assert_true(m.link.is_up);
	assert_false(m.link.is_running);
	try_all_lengths(h);
	h = begin(RTM_NEWLINK, &ifi, sizeof(ifi));
	mnl_attr_put_str(h, IFLA_IFNAME, "lan0"); // which does not end
	bad(h);
	h = begin(RTM_NEWLINK, &ifi, sizeof(ifi));
	mnl_attr_put_strz(h, IFLA_IFNAME, "abcdefghijklmnop");
	bad(h);
	ifi.ifi_family = AF_BRIDGE; // a port leaves its bridge, and stays
	ignored(begin(RTM_DELLINK, &ifi, sizeof(ifi)));
}

static struct nlmsghdr *object(uint32_t id)
{
	struct nhmsg nh = {.nh_family = AF_INET};
	struct nlmsghdr *h = begin(RTM_NEWNEXTHOP, &nh, sizeof(nh));

	mnl_attr_put_u32(h, NHA_ID, id);
	return h;
}

static void objects_lead_somewhere_or_are_groups(void **state)
{
	static const struct nexthop_grp members[2] = {{.id = 1}, {.id = 2, .weight = 4}};
	struct nlmsghdr *h = object(3);
	struct sl_netlink m;

	(void)state;
	mnl_attr_put(h, NHA_GROUP, sizeof(members), members);
	m = good(h, SL_NETLINK_NEXTHOP);
	assert_int_equal(m.nexthop.id, 3);
	assert_int_equal(m.nexthop.n_members, 2);
	assert_int_equal(m.nexthop.members[1].id, 2);
	assert_int_equal(m.nexthop.members[1].weight, 5);
	try_all_lengths(h);
	h = object(4);
	mnl_attr_put(h, NHA_GATEWAY, sizeof(gateway), gateway);
	mnl_attr_put_u32(h, NHA_OIF, 7);
	m = good(h, SL_NETLINK_NEXTHOP);
	assert_int_equal(m.nexthop.hop.device, 7);
	assert_int_equal(m.nexthop.hop.gateway.bytes[3], 2);
	h = object(5);
	mnl_attr_put(h, NHA_BLACKHOLE, 0, NULL);
	assert_int_equal(good(h, SL_NETLINK_NEXTHOP).nexthop.kind, SL_ROUTE_BLACKHOLE);
	h = object(6);
	mnl_attr_put(h, NHA_FDB, 0, NULL);
	ignored(h);
}

static void objects_that_make_no_sense_are_refused(void **state)
{
	static const struct nexthop_grp members[2];
	struct nlmsghdr *h = object(3);

	(void)state;
	mnl_attr_put(h, NHA_GROUP, sizeof(members) - 1, members);
	bad(h);
	h = object(3);
	mnl_attr_put(h, NHA_GROUP, 0, members);
	bad(h);
	bad(object(0));
	h = object(3);
	mnl_attr_put(h, NHA_GATEWAY, 16, gateway6); // of IPv4
	bad(h);
	((struct nhmsg *)mnl_nlmsg_get_payload(h))->nh_family = AF_UNSPEC;
	bad(h);
}

static void result_of_a_request_is_read(void **state)
{
	int32_t code = -ENOENT;
	struct nlmsghdr *h = begin(NLMSG_ERROR, &code, sizeof(code));

	(void)state;
	assert_int_equal(sl_netlink_read_result(h), -ENOENT);
	code = 5;
	assert_int_equal(sl_netlink_read_result(begin(NLMSG_ERROR, &code, sizeof(code))), -EBADMSG);
	assert_int_equal(sl_netlink_read_result(begin(NLMSG_ERROR, &code, 0)), -EBADMSG);
	assert_int_equal(sl_netlink_read_result(begin(NLMSG_DONE, &code, 0)), 0);
}

static void messages_are_cut_off_one_by_one(void **state)
{
	struct nlmsghdr *h = begin(NLMSG_NOOP, "", 1); // with padding
	const uint8_t *at = buf;
	size_t len;

	(void)state;
	h->nlmsg_len = sizeof(*h) + 1;
	memcpy(buf + 20, buf, 17);
	len = 37;
	assert_ptr_equal(sl_netlink_next(&at, &len), buf);
	assert_int_equal(len, 17);
	assert_ptr_equal(sl_netlink_next(&at, &len), buf + 20); // the last one unpadded
	assert_int_equal(len, 0);
	assert_null(sl_netlink_next(&at, &len));
}

static void lengths_of_messages_are_checked(void **state)
{
	static const uint32_t wrong[] = {0, 15, 18, 0x7fffffff, 0x80000010, UINT32_MAX};
	struct nlmsghdr *h = begin(NLMSG_NOOP, "", 1);

	(void)state;
	for (size_t i = 0; i < RTE_DIM(wrong); i++) {
		const uint8_t *at = buf;
		size_t len = 17;

		h->nlmsg_len = wrong[i];
		assert_null(sl_netlink_next(&at, &len));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(route_says_where_it_leads),
		cmocka_unit_test(table_and_object_are_read_where_given),
		cmocka_unit_test(several_paths_are_read_with_weights),
		cmocka_unit_test(more_paths_than_fit_are_noticed),
		cmocka_unit_test(paths_of_odd_lengths_are_refused),
		cmocka_unit_test(gateway_may_be_of_the_other_family),
		cmocka_unit_test(encapsulation_is_noticed),
		cmocka_unit_test(kinds_of_routes_are_told_apart),
		cmocka_unit_test(routes_for_some_packets_only_are_noticed),
		cmocka_unit_test(routes_that_make_no_sense_are_refused),
		cmocka_unit_test(default_route_needs_no_destination),
		cmocka_unit_test(address_is_ready_when_nobody_else_has_it),
		cmocka_unit_test(address_with_a_peer_stands_alone),
		cmocka_unit_test(addresses_that_make_no_sense_are_refused),
		cmocka_unit_test(only_static_neighbours_count),
		cmocka_unit_test(link_says_its_name_and_whether_it_is_up),
		cmocka_unit_test(objects_lead_somewhere_or_are_groups),
		cmocka_unit_test(objects_that_make_no_sense_are_refused),
		cmocka_unit_test(result_of_a_request_is_read),
		cmocka_unit_test(messages_are_cut_off_one_by_one),
		cmocka_unit_test(lengths_of_messages_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
