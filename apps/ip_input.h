// ip_input: what ipv4-input and ipv6-input have in common: any number of inputs that take turns.
#pragma once

#include <sluice/app.h>

struct sl_ip_input {
	struct sl_app app;
	unsigned next; // input whose turn it is
};

// Take a burst from each input in turn, as long as the output has room, so that an interface
// which is too fast overflows its own link and not that of its neighbours. What is kept of a burst
// is given at once.
//
// keep  Returns whether a packet goes on; if not, it has been dropped.
static inline __attribute__((always_inline)) void sl_ip_input_push(struct sl_app *app,
								   bool (*keep)(struct sl_app *,
										struct rte_mbuf *))
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
			kept += keep(app, p[k]);
		}
		if (kept > 0)
			sl_app_give(app, 0, p, kept);
		left -= kept;
	}
}
