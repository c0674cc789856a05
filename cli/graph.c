// sluice graph: a graph file as a picture, or as the apps and links that it stands for.

#include "cli/command.h"
#include "cli/graph_file.h"
#include "cli/say.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DOT, SVG, YAML, OUTPUT };

static const struct args_option options[] = {
	[DOT] = {"dot", 0, NULL, "Print the dot language (the default)"},
	[SVG] = {"svg", 0, NULL, "Print SVG, drawn by Graphviz"},
	[YAML] = {"yaml", 0, NULL, "Print apps and links as a graph file"},
	[OUTPUT] = {"output", 'o', "FILE", "Write into FILE instead of the standard output"},
	{0},
};

// *text is heap text, owned by the caller.
static int load_text(const char *path, char *(*print)(const struct sl_graph *g), char **text,
		     struct sl_error *err)
{
	struct sl_graph *g;
	int ret = graph_file_open(&g, path, err);

	if (ret < 0)
		return ret;
	*text = print(g);
	sl_graph_destroy(g);
	return *text ? 0 : sl_error_set(err, -ENOMEM, "out of memory");
}

// Start `dot -Tsvg` between two descriptors.
static int spawn_graphviz(pid_t *pid, int in, int out)
{
	char *argv[] = {(char[]){"dot"}, (char[]){"-Tsvg"}, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int ret;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	ret = posix_spawnp(pid, "dot", &files, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return -ret;
}

// A file in memory that holds text. Returns its descriptor, at the start, or -errno.
static int memory_file(const char *text)
{
	int fd = memfd_create("sluice-graph", MFD_CLOEXEC);
	size_t len = strlen(text);

	if (fd < 0)
		return -errno;
	if (write(fd, text, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	close(fd);
	return -EIO;
}

// Let Graphviz read a file and write its picture into another.
static int run_graphviz(int in, int out, struct sl_error *err)
{
	int status = 0, ret;
	pid_t pid;

	ret = spawn_graphviz(&pid, in, out);
	if (ret == -ENOENT)
		return sl_error_set(err, ret,
				    "--svg needs Graphviz, whose command 'dot' is not installed; "
				    "on Debian: apt install graphviz");
	if (ret < 0)
		return sl_error_set(err, ret, "cannot start dot: %s", strerror(-ret));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return sl_error_set(err, -EIO, "Graphviz (dot -Tsvg) failed");
}

// Turn dot text into SVG text. *svg is heap text, owned by the caller.
static int draw_svg(const char *dot, char **svg, struct sl_error *err)
{
	int in = memory_file(dot), out = memory_file(""), ret = -EIO;
	off_t len;

	if (in < 0 || out < 0) {
		sl_error_set(err, ret, "cannot make a file in memory");
		goto close_files;
	}
	ret = run_graphviz(in, out, err);
	if (ret < 0)
		goto close_files;
	len = lseek(out, 0, SEEK_END);
	*svg = calloc(1, (size_t)len + 1);
	if (!*svg || pread(out, *svg, (size_t)len, 0) != len)
		ret = sl_error_set(err, -ENOMEM, "out of memory");
close_files:
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return ret;
}

static int write_file(const char *path, const char *text, struct sl_error *err)
{
	FILE *f = fopen(path, "we");
	struct stat st;
	int ret = 0;

	if (!f)
		return sl_error_set(err, -errno, "cannot write '%s': %s", path, strerror(errno));
	if (fputs(text, f) < 0 || fflush(f) < 0)
		ret = sl_error_set(err, -errno, "cannot write '%s': %s", path, strerror(errno));
	if (ret < 0 && fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode))
		unlink(path); // half a picture is none
	fclose(f);
	return ret;
}

static int graph_run(const struct args *args)
{
	bool svg = args->values[SVG], yaml = args->values[YAML];
	const char *path = args->values[OUTPUT];
	char *text = NULL, *picture = NULL;
	struct sl_error err = {0};
	int ret;

	if (svg + yaml + !!args->values[DOT] > 1) {
		say("graph: --svg, --yaml and --dot exclude each other");
		return STATUS_USAGE;
	}
	ret = load_text(args->words[0], yaml ? sl_graph_yaml : sl_graph_dot, &text, &err);
	if (ret == 0 && svg)
		ret = draw_svg(text, &picture, &err);
	if (ret == 0 && path && strcmp(path, "-") != 0)
		ret = write_file(path, svg ? picture : text, &err);
	else if (ret == 0)
		fputs(svg ? picture : text, stdout);
	free(picture);
	free(text);
	if (ret == 0)
		return STATUS_DONE;
	say_error(&err);
	return STATUS_FAILED;
}

const struct command command_graph = {
	.name = "graph",
	.summary = "Draw a graph file",
	.usage = "FILE [--svg|--yaml|--dot] [-o FILE]",
	.details =
		"Check a graph file and print it in the dot language or, drawn by Graphviz, "
		"as SVG. With --yaml, print a file of apps and links: this shows what the ports, "
		"addresses and routes of a router became, and can be run itself.",
	.example = "  sluice graph router.yaml --svg -o router.svg\n"
		   "  sluice graph router.yaml --yaml\n",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = graph_run,
};
