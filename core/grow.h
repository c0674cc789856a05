// grow: arrays that hold room for the next power of two of their items, so that no capacity is
// kept.
#pragma once

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// Returns items, n of `size` bytes each, moved where needed so that one more fits, or NULL (out
// of memory, items untouched).
static inline void *sl_grow(void *items, size_t n, size_t size)
{
	if (n & (n - 1))
		return items;
	return reallocarray(items, n ? 2 * n : 1, size);
}

// Returns zeroed memory for n items and the room that sl_grow counts on, or NULL.
static inline void *sl_grow_room(size_t n, size_t size)
{
	size_t room = 1;

	while (room < n)
		room *= 2;
	return calloc(room, size);
}

// Set *to to a heap copy of from, NULL for NULL. Returns false where memory is out.
static inline bool sl_copy_text(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return *to || !from;
}
