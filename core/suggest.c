#include "core/suggest.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST = 64 }; // longer names are not compared

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

// Edits from a to b: insert, delete, replace, and exchange two neighbours.
static size_t distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	size_t rows[3][LONGEST + 1], *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= m; j++)
		above[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = min(above[j], row[j - 1]) + 1;
			row[j] = min(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[m];
}

void sl_suggest_offer(struct sl_suggest *s, const char *candidate)
{
	size_t n = strlen(s->wanted), m = strlen(candidate);
	size_t near;

	if (n == 0 || m == 0 || n > LONGEST || m > LONGEST)
		return;
	near = distance(s->wanted, candidate);
	if (near > (n + 2) / 3 || near >= min(n, m) || (s->best && near >= s->distance))
		return;
	s->best = candidate;
	s->distance = near;
}

const char *sl_suggest_hint(const struct sl_suggest *s, char *buf, size_t size)
{
	buf[0] = '\0';
	if (s->best)
		snprintf(buf, size, "; did you mean '%s'?", s->best);
	return buf;
}
