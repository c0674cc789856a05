#include "core/error.h"
#include "core/graph.h"
#include "core/plugin.h"
#include "core/ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 60 }; // bytes shown of a value

// Write text inside a dot string: quotes and backslashes escaped, on one line, as UTF-8. What is
// longer than VALUE_MAX ends in "...".
static void put_text(FILE *out, const char *text)
{
	size_t n = strlen(text), shown = n > VALUE_MAX ? VALUE_MAX : n;
	bool is_utf8 = !text[sl_text_utf8(text)];

	while (is_utf8 && shown < n && ((unsigned char)text[shown] & 0xc0) == 0x80)
		shown--;
	for (size_t i = 0; i < shown; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < ' ' || c == 0x7f || (c >= 0x80 && !is_utf8))
			c = '?';
		if (c == '"' || c == '\\')
			fputc('\\', out);
		fputc(c, out);
	}
	if (shown < n)
		fputs("...", out);
}

static void put_value(FILE *out, const struct sl_value *v)
{
	if (v->text) {
		put_text(out, v->text);
		return;
	}
	fputc('[', out);
	for (size_t i = 0; i < v->n_items; i++) {
		fputs(i ? ", " : "", out);
		put_text(out, v->items[i].text);
	}
	fputc(']', out);
}

// A box: the name, the class where it says more, a line for each setting.
static void put_app(FILE *out, const struct sl_graph_app *app)
{
	const struct sl_app_class *class = sl_class_find(app->class);
	const struct sl_key *first = class ? class->keys : NULL;

	fprintf(out, "\t\"%s\" [label=\"%s", app->name, app->name);
	if (strcmp(app->name, app->class) != 0) {
		fputs("\\n", out);
		put_text(out, app->class);
	}
	for (size_t i = 0; i < app->n_settings; i++) {
		const struct sl_setting *s = &app->settings[i];
		const char *key = s->key ? s->key : first && first->name ? first->name : "";

		fputs("\\n", out);
		put_text(out, key);
		fputs(key[0] ? ": " : "", out);
		put_value(out, &s->value);
	}
	fputs("\"];\n", out);
}

static void put_worker(FILE *out, const struct sl_graph *g, int worker)
{
	bool is_open = false;

	for (size_t i = 0; i < g->n_apps; i++) {
		if (g->apps[i].worker != worker)
			continue;
		if (!is_open && worker >= 0)
			fprintf(out, "\tsubgraph cluster_worker_%d {\n\tlabel=\"worker %d\";\n",
				worker, worker);
		is_open = true;
		put_app(out, &g->apps[i]);
	}
	if (is_open && worker >= 0)
		fputs("\t}\n", out);
}

// Whether a port has to be named to be understood: it is not the only one of its side.
static bool is_telling(const char *const *names, const char *given)
{
	if (names[0] && !strcmp(names[0], "*"))
		return given != NULL;
	return names[0] && names[1];
}

static void put_link(FILE *out, const struct sl_graph *g, const struct sl_wiring *w, size_t i)
{
	const struct sl_graph_link *l = &g->links[i];
	const char *tail = l->from_port, *head = l->to_port;

	if (w) { // else the graph has mistakes, and only what is written can be shown
		const struct sl_wire *wire = &w->wires[i];

		tail = is_telling(w->apps[wire->from].class->outputs, tail) ? wire->from_name
									    : NULL;
		head = is_telling(w->apps[wire->to].class->inputs, head) ? wire->to_name : NULL;
	}
	fprintf(out, "\t\"%s\" -> \"%s\"", l->from, l->to);
	if (tail)
		fprintf(out, " [taillabel=\"%s\"]", tail);
	if (head)
		fprintf(out, " [headlabel=\"%s\"]", head);
	fputs(";\n", out);
}

char *sl_graph_dot(const struct sl_graph *g)
{
	struct sl_wiring w = {0};
	bool is_wired = sl_wiring_resolve(g, &w, NULL) == 0;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		goto done;
	fputs("digraph sluice {\n\trankdir=LR;\n\tnode [shape=box, fontname=\"sans-serif\"];\n"
	      "\tedge [fontname=\"sans-serif\", fontsize=10];\n",
	      out);
	for (int worker = -1; worker < SL_WORKERS_MAX; worker++)
		put_worker(out, g, worker);
	for (size_t i = 0; i < g->n_links; i++)
		put_link(out, g, is_wired ? &w : NULL, i);
	fputs("}\n", out);
	if (fclose(out) != 0) {
		free(text);
		text = NULL;
	}
done:
	sl_wiring_fini(&w);
	return text;
}
