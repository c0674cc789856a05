// worker: a pinned thread that runs a list of apps, breath by breath.
#pragma once

#include <sluice/app.h>

struct sl_worker;

// What a worker runs. Owned by the engine, which swaps it while the worker is paused.
struct sl_schedule {
	struct sl_app **pulls; // sources, behind those that only delay
	size_t n_pulls, n_delays;
	struct sl_app **pushes; // in graph order
	size_t n_pushes;
	struct sl_app **all;
	size_t n_all;
};

// What a worker has done. Written by it, read by anyone.
struct sl_worker_counters {
	_Atomic uint64_t breaths, busy_cycles, sleeps;
	_Atomic uint64_t first_ns, last_ns; // first and last that moved packets
};

// Returns a stopped worker with nothing to run, owned by the caller, or NULL (out of memory).
struct sl_worker *sl_worker_create(void);

// Stops it first. NULL is legal.
void sl_worker_destroy(struct sl_worker *w);

// Set what it runs and how long it may sleep when idle (0 = never). Only while stopped or paused.
void sl_worker_set(struct sl_worker *w, const struct sl_schedule *schedule, uint64_t idle_ns);

// Pull no source any more, until sl_worker_set, and have apps say their last. Only while stopped or
// paused.
void sl_worker_quiesce(struct sl_worker *w);

// Start its thread on one CPU. Returns 0 or -errno.
int sl_worker_start(struct sl_worker *w, int cpu);

// End its thread after the breath it is in.
void sl_worker_stop(struct sl_worker *w);

bool sl_worker_started(const struct sl_worker *w);

// Wait until it stands between two breaths, and keep it there. A sleeping worker is there
// already. Only by the control thread.
void sl_worker_pause(struct sl_worker *w);
void sl_worker_resume(struct sl_worker *w);

// Return when it is no longer in a sleep that it is in now, in which it watches what the apps named
// that it had then. Not while paused. Only by the control thread.
void sl_worker_rouse(struct sl_worker *w);

// One breath on the calling thread. Only while stopped. Returns the packets moved.
uint64_t sl_worker_breathe(struct sl_worker *w);

const struct sl_worker_counters *sl_worker_counters(const struct sl_worker *w);
int sl_worker_cpu(const struct sl_worker *w);              // -1 while stopped
uint64_t sl_worker_cpu_time_ns(const struct sl_worker *w); // of its thread, so far
