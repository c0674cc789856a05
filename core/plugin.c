#include "core/plugin.h"

#include "core/config.h"
#include "core/grow.h"
#include "core/suggest.h"

#include <dlfcn.h>
#include <errno.h>
#include <sluice/version.h>

// The classes known beside the library's own, and the plugins they came from. One per process
// because dlopen is: code is loaded once, for all engines, and stays. Only the control thread
// writes; workers never look.
static struct {
	const struct sl_app_class **classes;
	size_t n_classes;
	const struct sl_plugin **plugins;
	size_t n_plugins;
} registry;

static const struct sl_app_class *class_by_index(size_t i)
{
	size_t own = 0;

	for (; sl_classes[own]; own++)
		if (own == i)
			return sl_classes[i];
	return i - own < registry.n_classes ? registry.classes[i - own] : NULL;
}

const struct sl_app_class *sl_class_find(const char *name)
{
	const struct sl_app_class *c;

	for (size_t i = 0; (c = class_by_index(i)); i++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

const struct sl_app_class *sl_class_at(size_t index)
{
	const struct sl_app_class *c, *other;

	for (size_t i = 0; (c = class_by_index(i)); i++) {
		size_t smaller = 0;

		for (size_t j = 0; (other = class_by_index(j)); j++)
			smaller += strcmp(other->name, c->name) < 0;
		if (smaller == index)
			return c;
	}
	return NULL;
}

const struct sl_app_class *sl_class_of(const struct sl_graph *g, const struct sl_graph_app *app,
				       struct sl_error *err)
{
	const struct sl_app_class *c = sl_class_find(app->class);
	struct sl_suggest near = {.wanted = app->class};
	char hint[SL_NAME_SIZE + 32];

	if (c)
		return c;
	for (size_t i = 0; (c = class_by_index(i)); i++)
		sl_suggest_offer(&near, c->name);
	sl_graph_error(g, app->class_at, err, -EINVAL, "there is no class '%s'%s", app->class,
		       sl_suggest_hint(&near, hint, sizeof(hint)));
	return NULL;
}

static const char *ports_mistake(const char *const *ports)
{
	for (size_t i = 0; i < SL_PORTS_MAX && ports[i]; i++) {
		bool is_last = i + 1 == SL_PORTS_MAX || !ports[i + 1];

		if (!sl_name_valid(ports[i]) && (!is_last || strcmp(ports[i], "*") != 0))
			return "a port's name is not a name";
	}
	return NULL;
}

static const char *key_mistake(const struct sl_app_class *class, const struct sl_key *k)
{
	static const size_t sizes[] = {
		[SL_BOOL] = sizeof(bool),
		[SL_UINT] = sizeof(uint64_t),
		[SL_REAL] = sizeof(double),
		[SL_STRING] = sizeof(char *),
		[SL_PATH] = sizeof(char *),
		[SL_STRINGS] = sizeof(struct sl_strings),
		[SL_PATHS] = sizeof(struct sl_strings),
		[SL_CHOICE] = sizeof(unsigned),
		[SL_BYTES] = sizeof(uint64_t),
		[SL_DURATION] = sizeof(uint64_t),
		[SL_RATE] = sizeof(struct sl_rate),
	};

	if (!sl_name_valid(k->name))
		return "a key's name is not a name";
	if ((unsigned)k->type >= sizeof(sizes) / sizeof(sizes[0]))
		return "a key has an unknown type";
	if (k->offset > class->config_size || class->config_size - k->offset < sizes[k->type])
		return "a key lies outside of config_size";
	if (k->type == SL_CHOICE && (!k->choices || !k->choices[0]))
		return "a choice has no choices";
	if (k->preset && sl_key_check(k, k->preset, NULL))
		return "a key's preset is none of its values";
	return NULL;
}

const char *sl_class_mistake(const struct sl_app_class *class)
{
	const char *mistake;

	if (!class->name || !sl_name_valid(class->name))
		return "its name is not a name";
	if (class->size < sizeof(struct sl_app))
		return "size is less than a struct sl_app";
	if (!class->pull && !class->push && !class->tick)
		return "it has neither pull nor push nor tick";
	mistake = ports_mistake(class->inputs);
	if (!mistake)
		mistake = ports_mistake(class->outputs);
	for (const struct sl_key *k = class->keys; !mistake && k && k->name; k++)
		mistake = key_mistake(class, k);
	return mistake;
}

int sl_class_register(const struct sl_app_class *class)
{
	const struct sl_app_class **classes;

	if (sl_class_mistake(class))
		return -EINVAL;
	if (sl_class_find(class->name))
		return -EEXIST;
	classes = sl_grow(registry.classes, registry.n_classes, sizeof(*classes));
	if (!classes)
		return -ENOMEM;
	classes[registry.n_classes++] = class;
	registry.classes = classes;
	return 0;
}

static bool is_loaded(const struct sl_plugin *plugin)
{
	for (size_t i = 0; i < registry.n_plugins; i++)
		if (registry.plugins[i] == plugin)
			return true;
	return false;
}

static int check_abi(const struct sl_plugin *plugin, const char *path, struct sl_error *err)
{
	if (plugin->abi == SL_ABI_VERSION)
		return 0;
	return sl_error_set(err, -ENOEXEC,
			    "plugin '%s' was built against ABI version %u of Sluice and this is "
			    "version %d: build it again",
			    path, plugin->abi, SL_ABI_VERSION);
}

// Whether every class can be registered: all are, or none.
static int check_plugin(const struct sl_plugin *plugin, const char *path, struct sl_error *err)
{
	int code = check_abi(plugin, path, err);

	if (code)
		return code;
	for (size_t i = 0; plugin->classes && plugin->classes[i]; i++) {
		const struct sl_app_class *c = plugin->classes[i];
		const char *mistake = sl_class_mistake(c);

		if (mistake)
			return sl_error_set(err, -EINVAL, "plugin '%s': class %zu, '%s': %s", path,
					    i + 1, c->name ? c->name : "", mistake);
		if (sl_class_find(c->name))
			return sl_error_set(err, -EEXIST,
					    "plugin '%s': there is a class '%s' already", path,
					    c->name);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(plugin->classes[j]->name, c->name))
				return sl_error_set(err, -EINVAL,
						    "plugin '%s' has two classes '%s'", path,
						    c->name);
	}
	return 0;
}

static int register_plugin(const struct sl_plugin *plugin)
{
	const struct sl_plugin **plugins = sl_grow(registry.plugins, registry.n_plugins,
						   sizeof(*plugins));
	size_t before = registry.n_classes;

	if (!plugins)
		return -ENOMEM;
	registry.plugins = plugins;
	for (size_t i = 0; plugin->classes && plugin->classes[i]; i++) {
		int code = sl_class_register(plugin->classes[i]);

		if (code) {
			registry.n_classes = before; // the code is about to be unloaded
			return code;
		}
	}
	plugins[registry.n_plugins++] = plugin;
	return 0;
}

// Say why dlopen failed. Another ABI version may lack a function that the plugin calls: then the
// version, which can be read without binding functions, says more than the function's name.
static int load_failure(const char *full, const char *path, struct sl_error *err)
{
	const char *text = dlerror(); // has the path in front
	size_t n = strlen(full);
	const struct sl_plugin *plugin;
	void *library;
	int code;

	if (text && !strncmp(text, full, n) && !strncmp(text + n, ": ", 2))
		text += n + 2;
	code = sl_error_set(err, -EINVAL, "plugin '%s': %s", path,
			    text ? text : "it cannot be loaded");
	library = dlopen(full, RTLD_LAZY | RTLD_LOCAL);
	if (!library)
		return code;
	plugin = dlsym(library, "sl_plugin");
	if (plugin && check_abi(plugin, path, err))
		code = -ENOEXEC;
	dlclose(library);
	return code;
}

// Check a plugin's table and make its classes known. Returns -EALREADY where they are.
static int adopt_plugin(const struct sl_plugin *plugin, const char *path, struct sl_error *err)
{
	int code;

	if (!plugin)
		return sl_error_set(err, -EINVAL,
				    "'%s' is not a plugin of Sluice: it exports no 'sl_plugin'",
				    path);
	if (is_loaded(plugin))
		return -EALREADY;
	code = check_plugin(plugin, path, err);
	if (code)
		return code;
	code = register_plugin(plugin);
	return code ? sl_error_set(err, code, "plugin '%s': out of memory", path) : 0;
}

int sl_plugin_load(const char *path, struct sl_error *err)
{
	char *full = realpath(path, NULL); // dlopen would search for a name without a slash
	void *library;
	int code;

	if (!full) {
		code = -errno;
		return sl_error_set(err, code, "plugin '%s': %s", path, strerror(-code));
	}
	library = dlopen(full, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		code = load_failure(full, path, err);
		free(full);
		return code;
	}
	free(full);
	code = adopt_plugin(dlsym(library, "sl_plugin"), path, err);
	if (code)
		dlclose(library);
	return code == -EALREADY ? 0 : code;
}

int sl_plugin_load_all(const struct sl_graph *g, struct sl_error *err)
{
	for (size_t i = 0; i < g->n_plugins; i++) {
		const struct sl_setting *p = &g->plugins[i];
		char *path = sl_graph_path(g, p->value.at, p->value.text);
		int code;

		if (!path)
			return sl_error_set(err, -ENOMEM, "out of memory");
		code = sl_plugin_load(path, err);
		free(path);
		if (code) {
			sl_graph_error_place(g, p->value.at, err);
			return code;
		}
	}
	return 0;
}
