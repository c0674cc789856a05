#include "core/error.h"
#include "core/graph.h"
#include "core/grow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIPELINE_MAX = 1 << 16 }; // bytes of a pipeline line

enum kind { END, WORD, ARROW };

struct word {
	enum kind kind;
	char *text;               // without its quotes
	size_t assign;            // where the '=' of key=value is in text; 0 = it is a value
	struct sl_place at;       // of its first character
	struct sl_place value_at; // of what follows the '='
};

// A line on its way into a graph.
struct pipeline {
	struct sl_graph *g;
	struct sl_error *err;
	const char *line;
	struct sl_place here; // of the next character
	struct word *words;   // with the arrows
	size_t n_words;
};

// A word while it is read.
struct buffer {
	char text[PIPELINE_MAX + 1];
	size_t len;
	bool is_bare; // so far a name, without quotes
};

// ---- words

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char peek(const struct pipeline *p)
{
	return p->line[p->here.offset];
}

static bool at_arrow(const struct pipeline *p)
{
	return !strncmp(p->line + p->here.offset, "->", 2);
}

static char next(struct pipeline *p)
{
	char c = peek(p);

	sl_place_step(&p->here, c);
	return c;
}

static int unclosed(const struct pipeline *p, struct sl_place at, char quote)
{
	return sl_graph_error(p->g, at, p->err, -EINVAL, "this %c is never closed", quote);
}

static int read_single(struct pipeline *p, struct buffer *b)
{
	struct sl_place start = p->here;

	next(p);
	while (peek(p) && peek(p) != '\'')
		b->text[b->len++] = next(p);
	if (!peek(p))
		return unclosed(p, start, '\'');
	next(p);
	return 0;
}

// Between double quotes a backslash keeps itself but in front of these, as in a shell.
static int read_double(struct pipeline *p, struct buffer *b)
{
	struct sl_place start = p->here;

	next(p);
	while (peek(p) && peek(p) != '"') {
		char c = next(p);

		if (c == '\\' && peek(p) && strchr("\"\\$`", peek(p)))
			c = next(p);
		b->text[b->len++] = c;
	}
	if (!peek(p))
		return unclosed(p, start, '"');
	next(p);
	return 0;
}

static int read_backslash(struct pipeline *p, struct buffer *b)
{
	struct sl_place start = p->here;

	next(p);
	if (!peek(p))
		return sl_graph_error(p->g, start, p->err, -EINVAL, "nothing follows this \\");
	b->text[b->len++] = next(p);
	return 0;
}

// Read one character of a word, or all that is between quotes.
static int read_part(struct pipeline *p, struct buffer *b, struct word *w)
{
	char c = peek(p);

	if (c == '\'' || c == '"' || c == '\\') {
		b->is_bare = false;
		return c == '\''  ? read_single(p, b)
		       : c == '"' ? read_double(p, b)
				  : read_backslash(p, b);
	}
	b->text[b->len++] = next(p);
	if (c == '=' && b->is_bare && !w->assign) {
		b->text[b->len - 1] = '\0';
		if (sl_name_valid(b->text)) {
			w->assign = b->len - 1;
			w->value_at = p->here;
		}
		b->text[b->len - 1] = '=';
		b->is_bare = false;
	}
	return 0;
}

static int read_word(struct pipeline *p, struct buffer *b, struct word *w)
{
	int code = 0;

	while (is_blank(peek(p)))
		next(p);
	*w = (struct word){.kind = WORD, .at = p->here, .value_at = p->here};
	if (!peek(p)) {
		w->kind = END;
		return 0;
	}
	if (at_arrow(p)) {
		next(p);
		next(p);
		w->kind = ARROW;
		return 0;
	}
	b->len = 0;
	b->is_bare = true;
	while (!code && peek(p) && !is_blank(peek(p)) && !at_arrow(p))
		code = read_part(p, b, w);
	if (code)
		return code;
	w->text = strndup(b->text, b->len);
	return w->text ? 0 : sl_error_set(p->err, -ENOMEM, "out of memory");
}

// Cut the line into words and arrows; an END stands behind the last.
static int read_words(struct pipeline *p)
{
	struct buffer *b = malloc(sizeof(*b));
	int code = b ? 0 : sl_error_set(p->err, -ENOMEM, "out of memory");
	struct word w = {.kind = WORD};

	while (!code && w.kind != END) {
		struct word *words = sl_grow(p->words, p->n_words, sizeof(*words));

		if (!words) {
			code = sl_error_set(p->err, -ENOMEM, "out of memory");
			break;
		}
		p->words = words;
		code = read_word(p, b, &w);
		if (!code)
			words[p->n_words++] = w;
	}
	free(b);
	return code;
}

// ---- stages

// Whether the word at i is the first of its stage.
static bool starts_stage(const struct pipeline *p, size_t i)
{
	return p->words[i].kind == WORD && (i == 0 || p->words[i - 1].kind == ARROW);
}

static bool name_is_free(const struct pipeline *p, const char *name)
{
	if (sl_graph_has(p->g, name))
		return false;
	for (size_t i = 0; i < p->n_words; i++) {
		const struct word *w = &p->words[i];

		if (starts_stage(p, i) && w->assign == strlen(name) &&
		    !strncmp(w->text, name, w->assign))
			return false;
	}
	return true;
}

