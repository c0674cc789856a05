// route_text: routes as text, in ip's words.
//
//	10.1.0.0/16 via 10.0.0.2 dev lan
//	10.2.0.0/16 via 10.0.0.2 dev lan weight 2 via 10.0.0.3 dev wan
//	10.0.0.0/24 dev lan
//	2001:db8::/32 blackhole                (or unreachable, prohibit)
//	default via 10.0.0.1 dev lan           (of the family asked for)
#pragma once

#include "core/ip/control.h"

#include <sluice/app.h>

// Parse a route. `default` is 0.0.0.0/0 or ::/0 by `family`, of which the route must be (4 or 6),
// as its gateways.
//
// interfaces  Names; a name's place is its interface's index.
//
// Returns 0 or -EINVAL with err filled, route untouched.
int sl_route_parse(const char *text, uint8_t family, const struct sl_strings *interfaces,
		   struct sl_route *route, struct sl_error *err);
