// router_model: what a router has been told by records, as text to compare.
#pragma once

#include "core/ip/control.h"
#include "tests/harness/app_harness.h"

enum { MODEL_MOST = 4096 };

struct router_model {
	struct sl_control have[MODEL_MOST]; // records in force
	unsigned n;
	unsigned records; // ever
	char text[4096];
};

// Take one record in. A removal of what is not there fails the test.
void router_model_take(struct router_model *m, const struct sl_control *c);

// Take in all packets that wait at an output of the harness.
void router_model_drain(struct router_model *m, struct sl_harness *h, unsigned output);

// What is in force of a kind, one line each, as `ip` would say it but sorted:
// "10.1.0.0/16 via 10.0.0.2 if 0 weight 2 via ...", "10.2.0.0/16 blackhole", "10.0.0.1/24 if 0",
// "10.0.0.9 02:00:00:00:00:09 if 0".
const char *router_model_text(struct router_model *m, enum sl_control_kind kind);
