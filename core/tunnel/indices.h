// indices: which peer and slot a message is for, by the index it carries.
//
// An index is 32 random bits, so that nobody can guess one, and never in use twice. A table with
// linear probing in memory that is set aside once. One thread at a time.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SL_INDEX_FREE UINT32_MAX // no value

struct sl_indices;

// Returns a table for n indices at a time, owned by the caller, or NULL (out of memory).
struct sl_indices *sl_indices_create(size_t n);

// NULL is legal.
void sl_indices_destroy(struct sl_indices *t);

// Take a new random index for a value. Returns false where n are in use.
bool sl_indices_take(struct sl_indices *t, uint32_t value, uint32_t *index);

// Enter an index that another table gave out. Returns false where it is in use or n are.
bool sl_indices_put(struct sl_indices *t, uint32_t index, uint32_t value);

// The value of an index, or SL_INDEX_FREE.
uint32_t sl_indices_find(const struct sl_indices *t, uint32_t index);

// Say that the index will soon be looked for.
void sl_indices_prefetch(const struct sl_indices *t, uint32_t index);

// Change the value of an index in use. Returns false where it is not.
bool sl_indices_set(struct sl_indices *t, uint32_t index, uint32_t value);

// Give an index back. Returns false where it is not in use.
bool sl_indices_give(struct sl_indices *t, uint32_t index);

size_t sl_indices_count(const struct sl_indices *t);
