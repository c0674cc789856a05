// fuzz: what libFuzzer calls, for targets and for the program that runs their seeds.
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
