#include "cli/unseal_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct ordering {
	struct unseal_segment *segments; // as given
	struct unseal_segment *ordered;
	bool *is_placed;
	size_t n, n_ordered;
};

static bool follows(const struct sl_unseal_info *info, const struct sl_unseal_info *before)
{
	return info->number == before->number + 1 &&
	       memcmp(info->previous, before->id, SL_UNSEAL_ID) == 0;
}

// The segment, not placed yet, that is before (or after) the one at i; n where there is none.
static size_t neighbour(const struct ordering *o, size_t i, bool before)
{
	const struct sl_unseal_info *info = &o->segments[i].info;

	for (size_t j = 0; j < o->n; j++) {
		const struct sl_unseal_info *other = &o->segments[j].info;

		if (!o->is_placed[j] && (before ? follows(info, other) : follows(other, info)))
			return j;
	}
	return o->n;
}

static struct unseal_segment *place(struct ordering *o, size_t i)
{
	struct unseal_segment *s = &o->ordered[o->n_ordered++];

	*s = o->segments[i];
	s->has_before = s->has_after = s->is_again = false;
	o->is_placed[i] = true;
	return s;
}

// The same segment again stands behind the first of it.
static void place_copies(struct ordering *o, size_t i)
{
	for (size_t j = i + 1; j < o->n; j++)
		if (!o->is_placed[j] &&
		    memcmp(o->segments[j].info.id, o->segments[i].info.id, SL_UNSEAL_ID) == 0)
			place(o, j)->is_again = true;
}

// Place all of the capture of segment i. Numbers fall on the way to its first one: it ends.
static void place_capture(struct ordering *o, size_t i)
{
	size_t first = i, next;
	bool has_before = false;

	while ((next = neighbour(o, first, true)) < o->n)
		first = next;
	for (next = first; next < o->n;) {
		struct unseal_segment *s = place(o, next);
		size_t at = next;

		s->has_before = has_before;
		has_before = true;
		place_copies(o, at);
		next = neighbour(o, at, false);
		s->has_after = next < o->n;
	}
}

int unseal_order(struct unseal_segment *segments, size_t n)
{
	struct ordering o = {.segments = segments, .n = n};
	int ret = -ENOMEM;

	o.ordered = calloc(n + 1, sizeof(*o.ordered));
	o.is_placed = calloc(n + 1, sizeof(*o.is_placed));
	if (o.ordered && o.is_placed) {
		for (size_t i = 0; i < n; i++)
			if (!o.is_placed[i])
				place_capture(&o, i);
		memcpy(segments, o.ordered, n * sizeof(*segments));
		ret = 0;
	}
	free(o.ordered);
	free(o.is_placed);
	return ret;
}
