// sluice replay: capture files through a pipeline, to a port or a file.

#include "cli/command.h"
#include "cli/drive.h"
#include "cli/progress.h"
#include "cli/replay_files.h"
#include "cli/replay_graph.h"
#include "cli/replay_report.h"
#include "cli/say.h"
#include "cli/text.h"
#include "core/config.h"
#include "drivers/pace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THROUGH, RATE, LOOP, TO, FOR, KEY, CAP, PSK, WRITER, JSON, QUIET };

enum { SHOW_NS = 250 * 1000 * 1000, STATUS_SIGNAL = 128 };

static const struct args_option options[] = {
	[THROUGH] = {"through", 't', "PIPELINE|FILE", "What stands between: apps, or a graph file"},
	[RATE] = {"rate", 'r', "RATE", "5Mpps, 2Gbps, original, x2 or max (the default)"},
	[LOOP] = {"loop", 'l', "N|forever", "How often to replay it all (once)"},
	[TO] = {"to", 'o', "PORT|FILE|null", "Where the packets go (null: nowhere)"},
	[FOR] = {"for", 0, "DURATION", "Stop after 10s, 250ms or 2min"},
	[KEY] = {"key", 'k', "FILE", "Private key that sealed captures are for"},
	[CAP] = {"cap", 'c', "FILE", "Capability that they were sealed by"},
	[PSK] = {"psk", 0, "FILE", "Or its pre-shared key alone"},
	[WRITER] = {"writer", 'w', "KEY|FILE", "Who sealed: public key; for K, and to verify X"},
	[JSON] = {"json", 0, NULL, "Print the report as JSON"},
	[QUIET] = {"quiet", 'q', NULL, "Show no live progress"},
	{0},
};

struct replay {
	const struct args *args;
	struct replay_request request;
	struct sl_engine *engine;
	struct progress progress;
	const char *to;
};

static void show(void *context, const struct sl_stats *stats)
{
	struct replay *r = context;

	progress_show(&r->progress, stats, true);
}

static int check_loop(const char *text, struct sl_error *err)
{
	uint64_t n;

	if (!strcmp(text, "forever") || (sl_parse_uint(text, &n, NULL) == 0 && n > 0))
		return 0;
	return sl_error_set(err, -EINVAL, "'%s' is neither a number of times nor forever", text);
}

// Read the options. Returns 0, or -EINVAL with err filled.
static int read_request(struct replay *r, struct drive *d, struct sl_error *err)
{
	const char *const *values = r->args->values;
	struct sl_pace pace;

	r->request = (struct replay_request){.files = r->args->words,
					     .n_files = r->args->n_words,
					     .through = values[THROUGH],
					     .rate = values[RATE],
					     .loop = values[LOOP],
					     .key = values[KEY],
					     .cap = values[CAP],
					     .psk = values[PSK],
					     .writer = values[WRITER]};
	r->to = values[TO] ? values[TO] : "null";
	if (values[RATE] && sl_pace_parse(&pace, values[RATE], err) < 0)
		return sl_error_prefix(err, -EINVAL, "--rate");
	if (values[LOOP] && check_loop(values[LOOP], err) < 0)
		return sl_error_prefix(err, -EINVAL, "--loop");
	if (values[FOR] && text_parse_duration(values[FOR], &d->limit_ns, err) < 0)
		return sl_error_prefix(err, -EINVAL, "--for");
	if (target_read(&r->request.target, r->to, err) < 0)
		return sl_error_prefix(err, -EINVAL, "--to");
	if (!values[QUIET] && isatty(STDERR_FILENO))
		d->show_ns = SHOW_NS;
	r->progress = (struct progress){.in = "in", .out = "out", .limit_ns = d->limit_ns};
	return 0;
}

static int drive_graph(struct replay *r, const struct sl_graph *g, struct drive *d,
		       struct sl_error *err)
{
	struct sl_engine_options engine_options = {0};
	int ret;

	sl_graph_options(g, &engine_options);
	ret = sl_engine_create(&r->engine, &engine_options, err);
	if (ret < 0)
		return ret;
	loop_leave_signals(); // a pipe may take its time to open
	ret = sl_engine_apply(r->engine, g, err);
	loop_take_signals();
	if (ret < 0)
		return ret;
	d->engine = r->engine;
	r->progress.start_ns = loop_now_ns();
	return drive_run(d, err);
}

// Why the replay has failed, or NULL.
static const char *failure_of(const struct outcome *o, const struct drive *d, char *text,
			      size_t size)
{
	if (!outcome_balances(o))
		return "packets are not accounted for; this is a bug in an app or in Sluice";
	for (size_t i = 0; i < o->stats->n_apps; i++)
		if (o->stats->apps[i].failure)
			return o->stats->apps[i].failure;
	return o->out || d->signal ? NULL : replay_report_nothing(o, text, size);
}

