// config: from the settings of a graph's app to the config struct of its class.
#pragma once

#include "core/graph.h"

// Fill a config struct from an app's settings: defaults first, then what is set. Every mistake
// is an error at its place: unknown key (with the nearest name), wrong type, out of range, set
// twice, missing.
//
// config  Caller's memory, class->config_size zeroed bytes (may be NULL to check only).
//         Strings in it are owned by it: free with sl_config_fini.
//
// Returns 0, -EINVAL or -ENOMEM; then config owns nothing.
int sl_config_read(const struct sl_app_class *class, const struct sl_graph *g,
		   const struct sl_graph_app *app, void *config, struct sl_error *err);

// Whether a text is a value of a key that is no text itself. Returns 0 or -EINVAL, err->text as
// the rest of a sentence that starts with the key, or a sentence of its own.
int sl_key_check(const struct sl_key *k, const char *text, struct sl_error *err);

// Free what a config struct owns. Zeroed memory is legal.
void sl_config_fini(const struct sl_app_class *class, void *config);

// Parse one text as `type`. out is of the C type that <sluice/app.h> names for it. Returns 0 or
// -EINVAL, err->text saying what was expected: "'5x' is not a rate such as 5Mpps or 2Gbps".
int sl_parse_bool(const char *text, bool *out, struct sl_error *err);
int sl_parse_uint(const char *text, uint64_t *out, struct sl_error *err);
int sl_parse_real(const char *text, double *out, struct sl_error *err);
int sl_parse_bytes(const char *text, uint64_t *out, struct sl_error *err);
int sl_parse_duration(const char *text, uint64_t *out, struct sl_error *err);
int sl_parse_rate(const char *text, struct sl_rate *out, struct sl_error *err);
