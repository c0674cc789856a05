// plugin: what the registry of classes needs and gives inside the library.
#pragma once

#include "core/graph.h"

// The library's own classes, NULL at the end. The table is that of the layer above.
extern const struct sl_app_class *const sl_classes[];

// Load the plugins a graph names. Returns 0, or what sl_plugin_load says, at its place.
int sl_plugin_load_all(const struct sl_graph *g, struct sl_error *err);

// Returns the class of an app, or NULL with err filled: the nearest name, at its place.
const struct sl_app_class *sl_class_of(const struct sl_graph *g, const struct sl_graph_app *app,
				       struct sl_error *err);

// Returns what is wrong with a class's table, or NULL.
const char *sl_class_mistake(const struct sl_app_class *class);
