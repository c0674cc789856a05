// sluice run: a graph file at work, until it ends or is told to.

#include "cli/command.h"
#include "cli/drive.h"
#include "cli/graph_file.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/say.h"
#include "cli/text.h"

#include <errno.h>
#include <unistd.h>

enum { STATS, JSON, USER };

static const struct args_option options[] = {
	[STATS] = {"stats", 's', "SECS", "Show packets and rates every so many seconds"},
	[JSON] = {"json", 0, NULL, "Print the report as JSON"},
	[USER] = {"user", 'u', "NAME", "Give up root and become this user"},
	{0},
};

struct run {
	const char *path;
	struct sl_engine *engine;
	struct progress progress;
};

static void reload(void *context)
{
	struct run *run = context;
	struct sl_error err = {0};
	struct sl_graph *g;
	int ret = graph_file_open(&g, run->path, &err);

	if (ret == 0)
		ret = sl_engine_apply(run->engine, g, &err);
	if (ret == 0)
		say("reloaded %s: %zu apps, %zu links", run->path, sl_graph_count_apps(g),
		    sl_graph_count_links(g));
	sl_graph_destroy(g);
	if (ret == 0)
		return;
	say_error(&err);
	say("%s is not reloaded; what ran before goes on", run->path);
}

static void show(void *context, const struct sl_stats *stats)
{
	struct run *run = context;

	progress_show(&run->progress, stats, isatty(STDERR_FILENO));
}

static void print_text(const struct outcome *o)
{
	char in[TEXT_NUMBER], out[TEXT_NUMBER], time[TEXT_NUMBER];

	printf("in        %15s packets\n", text_count(in, o->in));
	printf("out       %15s packets\n", text_count(out, o->out));
	report_losses(stdout, o);
	printf("time      %s from the first to the last packet\n",
	       text_duration(time, (uint64_t)(o->seconds * 1e9)));
	report_apps(stdout, o->stats, NULL);
	report_metrics(stdout, o->stats);
	report_balance(stdout, o);
}

static void print_json(const struct outcome *o, const struct drive *d)
{
	struct json j;

	json_init(&j, stdout);
	json_object(&j, NULL);
	json_string(&j, "result", d->failures ? "failed" : "done");
	report_json(&j, o);
	json_end(&j);
}

// Print the report. Returns the exit status.
static int finish(const struct run *run, const struct drive *d, bool as_json)
{
	const struct sl_stats *stats = sl_stats_read(run->engine);
	bool balances;
	struct outcome o;

	if (!stats || outcome_read(&o, stats, NULL, NULL) < 0) {
		sl_stats_free(stats);
		say("out of memory");
		return STATUS_FAILED;
	}
	if (as_json)
		print_json(&o, d);
	else
		print_text(&o);
	balances = outcome_balances(&o);
	outcome_fini(&o);
	sl_stats_free(stats);
	if (!balances)
		say("run: packets are not accounted for; this is a bug in an app or in Sluice");
	return balances && !d->failures ? STATUS_DONE : STATUS_FAILED;
}

static int drive_graph(struct run *run, const struct sl_graph *g, struct drive *d,
		       struct sl_error *err)
{
	struct sl_engine_options engine_options = {0};
	int ret;

	sl_graph_options(g, &engine_options);
	ret = sl_engine_create(&run->engine, &engine_options, err);
	if (ret < 0)
		return ret;
	loop_leave_signals(); // a pipe may take its time to open
	ret = sl_engine_apply(run->engine, g, err);
	loop_take_signals();
	if (ret < 0)
		return ret;
	d->engine = run->engine;
	run->progress.start_ns = loop_now_ns();
	return drive_run(d, err);
}

// Returns false, with a word to the user, where an option makes no sense.
static bool read_options(const struct args *args, struct drive *d, struct confine *user)
{
	struct sl_error err;

	if (args->values[STATS] &&
	    text_parse_duration(args->values[STATS], &d->show_ns, &err) < 0) {
		say("run: --stats: %s", err.text);
		return false;
	}
	if (args->values[USER] && confine_find(user, args->values[USER], &err) < 0) {
		say("run: --user: %s", err.text);
		return false;
	}
	d->user = args->values[USER] ? user : NULL;
	return true;
}

static int run_run(const struct args *args)
{
	struct run run = {.path = args->words[0]};
	struct drive d = {.show = show, .reload = reload, .context = &run};
	struct sl_graph *g = NULL;
	struct sl_error err = {0};
	struct confine user;
	struct loop loop;
	int status = STATUS_FAILED;

	if (!read_options(args, &d, &user))
		return STATUS_USAGE;
	if (graph_file_open(&g, run.path, &err) < 0 || loop_init(&loop, &err) < 0)
		goto failed;
	d.loop = &loop;
	if (drive_graph(&run, g, &d, &err) == 0)
		status = finish(&run, &d, args->values[JSON]);
	sl_engine_destroy(run.engine);
	loop_fini(&loop);
failed:
	if (err.text[0])
		say_error(&err);
	sl_graph_destroy(g);
	return status;
}

const struct command command_run = {
	.name = "run",
	.summary = "Run a graph file",
	.usage = "FILE [--stats SECS] [--json] [--user NAME]",
	.details =
		"Build the graph that FILE describes and run it until all its sources have ended "
		"and no packet is on its way any more, or until SIGINT or SIGTERM: then the "
		"sources stop, what is on its way gets a second to arrive, and the report is "
		"printed. A second signal does not wait.\n"
		"\n"
		"SIGHUP reads FILE again and changes the running graph to it. Apps that did not "
		"change keep their state and their packets. If the file has a mistake, it is shown "
		"and what ran before goes on.\n"
		"\n"
		"With --user, once everything is open the process becomes that user for good. It "
		"keeps CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE, workers not even "
		"these, can start no program, and makes no system call that a running Sluice has "
		"no use for. What SIGHUP reads must be readable to that user then.",
	.example = "  sluice run router.yaml --stats 1\n"
		   "  kill -HUP \"$(pidof sluice)\"    # after editing router.yaml\n",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = run_run,
};
