#include "core/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Whether a text can stand in YAML as it is, where a map's key or value or a list's item is wanted.
static bool is_plain(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || !strcmp(text, "null") || !strcmp(text, "~") || text[0] == '-')
		return false;
	return text[n - 1] != ':' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "-_./:+") == n;
}

// Several words are plain too, with one blank between them.
static bool are_plain_words(const char *text)
{
	char word[256];
	size_t n;

	for (;; text += n + 1) {
		n = strcspn(text, " ");
		if (n >= sizeof(word))
			return false;
		snprintf(word, sizeof(word), "%.*s", (int)n, text);
		if (word[0] ? !is_plain(word) : true)
			return false;
		if (!text[n])
			return true;
	}
}

static void put_text(FILE *out, const char *text)
{
	if (are_plain_words(text)) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void put_value(FILE *out, const struct sl_value *v, const char *indent)
{
	if (v->text) {
		fputc(' ', out);
		put_text(out, v->text);
		fputc('\n', out);
		return;
	}
	fputs(v->n_items ? "\n" : " []\n", out);
	for (size_t i = 0; i < v->n_items; i++) {
		fprintf(out, "%s  - ", indent);
		put_text(out, v->items[i].text);
		fputc('\n', out);
	}
}

// A setting without a name belongs to the class's first key, which has one where others do.
static const char *key_of(const struct sl_graph_app *app, const struct sl_setting *s)
{
	const struct sl_app_class *class = sl_class_find(app->class);

	if (s->key)
		return s->key;
	return class && class->keys && class->keys[0].name ? class->keys[0].name : app->class;
}

static void put_app(FILE *out, const struct sl_graph_app *app)
{
	fputs("  ", out);
	put_text(out, app->name);
	if (app->n_settings == 0 && app->worker < 0) {
		fputs(": ", out);
		put_text(out, app->class);
		fputc('\n', out);
		return;
	}
	fputs(":\n    ", out);
	put_text(out, app->class);
	fputc(':', out);
	if (app->n_settings == 1 && !app->settings[0].key) {
		put_value(out, &app->settings[0].value, "    ");
	} else {
		fputc('\n', out);
		for (size_t i = 0; i < app->n_settings; i++) {
			fputs("      ", out);
			put_text(out, key_of(app, &app->settings[i]));
			fputc(':', out);
			put_value(out, &app->settings[i].value, "      ");
		}
	}
	if (app->worker >= 0)
		fprintf(out, "    worker: %d\n", app->worker);
}

static void put_end(FILE *out, const char *app, const char *port)
{
	fprintf(out, "%s%s%s", app, port ? "." : "", port ? port : "");
}

static void put_words(FILE *out, const struct sl_graph *g)
{
	if (g->workers != 1)
		fprintf(out, "workers: %u\n", g->workers);
	for (unsigned i = 0; i < g->n_cpus; i++)
		fprintf(out, "%s%u%s", i ? ", " : "cpus: [", g->cpus[i],
			i + 1 < g->n_cpus ? "" : "]\n");
	fprintf(out, "mtu: %u\nlink-size: %u\nidle: %lluns\n", g->mtu, g->link_size,
		(unsigned long long)g->idle_ns);
	if (g->packets)
		fprintf(out, "packets: %llu\n", (unsigned long long)g->packets);
	fputs(g->n_plugins ? "plugins:\n" : "", out);
	for (size_t i = 0; i < g->n_plugins; i++) {
		fputs("  - ", out);
		put_text(out, g->plugins[i].value.text);
		fputc('\n', out);
	}
	fputs(g->eal_args && g->eal_args[0] ? "eal:\n" : "", out);
	for (size_t i = 0; g->eal_args && g->eal_args[i]; i++) {
		fputs("  - ", out);
		put_text(out, g->eal_args[i]);
		fputc('\n', out);
	}
}

char *sl_graph_yaml(const struct sl_graph *g)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs(g->n_apps ? "apps:\n" : "apps: {}\n", out);
	for (size_t i = 0; i < g->n_apps; i++)
		if (g->apps[i].class[0]) // else it is only announced
			put_app(out, &g->apps[i]);
	fputs(g->n_links ? "links:\n" : "", out);
	for (size_t i = 0; i < g->n_links; i++) {
		fputs("  - ", out);
		put_end(out, g->links[i].from, g->links[i].from_port);
		fputs(" -> ", out);
		put_end(out, g->links[i].to, g->links[i].to_port);
		fputc('\n', out);
	}
	put_words(out, g);
	if (fclose(out) != 0) {
		free(text);
		text = NULL;
	}
	return text;
}