static int status_of(const struct replay *r, const struct drive *d, const char *failure)
{
	if (failure)
		return STATUS_FAILED;
	if (!d->signal || (r->request.loop && !strcmp(r->request.loop, "forever")))
		return STATUS_DONE; // who replays forever means to interrupt it
	return STATUS_SIGNAL + d->signal;
}

// Print the report. Returns the exit status.
static int report(const struct replay *r, const struct drive *d, const struct outcome *o)
{
	FILE *out = r->request.target.is_stdout ? stderr : stdout;
	char text[512];
	const char *failure = failure_of(o, d, text, sizeof(text));
	struct replay_report rep = {
		.outcome = o,
		.files = r->request.files,
		.n_files = r->request.n_files,
		.to = r->to,
		.result = failure     ? "failed"
			  : d->signal ? "interrupted"
				      : "done",
		.error = failure,
	};

	if (r->args->values[JSON])
		replay_report_json(out, &rep);
	else
		replay_report_text(out, &rep);
	if (failure && !d->failures) // an app's failure was told when it happened
		say("replay: %s", failure);
	return status_of(r, d, failure);
}

static int finish(const struct replay *r, const struct drive *d)
{
	const struct sl_stats *stats = sl_stats_read(r->engine);
	int status = STATUS_FAILED;
	struct outcome o;

	if (stats && outcome_read(&o, stats, "in", "out") == 0) {
		status = report(r, d, &o);
		outcome_fini(&o);
	} else {
		say("out of memory");
	}
	sl_stats_free(stats);
	return status;
}

static int replay_run(const struct args *args)
{
	struct replay r = {.args = args};
	struct drive d = {.show = show, .context = &r, .ends_on_failure = true};
	struct sl_error err = {0};
	struct sl_graph *g = NULL;
	struct loop loop;
	int status = STATUS_FAILED;

	if (read_request(&r, &d, &err) < 0) {
		say("replay: %s", err.text);
		return STATUS_USAGE;
	}
	if (args->values[KEY])
		replay_files_order(args->words, args->n_words);
	if (replay_graph_build(&g, &r.request, &err) < 0) {
		say_error(&err); // of a file, or else of the command line
		return r.request.through && replay_through_is_file(r.request.through)
			       ? STATUS_FAILED
			       : STATUS_USAGE;
	}
	if (loop_init(&loop, &err) < 0)
		goto destroy_graph;
	d.loop = &loop;
	if (drive_graph(&r, g, &d, &err) == 0)
		status = finish(&r, &d);
	sl_engine_destroy(r.engine);
	loop_fini(&loop);
destroy_graph:
	if (err.text[0])
		say_error(&err);
	sl_graph_destroy(g);
	return status;
}

const struct command command_replay = {
	.name = "replay",
	.summary = "Replay capture files through a pipeline",
	.usage = "PCAP... [--through PIPELINE|FILE] [--rate RATE]\n"
		 "                     [--loop N|forever] [--to PORT|FILE|null] [--for DURATION]\n"
		 "                     [--key FILE --cap FILE|--psk FILE [--writer KEY|FILE]]\n"
		 "                     [--json] [--quiet]",
	.details =
		"Read capture files (pcap or pcapng), send their packets through a pipeline and on "
		"to a port or a file, and report what became of them.\n"
		"\n"
		"PIPELINE is a row of apps such as \"filter 'udp port 53' -> rate 1Mpps\"; 'sluice "
		"apps' lists them. FILE is a graph file whose links refer to the apps 'in' and "
		"'out', which stand for the captures and for --to; where the file defines them "
		"itself, its definitions are replaced.\n"
		"\n"
		"--to takes null; a capture file (NAME.pcap, NAME.pcapng, a path with a '/', or - "
		"for the standard output: the report goes to stderr then); tap:NAME; a network "
		"interface such as eth0; a PCI address; or any DPDK device such as "
		"'net_af_xdp0,iface=eth0'.\n"
		"\n"
		"Sealed captures are read with --key and --cap, as 'sluice unseal' does, and are "
		"in "
		"the clear in memory alone.\n"
		"\n"
		"Packets at 'original' timing and at a rate are sent by absolute deadlines; the "
		"report says how late they were. Ctrl-C ends a replay with its report, and with "
		"status 130, or 0 when replaying forever. A replay that sent nothing has failed.",
	.example = "  sluice replay mixed.pcap --through \"filter 'udp port 53'\" --to dns.pcap\n"
		   "  sluice replay mixed.pcap --rate original --loop forever --to eth1\n",
	.options = options,
	.min_words = 1,
	.max_words = SIZE_MAX,
	.run = replay_run,
};
