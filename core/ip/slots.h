// slots: many small structs of one size, found by number, in memory that is reserved at once and
// touched only as far as it is used: taking one on a worker costs no allocation.
//
// The struct's first member is a uint32_t that is the pool's while the slot is free; the rest of a
// free slot is zero. One thread at a time.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_slots {
	uint8_t *base; // NULL = none
	size_t size;   // bytes of a slot
	uint32_t max;  // slots there can be
	uint32_t high; // the largest number ever taken
	uint32_t free; // first of the free ones up to high; 0 = none
	uint32_t used; // how many are taken
};

// Reserve address space of so many bytes, zeroed when touched. Returns NULL where there is none.
// To be given back by sl_reserve_free, for which NULL is legal.
void *sl_reserve(size_t bytes);
void sl_reserve_free(void *base, size_t bytes);

// Returns false (out of memory) with s as after sl_slots_fini.
bool sl_slots_init(struct sl_slots *s, uint32_t max, size_t size);

// Legal for zeroed memory, too.
void sl_slots_fini(struct sl_slots *s);

// Take a zeroed slot. Returns its number, from 1; 0 = all are taken.
uint32_t sl_slots_take(struct sl_slots *s);

void sl_slots_give(struct sl_slots *s, uint32_t number);

static inline void *sl_slots_at(const struct sl_slots *s, uint32_t number)
{
	return s->base + (size_t)number * s->size;
}
