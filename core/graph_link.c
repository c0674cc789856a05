#include "core/graph.h"
#include "core/grow.h"

#include <errno.h>
#include <stdio.h>

// One end of a link, taken apart.
struct end {
	char app[SL_NAME_SIZE];
	char port[SL_NAME_SIZE]; // "" = the default one
};

// A piece of a chain: the text between two arrows, without the blanks around it.
struct piece {
	const char *text;
	size_t len;
	struct sl_place at;
};

void sl_graph_link_fini(struct sl_graph_link *l)
{
	free(l->from);
	free(l->from_port);
	free(l->to);
	free(l->to_port);
}

// Take "app" or "app.port" apart and look up the app.
static int read_end(const struct sl_graph *g, const char *text, struct sl_place at, struct end *end,
		    struct sl_error *err)
{
	size_t app_len = strcspn(text, ".");
	const char *port = text[app_len] ? text + app_len + 1 : "";

	snprintf(end->app, sizeof(end->app), "%.*s", (int)app_len, text);
	snprintf(end->port, sizeof(end->port), "%s", port);
	if (app_len >= sizeof(end->app) || !sl_name_valid(end->app))
		return sl_graph_error(g, at, err, -EINVAL, "'%s' is not an app or app.port to link",
				      text);
	if (text[app_len] && (strlen(port) >= sizeof(end->port) || !sl_name_valid(port)))
		return sl_graph_error(g, at, err, -EINVAL, "'%s' is not a port's name", port);
	if (!sl_graph_has(g, end->app))
		return sl_graph_no_app(g, end->app, at, err);
	return 0;
}

static bool set_end(char **app, char **port, const struct end *end)
{
	return sl_copy_text(app, end->app) && (!end->port[0] || sl_copy_text(port, end->port));
}

static struct sl_graph_link *append_link(struct sl_graph *g, const struct end *from,
					 const struct end *to)
{
	struct sl_graph_link *links = sl_grow(g->links, g->n_links, sizeof(*links)), *l;

	if (!links)
		return NULL;
	g->links = links;
	l = &links[g->n_links];
	*l = (struct sl_graph_link){0};
	if (!set_end(&l->from, &l->from_port, from) || !set_end(&l->to, &l->to_port, to)) {
		sl_graph_link_fini(l);
		return NULL;
	}
	g->n_links++;
	return l;
}

struct sl_graph_link *sl_graph_add_link(struct sl_graph *g, const char *from,
					struct sl_place from_at, const char *to,
					struct sl_place to_at, struct sl_error *err)
{
	struct sl_graph_link *l;
	struct end a, b;

	if (read_end(g, from, from_at, &a, err) || read_end(g, to, to_at, &b, err))
		return NULL;
	if (g->n_links >= SL_LINKS_MAX) {
		sl_graph_error(g, from_at, err, -EINVAL, "more than %d links", SL_LINKS_MAX);
		return NULL;
	}
	l = append_link(g, &a, &b);
	if (!l) {
		sl_error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	l->from_at = from_at;
	l->to_at = to_at;
	return l;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Cut the next piece off *chain. Returns false behind the last one.
static bool next_piece(const char **chain, struct piece *piece)
{
	const char *start = *chain, *end;

	if (!start)
		return false;
	end = strstr(start, "->");
	*chain = end ? end + 2 : NULL;
	if (!end)
		end = start + strlen(start);
	while (start < end && is_blank(*start))
		start++;
	while (end > start && is_blank(end[-1]))
		end--;
	*piece = (struct piece){.text = start, .len = (size_t)(end - start)};
	return true;
}

static int missing_name(const struct sl_graph *g, struct sl_place at, bool is_last, bool is_alone,
			struct sl_error *err)
{
	if (is_alone)
		return sl_graph_error(g, at, err, -EINVAL, "a link is written 'app -> app'");
	return sl_graph_error(g, at, err, -EINVAL, "an app's name is missing %s '->'",
			      is_last ? "behind" : "in front of");
}

static int add_chain(struct sl_graph *g, const char *chain, struct sl_place at,
		     struct sl_error *err)
{
	const char *rest = chain;
	struct piece from = {0}, to;
	unsigned n = 0;

	for (; next_piece(&rest, &to); from = to, n++) {
		char a[2 * SL_NAME_SIZE + 1], b[2 * SL_NAME_SIZE + 1];
		const char *dot;

		to.at = sl_place_inside(g, at, chain, (size_t)(to.text - chain));
		if (to.len == 0)
			return missing_name(g, to.at, !rest, !rest && n == 0, err);
		if (n == 0)
			continue;
		// A port in the middle was the input of the link before.
		dot = memchr(from.text, '.', from.len);
		if (n > 1 && dot)
			from.len = (size_t)(dot - from.text);
		snprintf(a, sizeof(a), "%.*s", (int)from.len, from.text);
		snprintf(b, sizeof(b), "%.*s", (int)to.len, to.text);
		if (!sl_graph_add_link(g, a, from.at, b, to.at, err))
			return -EINVAL;
	}
	if (n < 2)
		return sl_graph_error(g, from.at, err, -EINVAL,
				      "a link needs two apps: '%.*s -> app'", (int)from.len,
				      from.text);
	return 0;
}

int sl_graph_add_chain(struct sl_graph *g, const char *chain, struct sl_place at,
		       struct sl_error *err)
{
	size_t before = g->n_links;
	int code = add_chain(g, chain, at, err);

	while (code && g->n_links > before)
		sl_graph_link_fini(&g->links[--g->n_links]);
	return code;
}

int sl_graph_link(struct sl_graph *g, const char *chain, struct sl_error *err)
{
	int code = sl_graph_add_chain(g, chain, sl_place_none(), err);

	return code ? sl_error_prefix(err, code, "link '%s'", chain) : 0;
}

bool sl_graph_has_link(const struct sl_graph *g, const char *from, const char *to)
{
	for (size_t i = 0; i < g->n_links; i++)
		if ((!from || !strcmp(from, g->links[i].from)) &&
		    (!to || !strcmp(to, g->links[i].to)))
			return true;
	return false;
}
