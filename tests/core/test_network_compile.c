#include "core/diff.h"
#include "core/network.h"

#include "tests/core/zoo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define PORTS                          \
	"ports:\n"                     \
	"  lan: {device: net_null0}\n" \
	"  wan: {device: net_null1, mac: 02:00:00:00:00:01, mtu: 1400}\n"
#define ADDRESSES                    \
	PORTS "addresses:\n"         \
	      "  lan: 10.0.0.1/24\n" \
	      "  wan: 192.0.2.1/24\n"

#define RUNNING                                                                    \
	PORTS "addresses: {lan: 10.0.0.1/24, wan: [192.0.2.1/24, 'fd00::1/64']}\n" \
	      "routes:\n"                                                          \
	      "  0.0.0.0/0: 192.0.2.254\n"

// What a file becomes, as a file of the graph level.
static char *compile(const char *yaml)
{
	struct sl_graph *g = zoo_graph(yaml);
	char *text = sl_graph_yaml(g);

	assert_non_null(text);
	sl_graph_destroy(g);
	return text;
}

// What two ports with an address each, and a default route, become.
static const char two_ports[] = "apps:\n"
				"  port-lan:\n"
				"    dpdk:\n"
				"      device: net_null0\n"
				"      mtu: 1500\n"
				"  lan-in:\n"
				"    ethernet-in:\n"
				"      index: 0\n"
				"      port: port-lan\n"
				"  lan-out:\n"
				"    neighbour:\n"
				"      index: 0\n"
				"      port: port-lan\n"
				"      addresses:\n"
				"        - 10.0.0.1/24\n"
				"  port-wan:\n"
				"    dpdk:\n"
				"      device: net_null1\n"
				"      mtu: 1400\n"
				"  wan-in:\n"
				"    ethernet-in:\n"
				"      index: 1\n"
				"      mac: 02:00:00:00:00:01\n"
				"  wan-out:\n"
				"    neighbour:\n"
				"      index: 1\n"
				"      mac: 02:00:00:00:00:01\n"
				"      addresses:\n"
				"        - 192.0.2.1/24\n"
				"  ipv4-input: ipv4-input\n"
				"  ipv4-route:\n"
				"    ipv4-route:\n"
				"      interfaces:\n"
				"        - lan\n"
				"        - wan\n"
				"      mtus:\n"
				"        - 1500\n"
				"        - 1400\n"
				"      addresses:\n"
				"        - lan 10.0.0.1/24\n"
				"        - wan 192.0.2.1/24\n"
				"      routes:\n"
				"        - 0.0.0.0/0 via 192.0.2.254 dev wan\n"
				"  ipv4-fragment:\n"
				"    ip-fragment:\n"
				"      interfaces:\n"
				"        - lan\n"
				"        - wan\n"
				"  icmp-error:\n"
				"    icmp-error:\n"
				"      interfaces:\n"
				"        - lan\n"
				"        - wan\n"
				"      addresses:\n"
				"        - lan 10.0.0.1/24\n"
				"        - wan 192.0.2.1/24\n"
				"  local:\n"
				"    local:\n"
				"      interfaces:\n"
				"        - lan\n"
				"        - wan\n"
				"      addresses:\n"
				"        - lan 10.0.0.1/24\n"
				"        - wan 192.0.2.1/24\n"
				"  icmp-error-router-join: join\n"
				"  ipv4-route-self-join: join\n"
				"links:\n"
				"  - port-lan -> lan-in\n"
				"  - lan-in.ipv4 -> ipv4-input.lan\n"
				"  - lan-in.arp -> lan-out.arp\n"
				"  - ipv4-route.lan -> lan-out.ipv4\n"
				"  - ipv4-fragment.lan -> lan-out.fragments4\n"
				"  - lan-out.error -> icmp-error.lan\n"
				"  - lan-out.out -> port-lan\n"
				"  - port-wan -> wan-in\n"
				"  - wan-in.ipv4 -> ipv4-input.wan\n"
				"  - wan-in.arp -> wan-out.arp\n"
				"  - ipv4-route.wan -> wan-out.ipv4\n"
				"  - ipv4-fragment.wan -> wan-out.fragments4\n"
				"  - wan-out.error -> icmp-error.wan\n"
				"  - wan-out.out -> port-wan\n"
				"  - ipv4-input -> ipv4-route.in\n"
				"  - ipv4-route.local -> local.ipv4\n"
				"  - ipv4-route.error -> icmp-error-router-join.ipv4-route-error\n"
				"  - ipv4-fragment.error -> "
				"icmp-error-router-join.ipv4-fragment-error\n"
				"  - local.error -> icmp-error-router-join.local-error\n"
				"  - icmp-error-router-join -> icmp-error.router\n"
				"  - ipv4-route.big -> ipv4-fragment.route\n"
				"  - icmp-error.ipv4 -> ipv4-route-self-join.icmp-error-ipv4\n"
				"  - local.ipv4 -> ipv4-route-self-join.local-ipv4\n"
				"  - ipv4-route-self-join -> ipv4-route.self\n"
				"mtu: 1500\n"
				"link-size: 512\n"
				"idle: 3000000ns\n";

