#include "tests/core/zoo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void nothing(struct sl_app *app)
{
	(void)app;
}

static int check_title(const char *text, struct sl_error *err)
{
	return strchr(text, '!') ? sl_error_set(err, -EINVAL, "'%s' is loud", text) : 0;
}

static const char *const modes[] = {"slow", "steady", "fast", NULL};

static const struct sl_key knobs_keys[] = {
	{"title", SL_STRING, offsetof(struct knobs, title), .preset = "none", .check = check_title},
	{"loud", SL_BOOL, offsetof(struct knobs, loud), .preset = "yes"},
	{"count", SL_UINT, offsetof(struct knobs, count), .preset = "5", .min = 1, .max = 100},
	{"size", SL_BYTES, offsetof(struct knobs, size), .min = 64},
	{"pause", SL_DURATION, offsetof(struct knobs, pause), .min = 1000, .max = 5e9},
	{"share", SL_REAL, offsetof(struct knobs, share), .max = 1},
	{.name = "file", .type = SL_PATH, .offset = offsetof(struct knobs, file)},
	{"tags", SL_STRINGS, offsetof(struct knobs, tags), .preset = "blue", .check = check_title},
	{.name = "inputs", .type = SL_PATHS, .offset = offsetof(struct knobs, inputs)},
	{"mode", SL_CHOICE, offsetof(struct knobs, mode), .preset = "steady", .choices = modes},
	{.name = "rate", .type = SL_RATE, .offset = offsetof(struct knobs, rate)},
	{0},
};

struct needy {
	const char *file;
};

static const struct sl_key needy_keys[] = {
	{"file", SL_PATH, offsetof(struct needy, file), .required = true, .help = "what to read"},
	{0},
};

const struct sl_app_class zoo_knobs = {
	.name = "knobs",
	.inputs = {"in"},
	.outputs = {"out"},
	.keys = knobs_keys,
	.config_size = sizeof(struct knobs),
	.size = sizeof(struct sl_app),
	.push = nothing,
};

static const struct sl_app_class others[] = {
	{.name = "gen", .outputs = {"out"}, .size = sizeof(struct sl_app), .pull = nothing},
	{.name = "eat", .inputs = {"in"}, .size = sizeof(struct sl_app), .push = nothing},
	{
		.name = "echo",
		.inputs = {"in"},
		.outputs = {"out"},
		.size = sizeof(struct sl_app),
		.pull = nothing,
		.push = nothing,
	},
	{
		.name = "pass",
		.inputs = {"in"},
		.outputs = {"out"},
		.size = sizeof(struct sl_app),
		.push = nothing,
	},
	{
		.name = "router",
		.inputs = {"in"},
		.outputs = {"out", "expired"},
		.size = sizeof(struct sl_app),
		.push = nothing,
	},
	{
		.name = "mixer",
		.inputs = {"left", "right"},
		.outputs = {"out"},
		.size = sizeof(struct sl_app),
		.push = nothing,
	},
	{
		.name = "fan",
		.inputs = {"in"},
		.outputs = {"*"},
		.size = sizeof(struct sl_app),
		.push = nothing,
	},
	{
		.name = "switch",
		.inputs = {"in", "*"},
		.outputs = {"local", "error", "*"},
		.size = sizeof(struct sl_app),
		.push = nothing,
	},
	{
		.name = "funnel",
		.inputs = {"*"},
		.outputs = {"out"},
		.size = sizeof(struct sl_app),
		.push = nothing,
	},
	{
		.name = "needy",
		.inputs = {"in"},
		.outputs = {"out"},
		.keys = needy_keys,
		.config_size = sizeof(struct needy),
		.size = sizeof(struct sl_app),
		.push = nothing,
	},
};

int zoo_open(void **state)
{
	(void)state;
	if (sl_class_register(&zoo_knobs))
		return -1;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (sl_class_register(&others[i]))
			return -1;
	return 0;
}

void zoo_assert_error(int code, int wanted, const struct sl_error *err, const char *text)
{
	char line[1200], *end;

	sl_error_format(err, line, sizeof(line));
	end = strchr(line, '\n');
	if (end)
		*end = '\0';
	assert_string_equal(line, text);
	assert_int_equal(code, wanted);
}

void zoo_check_mistakes(const struct zoo_mistake *m)
{
	for (; m->yaml; m++) {
		struct sl_graph *g = sl_graph_create();
		struct sl_error err = {0};
		char wanted[400];

		snprintf(wanted, sizeof(wanted), "f.yaml:%s", m->error);
		zoo_assert_error(sl_graph_parse(g, m->yaml, "f.yaml", &err), -EINVAL, &err, wanted);
		assert_true(err.source[0]);
		assert_int_equal(sl_graph_parse(g, m->yaml, "f.yaml", NULL), -EINVAL);
		assert_int_equal(g->n_apps + g->n_links + g->n_texts, 0);
		sl_graph_destroy(g);
	}
}

struct sl_graph *zoo_graph(const char *yaml)
{
	struct sl_graph *g = sl_graph_create();
	struct sl_error err = {0};

	assert_non_null(g);
	if (sl_graph_parse(g, yaml, "dir/test.yaml", &err))
		fail_msg("%u:%u: %s", err.line, err.column, err.text);
	return g;
}
