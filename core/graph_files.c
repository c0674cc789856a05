// What the files say wrong that settings name. A class knows: its `check`.

#include "core/graph_files.h"

#include "core/config.h"
#include "core/plugin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct sl_setting *find_setting(const struct sl_app_class *class,
					     const struct sl_graph_app *app, const char *key)
{
	for (size_t i = 0; i < app->n_settings; i++) {
		const char *name = app->settings[i].key;

		if (!strcmp(name ? name : class->keys[0].name, key))
			return &app->settings[i];
	}
	return NULL;
}

static struct sl_place place_of(const struct sl_app_class *class, const struct sl_graph_app *app,
				const struct sl_blame *b)
{
	const struct sl_setting *s = b->key ? find_setting(class, app, b->key) : NULL;
	const struct sl_value *v = s ? &s->value : NULL;

	if (v && b->item < v->n_items)
		v = &v->items[b->item];
	return v && v->at.text >= 0 ? v->at : app->at;
}

int sl_graph_check_config(const struct sl_graph *g, const struct sl_graph_app *app,
			  const struct sl_app_class *class, const void *config,
			  struct sl_error *err)
{
	struct sl_blame blame = {0};
	int code = class->check ? class->check(config, &blame, err) : 0;
	struct sl_place at;

	if (code == 0)
		return 0;
	at = place_of(class, app, &blame);
	if (at.text < 0)
		sl_error_prefix(err, code, "%s", app->name);
	sl_graph_error_place(g, at, err);
	return code;
}

static int check_app(const struct sl_graph *g, const struct sl_graph_app *app, struct sl_error *err)
{
	const struct sl_app_class *class = sl_class_of(g, app, err);
	void *config;
	int code;

	if (!class)
		return -EINVAL;
	if (!class->check)
		return 0;
	config = calloc(1, class->config_size + 1);
	if (!config)
		return sl_error_set(err, -ENOMEM, "out of memory");
	code = sl_config_read(class, g, app, config, err);
	if (code == 0) {
		code = sl_graph_check_config(g, app, class, config, err);
		sl_config_fini(class, config);
	}
	free(config);
	return code;
}

int sl_graph_check_files(const struct sl_graph *g, struct sl_error *err)
{
	int code = 0;

	for (size_t i = 0; i < g->n_apps && code == 0; i++)
		code = check_app(g, &g->apps[i], err);
	return code;
}
