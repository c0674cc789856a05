// guard: memory between two pages that no one may touch.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct guard {
	uint8_t *first; // first usable byte; the one before it faults
	uint8_t *end;   // behind the last usable byte: a fault
};

// Map at least size usable bytes; the test fails if that cannot be done.
struct guard guard_create(size_t size);

void guard_destroy(struct guard g);
