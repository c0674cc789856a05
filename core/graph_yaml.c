#include "core/config.h"
#include "core/error.h"
#include "core/read.h"
#include "core/suggest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILE_MAX = 16 << 20, // bytes
	CPU_MAX = 1023,
};

// Call add for each text of a list, or for the one text in place of a list.
static int for_each_text(const struct sl_reader *r, const struct sl_yaml *v, const char *what,
			 int (*add)(const struct sl_reader *r, const struct sl_yaml *text))
{
	int code = sl_read_want_texts(r, v, what);

	for (const struct sl_yaml *i = sl_read_first(v); i && !code; i = sl_read_next(v, i))
		code = add(r, i);
	return code;
}

// ---- apps

static int read_setting(const struct sl_reader *r, struct sl_graph_app *app,
			const struct sl_yaml *v)
{
	const char *key = v->key->text;
	int code = 0;

	if (v->kind == SL_YAML_NOTHING || v->kind == SL_YAML_MAP)
		return sl_graph_error(r->g, v->at, r->err, -EINVAL,
				      "'%s' of app '%s' must be a single value or a list, not %s",
				      key, app->name, sl_yaml_kind_name(v->kind));
	if (v->kind == SL_YAML_TEXT)
		return sl_graph_app_set(r->g, app, key, v->key->at, v->text, v->at, false, r->err);
	code = sl_graph_app_set(r->g, app, key, v->key->at, NULL, v->at, true, r->err);
	for (const struct sl_yaml *item = v->first; item && !code; item = item->next) {
		code = sl_read_want(r, item, "each item of a list", SL_YAML_TEXT);
		if (!code)
			code = sl_graph_app_set(r->g, app, key, v->key->at, item->text, item->at,
						true, r->err);
	}
	return code;
}

// The config of a class: its settings by name, or a value or list for its first key.
static int read_config(const struct sl_reader *r, struct sl_graph_app *app, const struct sl_yaml *v)
{
	int code = 0;

	if (v->kind == SL_YAML_NOTHING)
		return 0;
	if (v->kind == SL_YAML_TEXT)
		return sl_graph_app_set(r->g, app, NULL, v->at, v->text, v->at, false, r->err);
	for (const struct sl_yaml *s = v->first; s && !code; s = s->next) {
		if (v->kind == SL_YAML_MAP) {
			code = read_setting(r, app, s);
			continue;
		}
		code = sl_read_want(r, s, "each item of a list", SL_YAML_TEXT);
		if (!code)
			code = sl_graph_app_set(r->g, app, NULL, s->at, s->text, s->at, true,
						r->err);
	}
	return code;
}

static int read_worker(const struct sl_reader *r, struct sl_graph_app *app, const struct sl_yaml *v)
{
	uint64_t worker;
	int code = sl_read_number(r, v, "'worker'", 0, SL_WORKERS_MAX - 1, &worker);

	if (code)
		return code;
	app->worker = (int)worker;
	app->worker_at = v->at;
	return 0;
}

// {class: config, worker: 1}
static int read_app_map(const struct sl_reader *r, const struct sl_yaml *v)
{
	const struct sl_yaml *class = NULL, *worker = NULL;
	const char *name = v->key->text;
	struct sl_graph_app *app;
	int code = 0;

	for (const struct sl_yaml *s = v->first; s; s = s->next) {
		if (!strcmp(s->key->text, "worker"))
			worker = s;
		else if (!class)
			class = s;
		else
			return sl_graph_error(r->g, s->key->at, r->err, -EINVAL,
					      "app '%s' has the class '%s' already: if '%s' is a "
					      "setting of it, it belongs a level deeper",
					      name, class->key->text, s->key->text);
	}
	if (!class)
		return sl_graph_error(r->g, v->at, r->err, -EINVAL, "app '%s' has no class", name);
	app = sl_graph_add_app(r->g, name, v->key->at, class->key->text, class->key->at, r->err);
	if (!app)
		return -EINVAL;
	if (worker)
		code = read_worker(r, app, worker);
	return code ? code : read_config(r, app, class);
}

static int read_app(const struct sl_reader *r, const struct sl_yaml *v)
{
	const char *name = v->key->text;

	if (v->kind == SL_YAML_MAP)
		return read_app_map(r, v);
	if (v->kind == SL_YAML_NOTHING)
		return sl_graph_error(r->g, v->at, r->err, -EINVAL, "app '%s' has no class", name);
	if (v->kind == SL_YAML_LIST)
		return sl_graph_error(r->g, v->at, r->err, -EINVAL,
				      "app '%s' must be a class, or a map of a class and its "
				      "settings, not a list",
				      name);
	if (!sl_graph_add_app(r->g, name, v->key->at, v->text, v->at, r->err))
		return -EINVAL;
	return 0;
}

