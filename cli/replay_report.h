// replay_report: what a replay did, for a person and as JSON.
#pragma once

#include "cli/outcome.h"

#include <stdio.h>

struct replay_report {
	const struct outcome *outcome;
	char **files;
	size_t n_files;
	const char *to;
	const char *result; // "done", "interrupted" or "failed"
	const char *error;  // why it failed, or NULL
};

void replay_report_text(FILE *out, const struct replay_report *r);
void replay_report_json(FILE *out, const struct replay_report *r);

// Say why a replay that sent no packet did so. Returns text, `size` bytes.
const char *replay_report_nothing(const struct outcome *o, char *text, size_t size);
