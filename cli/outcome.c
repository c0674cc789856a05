#include "cli/outcome.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_drop(struct outcome *o, struct outcome_drop drop)
{
	o->dropped += drop.packets;
	if (drop.packets)
		o->drops[o->n_drops++] = drop;
}

static void add_app(struct outcome *o, const struct sl_app_stats *a, const char *in,
		    const char *out)
{
	bool is_in = !in || !strcmp(a->name, in), is_out = !out || !strcmp(a->name, out);

	*(is_in ? &o->in : &o->copied) += a->created;
	*(is_out ? &o->out : &o->absorbed) += a->consumed;
	o->held += a->held;
	for (size_t i = 0; i < a->n_drops; i++)
		add_drop(o, (struct outcome_drop){.app = a->name,
						  .reason = a->drops[i].name,
						  .packets = a->drops[i].value});
	add_drop(o, (struct outcome_drop){
			    .app = a->name, .reason = "unconnected", .packets = a->unconnected});
}

// The bytes that the app `in` counts itself include those that a full link dropped.
static uint64_t bytes_in(const struct outcome *o, const char *in)
{
	const struct sl_app_stats *a = in ? sl_stats_app(o->stats, in) : NULL;
	uint64_t own = a ? sl_app_stats_metric(a, "bytes") : 0;

	return own ? own : o->in_bytes;
}

// What went to the app `out` without what it dropped or still holds.
static uint64_t bytes_out(const struct outcome *o, const char *out)
{
	const struct sl_app_stats *a = out ? sl_stats_app(o->stats, out) : NULL;

	if (!a || a->consumed >= a->in)
		return o->out_bytes;
	return (uint64_t)((double)o->out_bytes * (double)a->consumed / (double)a->in);
}

static void add_link(struct outcome *o, const struct sl_link_stats *l, const char *in,
		     const char *out)
{
	if (in && !strcmp(l->from, in))
		o->in_bytes += l->bytes;
	if (out && !strcmp(l->to, out))
		o->out_bytes += l->bytes;
	o->held += l->held;
	add_drop(o, (struct outcome_drop){.reason = "full", .link = l, .packets = l->drops});
}

// Apps and links that are there no more, since the graph was changed.
static void add_gone(struct outcome *o, const struct sl_gone *gone)
{
	o->in += gone->created;
	o->out += gone->consumed;
	add_drop(o, (struct outcome_drop){.reason = "dropped_before", .packets = gone->dropped});
	add_drop(o, (struct outcome_drop){.reason = "removed", .packets = gone->removed});
}

static int more_packets(const void *a, const void *b)
{
	const struct outcome_drop *x = a, *y = b;

	return (x->packets < y->packets) - (x->packets > y->packets);
}

// From the first to the last packet that any worker moved.
static double seconds_of(const struct sl_stats *stats)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (size_t i = 0; i < stats->n_workers; i++) {
		const struct sl_worker_stats *w = &stats->workers[i];

		if (w->first_ns && w->first_ns < first)
			first = w->first_ns;
		if (w->last_ns > last)
			last = w->last_ns;
	}
	return last > first ? (double)(last - first) / 1e9 : 0;
}

int outcome_read(struct outcome *o, const struct sl_stats *stats, const char *in, const char *out)
{
	size_t reasons = stats->n_links + 2; // and of what is gone

	*o = (struct outcome){.stats = stats};
	for (size_t i = 0; i < stats->n_apps; i++)
		reasons += stats->apps[i].n_drops + 1;
	o->drops = calloc(reasons, sizeof(*o->drops));
	if (!o->drops)
		return -ENOMEM;
	for (size_t i = 0; i < stats->n_apps; i++)
		add_app(o, &stats->apps[i], in, out);
	for (size_t i = 0; i < stats->n_links; i++)
		add_link(o, &stats->links[i], in, out);
	add_gone(o, &stats->gone);
	o->in_bytes = bytes_in(o, in);
	o->out_bytes = bytes_out(o, out);
	qsort(o->drops, o->n_drops, sizeof(*o->drops), more_packets);
	o->seconds = seconds_of(stats);
	return 0;
}

void outcome_fini(struct outcome *o)
{
	free(o->drops);
}

bool outcome_balances(const struct outcome *o)
{
	return o->in + o->copied == o->out + o->absorbed + o->dropped + o->held;
}

const char *outcome_drop_name(const struct outcome_drop *d, char *text, size_t size)
{
	if (d->link)
		snprintf(text, size, "link %s.%s -> %s.%s: %s", d->link->from, d->link->from_port,
			 d->link->to, d->link->to_port, d->reason);
	else if (d->app)
		snprintf(text, size, "%s: %s", d->app, d->reason);
	else
		snprintf(text, size, "apps and links gone with a reload: %s", d->reason);
	return text;
}

double outcome_mpps(const struct outcome *o)
{
	return o->seconds > 0 ? (double)o->out / o->seconds / 1e6 : 0;
}

double outcome_gbps(const struct outcome *o)
{
	return o->seconds > 0 ? (double)o->out_bytes * 8 / o->seconds / 1e9 : 0;
}
