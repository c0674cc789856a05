// yaml: the part of YAML that a configuration needs, as a tree whose nodes know their place.
//
// One document of maps, lists and texts. What makes files hard to read or to trust is refused:
// anchors, aliases, tags, several documents, keys that are no texts or stand twice.
#pragma once

#include "core/graph.h"

enum sl_yaml_kind { SL_YAML_NOTHING, SL_YAML_TEXT, SL_YAML_LIST, SL_YAML_MAP };

struct sl_yaml {
	enum sl_yaml_kind kind;
	struct sl_place at;
	char *text;            // of a text
	struct sl_yaml *key;   // of a map's value; a text
	struct sl_yaml *first; // of a list's or map's values
	struct sl_yaml *last;
	struct sl_yaml *next; // of the same list or map
};

// Parse one text of the graph.
//
// text  Index into g->texts; errors name it.
//
// Returns 0 and *root, owned by the caller, NULL where there is nothing in it; -EINVAL or
// -ENOMEM.
int sl_yaml_parse(const struct sl_graph *g, int text, struct sl_yaml **root, struct sl_error *err);

// Free a tree. NULL is legal.
void sl_yaml_free(struct sl_yaml *node);

// Returns what a kind is called: "a map".
const char *sl_yaml_kind_name(enum sl_yaml_kind kind);
