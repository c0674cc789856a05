// ip_route: what the parts of ipv4-route and ipv6-route share. Internal to them.
#pragma once

#include "apps/ip_routes.h"

enum { SL_IP_ROUTE_IN, SL_IP_ROUTE_SELF, SL_IP_ROUTE_CONTROL };
enum {
	SL_IP_ROUTE_LOCAL,
	SL_IP_ROUTE_ERROR,
	SL_IP_ROUTE_BIG,
	SL_IP_ROUTE_FIRST_IFACE,
	SL_IP_ROUTE_NOWHERE = 63, // no output has that number: the packet has been dropped
};
enum {
	SL_IP_ROUTE_DROP_BLACKHOLE,
	SL_IP_ROUTE_DROP_NO_INTERFACE,
	SL_IP_ROUTE_DROP_NO_SOURCE,
	SL_IP_ROUTE_DROP_MARTIAN_SOURCE,
	SL_IP_ROUTE_DROP_SOURCE_ROUTE,
	SL_IP_ROUTE_DROP_NO_IP,
	SL_IP_ROUTE_DROP_LINK_LOCAL,
};
enum {
	SL_IP_ROUTE_METRIC_ROUTES,
	SL_IP_ROUTE_METRIC_KERNEL_ROUTES,
	SL_IP_ROUTE_METRIC_NEXT_HOPS,
	SL_IP_ROUTE_METRIC_FORWARDED,
	SL_IP_ROUTE_METRIC_CHANGES,
	SL_IP_ROUTE_METRIC_REFUSED,
};

struct sl_ip_route {
	struct sl_app app;
	uint8_t port[SL_IFACES_MAX]; // output of each interface; SL_IP_ROUTE_NOWHERE = none
	uint16_t mtu[SL_IFACES_MAX];
	struct sl_ip_routes routes;

	struct rte_mbuf *control; // records being done; NULL = none
	uint64_t breath_ns;       // when this breath began
	uint64_t until;           // sl_fib_work at which its portion of changes ends
	bool flush;               // the kernel's routes are to go: nobody speaks for it any more
};

// Route a burst of the router's own packets, and one from outside. One function for each family.
void sl_ip_route_burst4(struct sl_ip_route *self);
void sl_ip_route_burst6(struct sl_ip_route *self);
