#include "core/graph.h"
#include "core/grow.h"

static bool copy_value(struct sl_value *to, const struct sl_value *from)
{
	to->at = from->at;
	if (!sl_copy_text(&to->text, from->text))
		return false;
	if (!from->items)
		return true;
	to->items = sl_grow_room(from->n_items, sizeof(*to->items));
	if (!to->items)
		return false;
	for (; to->n_items < from->n_items; to->n_items++)
		if (!copy_value(&to->items[to->n_items], &from->items[to->n_items]))
			return false;
	return true;
}

// A copy that fails half way leaves what sl_graph_destroy can free.
static bool copy_settings(struct sl_setting **to, size_t *n_to, const struct sl_setting *from,
			  size_t n)
{
	*to = sl_grow_room(n, sizeof(**to));
	for (*n_to = 0; *to && *n_to < n; (*n_to)++) {
		struct sl_setting *s = &(*to)[*n_to];

		s->at = from[*n_to].at;
		if (!sl_copy_text(&s->key, from[*n_to].key) ||
		    !copy_value(&s->value, &from[*n_to].value)) {
			(*n_to)++;
			return false;
		}
	}
	return *to;
}

static bool copy_texts(struct sl_graph *to, const struct sl_graph *from)
{
	to->texts = sl_grow_room(from->n_texts, sizeof(*to->texts));
	for (size_t i = 0; to->texts && i < from->n_texts; i++) {
		to->n_texts++;
		to->texts[i].is_file = from->texts[i].is_file;
		if (!sl_copy_text(&to->texts[i].name, from->texts[i].name) ||
		    !sl_copy_text(&to->texts[i].content, from->texts[i].content))
			return false;
	}
	return to->texts;
}

static bool copy_apps(struct sl_graph *to, const struct sl_graph *from)
{
	to->apps = sl_grow_room(from->n_apps, sizeof(*to->apps));
	for (size_t i = 0; to->apps && i < from->n_apps; i++) {
		const struct sl_graph_app *a = &from->apps[i];
		struct sl_graph_app *copy = &to->apps[to->n_apps++];

		copy->at = a->at;
		copy->class_at = a->class_at;
		copy->worker = a->worker;
		copy->worker_at = a->worker_at;
		if (!sl_copy_text(&copy->name, a->name) || !sl_copy_text(&copy->class, a->class) ||
		    !copy_settings(&copy->settings, &copy->n_settings, a->settings, a->n_settings))
			return false;
	}
	return to->apps;
}

static bool copy_links(struct sl_graph *to, const struct sl_graph *from)
{
	to->links = sl_grow_room(from->n_links, sizeof(*to->links));
	for (size_t i = 0; to->links && i < from->n_links; i++) {
		const struct sl_graph_link *l = &from->links[i];
		struct sl_graph_link *copy = &to->links[to->n_links++];

		copy->from_at = l->from_at;
		copy->to_at = l->to_at;
		if (!sl_copy_text(&copy->from, l->from) ||
		    !sl_copy_text(&copy->from_port, l->from_port) ||
		    !sl_copy_text(&copy->to, l->to) || !sl_copy_text(&copy->to_port, l->to_port))
			return false;
	}
	return to->links;
}

static bool copy_engine_words(struct sl_graph *to, const struct sl_graph *from)
{
	size_t n = 0;

	to->workers = from->workers;
	to->workers_at = from->workers_at;
	to->cpus_at = from->cpus_at;
	to->mtu = from->mtu;
	to->link_size = from->link_size;
	to->packets = from->packets;
	to->idle_ns = from->idle_ns;
	if (from->cpus && sl_graph_set_cpus(to, from->cpus, from->n_cpus))
		return false;
	while (from->eal_args && from->eal_args[n])
		n++;
	for (size_t i = 0; i < n; i++)
		if (sl_graph_add_eal_arg(to, from->eal_args[i]))
			return false;
	return copy_settings(&to->plugins, &to->n_plugins, from->plugins, from->n_plugins);
}

struct sl_graph *sl_graph_copy(const struct sl_graph *g)
{
	struct sl_graph *copy = sl_graph_create();

	if (copy && copy_texts(copy, g) && copy_apps(copy, g) && copy_links(copy, g) &&
	    copy_engine_words(copy, g))
		return copy;
	sl_graph_destroy(copy);
	return NULL;
}
