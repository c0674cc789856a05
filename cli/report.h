// report: what happened to the packets, for a person and as JSON.
#pragma once

#include "cli/json.h"
#include "cli/outcome.h"

// Packets that were dropped, by reason, and those still held.
void report_losses(FILE *out, const struct outcome *o);

// One line per app: packets and cycles. The app named last (NULL = none) comes last.
void report_apps(FILE *out, const struct sl_stats *stats, const char *last);

// One line per metric that is not zero.
void report_metrics(FILE *out, const struct sl_stats *stats);

// The accounting: in = out + dropped + held.
void report_balance(FILE *out, const struct outcome *o);

// The same, and every counter, as members of an open JSON object.
void report_json(struct json *j, const struct outcome *o);
