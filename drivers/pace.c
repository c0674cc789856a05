#include "drivers/pace.h"

#include "core/config.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NS_PER_SECOND = 1000000000 };

// "x2", "x0.5": how many times as fast as captured.
static int parse_factor(struct sl_pace *p, const char *text, struct sl_error *err)
{
	double factor;

	if (sl_parse_real(text + 1, &factor, NULL) < 0 || !isfinite(factor) || factor <= 0)
		return sl_error_set(err, -EINVAL, "'%s' is not a speed such as x2 or x0.5", text);
	*p = (struct sl_pace){.mode = SL_PACE_ORIGINAL, .ns_per_unit = 1 / factor};
	return 0;
}

int sl_pace_parse(struct sl_pace *p, const char *text, struct sl_error *err)
{
	struct sl_rate rate;

	*p = (struct sl_pace){.mode = SL_PACE_MAX};
	if (strcmp(text, "max") == 0)
		return 0;
	if (strcmp(text, "original") == 0)
		return parse_factor(p, "x1", err);
	if (text[0] == 'x')
		return parse_factor(p, text, err);
	if (sl_parse_rate(text, &rate, NULL) < 0 || !(rate.per_second > 0))
		return sl_error_set(err, -EINVAL,
				    "'%s' is none of max, original, a speed such as x2 and a rate "
				    "such as 5Mpps or 2Gbps",
				    text);
	p->mode = rate.is_bits ? SL_PACE_BITS : SL_PACE_PACKETS;
	p->ns_per_unit = NS_PER_SECOND / rate.per_second;
	return 0;
}

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

// A double is exact for 104 days of nanoseconds, and off by parts in 10^16 after that.
static uint64_t units_to_ns(const struct sl_pace *p, uint64_t units)
{
	double ns = (double)units * p->ns_per_unit;

	if (ns >= 0x1p63)
		return INT64_MAX;
	return p->ns_per_unit == 1 ? units : (uint64_t)ns;
}

static void begin_capture(struct sl_pace *p, uint64_t stamp_ns)
{
	uint64_t span = p->units - p->base;

	p->base = add_saturated(p->units, p->packets > 1 ? span / (p->packets - 1) : 0);
	p->units = p->base;
	p->first_stamp = stamp_ns;
	p->packets = 0;
}

static uint64_t next_original(struct sl_pace *p, bool first, uint64_t stamp_ns)
{
	uint64_t units;

	if (first)
		begin_capture(p, stamp_ns);
	p->packets++;
	if (stamp_ns > p->first_stamp) {
		units = add_saturated(p->base, stamp_ns - p->first_stamp);
		if (units > p->units)
			p->units = units;
	}
	return units_to_ns(p, p->units);
}

uint64_t sl_pace_next(struct sl_pace *p, bool first, uint64_t stamp_ns, uint32_t len_bytes)
{
	uint64_t due;

	switch (p->mode) {
	case SL_PACE_ORIGINAL:
		return next_original(p, first, stamp_ns);
	case SL_PACE_PACKETS:
	case SL_PACE_BITS:
		due = units_to_ns(p, p->units);
		p->units += p->mode == SL_PACE_BITS ? (uint64_t)len_bytes * 8 : 1;
		return due;
	case SL_PACE_MAX:
		break;
	}
	return 0;
}
