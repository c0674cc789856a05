#include "cli/replay_graph.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static bool has_suffix(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n > m && !strcmp(text + n - m, suffix);
}

bool replay_through_is_file(const char *through)
{
	struct stat st;

	return has_suffix(through, ".yaml") || has_suffix(through, ".yml") ||
	       (stat(through, &st) == 0 && !S_ISDIR(st.st_mode));
}

// Give the reader a setting, where there is one.
static int set(struct sl_graph *g, const char *key, const char *value, struct sl_error *err)
{
	return value ? sl_graph_set(g, "in", key, value, false, err) : 0;
}

static int set_reader(struct sl_graph *g, const struct replay_request *r, struct sl_error *err)
{
	int ret = 0;

	for (size_t i = 0; i < r->n_files && ret == 0; i++)
		ret = sl_graph_set(g, "in", "file", r->files[i], true, err);
	if (ret == 0)
		ret = set(g, "rate", r->rate, err);
	if (ret == 0)
		ret = set(g, "loop", r->loop, err);
	if (ret == 0)
		ret = set(g, "key", r->key, err);
	if (ret == 0)
		ret = set(g, "cap", r->cap, err);
	if (ret == 0)
		ret = set(g, "psk", r->psk, err);
	if (ret == 0)
		ret = set(g, "writer", r->writer, err);
	return ret;
}

static int set_ends(struct sl_graph *g, const struct replay_request *r, struct sl_error *err)
{
	int ret = sl_graph_replace(g, "in", "pcap-reader", err);

	if (ret == 0)
		ret = sl_graph_replace(g, "out", r->target.class, err);
	if (ret == 0 && r->target.value[0])
		ret = sl_graph_set(g, "out", NULL, r->target.value, false, err);
	return ret == 0 ? set_reader(g, r, err) : ret;
}

// A graph file that forgets `in` or `out` would drop every packet; better say so at once.
static int check_ends(const struct sl_graph *g, const char *path, struct sl_error *err)
{
	bool has_in = sl_graph_has_link(g, "in", NULL);

	if (has_in && sl_graph_has_link(g, NULL, "out"))
		return 0;
	return sl_error_set(err, -EINVAL,
			    "%s: no link %s; with --through, a file needs links such as "
			    "in -> ... -> out",
			    path, has_in ? "leads to 'out'" : "starts at 'in'");
}

static int fill(struct sl_graph *g, const struct replay_request *r, struct sl_error *err)
{
	const char *through = r->through ? r->through : "";
	bool is_file = r->through && replay_through_is_file(through);
	int ret = sl_graph_announce(g, "in", err);

	if (ret == 0)
		ret = sl_graph_announce(g, "out", err);
	if (ret == 0 && is_file)
		ret = sl_graph_load(g, through, err);
	if (ret == 0 && is_file)
		ret = check_ends(g, through, err);
	if (ret == 0)
		ret = set_ends(g, r, err);
	if (ret == 0 && !is_file)
		ret = sl_graph_pipeline(g, through, "in", "out", err);
	return ret == 0 ? sl_graph_check(g, err) : ret;
}

int replay_graph_build(struct sl_graph **g, const struct replay_request *request,
		       struct sl_error *err)
{
	int ret;

	*g = sl_graph_create();
	if (!*g)
		return sl_error_set(err, -ENOMEM, "out of memory");
	ret = fill(*g, request, err);
	if (ret == 0)
		return 0;
	sl_graph_destroy(*g);
	*g = NULL;
	return ret;
}
