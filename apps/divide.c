#include "apps/divide.h"

#include "core/ip/meta.h"

unsigned sl_app_divide(struct sl_app *app, struct sl_fragments *f, const struct rte_mbuf *p,
		       struct rte_mbuf **fragments)
{
	unsigned n = 0;

	for (size_t len; n < SL_BURST && (len = sl_fragments_len(f)) > 0; n++) {
		uint8_t *to;

		if (!sl_alloc_burst(app->pool, &fragments[n], 1))
			break;
		to = sl_append(fragments[n], (uint16_t)len);
		if (!to) {
			sl_free(fragments[n]);
			break;
		}
		sl_fragments_next(f, to);
		*sl_ip_meta(fragments[n]) = *sl_ip_meta(p);
		sl_set_stamp_ns(fragments[n], sl_stamp_ns(p));
	}
	if (n < SL_BURST && sl_fragments_len(f) > 0) {
		sl_free_burst(fragments, n); // without the next one, they are worth nothing
		return 0;
	}
	sl_app_created(app, n);
	return n;
}
