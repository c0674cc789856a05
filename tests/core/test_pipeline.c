#include "core/graph.h"

#include "tests/core/zoo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void append(char *out, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void append(char *out, size_t size, const char *format, ...)
{
	size_t at = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + at, size - at, format, args);
	va_end(args);
}

// "name=class[key=value][value]..." for each app, then "from>to" for each link.
static void describe(const struct sl_graph *g, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < g->n_apps; i++) {
		const struct sl_graph_app *a = &g->apps[i];

		append(out, size, "%s%s=%s", i ? " " : "", a->name, a->class);
		for (size_t j = 0; j < a->n_settings; j++) {
			const struct sl_setting *s = &a->settings[j];
			const struct sl_value *v = s->value.text ? &s->value : s->value.items;
			size_t n = s->value.text ? 1 : s->value.n_items;

			for (size_t k = 0; k < n; k++)
				append(out, size, "[%s%s%s]", s->key ? s->key : "",
				       s->key ? "=" : "", v[k].text);
		}
	}
	for (size_t i = 0; i < g->n_links; i++)
		append(out, size, " %s>%s", g->links[i].from, g->links[i].to);
}

static void assert_line(const char *line, const char *wanted)
{
	struct sl_graph *g = sl_graph_create();
	struct sl_error err = {0};
	char got[1000];

	if (sl_graph_pipeline(g, line, NULL, NULL, &err))
		fail_msg("%s: %u: %s", line, err.column, err.text);
	describe(g, got, sizeof(got));
	assert_string_equal(got, wanted);
	sl_graph_destroy(g);
}

static void stages_are_linked_in_a_row(void **state)
{
	(void)state;
	assert_line("source", "source=source");
	assert_line("source -> sink", "source=source sink=sink source>sink");
	assert_line("a->b->c", "a=a b=b c=c a>b b>c");
	assert_line("  a\t->\n b ", "a=a b=b a>b");
	assert_line("", "");
	assert_line(" \n ", "");
}

static void values_and_settings(void **state)
{
	(void)state;
	assert_line("rate 1Mpps", "rate=rate[1Mpps]");
	assert_line("rate 1Mpps burst=5 -> sink", "rate=rate[1Mpps][burst=5] sink=sink rate>sink");
	assert_line("pcap-reader a b", "pcap-reader=pcap-reader[a][b]");
	assert_line("x k=a k=b k=", "x=x[k=a][k=b][k=]");
	assert_line("x a=b=c", "x=x[a=b=c]");
	assert_line("x =a a.b=c -y=1 'q=1' \"q\"=1 q\\=1", "x=x[=a][a.b=c][-y=1][q=1][q=1][q=1]");
}

static void quotes_are_a_shell_s(void **state)
{
	(void)state;
	assert_line("filter 'udp port 53'", "filter=filter[udp port 53]");
	assert_line("filter \"udp port 53\"", "filter=filter[udp port 53]");
	assert_line("filter udp\\ port", "filter=filter[udp port]");
	assert_line("x a'b'\"c\"d", "x=x[abcd]");
	assert_line("x '' \"\"", "x=x[][]");
	assert_line("x 'a\"b' \"a'b\"", "x=x[a\"b][a'b]");
	assert_line("x 'a\\b' \"a\\b\" \"a\\\"b\" \"\\\\\" \"\\$\"",
		    "x=x[a\\b][a\\b][a\"b][\\][$]");
	assert_line("x k='a -> b' 'c->d' e\\->f", "x=x[k=a -> b][c->d][e->f]");
	assert_line("x k=\"a b\"c", "x=x[k=a bc]");
	assert_line("x 'ip[6:2] & 0x1fff = 0'", "x=x[ip[6:2] & 0x1fff = 0]");
	assert_line("x ip[6:2]=0", "x=x[ip[6:2]=0]");
}

static void names_are_given_or_made_up(void **state)
{
	(void)state;
	assert_line("a=tee -> b=tee", "a=tee b=tee a>b");
	assert_line("tee -> tee -> tee", "tee=tee tee-2=tee tee-3=tee tee>tee-2 tee-2>tee-3");
	// A name given later in the line is left to that stage.
	assert_line("tee -> tee=sink", "tee-2=tee tee=sink tee-2>tee");
	assert_line("tee-2=x -> tee -> tee", "tee-2=x tee=tee tee-3=tee tee-2>tee tee>tee-3");
}

