#include "core/graph.h"

#include "tests/core/zoo.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct mistake {
	const char *yaml, *error;
};

static void a_file_says_a_graph(void **state)
{
	struct sl_graph *g = zoo_graph("# a comment\n"
				       "links:\n"
				       "  - in -> dns -> out\n"
				       "  - rest -> null\n"
				       "apps:\n"
				       "  in: {pcap-reader: {file: mixed.pcap}}\n"
				       "  dns: {filter: udp port 53}\n"
				       "  out: {pcap-writer: {file: dns.pcap}, worker: 1}\n"
				       "  rest: source\n"
				       "  null: {sink: ~}\n"
				       "workers: 2\n"
				       "cpus: [2, 3]\n"
				       "idle: 50us\n"
				       "mtu: 9k\n"
				       "link-size: 1024\n"
				       "packets: 4096\n"
				       "plugins: ./libcut.so\n"
				       "eal: [--no-pci]\n");

	(void)state;
	assert_int_equal(g->n_apps, 5);
	assert_string_equal(g->apps[0].class, "pcap-reader");
	assert_string_equal(g->apps[0].settings[0].key, "file");
	assert_null(g->apps[1].settings[0].key);
	assert_string_equal(g->apps[1].settings[0].value.text, "udp port 53");
	assert_int_equal(g->apps[1].settings[0].value.at.line, 7);
	assert_int_equal(g->apps[1].settings[0].value.at.column, 17);
	assert_int_equal(g->apps[2].worker, 1);
	assert_int_equal(g->apps[3].worker, -1);
	assert_int_equal(g->apps[4].n_settings, 0);
	assert_int_equal(g->n_links, 3);
	assert_int_equal(g->links[1].to_at.line, 3);
	assert_int_equal(g->links[1].to_at.column, 18);
	assert_int_equal(g->workers, 2);
	assert_int_equal(g->n_cpus, 2);
	assert_int_equal(g->cpus[1], 3);
	assert_int_equal(g->idle_ns, 50000);
	assert_int_equal(g->mtu, 9000);
	assert_int_equal(g->link_size, 1024);
	assert_int_equal(g->packets, 4096);
	assert_string_equal(g->plugins[0].value.text, "./libcut.so");
	assert_string_equal(g->eal_args[0], "--no-pci");
	sl_graph_destroy(g);
}

static void files_add_to_what_is_there(void **state)
{
	struct sl_graph *g = zoo_graph("apps: {a: source}\nworkers: 3");
	struct sl_error err = {0};

	(void)state;
	assert_int_equal(sl_graph_parse(g,
					"\xef\xbb\xbf"
					"apps: {b: sink}\r\nlinks: a -> b\r\n",
					"two.yaml", &err),
			 0);
	assert_int_equal(g->n_apps, 2);
	assert_int_equal(g->n_links, 1);
	assert_int_equal(g->workers, 3);
	zoo_assert_error(sl_graph_parse(g, "apps: {c: sink, a: sink}", "three.yaml", &err), -EINVAL,
			 &err, "three.yaml:1:17: there is an app 'a' already");
	assert_int_equal(g->n_apps, 2);
	assert_int_equal(g->n_texts, 2);
	sl_graph_destroy(g);
}

static void json_is_a_file_too(void **state)
{
	struct sl_graph *g = zoo_graph("{\"apps\": {\"a\": {\"source\": {\"count\": 5}}, \"b\": "
				       "\"sink\"},\n \"links\": [\"a -> b\"]}");

	(void)state;
	assert_int_equal(g->n_links, 1);
	assert_string_equal(g->apps[0].settings[0].value.text, "5");
	sl_graph_destroy(g);
}

static void check_mistakes(const struct mistake *m)
{
	for (; m->yaml; m++) {
		struct sl_graph *g = sl_graph_create();
		struct sl_error err = {0};
		char wanted[300];

		snprintf(wanted, sizeof(wanted), "f.yaml:%s", m->error);
		zoo_assert_error(sl_graph_parse(g, m->yaml, "f.yaml", &err), -EINVAL, &err, wanted);
		assert_int_equal(sl_graph_parse(g, m->yaml, "f.yaml", NULL), -EINVAL);
		assert_int_equal(g->n_apps + g->n_links + g->n_texts, 0);
		sl_graph_destroy(g);
	}
}

