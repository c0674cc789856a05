// The word `tunnels`: what it may say, what it says wrong, and what it becomes.
#include "core/diff.h"
#include "core/network.h"

#include "tests/core/zoo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY_A     "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_B     "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define LOW_ORDER "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// Two ports with addresses, on lines 1 to 5; the tunnels stand on line 6 and on.
#define PORTS                                     \
	"ports:\n"                                \
	"  lan: {device: net_null0}\n"            \
	"  wan: {device: net_null1, mtu: 1492}\n" \
	"addresses: {lan: 10.0.0.1/24, wan: 192.0.2.1/24}\n"
#define TO_B   "{key: " KEY_B ", endpoint: '192.0.2.2:51820', allowed: [10.1.0.0/16]}"
#define TUNNEL PORTS "tunnels:\n  site: {key: own.key, peers: [" TO_B "]}\n"

static char folder[] = "/tmp/sluice-tunnels-XXXXXX";

static const struct {
	const char *name, *text;
	mode_t mode;
} files[] = {
	{"own.key", KEY_A "\n", 0600}, {"open.key", KEY_A "\n", 0644}, {"odd.key", "hello\n", 0600},
	{"b.pub", KEY_B "\n", 0644},   {"odd.pub", "hello\n", 0644},
};

static int setup(void **state)
{
	(void)state;
	// zoo_graph reads its files from there
	if (!mkdtemp(folder) || chdir(folder) < 0 || symlink(".", "dir") < 0)
		return -1;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *f = fopen(files[i].name, "w");

		if (!f)
			return -1;
		fputs(files[i].text, f);
		fclose(f);
		chmod(files[i].name, files[i].mode);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(files[i].name);
	unlink("dir");
	return rmdir(folder);
}

// What a tunnel's words say wrong, each for itself.
#define WORDS(words) PORTS "tunnels:\n  site: {" words "}\n"
#define PEER(words)  PORTS "tunnels:\n  site: {key: own.key, peers:\n    [{" words "}]}\n"

