#include "cli/progress.h"

#include "cli/say.h"
#include "cli/text.h"

#include <stdio.h>

static double rate(uint64_t now, uint64_t before, uint64_t ns)
{
	return ns && now > before ? (double)(now - before) * 1e9 / (double)ns : 0;
}

// "42%", or "" where nobody knows how much there is to do.
static void percent(const struct progress *p, const struct outcome *o, char *text, size_t size)
{
	const struct sl_app_stats *in = p->in ? sl_stats_app(o->stats, p->in) : NULL;
	uint64_t permille = in ? sl_app_stats_metric(in, "done_permille") : 0;

	text[0] = '\0';
	if (p->limit_ns) {
		uint64_t by_time = (o->stats->time_ns - p->start_ns) * 1000 / p->limit_ns;

		permille = by_time > permille ? by_time : permille;
	}
	if (permille)
		snprintf(text, size, "%3u%%  ", (unsigned)(permille > 1000 ? 100 : permille / 10));
}

static void format(struct progress *p, const struct outcome *o, char *line, size_t size)
{
	uint64_t ns = o->stats->time_ns - (p->last_ns ? p->last_ns : p->start_ns);
	char done[16], out[TEXT_NUMBER], mpps[TEXT_NUMBER], gbps[TEXT_NUMBER], drops[TEXT_NUMBER];
	size_t n;

	percent(p, o, done, sizeof(done));
	n = (size_t)snprintf(line, size, "%s%s packets  %s Mpps", done, text_count(out, o->out),
			     text_real(mpps, rate(o->out, p->last_out, ns) / 1e6));
	if (p->out && n < size)
		n += (size_t)snprintf(
			line + n, size - n, "  %s Gbit/s",
			text_real(gbps, rate(o->out_bytes, p->last_bytes, ns) * 8 / 1e9));
	if (n < size)
		snprintf(line + n, size - n, "  %s dropped", text_count(drops, o->dropped));
	p->last_ns = o->stats->time_ns;
	p->last_out = o->out;
	p->last_bytes = o->out_bytes;
}

void progress_show(struct progress *p, const struct sl_stats *stats, bool live)
{
	struct outcome o;
	char line[200];

	if (outcome_read(&o, stats, p->in, p->out) < 0)
		return;
	format(p, &o, line, sizeof(line));
	if (live)
		say_live(line);
	else
		say("%s", line);
	outcome_fini(&o);
}
