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

int loop_wait(struct loop *l, uint64_t until_ns)
{
	struct itimerspec at = {.it_value = {.tv_sec = (time_t)(until_ns / NS_PER_S),
					     .tv_nsec = (long)(until_ns % NS_PER_S)}};
	struct pollfd fds[] = {{.fd = l->signals, .events = POLLIN},
			       {.fd = l->timer, .events = POLLIN}};
	struct signalfd_siginfo info;

	timerfd_settime(l->timer, TFD_TIMER_ABSTIME, &at, NULL); // also forgets a past expiry
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue; // EINTR: a signal that is not ours, such as SIGCONT
		if (fds[0].revents && read(l->signals, &info, sizeof(info)) == sizeof(info))
			return (int)info.ssi_signo;
		if (fds[1].revents)
			return 0;
	}
}