static void two_ports_make_this_graph(void **state)
{
	char *text = compile(ADDRESSES "routes: {0.0.0.0/0: 192.0.2.254}\n");

	(void)state;
	assert_string_equal(text, two_ports);
	free(text);
}

// A file, and lines of what it becomes: with '+' one that must be there, with '-' one that must
// not.
static const struct {
	const char *yaml;
	const char *lines[16];
} cases[] = {
	{"ports: {}", {"+apps: {}"}},
	{PORTS, {"-addresses:", "-ipv6-input", "+  ipv4-route:", "-lan-in.nd"}},
	// IPv6 is there where something names it.
	{PORTS "addresses: {wan: fd00::1/64}",
	 {"+  - lan-in.nd -> lan-out.nd", "+  - lan-in.ipv6 -> ipv6-input.lan",
	  "+  - ipv6-route.lan -> lan-out.ipv6", "-lan-out-ipv6-join",
	  "+  - ipv6-input -> ipv6-route.in", "+  - ipv6-route.local -> local.ipv6",
	  "+  - ipv6-route.error -> icmp-error-router-join.ipv6-route-error",
	  "+  - ipv6-route.big -> ipv6-fragment.route",
	  "+  - ipv6-fragment.lan -> lan-out.fragments6",
	  "+  - ipv6-route-self-join -> ipv6-route.self",
	  "+  - icmp-error.ipv6 -> ipv6-route-self-join.icmp-error-ipv6",
	  "+        - wan fd00::1/64"}},
	{PORTS "routes: {'::/0': wan}",
	 {"+        - ::/0 dev wan", "+  - lan-in.nd -> lan-out.nd"}},
	{PORTS "neighbours: {'fe80::2%wan': 02:00:00:00:00:02}",
	 {"+        - fe80::2 02:00:00:00:00:02", "+  - lan-in.nd -> lan-out.nd"}},
	// A port too small for it has none.
	{"ports: {lan: {device: d, mtu: 1279}, wan: {device: e}}\n"
	 "addresses: {wan: fd00::1/64}\n",
	 {"+  - wan-in.nd -> wan-out.nd", "-lan-in.ipv6", "-lan-in.nd", "-ipv6-route.lan"}},
	// Routes as `ip route` prints them.
	{ADDRESSES "routes:\n"
		   "  10.1.0.0/16: 10.0.0.2\n"
		   "  10.2.0.0/16: [10.0.0.3, 192.0.2.7]\n"
		   "  10.3.0.0/16: wan\n"
		   "  10.4.0.0/16: blackhole\n"
		   "  10.5.0.0/16: unreachable\n"
		   "  10.6.0.0/16: prohibit\n"
		   "  10.7.7.7: 10.0.0.2%lan\n",
	 {"+        - 10.1.0.0/16 via 10.0.0.2 dev lan",
	  "+        - 10.2.0.0/16 via 10.0.0.3 dev lan via 192.0.2.7 dev wan",
	  "+        - 10.3.0.0/16 dev wan", "+        - 10.4.0.0/16 blackhole",
	  "+        - 10.5.0.0/16 unreachable", "+        - 10.6.0.0/16 prohibit",
	  "+        - 10.7.7.7/32 via 10.0.0.2 dev lan"}},
	// A TAP for local traffic.
	{"ports: {lan: {device: d, tap: lan0, mtu: 9000}}\n"
	 "addresses: {lan: 10.0.0.1/24}\n"
	 "neighbours: {10.0.0.2: 02:00:00:00:00:02}\n",
	 {"+  tap-lan:", "+      name: lan0", "+      quiet: yes",
	  "+  - lan-in.other -> tap-lan-join.lan-in-other",
	  "+  - lan-out.tap -> tap-lan-join.lan-out-tap",
	  "+  - local.lan -> tap-lan-join.local-lan", "+  - tap-lan-join -> tap-lan",
	  "+  - lan-out.out -> port-lan-join.lan-out-out", "+  - tap-lan -> port-lan-join.tap-lan",
	  "+  - port-lan-join -> port-lan", "+        - 10.0.0.2 02:00:00:00:00:02",
	  "+      mtu: 9000", "+mtu: 9000"}},
	// A TAP as a port, and apps of the file as one.
	{"ports: {lan: {interface: t0, mac: 02:00:00:00:00:01, promiscuous: yes}}",
	 {"+    tap:", "+      name: t0", "+      promiscuous: yes", "+  - port-lan -> lan-in"}},
	{"apps: {r: {pcap-reader: a.pcap}, w: {pcap-writer: b.pcap}, x: tee}\n"
	 "links: [r -> x, lan-in.other -> x]\n"
	 "ports: {lan: {in: x.odd, out: w, mac: 02:00:00:00:00:01, tap: t0}}",
	 {"+  - x.odd -> lan-in", "+  - lan-out.out -> w-join.lan-out-out",
	  "+  - tap-lan -> w-join.tap-lan", "+  - w-join -> w", "-port-lan",
	  "+  - lan-in.other -> x"}},
	// The kernel's tables.
	{"ports: {lan: {device: d, tap: lan0}, wan: {device: e, tap: wan0}}\nroutes: {kernel: 100}",
	 {"+  kernel-routes:", "+      table: 100", "+        - lan0", "+        - wan0",
	  "+  - kernel-routes.ipv4 -> ipv4-route.control",
	  "+  - kernel-routes.ipv6 -> ipv6-route.control",
	  "+  - kernel-routes.icmp -> icmp-error.control",
	  "+  - kernel-routes.local -> local.control", "+  - kernel-routes.lan -> lan-out.control",
	  "+  - kernel-routes.wan -> wan-out.control", "+  - lan-in.nd -> lan-out.nd"}},
	{"ports: {lan: {device: d, tap: lan0}}\nroutes: kernel", {"+      table: main"}},
	// Words of `router`; those of IPv6 are for an app that is not there.
	{PORTS "router: {max-routes: 2000, icmp-rate: 50, icmp-burst: 9}",
	 {"+      max-routes: 2000", "+      rate: 50", "+      burst: 9"}},
};

