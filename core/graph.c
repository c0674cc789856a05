#include "core/graph.h"

#include "core/grow.h"

#include <errno.h>
#include <sluice/engine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MTU = 1500, LINK_SIZE = 512, IDLE_NS = 3 * 1000 * 1000 };

// ---- life

struct sl_graph *sl_graph_create(void)
{
	struct sl_graph *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->workers = 1;
	g->workers_at = g->cpus_at = sl_place_none();
	g->mtu = MTU;
	g->link_size = LINK_SIZE;
	g->idle_ns = IDLE_NS;
	return g;
}

static void free_settings(struct sl_setting *settings, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sl_setting_fini(&settings[i]);
	free(settings);
}

static void free_app(struct sl_graph_app *app)
{
	free(app->name);
	free(app->class);
	free_settings(app->settings, app->n_settings);
}

void sl_graph_destroy(struct sl_graph *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->n_texts; i++) {
		free(g->texts[i].name);
		free(g->texts[i].content);
	}
	for (size_t i = 0; i < g->n_apps; i++)
		free_app(&g->apps[i]);
	for (size_t i = 0; i < g->n_links; i++)
		sl_graph_link_fini(&g->links[i]);
	free_settings(g->plugins, g->n_plugins);
	for (size_t i = 0; g->eal_args && g->eal_args[i]; i++)
		free(g->eal_args[i]);
	free(g->texts);
	free(g->apps);
	free(g->links);
	free(g->eal_args);
	free(g->cpus);
	free(g);
}

void sl_graph_swap(struct sl_graph *a, struct sl_graph *b)
{
	struct sl_graph kept = *a;

	*a = *b;
	*b = kept;
}

static int out_of_memory(struct sl_error *err)
{
	return sl_error_set(err, -ENOMEM, "out of memory");
}

// ---- items

int sl_graph_add_text(struct sl_graph *g, const char *name, const char *content, bool is_file)
{
	struct sl_text *texts = sl_grow(g->texts, g->n_texts, sizeof(*texts)), *t;

	if (!texts)
		return -ENOMEM;
	g->texts = texts;
	t = &texts[g->n_texts];
	*t = (struct sl_text){.is_file = is_file};
	if (!sl_copy_text(&t->name, name) || !sl_copy_text(&t->content, content)) {
		free(t->name);
		return -ENOMEM;
	}
	return (int)g->n_texts++;
}

bool sl_name_valid(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n >= SL_NAME_SIZE || name[0] == '-' || name[n - 1] == '-')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
	       n;
}

// Whether an app of that name can be added; err is filled where not.
static int check_new_app(const struct sl_graph *g, const char *name, struct sl_place at,
			 struct sl_error *err)
{
	const struct sl_graph_app *other = sl_graph_find(g, name);
	char where[32] = "";

	if (strlen(name) >= SL_NAME_SIZE)
		return sl_graph_error(g, at, err, -EINVAL,
				      "'%.20s...' is too long for a name: at most %d characters",
				      name, SL_NAME_SIZE - 1);
	if (!sl_name_valid(name))
		return sl_graph_error(g, at, err, -EINVAL,
				      "'%s' is not a name: use letters, digits, '-' and '_'", name);
	if (other && !other->class[0])
		return 0; // announced
	if (other && other->at.text >= 0 && other->at.text == at.text)
		snprintf(where, sizeof(where), ", on line %u", other->at.line);
	if (other)
		return sl_graph_error(g, at, err, -EEXIST, "there is an app '%s' already%s", name,
				      where);
	if (g->n_apps >= SL_APPS_MAX)
		return sl_graph_error(g, at, err, -EINVAL, "more than %d apps", SL_APPS_MAX);
	return 0;
}

static int set_class(struct sl_graph_app *a, const char *class, struct sl_error *err)
{
	char *copy;

	if (!sl_copy_text(&copy, class))
		return out_of_memory(err);
	free(a->class);
	a->class = copy;
	return 0;
}

struct sl_graph_app *sl_graph_add_app(struct sl_graph *g, const char *name, struct sl_place at,
				      const char *class, struct sl_place class_at,
				      struct sl_error *err)
{
	struct sl_graph_app *apps, *a;

	if (check_new_app(g, name, at, err))
		return NULL;
	a = sl_graph_find(g, name);
	if (a) {
		a->at = at;
		a->class_at = class_at;
		return set_class(a, class, err) ? NULL : a;
	}
	apps = sl_grow(g->apps, g->n_apps, sizeof(*apps));
	if (!apps)
		goto no_memory;
	g->apps = apps;
	a = &apps[g->n_apps];
	*a = (struct sl_graph_app){
		.at = at, .class_at = class_at, .worker = -1, .worker_at = sl_place_none()};
	if (!sl_copy_text(&a->name, name) || !sl_copy_text(&a->class, class)) {
		free_app(a);
		goto no_memory;
	}
	g->n_apps++;
	return a;
no_memory:
	out_of_memory(err);
	return NULL;
}

struct sl_graph_app *sl_graph_find(const struct sl_graph *g, const char *name)
{
	for (size_t i = 0; i < g->n_apps; i++)
		if (!strcmp(g->apps[i].name, name))
			return &g->apps[i];
	return NULL;
}

