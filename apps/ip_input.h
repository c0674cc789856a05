// ip_input: what ipv4-input and ipv6-input have in common: any number of inputs that take turns.
#pragma once

#include <sluice/app.h>

struct sl_ip_input {
	struct sl_app app;
	unsigned next; // input whose turn it is
};

// What a family knows of its packets. A drop reason says what is wrong; `good` is none.
struct sl_ip_checks {
	bool (*plain)(const struct rte_mbuf *p);      // good beyond doubt, by few branches
	unsigned (*judge)(const struct rte_mbuf *p);  // what is wrong with the others, if anything
	unsigned (*whole_len)(const uint8_t *packet); // by its header, bytes
	unsigned good;
};

static inline void sl_ip_input_trim(struct rte_mbuf *p, const struct sl_ip_checks *checks)
{
	// packets shorter than the shortest frame come with padding
	sl_set_len(p, (uint16_t)checks->whole_len(sl_data(p)));
}

// Kept out of line, so that the loop over plain packets has the registers to itself.
static __attribute__((noinline)) bool sl_ip_input_keep_odd(struct sl_app *app, struct rte_mbuf *p,
							   const struct sl_ip_checks *checks)
{
	unsigned verdict = checks->judge(p);

	if (verdict == checks->good)
		sl_ip_input_trim(p, checks);
	else
		sl_app_drop(app, p, verdict);
	return verdict == checks->good;
}

// Returns whether a packet goes on; if not, it has been dropped.
static inline __attribute__((always_inline)) bool sl_ip_input_keep(
	struct sl_app *app, struct rte_mbuf *p, const struct sl_ip_checks *checks)
{
	if (__builtin_expect(!checks->plain(p), 0))
		return sl_ip_input_keep_odd(app, p, checks);
	sl_ip_input_trim(p, checks);
	return true;
}

// Take a burst from each input in turn, as long as the output has room, so that an interface
// which is too fast overflows its own link and not that of its neighbours. What is kept of a burst
// is given at once.
//
// checks  A constant, so that its functions are compiled into the loop.
static inline __attribute__((always_inline)) void sl_ip_input_push(
	struct sl_app *app, const struct sl_ip_checks *checks)
{
	struct sl_ip_input *self = (struct sl_ip_input *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned left = app->out[0] ? (unsigned)sl_link_room(app->out[0]) : UINT16_MAX;

	for (unsigned i = 0; i < app->n_in && left > 0; i++) {
		unsigned n = sl_app_take(app, self->next, p, RTE_MIN(left, (unsigned)SL_BURST));
		unsigned kept = 0;

		self->next = self->next + 1 < app->n_in ? self->next + 1 : 0;
		for (unsigned k = 0; k < n; k++) {
			p[kept] = p[k];
			kept += sl_ip_input_keep(app, p[k], checks);
		}
		if (kept > 0)
			sl_app_give(app, 0, p, kept);
		left -= kept;
	}
}
