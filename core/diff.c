#include "core/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// One side of a comparison: an app, its class, and the graph that says what its paths mean.
struct side {
	const struct sl_graph *g;
	const struct sl_graph_app *app;
	const struct sl_key *keys;
};

// A setting without a key is for the class's first.
static const struct sl_key *key_of(const struct sl_key *keys, const struct sl_setting *s)
{
	for (const struct sl_key *k = keys; k && k->name; k++)
		if (!s->key || strcmp(s->key, k->name) == 0)
			return k;
	return NULL;
}

static const struct sl_setting *find_setting(const struct side *side, const struct sl_key *key)
{
	for (size_t i = 0; i < side->app->n_settings; i++)
		if (key_of(side->keys, &side->app->settings[i]) == key)
			return &side->app->settings[i];
	return NULL;
}

static bool same_path(const struct side *a, const struct sl_value *va, const struct side *b,
		      const struct sl_value *vb)
{
	char *pa = sl_graph_path(a->g, va->at, va->text), *pb;
	bool same;

	pb = sl_graph_path(b->g, vb->at, vb->text);
	same = pa && pb && strcmp(pa, pb) == 0;
	free(pa);
	free(pb);
	return same;
}

static bool same_scalar(const struct side *a, const struct sl_value *va, const struct side *b,
			const struct sl_value *vb, const struct sl_key *key)
{
	if (!va->text || !vb->text)
		return va->text == vb->text;
	if (key && (key->type == SL_PATH || key->type == SL_PATHS))
		return same_path(a, va, b, vb);
	return strcmp(va->text, vb->text) == 0;
}

static bool same_value(const struct side *a, const struct sl_value *va, const struct side *b,
		       const struct sl_value *vb, const struct sl_key *key)
{
	if (va->n_items != vb->n_items || !same_scalar(a, va, b, vb, key))
		return false;
	for (size_t i = 0; i < va->n_items; i++)
		if (!same_scalar(a, &va->items[i], b, &vb->items[i], key))
			return false;
	return true;
}

// The order of keys means nothing; each is there once.
static bool same_settings(const struct side *a, const struct side *b)
{
	if (a->app->n_settings != b->app->n_settings)
		return false;
	for (size_t i = 0; i < a->app->n_settings; i++) {
		const struct sl_key *key = key_of(a->keys, &a->app->settings[i]);
		const struct sl_setting *s = find_setting(b, key);

		if (!s || !same_value(a, &a->app->settings[i].value, b, &s->value, key))
			return false;
	}
	return true;
}

static void compare_app(const struct sl_graph *from, const struct sl_graph *to, size_t i,
			struct sl_diff *d)
{
	const struct side new = {to, &to->apps[i], d->to.apps[i].class->keys};
	struct side old = {from, sl_graph_find(from, new.app->name), NULL};
	struct sl_action *action = &d->apps[i];

	if (!old.app) {
		action->change = SL_START;
		return;
	}
	action->old = (size_t)(old.app - from->apps);
	old.keys = d->from.apps[action->old].class->keys;
	if (strcmp(old.app->class, new.app->class) == 0 && same_settings(&old, &new)) {
		action->change = SL_KEEP;
		d->app_stops[action->old] = false;
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
		compare_app(from, to, i, d);
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