int sl_graph_add(struct sl_graph *g, const char *name, const char *class, struct sl_error *err)
{
	int code = check_new_app(g, name, sl_place_none(), err);

	if (code)
		return code;
	if (!sl_graph_add_app(g, name, sl_place_none(), class, sl_place_none(), err))
		return -ENOMEM;
	return 0;
}

int sl_graph_announce(struct sl_graph *g, const char *name, struct sl_error *err)
{
	return sl_graph_add(g, name, "", err);
}

int sl_graph_replace(struct sl_graph *g, const char *name, const char *class, struct sl_error *err)
{
	struct sl_graph_app *a = sl_graph_find(g, name);
	int code;

	if (!a)
		return sl_graph_no_app(g, name, sl_place_none(), err);
	code = set_class(a, class, err);
	if (code)
		return code;
	free_settings(a->settings, a->n_settings);
	a->settings = NULL;
	a->n_settings = 0;
	a->at = a->class_at = sl_place_none();
	return 0;
}

int sl_graph_remove(struct sl_graph *g, const char *name)
{
	struct sl_graph_app *a = sl_graph_find(g, name);
	size_t kept = 0;

	if (!a)
		return -ENOENT;
	for (size_t i = 0; i < g->n_links; i++) {
		struct sl_graph_link *l = &g->links[i];

		if (!strcmp(l->from, a->name) || !strcmp(l->to, a->name))
			sl_graph_link_fini(l);
		else
			g->links[kept++] = *l;
	}
	g->n_links = kept;
	free_app(a);
	g->n_apps--;
	memmove(a, a + 1, (size_t)(&g->apps[g->n_apps] - a) * sizeof(*a));
	return 0;
}

bool sl_graph_has(const struct sl_graph *g, const char *name)
{
	return sl_graph_find(g, name) != NULL;
}

size_t sl_graph_count_apps(const struct sl_graph *g)
{
	return g->n_apps;
}

size_t sl_graph_count_links(const struct sl_graph *g)
{
	return g->n_links;
}

// ---- the engine's words

void sl_graph_set_workers(struct sl_graph *g, unsigned workers)
{
	g->workers = workers;
	g->workers_at = sl_place_none();
}

void sl_graph_set_mtu(struct sl_graph *g, uint32_t mtu)
{
	g->mtu = mtu;
}

void sl_graph_set_idle(struct sl_graph *g, uint64_t idle_ns)
{
	g->idle_ns = idle_ns;
}

int sl_graph_place(struct sl_graph *g, const char *app, unsigned worker, struct sl_error *err)
{
	struct sl_graph_app *a = sl_graph_find(g, app);

	if (!a)
		return sl_graph_no_app(g, app, sl_place_none(), err);
	if (worker >= SL_WORKERS_MAX)
		return sl_error_set(err, -EINVAL, "there is no worker %u: at most %d, from 0",
				    worker, SL_WORKERS_MAX);
	a->worker = (int)worker;
	a->worker_at = sl_place_none();
	return 0;
}

int sl_graph_add_plugin(struct sl_graph *g, const char *path, struct sl_place at)
{
	struct sl_setting *plugins = sl_grow(g->plugins, g->n_plugins, sizeof(*plugins)), *p;

	if (!plugins)
		return -ENOMEM;
	g->plugins = plugins;
	p = &plugins[g->n_plugins];
	*p = (struct sl_setting){.at = at, .value.at = at};
	if (!sl_copy_text(&p->value.text, path))
		return -ENOMEM;
	g->n_plugins++;
	return 0;
}

int sl_graph_add_eal_arg(struct sl_graph *g, const char *arg)
{
	size_t n = 0;
	char **args;

	while (g->eal_args && g->eal_args[n])
		n++;
	args = reallocarray(g->eal_args, n + 2, sizeof(*args));
	if (!args)
		return -ENOMEM;
	g->eal_args = args;
	args[n + 1] = NULL;
	return sl_copy_text(&args[n], arg) ? 0 : -ENOMEM;
}

int sl_graph_set_cpus(struct sl_graph *g, const unsigned *cpus, unsigned n)
{
	unsigned *copy = calloc(n ? n : 1, sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	memcpy(copy, cpus, n * sizeof(*copy));
	free(g->cpus);
	g->cpus = copy;
	g->n_cpus = n;
	return 0;
}

char *sl_graph_path(const struct sl_graph *g, struct sl_place at, const char *path)
{
	const char *file = at.text >= 0 && g->texts[at.text].is_file ? g->texts[at.text].name : "";
	const char *slash = strrchr(file, '/');
	char *joined;

	// "-" is standard output, not a file
	if (path[0] == '/' || !slash || !strcmp(path, "-"))
		return strdup(path);
	if (asprintf(&joined, "%.*s/%s", (int)(slash - file), file, path) < 0)
		return NULL;
	return joined;
}

void sl_graph_options(const struct sl_graph *g, struct sl_engine_options *options)
{
	options->eal_args = (const char *const *)g->eal_args;
	options->cpus = g->n_cpus ? g->cpus : NULL;
	options->n_cpus = g->n_cpus;
}
