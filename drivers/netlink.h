// netlink: what the kernel's routing messages say, as values. Pure: bytes in, values out.
//
// Spec: rtnetlink(7), linux/rtnetlink.h, linux/nexthop.h. Addresses stay in wire order; everything
// else is in host order, as netlink has it.
#pragma once

#include "core/ip/control.h"

#include <linux/netlink.h>
#include <net/if.h>

struct sl_netlink_hop {
	struct sl_ip gateway; // family 0: none
	uint32_t device;      // the kernel's index
	uint8_t weight;
	bool is_dead;  // the kernel does not use it now
	bool unusable; // it would need an encapsulation
};

struct sl_netlink_route {
	struct sl_prefix prefix; // masked
	uint32_t table, metric;
	uint32_t nexthop; // object; 0 = none
	uint8_t kind;     // enum sl_route_kind
	bool is_special;  // for some packets only, or of a kind that no router follows
	bool has_more;    // next hops than fit
	uint8_t n_hops;
	struct sl_netlink_hop hops[SL_ROUTE_HOPS_MAX];
};

struct sl_netlink_address {
	struct sl_prefix prefix; // the interface's own, with its host part
	uint32_t device;
	bool is_ready; // not under duplicate address detection, nor failed
};

struct sl_netlink_neighbour {
	struct sl_ip ip;
	uint32_t device;
	uint8_t mac[6];
	bool is_static; // an administrator or a daemon put it there
};

struct sl_netlink_link {
	uint32_t device;
	char name[IFNAMSIZ]; // "" where not told
	bool is_up;          // wanted so
	bool is_running;     // and able to
};

struct sl_netlink_nexthop {
	uint32_t id;
	uint8_t kind; // enum sl_route_kind
	struct sl_netlink_hop hop;
	uint8_t n_members; // 0 = no group
	bool has_more;     // members than fit
	struct {
		uint32_t id;
		uint8_t weight;
	} members[SL_ROUTE_HOPS_MAX];
};

enum sl_netlink_kind {
	SL_NETLINK_OTHER, // nothing that concerns a router
	SL_NETLINK_ROUTE,
	SL_NETLINK_ADDRESS,
	SL_NETLINK_NEIGHBOUR,
	SL_NETLINK_LINK,
	SL_NETLINK_NEXTHOP,
};

struct sl_netlink {
	enum sl_netlink_kind kind;
	bool remove;
	uint16_t flags; // of the header: NLM_F_...
	union {
		struct sl_netlink_route route;
		struct sl_netlink_address address;
		struct sl_netlink_neighbour neighbour;
		struct sl_netlink_link link;
		struct sl_netlink_nexthop nexthop;
	};
};

// Cut the first message off *len bytes at *at, aligned to 4 bytes, which then are what is behind
// it. Returns it, or NULL where there is no whole one. (mnl_nlmsg_ok takes lengths over 2 GiB for
// negative ones, and lets them pass.)
const struct nlmsghdr *sl_netlink_next(const uint8_t **at, size_t *len);

// Read one message.
//
// h  Whole, as sl_netlink_next gives it.
//
// Returns 0, or -EBADMSG for lengths or values that make no sense, m then undefined.
int sl_netlink_read(const struct nlmsghdr *h, struct sl_netlink *m);

// Read the errno of an NLMSG_ERROR or NLMSG_DONE message: 0 = all is well.
//
// Returns it as -errno, 0, or -EBADMSG where the message is too short to hold one.
int sl_netlink_read_result(const struct nlmsghdr *h);
