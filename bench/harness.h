// harness: measure contenders in turns and print them side by side.
//
// The machines are noisy and their cores are shared at times, so contenders take turns
// (A B A B ...), a probe before and after each turn tells whether the core was shared, and ratios
// against a baseline measured in the same minutes say more than absolute figures. All cycles are
// TSC cycles.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One thing to measure.
struct bench {
	const char *name;
	// Do a turn of work. Returns how many packets (or objects, or bytes) it handled.
	uint64_t (*turn)(void *arg);
	void *arg;
	// The figure it is held against: the name of another contender of the table, or NULL.
	const char *against;
};

// A table of contenders that are measured in turns.
struct bench_table {
	const char *title;
	const char *unit; // what a turn counts: "packet"
	struct bench *benches;
	size_t n;
};

// Pin the calling thread to a CPU of its own (the last one allowed, or $BENCH_CPU), and print
// what this is: CPU, TSC rate, kernel level, build and commit.
void bench_start(const char *name);

// Measure and print a table: per contender the median of the turns, their spread (10th to 90th
// percentile), millions a second, and the ratio to its baseline. Turns of a shared core are left
// out where enough quiet ones remain; the table says how many.
void bench_run(const struct bench_table *t);

// Median cycles of the contender in the table that ran last; 0 where there is none of that name.
double bench_result(const char *name);

// Within a turn: leave so many cycles out of it, which something took that is not to be measured.
void bench_exclude(uint64_t cycles);

// Turns of each contender ($BENCH_TURNS, default 21).
unsigned bench_turns(void);
