#include "cli/loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000 };

int loop_init(struct loop *l, struct sl_error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
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