static int read_apps(const struct sl_reader *r, const struct sl_yaml *v)
{
	int code = v->kind == SL_YAML_NOTHING ? 0 : sl_read_want(r, v, "'apps'", SL_YAML_MAP);

	for (const struct sl_yaml *app = v->first; app && !code; app = app->next)
		code = read_app(r, app);
	return code;
}

// ---- the other keys of a file

static int add_chain(const struct sl_reader *r, const struct sl_yaml *v)
{
	return sl_graph_add_chain(r->g, v->text, v->at, r->err);
}

static int read_links(const struct sl_reader *r, const struct sl_yaml *v)
{
	return v->kind == SL_YAML_NOTHING ? 0 : for_each_text(r, v, "'links'", add_chain);
}

static int read_workers(const struct sl_reader *r, const struct sl_yaml *v)
{
	uint64_t n;
	int code = sl_read_number(r, v, "'workers'", 1, SL_WORKERS_MAX, &n);

	if (code)
		return code;
	r->g->workers = (unsigned)n;
	r->g->workers_at = v->at;
	return 0;
}

static int add_cpu(const struct sl_reader *r, const struct sl_yaml *v)
{
	unsigned cpus[CPU_MAX + 1];
	uint64_t cpu;
	int code = sl_read_number(r, v, "a CPU", 0, CPU_MAX, &cpu);

	for (unsigned i = 0; !code && i < r->g->n_cpus; i++) {
		if (r->g->cpus[i] == cpu)
			return sl_graph_error(r->g, v->at, r->err, -EINVAL,
					      "CPU %u stands here twice", (unsigned)cpu);
		cpus[i] = r->g->cpus[i];
	}
	if (code)
		return code;
	cpus[r->g->n_cpus] = (unsigned)cpu;
	return sl_read_memory(r, sl_graph_set_cpus(r->g, cpus, r->g->n_cpus + 1));
}

static int read_cpus(const struct sl_reader *r, const struct sl_yaml *v)
{
	r->g->n_cpus = 0;
	r->g->cpus_at = v->at;
	return for_each_text(r, v, "'cpus'", add_cpu);
}

static int read_idle(const struct sl_reader *r, const struct sl_yaml *v)
{
	struct sl_error e;
	uint64_t ns = 0;
	int code = sl_read_want(r, v, "'idle'", SL_YAML_TEXT);

	if (code)
		return code;
	if (strcmp(v->text, "off") != 0 && sl_parse_duration(v->text, &ns, &e))
		return sl_graph_error(r->g, v->at, r->err, -EINVAL, "'idle': %s, or 'off'", e.text);
	r->g->idle_ns = ns;
	return 0;
}

static int read_mtu(const struct sl_reader *r, const struct sl_yaml *v)
{
	uint64_t mtu;
	int code = sl_read_number(r, v, "'mtu'", SL_MTU_MIN, SL_MTU_MAX, &mtu);

	if (!code)
		r->g->mtu = (uint32_t)mtu;
	return code;
}

static int read_link_size(const struct sl_reader *r, const struct sl_yaml *v)
{
	uint64_t size;
	int code = sl_read_number(r, v, "'link-size'", SL_LINK_SIZE_MIN, SL_LINK_SIZE_MAX, &size);

	if (!code)
		r->g->link_size = (uint32_t)size;
	return code;
}

static int read_packets(const struct sl_reader *r, const struct sl_yaml *v)
{
	return sl_read_number(r, v, "'packets'", SL_PACKETS_MIN, SL_PACKETS_MAX, &r->g->packets);
}

static int add_plugin(const struct sl_reader *r, const struct sl_yaml *v)
{
	return sl_read_memory(r, sl_graph_add_plugin(r->g, v->text, v->at));
}

static int read_plugins(const struct sl_reader *r, const struct sl_yaml *v)
{
	return for_each_text(r, v, "'plugins'", add_plugin);
}

static int add_eal_arg(const struct sl_reader *r, const struct sl_yaml *v)
{
	return sl_read_memory(r, sl_graph_add_eal_arg(r->g, v->text));
}

static int read_eal(const struct sl_reader *r, const struct sl_yaml *v)
{
	return for_each_text(r, v, "'eal'", add_eal_arg);
}

// In the order they are read in: what is behind may name what is in front.
static const struct word {
	const char *name;
	int (*read)(const struct sl_reader *r, const struct sl_yaml *v);
} words[] = {
	{"apps", read_apps},
	{"workers", read_workers},
	{"cpus", read_cpus},
	{"idle", read_idle},
	{"mtu", read_mtu},
	{"link-size", read_link_size},
	{"packets", read_packets},
	{"plugins", read_plugins},
	{"eal", read_eal},
	{"ports", sl_read_ports},
	{"tunnels", sl_read_tunnels}, // behind the ports
	{"addresses", sl_read_addresses},
	{"routes", sl_read_routes},
	{"neighbours", sl_read_neighbours},
	{"router", sl_read_router},
	{"serve", sl_read_serve},
	{"links", read_links}, // may name the apps of a network
};

