#include "cli/loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000 };

static pthread_t waiter; // the thread that calls loop_wait

// For threads that a driver started while the signals were left alone.
static void forward(int number)
{
	pthread_kill(waiter, number);
}

static sigset_t signal_set(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

void loop_leave_signals(void)
{
	sigset_t set = signal_set();

	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void loop_take_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction old, action = {.sa_handler = forward, .sa_flags = SA_RESTART};
	sigset_t set = signal_set();

	pthread_sigmask(SIG_BLOCK, &set, NULL);
	waiter = pthread_self();
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
}

int loop_init(struct loop *l, struct sl_error *err)
{
	sigset_t set = signal_set();

	l->n_watches = 0;
	l->ended = false;
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	l->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	l->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->signals >= 0 && l->timer >= 0)
		return 0;
	sl_error_set(err, -errno, "cannot open signalfd and timerfd: %s", strerror(errno));
	loop_fini(l);
	return -EMFILE;
}

void loop_fini(struct loop *l)
{
	if (l->signals >= 0)
		close(l->signals);
	if (l->timer >= 0)
		close(l->timer);
}

uint64_t loop_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static struct loop_watch *find_watch(struct loop *l, int fd)
{
	for (unsigned i = 0; i < l->n_watches; i++)
		if (l->watches[i].fd == fd)
			return &l->watches[i];
	return NULL;
}

int loop_watch(struct loop *l, const struct loop_watch *watch)
{
	struct loop_watch *w = find_watch(l, watch->fd);

	if (!w && l->n_watches == LOOP_WATCHES)
		return -ENOSPC;
	if (!w)
		w = &l->watches[l->n_watches++];
	*w = *watch;
	return 0;
}

void loop_unwatch(struct loop *l, int fd)
{
	struct loop_watch *w = find_watch(l, fd);

	if (w)
		*w = l->watches[--l->n_watches];
}

void loop_end(struct loop *l)
{
	l->ended = true;
}

void loop_wake(struct loop *l)
{
	l->woken = true;
}

// Call those that are ready. Each call may change what is watched.
static void call_ready(struct loop *l, const struct pollfd *fds, nfds_t n)
{
	for (nfds_t i = 0; i < n && !l->ended; i++) {
		const struct loop_watch *w = fds[i].revents ? find_watch(l, fds[i].fd) : NULL;

		if (w)
			w->ready(w->context);
	}
}

// Fill fds with all that is waited for. Returns how many.
static nfds_t poll_set(const struct loop *l, struct pollfd *fds)
{
	nfds_t n = 0;

	fds[n++] = (struct pollfd){.fd = l->signals, .events = POLLIN};
	fds[n++] = (struct pollfd){.fd = l->timer, .events = POLLIN};
	for (unsigned i = 0; i < l->n_watches; i++)
		fds[n++] = (struct pollfd){.fd = l->watches[i].fd, .events = l->watches[i].events};
	return n;
}

int loop_wait(struct loop *l, uint64_t until_ns)
{
	struct itimerspec at = {.it_value = {.tv_sec = (time_t)(until_ns / NS_PER_S),
					     .tv_nsec = (long)(until_ns % NS_PER_S)}};
	struct pollfd fds[2 + LOOP_WATCHES];
	struct signalfd_siginfo info;

	l->woken = false;
	timerfd_settime(l->timer, TFD_TIMER_ABSTIME, &at, NULL); // also forgets a past expiry
	while (!l->ended) {
		nfds_t n = poll_set(l, fds);

		if (poll(fds, n, -1) < 0)
			continue; // EINTR: a signal that is not ours, such as SIGCONT
		if (fds[0].revents && read(l->signals, &info, sizeof(info)) == sizeof(info))
			return (int)info.ssi_signo;
		call_ready(l, fds + 2, n - 2);
		if ((fds[1].revents || l->woken) && !l->ended)
			return 0;
	}
	return SIGTERM;
}
