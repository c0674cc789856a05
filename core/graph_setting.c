#include "core/graph.h"
#include "core/grow.h"

#include <errno.h>

void sl_value_fini(struct sl_value *v)
{
	free(v->text);
	for (size_t i = 0; i < v->n_items; i++)
		sl_value_fini(&v->items[i]);
	free(v->items);
}

void sl_setting_fini(struct sl_setting *s)
{
	free(s->key);
	sl_value_fini(&s->value);
}

static struct sl_setting *find_setting(struct sl_graph_app *app, const char *key)
{
	for (size_t i = 0; i < app->n_settings; i++) {
		struct sl_setting *s = &app->settings[i];

		if (key && s->key ? !strcmp(key, s->key) : key == s->key)
			return s;
	}
	return NULL;
}

static struct sl_setting *add_setting(struct sl_graph_app *app, const char *key,
				      struct sl_place key_at)
{
	struct sl_setting *s = sl_grow(app->settings, app->n_settings, sizeof(*s));

	if (!s)
		return NULL;
	app->settings = s;
	s += app->n_settings;
	*s = (struct sl_setting){.at = key_at};
	if (!sl_copy_text(&s->key, key))
		return NULL;
	app->n_settings++;
	return s;
}

static bool append_item(struct sl_value *v, const char *text, struct sl_place at)
{
	struct sl_value *items = sl_grow(v->items, v->n_items, sizeof(*items));

	if (!items)
		return false;
	v->items = items;
	if (!text)
		return true;
	items[v->n_items] = (struct sl_value){.at = at};
	if (!sl_copy_text(&items[v->n_items].text, text))
		return false;
	v->n_items++;
	return true;
}

// Make a scalar the first item of a list.
static bool make_list(struct sl_value *v)
{
	char *text = v->text;

	if (!text)
		return true;
	if (!append_item(v, text, v->at))
		return false;
	v->text = NULL;
	free(text);
	return true;
}

int sl_graph_app_set(struct sl_graph *g, struct sl_graph_app *app, const char *key,
		     struct sl_place key_at, const char *text, struct sl_place text_at, bool append,
		     struct sl_error *err)
{
	struct sl_setting *s = find_setting(app, key);

	if (s && !append && key)
		return sl_graph_error(g, key_at, err, -EEXIST, "'%s' of app '%s' is set twice", key,
				      app->name);
	if (s && !append)
		return sl_graph_error(g, text_at, err, -EEXIST, "app '%s' is given a second value",
				      app->name);
	if (!s) {
		s = add_setting(app, key, key_at);
		if (!s)
			return sl_error_set(err, -ENOMEM, "out of memory");
		s->value.at = text_at;
	}
	if (append ? !make_list(&s->value) || !append_item(&s->value, text, text_at)
		   : !sl_copy_text(&s->value.text, text))
		return sl_error_set(err, -ENOMEM, "out of memory");
	return 0;
}

int sl_graph_set(struct sl_graph *g, const char *app, const char *key, const char *value,
		 bool append, struct sl_error *err)
{
	struct sl_graph_app *a = sl_graph_find(g, app);

	if (!a)
		return sl_graph_no_app(g, app, sl_place_none(), err);
	return sl_graph_app_set(g, a, key, sl_place_none(), value, sl_place_none(), append, err);
}
