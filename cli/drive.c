#include "cli/drive.h"

#include "cli/command.h"
#include "cli/say.h"
#include <signal.h>
#include <unistd.h>

enum {
	POLL_MIN_NS = 500 * 1000,       // a short replay ends without delay,
	POLL_MAX_NS = 50 * 1000 * 1000, // a long one is hardly looked at
	GRACE_NS = 1000 * 1000 * 1000,
	HANG_S = 5,
};

// A worker that hangs, in reading from a pipe that stays silent for instance, keeps the engine from
// being stopped: then this ends the program.
static void give_up(int number)
{
	static const char text[] = "sluice: a worker hangs; ended without a report\n";

	(void)number;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(STATUS_FAILED);
}

static void end_soon(struct drive *d, enum drive_end why, uint64_t now)
{
	d->ending = true;
	d->end = why;
	d->end_ns = now + GRACE_NS;
	d->pause_ns = POLL_MIN_NS;
	d->next_poll_ns = now;
	signal(SIGALRM, give_up);
	alarm(HANG_S);
	sl_engine_quiesce(d->engine);
}

// Tell of every app that failed since the last look. Returns whether there is a new one.
static bool tell_failures(struct drive *d, const struct sl_stats *stats)
{
	size_t failures = 0;

	for (size_t i = 0; i < stats->n_apps; i++)
		failures += stats->apps[i].failure != NULL;
	if (failures <= d->failures)
		return false;
	for (size_t i = 0; i < stats->n_apps; i++)
		if (stats->apps[i].failure)
			say("%s: %s", stats->apps[i].name, stats->apps[i].failure);
	d->failures = failures;
	return true;
}

// Look at the engine. Returns whether all is over.
static bool poll_engine(struct drive *d, uint64_t now)
{
	bool drained = sl_engine_drained(d->engine);
	const struct sl_stats *stats = sl_stats_read(d->engine);
	bool failed = stats && tell_failures(d, stats) && d->ends_on_failure;

	if (stats && d->show_ns && now >= d->next_show_ns && !drained) {
		d->show(d->context, stats);
		d->next_show_ns = now + d->show_ns;
	}
	sl_stats_free(stats);
	if (failed && !d->ending)
		end_soon(d, DRIVE_FAILED, now);
	return drained || (d->ending && now >= d->end_ns);
}

// Returns whether the signal ends it at once.
static bool on_signal(struct drive *d, int number, uint64_t now)
{
	if (number == SIGHUP && d->reload) {
		d->reload(d->context);
		d->pause_ns = POLL_MIN_NS;
		return false;
	}
	if (d->ending && d->end == DRIVE_SIGNAL)
		return true;
	d->signal = number;
	end_soon(d, DRIVE_SIGNAL, now);
	return false;
}

static uint64_t next_deadline(const struct drive *d, uint64_t limit)
{
	uint64_t at = d->next_poll_ns;

	if (d->show_ns && d->next_show_ns < at)
		at = d->next_show_ns;
	if (!d->ending && limit < at)
		at = limit;
	return d->ending && d->end_ns < at ? d->end_ns : at;
}

// Workers that run when the user changes keep no capability.
static int start(struct drive *d, struct sl_error *err)
{
	int ret = sl_engine_start(d->engine, err);

	if (ret < 0 || !d->user)
		return ret;
	ret = confine_begin(d->user, err);
	if (ret < 0)
		sl_engine_stop(d->engine);
	return ret;
}

int drive_run(struct drive *d, struct sl_error *err)
{
	uint64_t now = loop_now_ns(), limit = d->limit_ns ? now + d->limit_ns : UINT64_MAX;
	bool over = false;
	int ret = start(d, err);

	if (ret < 0)
		return ret;
	d->pause_ns = POLL_MIN_NS;
	d->next_poll_ns = now + d->pause_ns;
	d->next_show_ns = now + d->show_ns;
	while (!over) {
		int number = loop_wait(d->loop, next_deadline(d, limit));

		now = loop_now_ns();
		if (number)
			over = on_signal(d, number, now);
		else if (!d->ending && now >= limit)
			end_soon(d, DRIVE_LIMIT, now);
		else
			over = poll_engine(d, now);
		if (now < d->next_poll_ns)
			continue;
		d->next_poll_ns = now + d->pause_ns;
		d->pause_ns = 2 * d->pause_ns < POLL_MAX_NS ? 2 * d->pause_ns : POLL_MAX_NS;
	}
	sl_engine_stop(d->engine);
	alarm(0);
	say_live_clear();
	return 0;
}