enum { N_WORDS = sizeof(words) / sizeof(words[0]) };

static int unknown_word(const struct sl_reader *r, const struct sl_yaml *key)
{
	struct sl_suggest near = {.wanted = key->text};
	char hint[SL_NAME_SIZE + 32], list[200] = "";

	for (unsigned i = 0; i < N_WORDS; i++) {
		sl_suggest_offer(&near, words[i].name);
		strcat(strcat(list, i ? ", " : ""), words[i].name);
	}
	if (near.best)
		return sl_graph_error(r->g, key->at, r->err, -EINVAL, "unknown key '%.64s'%s",
				      key->text, sl_suggest_hint(&near, hint, sizeof(hint)));
	return sl_graph_error(r->g, key->at, r->err, -EINVAL, "unknown key '%.64s': a file has %s",
			      key->text, list);
}

static const struct word *find_word(const char *name)
{
	for (unsigned i = 0; i < N_WORDS; i++)
		if (!strcmp(words[i].name, name))
			return &words[i];
	return NULL;
}

// Make what the network level says a part of the graph.
static int add_network(const struct sl_reader *r)
{
	int code;

	if (!r->net->is_there)
		return 0;
	code = sl_network_check(r->net, r->g, r->err);
	return code ? code : sl_network_compile(r->net, r->g, r->err);
}

static int read_file(const struct sl_reader *r, const struct sl_yaml *root)
{
	int code = sl_read_want(r, root, "a file", SL_YAML_MAP);

	for (const struct sl_yaml *v = root->first; v && !code; v = v->next)
		if (!find_word(v->key->text))
			code = unknown_word(r, v->key);
	for (unsigned i = 0; i < N_WORDS && !code; i++) {
		if (words[i].read == read_links)
			code = add_network(r);
		for (const struct sl_yaml *v = root->first; v && !code; v = v->next)
			if (!strcmp(v->key->text, words[i].name))
				code = words[i].read(r, v);
	}
	return code;
}

// Read the text into g, which may be left half way.
static int read_text(struct sl_graph *g, const char *yaml, const char *name, struct sl_error *err)
{
	struct sl_network net = {0};
	const struct sl_reader r = {.g = g, .net = &net, .err = err};
	struct sl_yaml *root;
	int text, code;

	if (!strncmp(yaml, "\xef\xbb\xbf", 3)) // a byte order mark, as some editors write it
		yaml += 3;
	text = sl_graph_add_text(g, name, yaml, true);
	if (text < 0)
		return sl_read_memory(&r, text);
	code = sl_yaml_parse(g, text, &root, err);
	if (code)
		return code;
	if (root && root->kind != SL_YAML_NOTHING) {
		code = read_file(&r, root);
	} else {
		code = sl_error_set(err, -EINVAL,
				    "there is nothing in it: a graph has 'apps' and 'links', a "
				    "router 'ports' and 'addresses'");
		if (err)
			sl_error_place(err, name, 0, 0, NULL, 0);
	}
	sl_network_fini(&net);
	sl_yaml_free(root);
	return code;
}

int sl_graph_parse(struct sl_graph *g, const char *yaml, const char *name, struct sl_error *err)
{
	struct sl_graph *copy = sl_graph_copy(g);
	int code;

	if (!copy)
		return sl_error_set(err, -ENOMEM, "out of memory");
	code = read_text(copy, yaml, name, err);
	if (!code)
		sl_graph_swap(g, copy);
	sl_graph_destroy(copy);
	return code;
}

// ---- files

// Fill err for a file as a whole.
static int file_error(const char *path, int code, const char *text, struct sl_error *err)
{
	sl_error_set(err, code, "%s", text);
	if (err)
		sl_error_place(err, path, 0, 0, NULL, 0);
	return code;
}

// Read up to FILE_MAX bytes and one more, which says that there are too many.
static int read_bytes(int fd, char *buf, size_t *len)
{
	for (*len = 0; *len <= FILE_MAX;) {
		ssize_t n = read(fd, buf + *len, FILE_MAX + 1 - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	buf[*len] = '\0';
	return 0;
}

int sl_graph_load(struct sl_graph *g, const char *path, struct sl_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), code;
	char *buf = malloc(FILE_MAX + 2);
	size_t len = 0;

	code = fd < 0 ? -errno : buf ? read_bytes(fd, buf, &len) : -ENOMEM;
	if (code)
		file_error(path, code, strerror(-code), err);
	else if (len > FILE_MAX)
		code = file_error(path, -EFBIG, "the file is larger than 16 MiB", err);
	else if (memchr(buf, '\0', len))
		code = file_error(path, -EINVAL, "there is a NUL byte in it: this is no text", err);
	else
		code = sl_graph_parse(g, buf, path, err);
	free(buf);
	if (fd >= 0)
		close(fd);
	return code;
}
