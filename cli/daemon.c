#include "cli/daemon.h"

#include "cli/command.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

// Does not return. The other end is closed without a word where the process ends before it is
// ready.
static void wait_for(int fd)
{
	uint8_t status = STATUS_FAILED;

	while (read(fd, &status, 1) < 0 && errno == EINTR)
		;
	_exit(status);
}

int daemon_begin(struct daemon *d)
{
	int fds[2], code;
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	code = errno;
	if (child > 0) {
		close(fds[1]);
		wait_for(fds[0]);
	}
	close(fds[0]);
	d->ready = fds[1];
	if (child == 0) {
		setsid();
		return 0;
	}
	close(fds[1]);
	return -code;
}

void daemon_ready(struct daemon *d)
{
	static const uint8_t status = STATUS_DONE;
	int null;

	if (d->ready < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && null >= 0; fd++)
		dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
	if (chdir("/") < 0 || write(d->ready, &status, 1) < 0)
		errno = 0; // nobody waits any more
	close(d->ready);
	d->ready = -1;
}