// Whether text has this line.
static bool has_line(const char *text, const char *line)
{
	size_t n = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at++)
		if ((at == text || at[-1] == '\n') && at[n] == '\n')
			return true;
	return false;
}

static void what_a_file_becomes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = compile(cases[i].yaml);

		for (const char *const *l = cases[i].lines; *l; l++)
			if (l[0][0] == '+' ? !has_line(text, *l + 1) && !strstr(text, *l + 1)
					   : strstr(text, *l + 1) != NULL)
				fail_msg("wrong about '%s' in what this makes:\n%s", *l,
					 cases[i].yaml);
		free(text);
	}
}

static void items_remember_the_words_they_come_from(void **state)
{
	struct sl_graph *g = zoo_graph(ADDRESSES "routes:\n"
						 "  10.1.0.0/16: 10.0.0.2\n"
						 "  10.2.0.0/16: 10.0.0.2\n");
	const struct sl_graph_app *route = sl_graph_find(g, "ipv4-route");

	(void)state;
	assert_int_equal(sl_graph_find(g, "wan-in")->at.line, 3);
	assert_int_equal(sl_graph_find(g, "port-lan")->settings[0].value.at.column, 17);
	assert_int_equal(sl_graph_find(g, "lan-out")->settings[2].value.items[0].at.line, 5);
	assert_int_equal(route->at.line, 1);
	assert_string_equal(route->settings[3].key, "routes");
	assert_int_equal(route->settings[3].value.items[1].at.line, 9);
	for (size_t i = 0; i < g->n_links; i++)
		assert_true(g->links[i].from_at.text == 0 && g->links[i].from_at.line > 0);
	sl_graph_destroy(g);
}

