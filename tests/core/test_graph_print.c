#include "core/graph.h"

#include "tests/core/zoo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static char *print(const char *yaml)
{
	struct sl_graph *g = zoo_graph(yaml);
	char *text = sl_graph_yaml(g);

	assert_non_null(text);
	sl_graph_destroy(g);
	return text;
}

static void a_graph_is_printed_as_its_file(void **state)
{
	static const char file[] = "apps:\n"
				   "  in:\n"
				   "    gen:\n"
				   "      k: 1\n"
				   "      l:\n"
				   "        - a\n"
				   "        - b c\n"
				   "    worker: 1\n"
				   "  f:\n"
				   "    knobs: udp port 53\n"
				   "  g:\n"
				   "    knobs:\n"
				   "      - a\n"
				   "      - b\n"
				   "  e: eat\n"
				   "  h:\n"
				   "    eat:\n"
				   "    worker: 0\n"
				   "links:\n"
				   "  - in.out -> f\n"
				   "  - f -> g.in\n"
				   "workers: 2\n"
				   "cpus: [3, 1]\n"
				   "mtu: 9000\n"
				   "link-size: 128\n"
				   "idle: 0ns\n"
				   "packets: 1000\n"
				   "plugins:\n"
				   "  - ./p.so\n"
				   "eal:\n"
				   "  - \"--no-pci\"\n";
	char *text = print(file);

	(void)state;
	assert_string_equal(text, file);
	free(text);
}

// Texts that YAML would take for something else, or not at all, come back as they were.
static void any_text_comes_back(void **state)
{
	static const char *const texts[] = {
		"",     " ",     " a",          "a ",       "a  b", "null", "~",    "-",
		"- a",  "a: b",  "a:",          "a #b",     "#a",   "'a'",  "\"",   "\\",
		"\\n",  "a\nb",  "\t",          "\x01",     "[a]",  "{a}",  "a, b", "*a",
		"&a",   "!a",    "|",           ">",        "%a",   "@a",   "`a",   "?",
		"::/0", "a::1%", "caf\xc3\xa9", "\xc2\x85", "---",  "...",  "no",   "0x1f",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sl_graph *g = sl_graph_create(), *again;
		char *text;

		assert_int_equal(sl_graph_add(g, "a", "knobs", NULL), 0);
		assert_int_equal(sl_graph_set(g, "a", "title", texts[i], false, NULL), 0);
		assert_int_equal(sl_graph_set(g, "a", "tags", texts[i], true, NULL), 0);
		text = sl_graph_yaml(g);
		again = zoo_graph(text);
		assert_string_equal(again->apps[0].settings[0].value.text, texts[i]);
		assert_string_equal(again->apps[0].settings[1].value.items[0].text, texts[i]);
		free(text);
		sl_graph_destroy(again);
		sl_graph_destroy(g);
	}
}

// A pipeline gives a class's first key without its name, beside others.
static void the_first_key_is_named_beside_others(void **state)
{
	struct sl_graph *g = sl_graph_create();
	char *text;

	(void)state;
	assert_int_equal(sl_graph_pipeline(g, "k=knobs hello loud=no -> e=eat", NULL, NULL, NULL),
			 0);
	assert_int_equal(sl_graph_announce(g, "later", NULL), 0);
	text = sl_graph_yaml(g);
	assert_non_null(strstr(text, "      title: hello\n      loud: no\n"));
	assert_null(strstr(text, "later"));
	free(text);
	sl_graph_destroy(g);
}

static void an_empty_graph_can_be_read_again(void **state)
{
	struct sl_graph *g = sl_graph_create(), *again;
	char *text = sl_graph_yaml(g);

	(void)state;
	again = zoo_graph(text);
	assert_int_equal(again->n_apps, 0);
	free(text);
	sl_graph_destroy(again);
	sl_graph_destroy(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_graph_is_printed_as_its_file),
		cmocka_unit_test(any_text_comes_back),
		cmocka_unit_test(the_first_key_is_named_beside_others),
		cmocka_unit_test(an_empty_graph_can_be_read_again),
	};

	return cmocka_run_group_tests(tests, zoo_open, NULL);
}
