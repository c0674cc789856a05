// rate: lets packets pass no faster than a rate. Ports: in -> out. Config: rate, burst.
//
// A token bucket. Tokens are packets, or bytes where the rate is in bits. The level is never
// added up from breath to breath: it is computed from the time since an instant that moves on in
// whole seconds, so nothing drifts. While there is no token, packets wait in the input link.
//
// One token is enough to pass, so with bytes the level may fall below zero by almost a frame,
// which is paid back before the next one: frames longer than the bucket pass too, and the length
// of a frame need not be known before it is taken.

#include "apps/classes.h"

#include <errno.h>
#include <math.h>

enum { IN };
enum { OUT };
enum {
	SECOND_NS = 1000000000,
	BURSTS_PER_SECOND = 200, // default burst: what comes together in 5 ms
	BYTES_MIN = 1514,        // and at least a full frame
};

struct config {
	struct sl_rate rate;
	uint64_t burst;
};

struct rate {
	struct sl_app app;
	bool bytes;        // tokens are bytes, else packets
	double per_second; // tokens
	double burst;      // tokens the bucket holds
	double longest;    // tokens the longest frame can cost
	double level;      // tokens at since_ns, less all taken since
	uint64_t since_ns; // 0 = no packet has come yet
};

// Returns the tokens in the bucket now.
static double tokens(struct rate *self)
{
	uint64_t now = self->app.now_ns, elapsed = now - self->since_ns;
	double level;

	if (elapsed >= SECOND_NS && self->since_ns != 0) {
		self->since_ns += elapsed / SECOND_NS * SECOND_NS;
		self->level += (double)(elapsed / SECOND_NS) * self->per_second;
		elapsed %= SECOND_NS;
	}
	level = self->level + (double)elapsed * self->per_second / SECOND_NS;
	if (level < self->burst && self->since_ns != 0)
		return level;
	self->since_ns = now;
	self->level = self->burst;
	return self->level;
}

static double cost(const struct rate *self, struct rte_mbuf *const *p, unsigned n)
{
	uint64_t bytes = 0;

	if (!self->bytes)
		return n;
	for (unsigned i = 0; i < n; i++)
		bytes += sl_len(p[i]);
	return (double)bytes;
}

// How many packets, up to max, may pass whatever their lengths.
static unsigned allowed(const struct rate *self, double level, unsigned max)
{
	double n = floor((level - 1) / self->longest) + 1;

	return n < max ? (unsigned)n : max;
}

static void rate_push(struct sl_app *app)
{
	struct rate *self = (struct rate *)app;
	struct rte_mbuf *p[SL_BURST];
	double level = tokens(self), start = level;
	unsigned n = 0, want, got;

	while (level >= 1 && n < SL_BURST) {
		want = allowed(self, level, SL_BURST - n);
		got = sl_app_take(app, IN, p + n, want);
		level -= cost(self, p + n, got);
		n += got;
		if (got < want)
			break;
	}
	self->level -= start - level;
	if (level < 1) {
		double wait_ns = ceil((1 - level) * SECOND_NS / self->per_second);

		sl_app_wake_at(app, app->now_ns + (uint64_t)fmin(wait_ns, SECOND_NS));
	}
	if (n > 0)
		sl_app_give(app, OUT, p, n);
}

static int rate_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	const struct config *c = config;
	struct rate *self = (struct rate *)app;

	if (!(c->rate.per_second > 0))
		return sl_error_set(err, -EINVAL, "rate must be above zero");
	self->bytes = c->rate.is_bits;
	self->per_second = self->bytes ? c->rate.per_second / 8 : c->rate.per_second;
	self->longest = self->bytes ? SL_FRAME_MAX : 1;
	self->burst = (double)c->burst;
	if (c->burst == 0)
		self->burst = fmax(self->per_second / BURSTS_PER_SECOND,
				   self->bytes ? BYTES_MIN : 1);
	return 0;
}

// A new rate goes on with the bucket as full as it is.
static void rate_adopt(struct sl_app *app, struct sl_app *old)
{
	struct rate *self = (struct rate *)app, *before = (struct rate *)old;

	if (before->bytes != self->bytes || before->since_ns == 0)
		return;
	app->now_ns = old->now_ns;
	self->since_ns = before->app.now_ns;
	self->level = fmin(tokens(before), self->burst);
}

static const struct sl_key keys[] = {
	{.name = "rate",
	 .type = SL_RATE,
	 .offset = offsetof(struct config, rate),
	 .required = true,
	 .help = "packets, or bits of their frames, per second: 1Mpps, 2.5Gbps"},
	{.name = "burst",
	 .type = SL_UINT,
	 .offset = offsetof(struct config, burst),
	 .preset = "0",
	 .help = "what may pass at once after a pause: packets, or bytes where the rate is in "
		 "bits; "
		 "0 = what comes in 5 ms, at least one packet or 1514 bytes",
	 .max = 1e12},
	{0},
};

const struct sl_app_class sl_rate_class = {
	.name = "rate",
	.help = "let packets pass no faster than a rate\n"
		"A token bucket that shapes: packets that come too fast wait in the link in "
		"front, in order, and are dropped there, as that link's drops, once it is "
		"full. Over any time t no more than rate x t + burst passes, and with a rate "
		"in bits at most one frame on top; as long as packets wait, exactly the rate "
		"passes in the long run. Bits are those of the frame, without FCS, preamble "
		"and gap.",
	.inputs = {[IN] = "in"},
	.outputs = {[OUT] = "out"},
	.keys = keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct rate),
	.configure = rate_configure,
	.adopt = rate_adopt,
	.push = rate_push,
};
