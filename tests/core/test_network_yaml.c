#include "core/read.h"

#include "tests/core/zoo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

// Read one word of the level from its YAML.
static void read_word(struct sl_graph *g, struct sl_network *net, const char *yaml,
		      int (*read)(const struct sl_reader *r, const struct sl_yaml *v))
{
	const struct sl_reader r = {.g = g, .net = net};
	struct sl_yaml *root;

	assert_int_equal(
		sl_yaml_parse(g, sl_graph_add_text(g, "net.yaml", yaml, true), &root, NULL), 0);
	assert_int_equal(read(&r, root->first), 0);
	sl_yaml_free(root);
}

static void a_network_is_read_with_its_places(void **state)
{
	struct sl_graph *g = sl_graph_create();
	struct sl_network net = {0};
	const struct sl_network_route *r;
	char text[SL_IP_TEXT];

	(void)state;
	read_word(g, &net,
		  "ports:\n"
		  "  lan: {device: 'net_af_packet0,iface=eth1', mtu: 9k, tap: lan0}\n"
		  "  wan: {interface: t0, mac: 02:00:00:00:00:01, promiscuous: yes}\n"
		  "  cap: {in: reader, out: writer.in}\n",
		  sl_read_ports);
	read_word(g, &net, "addresses:\n  lan: [10.0.0.1/24, fd00:1::1/64]\n  wan: 192.0.2.1/24\n",
		  sl_read_addresses);
	read_word(g, &net,
		  "routes:\n"
		  "  10.1.0.0/16: 10.0.0.2\n"
		  "  10.2.0.0/16: [10.0.0.2, wan]\n"
		  "  10.9.0.0/16: prohibit\n"
		  "  ::/0: fe80::1%wan\n"
		  "  kernel: 100\n",
		  sl_read_routes);
	read_word(g, &net, "neighbours: {fe80::2%wan: 02:00:00:00:00:02}", sl_read_neighbours);
	assert_int_equal(net.n_ports, 3);
	assert_int_equal(net.ports[0].mtu, 9000);
	assert_int_equal(net.ports[0].at.column, 3);
	assert_string_equal(net.ports[0].device.text, "net_af_packet0,iface=eth1");
	assert_string_equal(net.ports[0].tap.text, "lan0");
	assert_string_equal(net.ports[1].interface.text, "t0");
	assert_string_equal(net.ports[1].promiscuous.text, "yes");
	assert_string_equal(net.ports[2].out.text, "writer.in");
	assert_int_equal(net.n_addresses, 3);
	assert_int_equal(net.addresses[2].port, 1);
	assert_int_equal(net.addresses[1].at.column, 22);
	assert_string_equal(sl_prefix_print(&net.addresses[1].prefix, text), "fd00:1::1/64");
	assert_int_equal(net.n_routes, 4);
	r = net.routes;
	assert_int_equal(r[0].n_hops, 1);
	assert_int_equal(r[0].hops[0].port, SL_NETWORK_NO_PORT); // for the check to find
	assert_int_equal(r[1].n_hops, 2);
	assert_int_equal(r[1].hops[1].gateway.family, 0);
	assert_int_equal(r[1].hops[1].port, 1);
	assert_int_equal(r[1].hops[1].at.column, 27);
	assert_int_equal(r[2].action, SL_NETWORK_PROHIBIT);
	assert_int_equal(r[3].hops[0].port, 1);
	assert_string_equal(sl_ip_print(&r[3].hops[0].gateway, text), "fe80::1");
	assert_string_equal(net.kernel.text, "100");
	assert_int_equal(net.neighbours[0].port, 1);
	assert_string_equal(net.neighbours[0].mac.text, "02:00:00:00:00:02");
	sl_network_fini(&net);
	sl_graph_destroy(g);
}

