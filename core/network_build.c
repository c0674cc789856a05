#include "core/network_build.h"

#include "core/grow.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT = 128 }; // bytes of a setting

void sl_build_app(struct sl_builder *b, struct sl_place at, const char *class, const char *format,
		  ...)
{
	const struct sl_graph_app *app;
	char name[SL_BUILD_END];
	va_list args;

	if (b->code)
		return;
	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	app = sl_graph_add_app(b->g, name, at, class, at, b->err);
	if (app)
		b->app = (size_t)(app - b->g->apps);
	else
		b->code = -EINVAL;
}

void sl_build_put(struct sl_builder *b, struct sl_place at, const char *key, const char *text,
		  bool append)
{
	if (!b->code)
		b->code = sl_graph_app_set(b->g, &b->g->apps[b->app], key, at, text, at, append,
					   b->err);
}

void sl_build_set(struct sl_builder *b, struct sl_place at, const char *key, const char *format,
		  ...)
{
	char text[TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sl_build_put(b, at, key, text, false);
}

void sl_build_append(struct sl_builder *b, struct sl_place at, const char *key, const char *format,
		     ...)
{
	char text[TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sl_build_put(b, at, key, text, true);
}

// Write a pattern with the name in place of its '*'.
static void expand(char *to, const char *pattern, const char *name)
{
	int before = (int)strcspn(pattern, "*");

	if (pattern[before])
		snprintf(to, SL_BUILD_END, "%.*s%s%s", before, pattern, name, pattern + before + 1);
	else
		snprintf(to, SL_BUILD_END, "%s", pattern);
}

void sl_build_wire(struct sl_builder *b, struct sl_place at, const char *name, const char *from,
		   const char *to)
{
	struct sl_wire *wires = b->code ? NULL : sl_grow(b->wires, b->n_wires, sizeof(*wires));

	if (!b->code && !wires)
		b->code = sl_error_set(b->err, -ENOMEM, "out of memory");
	if (b->code)
		return;
	b->wires = wires;
	wires += b->n_wires++;
	wires->at = at;
	expand(wires->from, from, name);
	expand(wires->to, to, name);
}

static void add_link(struct sl_builder *b, struct sl_place at, const char *from, const char *to)
{
	if (!b->code && !sl_graph_add_link(b->g, from, at, to, at, b->err))
		b->code = -EINVAL;
}

// "lan-out.error" as part of a name: "lan-out-error".
static void dash(char *name, const char *end)
{
	snprintf(name, SL_BUILD_END, "%s", end);
	for (; *name; name++)
		if (*name == '.')
			*name = '-';
}

// Link every wire to the same input as wire i, the first of them. A join's inputs are named by
// where they come from: these names stay when one more is added.
static void link_input(struct sl_builder *b, size_t i)
{
	const struct sl_wire *first = &b->wires[i];
	char join[SL_BUILD_END + 8], name[SL_BUILD_END], input[3 * SL_BUILD_END];
	unsigned n = 0;

	for (size_t k = i; k < b->n_wires; k++)
		n += !strcmp(b->wires[k].to, first->to);
	if (n == 1) {
		add_link(b, first->at, first->from, first->to);
		return;
	}
	dash(name, first->to);
	snprintf(join, sizeof(join), "%s-join", name);
	sl_build_app(b, first->at, "join", "%s", join);
	for (size_t k = i; k < b->n_wires; k++) {
		if (strcmp(b->wires[k].to, first->to) != 0)
			continue;
		dash(name, b->wires[k].from);
		snprintf(input, sizeof(input), "%s.%s", join, name);
		add_link(b, b->wires[k].at, b->wires[k].from, input);
	}
	add_link(b, first->at, join, first->to);
}

void sl_build_link(struct sl_builder *b)
{
	for (size_t i = 0; i < b->n_wires && !b->code; i++) {
		size_t k = 0;

		while (strcmp(b->wires[k].to, b->wires[i].to) != 0)
			k++;
		if (k == i)
			link_input(b, i);
	}
	free(b->wires);
	b->wires = NULL;
}
