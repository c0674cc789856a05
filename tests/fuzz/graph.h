// graph: what holds for every graph and every error, whatever text they come from.
#pragma once

#include "core/error.h"
#include "core/graph.h"

#include <stdlib.h>
#include <string.h>

static inline void fuzz_expect(bool holds)
{
	if (!holds)
		abort();
}

// file  The name that errors may give.
static inline void fuzz_error(const struct sl_error *err, const char *file)
{
	char text[1200];

	fuzz_expect(err->text[0] && !strpbrk(err->text, "\n\r\t"));
	fuzz_expect(!strchr(err->source, '\n'));
	fuzz_expect(!err->file[0] || !strcmp(err->file, file));
	fuzz_expect(!err->column || err->line);
	fuzz_expect(!err->text[sl_text_utf8(err->text)]);
	sl_error_format(err, text, sizeof(text));
	fuzz_expect(strlen(text) < sizeof(text) - 1);
}

// A graph without mistakes is the same after it was written and read again, if its texts are such
// that YAML can hold.
static inline void fuzz_print(const struct sl_graph *g)
{
	struct sl_graph *again = sl_graph_create();
	char *yaml = sl_graph_yaml(g);
	char *a = sl_graph_dot(g), *b;

	if (!yaml[sl_text_utf8(yaml)]) {
		fuzz_expect(sl_graph_parse(again, yaml, "fuzz/again.yaml", NULL) == 0);
		b = sl_graph_dot(again);
		fuzz_expect(!strcmp(a, b));
		free(b);
	}
	free(a);
	free(yaml);
	sl_graph_destroy(again);
}

// Loading a plugin runs its code, and a filter is libpcap's to read, which asks for the addresses
// of hosts: texts that name some are not checked further.
static inline bool fuzz_is_ours(const struct sl_graph *g)
{
	for (size_t i = 0; i < g->n_apps; i++)
		if (!strcmp(g->apps[i].class, "filter"))
			return false;
	return g->n_plugins == 0;
}

static inline void fuzz_graph(struct sl_graph *g)
{
	struct sl_graph *copy = sl_graph_copy(g);
	struct sl_error err = {0};
	char *a = sl_graph_dot(g), *b = sl_graph_dot(copy);

	fuzz_expect(!strcmp(a, b));
	free(a);
	free(b);
	if (fuzz_is_ours(g) && sl_graph_check(g, &err)) {
		fuzz_expect(err.text[0] && !strpbrk(err.text, "\n\r\t"));
		fuzz_expect(sl_graph_check(copy, NULL));
	} else if (fuzz_is_ours(g)) {
		fuzz_print(g);
	}
	while (copy->n_apps > 0)
		fuzz_expect(sl_graph_remove(copy, copy->apps[copy->n_apps / 2].name) == 0);
	fuzz_expect(copy->n_links == 0);
	sl_graph_destroy(copy);
}
