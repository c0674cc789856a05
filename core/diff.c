#include "core/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct sl_setting *find_setting(const struct sl_graph_app *a, const char *key)
{
	for (size_t i = 0; i < a->n_settings; i++) {
		const char *k = a->settings[i].key;

		if (k == key || (k && key && strcmp(k, key) == 0))
			return &a->settings[i];
	}
	return NULL;
}

// The order of keys means nothing; each is there once.
static bool same_settings(const struct sl_graph_app *a, const struct sl_graph_app *b)
{
	if (a->n_settings != b->n_settings)
		return false;
	for (size_t i = 0; i < a->n_settings; i++) {
		const struct sl_setting *s = find_setting(b, a->settings[i].key);

		if (!s || !sl_value_equal(&a->settings[i].value, &s->value))
			return false;
	}
	return true;
}

static void compare_app(const struct sl_graph *from, const struct sl_graph_app *app,
			struct sl_action *action, bool *stops)
{
	const struct sl_graph_app *old = sl_graph_find(from, app->name);

	if (!old) {
		action->change = SL_START;
		return;
	}
	action->old = (size_t)(old - from->apps);
	if (strcmp(old->class, app->class) == 0 && same_settings(old, app)) {
		action->change = SL_KEEP;
		stops[action->old] = false;
	} else {
		action->change = SL_REPLACE;
	}
}

static bool same_end(const struct sl_graph *ga, size_t a, const char *port_a,
		     const struct sl_graph *gb, size_t b, const char *port_b)
{
	return strcmp(ga->apps[a].name, gb->apps[b].name) == 0 && strcmp(port_a, port_b) == 0;
}

static bool same_link(const struct sl_graph *ga, const struct sl_wire *a, const struct sl_graph *gb,
		      const struct sl_wire *b)
{
	return same_end(ga, a->from, a->from_name, gb, b->from, b->from_name) &&
	       same_end(ga, a->to, a->to_name, gb, b->to, b->to_name);
}

static void compare_links(const struct sl_graph *from, const struct sl_graph *to, struct sl_diff *d)
{
	for (size_t i = 0; i < to->n_links; i++) {
		d->links[i].change = SL_START;
		for (size_t j = 0; j < from->n_links; j++) {
			if (!same_link(to, &d->to.wires[i], from, &d->from.wires[j]))
				continue;
			d->links[i] = (struct sl_action){SL_KEEP, j};
			d->link_stops[j] = false;
			break;
		}
	}
}

static bool allocate(const struct sl_graph *from, const struct sl_graph *to, struct sl_diff *d)
{
	d->apps = calloc(to->n_apps + 1, sizeof(*d->apps));
	d->links = calloc(to->n_links + 1, sizeof(*d->links));
	d->app_stops = malloc(from->n_apps + 1);
	d->link_stops = malloc(from->n_links + 1);
	if (!d->apps || !d->links || !d->app_stops || !d->link_stops)
		return false;
	memset(d->app_stops, true, from->n_apps + 1);
	memset(d->link_stops, true, from->n_links + 1);
	return true;
}

int sl_graph_diff(const struct sl_graph *from, const struct sl_graph *to, struct sl_diff *d,
		  struct sl_error *err)
{
	int r;

	*d = (struct sl_diff){0};
	if (!allocate(from, to, d))
		return sl_error_set(err, -ENOMEM, "out of memory");
	r = sl_wiring_resolve(from, &d->from, err);
	if (r == 0)
		r = sl_wiring_resolve(to, &d->to, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < to->n_apps; i++)
		compare_app(from, &to->apps[i], &d->apps[i], d->app_stops);
	compare_links(from, to, d);
	return 0;
}

void sl_diff_fini(struct sl_diff *d)
{
	free(d->apps);
	free(d->links);
	free(d->app_stops);
	free(d->link_stops);
	sl_wiring_fini(&d->from);
	sl_wiring_fini(&d->to);
	*d = (struct sl_diff){0};
}