static void words_of_a_file(void **state)
{
	static const struct mistake mistakes[] = {
		{"", " there is nothing in it: a graph has 'apps' and 'links', a router 'ports' "
		     "and 'addresses'"},
		{"# only a comment\n", " there is nothing in it: a graph has 'apps' and 'links', a "
				       "router 'ports' and 'addresses'"},
		{"---\n", " there is nothing in it: a graph has 'apps' and 'links', a router "
			  "'ports' and 'addresses'"},
		{"~", " there is nothing in it: a graph has 'apps' and 'links', a router 'ports' "
		      "and 'addresses'"},
		{"in -> out", "1:1: a file must be a map, not a single value"},
		{"- a\n- b\n", "1:1: a file must be a map, not a list"},
		{"app: {}", "1:1: unknown key 'app'; did you mean 'apps'?"},
		{"apps: {}\nwokers: 2", "2:1: unknown key 'wokers'; did you mean 'workers'?"},
		{"port: {}", "1:1: unknown key 'port'; did you mean 'ports'?"},
		{"nothing: {}",
		 "1:1: unknown key 'nothing': a file has apps, workers, cpus, idle, mtu, "
		 "link-size, packets, plugins, eal, ports, tunnels, addresses, routes, neighbours, "
		 "router, serve, links"},
		{"apps: {}\nlinks: []\napps: {}\n",
		 "3:1: 'apps' stands here twice, first on line 1"},
		{"apps: [a]", "1:7: 'apps' must be a map, not a list"},
		{"apps: source", "1:7: 'apps' must be a map, not a single value"},
		{"links: {a: b}", "1:8: 'links' must be a list, not a map"},
		{"links: [[a]]", "1:9: each item of a list must be a single value, not a list"},
		{"links: [~]", "1:9: each item of a list must be a single value, not nothing"},
		{"workers: 0", "1:10: 'workers' must be between 1 and 64"},
		{"workers: 65", "1:10: 'workers' must be between 1 and 64"},
		{"workers: two",
		 "1:10: 'workers': 'two' is not a whole number such as 1000, 0x3e8 or 1k"},
		{"workers: [1]", "1:10: 'workers' must be a single value, not a list"},
		{"workers:", "1:1: 'workers' must be a single value, not nothing"},
		{"cpus: [0, x]",
		 "1:11: a CPU: 'x' is not a whole number such as 1000, 0x3e8 or 1k"},
		{"cpus: [1024]", "1:8: a CPU must be between 0 and 1023"},
		{"cpus: [1, 2, 1]", "1:14: CPU 1 stands here twice"},
		{"cpus: {a: 1}", "1:7: 'cpus' must be a list, not a map"},
		{"idle: 5",
		 "1:7: 'idle': '5' is not a duration such as 10us, 1.5ms or 2s, or 'off'"},
		{"idle: no",
		 "1:7: 'idle': 'no' is not a duration such as 10us, 1.5ms or 2s, or 'off'"},
		{"mtu: 67", "1:6: 'mtu' must be between 68 and 65000"},
		{"mtu: 65001", "1:6: 'mtu' must be between 68 and 65000"},
		{"link-size: 63", "1:12: 'link-size' must be between 64 and 1048576"},
		{"packets: 255", "1:10: 'packets' must be between 256 and 67108864"},
		{"plugins: {a: b}", "1:10: 'plugins' must be a list, not a map"},
		{"eal: ~", "1:6: 'eal' must be a list, not nothing"},
		{NULL, NULL},
	};

	(void)state;
	check_mistakes(mistakes);
}

