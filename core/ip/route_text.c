#include "core/ip/route_text.h"

#include "core/ip/interfaces.h"

#include <errno.h>
#include <stdlib.h>

enum { TEXT_MAX = 2047, WEIGHT_MAX = 255 };

// The words of a text, one after the other.
struct words {
	const char *text; // as a whole, for errors
	char copy[TEXT_MAX + 1], *rest;
	const char *word; // the one at hand; NULL behind the last
	struct sl_error *err;
};

static void next(struct words *w)
{
	w->word = strtok_r(NULL, " \t", &w->rest);
}

static int begin(struct words *w, const char *text, struct sl_error *err)
{
	*w = (struct words){.text = text, .err = err};
	if (strlen(text) > TEXT_MAX)
		return sl_error_set(err, -EINVAL, "a route of more than %d characters", TEXT_MAX);
	strcpy(w->copy, text);
	w->word = strtok_r(w->copy, " \t", &w->rest);
	return 0;
}

static bool is(const struct words *w, const char *word)
{
	return w->word && strcmp(w->word, word) == 0;
}

static int refuse(const struct words *w, const char *expected)
{
	if (w->word)
		return sl_error_set(w->err, -EINVAL, "'%s': '%s' is not %s", w->text, w->word,
				    expected);
	return sl_error_set(w->err, -EINVAL, "'%s' ends where %s should follow", w->text, expected);
}

static int parse_iface(struct words *w, const struct sl_strings *interfaces, uint16_t *iface)
{
	int index = w->word ? sl_iface_find(interfaces, w->word, strlen(w->word)) : -1;

	if (index < 0)
		return refuse(w, "the name of an interface");
	*iface = (uint16_t)index;
	next(w);
	return 0;
}

static int parse_weight(struct words *w, uint8_t *weight)
{
	char *end;
	long n = w->word ? strtol(w->word, &end, 10) : 0;

	if (n < 1 || n > WEIGHT_MAX || *end)
		return refuse(w, "a weight from 1 to 255");
	*weight = (uint8_t)n;
	next(w);
	return 0;
}

static int parse_gateway(struct words *w, uint8_t family, struct sl_ip *gateway)
{
	if (!w->word || !sl_ip_parse(w->word, gateway) || gateway->family != family)
		return refuse(w, family == 4 ? "an IPv4 address" : "an IPv6 address");
	next(w);
	return 0;
}

// [via ADDRESS] dev INTERFACE [weight N]
static int parse_hop(struct words *w, uint8_t family, const struct sl_strings *interfaces,
		     struct sl_route_hop *hop)
{
	int rc = 0;

	*hop = (struct sl_route_hop){.weight = 1};
	if (is(w, "via")) {
		next(w);
		rc = parse_gateway(w, family, &hop->gateway);
	}
	if (rc == 0 && !is(w, "dev"))
		return refuse(w, "'dev' with an interface");
	if (rc == 0) {
		next(w);
		rc = parse_iface(w, interfaces, &hop->iface);
	}
	if (rc == 0 && is(w, "weight")) {
		next(w);
		rc = parse_weight(w, &hop->weight);
	}
	return rc;
}

static int parse_hops(struct words *w, const struct sl_strings *interfaces, struct sl_route *route)
{
	do {
		int rc;

		if (route->n_hops == SL_ROUTE_HOPS_MAX)
			return sl_error_set(w->err, -EINVAL, "'%s' has more than %d next hops",
					    w->text, SL_ROUTE_HOPS_MAX);
		rc = parse_hop(w, route->prefix.ip.family, interfaces,
			       &route->hops[route->n_hops++]);
		if (rc < 0)
			return rc;
	} while (is(w, "via"));
	return 0;
}

// blackhole, unreachable, prohibit. Returns whether it is one.
static bool parse_kind(struct words *w, uint8_t *kind)
{
	if (is(w, "blackhole"))
		*kind = SL_ROUTE_BLACKHOLE;
	else if (is(w, "unreachable"))
		*kind = SL_ROUTE_UNREACHABLE;
	else if (is(w, "prohibit"))
		*kind = SL_ROUTE_PROHIBIT;
	else
		return false;
	next(w);
	return true;
}

static int parse_prefix(struct words *w, uint8_t family, struct sl_prefix *prefix)
{
	struct sl_prefix masked;

	if (is(w, "default"))
		*prefix = (struct sl_prefix){.ip.family = family};
	else if (!w->word || !sl_prefix_parse(w->word, prefix) || prefix->ip.family != family)
		return refuse(w, family == 4 ? "an IPv4 prefix" : "an IPv6 prefix");
	masked = sl_prefix_masked(prefix);
	if (!sl_ip_equal(&masked.ip, &prefix->ip)) {
		char text[SL_IP_TEXT];

		return sl_error_set(w->err, -EINVAL,
				    "'%s' has bits behind the prefix: %s would be right", w->word,
				    sl_prefix_print(&masked, text));
	}
	next(w);
	return 0;
}

int sl_route_parse(const char *text, uint8_t family, const struct sl_strings *interfaces,
		   struct sl_route *route, struct sl_error *err)
{
	struct sl_route r = {.kind = SL_ROUTE_FORWARD};
	struct words w;
	int rc = begin(&w, text, err);

	if (rc == 0)
		rc = parse_prefix(&w, family, &r.prefix);
	if (rc == 0 && !parse_kind(&w, &r.kind))
		rc = parse_hops(&w, interfaces, &r);
	if (rc == 0 && w.word)
		rc = refuse(&w, "known here");
	if (rc == 0)
		*route = r;
	return rc;
}
