// checksum-verify: parts packets with a wrong checksum from the others. Ports: in -> out, bad.
// Config: malformed, truncated, udp6-zero. Spec: core/proto/walk.h.

#include "apps/classes.h"
#include "core/proto/walk_plain.h"

enum { IN };
enum { OUT, BAD };
enum { DROP_BAD_CHECKSUM, DROP_MALFORMED, DROP_TRUNCATED };
enum {
	METRIC_BAD,
	METRIC_MALFORMED = SL_WALK_KINDS,
	METRIC_TRUNCATED,
	METRIC_PARTIAL,
	METRIC_TOO_DEEP
};
enum { POLICY_BAD, POLICY_PASS };

struct config {
	unsigned malformed, truncated;
	bool udp6_zero;
};

struct checksum_verify {
	struct sl_app app;
	bool pass_malformed, pass_truncated;
	bool udp6_zero;
};

static void count(struct sl_app *app, const struct sl_walk *w)
{
	unsigned partial = 0;

	for (unsigned i = 0; i < w->n; i++) {
		const struct sl_walk_layer *l = &w->layers[i];

		partial |= l->verdict == SL_WALK_PARTIAL;
		sl_app_metric_add(app, METRIC_BAD + l->kind, l->verdict == SL_WALK_BAD);
	}
	sl_app_metric_add(app, METRIC_PARTIAL, partial);
	sl_app_metric_add(app, METRIC_MALFORMED, (w->flags & SL_WALK_MALFORMED) != 0);
	sl_app_metric_add(app, METRIC_TRUNCATED, (w->flags & SL_WALK_TRUNCATED) != 0);
	sl_app_metric_add(app, METRIC_TOO_DEEP, (w->flags & SL_WALK_TOO_DEEP) != 0);
}

// A packet leaves on `bad`, or is dropped where nothing is connected there.
static bool reject(struct checksum_verify *self, struct rte_mbuf *p, unsigned reason)
{
	if (self->app.out[BAD])
		sl_app_give_one(&self->app, BAD, p);
	else
		sl_app_drop(&self->app, p, reason);
	return false;
}

// Returns whether p is still here, to leave on `out`.
static bool verify(struct checksum_verify *self, struct rte_mbuf *p)
{
	struct sl_walk w;
	bool good;

	sl_walk(&w, sl_data(p), sl_len(p), self->udp6_zero);
	good = sl_walk_verify(&w, sl_data(p));
	count(&self->app, &w);
	if (!good)
		return reject(self, p, DROP_BAD_CHECKSUM);
	if (w.flags & SL_WALK_MALFORMED && !self->pass_malformed)
		return reject(self, p, DROP_MALFORMED);
	if (w.flags & SL_WALK_TRUNCATED && !self->pass_truncated)
		return reject(self, p, DROP_TRUNCATED);
	return true;
}

static void checksum_verify_push(struct sl_app *app)
{
	struct checksum_verify *self = (struct checksum_verify *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, IN, p, SL_BURST), good = 0;

	for (unsigned i = 0; i < n; i++) {
		p[good] = p[i];
		if (sl_walk_plain_good(sl_data(p[i]), sl_len(p[i])) || verify(self, p[i]))
			good++;
	}
	if (good > 0)
		sl_app_give(app, OUT, p, good);
}

static int checksum_verify_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	struct checksum_verify *self = (struct checksum_verify *)app;
	const struct config *c = config;

	(void)err;
	self->pass_malformed = c->malformed == POLICY_PASS;
	self->pass_truncated = c->truncated == POLICY_PASS;
	self->udp6_zero = c->udp6_zero;
	return 0;
}

static const char *const policies[] = {[POLICY_BAD] = "bad", [POLICY_PASS] = "pass", NULL};

static const struct sl_key keys[] = {
	{.name = "malformed",
	 .type = SL_CHOICE,
	 .offset = offsetof(struct config, malformed),
	 .preset = "bad",
	 .help = "where packets go that have an impossible header and no wrong checksum",
	 .choices = policies},
	{.name = "truncated",
	 .type = SL_CHOICE,
	 .offset = offsetof(struct config, truncated),
	 .preset = "bad",
	 .help = "where packets go whose end is missing and in the rest no checksum is wrong",
	 .choices = policies},
	{.name = "udp6-zero",
	 .type = SL_BOOL,
	 .offset = offsetof(struct config, udp6_zero),
	 .preset = "no",
	 .help = "whether UDP over IPv6 may come without a checksum, as from some tunnels"},
	{0},
};

const struct sl_app_class sl_checksum_verify_class = {
	.name = "checksum-verify",
	.help = "pass the packets whose checksums are all right\n"
		"Looks at every checksum of a packet: IPv4, UDP, TCP, ICMP, ICMPv6 and GRE, behind "
		"VLAN tags, IPv4 options and IPv6 extension headers, and inside of GRE, VXLAN and "
		"IP in IP, up to eight IP headers deep. Packets with a wrong one leave on `bad`; "
		"where `bad` is not connected they are dropped as `bad_checksum`, `malformed` or "
		"`truncated`. What cannot be verified passes: fragments above their IP header, UDP "
		"over IPv4 without a checksum, other protocols. The metrics `bad_...` count wrong "
		"checksums, several in one packet each; the others count packets: `partial` those "
		"of which some checksum covers what is not there, `too_deep` those with more IP "
		"headers than eight, which are not looked into further.",
	.inputs = {[IN] = "in"},
	.outputs = {[OUT] = "out", [BAD] = "bad"},
	.drops = {[DROP_BAD_CHECKSUM] = "bad_checksum",
		  [DROP_MALFORMED] = "malformed",
		  [DROP_TRUNCATED] = "truncated"},
	.metrics = {[METRIC_BAD + SL_WALK_IPV4] = "bad_ipv4",
		    [METRIC_BAD + SL_WALK_UDP] = "bad_udp",
		    [METRIC_BAD + SL_WALK_TCP] = "bad_tcp",
		    [METRIC_BAD + SL_WALK_ICMP] = "bad_icmp",
		    [METRIC_BAD + SL_WALK_ICMPV6] = "bad_icmpv6",
		    [METRIC_BAD + SL_WALK_GRE] = "bad_gre",
		    [METRIC_MALFORMED] = "malformed",
		    [METRIC_TRUNCATED] = "truncated",
		    [METRIC_PARTIAL] = "partial",
		    [METRIC_TOO_DEEP] = "too_deep"},
	.keys = keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct checksum_verify),
	.configure = checksum_verify_configure,
	.push = checksum_verify_push,
};