static void mistakes_between_the_levels(void **state)
{
	static const struct {
		const char *yaml, *error;
	} mistakes[] = {
		{"apps: {lan-in: sink}\nports: {lan: {device: d}}",
		 "f.yaml:2:9: there is an app 'lan-in' already, on line 1"},
		{"apps: {r: source}\n"
		 "ports: {lan: {in: r, out: wr, mac: 02:00:00:00:00:01}}",
		 "f.yaml:2:27: no app is named 'wr'"},
		{"apps: {r: source, w: sink}\n"
		 "ports: {lan: {in: r, out: 'w here', mac: 02:00:00:00:00:01}}",
		 "f.yaml:2:28: 'w here' is not an app or app.port to link"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct sl_graph *g = sl_graph_create();
		struct sl_error err = {0};

		zoo_assert_error(sl_graph_parse(g, mistakes[i].yaml, "f.yaml", &err), -EINVAL, &err,
				 mistakes[i].error);
		assert_int_equal(g->n_apps, 0);
		sl_graph_destroy(g);
	}
}

// One more port changes nothing that was made for the others.
static void what_is_made_for_a_port_stays(void **state)
{
	struct sl_graph *before = zoo_graph(ADDRESSES);
	struct sl_graph *after = zoo_graph(
		"ports:\n"
		"  lan: {device: net_null0}\n"
		"  wan: {device: net_null1, mac: 02:00:00:00:00:01, mtu: 1400}\n"
		"  dmz: {device: net_null2, tap: dmz0}\n"
		"addresses: {lan: 10.0.0.1/24, wan: 192.0.2.1/24, dmz: 10.7.0.1/24}\n");

	(void)state;
	for (size_t i = 0; i < before->n_links; i++) {
		const struct sl_graph_link *a = &before->links[i];
		bool found = false;

		for (size_t k = 0; k < after->n_links; k++) {
			const struct sl_graph_link *b = &after->links[k];

			found |= !strcmp(a->from, b->from) && !strcmp(a->to, b->to) &&
				 (!a->to_port || !strcmp(a->to_port, b->to_port)) &&
				 (!a->from_port || !strcmp(a->from_port, b->from_port));
		}
		assert_true(found);
	}
	sl_graph_destroy(before);
	sl_graph_destroy(after);
}

// What a reload of a changed file does to the running graph: the names of the apps that it
// replaces, starts or stops.
static void expect_change(const char *more, const char *wanted)
{
	struct sl_graph *before = zoo_graph(RUNNING);
	struct sl_graph *after = zoo_graph(more);
	char names[400] = "";
	struct sl_diff d;

	assert_int_equal(sl_graph_diff(before, after, &d, NULL), 0);
	for (size_t i = 0; i < after->n_apps; i++)
		if (d.apps[i].change != SL_KEEP)
			strcat(strcat(names, after->apps[i].name), " ");
	for (size_t i = 0; i < before->n_apps; i++)
		if (d.app_stops[i] && !sl_graph_has(after, before->apps[i].name))
			strcat(strcat(names, before->apps[i].name), " ");
	assert_string_equal(names, wanted);
	sl_diff_fini(&d);
	sl_graph_destroy(before);
	sl_graph_destroy(after);
}

static void a_reload_touches_only_what_differs(void **state)
{
	(void)state;
	expect_change(RUNNING, "");
	expect_change(RUNNING "# a remark\n", "");
	expect_change(RUNNING "  10.1.0.0/16: 10.0.0.2\n", "ipv4-route ");
	expect_change(RUNNING "  '2001:db8::/32': wan\n", "ipv6-route ");
	expect_change(RUNNING "neighbours: {10.0.0.2: 02:00:00:00:00:02}\n", "lan-out ");
	expect_change(RUNNING "router: {icmp-rate: 10}\n", "icmp-error ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_ports_make_this_graph),
		cmocka_unit_test(what_a_file_becomes),
		cmocka_unit_test(items_remember_the_words_they_come_from),
		cmocka_unit_test(mistakes_between_the_levels),
		cmocka_unit_test(what_is_made_for_a_port_stays),
		cmocka_unit_test(a_reload_touches_only_what_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
