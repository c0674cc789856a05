// checksum-fix: makes every checksum of a packet right. Ports: in -> out. Config: udp6-zero.
// Spec: core/proto/walk.h.

#include "apps/classes.h"
#include "core/proto/walk_plain.h"

enum { IN };
enum { OUT };
enum {
	METRIC_FIXED,
	METRIC_MALFORMED = SL_WALK_KINDS,
	METRIC_TRUNCATED,
	METRIC_PARTIAL,
	METRIC_TOO_DEEP
};

struct config {
	bool udp6_zero;
};

struct checksum_fix {
	struct sl_app app;
	bool udp6_zero;
};

// Count one layer. Returns whether it could not be fixed.
static bool count_layer(struct sl_app *app, const struct sl_walk_layer *l)
{
	if (l->verdict == SL_WALK_FIXED)
		sl_app_metric_add(app, METRIC_FIXED + l->kind, 1);
	return l->verdict == SL_WALK_PARTIAL;
}

static void count_flags(struct sl_app *app, unsigned flags)
{
	sl_app_metric_add(app, METRIC_MALFORMED, (flags & SL_WALK_MALFORMED) != 0);
	sl_app_metric_add(app, METRIC_TRUNCATED, (flags & SL_WALK_TRUNCATED) != 0);
	sl_app_metric_add(app, METRIC_TOO_DEEP, (flags & SL_WALK_TOO_DEEP) != 0);
}

static void fix(struct checksum_fix *self, uint8_t *frame, uint16_t len)
{
	struct sl_walk w;
	bool partial = false;

	sl_walk(&w, frame, len, self->udp6_zero);
	sl_walk_fix(&w, frame);
	for (unsigned i = 0; i < w.n; i++)
		partial |= count_layer(&self->app, &w.layers[i]);
	sl_app_metric_add(&self->app, METRIC_PARTIAL, partial);
	count_flags(&self->app, w.flags);
}

static bool fix_plain(struct checksum_fix *self, uint8_t *frame, uint16_t len)
{
	struct sl_walk_layer header, upper;

	if (!sl_walk_plain(frame, len, &header, &upper))
		return false;
	sl_walk_layer_fix(&upper, frame);
	sl_walk_layer_fix(&header, frame);
	count_layer(&self->app, &upper);
	count_layer(&self->app, &header);
	return true;
}

static void checksum_fix_push(struct sl_app *app)
{
	struct checksum_fix *self = (struct checksum_fix *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, IN, p, SL_BURST);

	for (unsigned i = 0; i < n; i++) {
		uint8_t *frame = sl_data(p[i]);
		uint16_t len = sl_len(p[i]);

		if (!sl_walk_plain_good(frame, len) && !fix_plain(self, frame, len))
			fix(self, frame, len);
	}
	sl_app_give(app, OUT, p, n);
}

static int checksum_fix_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	const struct config *c = config;

	(void)err;
	((struct checksum_fix *)app)->udp6_zero = c->udp6_zero;
	return 0;
}

static const struct sl_key keys[] = {
	{.name = "udp6-zero",
	 .type = SL_BOOL,
	 .offset = offsetof(struct config, udp6_zero),
	 .preset = "no",
	 .help = "whether UDP over IPv6 that has no checksum stays without"},
	{0},
};

const struct sl_app_class sl_checksum_fix_class = {
	.name = "checksum-fix",
	.help = "make every checksum right\n"
		"Writes the checksums that `checksum-verify` would look at, innermost first. UDP "
		"over IPv4 that has none stays without. What cannot be computed, because what it "
		"covers is not all there, stays as it is: fragments above their IP header, and "
		"packets whose end is missing. Every packet passes. The metrics `fixed_...` count "
		"checksums that were not right before; the others count packets, as "
		"`checksum-verify` does.",
	.inputs = {[IN] = "in"},
	.outputs = {[OUT] = "out"},
	.metrics = {[METRIC_FIXED + SL_WALK_IPV4] = "fixed_ipv4",
		    [METRIC_FIXED + SL_WALK_UDP] = "fixed_udp",
		    [METRIC_FIXED + SL_WALK_TCP] = "fixed_tcp",
		    [METRIC_FIXED + SL_WALK_ICMP] = "fixed_icmp",
		    [METRIC_FIXED + SL_WALK_ICMPV6] = "fixed_icmpv6",
		    [METRIC_FIXED + SL_WALK_GRE] = "fixed_gre",
		    [METRIC_MALFORMED] = "malformed",
		    [METRIC_TRUNCATED] = "truncated",
		    [METRIC_PARTIAL] = "partial",
		    [METRIC_TOO_DEEP] = "too_deep"},
	.keys = keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct checksum_fix),
	.configure = checksum_fix_configure,
	.push = checksum_fix_push,
};
