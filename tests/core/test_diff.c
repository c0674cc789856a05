#include "core/diff.h"
#include "tests/core/numbered.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int register_classes(void **state)
{
	(void)state;
	return sl_class_register(&numbers_class) || sl_class_register(&check_class) ||
	       sl_class_register(&pass_class);
}

static struct sl_graph *graph(const char *pipeline)
{
	struct sl_graph *g = sl_graph_create();
	struct sl_error err = {0};

	if (*pipeline && sl_graph_pipeline(g, pipeline, NULL, NULL, &err) < 0)
		fail_msg("%s", err.text);
	return g;
}

// K(eep), R(eplace) or S(tart) for each wanted app, ":", the same for links, then ":" and x for
// each running app that stops (- where not), ":" and the same for links.
static void diff_text(const struct sl_graph *from, const struct sl_graph *to, char *out)
{
	static const char letter[] = {[SL_KEEP] = 'K', [SL_REPLACE] = 'R', [SL_START] = 'S'};
	struct sl_diff d;

	assert_int_equal(sl_graph_diff(from, to, &d, NULL), 0);
	for (size_t i = 0; i < to->n_apps; i++)
		*out++ = letter[d.apps[i].change];
	*out++ = ':';
	for (size_t i = 0; i < to->n_links; i++)
		*out++ = letter[d.links[i].change];
	*out++ = ':';
	for (size_t i = 0; i < from->n_apps; i++)
		*out++ = d.app_stops[i] ? 'x' : '-';
	*out++ = ':';
	for (size_t i = 0; i < from->n_links; i++)
		*out++ = d.link_stops[i] ? 'x' : '-';
	*out = '\0';
	sl_diff_fini(&d);
}

static void every_change_is_found_and_no_other(void **state)
{
	static const struct {
		const char *from, *to, *diff;
	} cases[] = {
		{"", "", ":::"},
		{"", "a=numbers -> b=check", "SS:S::"},
		{"a=numbers -> b=check", "", "::xx:x"},
		{"a=numbers -> b=check", "a=numbers -> b=check", "KK:K:--:-"},
		// Another config, class or name.
		{"a=numbers -> b=check", "a=numbers 5 -> b=check", "RK:K:x-:-"},
		{"a=numbers 5 -> b=check", "a=numbers count=5 -> b=check", "KK:K:--:-"},
		{"a=numbers -> b=check", "a=numbers -> b=pass", "KR:K:-x:-"},
		{"a=numbers -> b=check", "a=numbers -> c=check", "KS:S:-x:x"},
		// Inserted and removed in the middle.
		{"a=numbers -> b=check", "a=numbers -> p=pass -> b=check", "KSK:SS:--:x"},
		{"a=numbers -> p=pass -> b=check", "a=numbers -> b=check", "KK:S:-x-:xx"},
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sl_graph *from = graph(cases[i].from), *to = graph(cases[i].to);

		diff_text(from, to, text);
		assert_string_equal(text, cases[i].diff);
		sl_graph_destroy(from);
		sl_graph_destroy(to);
	}
}

static void a_copy_is_no_change(void **state)
{
	struct sl_graph *g = graph("a=numbers 7 -> p=pass -> b=check"), *copy = sl_graph_copy(g);
	char text[64];

	(void)state;
	diff_text(g, copy, text);
	assert_string_equal(text, "KKK:KK:---:--");
	sl_graph_destroy(g);
	sl_graph_destroy(copy);
}

static void the_worker_of_an_app_is_not_its_config(void **state)
{
	struct sl_graph *from = graph("a=numbers -> b=check"), *to = sl_graph_copy(from);
	char text[64];

	(void)state;
	sl_graph_set_workers(to, 2);
	assert_int_equal(sl_graph_place(to, "b", 1, NULL), 0);
	diff_text(from, to, text);
	assert_string_equal(text, "KK:K:--:-");
	sl_graph_destroy(from);
	sl_graph_destroy(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_change_is_found_and_no_other),
		cmocka_unit_test(a_copy_is_no_change),
		cmocka_unit_test(the_worker_of_an_app_is_not_its_config),
	};

	return cmocka_run_group_tests(tests, register_classes, NULL);
}
