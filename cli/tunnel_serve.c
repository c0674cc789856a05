#include "cli/tunnel_serve.h"

#include "cli/drive.h"
#include "cli/graph_file.h"
#include "cli/say.h"

#include <errno.h>
#include <sluice/engine.h>
#include <sluice/tunnel.h>

#define SERVE "serve" // what the word of the file makes

struct serve {
	const char *path;
	const struct confine *user;
	struct sl_engine *engine;
};

static int load(const char *path, struct sl_graph **g, struct sl_error *err)
{
	int ret = graph_file_open(g, path, err);

	if (ret < 0 || sl_graph_has(*g, SERVE))
		return ret;
	return sl_error_set(err, -EINVAL, "%s: it has no 'serve'", path);
}

static size_t count_clients(struct sl_engine *e)
{
	struct sl_tunnel_view *v;
	size_t n;

	if (sl_tunnel_read(e, SERVE, &v, NULL) < 0)
		return 0;
	n = v->n_peers;
	sl_tunnel_free(v);
	return n;
}

static void reload(void *context)
{
	struct serve *s = context;
	struct sl_error err = {0};
	struct sl_graph *g;
	int ret = load(s->path, &g, &err);

	if (ret == 0)
		ret = sl_engine_apply(s->engine, g, &err);
	sl_graph_destroy(g);
	if (ret == 0) {
		say("reloaded %s: %zu may connect", s->path, count_clients(s->engine));
		return;
	}
	say_error(&err);
	say("%s is not reloaded; what ran before goes on", s->path);
}

static int run(struct serve *s, struct sl_graph *g, struct sl_error *err)
{
	struct drive d = {.reload = reload, .context = s, .ends_on_failure = true};
	struct sl_engine_options options = {0};
	struct loop loop;
	int ret = loop_init(&loop, err);

	if (ret < 0)
		return ret;
	d.loop = &loop;
	d.user = s->user;
	sl_graph_options(g, &options);
	ret = sl_engine_create(&s->engine, &options, err);
	if (ret == 0)
		ret = sl_engine_apply(s->engine, g, err);
	if (ret == 0) {
		d.engine = s->engine;
		say("serving %s: %zu may connect", s->path, count_clients(s->engine));
		ret = drive_run(&d, err);
	}
	loop_fini(&loop);
	return ret < 0 ? ret : d.failures ? -EIO : 0;
}

int tunnel_serve(const char *path, const struct confine *user, struct sl_error *err)
{
	struct serve s = {.path = path, .user = user};
	struct sl_graph *g;
	int ret = load(path, &g, err);

	if (ret == 0)
		ret = run(&s, g, err);
	sl_engine_destroy(s.engine);
	sl_graph_destroy(g);
	return ret;
}