static void apps_of_a_file(void **state)
{
	static const struct mistake mistakes[] = {
		{"apps: {a b: source}",
		 "1:8: 'a b' is not a name: use letters, digits, '-' and '_'"},
		{"apps:\n  a:\n", "2:3: app 'a' has no class"},
		{"apps: {a: {}}", "1:11: app 'a' has no class"},
		{"apps: {a: {worker: 1}}", "1:11: app 'a' has no class"},
		{"apps: {a: [source]}",
		 "1:11: app 'a' must be a class, or a map of a class and its settings, not a list"},
		{"apps:\n  a:\n    rate: 1Mpps\n    burst: 5\n",
		 "4:5: app 'a' has the class 'rate' already: if 'burst' is a setting of it, it "
		 "belongs a level deeper"},
		{"apps:\n  a: source\n  a: sink\n", "3:3: 'a' stands here twice, first on line 2"},
		{"apps: {a: {rate: {x: 1, x: 2}}}", "1:25: 'x' stands here twice, first on line 1"},
		{"apps: {a: {rate: {x: {y: 1}}}}",
		 "1:22: 'x' of app 'a' must be a single value or a list, not a map"},
		{"apps: {a: {rate: {x: }}}",
		 "1:19: 'x' of app 'a' must be a single value or a list, not nothing"},
		{"apps: {a: {rate: {x: [1, [2]]}}}",
		 "1:26: each item of a list must be a single value, not a list"},
		{"apps: {a: {rate: [{x: 1}]}}",
		 "1:19: each item of a list must be a single value, not a map"},
		{"apps: {a: {rate: 1Mpps, worker: x}}",
		 "1:33: 'worker': 'x' is not a whole number such as 1000, 0x3e8 or 1k"},
		{"apps: {a: {rate: 1Mpps, worker: 64}}", "1:33: 'worker' must be between 0 and 63"},
		{"apps: {a: source}\nlinks: [a -> b]", "2:14: no app is named 'b'"},
		{NULL, NULL},
	};

	(void)state;
	check_mistakes(mistakes);
}

static void yaml_itself(void **state)
{
	static const struct mistake mistakes[] = {
		{"apps: {a: source", "1:7: this '{' is never closed"},
		{"links: [\n  a -> b,\n  c -> d\nworkers: 2\n", "1:8: this '[' is never closed"},
		{"links: [a, b", "1:8: this '[' is never closed"},
		{"apps: }", "1:7: flow mapping with invalid extra closing brace"},
		{"apps: \"x", "1:8: double-quoted scalar without closing quote"},
		{"apps:\n\ta: source", "2:1: tab character may not be used as indentation"},
		{"apps: a: b", "1:8: invalid nested block mapping on the same line"},
		{"apps: @x", "1:7: plain scalar cannot start with '@'"},
		{"%YAML 9.9\n---\na: b", "1:1: this is not YAML"},
		{"apps: {a: &x source, b: *x}",
		 "1:12: anchors (&name) are not used here; a text with '&' needs quotes"},
		{"apps: {b: *x}",
		 "1:12: aliases (*name) are not used here; a text with '*' needs quotes"},
		{"apps: {b: !x y}",
		 "1:11: tags (!name) are not used here; a text with '!' needs quotes"},
		{"workers: 1\n---\nworkers: 2\n", "3:1: a second document: a file has one"},
		{"? [a]\n: b\n", "1:3: the key of a map must be a text, not a list"},
		{"{a: b, {c: d}: e}", "1:8: the key of a map must be a text, not a map"},
		{": b", "1:1: the key of a map must be a text, not nothing"},
		{"apps:\n  in: \xff\n", "2:7: byte 0xff: this is not UTF-8"},
		{"# \xc3\xa9\xc3(\n", "1:4: byte 0xc3: this is not UTF-8"},
		{"apps:\n a: \x01\n", "2:5: control character 0x01"},
		{"eal: 'a''b\n  c'",
		 "1:7: '' in a text of several lines: use double quotes around it"},
		{"eal: \"a\\0b\"", "1:7: a NUL character in a text"},
		{NULL, NULL},
	};

	(void)state;
	check_mistakes(mistakes);
}

static void doubled_quotes_stand_for_one(void **state)
{
	static const struct {
		const char *yaml, *text;
	} cases[] = {
		{"eal: ['it''s']", "it's"},
		{"eal: ['''']", "'"},
		{"eal: ['''''']", "''"},
		{"eal: ['''a''''b''']", "'a''b'"},
		{"eal: ['a']", "a"},
		{"eal: ['''''1k: [s -1g''''x''y''''&''']", "''1k: [s -1g''x'y''&'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sl_graph *g = sl_graph_create();

		assert_int_equal(sl_graph_parse(g, cases[i].yaml, "test", NULL), 0);
		assert_string_equal(g->eal_args[0], cases[i].text);
		sl_graph_destroy(g);
	}
}

static void nesting_without_end(void **state)
{
	enum { DEPTH = 100000 };
	static const char *const brackets[] = {"[", "{a: ", "- ", "? "};
	struct sl_graph *g = sl_graph_create();
	char *text = malloc(4 * DEPTH + 1);
	struct sl_error err;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < sizeof(brackets) / sizeof(brackets[0]); i++) {
		text[0] = '\0';
		for (char *s = text; s < text + 4 * DEPTH - 4; s += strlen(brackets[i]))
			strcpy(s, brackets[i]);
		assert_int_equal(sl_graph_parse(g, text, "f.yaml", &err), -EINVAL);
		assert_string_not_equal(err.text, "");
		assert_int_equal(err.line, 1);
	}
	free(text);
	sl_graph_destroy(g);
}

