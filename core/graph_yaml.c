#include "core/config.h"
#include "core/error.h"
#include "core/graph.h"
#include "core/suggest.h"
#include "core/yaml.h"

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

struct reader {
	struct sl_graph *g;
	struct sl_error *err;
};

// ---- values

static int want(const struct reader *r, const struct sl_yaml *v, const char *what,
		enum sl_yaml_kind kind)
{
	if (v->kind == kind)
		return 0;
	return sl_graph_error(r->g, v->at, r->err, -EINVAL, "%s must be %s, not %s", what,
			      sl_yaml_kind_name(kind), sl_yaml_kind_name(v->kind));
}

// Call add for each text of a list, or for the one text in place of a list.
static int for_each_text(const struct reader *r, const struct sl_yaml *v, const char *what,
			 int (*add)(const struct reader *r, const struct sl_yaml *text))
{
	const struct sl_yaml *item = v->kind == SL_YAML_LIST ? v->first : v;
	int code = 0;

	if (v->kind == SL_YAML_MAP || v->kind == SL_YAML_NOTHING)
		return want(r, v, what, SL_YAML_LIST);
	for (; item && !code; item = v->kind == SL_YAML_LIST ? item->next : NULL) {
		code = want(r, item, "each item of a list", SL_YAML_TEXT);
		if (!code)
			code = add(r, item);
	}
	return code;
}

// Parse a number of the file itself and hold it against its limits.
static int read_number(const struct reader *r, const struct sl_yaml *v, const char *what,
		       uint64_t min, uint64_t max, uint64_t *out)
{
	struct sl_error e;
	int code = want(r, v, what, SL_YAML_TEXT);

	if (code)
		return code;
	if (sl_parse_uint(v->text, out, &e))
		return sl_graph_error(r->g, v->at, r->err, -EINVAL, "%s: %s", what, e.text);
	if (*out < min || *out > max)
		return sl_graph_error(r->g, v->at, r->err, -EINVAL,
				      "%s must be between %llu and %llu", what,
				      (unsigned long long)min, (unsigned long long)max);
	return 0;
}

static int memory(const struct reader *r, int code)
{
	return code ? sl_error_set(r->err, code, "out of memory") : 0;
}

// ---- apps

static int read_setting(const struct reader *r, struct sl_graph_app *app, const struct sl_yaml *v)
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
		code = want(r, item, "each item of a list", SL_YAML_TEXT);
		if (!code)
			code = sl_graph_app_set(r->g, app, key, v->key->at, item->text, item->at,
						true, r->err);
	}
	return code;
}

// The config of a class: its settings by name, or a value or list for its first key.
static int read_config(const struct reader *r, struct sl_graph_app *app, const struct sl_yaml *v)
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
		code = want(r, s, "each item of a list", SL_YAML_TEXT);
		if (!code)
			code = sl_graph_app_set(r->g, app, NULL, s->at, s->text, s->at, true,
						r->err);
	}
	return code;
}

static int read_worker(const struct reader *r, struct sl_graph_app *app, const struct sl_yaml *v)
{
	uint64_t worker;
	int code = read_number(r, v, "'worker'", 0, SL_WORKERS_MAX - 1, &worker);

	if (code)
		return code;
	app->worker = (int)worker;
	app->worker_at = v->at;
	return 0;
}

// {class: config, worker: 1}
static int read_app_map(const struct reader *r, const struct sl_yaml *v)
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

static int read_app(const struct reader *r, const struct sl_yaml *v)
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

static int read_apps(const struct reader *r, const struct sl_yaml *v)
{
	int code = v->kind == SL_YAML_NOTHING ? 0 : want(r, v, "'apps'", SL_YAML_MAP);

	for (const struct sl_yaml *app = v->first; app && !code; app = app->next)
		code = read_app(r, app);
	return code;
}

// ---- the other keys of a file

static int add_chain(const struct reader *r, const struct sl_yaml *v)
{
	return sl_graph_add_chain(r->g, v->text, v->at, r->err);
}

static int read_links(const struct reader *r, const struct sl_yaml *v)
{
	return v->kind == SL_YAML_NOTHING ? 0 : for_each_text(r, v, "'links'", add_chain);
}

static int read_workers(const struct reader *r, const struct sl_yaml *v)
{
	uint64_t n;
	int code = read_number(r, v, "'workers'", 1, SL_WORKERS_MAX, &n);

	if (code)
		return code;
	r->g->workers = (unsigned)n;
	r->g->workers_at = v->at;
	return 0;
}

