// suggest: the nearest of a set of names, for error messages.
#pragma once

#include <stddef.h>

struct sl_suggest {
	const char *wanted; // set by the caller
	const char *best;   // NULL until something near enough was offered
	size_t distance;
};

// Offer a candidate. It becomes best where it is nearer than all before and near enough
// (Damerau-Levenshtein distance of at most a third of the length, rounded up, and less than the
// length of either).
void sl_suggest_offer(struct sl_suggest *s, const char *candidate);

// Returns buf holding "; did you mean 'best'?", or "" where nothing was near enough.
const char *sl_suggest_hint(const struct sl_suggest *s, char *buf, size_t size);
