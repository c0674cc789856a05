// sluice check: are these files right?

#include "cli/command.h"
#include "cli/graph_file.h"
#include "cli/say.h"

#include <stdint.h>
#include <stdio.h>

static const struct args_option options[] = {{0}};

static int check_file(const char *path, struct sl_error *err)
{
	struct sl_graph *g;
	int ret = graph_file_open(&g, path, err);

	if (ret == 0)
		ret = sl_graph_check_files(g, err);
	if (ret == 0)
		printf("%s: ok, %zu apps, %zu links\n", path, sl_graph_count_apps(g),
		       sl_graph_count_links(g));
	sl_graph_destroy(g);
	return ret;
}

static int check_run(const struct args *args)
{
	int status = STATUS_DONE;

	for (size_t i = 0; i < args->n_words; i++) {
		struct sl_error err = {0};

		if (check_file(args->words[i], &err) == 0)
			continue;
		say_error(&err);
		status = STATUS_FAILED;
	}
	return status;
}

const struct command command_check = {
	.name = "check",
	.summary = "Check graph files without running them",
	.usage = "FILE...",
	.details = "Check all of each file that can be checked without opening a device or a "
		   "capture: syntax, classes, keys and their values, ports, cycles, workers, the "
		   "keys of tunnels and who gets what address. "
		   "Exit status 1 where a file has a mistake; its place is shown.",
	.example = "  sluice check router.yaml && sluice run router.yaml\n",
	.options = options,
	.min_words = 1,
	.max_words = SIZE_MAX,
	.run = check_run,
};
