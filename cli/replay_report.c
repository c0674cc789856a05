#include "cli/replay_report.h"

#include "cli/report.h"
#include "cli/text.h"

#include <sluice/version.h>
#include <string.h>

static void print_packets(FILE *out, const char *title, uint64_t packets, const char *more)
{
	char count[TEXT_NUMBER];

	fprintf(out, "%-9s %15s packets%s\n", title, text_count(count, packets), more);
}

static void print_traffic(FILE *out, const char *title, uint64_t packets, uint64_t bytes)
{
	char count[TEXT_NUMBER], more[TEXT_NUMBER + 16];

	snprintf(more, sizeof(more), "%20s bytes", text_count(count, bytes));
	print_packets(out, title, packets, more);
}

// The rates in the units they are compared in, and in those that slow traffic is read in.
static void print_speed(FILE *out, const struct outcome *o)
{
	double mpps = outcome_mpps(o), gbps = outcome_gbps(o);
	char number[TEXT_NUMBER], slow[TEXT_NUMBER];

	if (!o->out || o->seconds <= 0)
		return;
	fprintf(out, "time      %s from the first to the last packet\n",
		text_duration(number, (uint64_t)(o->seconds * 1e9)));
	fprintf(out, "rate      %s Mpps", text_real(number, mpps));
	if (mpps < 0.1)
		fprintf(out, " = %s packets/s", text_real(slow, mpps * 1e6));
	fprintf(out, ", %s Gbit/s", text_real(number, gbps));
	if (gbps < 0.1)
		fprintf(out, " = %s Mbit/s", text_real(slow, gbps * 1e3));
	fprintf(out, " of frames without FCS\n");
}

static void print_lateness(FILE *out, const struct outcome *o)
{
	const struct sl_app_stats *in = sl_stats_app(o->stats, "in");
	char p50[TEXT_NUMBER], p99[TEXT_NUMBER], max[TEXT_NUMBER];

	if (!in || !sl_app_stats_metric(in, "paced"))
		return;
	fprintf(out, "late      p50 %s, p99 %s, max %s\n",
		text_duration(p50, sl_app_stats_metric(in, "late_p50_ns")),
		text_duration(p99, sl_app_stats_metric(in, "late_p99_ns")),
		text_duration(max, sl_app_stats_metric(in, "late_max_ns")));
}

void replay_report_text(FILE *out, const struct replay_report *r)
{
	const struct outcome *o = r->outcome;

	if (strcmp(r->result, "done") != 0)
		fprintf(out, "result    %s\n", r->result);
	print_traffic(out, "in", o->in, o->in_bytes);
	if (o->copied)
		print_packets(out, "copied", o->copied, ", made by other apps than in");
	print_traffic(out, "out", o->out, o->out_bytes);
	if (o->absorbed)
		print_packets(out, "absorbed", o->absorbed, ", by other apps than out");
	report_losses(out, o);
	print_speed(out, o);
	print_lateness(out, o);
	report_apps(out, o->stats, "out");
	report_balance(out, o);
}

static void json_lateness(struct json *j, const struct outcome *o)
{
	const struct sl_app_stats *in = sl_stats_app(o->stats, "in");

	if (!in || !sl_app_stats_metric(in, "paced"))
		return;
	json_object(j, "late_ns");
	json_uint(j, "p50", sl_app_stats_metric(in, "late_p50_ns"));
	json_uint(j, "p99", sl_app_stats_metric(in, "late_p99_ns"));
	json_uint(j, "max", sl_app_stats_metric(in, "late_max_ns"));
	json_end(j);
}

void replay_report_json(FILE *out, const struct replay_report *r)
{
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_string(&j, "sluice", sl_version());
	json_string(&j, "result", r->result);
	json_string(&j, "error", r->error);
	json_array(&j, "files");
	for (size_t i = 0; i < r->n_files; i++)
		json_string(&j, NULL, r->files[i]);
	json_end(&j);
	json_string(&j, "to", r->to);
	json_uint(&j, "bytes_in", r->outcome->in_bytes);
	json_uint(&j, "bytes_out", r->outcome->out_bytes);
	json_real(&j, "mpps", outcome_mpps(r->outcome));
	json_real(&j, "gbps", outcome_gbps(r->outcome));
	json_lateness(&j, r->outcome);
	report_json(&j, r->outcome);
	json_end(&j);
}

const char *replay_report_nothing(const struct outcome *o, char *text, size_t size)
{
	char in[TEXT_NUMBER], name[256];
	const struct outcome_drop *most = o->drops;

	text_count(in, o->in);
	if (!o->in)
		snprintf(text, size, "sent nothing: no packet was read");
	else if (!o->n_drops && o->held)
		snprintf(text, size, "sent nothing: all %s packets are still on their way", in);
	else if (!o->n_drops)
		snprintf(text, size, "sent nothing: all %s packets went elsewhere", in);
	else if (most->packets == o->in)
		snprintf(text, size, "sent nothing: all %s packets were dropped by %s", in,
			 outcome_drop_name(most, name, sizeof(name)));
	else
		snprintf(text, size, "sent nothing: of %s packets most were dropped by %s", in,
			 outcome_drop_name(most, name, sizeof(name)));
	return text;
}
