#include "core/tunnel/indices.h"

#include <sodium.h>
#include <stdlib.h>

struct slot {
	uint32_t index;
	uint32_t value; // SL_INDEX_FREE: nothing here
};

struct sl_indices {
	size_t n, max;
	size_t mask; // slots - 1
	struct slot slots[];
};

struct sl_indices *sl_indices_create(size_t n)
{
	struct sl_indices *t;
	size_t slots = 8;

	while (slots < 2 * n)
		slots *= 2;
	t = malloc(sizeof(*t) + slots * sizeof(t->slots[0]));
	if (!t)
		return NULL;
	t->n = 0;
	t->max = n;
	t->mask = slots - 1;
	for (size_t i = 0; i < slots; i++)
		t->slots[i].value = SL_INDEX_FREE;
	return t;
}

void sl_indices_destroy(struct sl_indices *t)
{
	free(t);
}

// Where the index is, or the free slot where it would be. Indices are random, so their low bits
// are as good as a hash; a stranger cannot choose what is in the table.
static size_t locate(const struct sl_indices *t, uint32_t index)
{
	size_t at = index & t->mask;

	while (t->slots[at].value != SL_INDEX_FREE && t->slots[at].index != index)
		at = (at + 1) & t->mask;
	return at;
}

bool sl_indices_put(struct sl_indices *t, uint32_t index, uint32_t value)
{
	size_t at = locate(t, index);

	if (t->n == t->max || t->slots[at].value != SL_INDEX_FREE)
		return false;
	t->slots[at] = (struct slot){index, value};
	t->n++;
	return true;
}

bool sl_indices_take(struct sl_indices *t, uint32_t value, uint32_t *index)
{
	if (t->n == t->max)
		return false;
	do
		*index = randombytes_random();
	while (!sl_indices_put(t, *index, value));
	return true;
}

uint32_t sl_indices_find(const struct sl_indices *t, uint32_t index)
{
	return t->slots[locate(t, index)].value;
}

void sl_indices_prefetch(const struct sl_indices *t, uint32_t index)
{
	__builtin_prefetch(&t->slots[index & t->mask]);
}

bool sl_indices_set(struct sl_indices *t, uint32_t index, uint32_t value)
{
	struct slot *s = &t->slots[locate(t, index)];

	if (s->value == SL_INDEX_FREE)
		return false;
	s->value = value;
	return true;
}

// Those behind a slot that became free move up, so that they are still found.
static void close_gap(struct sl_indices *t, size_t gap)
{
	for (size_t at = (gap + 1) & t->mask; t->slots[at].value != SL_INDEX_FREE;
	     at = (at + 1) & t->mask) {
		size_t home = t->slots[at].index & t->mask;

		if (((at - home) & t->mask) < ((at - gap) & t->mask))
			continue; // its home lies behind the gap
		t->slots[gap] = t->slots[at];
		t->slots[at].value = SL_INDEX_FREE;
		gap = at;
	}
}

bool sl_indices_give(struct sl_indices *t, uint32_t index)
{
	size_t at = locate(t, index);

	if (t->slots[at].value == SL_INDEX_FREE)
		return false;
	t->slots[at].value = SL_INDEX_FREE;
	t->n--;
	close_gap(t, at);
	return true;
}

size_t sl_indices_count(const struct sl_indices *t)
{
	return t->n;
}