static void words_of_ports(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{"ports: lan", "1:8: 'ports' must be a map, not a single value"},
		{"ports: {lan: eth1}", "1:14: port 'lan' must be a map, not a single value"},
		{"ports: {lan: {devise: d}}",
		 "1:15: port 'lan' has no key 'devise'; did you mean 'device'?"},
		{"ports: {lan: {speed: 10}}",
		 "1:15: port 'lan' has no key 'speed': it has device, interface, in, out, tap, "
		 "mac, mtu, promiscuous"},
		{"ports: {lan: {device: [d]}}",
		 "1:23: 'device' of port 'lan' must be a single value, not a list"},
		{"ports: {lan: {device: ~}}",
		 "1:23: 'device' of port 'lan' must be a single value, not nothing"},
		{"ports: {lan: {device: d, mtu: big}}",
		 "1:31: 'mtu' of port 'lan': 'big' is not a whole number such as 1000, 0x3e8 or "
		 "1k"},
		{"ports: {lan: {device: d, promiscuous: 2}}",
		 "1:39: 'promiscuous' of port 'lan': '2' is not yes or no"},
		{"ports: {l.an: {device: d}}",
		 "1:9: 'l.an' is not a name: use letters, digits, '-' and '_'"},
		{"ports: {local: {device: d}}",
		 "1:9: no port can be named 'local': the word has a meaning of its own here"},
		{"ports: {blackhole: {device: d}}",
		 "1:9: no port can be named 'blackhole': the word has a meaning of its own here"},
		{"ports: {a123456789b123456789c123456789d123456789: {device: d}}",
		 "1:9: 'a123456789b123456789...' is too long for a port: at most 39 characters"},
		{"ports:\n  lan: {device: d}\n  lan: {device: e}\n",
		 "3:3: 'lan' stands here twice, first on line 2"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

static void ports_have_a_limit(void **state)
{
	struct sl_graph *g = sl_graph_create();
	struct sl_error err = {0};
	char yaml[8000];
	size_t n = (size_t)snprintf(yaml, sizeof(yaml), "ports:\n");

	(void)state;
	for (unsigned i = 0; i < SL_NETWORK_PORTS_MAX; i++)
		n += (size_t)snprintf(yaml + n, sizeof(yaml) - n, "  p%u: {device: d%u}\n", i, i);
	assert_int_equal(sl_graph_parse(g, yaml, "f.yaml", &err), 0);
	sl_graph_destroy(g);
	g = sl_graph_create();
	snprintf(yaml + n, sizeof(yaml) - n, "  last: {device: d}\n");
	zoo_assert_error(sl_graph_parse(g, yaml, "f.yaml", &err), -EINVAL, &err,
			 "f.yaml:62:3: more than 60 ports");
	sl_graph_destroy(g);
}

static void words_of_addresses(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{"addresses: []", "1:12: 'addresses' must be a map, not a list"},
		{"ports: {lan: {device: d}}\naddresses: {lna: 10.0.0.1/24}",
		 "2:13: no port is named 'lna'; did you mean 'lan'?"},
		{"addresses: {lan: 10.0.0.1/24}", "1:13: no port is named 'lan'"},
		{"ports: {lan: {device: d}}\naddresses: {lan: 10.0.0.1}",
		 "2:18: '10.0.0.1' needs the length of its network's prefix: 10.0.0.1/24, or "
		 "10.0.0.1/32 where it stands alone"},
		{"ports: {lan: {device: d}}\naddresses: {lan: 10.0.0.256/24}",
		 "2:18: '10.0.0.256/24' is not an address such as 10.0.0.1/24 or fd00::1/64"},
		{"ports: {lan: {device: d}}\naddresses: {lan: [10.0.0.1/33]}",
		 "2:19: '10.0.0.1/33' is not an address such as 10.0.0.1/24 or fd00::1/64"},
		{"ports: {lan: {device: d}}\naddresses: {lan: {a: b}}",
		 "2:18: the addresses of a port must be a list, not a map"},
		{"ports: {lan: {device: d}}\naddresses: {lan: [[]]}",
		 "2:19: each item of a list must be a single value, not a list"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

static void words_of_routes(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{"routes: [a]", "1:9: 'routes' must be a map, not a list"},
		{"routes: kernal", "1:9: 'kernal' is neither a map of routes nor 'kernel'"},
		{"routes: {default: 10.0.0.1}",
		 "1:10: 'default' is written 0.0.0.0/0 or ::/0 here"},
		{"routes: {10.1.0/16: lan}",
		 "1:10: '10.1.0/16' is not a prefix such as 10.1.0.0/16 or 2001:db8::/32"},
		{"ports: {lan: {device: d}}\nroutes: {10.1.0.0/16: lam}",
		 "2:23: a next hop is an address or a port, and no port is named 'lam'; did you "
		 "mean 'lan'?"},
		{"ports: {lan: {device: d}}\nroutes: {'::/0': 'fe80::1%wan'}",
		 "2:27: no port is named 'wan'; did you mean 'lan'?"},
		{"routes: {10.1.0.0/16: [blackhole]}",
		 "1:24: a next hop is an address or a port, and no port is named 'blackhole'"},
		{"routes: {10.1.0.0/16: ~}",
		 "1:23: the next hop of a route must be a list, not nothing"},
		{"routes: {10.1.0.0/16: {via: a}}",
		 "1:23: the next hop of a route must be a list, not a map"},
		{"routes: {kernel: [main]}", "1:18: 'kernel' must be a single value, not a list"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

static void hops_have_a_limit(void **state)
{
	struct sl_graph *g = sl_graph_create();
	struct sl_error err = {0};
	char yaml[1000];
	size_t n = (size_t)snprintf(yaml, sizeof(yaml),
				    "ports: {lan: {device: d}}\naddresses: {lan: 10.0.0.1/24}\n"
				    "routes:\n  10.1.0.0/16:\n");

	(void)state;
	for (unsigned i = 0; i <= SL_NETWORK_HOPS_MAX; i++)
		n += (size_t)snprintf(yaml + n, sizeof(yaml) - n, "    - 10.0.0.%u\n", i + 2);
	zoo_assert_error(sl_graph_parse(g, yaml, "f.yaml", &err), -EINVAL, &err,
			 "f.yaml:21:7: more than 16 next hops of one route");
	sl_graph_destroy(g);
}

static void words_of_neighbours_and_the_router(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{"neighbours: a", "1:13: 'neighbours' must be a map, not a single value"},
		{"neighbours: {lan: 02:00:00:00:00:02}",
		 "1:14: 'lan' is not the address of a neighbour, such as 10.0.0.2 or fe80::2%lan"},
		{"neighbours: {'fe80::2%lan': 02:00:00:00:00:02}", "1:23: no port is named 'lan'"},
		{"neighbours: {10.0.0.2: ~}",
		 "1:24: the link-layer address of a neighbour must be a single value, not nothing"},
		{"router: fast", "1:9: 'router' must be a map, not a single value"},
		{"router: {icmp-rat: 5}",
		 "1:10: 'router' has no key 'icmp-rat'; did you mean 'icmp-rate'?"},
		{"router: {icmp-rate: [5]}",
		 "1:21: a setting of the router must be a single value, not a list"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_is_read_with_its_places),
		cmocka_unit_test(words_of_ports),
		cmocka_unit_test(ports_have_a_limit),
		cmocka_unit_test(words_of_addresses),
		cmocka_unit_test(words_of_routes),
		cmocka_unit_test(hops_have_a_limit),
		cmocka_unit_test(words_of_neighbours_and_the_router),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
