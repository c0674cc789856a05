#include "core/error.h"
#include "core/graph.h"
#include "core/suggest.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

// The nth line of a text, from 1, without its end.
static const char *find_line(const char *text, unsigned n, size_t *len)
{
	for (unsigned i = 1; i < n; i++) {
		text += strcspn(text, "\r\n");
		if (!*text)
			return NULL;
		text += text[0] == '\r' && text[1] == '\n' ? 2 : 1;
	}
	*len = strcspn(text, "\r\n");
	return text;
}

void sl_graph_error_place(const struct sl_graph *g, struct sl_place at, struct sl_error *err)
{
	const struct sl_text *text;
	const char *source;
	size_t len = 0;

	if (!err || at.text < 0)
		return;
	text = &g->texts[at.text];
	source = find_line(text->content, at.line, &len);
	sl_error_place(err, text->name, at.line, at.column, source, len);
}

int sl_graph_error(const struct sl_graph *g, struct sl_place at, struct sl_error *err, int code,
		   const char *format, ...)
{
	va_list args;

	va_start(args, format);
	sl_error_vset(err, format, args);
	va_end(args);
	sl_graph_error_place(g, at, err);
	return code;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct sl_place sl_place_inside(const struct sl_graph *g, struct sl_place at, const char *value,
				size_t n)
{
	const char *source = at.text >= 0 ? g->texts[at.text].content : "";
	struct sl_place here = at;

	while (at.text >= 0 && is_blank(source[here.offset])) // a block's indentation
		sl_place_step(&here, source[here.offset]);
	for (size_t i = 0; at.text >= 0 && i < n; i++) {
		// YAML folds a line's end and its indentation into one blank.
		while (is_blank(value[i]) && is_blank(source[here.offset]))
			sl_place_step(&here, source[here.offset]);
		if (is_blank(value[i]))
			continue;
		if (source[here.offset] != value[i])
			return at;
		sl_place_step(&here, value[i]);
	}
	return here;
}

int sl_graph_no_app(const struct sl_graph *g, const char *name, struct sl_place at,
		    struct sl_error *err)
{
	struct sl_suggest near = {.wanted = name};
	char hint[SL_NAME_SIZE + 32];

	for (size_t i = 0; i < g->n_apps; i++)
		sl_suggest_offer(&near, g->apps[i].name);
	return sl_graph_error(g, at, err, -ENOENT, "no app is named '%s'%s", name,
			      sl_suggest_hint(&near, hint, sizeof(hint)));
}
