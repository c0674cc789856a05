// One breath: pull every source once, push every app in graph order while it makes progress,
// then, about every millisecond, the ticks.
//
// The gate is a mutex that the worker holds while it breathes and lets go while it sleeps, so a
// control thread that has the gate knows that the worker stands between two breaths. Whoever
// wants the gate also takes the turnstile, where the worker queues up behind it.

#include "core/worker.h"

#include "core/clock.h"
#include "core/sleeper.h"

#include <errno.h>
#include <pthread.h>
#include <rte_lcore.h>
#include <rte_pause.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

enum {
	ROUNDS = 32,               // pushes of one app in a breath, at most
	SAMPLE = 16,               // every so many breaths, the cycles of each app are measured
	TICK_NS = 1000 * 1000,     // between ticks
	SPIN_NS = 50 * 1000,       // idle for so long before the first sleep
	NAP_NS = 20 * 1000,        // the first sleep; each one after it is twice as long
	WAKE_EARLY_NS = 80 * 1000, // what a sleep may overshoot by
};

struct sl_worker {
	struct sl_schedule schedule;
	struct sl_clock clock;
	uint64_t next_tick_ns;
	uint64_t idle_ns;       // longest sleep
	uint64_t idle_since_ns; // last breath that moved something
	uint64_t nap_ns;        // next sleep
	struct sl_sleeper sleeper;
	struct sl_worker_counters counters;

	pthread_t thread;
	pthread_mutex_t gate, turnstile;
	_Atomic bool wanted;     // by the control thread: let go of the gate
	_Atomic bool stop;       // by the control thread
	_Atomic bool asleep;     // by the worker, as it lets go of the gate for that
	_Atomic uint64_t awoken; // by the worker: how often
	bool started;
	int cpu;
	uint64_t cpu_time_ns; // of threads that have ended
};

static void publish(struct sl_app *app)
{
	for (unsigned i = 0; i < app->n_out; i++)
		if (app->out[i])
			sl_link_publish(app->out[i]);
}

static bool has_input(const struct sl_app *app)
{
	for (unsigned i = 0; i < app->n_in; i++)
		if (app->in[i] && sl_link_waiting(app->in[i]) > 0)
			return true;
	return false;
}

