// random: numbers that others cannot easily guess, one after the other from a state that begins
// with a random one. Not for secrets.
#pragma once

#include <stdint.h>

static inline uint32_t sl_random_next(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15; // splitmix64

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return (uint32_t)(x >> 32);
}