// The class's name, or class-2, class-3, ...
static void make_name(const struct pipeline *p, const char *class, char name[2 * SL_NAME_SIZE])
{
	snprintf(name, 2 * SL_NAME_SIZE, "%.*s", SL_NAME_SIZE, class);
	for (unsigned n = 2; !name_is_free(p, name); n++)
		snprintf(name, 2 * SL_NAME_SIZE, "%.*s-%u", SL_NAME_SIZE, class, n);
}

// Add the app that a stage's first word names. Returns it, or NULL with err filled.
static struct sl_graph_app *add_app(const struct pipeline *p, const struct word *w)
{
	const char *class = w->assign ? w->text + w->assign + 1 : w->text;
	char name[2 * SL_NAME_SIZE];

	if (!class[0]) {
		sl_graph_error(p->g, w->value_at, p->err, -EINVAL,
			       w->assign ? "a class is missing behind '='" : "a class is missing");
		return NULL;
	}
	if (w->assign)
		snprintf(name, sizeof(name), "%.*s", (int)w->assign, w->text);
	else if (sl_name_valid(class))
		make_name(p, class, name);
	else {
		sl_graph_error(p->g, w->at, p->err, -EINVAL, "'%.64s' is not the name of a class",
			       class);
		return NULL;
	}
	return sl_graph_add_app(p->g, name, w->at, class, w->value_at, p->err);
}

// Set a value or key=value. A second one of the same key makes a list.
static int add_setting(const struct pipeline *p, struct sl_graph_app *app, struct word *w)
{
	const char *key = w->assign ? w->text : NULL;
	const char *value = w->assign ? w->text + w->assign + 1 : w->text;
	int code;

	if (w->assign)
		w->text[w->assign] = '\0';
	code = sl_graph_app_set(p->g, app, key, w->at, value, w->value_at, false, NULL);
	if (code == -EEXIST)
		code = sl_graph_app_set(p->g, app, key, w->at, value, w->value_at, true, p->err);
	else if (code)
		sl_error_set(p->err, code, "out of memory");
	return code;
}

// A link joins the app before to the one just added, wherever the former was written.
static int add_link(const struct pipeline *p, const char *from, struct sl_place from_at,
		    const char *to, struct sl_place to_at)
{
	return sl_graph_add_link(p->g, from, from_at, to, to_at, p->err) ? 0 : -EINVAL;
}

static int missing_stage(const struct pipeline *p, size_t i)
{
	const struct word *w = &p->words[i];

	if (w->kind == ARROW)
		return sl_graph_error(p->g, w->at, p->err, -EINVAL,
				      "a stage is missing in front of '->'");
	return sl_graph_error(p->g, w[-1].at, p->err, -EINVAL, "a stage is missing behind '->'");
}

// Add the stages one after the other, each linked to the one before.
static int add_stages(const struct pipeline *p, const char *first, const char *last)
{
	struct sl_place before_at = p->words[0].at;
	char before[2 * SL_NAME_SIZE] = "";
	int code = 0;

	snprintf(before, sizeof(before), "%s", first ? first : "");
	for (size_t i = 0; !code && (i == 0 || p->words[i - 1].kind != END); i++) {
		struct sl_graph_app *app;

		if (p->words[i].kind != WORD)
			return missing_stage(p, i);
		app = add_app(p, &p->words[i]);
		if (!app)
			return -EINVAL;
		if (before[0])
			code = add_link(p, before, before_at, app->name, app->at);
		snprintf(before, sizeof(before), "%s", app->name);
		before_at = app->at;
		for (i++; !code && p->words[i].kind == WORD; i++)
			code = add_setting(p, app, &p->words[i]);
	}
	if (!code && last)
		code = add_link(p, before, before_at, last, before_at);
	return code;
}

static int read_line(struct pipeline *p, const char *first, const char *last)
{
	int text, code;

	text = sl_graph_add_text(p->g, "pipeline", p->line, false);
	if (text < 0)
		return sl_error_set(p->err, -ENOMEM, "out of memory");
	p->here = (struct sl_place){.text = text, .line = 1, .column = 1};
	if (strlen(p->line) > PIPELINE_MAX)
		return sl_graph_error(p->g, p->here, p->err, -EINVAL, "longer than %d bytes",
				      PIPELINE_MAX);
	code = read_words(p);
	if (code)
		return code;
	if (p->words[0].kind != END)
		return add_stages(p, first, last);
	return first && last ? add_link(p, first, sl_place_none(), last, sl_place_none()) : 0;
}

int sl_graph_pipeline(struct sl_graph *g, const char *line, const char *first, const char *last,
		      struct sl_error *err)
{
	struct pipeline p = {.g = sl_graph_copy(g), .line = line, .err = err};
	int code = p.g ? read_line(&p, first, last) : sl_error_set(err, -ENOMEM, "out of memory");

	if (!code)
		sl_graph_swap(g, p.g);
	for (size_t i = 0; i < p.n_words; i++)
		free(p.words[i].text);
	free(p.words);
	sl_graph_destroy(p.g);
	return code;
}
