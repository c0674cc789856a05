#include "core/sleeper.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_SECOND = 1000000000 };

int sl_sleeper_init(struct sl_sleeper *s)
{
	*s = (struct sl_sleeper){.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .n = 1};
	s->fds[0] = (struct pollfd){.fd = s->wake, .events = POLLIN};
	return s->wake < 0 ? -errno : 0;
}

void sl_sleeper_fini(struct sl_sleeper *s)
{
	if (s->wake >= 0)
		close(s->wake);
}

// Whether a source brings anything in any more.
static bool is_quiet(const struct sl_app *source)
{
	if (atomic_load_explicit(&source->finished, memory_order_relaxed))
		return true;
	for (unsigned i = 0; i < source->n_out; i++)
		if (source->out[i])
			return false;
	return true;
}

static void watch_one(struct sl_sleeper *s, const struct sl_app *source)
{
	for (unsigned i = 0; i < source->n_watches && s->n < RTE_DIM(s->fds); i++)
		s->fds[s->n++] = (struct pollfd){.fd = source->watches[i], .events = POLLIN};
}

void sl_sleeper_watch(struct sl_sleeper *s, struct sl_app *const *sources, size_t n)
{
	bool for_nothing = s->woken;

	s->n = 1;
	s->woken = false;
	for (size_t i = 0; i < n && !for_nothing; i++)
		if (!is_quiet(sources[i]))
			watch_one(s, sources[i]);
}

void sl_sleeper_sleep(struct sl_sleeper *s, uint64_t ns)
{
	struct timespec t = {.tv_sec = (time_t)(ns / NS_PER_SECOND),
			     .tv_nsec = (long)(ns % NS_PER_SECOND)};
	uint64_t times;

	if (ppoll(s->fds, s->n, &t, NULL) <= 0)
		return;
	if (s->fds[0].revents && read(s->wake, &times, sizeof(times)) == sizeof(times))
		return;
	s->woken = true;
}

void sl_sleeper_wake(struct sl_sleeper *s)
{
	const uint64_t one = 1;

	if (write(s->wake, &one, sizeof(one)) < 0)
		errno = 0; // it has been woken very often, and not slept yet
}