static void a_line_joins_apps_that_are_there(void **state)
{
	static const struct {
		const char *line, *first, *last, *wanted;
	} cases[] = {
		{"tee", "in", "out", "in=source out=sink tee=tee in>tee tee>out"},
		{"tee", "in", NULL, "in=source out=sink tee=tee in>tee"},
		{"tee", NULL, "out", "in=source out=sink tee=tee tee>out"},
		{"", "in", "out", "in=source out=sink in>out"},
		{" ", "in", NULL, "in=source out=sink"},
		{"in -> out", NULL, NULL, "in=source out=sink in-2=in out-2=out in-2>out-2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_graph *g = zoo_graph("apps: {in: source, out: sink}");
		char got[1000];

		assert_int_equal(
			sl_graph_pipeline(g, cases[i].line, cases[i].first, cases[i].last, NULL),
			0);
		describe(g, got, sizeof(got));
		assert_string_equal(got, cases[i].wanted);
		sl_graph_destroy(g);
	}
}

static void mistakes_are_named_by_their_column(void **state)
{
	static const struct {
		const char *line, *error;
	} cases[] = {
		{"->", "1:1: a stage is missing in front of '->'"},
		{"-> a", "1:1: a stage is missing in front of '->'"},
		{"a ->", "1:3: a stage is missing behind '->'"},
		{"a -> -> b", "1:6: a stage is missing in front of '->'"},
		{"a 'b", "1:3: this ' is never closed"},
		{"a -> b \"c'", "1:8: this \" is never closed"},
		{"a b\\", "1:4: nothing follows this \\"},
		{"a -> b= c", "1:8: a class is missing behind '='"},
		{"a -> ''", "1:6: a class is missing"},
		{"a -> b/c", "1:6: 'b/c' is not the name of a class"},
		{"a -> in=tee", "1:6: there is an app 'in' already"},
		{"x=a -> x=b", "1:8: there is an app 'x' already, on line 1"},
		{"\xc3\xa9 -> a", "1:1: '\xc3\xa9' is not the name of a class"},
		{"a '\xc3\xa9' ->", "1:7: a stage is missing behind '->'"},
		{"a ->\nb 'c", "2:3: this ' is never closed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_graph *g = zoo_graph("apps: {in: source}");
		struct sl_error err = {0};
		char wanted[200];

		snprintf(wanted, sizeof(wanted), "pipeline:%s", cases[i].error);
		zoo_assert_error(sl_graph_pipeline(g, cases[i].line, NULL, NULL, &err), -EINVAL,
				 &err, wanted);
		assert_int_equal(sl_graph_pipeline(g, cases[i].line, NULL, NULL, NULL), -EINVAL);
		assert_int_equal(g->n_apps, 1);
		assert_int_equal(g->n_texts, 1);
		sl_graph_destroy(g);
	}
}

static void unknown_ends_are_errors(void **state)
{
	struct sl_graph *g = zoo_graph("apps: {input: source}");
	struct sl_error err = {0};

	(void)state;
	zoo_assert_error(sl_graph_pipeline(g, "tee", "inptu", NULL, &err), -EINVAL, &err,
			 "pipeline:1:1: no app is named 'inptu'; did you mean 'input'?");
	zoo_assert_error(sl_graph_pipeline(g, "", "input", "out", &err), -EINVAL, &err,
			 "no app is named 'out'");
	assert_int_equal(g->n_links, 0);
	sl_graph_destroy(g);
}

static void lines_have_a_limit(void **state)
{
	enum { SIZE = 70000 };
	struct sl_graph *g = sl_graph_create();
	char *line = malloc(SIZE);
	struct sl_error err = {0};

	(void)state;
	assert_non_null(line);
	memset(line, 'x', SIZE);
	line[SIZE - 1] = '\0';
	zoo_assert_error(sl_graph_pipeline(g, line, NULL, NULL, &err), -EINVAL, &err,
			 "pipeline:1:1: longer than 65536 bytes");
	line[65536] = '\0';
	memcpy(line, "tee ", 4);
	assert_int_equal(sl_graph_pipeline(g, line, NULL, NULL, &err), 0);
	free(line);
	sl_graph_destroy(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stages_are_linked_in_a_row),
		cmocka_unit_test(values_and_settings),
		cmocka_unit_test(quotes_are_a_shell_s),
		cmocka_unit_test(names_are_given_or_made_up),
		cmocka_unit_test(a_line_joins_apps_that_are_there),
		cmocka_unit_test(mistakes_are_named_by_their_column),
		cmocka_unit_test(unknown_ends_are_errors),
		cmocka_unit_test(lines_have_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
