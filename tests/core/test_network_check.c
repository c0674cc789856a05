#include "core/network.h"

#include "tests/core/zoo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// Two ports on lines 1 to 3; what is wrong stands on lines 4 and on.
#define PORTS                          \
	"ports:\n"                     \
	"  lan: {device: net_null0}\n" \
	"  wan: {device: net_null1}\n"
// And their addresses, on lines 4 to 6.
#define ADDRESSES                                      \
	PORTS "addresses:\n"                           \
	      "  lan: [10.0.0.1/24, 'fd00:1::1/64']\n" \
	      "  wan: [192.0.2.1/24, 'fd00:2::1/64']\n"

static void ports_are_of_one_kind(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{"ports: {lan: {}}",
		 "1:9: port 'lan' needs a 'device', the name of a TAP as 'interface', or apps as "
		 "'in' and 'out'"},
		{"ports: {lan: {mtu: 1500}}",
		 "1:9: port 'lan' needs a 'device', the name of a TAP as 'interface', or apps as "
		 "'in' and 'out'"},
		{"ports: {lan: {device: d, interface: i}}",
		 "1:37: port 'lan' has a 'device' already: it is one of a 'device', an "
		 "'interface', and 'in' and 'out'"},
		{"ports: {lan: {interface: i, in: a}}",
		 "1:33: port 'lan' has an 'interface' already: it is one of a 'device', an "
		 "'interface', and 'in' and 'out'"},
		{"ports: {lan: {in: a}}", "1:19: port 'lan' has no 'out': packets go both ways"},
		{"ports: {lan: {out: a}}", "1:20: port 'lan' has no 'in': packets go both ways"},
		{"ports: {lan: {in: a, out: b}}",
		 "1:9: port 'lan' has no device, so it needs a 'mac', such as 02:00:00:00:00:01"},
		{"ports: {lan: {interface: t0}}",
		 "1:9: port 'lan' has no device, so it needs a 'mac', such as 02:00:00:00:00:01"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

static void names_of_interfaces_fit_the_kernel(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{"ports: {lan: {device: d, tap: a123456789012345}}",
		 "1:31: 'a123456789012345' is too long for an interface of the kernel: at most 15 "
		 "characters"},
		{"ports: {lan: {interface: a123456789012345, mac: '02:00:00:00:00:01'}}",
		 "1:26: 'a123456789012345' is too long for an interface of the kernel: at most 15 "
		 "characters"},
		{"ports: {lan: {device: d, tap: a/b}}",
		 "1:31: 'a/b' of port 'lan' is no name for an interface of the kernel"},
		{"ports: {lan: {device: d, tap: ''}}",
		 "1:32: '' of port 'lan' is no name for an interface of the kernel"},
		{"ports: {lan: {device: d, tap: ..}}",
		 "1:31: '..' of port 'lan' is no name for an interface of the kernel"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

static void ports_share_nothing(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{"ports:\n"
		 "  a: {device: 'net_af_packet0,iface=eth0'}\n"
		 "  b: {device: 'net_af_packet0,iface=eth1'}\n",
		 "3:16: this is the device of port 'a' already"},
		{"ports:\n"
		 "  a: {device: d, tap: t}\n"
		 "  b: {device: e, tap: t}\n",
		 "3:23: 't' is the interface of port 'a' already"},
		{"ports:\n"
		 "  a: {interface: t, mac: '02:00:00:00:00:01'}\n"
		 "  b: {device: e, tap: t}\n",
		 "3:23: 't' is the interface of port 'a' already"},
		{"ports:\n"
		 "  a: {device: e, tap: t}\n"
		 "  b: {interface: t, mac: '02:00:00:00:00:01'}\n",
		 "3:18: 't' is the interface of port 'a' already"},
		{"ports:\n"
		 "  a: {device: 'net_af_packet0,iface=eth0'}\n"
		 "  b: {device: 'net_af_packet1,iface=eth0'}\n",
		 "3:16: 'eth0' is the interface of port 'a' already"},
		{"ports:\n"
		 "  a: {device: 'net_af_xdp0,iface=eth0,queue_count=2'}\n"
		 "  b: {device: e, tap: eth0}\n",
		 "3:23: 'eth0' is the interface of port 'a' already"},
		{"ports: {a: {device: 'net_af_packet0,iface=eth0', tap: eth0}}",
		 "1:55: 'eth0' is the interface of port 'a' already"},
		{"ports: {a: {interface: t, tap: t, mac: '02:00:00:00:00:01'}}",
		 "1:32: 't' is the interface of port 'a' already"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

static void link_layer_addresses_are_of_one_machine(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{"ports: {lan: {device: d, mac: '02:00:00:00:00'}}",
		 "1:32: '02:00:00:00:00' is not a link-layer address such as 02:00:00:00:00:01"},
		{"ports: {lan: {device: d, mac: '02-00-00-00-00-01'}}",
		 "1:32: '02-00-00-00-00-01' is not a link-layer address such as 02:00:00:00:00:01"},
		{"ports: {lan: {device: d, mac: '03:00:00:00:00:01'}}",
		 "1:32: '03:00:00:00:00:01' is a multicast address: the lowest bit of the first "
		 "byte must be 0"},
		{"ports: {lan: {device: d, mac: '00:00:00:00:00:00'}}",
		 "1:32: a link-layer address is not all zeros"},
		{ADDRESSES "neighbours: {10.0.0.2: '01:00:5e:00:00:01'}",
		 "7:25: '01:00:5e:00:00:01' is a multicast address: the lowest bit of the first "
		 "byte must be 0"},
		{ADDRESSES "neighbours: {10.0.0.2: here}",
		 "7:24: 'here' is not a link-layer address such as 02:00:00:00:00:01"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

static void addresses_are_those_of_hosts(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{PORTS "addresses: {lan: 10.0.0.0/24}",
		 "4:18: 10.0.0.0 is the address of the network itself, not that of a host; the "
		 "first one is 10.0.0.1/24"},
		{PORTS "addresses: {lan: 10.0.0.255/24}",
		 "4:18: 10.0.0.255 is the broadcast address, not that of a host; the first one is "
		 "10.0.0.1/24"},
		{PORTS "addresses: {lan: 10.0.0.3/30}",
		 "4:18: 10.0.0.3 is the broadcast address, not that of a host; the first one is "
		 "10.0.0.1/30"},
		{PORTS "addresses: {lan: 'fd00:1::/64'}",
		 "4:19: fd00:1:: is the subnet-router anycast address, not that of a host; the "
		 "first one is fd00:1::1/64"},
		{PORTS "addresses: {lan: 224.0.0.1/24}", "4:18: 224.0.0.1 is multicast"},
		{PORTS "addresses: {lan: 127.0.0.1/8}",
		 "4:18: 127.0.0.1 is of the loopback interface"},
		{PORTS "addresses: {lan: 0.0.0.0/0}", "4:18: 0.0.0.0 is of \"this network\""},
		{PORTS "addresses: {lan: 250.0.0.1/24}",
		 "4:18: 250.0.0.1 is of a class that is reserved"},
		{PORTS "addresses: {lan: 10.0.0.1/0}",
		 "4:18: a subnet of length 0 holds every address there is"},
		{PORTS "addresses: {lan: '::1/128'}", "4:19: ::1 is of the loopback interface"},
		{PORTS "addresses: {lan: '::ffff:10.0.0.1/120'}",
		 "4:19: ::ffff:10.0.0.1 is IPv4 in disguise"},
		{PORTS "addresses: {lan: 'fe80::1/64'}",
		 "4:19: each port makes its link-local address itself, from its link-layer "
		 "address"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

static void addresses_have_a_limit(void **state)
{
	char yaml[8000];
	const struct zoo_mistake mistakes[] = {
		{yaml, "104:7: port 'lan' has more than 100 addresses"}, {0}};
	size_t n = (size_t)snprintf(yaml, sizeof(yaml),
				    "ports: {lan: {device: d}}\naddresses:\n"
				    "  lan:\n");

	(void)state;
	for (unsigned i = 1; i <= SL_NETWORK_ADDRESSES_MAX; i++)
		n += (size_t)snprintf(yaml + n, sizeof(yaml) - n, "    - 10.0.0.%u/24\n", i);
	sl_graph_destroy(zoo_graph(yaml));
	snprintf(yaml + n, sizeof(yaml) - n, "    - 10.0.0.200/24\n");
	zoo_check_mistakes(mistakes);
}

static void subnets_lie_apart(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{PORTS "addresses:\n  lan: 10.0.0.1/24\n  wan: 10.0.0.1/16\n",
		 "6:8: 10.0.0.1 is an address of port 'lan' already, on line 5"},
		{PORTS "addresses:\n  lan: [10.0.0.1/24, 10.0.0.1/32]\n",
		 "5:22: 10.0.0.1 is an address of port 'lan' already, on line 5"},
		{PORTS "addresses:\n  lan: 10.0.0.1/24\n  wan: 10.0.7.1/16\n",
		 "6:8: the subnet of 10.0.7.1/16 on port 'wan' overlaps that of 10.0.0.1/24 on "
		 "port 'lan', on line 5"},
		{PORTS "addresses:\n  lan: 10.0.0.1/8\n  wan: ['fd00::1/64', 10.0.7.1/24]\n",
		 "6:23: the subnet of 10.0.7.1/24 on port 'wan' overlaps that of 10.0.0.1/8 on "
		 "port 'lan', on line 5"},
		{PORTS "addresses:\n  lan: 'fd00::1/64'\n  wan: 'fd00::2/48'\n",
		 "6:9: the subnet of fd00::2/48 on port 'wan' overlaps that of fd00::1/64 on port "
		 "'lan', on line 5"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

static void mtus_carry_ipv6(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{"ports: {lan: {device: d, mtu: 1279}}\naddresses: {lan: 'fd00::1/64'}",
		 "1:31: the MTU of port 'lan', 1279, is too small for IPv6 (fd00::1/64): at least "
		 "1280"},
		{"mtu: 576\nports: {lan: {device: d}}\naddresses: {lan: 'fd00::1/64'}",
		 "3:19: the MTU of port 'lan', 576, is too small for IPv6 (fd00::1/64): at least "
		 "1280"},
		{"ports: {lan: {device: d, mtu: 67}}",
		 "1:31: 'mtu' of port 'lan' must be between 68 and 65000"},
		{"ports: {lan: {device: d, mtu: 576}}\nroutes: {'2001:db8::/32': lan}",
		 "2:27: the MTU of port 'lan', 576, is too small for IPv6: at least 1280"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

// "onlink", as of hosters who give single addresses.
static void routes_may_say_what_is_on_a_link(void **state)
{
	struct sl_graph *g = zoo_graph(
		ADDRESSES "routes: {10.3.0.2/32: lan, 10.0.0.0/8: wan, 10.1.0.0/16: 10.3.0.2,\n"
			  "  10.2.0.0/16: 10.3.0.2%wan}\n"
			  "neighbours: {10.3.0.2: '02:00:00:00:00:07'}\n");
	char *yaml = sl_graph_yaml(g);

	(void)state;
	assert_non_null(strstr(yaml, "10.1.0.0/16 via 10.3.0.2 dev lan"));
	assert_non_null(strstr(yaml, "10.2.0.0/16 via 10.3.0.2 dev wan"));
	free(yaml);
	sl_graph_destroy(g);
}

static void next_hops_are_other_machines_on_a_link(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{ADDRESSES "routes: {10.1.0.0/16: 10.3.0.2}",
		 "7:23: next hop 10.3.0.2 is not on any link: it is in no port's subnet"},
		{ADDRESSES "routes: {10.1.0.0/16: 10.0.0.2%wan}",
		 "7:23: next hop 10.0.0.2 is not on the link of port 'wan': it is in none of its "
		 "subnets"},
		{ADDRESSES "routes: {10.3.0.2/32: lan, 10.1.0.0/16: 10.3.0.2%wan}",
		 "7:41: next hop 10.3.0.2 is not on the link of port 'wan': it is in none of its "
		 "subnets"},
		{ADDRESSES "routes: {10.3.0.0/16: 10.0.0.2, 10.1.0.0/16: 10.3.0.2}",
		 "7:46: next hop 10.3.0.2 is not on any link: it is in no port's subnet"},
		{ADDRESSES "routes: {10.1.0.0/16: 10.0.0.1}",
		 "7:23: next hop 10.0.0.1 is an address of the router itself, on port 'lan'"},
		{ADDRESSES "routes: {10.1.0.0/16: 10.0.0.255}",
		 "7:23: next hop 10.0.0.255 is the broadcast address"},
		{ADDRESSES "routes: {10.1.0.0/16: 10.0.0.0}",
		 "7:23: next hop 10.0.0.0 is the address of the network itself"},
		{ADDRESSES "routes: {10.1.0.0/16: 224.0.0.5}",
		 "7:23: next hop 224.0.0.5 is multicast"},
		{ADDRESSES "routes: {10.1.0.0/16: 'fd00:1::2'}",
		 "7:24: next hop fd00:1::2 is an IPv6 address, and the route is of IPv4"},
		{ADDRESSES "routes: {'2001:db8::/32': [10.0.0.2]}",
		 "7:28: next hop 10.0.0.2 is an IPv4 address, and the route is of IPv6"},
		{ADDRESSES "routes: {'2001:db8::/32': 'fe80::1'}",
		 "7:28: next hop fe80::1 is a link-local address, and those are on every link: "
		 "name the port behind it, as in fe80::1%lan"},
		{"routes: {10.1.0.0/16: 10.3.0.2}",
		 "1:23: next hop 10.3.0.2 is not on any link: it is in no port's subnet"},
		{ADDRESSES "routes: {10.1.0.0/16: [10.0.0.2, 10.0.0.3, 10.0.0.2]}",
		 "7:44: this next hop stands here twice"},
		{ADDRESSES "routes: {10.1.0.0/16: []}", "7:23: the route has no next hop"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

static void routes_lead_somewhere_once(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{ADDRESSES "routes:\n  10.1.0.1/16: 10.0.0.2\n",
		 "8:3: 10.1.0.1/16 has bits set behind its prefix; did you mean '10.1.0.0/16'?"},
		{ADDRESSES "routes:\n  '2001:db8::1/32': 'fd00:1::2'\n",
		 "8:4: 2001:db8::1/32 has bits set behind its prefix; did you mean "
		 "'2001:db8::/32'?"},
		{ADDRESSES "routes:\n  '2001:db8::/32': wan\n  '2001:DB8:0::/32': lan\n",
		 "9:4: a route to 2001:db8::/32 stands here twice, first on line 8"},
		{ADDRESSES "routes:\n  10.1.2.3: wan\n  10.1.2.3/32: lan\n",
		 "9:3: a route to 10.1.2.3/32 stands here twice, first on line 8"},
		{ADDRESSES "routes:\n  10.0.0.0/24: wan\n",
		 "8:3: 10.0.0.0/24 is the subnet of port 'lan' and needs no route"},
		{ADDRESSES "routes:\n  10.0.0.1/32: wan\n",
		 "8:3: 10.0.0.1/32 is an address of the router itself, on port 'lan'"},
		{ADDRESSES "routes:\n  224.0.0.0/8: wan\n",
		 "8:3: no route leads to 224.0.0.0/8: it is multicast"},
		{ADDRESSES "routes:\n  'ff02::/16': wan\n",
		 "8:4: no route leads to ff02::/16: it is multicast"},
		{ADDRESSES "routes:\n  'fe80::/10': wan\n",
		 "8:4: fe80::/10 is link-local: every port has such addresses on its link, and no "
		 "route leads to them"},
		{ADDRESSES "routes:\n  'fe80::9': blackhole\n",
		 "8:4: fe80::9/128 is link-local: every port has such addresses on its link, and "
		 "no route leads to them"},
		{"ports:\n  lan: {device: d, tap: t}\nroutes: {kernel: mine}",
		 "3:18: 'mine' is no table: main, default, or a number"},
		{"ports:\n  lan: {device: d, tap: t}\nroutes: {kernel: local}",
		 "3:18: table 'local' is the kernel's own: it holds no routes to others"},
		{"ports:\n  lan: {device: d, tap: t}\nroutes: kernl",
		 "3:9: 'kernl' is neither a map of routes nor 'kernel'"},
		{"ports:\n  lan: {device: d, tap: t}\n  wan: {device: e}\nroutes: kernel",
		 "3:3: the routes of the kernel name its own interfaces: port 'wan' needs a 'tap' "
		 "for them"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

static void neighbours_are_on_a_link(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{ADDRESSES "neighbours: {10.9.0.2: '02:00:00:00:00:02'}",
		 "7:14: neighbour 10.9.0.2 is not on any link: it is in no port's subnet"},
		{ADDRESSES "neighbours: {192.0.2.1: '02:00:00:00:00:02'}",
		 "7:14: neighbour 192.0.2.1 is an address of the router itself, on port 'wan'"},
		{ADDRESSES "neighbours: {'fe80::2': '02:00:00:00:00:02'}",
		 "7:15: neighbour fe80::2 is a link-local address, and those are on every link: "
		 "name the port behind it, as in fe80::2%lan"},
		{ADDRESSES "neighbours:\n  'fd00:1::2': '02:00:00:00:00:02'\n"
			   "  'fd00:1:0::2': '02:00:00:00:00:02'\n",
		 "9:4: this neighbour stands here twice, first on line 8"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

// What looks odd and is right.
static void the_unusual_is_allowed(void **state)
{
	static const char *const right[] = {
		"ports: {}",
		"ports: {lan: {device: d}}",
		PORTS "addresses: {lan: [10.0.0.0/31, 10.0.1.7/32, 'fd00::/127']}",
		PORTS "addresses: {lan: [10.0.0.1/24, 10.0.0.2/24, 10.0.0.130/25], wan: ~}",
		PORTS "addresses: {lan: []}",
		"ports: {lan: {device: d, mtu: 68}}\naddresses: {lan: 10.0.0.1/24}",
		"ports: {lan: {device: d, mtu: 1280}}\naddresses: {lan: 'fd00::1/64'}",
		ADDRESSES "routes: {0.0.0.0/0: 192.0.2.254, '::/0': 'fe80::1%wan'}",
		ADDRESSES "routes: {10.1.0.0/16: [10.0.0.2, wan, 192.0.2.9]}",
		ADDRESSES "routes: {127.0.0.0/8: blackhole, 240.0.0.0/4: prohibit}",
		ADDRESSES "routes: {10.0.0.0/8: unreachable, 10.0.0.128/25: 10.0.0.2}",
		ADDRESSES "neighbours: {'fe80::2%lan': 02:00:00:00:00:02,\n"
			  "             'fe80::2%wan': 02:00:00:00:00:02}",
		"routes: ~\nneighbours: ~\naddresses: ~\nrouter: ~",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		sl_graph_destroy(zoo_graph(right[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_of_one_kind),
		cmocka_unit_test(names_of_interfaces_fit_the_kernel),
		cmocka_unit_test(ports_share_nothing),
		cmocka_unit_test(link_layer_addresses_are_of_one_machine),
		cmocka_unit_test(addresses_are_those_of_hosts),
		cmocka_unit_test(addresses_have_a_limit),
		cmocka_unit_test(subnets_lie_apart),
		cmocka_unit_test(mtus_carry_ipv6),
		cmocka_unit_test(routes_may_say_what_is_on_a_link),
		cmocka_unit_test(next_hops_are_other_machines_on_a_link),
		cmocka_unit_test(routes_lead_somewhere_once),
		cmocka_unit_test(neighbours_are_on_a_link),
		cmocka_unit_test(the_unusual_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