static int add_cpu(const struct reader *r, const struct sl_yaml *v)
{
	unsigned cpus[CPU_MAX + 1];
	uint64_t cpu;
	int code = read_number(r, v, "a CPU", 0, CPU_MAX, &cpu);

	for (unsigned i = 0; !code && i < r->g->n_cpus; i++) {
		if (r->g->cpus[i] == cpu)
			return sl_graph_error(r->g, v->at, r->err, -EINVAL,
					      "CPU %u stands here twice", (unsigned)cpu);
		cpus[i] = r->g->cpus[i];
	}
	if (code)
		return code;
	cpus[r->g->n_cpus] = (unsigned)cpu;
	return memory(r, sl_graph_set_cpus(r->g, cpus, r->g->n_cpus + 1));
}

static int read_cpus(const struct reader *r, const struct sl_yaml *v)
{
	r->g->n_cpus = 0;
	r->g->cpus_at = v->at;
	return for_each_text(r, v, "'cpus'", add_cpu);
}

static int read_idle(const struct reader *r, const struct sl_yaml *v)
{
	struct sl_error e;
	uint64_t ns = 0;
	int code = want(r, v, "'idle'", SL_YAML_TEXT);

	if (code)
		return code;
	if (strcmp(v->text, "off") != 0 && sl_parse_duration(v->text, &ns, &e))
		return sl_graph_error(r->g, v->at, r->err, -EINVAL, "'idle': %s, or 'off'", e.text);
	r->g->idle_ns = ns;
	return 0;
}

static int read_mtu(const struct reader *r, const struct sl_yaml *v)
{
	uint64_t mtu;
	int code = read_number(r, v, "'mtu'", SL_MTU_MIN, SL_MTU_MAX, &mtu);

	if (!code)
		r->g->mtu = (uint32_t)mtu;
	return code;
}

static int read_link_size(const struct reader *r, const struct sl_yaml *v)
{
	uint64_t size;
	int code = read_number(r, v, "'link-size'", SL_LINK_SIZE_MIN, SL_LINK_SIZE_MAX, &size);

	if (!code)
		r->g->link_size = (uint32_t)size;
	return code;
}

static int read_packets(const struct reader *r, const struct sl_yaml *v)
{
	return read_number(r, v, "'packets'", SL_PACKETS_MIN, SL_PACKETS_MAX, &r->g->packets);
}

static int add_plugin(const struct reader *r, const struct sl_yaml *v)
{
	return memory(r, sl_graph_add_plugin(r->g, v->text, v->at));
}

static int read_plugins(const struct reader *r, const struct sl_yaml *v)
{
	return for_each_text(r, v, "'plugins'", add_plugin);
}

static int add_eal_arg(const struct reader *r, const struct sl_yaml *v)
{
	return memory(r, sl_graph_add_eal_arg(r->g, v->text));
}

static int read_eal(const struct reader *r, const struct sl_yaml *v)
{
	return for_each_text(r, v, "'eal'", add_eal_arg);
}

// In the order they are read in: links name apps.
static const struct word {
	const char *name;
	int (*read)(const struct reader *r, const struct sl_yaml *v);
} words[] = {
	{"apps", read_apps},           {"links", read_links},
	{"workers", read_workers},     {"cpus", read_cpus},
	{"idle", read_idle},           {"mtu", read_mtu},
	{"link-size", read_link_size}, {"packets", read_packets},
	{"plugins", read_plugins},     {"eal", read_eal},
};

enum { N_WORDS = sizeof(words) / sizeof(words[0]) };

static int unknown_word(const struct reader *r, const struct sl_yaml *key)
{
	struct sl_suggest near = {.wanted = key->text};
	char hint[SL_NAME_SIZE + 32], list[160] = "";

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

static int read_file(const struct reader *r, const struct sl_yaml *root)
{
	int code = want(r, root, "a file", SL_YAML_MAP);

	for (const struct sl_yaml *v = root->first; v && !code; v = v->next)
		if (!find_word(v->key->text))
			code = unknown_word(r, v->key);
	for (unsigned i = 0; i < N_WORDS; i++)
		for (const struct sl_yaml *v = root->first; v && !code; v = v->next)
			if (!strcmp(v->key->text, words[i].name))
				code = words[i].read(r, v);
	return code;
}

// Read the text into g, which may be left half way.
static int read_text(struct sl_graph *g, const char *yaml, const char *name, struct sl_error *err)
{
	const struct reader r = {.g = g, .err = err};
	struct sl_yaml *root;
	int text, code;

	if (!strncmp(yaml, "\xef\xbb\xbf", 3)) // a byte order mark, as some editors write it
		yaml += 3;
	text = sl_graph_add_text(g, name, yaml, true);
	if (text < 0)
		return memory(&r, text);
	code = sl_yaml_parse(g, text, &root, err);
	if (code)
		return code;
	if (root && root->kind != SL_YAML_NOTHING) {
		code = read_file(&r, root);
	} else {
		code = sl_error_set(err, -EINVAL,
				    "there is nothing in it: a graph has 'apps' and 'links'");
		if (err)
			sl_error_place(err, name, 0, 0, NULL, 0);
	}
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
