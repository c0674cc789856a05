// sluice: the command. Finds the subcommand, reads its options, runs it.

#include "cli/command.h"
#include "cli/say.h"
#include "cli/text.h"
#include "core/suggest.h"

#include <errno.h>
#include <signal.h>
#include <sluice/version.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
	&command_run, &command_check, &command_graph,  &command_replay, &command_apps,
	&command_key, &command_cap,   &command_tunnel, &command_unseal, &command_wg,
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int print_help(void)
{
	puts("Usage: sluice COMMAND [OPTION]...\n"
	     "\n"
	     "A userspace packet engine: poll-mode apps joined by lock-free links.\n"
	     "\n"
	     "Commands:");
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  %-8s  %s\n", commands[i]->name, commands[i]->summary);
	puts("\n"
	     "Options:\n"
	     "  -h, --help     Explain the command, or a subcommand: sluice replay --help\n"
	     "  -V, --version  Print the version\n"
	     "\n"
	     "Exit status: 0 done, 1 failed (nothing is left half done), 2 wrong usage.\n"
	     "The manual is sluice(1).");
	return STATUS_DONE;
}

static int print_version(void)
{
	printf("sluice %s\n", sl_version());
	return STATUS_DONE;
}

static void print_option(const struct args_option *o)
{
	char left[64], letter[8] = "    ";

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name, o->value ? " " : "",
		 o->value ? o->value : "");
	if (strlen(left) <= 26)
		printf("  %-26s  %s\n", left, o->help);
	else
		printf("  %s\n  %-26s  %s\n", left, "", o->help);
}

static int print_command_help(const struct command *c)
{
	printf("Usage: sluice %s %s\n\n", c->name, c->usage);
	text_wrap(stdout, c->details, 0);
	puts("\nOptions:");
	for (const struct args_option *o = c->options; o->name; o++)
		print_option(o);
	print_option(&(struct args_option){"help", 'h', NULL, "Print this"});
	printf("\nExample:\n%s", c->example);
	return STATUS_DONE;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *kind = name[0] == '-' ? "option" : "command";
	struct sl_suggest near = {.wanted = name};
	char hint[96];

	for (size_t i = 0; i < N_COMMANDS; i++)
		sl_suggest_offer(&near, commands[i]->name);
	sl_suggest_offer(&near, "--help");
	sl_suggest_offer(&near, "--version");
	say("unknown %s '%s'%s", kind, name,
	    near.best ? sl_suggest_hint(&near, hint, sizeof(hint))
		      : "; 'sluice --help' lists what there is");
	return STATUS_USAGE;
}

static int wrong_usage(const struct command *c, const char *what)
{
	say("%s: %s", c->name, what);
	fprintf(stderr, "Usage: sluice %s %s\nMore: sluice %s --help\n", c->name, c->usage,
		c->name);
	return STATUS_USAGE;
}

static int run_command(const struct command *c, int argc, char **argv)
{
	struct args args;
	struct sl_error err = {0};
	char what[128];

	if (args_parse(&args, c->options, argc, argv, &err) < 0)
		return wrong_usage(c, err.text);
	if (args.help)
		return print_command_help(c);
	if (args.n_words < c->min_words)
		return wrong_usage(c, "too few arguments");
	if (args.n_words <= c->max_words)
		return c->run(&args);
	snprintf(what, sizeof(what), "unexpected argument '%.80s'", args.words[c->max_words]);
	return wrong_usage(c, what);
}

// Whoever can call no more than one word calls the subcommand by a link "sluice-NAME".
static const struct command *find_alias(const char *program)
{
	const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;

	return strncmp(name, "sluice-", 7) == 0 ? find_command(name + 7) : NULL;
}

static int run_main(int argc, char **argv)
{
	const struct command *c = argc > 0 ? find_alias(argv[0]) : NULL;
	const char *name = argc > 1 ? argv[1] : NULL;

	if (c && (!name || strcmp(name, "--version") != 0))
		return run_command(c, argc - 1, argv + 1);
	if (!name) {
		say("no command; 'sluice --help' lists what there is");
		return STATUS_USAGE;
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		return print_version();
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || (!strcmp(name, "help") && argc == 2))
		return print_help();
	if (!strcmp(name, "help")) {
		c = find_command(argv[2]);
		return c ? print_command_help(c) : unknown_command(argv[2]);
	}
	c = find_command(name);
	return c ? run_command(c, argc - 2, argv + 2) : unknown_command(name);
}

int main(int argc, char **argv)
{
	int status;

	signal(SIGPIPE, SIG_IGN); // a reader that went away is a write error like any other
	status = run_main(argc, argv);
	if (fflush(stdout) < 0 || ferror(stdout)) {
		if (errno != EPIPE)
			say("cannot write the output: %s", strerror(errno));
		if (status == STATUS_DONE)
			status = STATUS_FAILED;
	}
	return status;
}