static void words_are_known_and_make_sense(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{PORTS "tunnels: x", "5:10: 'tunnels' must be a map, not a single value"},
		{PORTS "tunnels: {site: x}",
		 "5:17: tunnel 'site' must be a map, not a single value"},
		{WORDS("kye: own.key"),
		 "6:10: tunnel 'site' has no key 'kye'; did you mean 'key'?"},
		{WORDS("workers: 2"),
		 "6:10: tunnel 'site' has no key 'workers': it has noise, key, listen, mtu, peers, "
		 "mss-clamp, max-peers, max-prefixes, services"},
		{WORDS("key: own.key, noise: NK"),
		 "6:31: 'noise' of tunnel 'site' is 'IK', WireGuard's, and not 'NK'"},
		{WORDS("key: own.key, listen: 0"),
		 "6:32: 'listen' of tunnel 'site' must be between 1 and 65535"},
		{WORDS("key: own.key, mtu: 67"),
		 "6:29: 'mtu' of tunnel 'site' must be between 68 and 64920"},
		{WORDS("key: own.key, mtu: 64921"),
		 "6:29: 'mtu' of tunnel 'site' must be between 68 and 64920"},
		{WORDS("key: own.key, peers: {}"),
		 "6:31: 'peers' of a tunnel must be a list, not a map"},
		{WORDS("key: own.key, peers: [x]"),
		 "6:32: a peer of a tunnel must be a map, not a single value"},
		{PEER("psk: x"),
		 "7:6: a peer needs a 'key': its public key, or the file that holds it"},
		{PEER("endpiont: x"),
		 "7:7: a peer has no key 'endpiont'; did you mean 'endpoint'?"},
		{PEER("endpoint: 192.0.2.2"),
		 "7:17: '192.0.2.2' is not an endpoint such as 192.0.2.1:51820 or "
		 "[2001:db8::1]:51820"},
		{PEER("keepalive: 25ms"),
		 "7:18: keepalive '25ms' is not 'off' or whole seconds such as 25s, up to 65535s"},
		{PEER("keepalive: 65536"),
		 "7:18: keepalive '65536' is not 'off' or whole seconds such as 25s, up to 65535s"},
		{PEER("allowed: here"),
		 "7:16: 'here' is not a prefix such as 10.1.0.0/16 or 2001:db8::/32"},
		{PEER("key: " KEY_B ", allowed: [10.1.0.1/16]"),
		 "7:68: 10.1.0.1/16 has bits set behind its prefix; did you mean '10.1.0.0/16'?"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

static void keys_are_there_and_secret(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{WORDS("listen: 7"),
		 "6:3: tunnel 'site' needs a 'key': the file of its private key, as `sluice key "
		 "new` or `wg genkey` makes it"},
		{WORDS("key: none.key"),
		 "6:15: none.key: cannot be opened: No such file or directory"},
		{WORDS("key: open.key"),
		 "6:15: open.key: others may read or change this file (mode 0644), so it is no "
		 "secret; if nobody did: chmod 600 'open.key'"},
		{WORDS("key: odd.key"),
		 "6:15: odd.key: not a key: a key is 44 characters of base64, this is 5"},
		{PEER("key: none"),
		 "7:12: 'none' is neither a public key, 44 characters of base64, nor a file that "
		 "holds one"},
		{PEER("key: odd.pub"),
		 "7:12: odd.pub: not a key: a key is 44 characters of base64, this is 5"},
		{PEER("key: " LOW_ORDER),
		 "7:12: nothing that is agreed with this key would be secret"},
		{PEER("key: " KEY_B ", psk: open.key"),
		 "7:63: open.key: others may read or change this file (mode 0644), so it is no "
		 "secret; if nobody did: chmod 600 'open.key'"},
		{PEER("key: " KEY_B ", psk: a b"),
		 "7:63: the name of a file with a pre-shared key has no blanks"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

static void nothing_stands_there_twice(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{PORTS "tunnels:\n  wan: {key: own.key}\n",
		 "6:3: 'wan' is the name of a port already, on line 3"},
		{PORTS "tunnels:\n  local: {key: own.key}\n",
		 "6:3: no tunnel can be named 'local': the word has a meaning of its own here"},
		{PORTS "tunnels:\n  a: {key: own.key}\n  b: {key: own.key, listen: 51820}\n",
		 "7:29: tunnel 'a' listens on port 51820 already, on line 6"},
		{WORDS("key: own.key, peers: [\n    {key: b.pub},\n    {key: " KEY_B "}]"),
		 "8:11: a peer with this key stands here twice, first on line 7"},
		{WORDS("key: own.key, peers: [\n    {key: " KEY_A ", allowed: [10.1.0.0/16]},\n"
		       "    {key: " KEY_B ", allowed: [10.0.0.0/8, 10.1.0.0/16]}]"),
		 "8:79: this prefix is allowed already, on line 7: it can belong to one peer"},
		{WORDS("key: own.key, max-peers: 1, peers: [{key: " KEY_A "},\n    {key: " KEY_B
		       "}]"),
		 "7:5: tunnel 'site' has more than 1 peers: 'max-peers' says how many there may "
		 "be"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

static void a_tunnel_is_an_interface(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{PORTS "routes: {10.1.0.0/16: stie}\ntunnels: {site: {key: own.key}}",
		 "5:23: a next hop is an address or a port, and no port is named 'stie'; did you "
		 "mean 'site'?"},
		{"ports: {lan: {device: d}}\n"
		 "tunnels: {site: {key: own.key}}\n"
		 "addresses:\n  lan: 10.0.0.1/24\n  site: 10.0.0.2/16\n",
		 "5:9: the subnet of 10.0.0.2/16 on tunnel 'site' overlaps that of 10.0.0.1/24 on "
		 "port 'lan', on line 4"},
		{"ports: {lan: {device: d}}\n"
		 "tunnels: {site: {key: own.key}}\n"
		 "addresses: {site: 10.0.0.1/24}\n"
		 "neighbours: {10.0.0.2: '02:00:00:00:00:01'}\n",
		 "4:14: in tunnel 'site' nobody has a link-layer address"},
		{"ports: {lan: {device: d}}\n"
		 "tunnels: {site: {key: own.key, mtu: 1279}}\n"
		 "addresses: {site: 'fd00::1/64'}\n",
		 "2:37: the MTU of tunnel 'site', 1279, is too small for IPv6 (fd00::1/64): at "
		 "least 1280"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

#define ENDPOINT(address)                                                                          \
	PORTS "tunnels:\n  site: {key: own.key, peers:\n    [{key: " KEY_B ", endpoint: '" address \
	      "'}]}\n"

static void endpoints_can_be_reached(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{ENDPOINT("127.0.0.1:1"), "7:69: endpoint 127.0.0.1 is of the loopback interface"},
		{ENDPOINT("[fe80::1]:1"),
		 "7:69: endpoint fe80::1 is a link-local address, and those are on every link"},
		{ENDPOINT("[2001:db8::1]:1"),
		 "7:69: endpoint 2001:db8::1: the router has no address of IPv6 to send from"},
		{ENDPOINT("198.51.100.1:1"), "7:69: no way leads to endpoint 198.51.100.1:1"},
		{ENDPOINT("198.51.100.1:1") "routes: {198.51.100.0/24: blackhole}",
		 "7:69: no way leads to endpoint 198.51.100.1:1"},
		// RFC 2003 section 4, RFC 2473 section 4.1: round and round
		{ENDPOINT("198.51.100.1:1") "routes: {0.0.0.0/0: site}",
		 "7:69: the way to endpoint 198.51.100.1:1 leads into tunnel 'site' itself"},
		{PORTS
		 "tunnels:\n"
		 "  a: {key: own.key, listen: 1, peers:\n"
		 "    [{key: " KEY_B ", endpoint: '198.51.100.1:1', allowed: 203.0.113.0/24}]}\n"
		 "  b: {key: own.key, listen: 2, peers:\n"
		 "    [{key: " KEY_B ", endpoint: '203.0.113.1:1', allowed: 198.51.100.0/24}]}\n"
		 "routes: {198.51.100.0/24: b, 203.0.113.0/24: a}\n",
		 "7:69: the way to endpoint 198.51.100.1:1 leads into tunnel 'a' itself"},
		{PORTS "tunnels:\n"
		       "  a: {key: own.key, listen: 1, peers:\n"
		       "    [{key: " KEY_B ", endpoint: '198.51.100.1:1'}]}\n"
		       "  b: {key: own.key, listen: 2, peers:\n"
		       "    [{key: " KEY_B ", endpoint: '192.0.2.2:1', allowed: 10.0.0.0/8}]}\n"
		       "routes: {198.51.100.0/24: b}\n",
		 "7:69: the way to endpoint 198.51.100.1:1 leads into tunnel 'b', and none of its "
		 "peers is allowed it"},
		{0}};

	(void)state;
	zoo_check_mistakes(mistakes);
}

static void packets_fit_the_way(void **state)
{
	static const struct zoo_mistake mistakes[] = {
		{WORDS("key: own.key, mtu: 1433, peers: [" TO_B "]"),
		 "6:29: packets of 1433 bytes and 60 around them do not fit the way to "
		 "192.0.2.2:51820, port 'wan', whose MTU is 1492: at most 1432"},
		{0}};
	static const struct {
		const char *yaml, *line;
	} good[] = {
		{WORDS("key: own.key, mtu: 1432, peers: [" TO_B "]"), "      mtu: 1432\n"},
		{TUNNEL, "      mtu: 1412\n"}, // whatever the family
		{PORTS "tunnels: {site: {key: own.key}}", "      mtu: 1420\n"},
		{"ports: {wan: {device: d, mtu: 1300}}\naddresses: {wan: 192.0.2.1/24}\n"
		 "tunnels: {site: {key: own.key, peers: [" TO_B "]}}",
		 "      mtu: 1280\n"}, // its packets are divided
		{"ports: {wan: {device: d, mtu: 9000}}\naddresses: {wan: 192.0.2.1/24}\n"
		 "tunnels: {site: {key: own.key, mtu: 8940, peers: [" TO_B "]}}",
		 "mtu: 9020\n"}, // with what is around
		{TUNNEL "  deep: {key: own.key, listen: 7, peers: [{key: " KEY_B
			", endpoint: '10.1.0.1:7'}]}\nroutes: {10.1.0.0/16: site}\n",
		 "      mtu: 1332\n"},
	};

	(void)state;
	zoo_check_mistakes(mistakes);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct sl_graph *g = zoo_graph(good[i].yaml);
		char *text = sl_graph_yaml(g);

		if (!strstr(text, good[i].line))
			fail_msg("no '%s' in\n%s", good[i].line, text);
		free(text);
		sl_graph_destroy(g);
	}
}

static const char *const lines[] = {
	"  site:\n"
	"    tunnel-data:\n"
	"      index: 2\n"
	"      mtu: 1412\n"
	"      max-peers: 256\n"
	"      max-prefixes: 65536\n",
	"  site-handshake:\n"
	"    tunnel-handshake:\n"
	"      key: own.key\n"
	"      noise: IK\n"
	"      port: 51820\n"
	"      max-peers: 256\n"
	"      max-prefixes: 65536\n"
	"      peers:\n"
	"        - \"" KEY_B " psk=dir/own.key endpoint=192.0.2.2:51820 keepalive=25 "
	"allowed=10.1.0.0/16,fd01::/16\"\n",
	"      listen:\n        - site 51820\n",
	"        - 10.1.0.0/16 dev site\n",
	"        - site 10.255.0.1/24\n",
	"  - ipv4-route.site -> site-inner-join.ipv4-route-site\n",
	"  - ipv4-fragment.site -> site-inner-join.ipv4-fragment-site\n",
	"  - ipv6-route.site -> site-inner-join.ipv6-route-site\n",
	"  - site-inner-join -> site.inner\n",
	"  - site.inner4 -> ipv4-input.site\n",
	"  - site.inner6 -> ipv6-input.site\n",
	"  - site.outer4 -> ipv4-route-self-join.site-outer4\n",
	"  - site-handshake.outer4 -> ipv4-route-self-join.site-handshake-outer4\n",
	"  - site.outer6 -> ipv6-route-self-join.site-outer6\n",
	"  - local.site -> site.outer\n",
	"  - site.error -> icmp-error.site\n",
	"  - site.handshake -> site-handshake.handshake\n",
	"  - site.events -> site-handshake.events\n",
	"  - site-handshake.commands -> site.commands\n",
};

#define ALL(peers)                                                                                \
	"ports:\n"                                                                                \
	"  lan: {device: net_null0}\n"                                                            \
	"  wan: {device: net_null1, mtu: 1492}\n"                                                 \
	"addresses: {lan: 10.0.0.1/24, wan: 192.0.2.1/24, site: 10.255.0.1/24}\n"                 \
	"routes: {10.1.0.0/16: site}\n"                                                           \
	"tunnels:\n"                                                                              \
	"  site: {noise: IK, key: own.key, peers: [{key: b.pub, psk: own.key, "                   \
	"endpoint: '192.0.2.2:51820', keepalive: 25s, allowed: [10.1.0.0/16, 'fd01::/16']}" peers \
	"]}\n"

static void what_a_tunnel_becomes(void **state)
{
	struct sl_graph *g = zoo_graph(ALL(""));
	char *text = sl_graph_yaml(g);

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!strstr(text, lines[i]))
			fail_msg("no '%s' in\n%s", lines[i], text);
	free(text);
	sl_graph_destroy(g);
}

static void one_more_peer_changes_one_app(void **state)
{
	struct sl_graph *before = zoo_graph(ALL(""));
	struct sl_graph *after = zoo_graph(
		ALL(", {key: " KEY_A ", endpoint: '192.0.2.3:51820', allowed: [10.2.0.0/16]}"));
	struct sl_diff d;

	(void)state;
	assert_int_equal(sl_graph_diff(before, after, &d, NULL), 0);
	for (size_t i = 0; i < after->n_apps; i++)
		if ((d.apps[i].change != SL_KEEP) != !strcmp(after->apps[i].name, "site-handshake"))
			fail_msg("%s", after->apps[i].name);
	sl_diff_fini(&d);
	sl_graph_destroy(before);
	sl_graph_destroy(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_known_and_make_sense),
		cmocka_unit_test(keys_are_there_and_secret),
		cmocka_unit_test(nothing_stands_there_twice),
		cmocka_unit_test(a_tunnel_is_an_interface),
		cmocka_unit_test(endpoints_can_be_reached),
		cmocka_unit_test(packets_fit_the_way),
		cmocka_unit_test(what_a_tunnel_becomes),
		cmocka_unit_test(one_more_peer_changes_one_app),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
