// graph_files: what the files say wrong that the settings of an app name.
#pragma once

#include "core/graph.h"

#include <sluice/app.h>

// Let the class check an app's config, and say where the mistake stands: at the value that is to
// blame, or at the app. Returns 0, or what the class's check returns, err filled.
int sl_graph_check_config(const struct sl_graph *g, const struct sl_graph_app *app,
			  const struct sl_app_class *class, const void *config,
			  struct sl_error *err);
