// sluice apps: what the classes say about themselves.

#include "cli/command.h"
#include "cli/say.h"
#include "cli/text.h"
#include "core/suggest.h"

#include <sluice/graph.h>
#include <stdio.h>
#include <string.h>

enum { PLUGIN };

static const struct args_option options[] = {
	[PLUGIN] = {"plugin", 'p', "FILE", "Load the classes of a plugin as well"},
	{0},
};

static const char *type_name(enum sl_type type)
{
	static const char *const names[] = {
		[SL_BOOL] = "yes or no",      [SL_UINT] = "number",
		[SL_REAL] = "number",         [SL_STRING] = "text",
		[SL_PATH] = "path",           [SL_STRINGS] = "list of texts",
		[SL_PATHS] = "list of paths", [SL_CHOICE] = "one of",
		[SL_BYTES] = "bytes",         [SL_DURATION] = "duration",
		[SL_RATE] = "rate",
	};

	return names[type];
}

static void print_ports(const char *title, const char *const *names)
{
	if (!names[0])
		return;
	printf("\n%s:", title);
	for (size_t i = 0; i < SL_PORTS_MAX && names[i]; i++)
		printf("%s %s", i ? "," : "", strcmp(names[i], "*") ? names[i] : "any number");
	putchar('\n');
}

static void print_names(const char *title, const char *const *names, size_t max)
{
	char list[2048] = "";
	size_t len = 0;

	if (!names[0])
		return;
	for (size_t i = 0; i < max && names[i] && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "",
					names[i]);
	printf("\n%s:\n", title);
	text_wrap(stdout, list, 2);
}

static void print_key(const struct sl_key *k, bool is_first)
{
	printf("  %s (%s", k->name, type_name(k->type));
	for (size_t i = 0; k->type == SL_CHOICE && k->choices && k->choices[i]; i++)
		printf("%s %s", i ? "," : "", k->choices[i]);
	if (k->required)
		printf("; must be given");
	else if (k->preset)
		printf("; default %s", k->preset);
	puts(is_first ? "; may stand without its name)" : ")");
	text_wrap(stdout, k->help ? k->help : "", 6);
}

static int print_class(const struct sl_app_class *c)
{
	const char *details = strchr(c->help, '\n');

	printf("%s: %.*s\n", c->name, (int)strcspn(c->help, "\n"), c->help);
	if (details) {
		putchar('\n');
		text_wrap(stdout, details + 1 + strspn(details + 1, "\n"), 0);
	}
	print_ports("Inputs", c->inputs);
	print_ports("Outputs", c->outputs);
	if (c->keys && c->keys[0].name)
		puts("\nKeys:");
	for (const struct sl_key *k = c->keys; k && k->name; k++)
		print_key(k, k == c->keys);
	print_names("Drops", c->drops, SL_DROPS_MAX);
	print_names("Metrics", c->metrics, SL_METRICS_MAX);
	return STATUS_DONE;
}

static int print_list(void)
{
	const struct sl_app_class *c;

	for (size_t i = 0; (c = sl_class_at(i)); i++)
		printf("%-14s  %.*s\n", c->name, (int)strcspn(c->help, "\n"), c->help);
	return STATUS_DONE;
}

static int unknown_class(const char *name)
{
	struct sl_suggest near = {.wanted = name};
	const struct sl_app_class *c;
	char hint[96];

	for (size_t i = 0; (c = sl_class_at(i)); i++)
		sl_suggest_offer(&near, c->name);
	say("apps: no app '%s'%s", name,
	    near.best ? sl_suggest_hint(&near, hint, sizeof(hint))
		      : "; 'sluice apps' lists what there is");
	return STATUS_FAILED;
}

static int apps_run(const struct args *args)
{
	const struct sl_app_class *c;
	struct sl_error err = {0};

	if (args->values[PLUGIN] && sl_plugin_load(args->values[PLUGIN], &err) < 0) {
		say_error(&err);
		return STATUS_FAILED;
	}
	if (!args->n_words)
		return print_list();
	c = sl_class_find(args->words[0]);
	return c ? print_class(c) : unknown_class(args->words[0]);
}

const struct command command_apps = {
	.name = "apps",
	.summary = "List the apps, or explain one",
	.usage = "[NAME] [--plugin FILE]",
	.details = "List the classes of apps that a graph can be made of, one line each. With "
		   "NAME, print all about one: ports, keys with their types and defaults, reasons "
		   "for drops, metrics.",
	.example = "  sluice apps filter\n",
	.options = options,
	.min_words = 0,
	.max_words = 1,
	.run = apps_run,
};
