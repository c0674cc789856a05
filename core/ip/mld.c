#include "core/ip/mld.h"

#include "core/ip/random.h"

#include <string.h>

enum { CHANGE, ANSWER, KINDS }; // of what is due for a group

// RFC 3810 section 9.
enum {
	ROBUSTNESS = 2,
	INTERVAL_S = 125,
	UNSOLICITED_MS = 1000, // section 9.11
};
static const uint64_t ms_ns = 1000000, second_ns = 1000000000;

void sl_mld_init(struct sl_mld *m, uint64_t seed)
{
	m->n = 0;
	m->next_ns = m->answer_ns = m->old_ns = 0;
	m->random = seed;
	m->robustness = ROBUSTNESS;
	m->interval_s = INTERVAL_S;
}

static uint64_t later(struct sl_mld *m, uint64_t now, uint32_t max_ms)
{
	uint64_t ms = (sl_random_next(&m->random) * ((uint64_t)max_ms + 1)) >> 32;

	return now + ms * ms_ns;
}

// When a change is told again: within (0, interval), as RFC 3810 section 6.1 has it.
static uint64_t again(struct sl_mld *m, uint64_t now)
{
	return later(m, now + ms_ns, UNSOLICITED_MS - 1);
}

static void sooner(uint64_t *due, uint64_t at)
{
	if (*due == 0 || at < *due)
		*due = at;
}

static struct sl_mld_group *find(struct sl_mld *m, const uint8_t *ip)
{
	for (unsigned i = 0; i < m->n; i++)
		if (memcmp(m->groups[i].ip, ip, sizeof(m->groups[i].ip)) == 0)
			return &m->groups[i];
	return NULL;
}

// ---- which groups

static void change(struct sl_mld *m, struct sl_mld_group *g, bool left, uint64_t now)
{
	g->left = left;
	g->tell = m->robustness;
	g->due_ns[CHANGE] = now;
	g->due_ns[ANSWER] = 0;
	m->next_ns = now;
}

static bool join(struct sl_mld *m, const uint8_t *ip, uint64_t now)
{
	struct sl_mld_group *g = find(m, ip);

	if (g && !g->left)
		return true;
	if (!g && m->n == SL_MLD_GROUPS_MAX)
		return false;
	if (!g) {
		g = &m->groups[m->n++];
		memcpy(g->ip, ip, sizeof(g->ip));
	}
	change(m, g, false, now);
	return true;
}

static bool is_among(const uint8_t *ip, const uint8_t (*groups)[16], unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (memcmp(groups[i], ip, sizeof(groups[i])) == 0)
			return true;
	return false;
}

bool sl_mld_listen(struct sl_mld *m, const uint8_t (*groups)[16], unsigned n, uint64_t now_ns)
{
	bool all = true;

	for (unsigned i = 0; i < m->n; i++)
		if (!m->groups[i].left && !is_among(m->groups[i].ip, groups, n))
			change(m, &m->groups[i], true, now_ns);
	for (unsigned i = 0; i < n; i++)
		all &= join(m, groups[i], now_ns);
	return all;
}

// ---- questions

static bool speaks_old(const struct sl_mld *m, uint64_t now)
{
	return now < m->old_ns;
}

static void remember_querier(struct sl_mld *m, const struct sl_mld_query *q, uint64_t now)
{
	if (q->old) { // section 9.12
		m->old_ns = now + m->robustness * m->interval_s * second_ns +
			    q->max_delay_ms * ms_ns;
		m->answer_ns = 0; // this question's answer comes in its place
		return;
	}
	m->robustness = q->robustness ? q->robustness : ROBUSTNESS; // section 9.1
	m->interval_s = q->interval_s ? q->interval_s : INTERVAL_S;
}

// In version 2 one message answers for all groups, in version 1 each has its own.
static void hear_general(struct sl_mld *m, const struct sl_mld_query *q, uint64_t now)
{
	if (!speaks_old(m, now)) {
		sooner(&m->answer_ns, later(m, now, q->max_delay_ms));
		return;
	}
	for (unsigned i = 0; i < m->n; i++) {
		struct sl_mld_group *g = &m->groups[i];

		g->n_sources = 0;
		if (!g->left)
			sooner(&g->due_ns[ANSWER], later(m, now, q->max_delay_ms));
	}
}

// Add to the sources that the answer is to be about. Returns false where there is no room.
static bool add_sources(struct sl_mld_group *g, const struct sl_mld_query *q)
{
	for (unsigned i = 0; i < q->n_sources; i++) {
		const uint8_t *source = q->sources + (size_t)i * 16;

		if (is_among(source, (const uint8_t(*)[16])g->sources, g->n_sources))
			continue;
		if (g->n_sources == SL_MLD_SOURCES_MAX)
			return false;
		memcpy(g->sources[g->n_sources++], source, 16);
	}
	return true;
}

