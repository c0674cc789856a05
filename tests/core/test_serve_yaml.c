#include <errno.h>
#include <setjmp.h>
#include <sluice/graph.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct sl_error err;

static struct sl_graph *parse(const char *yaml)
{
	struct sl_graph *g = sl_graph_create();

	err = (struct sl_error){0};
	if (sl_graph_parse(g, yaml, "folder/serve.yaml", &err) == 0)
		return g;
	sl_graph_destroy(g);
	return NULL;
}

static void expect(const char *yaml, const char *const *wanted)
{
	struct sl_graph *g = parse(yaml);
	char *text;

	if (!g)
		fail_msg("%s", err.text);
	text = sl_graph_yaml(g);
	for (; *wanted; wanted++)
		if (!strstr(text, *wanted))
			fail_msg("no %s in\n%s", *wanted, text);
	if (sl_graph_check(g, &err) < 0)
		fail_msg("%s", err.text);
	free(text);
	sl_graph_destroy(g);
}

static void a_service_becomes_a_tunnel_with_lines(void **state)
{
	(void)state;
	expect("serve:\n"
	       "  interface: tun7\n"
	       "  listen: 4242\n"
	       "  mtu: 1380\n"
	       "  max-clients: 9\n"
	       "  services:\n"
	       "    guests:\n"
	       "      key: site.key\n"
	       "      pool: [10.9.0.1/24, 'fd00:9::1/64']\n"
	       "      networks: [10.1.0.0/16, 0.0.0.0/0]\n"
	       "      rate: 10Mbps\n"
	       "      clients:\n"
	       "        - alice.cap\n"
	       "        - {psk: bob.psk, address: 10.9.0.7, rate: 1Mbps}\n"
	       "    staff:\n"
	       "      noise: XK\n"
	       "      key: staff.key\n",
	       (const char *const[]){
		       "guests NK key=folder/site.key pool=10.9.0.1/24,fd00:9::1/64 "
		       "networks=10.1.0.0/16,0.0.0.0/0 rate=10Mbps",
		       "staff XK key=folder/staff.key",
		       "service=guests cap=folder/alice.cap",
		       "service=guests psk=folder/bob.psk address=10.9.0.7 rate=1Mbps",
		       "tun7",
		       "4242",
		       "1380",
		       "10.9.0.1/24",
		       "max-peers: 9",
		       NULL,
	       });
}

static void a_tunnel_of_a_router_serves_too(void **state)
{
	(void)state;
	expect("ports: {wan: {device: net_null0}}\n"
	       "tunnels:\n"
	       "  t:\n"
	       "    listen: 4242\n"
	       "    services:\n"
	       "      guests: {key: site.key, pool: 10.9.0.1/24, clients: [alice.cap]}\n"
	       "addresses: {wan: 192.0.2.1/24, t: 10.9.0.1/24}\n",
	       (const char *const[]){"guests NK key=folder/site.key pool=10.9.0.1/24",
				     "service=guests cap=folder/alice.cap", "t-handshake", NULL});
}

static void what_is_not_said_has_a_preset(void **state)
{
	(void)state;
	expect("serve: {services: {a: {key: k}}}",
	       (const char *const[]){"sluice0", "51820", "1420", "a NK key=folder/k", NULL});
}

static void mistakes_have_a_place(void **state)
{
	static const struct {
		const char *yaml, *text;
		unsigned line;
	} cases[] = {
		{"serve: {}", "'serve' needs 'services'", 1},
		{"serve:\n  lisen: 1\n", "'serve' has no key 'lisen'", 2},
		{"serve:\n  mtu: 64921\n  services: {}\n", "mtu must be between 68 and 64920", 2},
		{"serve:\n  listen: 70000\n  services: {}\n", "listen", 2},
		{"serve:\n  services:\n    a: {}\n", "service a: it needs key=FILE", 3},
		{"serve:\n  services:\n    a: {key: k, noise: IK}\n", "'IK' is not NK, KK or XK",
		 3},
		{"serve:\n  services:\n    a: {key: k, poll: x}\n", "a service has no key 'poll'",
		 3},
		{"serve:\n  services:\n    a: {key: 'b c'}\n", "has a blank or a comma in it", 3},
		{"serve:\n  services:\n    a:\n      key: k\n      clients: [{rate: 1Mbps}]\n",
		 "needs psk=FILE or cap=FILE", 5},
		{"serve:\n  services:\n    a:\n      key: k\n      clients: [{psk: p, pks: p}]\n",
		 "a client has no key 'pks'", 5},
		{"serve:\n  services:\n    a:\n      key: k\n      clients: {psk: p}\n",
		 "'clients'", 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_null(parse(cases[i].yaml));
		if (!strstr(err.text, cases[i].text) || err.line != cases[i].line)
			fail_msg("%s: line %u: %s", cases[i].yaml, err.line, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_becomes_a_tunnel_with_lines),
		cmocka_unit_test(a_tunnel_of_a_router_serves_too),
		cmocka_unit_test(what_is_not_said_has_a_preset),
		cmocka_unit_test(mistakes_have_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