static uint64_t load(_Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static uint64_t pull(struct sl_app *app)
{
	uint64_t before = load(&app->given);

	app->class->pull(app);
	publish(app);
	return load(&app->given) - before;
}

// Push while packets wait and some were taken.
static uint64_t push(struct sl_app *app)
{
	uint64_t first = load(&app->taken), before;
	unsigned rounds = 0;

	while (has_input(app) && rounds++ < ROUNDS) {
		before = load(&app->taken);
		app->class->push(app);
		publish(app);
		if (load(&app->taken) == before)
			break;
	}
	return load(&app->taken) - first;
}

static uint64_t measured(struct sl_app *app, uint64_t (*work)(struct sl_app *app))
{
	uint64_t start = rte_rdtsc(), n = work(app);

	if (n > 0) {
		sl_count(&app->cycles, rte_rdtsc() - start);
		sl_count(&app->cycle_packets, n);
	}
	return n;
}

static void set_clock(struct sl_worker *w, uint64_t tsc)
{
	uint64_t now = sl_clock_ns(&w->clock, tsc), wall = now - w->clock.now_ns + w->clock.wall_ns;

	for (size_t i = 0; i < w->schedule.n_all; i++) {
		struct sl_app *app = w->schedule.all[i];

		app->now_ns = now;
		app->wall_ns = wall;
		app->wake_ns = 0;
	}
}

static void tick(struct sl_worker *w)
{
	sl_clock_set(&w->clock);
	w->next_tick_ns = w->clock.now_ns + TICK_NS;
	for (size_t i = 0; i < w->schedule.n_all; i++) {
		struct sl_app *app = w->schedule.all[i];

		if (!app->class->tick)
			continue;
		app->class->tick(app);
		publish(app);
	}
}

static uint64_t move_packets(const struct sl_schedule *s)
{
	uint64_t moved = 0;

	for (size_t i = 0; i < s->n_pulls; i++)
		moved += pull(s->pulls[i]);
	for (size_t i = 0; i < s->n_pushes; i++)
		moved += push(s->pushes[i]);
	return moved;
}

static uint64_t move_packets_measured(const struct sl_schedule *s)
{
	uint64_t moved = 0;

	for (size_t i = 0; i < s->n_pulls; i++)
		moved += measured(s->pulls[i], pull);
	for (size_t i = 0; i < s->n_pushes; i++)
		moved += measured(s->pushes[i], push);
	return moved;
}

// A breath that began at start_ns and start_tsc moved packets.
static void note_moved(struct sl_worker *w, uint64_t start_ns, uint64_t start_tsc)
{
	uint64_t tsc = rte_rdtsc();

	sl_count(&w->counters.busy_cycles, tsc - start_tsc);
	if (!load(&w->counters.first_ns))
		sl_count(&w->counters.first_ns, start_ns);
	w->idle_since_ns = sl_clock_ns(&w->clock, tsc);
	atomic_store_explicit(&w->counters.last_ns, w->idle_since_ns, memory_order_relaxed);
	w->nap_ns = NAP_NS;
	sl_sleeper_moved(&w->sleeper);
}

uint64_t sl_worker_breathe(struct sl_worker *w)
{
	uint64_t tsc = rte_rdtsc(), start_ns, moved;

	set_clock(w, tsc);
	start_ns = w->clock.last_ns;
	if (load(&w->counters.breaths) % SAMPLE == 0)
		moved = move_packets_measured(&w->schedule);
	else
		moved = move_packets(&w->schedule);
	if (w->clock.last_ns >= w->next_tick_ns)
		tick(w);
	sl_count(&w->counters.breaths, 1);
	if (moved > 0)
		note_moved(w, start_ns, tsc);
	return moved;
}

// How long to sleep now: 0 while the last packet is recent or an app wants to wake up soon.
static uint64_t nap(struct sl_worker *w)
{
	uint64_t now = w->clock.last_ns, ns;

	if (w->idle_ns == 0 || now - w->idle_since_ns < SPIN_NS)
		return 0;
	ns = RTE_MIN(w->nap_ns, w->idle_ns);
	for (size_t i = 0; i < w->schedule.n_all; i++) {
		uint64_t wake = w->schedule.all[i]->wake_ns;

		if (wake == 0)
			continue;
		if (wake < now + WAKE_EARLY_NS)
			return 0;
		ns = RTE_MIN(ns, wake - now - WAKE_EARLY_NS);
	}
	w->nap_ns = RTE_MIN(w->nap_ns * 2, w->idle_ns);
	sl_sleeper_watch(&w->sleeper, w->schedule.pulls, w->schedule.n_pulls);
	return ns;
}

// Breathe until there is a reason to open the gate: somebody wants it, or a nap (returned).
static uint64_t breathe_on(struct sl_worker *w)
{
	uint64_t ns;

	do {
		if (sl_worker_breathe(w) > 0)
			continue;
		ns = nap(w);
		if (ns > 0)
			return ns;
		rte_pause();
	} while (!atomic_load_explicit(&w->wanted, memory_order_relaxed));
	return 0;
}

static void sleep_for(struct sl_worker *w, uint64_t ns)
{
	sl_count(&w->counters.sleeps, 1);
	sl_sleeper_sleep(&w->sleeper, ns);
	atomic_store(&w->asleep, false);
	sl_count(&w->awoken, 1);
	sl_clock_set(&w->clock); // the host may have slept, too
}

static void *run(void *arg)
{
	struct sl_worker *w = arg;

	prctl(PR_SET_NAME, "sluice-worker");
	prctl(PR_SET_TIMERSLACK, 1UL); // sleep for as long as asked, not 50 us more
	rte_thread_register();         // an lcore id brings a packet cache of its own
	while (!atomic_load_explicit(&w->stop, memory_order_acquire)) {
		uint64_t ns;

		pthread_mutex_lock(&w->turnstile);
		pthread_mutex_lock(&w->gate);
		pthread_mutex_unlock(&w->turnstile);
		ns = breathe_on(w);
		atomic_store(&w->asleep, ns > 0);
		pthread_mutex_unlock(&w->gate);
		if (ns > 0)
			sleep_for(w, ns);
	}
	rte_thread_unregister();
	return NULL;
}

struct sl_worker *sl_worker_create(void)
{
	struct sl_worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	if (sl_sleeper_init(&w->sleeper) < 0) {
		free(w);
		return NULL;
	}
	pthread_mutex_init(&w->gate, NULL);
	pthread_mutex_init(&w->turnstile, NULL);
	sl_clock_set(&w->clock);
	w->cpu = -1;
	w->nap_ns = NAP_NS;
	return w;
}

void sl_worker_destroy(struct sl_worker *w)
{
	if (!w)
		return;
	sl_worker_stop(w);
	pthread_mutex_destroy(&w->gate);
	pthread_mutex_destroy(&w->turnstile);
	sl_sleeper_fini(&w->sleeper);
	free(w);
}

void sl_worker_set(struct sl_worker *w, const struct sl_schedule *schedule, uint64_t idle_ns)
{
	w->schedule = *schedule;
	w->idle_ns = idle_ns;
}

void sl_worker_quiesce(struct sl_worker *w)
{
	w->schedule.n_pulls = w->schedule.n_delays;
	for (size_t i = 0; i < w->schedule.n_all; i++) {
		struct sl_app *app = w->schedule.all[i];

		if (!app->class->quiesce)
			continue;
		app->class->quiesce(app);
		publish(app);
	}
}

int sl_worker_start(struct sl_worker *w, int cpu)
{
	pthread_attr_t attr;
	cpu_set_t set;
	int r;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_attr_init(&attr);
	r = pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	if (r == 0)
		r = pthread_create(&w->thread, &attr, run, w);
	pthread_attr_destroy(&attr);
	if (r != 0)
		return -r;
	w->started = true;
	w->cpu = cpu;
	return 0;
}

void sl_worker_stop(struct sl_worker *w)
{
	if (!w->started)
		return;
	atomic_store_explicit(&w->stop, true, memory_order_release);
	atomic_store_explicit(&w->wanted, true, memory_order_relaxed);
	sl_sleeper_wake(&w->sleeper);
	w->cpu_time_ns = sl_worker_cpu_time_ns(w);
	pthread_join(w->thread, NULL);
	atomic_store(&w->stop, false);
	atomic_store(&w->wanted, false);
	w->started = false;
	w->cpu = -1;
}

bool sl_worker_started(const struct sl_worker *w)
{
	return w->started;
}

void sl_worker_pause(struct sl_worker *w)
{
	pthread_mutex_lock(&w->turnstile);
	atomic_store_explicit(&w->wanted, true, memory_order_relaxed);
	pthread_mutex_lock(&w->gate);
	atomic_store_explicit(&w->wanted, false, memory_order_relaxed);
}

void sl_worker_resume(struct sl_worker *w)
{
	pthread_mutex_unlock(&w->gate);
	pthread_mutex_unlock(&w->turnstile);
}

void sl_worker_rouse(struct sl_worker *w)
{
	const struct timespec moment = {.tv_nsec = 20000};
	uint64_t awoken = atomic_load(&w->awoken);

	if (!atomic_load(&w->asleep))
		return;
	sl_sleeper_wake(&w->sleeper);
	while (atomic_load(&w->asleep) && atomic_load(&w->awoken) == awoken)
		nanosleep(&moment, NULL);
}

const struct sl_worker_counters *sl_worker_counters(const struct sl_worker *w)
{
	return &w->counters;
}

int sl_worker_cpu(const struct sl_worker *w)
{
	return w->cpu;
}

uint64_t sl_worker_cpu_time_ns(const struct sl_worker *w)
{
	struct timespec t;
	clockid_t id;

	if (!w->started || pthread_getcpuclockid(w->thread, &id) != 0 || clock_gettime(id, &t) < 0)
		return w->cpu_time_ns;
	return w->cpu_time_ns + (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}