// The rules of section 6.2.
static void hear_specific(struct sl_mld *m, const struct sl_mld_query *q, uint64_t now)
{
	struct sl_mld_group *g = find(m, q->group);
	uint64_t at = later(m, now, q->max_delay_ms);
	bool about_all;

	if (!g || g->left || (m->answer_ns && m->answer_ns < at))
		return;
	about_all = q->n_sources == 0 || (g->due_ns[ANSWER] && g->n_sources == 0);
	if (!g->due_ns[ANSWER])
		g->n_sources = 0;
	if (about_all || !add_sources(g, q))
		g->n_sources = 0;
	sooner(&g->due_ns[ANSWER], at);
}

void sl_mld_hear(struct sl_mld *m, const struct sl_mld_query *q, uint64_t now_ns)
{
	remember_querier(m, q, now_ns);
	if (q->general)
		hear_general(m, q, now_ns);
	else
		hear_specific(m, q, now_ns);
	m->next_ns = now_ns;
}

// ---- messages

static bool is_due(uint64_t at, uint64_t now)
{
	return at && at <= now;
}

static void answer_for_all(struct sl_mld *m, uint64_t now)
{
	m->answer_ns = 0;
	for (unsigned i = 0; i < m->n; i++) {
		struct sl_mld_group *g = &m->groups[i];

		g->n_sources = 0;
		if (!g->left)
			g->due_ns[ANSWER] = now;
	}
}

// What was due of a group has been said.
//
// next_ns  When its change is told again, if it is.
static void said(struct sl_mld *m, struct sl_mld_group *g, unsigned kind, uint64_t next_ns)
{
	g->due_ns[kind] = 0;
	if (kind == ANSWER)
		return;
	g->tell--;
	if (g->tell > 0)
		g->due_ns[CHANGE] = next_ns;
	else if (g->left)
		*g = m->groups[--m->n];
}

static bool add_record(struct sl_mld_report *r, const struct sl_mld_group *g, unsigned kind)
{
	if (kind == CHANGE)
		return sl_mld_report_add(r, g->left ? SL_MLD_TO_INCLUDE : SL_MLD_TO_EXCLUDE, g->ip,
					 NULL, 0);
	// of those asked about, all are listened to
	return sl_mld_report_add(r, g->n_sources ? SL_MLD_IS_INCLUDE : SL_MLD_IS_EXCLUDE, g->ip,
				 g->sources[0], g->n_sources);
}

// A report of all that is due of a kind, as far as it has room.
static size_t write_report(struct sl_mld *m, unsigned kind, const uint8_t *src, uint8_t *packet,
			   uint64_t now)
{
	uint64_t next_ns = again(m, now);
	struct sl_mld_report r;

	sl_mld_report_begin(&r, packet, src);
	for (unsigned i = m->n; i-- > 0;) { // from the end: what is left takes the last one's place
		struct sl_mld_group *g = &m->groups[i];

		if (!is_due(g->due_ns[kind], now))
			continue;
		if (!add_record(&r, g, kind))
			break;
		said(m, g, kind, next_ns);
	}
	return r.records > 0 ? sl_mld_report_end(&r) : 0;
}

// A message of version 1, if one of the kind is due.
static size_t write_old(struct sl_mld *m, unsigned kind, const uint8_t *src, uint8_t *packet,
			uint64_t now)
{
	for (unsigned i = m->n; i-- > 0;) {
		struct sl_mld_group *g = &m->groups[i];
		size_t len;

		if (!is_due(g->due_ns[kind], now))
			continue;
		len = sl_mld_write_old(packet, g->left ? SL_MLD_OLD_DONE : SL_MLD_OLD_REPORT, src,
				       g->ip);
		if (g->left)
			g->tell = 1; // RFC 2710 section 4: a single one
		said(m, g, kind, again(m, now));
		return len;
	}
	return 0;
}

static uint64_t earliest(const struct sl_mld *m)
{
	uint64_t at = 0;

	if (m->answer_ns)
		sooner(&at, m->answer_ns);
	for (unsigned i = 0; i < m->n; i++)
		for (unsigned kind = 0; kind < KINDS; kind++)
			if (m->groups[i].due_ns[kind])
				sooner(&at, m->groups[i].due_ns[kind]);
	return at ? at : UINT64_MAX;
}

size_t sl_mld_next(struct sl_mld *m, const uint8_t *src, uint8_t *packet, uint64_t now_ns)
{
	size_t len = 0;

	if (now_ns < m->next_ns)
		return 0;
	if (is_due(m->answer_ns, now_ns))
		answer_for_all(m, now_ns);
	for (unsigned kind = 0; kind < KINDS && len == 0; kind++)
		len = speaks_old(m, now_ns) ? write_old(m, kind, src, packet, now_ns)
					    : write_report(m, kind, src, packet, now_ns);
	if (len == 0)
		m->next_ns = earliest(m);
	return len;
}