static void a_hundred_thousand_keys_take_no_time(void **state)
{
	enum { KEYS = 100000 };
	struct sl_graph *g = sl_graph_create();
	char *text = malloc(20 * KEYS), *s = text;
	struct sl_error err;

	(void)state;
	assert_non_null(text);
	for (unsigned i = 0; i < KEYS; i++)
		s += sprintf(s, "key%u: 1\n", i);
	sprintf(s, "key77: 2\n");
	zoo_assert_error(sl_graph_parse(g, text, "f.yaml", &err), -EINVAL, &err,
			 "f.yaml:100001:1: 'key77' stands here twice, first on line 78");
	free(text);
	sl_graph_destroy(g);
}

// Write a file of its own and return its path, which the caller unlinks and frees.
static char *write_file(const void *bytes, size_t len)
{
	char *path = strdup("/tmp/sluice-test-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
	return path;
}

static void assert_load(const char *path, int wanted, const char *text)
{
	struct sl_graph *g = sl_graph_create();
	struct sl_error err = {0};
	char line[400];

	snprintf(line, sizeof(line), "%s: %s", path, text);
	zoo_assert_error(sl_graph_load(g, path, &err), wanted, &err, line);
	assert_int_equal(sl_graph_load(g, path, NULL), wanted);
	assert_int_equal(g->n_texts, 0);
	sl_graph_destroy(g);
}

static void files_that_are_none(void **state)
{
	static const char zeros[] = "apps: {}\0links: []";
	char *path = write_file(zeros, sizeof(zeros));
	char *empty = write_file("", 0);
	char inside[100];

	(void)state;
	assert_load("/tmp", -EISDIR, "Is a directory");
	assert_load("/nowhere/f.yaml", -ENOENT, "No such file or directory");
	assert_load("/dev/zero", -EFBIG, "the file is larger than 16 MiB");
	assert_load(path, -EINVAL, "there is a NUL byte in it: this is no text");
	assert_load(empty, -EINVAL,
		    "there is nothing in it: a graph has 'apps' and 'links', a router 'ports' and "
		    "'addresses'");
	snprintf(inside, sizeof(inside), "%s/f.yaml", path);
	assert_load(inside, -ENOTDIR, "Not a directory");
	unlink(path);
	unlink(empty);
	free(path);
	free(empty);
}

static void a_file_is_loaded_and_errors_name_it(void **state)
{
	static const char text[] = "apps:\n  in: source\n  out: sink\nlinks:\n  - in -> uot\n";
	char *path = write_file(text, strlen(text)), wanted[1200], got[1200];
	struct sl_graph *g = sl_graph_create();
	struct sl_error err;

	(void)state;
	assert_int_equal(sl_graph_load(g, path, &err), -EINVAL);
	sl_error_format(&err, got, sizeof(got));
	snprintf(wanted, sizeof(wanted),
		 "%s:5:11: no app is named 'uot'; did you mean 'out'?\n  - in -> uot\n          ^",
		 path);
	assert_string_equal(got, wanted);
	sl_graph_destroy(g);
	unlink(path);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_says_a_graph),
		cmocka_unit_test(files_add_to_what_is_there),
		cmocka_unit_test(json_is_a_file_too),
		cmocka_unit_test(words_of_a_file),
		cmocka_unit_test(apps_of_a_file),
		cmocka_unit_test(yaml_itself),
		cmocka_unit_test(doubled_quotes_stand_for_one),
		cmocka_unit_test(nesting_without_end),
		cmocka_unit_test(a_hundred_thousand_keys_take_no_time),
		cmocka_unit_test(files_that_are_none),
		cmocka_unit_test(a_file_is_loaded_and_errors_name_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
