// fuzz: what libFuzzer calls, for targets and for the program that runs their seeds.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A rule that holds whatever the bytes are.
static inline void must(bool ok)
{
	if (!ok)
		abort();
}
