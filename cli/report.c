#include "cli/report.h"

#include "cli/text.h"

#include <string.h>

void report_losses(FILE *out, const struct outcome *o)
{
	char count[TEXT_NUMBER], name[256];

	fprintf(out, "dropped   %15s packets\n", text_count(count, o->dropped));
	for (size_t i = 0; i < o->n_drops; i++)
		fprintf(out, "          %15s   by %s\n", text_count(count, o->drops[i].packets),
			outcome_drop_name(&o->drops[i], name, sizeof(name)));
	if (o->held)
		fprintf(out, "held      %15s packets, on their way at the end\n",
			text_count(count, o->held));
}

// The widths of the columns with names: as wide as the longest needs.
struct columns {
	int app, class;
};

static int wider(int width, const char *text)
{
	int n = (int)strlen(text);

	return n > width ? n : width;
}

static struct columns columns_of(const struct sl_stats *stats)
{
	struct columns c = {16, 14};

	for (size_t i = 0; i < stats->n_apps; i++) {
		c.app = wider(c.app, stats->apps[i].name);
		c.class = wider(c.class, stats->apps[i].class->name);
	}
	return c;
}

static void print_app(FILE *out, const struct columns *c, const struct sl_app_stats *a)
{
	char in[TEXT_NUMBER], made[TEXT_NUMBER], cycles[TEXT_NUMBER];

	fprintf(out, "  %-*s %-*s %15s %15s %14s\n", c->app, a->name, c->class, a->class->name,
		text_count(in, a->in + a->created), text_count(made, a->out + a->consumed),
		a->cycles > 0 ? text_real(cycles, a->cycles) : "-");
}

void report_apps(FILE *out, const struct sl_stats *stats, const char *last)
{
	const struct sl_app_stats *end = last ? sl_stats_app(stats, last) : NULL;
	const struct columns c = columns_of(stats);

	fprintf(out, "\n  %-*s %-*s %15s %15s %14s\n", c.app, "app", c.class, "class", "packets in",
		"packets out", "cycles/packet");
	for (size_t i = 0; i < stats->n_apps; i++)
		if (&stats->apps[i] != end)
			print_app(out, &c, &stats->apps[i]);
	if (end)
		print_app(out, &c, end);
}

void report_metrics(FILE *out, const struct sl_stats *stats)
{
	const struct columns c = columns_of(stats);
	bool any = false;
	char count[TEXT_NUMBER];

	for (size_t i = 0; i < stats->n_apps; i++) {
		const struct sl_app_stats *a = &stats->apps[i];

		for (size_t k = 0; k < a->n_metrics; k++) {
			if (!a->metrics[k].value)
				continue;
			fprintf(out, "%s  %-*s %-17s %12s\n", any ? "" : "\n", c.app, a->name,
				a->metrics[k].name, text_count(count, a->metrics[k].value));
			any = true;
		}
	}
}

void report_balance(FILE *out, const struct outcome *o)
{
	char in[TEXT_NUMBER], gone[TEXT_NUMBER], dropped[TEXT_NUMBER], held[TEXT_NUMBER];

	fprintf(out, "\naccounts  %s in %s %s out + %s dropped + %s held\n",
		text_count(in, o->in + o->copied), outcome_balances(o) ? "=" : "IS NOT",
		text_count(gone, o->out + o->absorbed), text_count(dropped, o->dropped),
		text_count(held, o->held));
}

static void json_drops(struct json *j, const struct outcome *o)
{
	json_array(j, "drops");
	for (size_t i = 0; i < o->n_drops; i++) {
		const struct outcome_drop *d = &o->drops[i];
		char name[256];

		json_object(j, NULL);
		if (d->link) {
			snprintf(name, sizeof(name), "%s.%s -> %s.%s", d->link->from,
				 d->link->from_port, d->link->to, d->link->to_port);
			json_string(j, "link", name);
		} else if (d->app) {
			json_string(j, "app", d->app);
		}
		json_string(j, "reason", d->reason);
		json_uint(j, "packets", d->packets);
		json_end(j);
	}
	json_end(j);
}

static void json_counts(struct json *j, const char *key, const struct sl_named_count *counts,
			size_t n)
{
	json_object(j, key);
	for (size_t i = 0; i < n; i++)
		json_uint(j, counts[i].name, counts[i].value);
	json_end(j);
}

static void json_app(struct json *j, const struct sl_app_stats *a)
{
	json_object(j, NULL);
	json_string(j, "name", a->name);
	json_string(j, "class", a->class->name);
	json_uint(j, "worker", a->worker);
	json_uint(j, "in", a->in);
	json_uint(j, "out", a->out);
	json_uint(j, "created", a->created);
	json_uint(j, "consumed", a->consumed);
	json_uint(j, "held", a->held);
	json_uint(j, "unconnected", a->unconnected);
	json_real(j, "cycles_per_packet", a->cycles);
	json_string(j, "failure", a->failure);
	json_counts(j, "drops", a->drops, a->n_drops);
	json_counts(j, "metrics", a->metrics, a->n_metrics);
	json_end(j);
}

static void json_link(struct json *j, const struct sl_link_stats *l)
{
	json_object(j, NULL);
	json_string(j, "from", l->from);
	json_string(j, "from_port", l->from_port);
	json_string(j, "to", l->to);
	json_string(j, "to_port", l->to_port);
	json_uint(j, "packets", l->packets);
	json_uint(j, "bytes", l->bytes);
	json_uint(j, "drops", l->drops);
	json_uint(j, "held", l->held);
	json_end(j);
}

void report_json(struct json *j, const struct outcome *o)
{
	const struct sl_stats *s = o->stats;

	json_uint(j, "packets_in", o->in);
	json_uint(j, "packets_copied", o->copied);
	json_uint(j, "packets_out", o->out);
	json_uint(j, "packets_absorbed", o->absorbed);
	json_uint(j, "packets_dropped", o->dropped);
	json_uint(j, "packets_held", o->held);
	json_bool(j, "balanced", outcome_balances(o));
	json_real(j, "seconds", o->seconds);
	json_uint(j, "tsc_hz", s->tsc_hz);
	json_drops(j, o);
	json_array(j, "apps");
	for (size_t i = 0; i < s->n_apps; i++)
		json_app(j, &s->apps[i]);
	json_end(j);
	json_array(j, "links");
	for (size_t i = 0; i < s->n_links; i++)
		json_link(j, &s->links[i]);
	json_end(j);
}
